/** What `package.json` promises is there, and what is there is in it. */

import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { expect, test, vi } from "vitest";

vi.mock("vscode", () => ({ EventEmitter: class {}, ThemeIcon: class {}, TreeItem: class {}, window: {}, workspace: {}, commands: {} }));

const { COMMAND_TABLE } = await import("../../src/commands/table");
const { OWN_SECTIONS } = await import("../../src/settings");
const { COMMANDS } = await import("../../src/generated/protocol");
const { CONTEXTS, HOVER_COMMANDS, VIEWS } = await import("../../src/names");
const { TOLD } = await import("../../src/views/get_started");

const root = path.resolve(import.meta.dirname, "../..");
interface Item {
  command?: string;
  when?: string;
}
interface Manifest {
  main: string;
  icon: string;
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    commands: { command: string; enablement?: string }[];
    menus: Record<string, Item[]>;
    keybindings: Item[];
    views: Record<string, { id: string }[]>;
    viewsWelcome: { contents: string }[];
    snippets: { path: string }[];
    problemMatchers: { pattern: { regexp: string } }[];
    walkthroughs?: { steps: { completionEvents: string[]; media: Record<string, unknown>; description: string }[] }[];
    configuration: { title: string; properties: Record<string, { scope: string; default: unknown; markdownDescription: string }> }[];
  };
}
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Manifest;
const { contributes } = manifest;

test("commands are the manifest's", () => {
  const told = contributes.commands.map((one) => one.command).sort();
  expect(told).toEqual(Object.keys(COMMAND_TABLE).sort());
});

test("menus, keys and welcome texts name commands that exist", () => {
  const known = new Set(contributes.commands.map((one) => one.command));
  const used = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].flatMap((one) => one.command ?? []);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
  const linked = contributes.viewsWelcome.flatMap((one) => [...one.contents.matchAll(/command:([\w.]+)/g)].map((match) => match[1] ?? ""));
  expect(linked.filter((name) => !known.has(name) && !name.startsWith("vscode."))).toEqual([]);
});

test("every command is in the palette only where it makes sense", () => {
  const listed = new Set((contributes.menus["commandPalette"] ?? []).map((one) => one.command));
  const everywhere = contributes.commands.map((one) => one.command).filter((name) => !listed.has(name));
  expect(everywhere.sort()).toEqual(
    ["chats", "doctor", "exportMetrics", "inbox.answer", "install", "menu", "metrics", "newOutline", "openSettings", "pullModel", "restart", "resume", "setKey", "showLog", "walkthrough"].map(
      (name) => `orchestrator.${name}`,
    ),
  );
});

test("commands that run something need trust", () => {
  const enabled = new Map(contributes.commands.map((one) => [one.command, one.enablement]));
  for (const name of ["split", "splitRecursively", "replan", "expand", "run", "runOutline", "resume"]) {
    expect(enabled.get(`orchestrator.${name}`)).toBe("isWorkspaceTrusted");
  }
});

test("settings of the extension are known as its own, and every setting says what it means", () => {
  for (const section of contributes.configuration) {
    for (const [key, setting] of Object.entries(section.properties)) {
      expect(setting.markdownDescription.length, key).toBeGreaterThan(10);
      expect(OWN_SECTIONS.includes(key.split(".")[1] ?? ""), key).toBe(section.title === "Extension");
    }
  }
});

test("no workspace sets what only a person may set", () => {
  const restricted = new Set(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations);
  const settings = Object.fromEntries(contributes.configuration.flatMap((section) => Object.entries(section.properties)));
  for (const key of ["server.path", "server.distribution", "model", "anthropic.baseUrl", "openai.baseUrl", "endpoints", "tools.commands", "tools.edits", "local.weights"]) {
    expect(settings[`orchestrator.${key}`]?.scope, key).toBe("machine");
    expect(restricted.has(`orchestrator.${key}`), key).toBe(true);
  }
  const open = Object.entries(settings).filter(([, setting]) => setting.scope !== "machine");
  expect(open.map(([key]) => key).filter((key) => !/\.(roles|run\.decide|tree|notifications|trace)/.test(key))).toEqual([]);
});

test("files of the manifest exist", () => {
  const files = [manifest.icon, ...contributes.snippets.map((one) => one.path)];
  for (const walkthrough of contributes.walkthroughs ?? []) {
    for (const step of walkthrough.steps) {
      files.push(...Object.entries(step.media).flatMap(([kind, value]) => (kind !== "altText" && typeof value === "string" ? [value] : [])));
    }
  }
  expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

test("what is done already is ticked when the page opens", () => {
  const events = (contributes.walkthroughs ?? []).flatMap(({ steps }) => steps.flatMap((step) => step.completionEvents));
  const keys = [CONTEXTS.startedServer, CONTEXTS.startedOutline];
  expect(events.filter((event) => event.includes(".started."))).toEqual(keys.flatMap((key) => TOLD.map(([value]) => `onContext:${key} == ${value}`)));
});

test("hover links are commands of the server, and views are the manifest's", () => {
  expect(HOVER_COMMANDS.filter((name) => !(name in COMMANDS))).toEqual([]);
  const views = Object.values(contributes.views).flat().map((view) => view.id);
  expect(Object.values(VIEWS).filter((view) => !views.includes(view))).toEqual([]);
});

test("the problem matcher reads what `orchestrator check` writes", () => {
  const matcher = new RegExp(contributes.problemMatchers[0]?.pattern.regexp ?? "");
  expect("/w/x.tasks.md:1:18: error: `xx` is no mode. Write auto. [bad-field-value]".match(matcher)?.slice(1)).toEqual([
    "/w/x.tasks.md",
    "1",
    "18",
    "error",
    "`xx` is no mode. Write auto.",
    "bad-field-value",
  ]);
});
