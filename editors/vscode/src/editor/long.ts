/**
 * What of a long outline VS Code is told: lenses near the screen, and what takes all of it when nobody types.
 *
 * VS Code makes an element of the page for each lens of a document, seen or not, and asks for symbols and folds of all
 * of it at every pause: with 10,000 tasks it stands still for seconds, and a key costs the extension host its answers.
 *
 * Invariant: lenses of a long outline are those near the screen (test_ten_thousand_tasks).
 */

import * as vscode from "vscode";

import { isOpenOutline } from "../tree/files";
import { type Stretch, stretchAround } from "./stretch";

/** Lines; below that everything is asked for at once. */
const LONG = 1500;
/** Milliseconds without a key. */
const REST = 700;
/** The same, for problems: they are few, and looked for sooner. */
export const SHORT_REST = 250;

export class LongOutlines implements vscode.Disposable {
  /** Of documents with lenses: the lines that they were asked for. */
  private readonly asked = new Map<string, Stretch>();
  private readonly typed = new Map<string, number>();
  private readonly disposables: vscode.Disposable[];

  /** `again`: lenses are wanted for other lines now. */
  constructor(again: (document: vscode.TextDocument) => void) {
    this.disposables = [
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.typed.set(document.uri.toString(), Date.now())),
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.typed.delete(document.uri.toString());
        this.asked.delete(document.uri.toString());
      }),
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor: { document } }) => {
        const before = this.asked.get(document.uri.toString());
        if (before !== undefined && stretchAround(seen(document), document.lineCount, before) !== before) {
          again(document);
        }
      }),
    ];
  }

  /** The lines whose lenses are wanted; undefined: all. */
  lenses(document: vscode.TextDocument): Stretch | undefined {
    if (!isLong(document)) {
      this.asked.delete(document.uri.toString());
      return undefined;
    }
    const stretch = stretchAround(seen(document), document.lineCount, this.asked.get(document.uri.toString()));
    this.asked.set(document.uri.toString(), stretch);
    return stretch;
  }

  /** When nobody has typed for a moment. False: it is not wanted any more. */
  async rest(document: vscode.TextDocument, token: vscode.CancellationToken, moment = REST): Promise<boolean> {
    const left = (): number => (this.typed.get(document.uri.toString()) ?? 0) + moment - Date.now();
    while (isLong(document) && left() > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left());
        token.onCancellationRequested(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      if (token.isCancellationRequested) {
        return false;
      }
    }
    return true;
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
  }
}

function isLong(document: vscode.TextDocument): boolean {
  return document.lineCount > LONG && isOpenOutline(document);
}

/** In whatever editors show it. */
function seen(document: vscode.TextDocument): Stretch[] {
  return vscode.window.visibleTextEditors
    .filter((editor) => editor.document === document)
    .flatMap((editor) => editor.visibleRanges.map(({ start, end }) => ({ first: start.line, last: end.line })));
}
