/** Tells VS Code which rows are other ones now: gathered for a moment, since a key may change many. */

import * as vscode from "vscode";

import type { Row } from "./rows";

export const TELL_PAUSE = 40;
/** For what somebody types: the row shows it a moment behind the last key. */
const TYPED_PAUSE = 250;
/** Milliseconds between two looks of VS Code at what changed in a tree (its extension host gathers changes for 200). */
const GATHERED = 220;
/** How long VS Code may take to ask for rows again, milliseconds: the way to a remote window and back, with time to spare. */
const TAKEN_UP = 2000;

export class Changes implements vscode.Disposable {
  private readonly emitter = new vscode.EventEmitter<Row[] | undefined>();
  readonly event = this.emitter.event;
  private pending = new Set<Row>();
  private all = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private later: ReturnType<typeof setTimeout> | undefined;
  private told = -Infinity;

  /** VS Code was told of rows just now, and may not have taken them up. */
  get areFresh(): boolean {
    return performance.now() - this.told < TAKEN_UP;
  }

  row(row: Row | undefined): void {
    if (row !== undefined) {
      this.pending.add(row);
      this.soon();
    }
  }

  /** Only their looks are other ones. */
  looks(rows: Iterable<Row>): void {
    for (const row of rows) {
      this.pending.add(row);
    }
    if (this.pending.size > 0) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.tell(), TYPED_PAUSE);
    }
  }

  everything(): void {
    this.all = true;
    this.soon();
  }

  /** Whoever goes on needs rows that came or went just now. */
  now(): void {
    if (this.timer !== undefined) {
      this.tell();
    }
  }

  /** When VS Code has begun to look at all that it was told. */
  async takenUp(): Promise<void> {
    const left = this.told + GATHERED - performance.now();
    if (left > 0) {
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    clearTimeout(this.later);
    this.emitter.dispose();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => this.tell(), TELL_PAUSE);
  }

  private tell(): void {
    clearTimeout(this.timer);
    clearTimeout(this.later);
    this.timer = this.later = undefined;
    const rows = [...this.pending];
    this.pending = new Set();
    this.told = performance.now();
    if (this.all) {
      this.all = false;
      this.emitter.fire(undefined);
    } else if (rows.length > 0) {
      this.emitter.fire(rows);
    }
  }
}
