/** How each row of the task tree looks. */

import * as path from "node:path";
import * as vscode from "vscode";

import { changeTitle, headline } from "../ghosts/model";
import type { SplitPreviewParams, TreeNode } from "../generated/protocol";
import { escapeMarkdown, lookOf } from "../words";
import type { NodeRow } from "./model";
import type { ChangeRow, FileRow, GhostRow, HeadRow, MoreRow } from "./rows";

const SHOW = "orchestrator.tree.open";

/** `filter`: a name of the filter that shows it. VS Code remembers by `id` what is expanded, and a filter shows all it found. */
export function fileItem(row: FileRow, { wide, about, filter }: { wide: boolean; about: string; filter: string }): vscode.TreeItem {
  const uri = vscode.Uri.parse(row.uri);
  const state = wide ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
  const item = new vscode.TreeItem(uri, state);
  item.id = row.uri + filter;
  item.label = path.basename(uri.path).replace(/\.tasks\.md$/i, "");
  const folder = path.dirname(vscode.workspace.asRelativePath(uri));
  item.description = [folder === "." ? "" : folder, about].filter((part) => part !== "").join(" · ");
  item.tooltip = vscode.workspace.asRelativePath(uri);
  item.accessibilityInformation = { label: ["Outline", vscode.workspace.asRelativePath(uri), about].filter((part) => part !== "").join(", ") };
  item.contextValue = "outline";
  item.command = { command: SHOW, title: "Show in the Editor", arguments: [row] };
  item.iconPath = new vscode.ThemeIcon("checklist");
  return item;
}

export interface NodeState {
  /** The state of its attempt, if one is under way. */
  live: string | undefined;
  preview: SplitPreviewParams | undefined;
  /** What is below it is shown, until a person closes it. */
  wide: boolean;
  filter: string;
}

export function nodeItem(row: NodeRow, { live, preview, wide, filter }: NodeState): vscode.TreeItem {
  const { node } = row;
  const look = lookOf(node, preview !== undefined && preview.state !== "ready" ? "planning" : live);
  const item = new vscode.TreeItem(node.title === "" ? "(no title)" : node.title);
  item.id = `${row.uri}#${node.nodeId}${filter}`;
  if (row.total > 0 || preview !== undefined) {
    const expanded = wide || preview !== undefined;
    item.collapsibleState = expanded ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
  }
  const icon = look.colour === "" ? undefined : new vscode.ThemeColor(look.colour);
  item.iconPath = icon === undefined ? new vscode.ThemeIcon(look.icon) : new vscode.ThemeIcon(look.icon, icon);
  const parts = [
    node.progress == null ? "" : `${node.progress.done}/${node.progress.total}`,
    live === undefined || preview !== undefined ? "" : look.word,
    preview === undefined ? "" : headline(preview),
  ];
  item.description = parts.filter((part) => part !== "").join(" · ");
  if (node.kind === "task" && node.status !== "other") {
    const done = node.status === "completed";
    item.checkboxState = {
      state: done ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked,
      tooltip: done ? "Set back to pending" : "Mark as completed",
      accessibilityInformation: { label: node.title },
    };
  }
  item.contextValue = contextValue(node, live, preview !== undefined);
  item.command = { command: SHOW, title: "Show in the Editor", arguments: [row] };
  item.accessibilityInformation = {
    label: `${node.title}, ${look.word}${node.progress == null ? "" : `, ${node.progress.done} of ${node.progress.total} done`}`,
  };
  return item;
}

/** Until the server's card is there. */
export function nodeTooltip({ node }: NodeRow, live: string | undefined): vscode.MarkdownString {
  const text = new vscode.MarkdownString(`**${escapeMarkdown(node.title)}**\n\n${lookOf(node, live).word}`);
  if (node.progress != null) {
    text.appendMarkdown(` · ${node.progress.done} of ${node.progress.total} done`);
  }
  if (node.taskId != null) {
    text.appendMarkdown(`\n\n\`^${node.taskId}\``);
  }
  return text;
}

export function headItem(row: HeadRow, preview: SplitPreviewParams | undefined): vscode.TreeItem {
  const item = new vscode.TreeItem(preview === undefined ? "" : headline(preview), vscode.TreeItemCollapsibleState.Expanded);
  item.id = `proposal:${row.runId}`;
  const ready = preview?.state === "ready";
  item.iconPath = new vscode.ThemeIcon(ready ? "sparkle" : "loading~spin", new vscode.ThemeColor("charts.purple"));
  item.description = preview?.source ?? "";
  item.contextValue = ready ? "proposal.ready" : "proposal.working";
  item.tooltip = preview?.decision?.reason ?? preview?.message ?? "";
  return item;
}

export function ghostItem(row: GhostRow): vscode.TreeItem {
  const { task, path: place } = row.ghost;
  const item = new vscode.TreeItem(task.title);
  item.id = `ghost:${row.runId}:${place.join(".")}`;
  item.iconPath = new vscode.ThemeIcon("circle-large-outline", new vscode.ThemeColor("disabledForeground"));
  item.description = ["proposed", task.asks ?? ""].filter((part) => part !== "").join(" · ");
  item.contextValue = "ghost";
  if (row.ghost.children.length > 0) {
    item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
  }
  const text = new vscode.MarkdownString(`**${escapeMarkdown(task.title)}**`);
  if (task.description != null && task.description !== "") {
    text.appendMarkdown(`\n\n${escapeMarkdown(task.description)}`);
  }
  if (task.acceptance != null && task.acceptance !== "") {
    text.appendMarkdown(`\n\n*Accept:* ${escapeMarkdown(task.acceptance)}`);
  }
  item.tooltip = text;
  item.accessibilityInformation = { label: `proposed subtask: ${task.title}` };
  return item;
}

export function changeItem(row: ChangeRow): vscode.TreeItem {
  const item = new vscode.TreeItem(changeTitle(row.change));
  item.id = `change:${row.runId}:${row.index}`;
  const icons = { add: "diff-added", edit: "diff-modified", obsolete: "diff-removed" };
  item.iconPath = new vscode.ThemeIcon(icons[row.change.op], new vscode.ThemeColor("disabledForeground"));
  item.description = "proposed";
  item.contextValue = "ghost";
  item.tooltip = row.change.reason ?? "";
  return item;
}

export function moreItem(row: MoreRow, left: number): vscode.TreeItem {
  const item = new vscode.TreeItem(`Show more (${left.toLocaleString("en")} left)`);
  item.iconPath = new vscode.ThemeIcon("ellipsis");
  item.command = { command: "orchestrator.tree.more", title: "Show More", arguments: [row] };
  return item;
}

/** Words that the menus of the tree ask for: "task open running proposal". */
function contextValue(node: TreeNode, live: string | undefined, proposal: boolean): string {
  const words: string[] = [node.kind];
  if (node.kind === "task") {
    words.push(["completed", "cancelled", "other"].includes(node.status ?? "") ? "settled" : "open");
    words.push(live === undefined ? "idle" : "running");
  }
  if (proposal) {
    words.push("proposal");
  }
  return words.join(" ");
}
