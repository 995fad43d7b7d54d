/**
 * `vscode://…/task/<id>`: links from outside.
 *
 * Invariant: a link names an id and nothing else; a path or a command in it is refused ("a link is an id").
 */

import * as vscode from "vscode";

import { idOfLink } from "./link_form";

export async function openLink(uri: vscode.Uri, open: (id: string) => Promise<boolean>): Promise<void> {
  const id = idOfLink(uri);
  if (id === undefined) {
    void vscode.window.showWarningMessage("This link names no task: a link to one ends in /task/ and its id.");
  } else if (!(await open(id))) {
    void vscode.window.showWarningMessage(`No outline of the open workspaces has a task ^${id}. Open its folder, then follow the link again.`);
  }
}
