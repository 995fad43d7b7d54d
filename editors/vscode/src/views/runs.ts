/** Runs of the store, the newest first, with the tasks of each while it goes on and after. */

import * as path from "node:path";
import * as vscode from "vscode";

import type { RunInfo, RunTask } from "../generated/protocol";
import type { Live } from "../live";
import { CONTEXTS, VIEWS } from "../names";
import type { ServerControl } from "../server/control";
import { ago, escapeMarkdown, isLive, lookOfState, money, runSummary, shortened } from "../words";

export interface RunRow {
  readonly kind: "run";
  readonly run: RunInfo;
}
export interface RunTaskRow {
  readonly kind: "task";
  readonly run: RunInfo;
  readonly task: RunTask;
  readonly children: RunTaskRow[];
}

type Row = RunRow | RunTaskRow;

export class Runs implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Row>;
  private readonly listener: vscode.Disposable;

  constructor(
    private readonly server: ServerControl,
    private readonly live: Live,
  ) {
    this.view = vscode.window.createTreeView<Row>(VIEWS.runs, { treeDataProvider: this, showCollapseAll: true });
    this.listener = live.onChange(() => this.show());
  }

  async getChildren(row?: Row): Promise<Row[]> {
    if (row === undefined) {
      return this.live.runs.map((run) => ({ kind: "run", run }));
    }
    if (row.kind === "task") {
      return row.children;
    }
    try {
      const found = await this.server.request("orchestrator/run/get", { runId: row.run.runId });
      return nested(row.run, found.tasks);
    } catch (error) {
      this.server.output.warn(`The tasks of a run cannot be read: ${String(error)}`);
      return [];
    }
  }

  getTreeItem(row: Row): vscode.TreeItem {
    return row.kind === "run" ? runItem(row.run) : taskItem(row);
  }

  dispose(): void {
    this.view.dispose();
    this.listener.dispose();
    this.changed.dispose();
  }

  private show(): void {
    void vscode.commands.executeCommand("setContext", CONTEXTS.running, this.live.running.length > 0);
    this.changed.fire(undefined);
  }
}

/** Tasks below their parents, as far as the parents are in the run. */
export function nested(run: RunInfo, tasks: readonly RunTask[]): RunTaskRow[] {
  const rows = new Map<string, RunTaskRow>(tasks.map((task) => [task.taskId, { kind: "task", run, task, children: [] }]));
  const top: RunTaskRow[] = [];
  for (const row of rows.values()) {
    const parent = row.task.parentId === null ? undefined : rows.get(row.task.parentId);
    (parent?.children ?? top).push(row);
  }
  return top;
}

function runItem(run: RunInfo): vscode.TreeItem {
  const look = lookOfState(run.state);
  const item = new vscode.TreeItem(shortened(run.title, 80));
  item.id = run.runId;
  item.collapsibleState =
    run.state === "running" ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
  item.description = `${runSummary(run)} · ${ago(run.started, Date.now() / 1000)}`;
  item.iconPath = new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.colour));
  item.contextValue = ["run", run.state, run.resumable ? "resumable" : "", run.here ? "here" : ""].filter((word) => word !== "").join(" ");
  const text = new vscode.MarkdownString(`**${escapeMarkdown(run.title)}**\n\n${look.word} · ${money(run.costUsd)}`);
  text.appendMarkdown(`\n\n${escapeMarkdown(path.posix.basename(vscode.Uri.parse(run.uri).path))}`);
  if (run.reason !== "") {
    text.appendMarkdown(`\n\n${escapeMarkdown(run.reason)}`);
  }
  item.tooltip = text;
  item.accessibilityInformation = { label: `${run.title}, ${runSummary(run)}` };
  return item;
}

function taskItem(row: RunTaskRow): vscode.TreeItem {
  const look = lookOfState(row.task.state);
  const item = new vscode.TreeItem(shortened(row.task.title, 100));
  item.id = `${row.run.runId}/${row.task.taskId}`;
  if (row.children.length > 0) {
    item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
  }
  item.description = [look.word, shortened(row.task.reason ?? "", 80)].filter((part) => part !== "").join(" · ");
  item.iconPath = look.colour === "" ? new vscode.ThemeIcon(look.icon) : new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.colour));
  item.contextValue = row.run.here && isLive(row.task.state) ? "runTask here" : "runTask";
  item.command = { command: "orchestrator.runs.showTask", title: "Show in the Editor", arguments: [row] };
  item.accessibilityInformation = { label: `${row.task.title}, ${look.word}` };
  return item;
}
