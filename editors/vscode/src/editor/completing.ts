/** What the server need not be asked to complete. Knows no editor. */

/**
 * Whether a blank was typed behind a word: it ends the word. Behind another blank, a bracket, a comma or a colon it may
 * begin a field or a value.
 */
export function endsWord(before: string, trigger: string | undefined): boolean {
  return trigger === " " && /[^\s:,[{] $/.test(before);
}
