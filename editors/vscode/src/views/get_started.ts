/**
 * Ticks the steps of Get Started that are done already when its page opens: the server is there, an outline was open.
 *
 * Apart from the context keys of menus because VS Code takes a key that holds when it reads the walkthrough for an event
 * of the past, and never ticks its step. So these keys are told after the page came, and once more for a slow computer:
 * each value is an event of its own ("what is done already is ticked when the page opens").
 */

import * as vscode from "vscode";

import { CONTEXTS } from "../names";
import type { ServerControl } from "../server/control";
import { isOpenOutline } from "../tree/files";

/** Values of the keys, and the milliseconds after which VS Code knows the walkthrough. */
export const TOLD: readonly [value: string, after: number][] = [
  ["soon", 1000],
  ["later", 6000],
];

export class GetStarted implements vscode.Disposable {
  private hasOutline = false;
  private timers: ReturnType<typeof setTimeout>[] = [];
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly server: ServerControl) {
    this.disposables = [
      vscode.window.tabGroups.onDidChangeTabs(({ opened }) => {
        if (opened.some(isPage)) {
          this.tellSoon();
        }
      }),
      server.onState(() => this.tellSoon()),
      vscode.window.onDidChangeActiveTextEditor(() => this.look()),
    ];
    this.look();
  }

  dispose(): void {
    this.timers.forEach(clearTimeout);
    for (const one of this.disposables) {
      one.dispose();
    }
  }

  private look(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (!this.hasOutline && document !== undefined && isOpenOutline(document)) {
      this.hasOutline = true;
      this.tellSoon();
    }
  }

  private tellSoon(): void {
    if (vscode.window.tabGroups.all.some((group) => group.tabs.some(isPage))) {
      this.timers.forEach(clearTimeout);
      this.timers = TOLD.map(([value, after]) => setTimeout(() => this.tell(value), after));
    }
  }

  private tell(value: string): void {
    if (this.server.state.kind === "ready") {
      void vscode.commands.executeCommand("setContext", CONTEXTS.startedServer, value);
    }
    if (this.hasOutline) {
      void vscode.commands.executeCommand("setContext", CONTEXTS.startedOutline, value);
    }
  }
}

/** Of VS Code's own, of which an extension is told no more: settings, Get Started. */
function isPage(tab: vscode.Tab): boolean {
  return tab.input === undefined;
}
