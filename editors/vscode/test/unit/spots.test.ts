import { expect, test } from "vitest";

import { type Change, keptSpot } from "../../src/editor/spots";

function change(line: number, from: number, endLine: number, to: number, newText: string): Change {
  return { range: { start: { line, character: from }, end: { line: endLine, character: to } }, newText };
}

test("a cursor stays where subtasks are written right behind it", () => {
  const place = { line: 2, character: 15 };
  expect(keptSpot(place, [change(2, 15, 2, 15, "  ^b7c2d\n  1. [ ] a\n  2. [ ] b")])).toEqual({ line: 2, character: 15, pushed: 2 });
  expect(keptSpot(place, [change(0, 0, 0, 0, "x\ny\n"), change(2, 15, 2, 15, "\n  > Result: done")])).toEqual({ line: 4, character: 15, pushed: 1 });
  expect(keptSpot(place, [change(0, 0, 1, 0, ""), change(2, 15, 2, 15, "\nz")])).toEqual({ line: 1, character: 15, pushed: 1 });
});

test("any other cursor is VS Code's own affair", () => {
  const place = { line: 2, character: 15 };
  expect(keptSpot(place, [change(2, 14, 2, 14, "\n  1. [ ] a")])).toBeUndefined();
  expect(keptSpot(place, [change(2, 15, 2, 15, "  ^b7c2d")])).toBeUndefined();
  expect(keptSpot(place, [change(2, 0, 3, 0, "a\nb\n")])).toBeUndefined();
  expect(keptSpot(place, [])).toBeUndefined();
});
