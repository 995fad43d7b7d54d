/** Dragging branches in the tree: what is dropped on a task or section becomes the last below it, in the file. */

import * as vscode from "vscode";

import type { ServerControl } from "../server/control";
import { tell } from "../talk";
import type { Row } from "./rows";

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
      for (const row of rows as Row[]) {
        if (row.kind !== "node" || row === target) {
          continue;
        }
        if (row.uri !== target.uri) {
          void vscode.window.showInformationMessage("A branch can be dragged within its file. Cut and paste moves it to another one.");
          return;
        }
        const place = { uri: row.uri, nodeId: row.node.nodeId, parentId: target.node.nodeId };
        await tell(server.request("orchestrator/edit/into", place));
      }
    },
  };
}
