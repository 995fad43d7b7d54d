/**
 * What a folder suggests and what its person said of that, as a page to be read before an answer.
 *
 * Apart from the command because it is only words. It is not VS Code's workspace trust, which is about whether anything
 * runs here at all; this is about the folder's own settings and prompts.
 */

import type { SuggestedEntry, TrustResult } from "./generated/protocol";

export const ALLOW = "Trust as Shown";
export const FORGET = "Forget All";

const SETTINGS = ".orchestrator.toml";
/** Of a file, in one line of the page. */
const PIECE = /[\s\S]{1,80}/gu;

export function trustPage(found: TrustResult): string {
  const consents = found.consents.map((one) => `Its tasks may be sent to ${one.provider} at ${one.host}.`);
  return [
    `Settings and prompts of ${found.folder}`,
    "",
    ...(found.trusted
      ? ["You trust what this folder suggests, as far as it is marked as allowed here."]
      : ["You do not trust what this folder suggests: its settings and prompts do not count.", "What your settings tools.commands and tools.edits allow does not hold in it."]),
    ...(found.editor ? [] : ["This window is in restricted mode, so nothing runs in it, whatever is said here."]),
    ...(consents.length > 0 ? consents : ["Its tasks are sent to nobody unasked."]),
    "",
    ...(found.files.length === 0 ? [`It suggests no settings (${SETTINGS}) and no prompts (.orchestrator/prompts).`, ""] : []),
    ...found.files.flatMap((file) => [...linesOf(file), ""]),
  ].join("\n");
}

/** Besides leaving it. Empty: there is nothing that could be said. */
export function trustChoices(found: TrustResult): string[] {
  const isOpen = !found.trusted || changed(found) !== undefined;
  return [...(isOpen && found.editor ? [ALLOW] : []), ...(found.trusted || found.consents.length > 0 ? [FORGET] : [])];
}

/** What was shown, by its path, as `trust/set` takes it. */
export function shownFiles(found: TrustResult): Record<string, string> {
  return Object.fromEntries(found.files.filter((file) => file.problem === "").map((file) => [file.path, file.sha256]));
}

/** What is said once it is done. A file that is another by now was not allowed. */
export function trustOutcome(done: TrustResult, allowed: boolean): string {
  const other = changed(done);
  if (!allowed) {
    return `All about ${done.folder} is forgotten: what it suggests does not count, and nothing is sent from it unasked.`;
  }
  return other === undefined ? `What ${done.folder} suggests counts, as it was shown.` : `${other.path} changed meanwhile and is not allowed. Look at it again.`;
}

function changed(found: TrustResult): SuggestedEntry | undefined {
  return found.files.find((file) => !file.allowed && file.problem === "");
}

function linesOf(file: SuggestedEntry): string[] {
  const what = `${file.path}, ${file.path === SETTINGS ? "settings" : "a prompt"},`;
  if (file.problem !== "") {
    return [`${what} cannot be used: ${file.problem}`];
  }
  // Indented, so that no file can look like a line of ours.
  const text = file.text.replace(/\n$/, "").split("\n");
  return [`${what} ${file.allowed ? "allowed as it is" : "not allowed (yet)"}:`, ...text.flatMap(folded)];
}

/** So that nothing stands beyond the right edge of the window. */
function folded(line: string): string[] {
  return (line.match(PIECE) ?? [""]).map((piece, index) => (index === 0 ? `    ${piece}` : `      ↪ ${piece}`));
}
