/**
 * Markdown that grows: which part of it can no longer change, so that only the rest is rendered again.
 *
 * Invariant: what was called settled stays the beginning of every later text's blocks ("settled blocks stay").
 */

/** The offset up to which the blocks are whole: behind the last blank line that stands in no fence and no list. */
export function settledEnd(text: string, from = 0): number {
  let settled = from;
  let fence = "";
  let offset = from;
  for (;;) {
    const end = text.indexOf("\n", offset);
    if (end < 0) {
      return settled;
    }
    const line = text.slice(offset, end);
    const marker = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? "";
    if (fence === "") {
      fence = marker;
    } else if (marker.startsWith(fence) && line.trim() === marker) {
      fence = "";
    }
    offset = end + 1;
    // A block ends at a blank line; a list or a quote may go on behind it, so what follows must begin something new.
    if (fence === "" && line.trim() === "" && /^[^\s\-*+>\d|]/.test(text.slice(offset, offset + 1))) {
      settled = offset;
    }
  }
}
