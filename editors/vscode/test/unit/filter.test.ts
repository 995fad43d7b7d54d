import { expect, test } from "vitest";

import type { FoundNode, TreeNode, TreeSearchResult } from "../../src/generated/protocol";
import { EVERYTHING, FilteredTree, filterOf, hides, messageOf, MOST_SEARCHED, pathOf, searchedOf, searchOf, wordsOf } from "../../src/tree/filter";

function node(title: string, more: Partial<TreeNode> = {}): TreeNode {
  return { nodeId: title, kind: "task", title, status: "pending", childCount: 0, ...more };
}
function found(title: string, parentId: string | null, fits: boolean, childCount = 0): FoundNode {
  return { node: node(title, { childCount }), parentId, fits };
}
const ANSWER: TreeSearchResult = {
  documentVersion: 1,
  nodes: [found("a", null, false, 9), found("a1", "a", true, 3), found("a2", "a", false, 2), found("a2x", "a2", true), found("b", null, true)],
  total: 7,
};

test("a filter shows what fits, where it stands", () => {
  const tree = new FilteredTree("file:///x", ANSWER);
  const shown = (rows: typeof tree.top): unknown[] => rows.map((row) => [row.node.title, row.children === undefined ? undefined : shown(row.children)]);
  expect(shown(tree.top)).toEqual([["a", [["a1", undefined], ["a2", [["a2x", undefined]]]]], ["b", undefined]]);
  expect([tree.fitting, tree.total]).toEqual([3, 7]);
  expect(pathOf(tree.row("a2x")!)).toEqual(["a", "a2", "a2x"]);
  expect(tree.row("a1")!.total).toBe(3);
});

test("what the server is asked, and what the window can tell by itself", () => {
  expect(searchOf(EVERYTHING)).toBeUndefined();
  expect(searchOf({ show: "open", text: " " })).toBeUndefined();
  expect(searchOf({ show: "all", text: " login " })).toEqual({ text: "login", statuses: [] });
  expect(searchOf({ show: "attention", text: "" })).toEqual({ text: "", statuses: ["failed", "asking"] });
  expect(searchOf({ show: "open", text: "x" })?.statuses).toEqual(["pending", "inProgress", "failed", "asking"]);
  expect(wordsOf({ show: "open", text: "x" })).toBe("“x” · open tasks");
  expect(wordsOf(EVERYTHING)).toBe("");
});

test("settled branches are hidden while open tasks are shown", () => {
  const open = { show: "open", text: "" } as const;
  expect(hides(open, node("done", { status: "completed" }))).toBe(true);
  expect(hides(open, node("done above open", { status: "completed", progress: { done: 0, total: 1 } }))).toBe(false);
  expect(hides(open, node("open"))).toBe(false);
  expect(hides(open, node("section", { kind: "section", status: null, progress: { done: 2, total: 2 } }))).toBe(true);
  expect(hides(EVERYTHING, node("done", { status: "completed" }))).toBe(false);
});

test("a filter that another version kept is read as far as it goes", () => {
  expect(filterOf("open")).toEqual(EVERYTHING);
  expect(filterOf(undefined)).toEqual(EVERYTHING);
  expect(filterOf({ show: "attention", text: 7 })).toEqual({ show: "attention", text: "" });
  expect(filterOf({ show: "x", text: "a" })).toEqual({ show: "all", text: "a" });
});

test("of very many outlines those with tasks that fit are shown, the open ones first, and it is said that there are more", () => {
  const files = Array.from({ length: MOST_SEARCHED * 3 }, (_, index) => index);
  const last = files.length - 1;
  const chosen = searchedOf(files, (file) => file === last, (file) => file % 2 === 1);
  expect([chosen.length, chosen[0], chosen[1], chosen.at(-1)]).toEqual([MOST_SEARCHED, 1, 3, last]);
  expect(searchedOf(files, () => false, (file) => file === last)).toEqual([last]);
  expect(searchedOf([1, 2], () => false, () => false)).toEqual([1, 2]);
  const few = { files: 120, fitting: 3, wanted: 3, complete: true };
  expect(messageOf(few)).toBe("");
  expect(messageOf({ ...few, fitting: 100, wanted: 110 })).toBe("Shown are 100 of 110 outlines with tasks that fit.");
  expect(messageOf({ ...few, fitting: 0, wanted: 0 })).toBe("No task fits the filter.");
  expect(messageOf({ ...few, files: 0, fitting: 0, wanted: 0 })).toBe("");
  expect(messageOf({ ...few, complete: false })).toMatch(/still being read/);
});
