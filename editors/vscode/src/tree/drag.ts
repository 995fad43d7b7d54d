/**
 * Dragging branches in the tree: what is dropped on a task or section becomes the last below it, in the file.
 *
 * What is dragged is named, not handed over: VS Code makes JSON of it, which rows that know their parents cannot be.
 *
 * Invariant: a drop moves what was dragged or says why it does not ("a branch is dragged into another task",
 * test_branches_are_dragged_with_the_mouse).
 */

import * as vscode from "vscode";

import type { ServerControl } from "../server/control";
import { tell } from "../talk";
import { nodesOf, type Row } from "./rows";

const KIND = "application/vnd.code.tree.orchestrator.tasks";

interface Dragged {
  uri: string;
  nodeIds: string[];
}

export function dragAndDrop(server: ServerControl): vscode.TreeDragAndDropController<Row> {
  return {
    dragMimeTypes: ["text/uri-list"],
    dropMimeTypes: [KIND],
    handleDrag(rows, transfer): void {
      const tasks = rows.filter((row) => row.kind === "node" && row.node.kind === "task");
      const dragged: Dragged[] = [...nodesOf(tasks)].map(([uri, nodeIds]) => ({ uri, nodeIds }));
      transfer.set(KIND, new vscode.DataTransferItem(dragged));
    },
    async handleDrop(target, transfer): Promise<void> {
      const dragged: unknown = transfer.get(KIND)?.value;
      const refused = await drop(server, target, Array.isArray(dragged) ? (dragged as Dragged[]) : undefined);
      if (refused !== undefined) {
        void vscode.window.showInformationMessage(refused);
      }
    },
  };
}

/** The answer says why nothing was moved. */
async function drop(server: ServerControl, target: Row | undefined, dragged: Dragged[] | undefined): Promise<string | undefined> {
  if (dragged === undefined) {
    return "A branch can be dragged within its window. Cut and paste moves it to another one.";
  }
  const [from] = dragged;
  if (from === undefined) {
    return "Only tasks can be dragged. Cut and paste moves a section with all that is in it.";
  }
  if (target?.kind !== "node") {
    return "Drop a branch on a task or a section: it becomes the last below it.";
  }
  if (dragged.length > 1 || from.uri !== target.uri) {
    return "A branch can be dragged within its file. Cut and paste moves it to another one.";
  }
  const nodeIds = from.nodeIds.filter((nodeId) => nodeId !== target.node.nodeId);
  if (nodeIds.length > 0) {
    await vscode.workspace.openTextDocument(vscode.Uri.parse(target.uri)); // VS Code may have closed it meanwhile
    await tell(server.request("orchestrator/edit/into", { uri: target.uri, nodeIds, parentId: target.node.nodeId }));
  }
  return undefined;
}
