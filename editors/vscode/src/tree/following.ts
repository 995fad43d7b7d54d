/**
 * The task tree goes to the row of the cursor, a moment behind it.
 *
 * Invariant: whoever chose a row is not taken back to the cursor (test_statuses_are_set_by_key_and_by_check_box).
 */

import * as vscode from "vscode";

import { isOpenOutline } from "./files";

/** Milliseconds behind the last key. */
const PAUSE = 150;
/** Milliseconds in which the tree hears of a task that was typed: until then there is no row to go to. */
const TOLD = 500;

/** Shows the row at a place, if that is still wanted when it is found; false where there is none. */
type Show = (uri: string, position: vscode.Position, wanted: () => boolean) => Promise<boolean>;

export class Following implements vscode.Disposable {
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Another number whenever the cursor, or a row that was chosen, made the last way to the cursor an old one. */
  private turn = 0;
  /** Whose cursor had no row, and when. */
  private missed: { editor: vscode.TextEditor; at: number } | undefined;

  constructor(
    private readonly show: Show,
    public isOn: boolean,
  ) {}

  /** To the cursor of this editor. */
  to(editor: vscode.TextEditor | undefined): void {
    this.stop();
    if (this.isOn && editor !== undefined && isOpenOutline(editor.document)) {
      const { turn } = this;
      this.timer = setTimeout(() => this.go(editor, () => turn === this.turn), PAUSE);
    }
  }

  /** Somebody chose a row. */
  stop(): void {
    clearTimeout(this.timer);
    this.missed = undefined;
    this.turn += 1;
  }

  rowsChanged(): void {
    if (this.missed !== undefined && performance.now() - this.missed.at < TOLD) {
      this.to(this.missed.editor);
    }
  }

  dispose(): void {
    this.stop();
  }

  private go(editor: vscode.TextEditor, wanted: () => boolean): void {
    if (vscode.window.activeTextEditor === editor) {
      void this.show(editor.document.uri.toString(), editor.selection.active, wanted).then((found) => {
        if (!found && wanted()) {
          this.missed = { editor, at: performance.now() };
        }
      });
    }
  }
}
