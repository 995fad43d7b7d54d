/** Where a text is saved: asked in VS Code's own dialog, with a name that can be taken as it is. */

import * as vscode from "vscode";

/** Undefined: the person left the dialog. */
export async function saveAs(title: string, name: string, kinds: Record<string, string[]>): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const place = folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) };
  return vscode.window.showSaveDialog({ title, filters: kinds, ...place });
}

/** And say so, with a way to it. */
export async function written(to: vscode.Uri, text: string, words: string): Promise<void> {
  await vscode.workspace.fs.writeFile(to, new TextEncoder().encode(text));
  const open = "Open";
  if ((await vscode.window.showInformationMessage(words, open)) === open) {
    await vscode.commands.executeCommand("vscode.open", to);
  }
}
