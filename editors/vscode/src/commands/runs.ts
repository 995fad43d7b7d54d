/** Commands about runs and about what waits for a person. */

import * as vscode from "vscode";

import type { Context } from "../context";
import type { ApprovalInfo, RunPlaceParams, RunStartParams } from "../generated/protocol";
import { tell } from "../talk";
import { isRow, nodesOf, type Row } from "../tree/rows";
import type { RunRow, RunTaskRow } from "../views/runs";
import { counted, money, shortened } from "../words";
import { activeOutline, atTask, show } from "./place";

/** What is selected in one outline is one run. */
export async function run(context: Context, row?: Row, selection?: readonly Row[]): Promise<void> {
  const several = isRow(row) ? [...nodesOf(context.tree.chosen(row, selection))] : [];
  const starts: RunStartParams[] = isRow(row)
    ? several.map(([uri, nodeIds]) => (nodeIds.length === 1 ? { uri, nodeId: nodeIds[0] ?? null } : { uri, nodeIds }))
    : await places(row);
  for (const at of starts) {
    await tell(context.server.request("orchestrator/run/start", at));
  }
  context.live.refresh();
}

export async function runOutline(context: Context, row?: Row): Promise<void> {
  const uri = isRow(row) && row.kind === "file" ? row.uri : activeOutline()?.uri.toString();
  if (uri === undefined) {
    void vscode.window.showInformationMessage("Open the outline that is to be run first.");
    return;
  }
  await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  const estimated = await tell(context.server.request("orchestrator/run/estimate", { uri }));
  if (estimated === undefined) {
    return;
  }
  const cost = estimated.costUsd === null ? "cost unknown" : range(estimated.costUsd, money);
  const start = "Run";
  const chosen = await vscode.window.showInformationMessage(
    `Run ${counted(estimated.tasks, "task")} of this outline?`,
    { modal: true, detail: `${range(estimated.calls)} calls to ${estimated.model}, ${cost}.` },
    start,
  );
  if (chosen === start) {
    await tell(context.server.request("orchestrator/run/start", { uri }));
    context.live.refresh();
  }
}

export async function estimate(context: Context, row?: Row): Promise<void> {
  const [at] = await places(row);
  if (at === undefined) {
    return;
  }
  const found = await tell(context.server.request("orchestrator/run/estimate", at));
  if (found !== undefined) {
    const cost = found.costUsd === null ? "the price is not known" : range(found.costUsd, money);
    void vscode.window.showInformationMessage(
      `${counted(found.tasks, "task")}: ${range(found.calls)} calls to ${found.model}, ${cost}.`,
    );
  }
}

function range(pair: number[], words: (value: number) => string = String): string {
  const [least, most] = [pair[0] ?? 0, pair.at(-1) ?? 0];
  return least === most ? words(least) : `${words(least)} to ${words(most)}`;
}

async function places(row: Row | undefined): Promise<RunPlaceParams[]> {
  if (isRow(row)) {
    return [...nodesOf([row])].map(([uri, [nodeId]]) => ({ uri, nodeId: nodeId ?? null }));
  }
  const place = await atTask();
  return place === undefined ? [] : [{ uri: place.uri, version: place.version, position: place.position }];
}

/** Of a task: what runs there. Of a run: all of it. Else the only run, or the one that is picked. */
export async function stop(context: Context, row?: Row | RunRow | RunTaskRow): Promise<void> {
  if (row?.kind === "run") {
    await halt(context, row.run.runId);
    return;
  }
  if (row?.kind === "task") {
    await halt(context, row.run.runId, row.task.taskId);
    return;
  }
  if (row?.kind === "node") {
    const task = context.live.taskAt(row.uri, row.node.nodeId, row.node.taskId);
    if (task !== undefined) {
      await halt(context, task.runId, task.taskId === "" ? undefined : task.taskId);
      return;
    }
  }
  const { running } = context.live;
  if (running.length === 0) {
    void vscode.window.showInformationMessage("Nothing runs.");
    return;
  }
  const picked =
    running.length === 1
      ? running[0]
      : (
          await vscode.window.showQuickPick(
            running.map((one) => ({ label: shortened(one.title), run: one })),
            { title: "Stop Which Run?" },
          )
        )?.run;
  if (picked !== undefined) {
    await halt(context, picked.runId);
  }
}

async function halt(context: Context, runId: string, taskId?: string): Promise<void> {
  await tell(context.server.request("orchestrator/run/stop", { runId, taskId: taskId ?? null }));
  context.live.refresh();
}

export async function resume(context: Context, row?: RunRow): Promise<void> {
  const resumable = context.live.runs.filter((one) => one.resumable);
  const chosen =
    row?.run ??
    (resumable.length <= 1
      ? resumable[0]
      : (
          await vscode.window.showQuickPick(
            resumable.map((one) => ({ label: shortened(one.title), description: one.reason, run: one })),
            { title: "Resume Which Run?" },
          )
        )?.run);
  if (chosen === undefined) {
    void vscode.window.showInformationMessage("There is no run that could be resumed.");
    return;
  }
  await vscode.workspace.openTextDocument(vscode.Uri.parse(chosen.uri));
  await tell(context.server.request("orchestrator/run/resume", { runId: chosen.runId }));
  context.live.refresh();
}

export async function giveUp(context: Context, row?: RunRow): Promise<void> {
  if (row !== undefined) {
    await tell(context.server.request("orchestrator/run/resume", { runId: row.run.runId, giveUp: true }));
    context.live.refresh();
  }
}

export function refresh(context: Context): void {
  context.live.refresh();
}

export async function showTask(context: Context, row: RunTaskRow): Promise<void> {
  await openTask(context, vscode.Uri.parse(row.run.uri).toString(), row.task.taskId);
}

export async function answer(context: Context, given?: ApprovalInfo): Promise<void> {
  const approval = await context.inbox.choose(given);
  if (approval === undefined) {
    void vscode.window.showInformationMessage("Nothing waits for you.");
    return;
  }
  await context.inbox.answer(approval);
}

export async function allow(context: Context, approval: ApprovalInfo): Promise<void> {
  await context.inbox.send(approval, "Allow");
}

export async function refuse(context: Context, approval: ApprovalInfo): Promise<void> {
  await context.inbox.send(approval, "Refuse");
}

export async function diff(context: Context, given?: ApprovalInfo): Promise<void> {
  const approval = await context.inbox.choose(given);
  if (approval !== undefined) {
    await context.files.show(approval);
  }
}

export async function showApprovalTask(context: Context, approval: ApprovalInfo): Promise<void> {
  const found = context.live.runs.find((one) => one.runId === approval.runId);
  if (found !== undefined && approval.taskId !== null) {
    await openTask(context, vscode.Uri.parse(found.uri).toString(), approval.taskId);
  }
}

/** By its id, in the outline where the run found it. */
async function openTask(context: Context, uri: string, taskId: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  const lines = document.getText().split(/\r\n|\r|\n/);
  const line = lines.findIndex((text) => text.trimEnd().endsWith(`^${taskId}`));
  if (line < 0) {
    void vscode.window.showInformationMessage("This task is not in the outline any more.");
    return;
  }
  await show(uri, line);
  await context.tree.reveal(uri, { position: new vscode.Position(line, 0) }, false);
}
