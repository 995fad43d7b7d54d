/** Editing without a model: every edit is computed by the server and is one undo step. */

import * as path from "node:path";
import * as vscode from "vscode";

import type { Context } from "../context";
import type { EditParams, EditResult, EditStatusSetParams, EditValueSetParams, Requests } from "../generated/protocol";
import { isOutline } from "../outlines";
import { tell } from "../talk";
import { isRow, nodesOf, type Row } from "../tree/rows";
import { atCursor, show } from "./place";

type EditMethod = { [M in keyof Requests]: Requests[M]["result"] extends EditResult ? M : never }[keyof Requests];

let turn: Promise<unknown> = Promise.resolve();

/** One behind the other: a key that is pressed again is about the text that its first press leaves. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = turn.then(work);
  turn = done.catch(() => undefined);
  return done;
}

/** For all rows of an outline in one edit, or for the tasks of the selection. */
function make<M extends EditMethod>(
  context: Context,
  method: M,
  row: Row | undefined,
  selection: readonly Row[] | undefined,
  more: Omit<Requests[M]["params"], keyof EditParams>,
): Promise<EditResult | undefined> {
  const send = (at: EditParams): Promise<EditResult | undefined> =>
    tell(context.server.request(method, { ...at, ...more }) as Promise<EditResult>);
  return inTurn(async () => {
    if (isRow(row)) {
      let last: EditResult | undefined;
      for (const [uri, nodeIds] of nodesOf(context.tree.chosen(row, selection))) {
        last = await send(nodeIds.length === 1 ? { uri, nodeId: nodeIds[0] ?? null } : { uri, nodeIds });
      }
      return last;
    }
    const place = atCursor();
    if (place === undefined) {
      return undefined;
    }
    const result = await send({ uri: place.uri, version: place.version, range: place.range });
    if (result?.moved !== undefined && result.moved !== 0) {
      follow(place.editor, place.range.start.line, result.moved);
    }
    return result;
  });
}

/** The cursor goes with its task, unless the editor already took it along. */
function follow(editor: vscode.TextEditor, before: number, moved: number): void {
  const { anchor, active } = editor.selection;
  if (editor.selection.start.line !== before) {
    return;
  }
  const shifted = (place: vscode.Position): vscode.Position => editor.document.validatePosition(place.translate(moved));
  editor.selection = new vscode.Selection(shifted(anchor), shifted(active));
  editor.revealRange(editor.selection);
}

export const cycleStatus = (context: Context, row?: Row, selection?: Row[]): Promise<unknown> =>
  make(context, "orchestrator/edit/status/cycle", row, selection, {});
export const promote = (context: Context, row?: Row, selection?: Row[]): Promise<unknown> =>
  make(context, "orchestrator/edit/promote", row, selection, {});
export const demote = (context: Context, row?: Row, selection?: Row[]): Promise<unknown> =>
  make(context, "orchestrator/edit/demote", row, selection, {});
export const moveUp = (context: Context, row?: Row, selection?: Row[]): Promise<unknown> =>
  make(context, "orchestrator/edit/move", row, selection, { steps: -1 });
export const moveDown = (context: Context, row?: Row, selection?: Row[]): Promise<unknown> =>
  make(context, "orchestrator/edit/move", row, selection, { steps: 1 });
export const sort = (context: Context, row?: Row): Promise<unknown> => make(context, "orchestrator/edit/sort", row, undefined, {});
export const assignIds = (context: Context, row?: Row, selection?: Row[]): Promise<unknown> =>
  make(context, "orchestrator/edit/ids/assign", row, selection, {});

const STATUSES: { label: string; status: EditStatusSetParams["status"]; asks?: string }[] = [
  { label: "$(circle-large-outline) Pending", status: "pending" },
  { label: "$(circle-large-filled) In progress", status: "inProgress" },
  { label: "$(pass-filled) Completed", status: "completed" },
  { label: "$(circle-slash) Cancelled", status: "cancelled" },
  { label: "$(error) Failed…", status: "failed", asks: "Why did it fail?" },
  { label: "$(question) Waits for an answer…", status: "asking", asks: "What has to be answered?" },
];

export async function setStatus(context: Context, row?: Row, selection?: Row[]): Promise<void> {
  const picked = await vscode.window.showQuickPick(STATUSES, { title: "Set Status" });
  if (picked === undefined) {
    return;
  }
  const reason = picked.asks === undefined ? null : await vscode.window.showInputBox({ title: picked.asks });
  if (reason !== undefined) {
    await make(context, "orchestrator/edit/status/set", row, selection, { status: picked.status, reason });
  }
}

