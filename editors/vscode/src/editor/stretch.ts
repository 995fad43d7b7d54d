/**
 * Which lines of a long document something is asked for: those on the screen and some beyond.
 *
 * Invariant: the stretch holds all lines that are seen, and is another one only when somebody comes near its end
 * ("a stretch is kept until somebody comes near its end").
 */

export interface Stretch {
  first: number;
  last: number;
}

/** Lines before and behind those on the screen. */
const BEYOND = 150;
/** Nearer to an end than that, and it is asked for anew. */
const NEAR = 50;

export function stretchAround(seen: readonly Stretch[], lineCount: number, before: Stretch | undefined): Stretch {
  const within = (line: number): number => Math.max(0, Math.min(lineCount - 1, line));
  if (seen.length === 0) {
    return before ?? { first: 0, last: within(BEYOND) };
  }
  const top = Math.min(...seen.map((one) => one.first));
  const bottom = Math.max(...seen.map((one) => one.last));
  if (before !== undefined && before.first <= within(top - NEAR) && before.last >= within(bottom + NEAR)) {
    return before;
  }
  return { first: within(top - BEYOND), last: within(bottom + BEYOND) };
}
