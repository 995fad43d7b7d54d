/** Commands about documents that are in no file: conversations as text, contexts, logs of runs. */

import * as vscode from "vscode";

import type { Context } from "../context";
import { DOCUMENT_SCHEME, type DocumentKind, pathOf } from "../documents";
import type { ContextParams } from "../generated/protocol";
import { tell } from "../talk";
import { isRow, type Row } from "../tree/rows";
import type { RunRow, RunTaskRow } from "../views/runs";
import { ago, shortened } from "../words";
import { atCursor } from "./place";

export async function open(context: Context, kind: DocumentKind, name: string): Promise<void> {
  const uri = vscode.Uri.from({ scheme: DOCUMENT_SCHEME, path: pathOf(kind, name) });
  context.server.refreshDocument(uri);
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
}

/** As it stands now. */
export function refresh(context: Context, given?: vscode.Uri): void {
  const uri = given ?? vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === DOCUMENT_SCHEME) {
    context.server.refreshDocument(uri);
  }
}

/** What happened in a run, call by call. */
export async function runLog(context: Context, row?: RunRow | RunTaskRow): Promise<void> {
  const runId = row?.run.runId ?? (await pickRun(context));
  if (runId !== undefined) {
    await open(context, "run", runId);
  }
}

async function pickRun(context: Context): Promise<string | undefined> {
  const { runs } = await context.server.request("orchestrator/run/list", { limit: 200 });
  if (runs.length === 0) {
    void vscode.window.showInformationMessage("There is no run yet.");
    return undefined;
  }
  const now = Date.now() / 1000;
  const picked = await vscode.window.showQuickPick(
    runs.map((run) => ({ label: shortened(run.title, 80), description: `${run.state} · ${ago(run.started, now)}`, id: run.runId })),
    { title: "The Log of Which Run?", matchOnDescription: true },
  );
  return picked?.id;
}

const PURPOSES: { label: string; detail: string; purpose: NonNullable<ContextParams["purpose"]> }[] = [
  { label: "Do it", detail: "What the model is sent that does the task.", purpose: "execute" },
  { label: "Split it", detail: "What the model is sent that plans subtasks.", purpose: "plan" },
  { label: "Decide", detail: "What the model is sent that judges whether it needs subtasks.", purpose: "decide" },
  { label: "Verify it", detail: "What the model is sent that judges what doing it came to last.", purpose: "verify" },
  { label: "Sum it up", detail: "What the model is sent that sums up the results of its subtasks.", purpose: "aggregate" },
];

/** To the last character, with tokens. Nothing is sent. */
export async function showContext(context: Context, row?: Row): Promise<void> {
  const place = isRow(row) ? undefined : atCursor();
  const at = isRow(row) && row.kind === "node" ? { uri: row.uri, nodeId: row.node.nodeId } : place && { uri: place.uri, version: place.version, position: place.position };
  if (at === undefined) {
    return;
  }
  const picked = await vscode.window.showQuickPick(PURPOSES, { title: "What Would a Model Be Sent to …" });
  if (picked === undefined) {
    return;
  }
  await vscode.workspace.openTextDocument(vscode.Uri.parse(at.uri));
  const found = await tell(context.server.request("orchestrator/context", { ...at, purpose: picked.purpose }));
  if (found !== undefined) {
    await context.texts.show(`context-${picked.purpose}.md`, found.document);
  }
}
