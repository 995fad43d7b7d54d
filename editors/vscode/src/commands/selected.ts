/** Keys that are pressed in the task tree mean what is selected there: VS Code tells a command of a key nothing else. */

export interface Selected {
  selected: "tree";
}

/** What a key of the tree gives to its command (`args` in `package.json`). */
export function isSelected(given: unknown): given is Selected {
  return typeof given === "object" && given !== null && (given as Record<string, unknown>)["selected"] === "tree";
}

/** As a context menu gives them: the row, and all that are selected. Undefined: nothing is selected, nothing is meant. */
export async function givenOf(given: unknown[], selection: () => Promise<readonly unknown[]>): Promise<unknown[] | undefined> {
  if (!isSelected(given[0])) {
    return given;
  }
  const selected = await selection();
  return selected.length === 0 ? undefined : [selected[0], selected];
}
