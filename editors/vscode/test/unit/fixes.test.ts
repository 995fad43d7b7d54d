import { readFileSync } from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";

import { fixOf } from "../../src/fixes";

test("what a message asks for in a terminal can be done from the window", () => {
  const does = (message: string): unknown => fixOf(message) && [fixOf(message)?.command.replace("orchestrator.", ""), ...(fixOf(message)?.args ?? [])];
  expect(does("No model can be used (anthropic/x: no key named anthropic). Mend it with `orchestrator auth set anthropic`.")).toEqual(["setKey", "anthropic"]);
  expect(does("It is not here. Run `orchestrator models pull smollm2`.")).toEqual(["pullModel"]);
  expect(does("That is no number. Run `orchestrator config`.")).toEqual(["openSettings"]);
  expect(does("Read it, then run `orchestrator trust add`.")).toEqual(["trust"]);
  expect(does("Run `orchestrator doctor`, and report this.")).toEqual(["doctor"]);
  expect(does("`orchestrator auth set $(rm -rf /)`")).toBeUndefined();
  expect(does("orchestrator auth set anthropic")).toBeUndefined();
  expect(does("All is well.")).toBeUndefined();
});

test("every fix is a command of the manifest", () => {
  const manifest = JSON.parse(readFileSync(path.resolve(import.meta.dirname, "../../package.json"), "utf8")) as { contributes: { commands: { command: string }[] } };
  const known = manifest.contributes.commands.map((one) => one.command);
  for (const message of ["`orchestrator auth set x`", "`orchestrator models pull x`", "`orchestrator config`", "`orchestrator trust add`", "`orchestrator doctor`"]) {
    expect(known).toContain(fixOf(message)?.command);
  }
});
