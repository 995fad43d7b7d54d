/** Where a cursor is after changes of the text, if what is inserted right at it goes behind it. */

export interface Spot {
  line: number;
  character: number;
}

export interface Change {
  range: { start: Spot; end: Spot };
  newText: string;
}

/** `pushed`: how many lines further down an editor takes it. Undefined: no line is inserted right at it. */
export function keptSpot(spot: Spot, changes: readonly Change[]): (Spot & { pushed: number }) | undefined {
  let pushed = 0;
  let above = 0;
  for (const { range, newText } of changes) {
    const lines = newText.split("\n").length - 1;
    if (same(range.start, spot) && same(range.end, spot)) {
      pushed += lines;
    } else if (range.end.line < spot.line || (range.end.line === spot.line && range.end.character <= spot.character)) {
      above += lines - (range.end.line - range.start.line);
    }
  }
  return pushed === 0 ? undefined : { line: spot.line + above, character: spot.character, pushed };
}

function same(one: Spot, other: Spot): boolean {
  return one.line === other.line && one.character === other.character;
}
