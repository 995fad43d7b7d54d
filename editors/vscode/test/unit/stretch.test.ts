import { expect, test } from "vitest";

import { stretchAround } from "../../src/editor/stretch";

const LINES = 10_000;
const screen = (first: number): { first: number; last: number }[] => [{ first, last: first + 40 }];

test("a stretch is kept until somebody comes near its end", () => {
  const stretch = stretchAround(screen(5000), LINES, undefined);
  expect(stretch.first).toBeLessThan(4900);
  expect(stretch.last).toBeGreaterThan(5140);
  expect(stretch.last - stretch.first).toBeLessThan(500);
  expect(stretchAround(screen(5030), LINES, stretch)).toBe(stretch);
  const next = stretchAround(screen(5120), LINES, stretch);
  expect(next).not.toBe(stretch);
  expect(next.last).toBeGreaterThan(5160);
});

test("at the ends of a document there is nothing beyond", () => {
  const stretch = stretchAround(screen(0), LINES, undefined);
  expect(stretch.first).toBe(0);
  expect(stretchAround(screen(10), LINES, stretch)).toBe(stretch);
  const end = stretchAround([{ first: 9970, last: 9999 }], LINES, undefined);
  expect(end.last).toBe(LINES - 1);
  expect(stretchAround([{ first: 9960, last: 9999 }], LINES, end)).toBe(end);
});

test("a document in two editors, and one in none", () => {
  const both = stretchAround([...screen(100), ...screen(3000)], LINES, undefined);
  expect(both.first).toBe(0);
  expect(both.last).toBeGreaterThan(3040);
  expect(stretchAround([], LINES, both)).toBe(both);
  expect(stretchAround([], LINES, undefined).first).toBe(0);
});
