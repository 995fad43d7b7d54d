/**
 * Deleting branches: here, because where one begins and ends is all that the server has to say.
 *
 * Invariant: what is selected in one outline goes in one edit, and one undo brings it back
 * (test_what_is_selected_is_deleted_and_brought_back).
 */

import * as vscode from "vscode";

import type { Context } from "../context";
import { lastLineOf } from "../ghosts/threads";
import { tell } from "../talk";
import { isRow, nodesOf, type Row } from "../tree/rows";
import { counted } from "../words";

export async function remove(context: Context, row?: Row, selection?: readonly Row[]): Promise<void> {
  const tasks = isRow(row) ? context.tree.chosen(row, selection).filter((one) => one.kind === "node" && one.node.kind === "task") : [];
  if (tasks.length === 0) {
    void vscode.window.showInformationMessage("Select a task in the tree first.");
    return;
  }
  for (const [uri, nodeIds] of nodesOf(tasks)) {
    await tell(removeIn(context, vscode.Uri.parse(uri), nodeIds));
  }
}

async function removeIn(context: Context, uri: vscode.Uri, nodeIds: readonly string[]): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const { version } = document;
  const located = await Promise.all(nodeIds.map((nodeId) => context.server.request("orchestrator/tree/locate", { uri: uri.toString(), nodeId })));
  if (document.version !== version) {
    throw new Error("The outline has just changed. Delete the tasks again.");
  }
  const edit = new vscode.WorkspaceEdit();
  let end = -1;
  let count = 0;
  for (const { range } of located.toSorted((one, other) => one.range.start.line - other.range.start.line)) {
    if (range.start.line > end) {
      end = lastLineOf(range); // what stands below one that goes has gone with it
      edit.delete(uri, linesOf(document, range.start.line, end));
      count += 1;
    }
  }
  if (await vscode.workspace.applyEdit(edit)) {
    vscode.window.setStatusBarMessage(`${counted(count, "task")} deleted; undo brings ${count === 1 ? "it" : "them"} back.`, 5000);
  }
}

/** Whole lines, with the end of the line before where nothing follows. */
function linesOf(document: vscode.TextDocument, first: number, last: number): vscode.Range {
  if (last + 1 < document.lineCount) {
    return new vscode.Range(first, 0, last + 1, 0);
  }
  const start = first === 0 ? new vscode.Position(0, 0) : document.lineAt(first - 1).range.end;
  return new vscode.Range(start, document.lineAt(last).range.end);
}
