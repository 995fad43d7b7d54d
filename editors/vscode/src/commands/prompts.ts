/** Commands about prompts: look, change, compare, try, go back. A prompt is a file; saving a sound one puts it in use. */

import * as vscode from "vscode";

import type { Context } from "../context";
import type { PromptEntry, PromptsShowResult } from "../generated/protocol";
import { trialText } from "../prompt_words";
import { saveAs, written } from "../saving";
import { tell } from "../talk";
import { ago, counted } from "../words";
import { atCursor } from "./place";

interface Item extends vscode.QuickPickItem {
  entry: PromptEntry;
}
const EDIT: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("edit"), tooltip: "Edit" };
const VERSIONS: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("history"), tooltip: "Versions" };
const COMPARE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("diff"), tooltip: "Compare with what it was made from" };
const TRY: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("beaker"), tooltip: "Try on a task" };

/** All prompts; the buttons of each are what can be done with it, and choosing one shows it. */
export async function prompts(context: Context): Promise<void> {
  const found = await list(context);
  if (found === undefined) {
    return;
  }
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = "Prompts";
  pick.placeholder = "Choose one to read it";
  pick.items = found.map((entry) => ({ ...wordsOf(entry), entry, buttons: [EDIT, VERSIONS, COMPARE, TRY] }));
  pick.matchOnDescription = true;
  pick.onDidTriggerItemButton(({ item, button }) => {
    pick.hide();
    const does = button === EDIT ? edit : button === VERSIONS ? versions : button === COMPARE ? diff : test;
    void tell(does(context, item.entry.name));
  });
  pick.onDidAccept(() => {
    const [item] = pick.selectedItems;
    pick.hide();
    if (item !== undefined) {
      void tell(read(context, item.entry.name, item.entry.version));
    }
  });
  pick.onDidHide(() => pick.dispose());
  pick.show();
}

export async function edit(context: Context, given?: string): Promise<void> {
  const name = await named(context, given, "Edit Which Prompt?");
  if (name !== undefined) {
    await openFile((await context.server.request("orchestrator/prompts/edit", { name })).uri);
  }
}

export async function create(context: Context): Promise<void> {
  const base = await named(context, undefined, "A New Prompt, as a Copy of Which?");
  if (base === undefined) {
    return;
  }
  const name = await vscode.window.showInputBox({
    title: "Name of the New Prompt",
    prompt: "A task uses it with the field [prompt:: name].",
    validateInput: (value) => (/^[a-z][a-z0-9_-]*$/.test(value) ? undefined : "Lowercase letters, digits, `_` and `-`."),
  });
  if (name !== undefined) {
    await openFile((await context.server.request("orchestrator/prompts/new", { name, base })).uri);
  }
}

/** All versions of one, the newest first; of the chosen one the person says what is to be done. */
export async function versions(context: Context, given?: string): Promise<void> {
  const name = await named(context, given, "Versions of Which Prompt?");
  if (name === undefined) {
    return;
  }
  const shown = await context.server.request("orchestrator/prompts/show", { name });
  if (shown.versions.length === 0) {
    void vscode.window.showInformationMessage(`There is one version of “${name}”: the one that ships with the program.`);
    return;
  }
  const now = Date.now() / 1000;
  const picked = await vscode.window.showQuickPick(
    shown.versions.toReversed().map((one) => ({
      label: one.version,
      description: [one.version === shown.version ? "in use" : "", one.origin, ago(one.created, now)].filter((part) => part !== "").join(" · "),
      detail: one.parent === null ? "" : `made from ${one.parent}`,
    })),
    { title: `Versions of “${name}”`, matchOnDescription: true },
  );
  if (picked === undefined) {
    return;
  }
  const version = picked.label;
  const [look, compare, take] = ["Read it", "Compare it with the one in use", "Use it"];
  const choices = version === shown.version ? [look] : [look, compare, take];
  const wanted = choices.length === 1 ? look : await vscode.window.showQuickPick(choices, { title: `${name} ${version}` });
  if (wanted === look) {
    await read(context, name, version);
  } else if (wanted === compare) {
    const other = await context.server.request("orchestrator/prompts/show", { name, version });
    await compareTexts(context, other, shown);
  } else if (wanted === take) {
    told(await context.server.request("orchestrator/prompts/use", { name, version }));
  }
}

/** What a person made of it, beside what it was made from. */
export async function diff(context: Context, given?: string): Promise<void> {
  const name = await named(context, given, "Compare Which Prompt?");
  if (name === undefined) {
    return;
  }
  const shown = await context.server.request("orchestrator/prompts/show", { name });
  const parent = shown.versions.find((one) => one.version === shown.version)?.parent;
  if (parent == null) {
    void vscode.window.showInformationMessage(`“${name}” is as it ships: there is nothing to compare it with.`);
    return;
  }
  await compareTexts(context, await context.server.request("orchestrator/prompts/show", { name, version: parent }), shown);
}

