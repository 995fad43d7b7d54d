/**
 * Which documents are outlines: by their name, or by `orchestrator:` in the front matter.
 *
 * Only for what the window shows or hides; the server decides for itself.
 */

export const OUTLINE_GLOB = "**/{*.tasks.md,tasks.md}";

/** `name` is the last part of the path, `head` the beginning of the text. */
export function isOutline(name: string, head: string): boolean {
  return /(^|\.)tasks\.md$/i.test(name) || hasFrontMatter(head);
}

function hasFrontMatter(head: string): boolean {
  const lines = head.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  if (lines[0]?.trimEnd() !== "---") {
    return false;
  }
  for (const line of lines.slice(1)) {
    if (/^(---|\.\.\.)\s*$/.test(line)) {
      return false;
    }
    if (/^orchestrator\s*:/.test(line)) {
      return true;
    }
  }
  return false;
}
