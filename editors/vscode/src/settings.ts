/**
 * What of the editor's settings the server is told: only what a person set, and never the extension's own.
 *
 * Apart from the client because the rule is one that a test can hold without an editor: a default that VS Code knows
 * must not outrank what the person wrote into `config.toml`.
 */

/** Settings that are the extension's own, by the first part of their key. */
export const OWN_SECTIONS: readonly string[] = ["server", "tree", "trace", "notifications"];

export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

/** Keys without the prefix, as "split.maxDepth", with what is known about each: nested as the server reads them. */
export function serverSettings(inspected: Iterable<readonly [string, Inspected]>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, found] of inspected) {
    const value = found.workspaceFolderValue ?? found.workspaceValue ?? found.globalValue;
    if (value === undefined || OWN_SECTIONS.includes(key.split(".")[0] ?? "")) {
      continue;
    }
    place(values, key.split("."), value);
  }
  return values;
}

function place(values: Record<string, unknown>, parts: string[], value: unknown): void {
  let at = values;
  for (const part of parts.slice(0, -1)) {
    at = (at[part] ??= {}) as Record<string, unknown>;
  }
  const last = parts.at(-1);
  if (last !== undefined) {
    at[last] = value;
  }
}
