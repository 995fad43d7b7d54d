/** Keys that are pressed in the task tree mean rows there: VS Code tells a command nothing of where its key was pressed. */

export interface Selected {
  selected: "tree";
}

/** What a key of the tree gives to its command (`args` in `package.json`). */
export function isSelected(given: unknown): given is Selected {
  return typeof given === "object" && given !== null && (given as Record<string, unknown>)["selected"] === "tree";
}

/** As a context menu gives them: the row, and all that are selected. Undefined: no row is meant. */
export async function givenOf(given: unknown[], meant: () => Promise<readonly unknown[]>): Promise<unknown[] | undefined> {
  if (!isSelected(given[0])) {
    return given;
  }
  const rows = await meant();
  return rows.length === 0 ? undefined : [rows[0], rows];
}
