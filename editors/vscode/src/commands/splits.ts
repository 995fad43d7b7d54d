/** Commands about proposals. Each means the given row or zone, else the proposal of the active outline. */

import * as vscode from "vscode";

import type { Context } from "../context";
import type { SplitStartParams } from "../generated/protocol";
import type { GhostComment } from "../ghosts/threads";
import { isRow, type Row } from "../tree/rows";
import { shortened } from "../words";
import { activeOutline, atTask } from "./place";

export async function split(context: Context, row?: Row): Promise<void> {
  await start(context, row, {});
}

export async function splitRecursively(context: Context, row?: Row): Promise<void> {
  const levels = vscode.workspace.getConfiguration("orchestrator").get("split.maxDepth", 2);
  await start(context, row, { levels });
}

export async function replan(context: Context, row?: Row): Promise<void> {
  await start(context, row, { replan: true });
}

export async function expand(context: Context): Promise<void> {
  const place = await atTask();
  if (place !== undefined) {
    await context.splits.start({ uri: place.uri, version: place.version, position: place.position, idea: true });
  }
}

async function start(context: Context, row: Row | undefined, more: Partial<SplitStartParams>): Promise<void> {
  if (isRow(row) && row.kind === "node") {
    await context.splits.start({ uri: row.uri, nodeId: row.node.nodeId, ...more });
    return;
  }
  const place = await atTask();
  if (place !== undefined) {
    await context.splits.start({ uri: place.uri, version: place.version, position: place.position, ...more });
  }
}

export async function accept(context: Context, given?: unknown): Promise<void> {
  const runId = await chosen(context, given);
  if (runId !== undefined) {
    await context.splits.accept(runId);
  }
}

/** One subtask (and its parents), or one change of a re-plan. */
export async function acceptOne(context: Context, given?: Row | GhostComment): Promise<void> {
  if (isRow(given) && given.kind === "ghost") {
    await context.splits.accept(given.runId, [given.ghost.path]);
  } else if (isRow(given) && given.kind === "change") {
    await context.splits.accept(given.runId, [[given.index]]);
  } else if (given !== undefined && "path" in given) {
    await context.splits.accept(given.runId, [given.path]);
  } else {
    await pickOne(context);
  }
}

async function pickOne(context: Context): Promise<void> {
  const runId = await chosen(context, undefined);
  const preview = runId === undefined ? undefined : context.proposals.get(runId);
  if (preview === undefined) {
    return;
  }
  const picked = await vscode.window.showQuickPick(
    (preview.children ?? []).map((task, index) => ({ label: task.title, detail: shortened(task.description ?? "", 120), index })),
    { title: "Accept Some Subtasks", canPickMany: true },
  );
  if (picked !== undefined && picked.length > 0) {
    await context.splits.accept(preview.runId, picked.map((one) => [one.index]));
  }
}

export async function edit(context: Context, given?: unknown): Promise<void> {
  const runId = await chosen(context, given);
  if (runId !== undefined) {
    await context.splits.edit(runId);
  }
}

export async function use(context: Context): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document !== undefined) {
    await context.splits.use(document);
  }
}

export async function discard(context: Context, given?: unknown): Promise<void> {
  const runId = await chosen(context, given);
  if (runId !== undefined) {
    await context.splits.discard(runId);
  }
}

/** Of a row of the tree, of a zone in the editor, or the one of the active outline; the person picks among several. */
async function chosen(context: Context, given: unknown): Promise<string | undefined> {
  if (isRow(given)) {
    if ("runId" in given) {
      return given.runId;
    }
    if (given.kind === "node") {
      return context.proposals.at(given.uri, given.node.nodeId)?.runId;
    }
  }
  if (typeof given === "object" && given !== null && "comments" in given) {
    return context.threads.runOf(given as vscode.CommentThread);
  }
  const outline = activeOutline();
  const here = outline === undefined ? [] : context.proposals.of(outline.uri.toString());
  const open = here.length > 0 ? here : context.proposals.all();
  if (open.length === 0) {
    void vscode.window.showInformationMessage("There is no proposal. “Orchestrator: Split Task” asks for one.");
    return undefined;
  }
  if (open.length === 1) {
    return open[0]?.runId;
  }
  const picked = await vscode.window.showQuickPick(
    open.map((preview) => ({ label: shortened(preview.title), runId: preview.runId })),
    { title: "Which Proposal?" },
  );
  return picked?.runId;
}
