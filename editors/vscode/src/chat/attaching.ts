/** What a person attaches to a message: files of the workspace, and lines of an editor. */

import * as path from "node:path";
import * as vscode from "vscode";

import type { ChatAttachment } from "../generated/protocol";

export type Attachment = ChatAttachment & { name: string };

const MOST_FILES = 2000;

/** The selected lines of an editor that shows a file. */
export function selectionOf(editor: vscode.TextEditor | undefined): Attachment | undefined {
  if (editor === undefined || editor.selection.isEmpty || editor.document.uri.scheme !== "file") {
    return undefined;
  }
  const { start, end } = editor.selection;
  // A selection that ends before the first character of a line does not mean that line.
  const last = end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
  return {
    name: `${path.posix.basename(editor.document.uri.path)}:${start.line + 1}-${last + 1}`,
    uri: editor.document.uri.toString(),
    range: { start: { line: start.line, character: 0 }, end: { line: last + 1, character: 0 } },
  };
}

export async function pickAttachments(editor: vscode.TextEditor | undefined): Promise<Attachment[]> {
  interface Choice extends vscode.QuickPickItem {
    attachment: Attachment;
  }
  const choices: Choice[] = [];
  const selection = selectionOf(editor);
  if (selection !== undefined) {
    choices.push({ label: "$(selection) The selection", description: selection.name, attachment: selection });
  }
  const files = await vscode.workspace.findFiles("**/*", "**/{node_modules,.git}/**", MOST_FILES);
  for (const uri of files) {
    const name = vscode.workspace.asRelativePath(uri);
    choices.push({ label: `$(file) ${name}`, attachment: { name, uri: uri.toString() } });
  }
  const picked = await vscode.window.showQuickPick(choices, {
    title: "Attach to the Next Message",
    matchOnDescription: true,
    canPickMany: true,
  });
  return (picked ?? []).map((choice) => choice.attachment);
}
