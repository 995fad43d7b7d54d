/**
 * The cursor stays with its task when the server writes below it: VS Code takes one that stands at the end of a title
 * along to the end of what is inserted there, which is another task.
 *
 * Invariant: only a cursor at which lines are inserted is moved, and only back to where it was
 * ("a cursor stays where subtasks are written right behind it").
 */

import * as vscode from "vscode";
import type { WorkspaceEdit } from "vscode-languageclient/node";

import { type Change, keptSpot } from "./spots";

export async function keepingCursors<T>(edit: WorkspaceEdit, apply: () => T | PromiseLike<T>): Promise<T> {
  const changes = changesOf(edit);
  const kept = vscode.window.visibleTextEditors.flatMap((editor) => {
    const here = changes.get(editor.document.uri.toString());
    const [only, ...others] = editor.selections;
    const spot = here === undefined || only === undefined || !only.isEmpty || others.length > 0 ? undefined : keptSpot(only.active, here);
    return spot === undefined || only === undefined ? [] : [{ editor, before: only.active, spot }];
  });
  const done = await apply();
  for (const { editor, before, spot } of kept) {
    const { active } = editor.selection;
    // Whoever moved it meanwhile wants it there.
    if (active.isEqual(before) || active.line === spot.line + spot.pushed) {
      const place = editor.document.validatePosition(new vscode.Position(spot.line, spot.character));
      editor.selection = new vscode.Selection(place, place);
    }
  }
  return done;
}

/** By document. */
function changesOf(edit: WorkspaceEdit): Map<string, Change[]> {
  const found = new Map<string, Change[]>();
  const add = (uri: string, changes: readonly unknown[]): void => {
    const key = vscode.Uri.parse(uri).toString();
    found.set(key, [...(found.get(key) ?? []), ...(changes as Change[])]);
  };
  for (const [uri, changes] of Object.entries(edit.changes ?? {})) {
    add(uri, changes);
  }
  for (const change of edit.documentChanges ?? []) {
    if ("edits" in change) {
      add(change.textDocument.uri, change.edits.filter((one) => "newText" in one));
    }
  }
  return found;
}
