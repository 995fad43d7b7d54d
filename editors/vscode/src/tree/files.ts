/** The outlines of all folders of the window, as rows: found by name, and those that are open by what is in them. */

import * as path from "node:path";
import * as vscode from "vscode";

import { isOutline, OUTLINE_GLOB } from "../outlines";
import type { FileRow } from "./rows";

const MOST = 5000;

export interface FileEvents {
  /** There are others now. */
  others(): void;
  /** What was known of this one holds no more. */
  forget(uri: string): void;
  /** It was written by somebody else. */
  written(uri: string): void;
  /** It is a document (again), which the server tells changes of to whoever asks for them. */
  opened(uri: string): void;
}

export class OutlineFiles implements vscode.Disposable {
  private rows: FileRow[] | undefined;
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly events: FileEvents) {
    const watcher = vscode.workspace.createFileSystemWatcher("**/*.md");
    this.disposables = [
      watcher,
      watcher.onDidCreate((uri) => this.changed(uri)),
      watcher.onDidDelete((uri) => this.changed(uri)),
      watcher.onDidChange((uri) => {
        if (!this.isOpen(uri.toString())) {
          events.written(uri.toString());
        }
      }),
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (!isOpenOutline(document)) {
          return;
        }
        if (this.row(document.uri.toString()) === undefined) {
          this.again();
        } else {
          events.opened(document.uri.toString());
        }
      }),
      vscode.workspace.onDidCloseTextDocument((document) => this.closed(document)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.again()),
    ];
  }

  async all(): Promise<FileRow[]> {
    if (this.rows === undefined) {
      const found = (await vscode.workspace.findFiles(OUTLINE_GLOB, "**/node_modules/**", MOST)).map((uri) => uri.toString());
      // In a tab: VS Code keeps documents for a while that nobody sees, those of deleted files too.
      const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs.map((tab) => tab.input));
      const shown = new Set(tabs.flatMap((input) => (input instanceof vscode.TabInputText ? [input.uri.toString()] : [])));
      const open = vscode.workspace.textDocuments.filter(isOpenOutline).map((document) => document.uri.toString()).filter((uri) => shown.has(uri));
      const uris = [...new Set([...found, ...open])].sort((one, other) => one.localeCompare(other));
      this.rows = uris.map((uri) => ({ kind: "file", uri }));
    }
    return this.rows;
  }

  row(uri: string): FileRow | undefined {
    return this.rows?.find((row) => row.uri === uri);
  }

  isOpen(uri: string): boolean {
    return vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri);
  }

  get count(): number {
    return this.rows?.length ?? 0;
  }

  /** Look for them anew. */
  again(): void {
    this.rows = undefined;
    this.events.others();
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
  }

  private changed(uri: vscode.Uri): void {
    if (this.row(uri.toString()) !== undefined || isOutline(path.basename(uri.path), "")) {
      this.events.forget(uri.toString());
      this.again();
    }
  }

  private closed(document: vscode.TextDocument): void {
    // The server forgets its numbers; what is shown stays right until the file changes on disk.
    const uri = document.uri.toString();
    this.events.forget(uri);
    if (document.isUntitled || (this.row(uri) !== undefined && !isOutline(path.basename(document.uri.path), ""))) {
      this.again();
    }
  }
}

export function isOpenOutline(document: vscode.TextDocument): boolean {
  if (document.languageId !== "markdown" || !["file", "untitled"].includes(document.uri.scheme)) {
    return false;
  }
  const name = path.basename(document.uri.path);
  return isOutline(name, "") || isOutline(name, document.getText(new vscode.Range(0, 0, 60, 0)));
}
