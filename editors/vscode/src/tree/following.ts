/**
 * The task tree goes to the row of the cursor, a moment behind it.
 *
 * Invariant: a line that is typed on is looked for once, until rows come or go (test_the_tree_goes_to_a_task_that_is_being_typed).
 * Invariant: whoever chose a row is not taken back to the cursor (test_statuses_are_set_by_key_and_by_check_box).
 */

import * as vscode from "vscode";

import { isOpenOutline } from "./files";

/** Milliseconds behind the last key. */
const PAUSE = 150;
/** Milliseconds in which the server tells what a key led to. */
const TOLD = 500;

/** Shows the row at a place, if that is still wanted when it is found; false where there is none. */
type Show = (uri: string, position: vscode.Position, wanted: () => boolean) => Promise<boolean>;

export class Following implements vscode.Disposable {
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Another number whenever the cursor, or a row that was chosen, made the last way to the cursor an old one. */
  private turn = 0;
  /** The line whose row was shown last. */
  private shown: { uri: string; line: number } | undefined;
  /** Who typed on that line, and when: the server may be about to say that it is another task now. */
  private stayed: { editor: vscode.TextEditor; at: number } | undefined;

  constructor(
    private readonly show: Show,
    public isOn: boolean,
  ) {}

  /** The cursor of this editor was moved, or typed with. */
  moved(editor: vscode.TextEditor): void {
    this.stop();
    if (this.isOn && isOpenOutline(editor.document)) {
      const { turn } = this;
      this.timer = setTimeout(() => this.go(editor, () => turn === this.turn), PAUSE);
    }
  }

  /** To the cursor, wherever the tree is. */
  again(editor = vscode.window.activeTextEditor): void {
    this.shown = undefined;
    if (editor !== undefined) {
      this.moved(editor);
    }
  }

  /** Somebody chose a row. */
  chosen(): void {
    this.stop();
    this.shown = undefined;
  }

  /** Rows came or went: what was shown may be another one. */
  rowsChanged(): void {
    this.shown = undefined;
    if (this.stayed !== undefined && performance.now() - this.stayed.at < TOLD) {
      this.moved(this.stayed.editor);
    }
  }

  dispose(): void {
    this.stop();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.stayed = undefined;
    this.turn += 1;
  }

  private go(editor: vscode.TextEditor, wanted: () => boolean): void {
    const { active } = editor.selection;
    const uri = editor.document.uri.toString();
    if (vscode.window.activeTextEditor !== editor) {
      return;
    }
    if (this.shown?.uri === uri && this.shown.line === active.line) {
      this.stayed = { editor, at: performance.now() };
      return;
    }
    void this.show(uri, active, wanted).then((found) => {
      if (found && wanted()) {
        this.shown = { uri, line: active.line };
      }
    });
  }
}
