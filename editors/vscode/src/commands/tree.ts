/** Commands of the task tree. */

import * as vscode from "vscode";

import type { Context } from "../context";
import { tell } from "../talk";
import type { Filter, MoreRow, Row } from "../tree/view";
import { activeOutline, show } from "./place";

export async function open(context: Context, row: Row): Promise<void> {
  if (row.kind === "file") {
    await vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(row.uri), { preserveFocus: true });
  } else if (row.kind === "node") {
    await vscode.workspace.openTextDocument(vscode.Uri.parse(row.uri));
    const located = await tell(context.server.request("orchestrator/tree/locate", { uri: row.uri, nodeId: row.node.nodeId }));
    if (located !== undefined) {
      await show(row.uri, located.selectionRange.start.line, true);
    }
  }
}

export async function more(context: Context, row: MoreRow): Promise<void> {
  await context.tree.more(row);
}

export function refresh(context: Context): void {
  context.tree.reload();
}

export async function reveal(context: Context): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const outline = activeOutline();
  if (editor !== undefined && outline !== undefined) {
    await vscode.commands.executeCommand("orchestrator.tasks.focus");
    await context.tree.reveal(outline.uri.toString(), { position: editor.selection.active }, true);
  }
}

export async function filter(context: Context): Promise<void> {
  const choices: { label: string; detail: string; filter: Filter }[] = [
    { label: "All tasks", detail: "Nothing is hidden.", filter: "all" },
    { label: "Open tasks", detail: "What is completed or cancelled, with all below it, is hidden.", filter: "open" },
    { label: "Failed and asking", detail: "What went wrong, or waits for an answer.", filter: "attention" },
  ];
  const picked = await vscode.window.showQuickPick(
    choices.map((choice) => ({ ...choice, picked: choice.filter === context.tree.currentFilter })),
    { title: "Show Which Tasks?" },
  );
  if (picked !== undefined) {
    context.tree.setFilter(picked.filter);
  }
}

export function clearFilter(context: Context): void {
  context.tree.setFilter("all");
}

export function follow(context: Context): void {
  context.tree.toggleFollow();
}

/** By their titles, in all outlines of the workspace, opened or not. */
export async function find(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.quickOpen", "#");
}