export const setMode = (context: Context, row?: Row, selection?: Row[]): Promise<void> =>
  setValue(context, row, selection, "mode", [
    { label: "interactive", detail: "You are asked before it runs." },
    { label: "auto", detail: "It runs by itself when its branch is run." },
  ]);
export const setModel = (context: Context, row?: Row, selection?: Row[]): Promise<void> =>
  setValue(context, row, selection, "model", [{ label: "fast" }, { label: "balanced" }, { label: "strong" }]);
export const setExecutor = (context: Context, row?: Row, selection?: Row[]): Promise<void> =>
  setValue(context, row, selection, "executor", [
    { label: "answer", detail: "Writes text." },
    { label: "code", detail: "Proposes edits of files, which you approve." },
    { label: "research", detail: "Reads the workspace; every claim names its place." },
    { label: "review", detail: "Finds faults; they become problems of the files." },
  ]);

async function setValue(
  context: Context,
  row: Row | undefined,
  selection: Row[] | undefined,
  key: EditValueSetParams["key"],
  choices: vscode.QuickPickItem[],
): Promise<void> {
  const inherit = { label: "$(discard) As inherited", detail: "Take the field away." };
  const picked = await vscode.window.showQuickPick([...choices, inherit], { title: `Set ${key}` });
  if (picked !== undefined) {
    const value = picked === inherit ? null : picked.label;
    await make(context, "orchestrator/edit/value/set", row, selection, { key, value });
  }
}

export const addSubtask = (context: Context, row?: Row): Promise<void> => add(context, "orchestrator/edit/subtask/add", row);
export const addTask = (context: Context, row?: Row): Promise<void> => add(context, "orchestrator/edit/sibling/add", row);

/** With the cursor behind the new check box, ready to type. */
async function add(
  context: Context,
  method: "orchestrator/edit/subtask/add" | "orchestrator/edit/sibling/add",
  row: Row | undefined,
): Promise<void> {
  const result = await make(context, method, row, undefined, {});
  if (result === undefined) {
    return;
  }
  const uri = isRow(row) && "uri" in row ? row.uri : atCursor()?.uri;
  const line = await newLine(uri, row, result);
  if (uri !== undefined && line !== undefined) {
    await show(uri, line);
  }
}

/** The empty task: the last one below, or the one behind. */
async function newLine(uri: string | undefined, row: Row | undefined, result: EditResult): Promise<number | undefined> {
  if (uri === undefined || result.position == null) {
    return undefined;
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  for (let line = result.position.line + (isRow(row) ? 0 : 1); line < document.lineCount; line += 1) {
    if (/^\s*(?:[-*+]|\d+[.)])\s+\[ \]\s*$/.test(document.lineAt(line).text)) {
      return line;
    }
  }
  return undefined;
}

export const addAcceptance = (context: Context, row?: Row): Promise<unknown> =>
  make(context, "orchestrator/edit/acceptance/add", row, undefined, {});

/** A link that opens the task in VS Code. It needs an id, which the task gets. */
export async function copyLink(context: Context, row?: Row): Promise<void> {
  await make(context, "orchestrator/edit/ids/assign", row, undefined, {});
  const place = isRow(row) ? undefined : atCursor();
  let taskId: string | null | undefined;
  if (isRow(row) && row.kind === "node") {
    taskId = context.tree.tree(row.uri).row(row.node.nodeId)?.node.taskId ?? (await idOf(context, row.uri, row.node.nodeId));
  } else if (place !== undefined) {
    const located = await tell(context.server.request("orchestrator/tree/locate", { uri: place.uri, position: place.position }));
    taskId = located === undefined ? undefined : await idOf(context, place.uri, located.nodeId);
  }
  if (taskId != null) {
    const { id } = context.extension.extension;
    await vscode.env.clipboard.writeText(`${vscode.env.uriScheme}://${id}/task/${taskId}`);
    vscode.window.setStatusBarMessage("The link is in the clipboard.", 4000);
  }
}

async function idOf(context: Context, uri: string, nodeId: string): Promise<string | undefined> {
  const located = await context.server.request("orchestrator/tree/locate", { uri, nodeId });
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  return /\s\^([A-Za-z0-9-]+)\s*$/.exec(document.lineAt(located.range.start.line).text)?.[1];
}

export async function newOutline(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    title: "New Outline",
    saveLabel: "Create",
    filters: { Outline: ["md"] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, "plan.tasks.md") }),
  });
  if (uri === undefined) {
    return;
  }
  // Under a name of another kind it says itself that it is one.
  const head = isOutline(path.basename(uri.path), "") ? "" : "---\norchestrator: 1\n---\n";
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(`${head}# Plan\n\n- [ ] \n`));
  await show(uri.toString(), head === "" ? 2 : 5);
}
