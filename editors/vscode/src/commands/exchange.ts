/** Outlines to and from other forms. */

import * as vscode from "vscode";

import type { Context } from "../context";
import { written } from "../saving";
import { tell } from "../talk";
import { isRow, type Row } from "../tree/rows";
import { counted } from "../words";
import { activeOutline } from "./place";

const FORMS: { label: string; detail: string; format: string }[] = [
  { label: "JSON", detail: "The outline itself, with its tasks as values.", format: "json" },
  { label: "Markdown", detail: "The conversations about its tasks.", format: "markdown" },
  { label: "CSV", detail: "Every call, with tokens and cost.", format: "csv" },
  { label: "Metrics", detail: "What was done, day by day.", format: "metrics" },
];

export async function exportOutline(context: Context, row?: Row): Promise<void> {
  const given = isRow(row) && row.kind === "file" ? row.uri : activeOutline()?.uri.toString();
  if (given === undefined) {
    void vscode.window.showInformationMessage("Open the outline first that is to be exported.");
    return;
  }
  const picked = await vscode.window.showQuickPick(FORMS, { title: "Export as", matchOnDetail: true });
  if (picked === undefined) {
    return;
  }
  const found = await tell(context.server.request("orchestrator/export", { uri: given, format: picked.format }));
  if (found === undefined) {
    return;
  }
  const outline = vscode.Uri.parse(given);
  const name = outline.path.replace(/(\.tasks)?\.md$/i, "") + found.suffix;
  const to = await vscode.window.showSaveDialog({ title: "Export Outline", defaultUri: outline.with({ path: name }) });
  if (to === undefined) {
    return;
  }
  const removed = found.removed > 0 ? ` ${counted(found.removed, "key")} in it ${found.removed === 1 ? "was" : "were"} taken out.` : "";
  await written(to, found.text ?? "", `The outline was exported.${removed}`);
}

export async function importOutline(context: Context): Promise<void> {
  const sources = await vscode.window.showOpenDialog({
    title: "Import Tasks",
    openLabel: "Import",
    canSelectFolders: false,
    filters: { "Tasks of another program, or an exported outline": ["json", "md"], "All files": ["*"] },
  });
  const [source] = sources ?? [];
  if (source === undefined) {
    return;
  }
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.joinPath(source, "..");
  const stem = source.path.split("/").at(-1)?.replace(/(\.tasks)?\.[^.]+$/, "") ?? "imported";
  const to = await vscode.window.showSaveDialog({
    title: "The New Outline",
    saveLabel: "Create",
    defaultUri: vscode.Uri.joinPath(folder, `${stem}.tasks.md`),
  });
  if (to === undefined) {
    return;
  }
  // The dialog has asked already whether a file that is there may be replaced.
  const done = await tell(context.server.request("orchestrator/import", { source: source.toString(), to: to.toString(), replace: true }));
  if (done !== undefined) {
    await vscode.commands.executeCommand("vscode.open", vscode.Uri.parse(done.uri));
    void vscode.window.showInformationMessage([`${counted(done.tasks, "task")} imported. It was ${done.what}.`, ...done.notes.slice(0, 5)].join(" "));
  }
}
