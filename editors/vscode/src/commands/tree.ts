/** Commands of the task tree. */

import * as vscode from "vscode";

import type { Context } from "../context";
import { tell } from "../talk";
import { EVERYTHING, type Show } from "../tree/filter";
import type { MoreRow, Row } from "../tree/rows";
import { activeOutline, show } from "./place";

const TYPE_PAUSE = 150;
/** Right behind a change, or while the outline opens, there may be no row yet. */
const MOST_TRIES = 5;
/** Milliseconds. */
const TRY_PAUSE = 100;

/** `chosen` comes with the key, which goes to the text; a row that is looked at leaves the focus in the tree. */
export async function open(context: Context, row: Row, chosen?: readonly Row[]): Promise<void> {
  const preserveFocus = chosen === undefined;
  if (row.kind === "file") {
    await vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(row.uri), { preserveFocus });
  } else if (row.kind === "node") {
    await vscode.workspace.openTextDocument(vscode.Uri.parse(row.uri));
    const located = await tell(context.server.request("orchestrator/tree/locate", { uri: row.uri, nodeId: row.node.nodeId }));
    if (located !== undefined) {
      await show(row.uri, located.selectionRange.start.line, preserveFocus);
    }
  }
}

export async function more(context: Context, row: MoreRow): Promise<void> {
  await context.tree.more(row);
}

export function refresh(context: Context): void {
  context.tree.reload();
}

export async function reveal(context: Context): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const outline = activeOutline();
  if (editor !== undefined && outline !== undefined) {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      // With the focus in one step: arrow keys right behind it begin at the row.
      if (await context.tree.reveal(outline.uri.toString(), { position: editor.selection.active }, true)) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, TRY_PAUSE));
    }
    await vscode.commands.executeCommand("orchestrator.tasks.focus");
  }
}

export async function filter(context: Context): Promise<void> {
  const choices: { label: string; detail: string; show: Show }[] = [
    { label: "All tasks", detail: "Nothing is hidden.", show: "all" },
    { label: "Open tasks", detail: "What is completed or cancelled, with all below it, is hidden.", show: "open" },
    { label: "Failed and asking", detail: "What went wrong, or waits for an answer.", show: "attention" },
  ];
  const { show: now, text } = context.tree.currentFilter;
  const picked = await vscode.window.showQuickPick(
    choices.map((choice) => ({ ...choice, description: choice.show === now ? "now" : "" })),
    { title: "Show Which Tasks?" },
  );
  if (picked !== undefined) {
    context.tree.setFilter({ show: picked.show, text });
  }
}

/** While it is typed; Escape brings back what was shown before. */
export function filterText(context: Context): void {
  const before = context.tree.currentFilter;
  const box = vscode.window.createInputBox();
  box.title = "Show Tasks with These Words";
  box.placeholder = "Words of titles in any order, or an id";
  box.value = before.text;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let accepted = false;
  const use = (): void => {
    clearTimeout(timer);
    if (box.value !== context.tree.currentFilter.text) {
      context.tree.setFilter({ show: before.show, text: box.value });
    }
  };
  box.onDidChangeValue(() => {
    clearTimeout(timer);
    timer = setTimeout(use, TYPE_PAUSE);
  });
  box.onDidAccept(() => {
    accepted = true;
    use();
    box.hide();
    void vscode.commands.executeCommand("orchestrator.tasks.focus");
  });
  box.onDidHide(() => {
    clearTimeout(timer);
    if (!accepted && context.tree.currentFilter.text !== before.text) {
      context.tree.setFilter(before);
    }
    box.dispose();
  });
  void vscode.commands.executeCommand("orchestrator.tasks.focus").then(() => box.show());
}

export function clearFilter(context: Context): void {
  context.tree.setFilter(EVERYTHING);
}

export function follow(context: Context): void {
  context.tree.toggleFollow();
}

/** By their titles, in all outlines of the workspace, opened or not. */
export async function find(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.quickOpen", "#");
}
