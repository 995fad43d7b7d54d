/** Which task a command is about: a row of the tree, or the cursor and the selection of the editor. */

import * as vscode from "vscode";

import type { Range } from "../generated/protocol";
import { isOpenOutline } from "../tree/files";

export interface AtCursor {
  editor: vscode.TextEditor;
  uri: string;
  version: number;
  position: { line: number; character: number };
  range: Range;
}

/** The place in the active editor; says what to do where there is none. */
export function atCursor(): AtCursor | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId !== "markdown") {
    void vscode.window.showInformationMessage("Open an outline and put the cursor on a task first.");
    return undefined;
  }
  const { active, start, end } = editor.selection;
  return {
    editor,
    uri: editor.document.uri.toString(),
    version: editor.document.version,
    position: { line: active.line, character: active.character },
    range: {
      start: { line: start.line, character: start.character },
      end: { line: end.line, character: end.character },
    },
  };
}

/** The active outline, else the only one that is visible. */
export function activeOutline(): vscode.TextDocument | undefined {
  const active = vscode.window.activeTextEditor?.document;
  if (active !== undefined && isOpenOutline(active)) {
    return active;
  }
  const visible = vscode.window.visibleTextEditors.map((editor) => editor.document).filter(isOpenOutline);
  return visible.length === 1 ? visible[0] : undefined;
}

/** An editor that shows the document: the one that is there if possible, else one in `column`. */
export async function show(
  uri: string,
  line: number,
  preserveFocus = false,
  column: vscode.ViewColumn = vscode.ViewColumn.Active,
): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  const place = new vscode.Range(line, 0, line, 0);
  const visible = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
  const editor = await vscode.window.showTextDocument(document, {
    preserveFocus,
    preview: false,
    viewColumn: visible?.viewColumn ?? column,
  });
  const end = document.lineAt(Math.min(line, document.lineCount - 1)).range.end;
  editor.selection = new vscode.Selection(end, end);
  editor.revealRange(place, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return editor;
}