export async function rollBack(context: Context, given?: string): Promise<void> {
  const name = await named(context, given, "Go Back with Which Prompt?");
  if (name !== undefined) {
    told(await context.server.request("orchestrator/prompts/rollback", { name }));
  }
}

/** On the task at the cursor: what would be sent, and if the person wants it the answer too. */
export async function test(context: Context, given?: string): Promise<void> {
  const name = await named(context, given, "Try Which Prompt?");
  const place = name === undefined ? undefined : await taskOf(context);
  if (name === undefined || place === undefined) {
    return;
  }
  const [look, ask] = ["Show what would be sent", "Ask the model too"];
  const wanted = await vscode.window.showQuickPick([look, ...(vscode.workspace.isTrusted ? [ask] : [])], { title: `Try “${name}” on “${place.title}”` });
  if (wanted === undefined) {
    return;
  }
  const work = context.server.request("orchestrator/prompts/test", { name, uri: place.uri, nodeId: place.nodeId, answer: wanted === ask });
  const progress = { location: vscode.ProgressLocation.Window, title: `Trying “${name}”` };
  const found = await tell(vscode.window.withProgress(progress, () => work));
  if (found !== undefined) {
    await context.texts.show(`trial-${name}.md`, trialText(name, place.title, found));
  }
}

export async function exportPrompts(context: Context): Promise<void> {
  const { text } = await context.server.request("orchestrator/prompts/export", {});
  const uri = await saveAs("Export Your Prompts", "prompts.json", { JSON: ["json"] });
  if (uri !== undefined) {
    await written(uri, `${text}\n`, "Your prompts were exported, with all versions.");
  }
}

export async function importPrompts(context: Context): Promise<void> {
  const [source] = (await vscode.window.showOpenDialog({ title: "Import Prompts", filters: { Prompts: ["json", "md"] } })) ?? [];
  if (source !== undefined) {
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(source));
    const done = await context.server.request("orchestrator/prompts/import", { text });
    void vscode.window.showInformationMessage(`${counted(done.imported.length, "version")} read, ${done.fresh} of them new. “Prompts” shows them.`);
  }
}

async function list(context: Context): Promise<PromptEntry[] | undefined> {
  const uri = vscode.window.activeTextEditor?.document.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  const found = await tell(context.server.request("orchestrator/prompts/list", { uri: uri?.scheme === "file" ? uri.toString() : null }));
  for (const note of found?.notes ?? []) {
    context.server.output.warn(note);
  }
  return found?.prompts;
}

async function named(context: Context, given: string | undefined, title: string): Promise<string | undefined> {
  if (typeof given === "string") {
    return given;
  }
  const found = await list(context);
  if (found === undefined) {
    return undefined;
  }
  return (await vscode.window.showQuickPick(found.map((entry) => ({ ...wordsOf(entry), entry })), { title, matchOnDescription: true }))?.entry.name;
}

function wordsOf(entry: PromptEntry): { label: string; description: string; detail: string } {
  const about = [entry.role, entry.origin, entry.versions > 1 ? counted(entry.versions, "version") : "", entry.version];
  const wrong = [...entry.problems, entry.outdated ? "The one that it was made from has changed since." : ""].filter((part) => part !== "");
  return {
    label: `$(${entry.problems.length > 0 ? "warning" : entry.origin === "built-in" ? "book" : "edit"}) ${entry.name}`,
    description: about.filter((part) => part !== "").join(" · "),
    detail: wrong.join(" "),
  };
}

async function read(context: Context, name: string, version: string): Promise<void> {
  const shown = await context.server.request("orchestrator/prompts/show", { name, version });
  await context.texts.show(`${name}@${shown.version}.md`, shown.text);
}

async function compareTexts(context: Context, before: PromptsShowResult, after: PromptsShowResult): Promise<void> {
  const side = (one: PromptsShowResult): [string, string] => [`${one.name}@${one.version}.md`, one.text];
  await context.texts.diff(side(before), side(after), `${after.name}: ${before.version} and ${after.version}`);
}

function told(used: { name: string; version: string; origin: string }): void {
  void vscode.window.showInformationMessage(`“${used.name}” is in use as version ${used.version} (${used.origin}).`);
}

async function openFile(uri: string): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(vscode.Uri.parse(uri)));
}

/** The task that is selected in the tree, else the one at the cursor: the tree follows the cursor. */
async function taskOf(context: Context): Promise<{ uri: string; nodeId: string; title: string } | undefined> {
  const [selected] = await context.tree.selection();
  if (selected?.kind === "node" && selected.node.kind === "task") {
    await vscode.workspace.openTextDocument(vscode.Uri.parse(selected.uri));
    return { uri: selected.uri, nodeId: selected.node.nodeId, title: selected.node.title };
  }
  const place = atCursor();
  const located = place === undefined ? undefined : await tell(context.server.request("orchestrator/tree/locate", { uri: place.uri, position: place.position }));
  if (place === undefined || located === undefined) {
    return undefined;
  }
  return { uri: place.uri, nodeId: located.nodeId, title: place.editor.document.lineAt(located.range.start.line).text.trim() };
}
