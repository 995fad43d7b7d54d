/** Dragging branches in the tree: what is dropped on a task or section becomes the last below it, in the file. */

import * as vscode from "vscode";

import type { ServerControl } from "../server/control";
import { tell } from "../talk";
import { nodesOf, type Row } from "./rows";

const KIND = "application/vnd.code.tree.orchestrator.tasks";

export function dragAndDrop(server: ServerControl): vscode.TreeDragAndDropController<Row> {
  return {
    dragMimeTypes: ["text/uri-list"],
    dropMimeTypes: [KIND],
    handleDrag(rows, transfer): void {
      const tasks = rows.filter((row) => row.kind === "node" && row.node.kind === "task");
      if (tasks.length > 0) {
        transfer.set(KIND, new vscode.DataTransferItem(tasks));
      }
    },
    async handleDrop(target, transfer): Promise<void> {
      const rows: unknown = transfer.get(KIND)?.value;
      if (target?.kind !== "node" || !Array.isArray(rows)) {
        return;
      }
      const nodes = nodesOf((rows as Row[]).filter((row) => row !== target));
      if ([...nodes.keys()].some((uri) => uri !== target.uri)) {
        void vscode.window.showInformationMessage("A branch can be dragged within its file. Cut and paste moves it to another one.");
        return;
      }
      for (const nodeId of nodes.get(target.uri) ?? []) {
        await tell(server.request("orchestrator/edit/into", { uri: target.uri, nodeId, parentId: target.node.nodeId }));
      }
    },
  };
}
