import { expect, test } from "vitest";

import type { TrustResult } from "../../src/generated/protocol";
import { ALLOW, FORGET, shownFiles, trustChoices, trustOutcome, trustPage } from "../../src/trust_words";

const FILE = { path: ".orchestrator.toml", text: "[run]\nYou trust this.\n", sha256: "a".repeat(64), allowed: false, problem: "" };
const PROMPT = { ...FILE, path: ".orchestrator/prompts/plan.md", text: `${"Plan. ".repeat(20)}\n`, sha256: "b".repeat(64), allowed: true };
const BAD = { ...FILE, path: ".orchestrator/prompts/x.md", text: "", sha256: "", problem: "It is a link." };
const FOUND: TrustResult = { folder: "/w", trusted: false, editor: true, files: [FILE, PROMPT, BAD], consents: [] };

test("all of what is suggested is on the page, and no file can look like a line of ours", () => {
  const lines = trustPage({ ...FOUND, consents: [{ provider: "openai", host: "api.openai.com" }] }).split("\n");
  expect(lines.slice(4)).toEqual([
    "Its tasks may be sent to openai at api.openai.com.",
    "",
    ".orchestrator.toml, settings, not allowed (yet):",
    "    [run]",
    "    You trust this.",
    "",
    ".orchestrator/prompts/plan.md, a prompt, allowed as it is:",
    `    ${"Plan. ".repeat(13)}Pl`,
    `      ↪ an. ${"Plan. ".repeat(6)}`,
    "",
    ".orchestrator/prompts/x.md, a prompt, cannot be used: It is a link.",
    "",
  ]);
  expect(trustPage({ ...FOUND, files: [] })).toContain("It suggests no settings");
  expect(trustPage({ ...FOUND, editor: false })).toContain("restricted mode");
});

test("what can be said is what makes a difference", () => {
  expect(trustChoices(FOUND)).toEqual([ALLOW]);
  expect(trustChoices({ ...FOUND, trusted: true })).toEqual([ALLOW, FORGET]);
  expect(trustChoices({ ...FOUND, trusted: true, files: [PROMPT, BAD] })).toEqual([FORGET]);
  expect(trustChoices({ ...FOUND, editor: false })).toEqual([]);
  expect(trustChoices({ ...FOUND, editor: false, consents: [{ provider: "openai", host: "x" }] })).toEqual([FORGET]);
});

test("only what was shown is allowed, and what changed meanwhile is said", () => {
  expect(shownFiles(FOUND)).toEqual({ [FILE.path]: FILE.sha256, [PROMPT.path]: PROMPT.sha256 });
  expect(trustOutcome(FOUND, true)).toBe(".orchestrator.toml changed meanwhile and is not allowed. Look at it again.");
  expect(trustOutcome({ ...FOUND, files: [PROMPT, BAD] }, true)).toContain("as it was shown");
  expect(trustOutcome(FOUND, false)).toContain("forgotten");
});
