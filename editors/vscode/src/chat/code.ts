/**
 * Code of a message into a file: at the cursor, or as an edit that the person reads in VS Code's own diff first.
 *
 * Invariant: applying writes what the diff shows, or shows the diff again ("code is applied as it was shown").
 */

import * as path from "node:path";
import * as vscode from "vscode";

import { isOpenOutline } from "../tree/files";
import { ApplyError, fileOfDiff, isDiff, placed } from "./apply";
import { linkOf } from "./messages";

export const CODE_SCHEME = "orchestrator-code";

/** At the cursor of this editor; undo takes it back. */
export async function insertCode(editor: vscode.TextEditor | undefined, text: string): Promise<void> {
  if (editor === undefined) {
    void vscode.window.showInformationMessage("Open the file first that the code belongs to.");
    return;
  }
  await editor.edit((edit) => edit.replace(editor.selection, text.replace(/\n$/, "")));
}

interface Proposed {
  readonly code: string;
  readonly target: vscode.Uri;
  /** Undefined: the file is new. */
  readonly document: vscode.TextDocument | undefined;
  readonly selection: vscode.Range | undefined;
  /** Of the document when the diff was made. */
  version: number;
  changes: [vscode.Range, string][];
  after: string;
}

/** Edits that are shown and not made. */
export class CodeEdits implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly proposed = new Map<string, Proposed>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly disposables: vscode.Disposable[];
  private count = 0;

  constructor() {
    this.disposables = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(CODE_SCHEME, this),
      vscode.workspace.onDidCloseTextDocument((document) => this.proposed.delete(document.uri.toString())),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.proposed.get(uri.toString())?.after ?? "";
  }

  /** In the file that the message names, else in that of the editor. */
  async propose(editor: vscode.TextEditor | undefined, folder: vscode.Uri | undefined, code: string, file: string): Promise<void> {
    const named = fileNamed(folder, isDiff(code) ? fileOfDiff(code) || file : file);
    const isNew = named !== undefined && !isDiff(code) && !(await exists(named));
    const open = editor === undefined || isOpenOutline(editor.document) ? undefined : editor.document.uri;
    const target = named ?? open;
    if (target === undefined) {
      throw new ApplyError("Open the file first that the code belongs to, then apply it again.");
    }
    const document = isNew ? undefined : await vscode.workspace.openTextDocument(target);
    const selection = editor !== undefined && editor.document === document ? editor.selection : undefined;
    const one: Proposed = { code, target, document, selection, version: -1, changes: [], after: code };
    compute(one);
    this.count += 1;
    const uri = vscode.Uri.from({ scheme: CODE_SCHEME, path: target.path, query: String(this.count) });
    this.proposed.set(uri.toString(), one);
    const before = document?.uri ?? vscode.Uri.from({ scheme: CODE_SCHEME, path: target.path, query: "new" });
    const name = path.posix.basename(target.path);
    await vscode.commands.executeCommand("vscode.diff", before, uri, `${name} (from the conversation)`, { preview: true, viewColumn: vscode.ViewColumn.One });
    const apply = "Apply";
    const chosen = await vscode.window.showInformationMessage(isNew ? `Create ${name} with this code?` : `Apply this change to ${name}?`, apply, "Discard");
    if (chosen === apply) {
      await this.apply(uri);
    } else if (chosen !== undefined) {
      await this.discard(uri);
    }
  }

  /** As one step of undo; the file is not saved. */
  async apply(uri: vscode.Uri): Promise<void> {
    const one = this.proposed.get(uri.toString());
    if (one === undefined) {
      return;
    }
    if (one.document !== undefined && one.document.version !== one.version) {
      compute(one);
      this.changed.fire(uri);
      void vscode.window.showInformationMessage("The file was changed meanwhile. Look at the difference again, then apply it.");
      return;
    }
    const edit = new vscode.WorkspaceEdit();
    if (one.document === undefined) {
      edit.createFile(one.target, { contents: new TextEncoder().encode(one.after), ignoreIfExists: true });
    }
    for (const [range, text] of one.changes) {
      edit.replace(one.target, range, text);
    }
    if (!(await vscode.workspace.applyEdit(edit))) {
      throw new ApplyError("VS Code did not make the change. Copy the code and place it by hand.");
    }
    await this.discard(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(one.target), { viewColumn: vscode.ViewColumn.One });
  }

  /** Close what shows it. */
  async discard(uri: vscode.Uri): Promise<void> {
    this.proposed.delete(uri.toString());
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const showing = tabs.filter((tab) => tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.toString() === uri.toString());
    await vscode.window.tabGroups.close(showing);
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
  }
}

/** What it changes in the document as it stands now. */
function compute(one: Proposed): void {
  const { document } = one;
  if (document === undefined) {
    return;
  }
  one.version = document.version;
  one.changes = changesOf(document, one.selection, one.code);
  const text = document.getText();
  const parts: string[] = [];
  let from = 0;
  for (const [range, words] of one.changes) {
    parts.push(text.slice(from, document.offsetAt(range.start)), words);
    from = document.offsetAt(range.end);
  }
  one.after = parts.join("") + text.slice(from);
}

/** In the order of the document. */
function changesOf(document: vscode.TextDocument, selection: vscode.Range | undefined, code: string): [vscode.Range, string][] {
  const whole = code.replace(/\n$/, "");
  if (selection !== undefined && !selection.isEmpty && !isDiff(code)) {
    return [[selection, whole]];
  }
  const lines = document.getText().split(/\r\n|\r|\n/);
  const pieces = placed(lines, code);
  if (pieces === undefined) {
    const at = selection?.start ?? document.lineAt(document.lineCount - 1).range.end;
    return [[new vscode.Range(at, at), at.character === 0 ? `${whole}\n` : `\n${whole}`]];
  }
  return pieces
    .sort((piece, other) => piece.first - other.first)
    .map((piece) => {
      const range = document.validateRange(new vscode.Range(piece.first, 0, piece.end, 0));
      // At the end of a file without a last line break there is none to take along.
      const behind = piece.end < document.lineCount && piece.lines.length > 0 ? "\n" : "";
      return [range, piece.lines.join("\n") + behind];
    });
}

/** Below the folder of the conversation's workspace, or nowhere. */
function fileNamed(folder: vscode.Uri | undefined, file: string): vscode.Uri | undefined {
  const link = file === "" ? undefined : linkOf(file);
  return folder === undefined || link?.kind !== "file" ? undefined : vscode.Uri.joinPath(folder, link.path);
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
