import { expect, test } from "vitest";

import { addressOf, offersOf, pathOf, promptOfFile, promptOffers } from "../../src/documents";
import type { HistoryHit } from "../../src/generated/protocol";
import { hitWords } from "../../src/hits";
import { trialText } from "../../src/prompt_words";

test("addresses of documents that are in no file", () => {
  expect(addressOf("/conversation/conv_1.md")).toEqual({ kind: "conversation", name: "conv_1", version: "" });
  expect(addressOf("/prompt/plan@0123456789ab.md")).toEqual({ kind: "prompt", name: "plan", version: "0123456789ab" });
  expect(addressOf(pathOf("run", "run_7"))).toEqual({ kind: "run", name: "run_7", version: "" });
  for (const bad of ["/other/x.md", "/run/", "/run/../x.md", "/run/a/b.md"]) {
    expect(addressOf(bad), bad).toBeUndefined();
  }
});

test("each kind of document offers what can be done from it", () => {
  const titles = (path: string): string[] => offersOf(addressOf(path)!).map((one) => one.title.replace(/^\$\([\w-]+\) /, ""));
  expect(titles("/conversation/c1.md")).toEqual(["Open Conversation", "Context", "Refresh"]);
  expect(titles("/context/c1.md")).toEqual(["Open Conversation", "As Text", "Refresh"]);
  expect(titles("/prompt/plan.md")).toEqual(["Edit", "Versions…", "Compare with Its Origin", "Try on a Task…"]);
  expect(titles("/run/r1.md")).toEqual(["Refresh"]);
  expect(promptOffers("plan", true).every((one) => one.args[0] === "plan")).toBe(true);
});

test("a prompt file is known by its folder and its front matter", () => {
  expect(promptOfFile("/home/me/.config/orchestrator/prompts/plan.md", "---\nname: plan\nrole: plan\n---\n")).toBe("plan");
  expect(promptOfFile("/x/prompts/plan.md", "# Plan\n")).toBeUndefined();
  expect(promptOfFile("/x/notes/plan.md", "---\nrole: plan\n---\n")).toBeUndefined();
});

test("a hit is one row, whatever its title says", () => {
  const hit: HistoryHit = { kind: "result", title: "Write $(bug)\nthe form", taskId: "a1b2c", uri: "file:///x", line: 3, created: 40, model: "local/x", excerpt: "three $(x) fields", matches: [], nearness: 0.912, conversationId: null, runId: "r", messageId: null };
  expect(hitWords(hit, 100)).toEqual({ label: "$(pass) Write $ (bug) the form", description: "result · 1 min ago · local/x · 91 % alike", detail: "three $ (x) fields" });
});

test("a trial shows what was sent, fenced so that nothing in it ends the fence", () => {
  const text = trialText("plan", "Pack", { system: "", user: "a\n````\nb", tokens: 1200, answer: "ok", model: "local/x", seconds: 1.25, costUsd: 0 });
  expect(text).toContain("About 1,200 tokens.");
  expect(text).toContain("## Answer of local/x ($0, 1.3 s)");
  expect(text).toContain("`````text\na\n````\nb\n`````");
  expect(text).not.toContain("## System");
});
