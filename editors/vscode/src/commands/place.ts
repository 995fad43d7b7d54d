/** Which task a command is about: a row of the tree, or the cursor and the selection of the editor. */

import * as path from "node:path";
import * as vscode from "vscode";

import type { Range } from "../generated/protocol";
import { isOutline } from "../outlines";
import { isOpenOutline } from "../tree/files";

export interface AtCursor {
  editor: vscode.TextEditor;
  uri: string;
  version: number;
  position: { line: number; character: number };
  range: Range;
}

/**
 * As `atCursor`, for commands that are offered where no text is in front, such as the pages of Get Started: the only
 * outline that is open comes to the front first, with its cursor where it was.
 */
export async function atTask(): Promise<AtCursor | undefined> {
  if (vscode.window.activeTextEditor === undefined) {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const inputs = tabs.flatMap(({ input, group }) => (input instanceof vscode.TabInputText ? [{ uri: input.uri, viewColumn: group.viewColumn }] : []));
    const [only, ...others] = inputs.filter(({ uri }) => isOutline(path.basename(uri.path), ""));
    if (only !== undefined && others.every(({ uri }) => uri.toString() === only.uri.toString())) {
      await vscode.window.showTextDocument(only.uri, { viewColumn: only.viewColumn, preview: false });
    }
  }
  return atCursor();
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
  const end = document.lineAt(Math.min(line, document.lineCount - 1)).range.end;
  const visible = vscode.window.visibleTextEditors.find((editor) => editor.document === document);
  const editor = await vscode.window.showTextDocument(document, {
    preserveFocus,
    preview: false,
    viewColumn: visible?.viewColumn ?? column,
    selection: new vscode.Range(end, end), // with it, and not behind it: whoever types at once types there
  });
  editor.revealRange(place, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  return editor;
}
