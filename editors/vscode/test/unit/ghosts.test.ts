import { describe, expect, test } from "vitest";

import type { SplitPreviewParams } from "../../src/generated/protocol";
import { asksForFields, asOutline, changeTitle, fromOutline, ghostsOf, headline, Proposals, walk } from "../../src/ghosts/model";

function preview(more: Partial<SplitPreviewParams> = {}): SplitPreviewParams {
  return {
    runId: "r1",
    uri: "file:///x",
    nodeId: "n1",
    documentVersion: 1,
    seq: 1,
    state: "ready",
    title: "Trip",
    children: [
      { title: "Pack", description: "Only\nwhat is needed.", acceptance: "one bag", children: [{ title: "Socks" }, { title: "Shirts" }] },
      { title: "Leave", dependsOn: [0], mode: "auto", executor: "code", asks: "mode auto, executor code" },
    ],
    ...more,
  };
}

describe("proposals", () => {
  test("previews that come late are left out", () => {
    const proposals = new Proposals();
    proposals.take(preview({ seq: 3 }));
    proposals.take(preview({ seq: 2, children: [] }));
    expect(proposals.get("r1")?.children).toHaveLength(2);
  });

  test("what is over is forgotten, and told", () => {
    const proposals = new Proposals();
    const told: string[] = [];
    proposals.onChange((one) => told.push(one.state));
    proposals.take(preview());
    proposals.take(preview({ seq: 2, state: "applied" }));
    expect(proposals.all()).toEqual([]);
    expect(told).toEqual(["ready", "applied"]);
  });

  test("a lost server ends them", () => {
    const proposals = new Proposals();
    proposals.take(preview());
    const told: string[] = [];
    proposals.onChange((one) => told.push(one.state));
    proposals.clear();
    expect(told).toEqual(["cancelled"]);
  });

  test("paths are what accept takes", () => {
    expect([...walk(ghostsOf(preview()))].map((one) => [one.task.title, one.path])).toEqual([
      ["Pack", [0]],
      ["Socks", [0, 0]],
      ["Shirts", [0, 1]],
      ["Leave", [1]],
    ]);
    expect(asksForFields(preview())).toBe(true);
  });

  test("words", () => {
    expect(headline(preview())).toBe("2 subtasks proposed");
    expect(headline(preview({ state: "deciding", children: [] }))).toBe("Deciding whether to split…");
    expect(headline(preview({ state: "planning" }))).toBe("Planning · 2 subtasks so far");
    expect(headline(preview({ changes: [{ op: "add", title: "x" }] }))).toBe("1 change proposed");
    expect(changeTitle({ op: "edit", was: "a", title: "b" })).toBe("a → b");
    expect(changeTitle({ op: "obsolete", was: "a" })).toBe("No longer needed: a");
  });
});

describe("a proposal as an outline", () => {
  test("comes back as it was", () => {
    const { children, ordered } = fromOutline(asOutline(preview({ ordered: true })));
    expect(ordered).toBe(true);
    expect(children).toEqual([
      { title: "Pack", description: "Only\nwhat is needed.", acceptance: "one bag", ordered: false, children: [{ title: "Socks" }, { title: "Shirts" }] },
      { title: "Leave", dependsOn: [0], mode: "auto", executor: "code" },
    ]);
  });

  test("words that belong to no task are refused with their line", () => {
    expect(() => fromOutline("\nHello\n- [ ] a\n")).toThrow("Line 2");
  });

  test("fields that are not known stay in the title", () => {
    expect(fromOutline("- [ ] a  [foo:: bar]\n").children[0]?.title).toBe("a  [foo:: bar]");
  });
});
