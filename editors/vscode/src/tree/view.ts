/**
 * The task tree on the screen: all outlines of the workspace, their tasks, and the ghosts of proposals.
 *
 * Invariant: only what somebody opened is loaded; a delta is shown without asking the server again
 * ("a delta changes the tree").
 */

import * as path from "node:path";
import * as vscode from "vscode";

import { changeTitle, type Ghost, ghostsOf, headline, isOpen, isReplan, type Proposals } from "../ghosts/model";
import type { PlanChange, SplitPreviewParams, TreeChangedParams, TreeNode } from "../generated/protocol";
import type { Live } from "../live";
import { CONTEXTS, VIEWS } from "../names";
import { isOutline, OUTLINE_GLOB } from "../outlines";
import type { ServerControl } from "../server/control";
import { escapeMarkdown, lookOf } from "../words";
import { type NodeRow, OutlineTree } from "./model";

export interface FileRow {
  readonly kind: "file";
  readonly uri: string;
}
export interface GhostRow {
  readonly kind: "ghost";
  readonly runId: string;
  readonly ghost: Ghost;
  readonly parent: NodeRow | GhostRow | undefined;
}
export interface ChangeRow {
  readonly kind: "change";
  readonly runId: string;
  readonly index: number;
  readonly change: PlanChange;
  readonly parent: NodeRow | undefined;
}
export interface HeadRow {
  readonly kind: "proposal";
  readonly runId: string;
  readonly parent: NodeRow | undefined;
}
export interface MoreRow {
  readonly kind: "more";
  readonly uri: string;
  readonly parent: NodeRow | undefined;
}
export type Row = FileRow | NodeRow | GhostRow | ChangeRow | HeadRow | MoreRow;

/** Which tasks are shown. */
export type Filter = "all" | "open" | "attention";

const FOLLOW_PAUSE = 150;
const TELL_PAUSE = 40;

export class TaskTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly view: vscode.TreeView<Row>;
  readonly drag: vscode.TreeDragAndDropController<Row>;
  private readonly changedRows = new vscode.EventEmitter<Row[] | undefined>();
  readonly onDidChangeTreeData = this.changedRows.event as vscode.Event<Row | Row[] | undefined>;
  private files: FileRow[] | undefined;
  private readonly trees = new Map<string, OutlineTree>();
  private pending = new Set<Row>();
  private pendingAll = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private followTimer: ReturnType<typeof setTimeout> | undefined;
  private filter: Filter = "all";
  private follows: boolean;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    private readonly server: ServerControl,
    private readonly proposals: Proposals,
    private readonly live: Live,
    private readonly memory: vscode.Memento,
    drag: vscode.TreeDragAndDropController<Row>,
  ) {
    this.drag = drag;
    this.follows = vscode.workspace.getConfiguration("orchestrator").get("tree.followCursor", true);
    this.filter = memory.get<Filter>("filter", "all");
    this.view = vscode.window.createTreeView<Row>(VIEWS.tasks, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
      manageCheckboxStateManually: true,
      dragAndDropController: drag,
    });
    const watcher = vscode.workspace.createFileSystemWatcher("**/*.md");
    this.disposables.push(
      this.view,
      watcher,
      watcher.onDidCreate((uri) => this.fileChanged(uri)),
      watcher.onDidDelete((uri) => this.fileChanged(uri)),
      watcher.onDidChange((uri) => this.savedElsewhere(uri)),
      vscode.workspace.onDidOpenTextDocument((document) => this.opened(document)),
      vscode.workspace.onDidCloseTextDocument((document) => this.closed(document)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.reload()),
      vscode.window.onDidChangeTextEditorSelection((change) => this.follow(change.textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.follow(editor)),
      this.view.onDidChangeVisibility((change) => {
        if (change.visible) {
          this.follow(vscode.window.activeTextEditor);
        }
      }),
      this.view.onDidChangeCheckboxState((change) => void this.checked(change)),
      server.onState((state) => {
        if (state.kind !== "ready") {
          this.trees.clear();
        }
        this.reload();
      }),
      proposals.onChange((preview) => this.proposalChanged(preview)),
      live.onTasks((tasks) => {
        for (const task of tasks) {
          this.refresh(this.trees.get(task.uri)?.row(task.nodeId));
        }
      }),
    );
    this.tellContexts();
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  /** As the view asks for them. */
  children(row: Row): Promise<Row[]> {
    return this.getChildren(row);
  }

  async getChildren(row?: Row): Promise<Row[]> {
    if (row === undefined) {
      return this.server.state.kind === "ready" || this.server.state.kind === "starting" ? this.outlines() : [];
    }
    switch (row.kind) {
      case "file":
        return this.below(row.uri, undefined);
      case "node":
        return [...(await this.below(row.uri, row)), ...this.proposed(row)];
      case "proposal": {
        const preview = this.proposals.get(row.runId);
        return preview === undefined ? [] : this.ghosts(preview, row.parent);
      }
      case "ghost":
        return row.ghost.children.map((ghost) => ({ kind: "ghost", runId: row.runId, ghost, parent: row }));
      case "change":
      case "more":
        return [];
    }
  }

  getParent(row: Row): Row | undefined {
    switch (row.kind) {
      case "file":
        return undefined;
      case "node":
      case "more":
        return row.parent ?? this.files?.find((file) => file.uri === row.uri);
      default:
        return row.parent;
    }
  }

  getTreeItem(row: Row): vscode.TreeItem {
    switch (row.kind) {
      case "file":
        return this.fileItem(row);
      case "node":
        return this.nodeItem(row);
      case "ghost":
        return ghostItem(row);
      case "change":
        return changeItem(row);
      case "proposal":
        return this.headItem(row);
      case "more": {
        const tree = this.tree(row.uri);
        const left = tree.total(row.parent) - (tree.loaded(row.parent)?.length ?? 0);
        const item = new vscode.TreeItem(`Show more (${left.toLocaleString("en")} left)`);
        item.iconPath = new vscode.ThemeIcon("ellipsis");
        item.command = { command: "orchestrator.tree.more", title: "Show More", arguments: [row] };
        return item;
      }
    }
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    if (row.kind === "node") {
      item.tooltip = this.tooltip(row);
    }
    return item;
  }

  // --- what commands need ----------------------------------------------------------------------------------------------

  /** The rows that a command is about: the clicked one and the selection, if it is part of that. */
  chosen(row: Row | undefined, selection: readonly Row[] | undefined): Row[] {
    if (row === undefined) {
      return [...this.view.selection];
    }
    return selection?.includes(row) === true ? [...selection] : [row];
  }

  tree(uri: string): OutlineTree {
    let tree = this.trees.get(uri);
    if (tree === undefined) {
      tree = new OutlineTree(uri, (params) => this.server.request("orchestrator/tree", params));
      this.trees.set(uri, tree);
    }
    return tree;
  }

  async more(row: MoreRow): Promise<void> {
    await this.tree(row.uri).more(row.parent);
    this.refresh(row.parent ?? this.file(row.uri));
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    void this.memory.update("filter", filter);
    this.tellContexts();
    this.refreshAll();
  }

  get currentFilter(): Filter {
    return this.filter;
  }

  toggleFollow(): void {
    this.follows = !this.follows;
    this.tellContexts();
    this.follow(vscode.window.activeTextEditor);
  }

  reload(): void {
    this.files = undefined;
    this.refreshAll();
  }

  /** Show the node at a place of an outline. */
  async reveal(uri: string, place: { position?: vscode.Position; nodeId?: string }, focus: boolean): Promise<boolean> {
    await this.outlines();
    const file = this.file(uri);
    if (file === undefined || this.server.state.kind !== "ready") {
      return false;
    }
    let located;
    try {
      located = await this.server.request("orchestrator/tree/locate", {
        uri,
        nodeId: place.nodeId ?? null,
        position: place.position === undefined ? null : { line: place.position.line, character: place.position.character },
      });
    } catch {
      return false; // a line that belongs to no task
    }
    const row = await this.tree(uri).find(located.path);
    if (row === undefined || this.hides(row.node)) {
      return false;
    }
    await this.view.reveal(row, { select: true, focus, expand: false });
    return true;
  }

  changed(changed: TreeChangedParams): void {
    const tree = this.trees.get(changed.uri);
    if (tree === undefined) {
      return;
    }
    const changes = tree.apply(changed);
    if (changes === undefined) {
      this.refresh(this.file(changed.uri));
      return;
    }
    for (const row of [...changes.looks, ...changes.children]) {
      this.refresh(row ?? this.file(changed.uri));
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    clearTimeout(this.followTimer);
    for (const one of this.disposables) {
      one.dispose();
    }
    this.changedRows.dispose();
  }

  // --- files ---------------------------------------------------------------------------------------------------------

  private async outlines(): Promise<FileRow[]> {
    if (this.files === undefined) {
      const found = (await vscode.workspace.findFiles(OUTLINE_GLOB, "**/node_modules/**", 5000)).map((uri) => uri.toString());
      const open = vscode.workspace.textDocuments.filter(isOpenOutline).map((document) => document.uri.toString());
      const uris = [...new Set([...found, ...open])].sort((one, other) => one.localeCompare(other));
      this.files = uris.map((uri) => ({ kind: "file", uri }));
    }
    return this.files;
  }

  private file(uri: string): FileRow | undefined {
    return this.files?.find((row) => row.uri === uri);
  }

  private fileChanged(uri: vscode.Uri): void {
    const known = this.file(uri.toString()) !== undefined;
    if (known || isOutline(path.basename(uri.path), "")) {
      this.trees.delete(uri.toString());
      this.reload();
    }
  }

  private savedElsewhere(uri: vscode.Uri): void {
    const tree = this.trees.get(uri.toString());
    const open = vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
    if (tree !== undefined && !open) {
      tree.drop();
      this.refresh(this.file(uri.toString()));
    }
  }

  private opened(document: vscode.TextDocument): void {
    if (isOpenOutline(document) && this.file(document.uri.toString()) === undefined) {
      this.reload();
    }
  }

  private closed(document: vscode.TextDocument): void {
    // The server forgets its numbers; what is shown stays right until the file changes on disk.
    const uri = document.uri.toString();
    if (document.isUntitled || (this.file(uri) !== undefined && !isOutline(path.basename(document.uri.path), ""))) {
      this.trees.delete(uri);
      this.reload();
    } else {
      this.trees.get(uri)?.drop();
    }
  }

  // --- nodes -----------------------------------------------------------------------------------------------------------

  private async below(uri: string, parent: NodeRow | undefined): Promise<Row[]> {
    if (this.server.state.kind !== "ready") {
      return [];
    }
    // A document that the server knows: of a file that no editor shows, VS Code keeps it open for a while.
    await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    const tree = this.tree(uri);
    const known = parent === undefined ? undefined : (tree.row(parent.node.nodeId) ?? undefined);
    if (parent !== undefined && known === undefined) {
      this.refresh(this.file(uri)); // it was of a tree that is gone
      return [];
    }
    const rows: Row[] = (await tree.children(known)).filter((row) => !this.hides(row.node));
    if ((tree.loaded(known)?.length ?? 0) < tree.total(known)) {
      rows.push({ kind: "more", uri, parent: known });
    }
    if (parent === undefined) {
      rows.push(...this.ideas(uri));
    }
    return rows;
  }

  private hides(node: TreeNode): boolean {
    if (this.filter === "all" || node.kind === "section") {
      return this.filter !== "all" && node.kind === "section" && allDone(node);
    }
    const open = !["completed", "cancelled", "other"].includes(node.status ?? "");
    if (this.filter === "open") {
      return !open && allDone(node);
    }
    const needs = node.status === "failed" || node.status === "asking";
    return !needs && (node.childCount ?? 0) === 0;
  }

  /** Proposals whose task is not in the file: an idea that becomes an outline. */
  private ideas(uri: string): Row[] {
    const tree = this.tree(uri);
    return this.proposals
      .of(uri)
      .filter((preview) => tree.row(preview.nodeId) === undefined && preview.nodeId.startsWith("idea"))
      .map((preview) => ({ kind: "proposal", runId: preview.runId, parent: undefined }));
  }

  private proposed(row: NodeRow): Row[] {
    const preview = this.proposals.at(row.uri, row.node.nodeId);
    return preview === undefined ? [] : [{ kind: "proposal", runId: preview.runId, parent: row }];
  }

  private ghosts(preview: SplitPreviewParams, parent: NodeRow | undefined): Row[] {
    if (isReplan(preview)) {
      return (preview.changes ?? []).map((change, index) => ({ kind: "change", runId: preview.runId, index, change, parent }));
    }
    return ghostsOf(preview).map((ghost) => ({ kind: "ghost", runId: preview.runId, ghost, parent }));
  }

  private fileItem(row: FileRow): vscode.TreeItem {
    const uri = vscode.Uri.parse(row.uri);
    const item = new vscode.TreeItem(uri, vscode.TreeItemCollapsibleState.Collapsed);
    const only = this.files?.length === 1;
    const active = vscode.window.activeTextEditor?.document.uri.toString() === row.uri;
    if (only || active) {
      item.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
    }
    item.id = row.uri;
    item.label = path.basename(uri.path).replace(/\.tasks\.md$/i, "");
    const folder = path.dirname(vscode.workspace.asRelativePath(uri));
    item.description = folder === "." ? path.basename(uri.path) : `${path.basename(uri.path)} · ${folder}`;
    item.contextValue = "outline";
    item.command = { command: "orchestrator.tree.open", title: "Show in the Editor", arguments: [row] };
    item.iconPath = new vscode.ThemeIcon("checklist");
    return item;
  }

  private nodeItem(row: NodeRow): vscode.TreeItem {
    const { node } = row;
    const live = this.live.stateOf(row.uri, node.nodeId);
    const preview = this.proposals.at(row.uri, node.nodeId);
    const look = lookOf(node, preview !== undefined && preview.state !== "ready" ? "planning" : live);
    const item = new vscode.TreeItem(node.title === "" ? "(no title)" : node.title);
    item.id = `${row.uri}#${node.nodeId}`;
    if (row.total > 0 || preview !== undefined) {
      const wide = preview !== undefined || (node.kind === "section" && row.parent === undefined);
      item.collapsibleState = wide ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
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
      };
    }
    item.contextValue = contextValue(node, live, preview !== undefined);
    item.command = { command: "orchestrator.tree.open", title: "Show in the Editor", arguments: [row] };
    item.accessibilityInformation = {
      label: `${node.title}, ${look.word}${node.progress == null ? "" : `, ${node.progress.done} of ${node.progress.total} done`}`,
    };
    return item;
  }

  private headItem(row: HeadRow): vscode.TreeItem {
    const preview = this.proposals.get(row.runId);
    const item = new vscode.TreeItem(preview === undefined ? "" : headline(preview), vscode.TreeItemCollapsibleState.Expanded);
    item.id = `proposal:${row.runId}`;
    const ready = preview?.state === "ready";
    item.iconPath = new vscode.ThemeIcon(ready ? "sparkle" : "loading~spin", new vscode.ThemeColor("charts.purple"));
    item.description = preview?.source ?? "";
    item.contextValue = ready ? "proposal.ready" : "proposal.working";
    item.tooltip = preview?.decision?.reason ?? preview?.message ?? "";
    return item;
  }

  private tooltip(row: NodeRow): vscode.MarkdownString {
    const { node } = row;
    const live = this.live.taskAt(row.uri, node.nodeId);
    const text = new vscode.MarkdownString(`**${escapeMarkdown(node.title)}**\n\n${lookOf(node, live?.state).word}`);
    if (node.progress != null) {
      text.appendMarkdown(` · ${node.progress.done} of ${node.progress.total} done`);
    }
    if (node.taskId != null) {
      text.appendMarkdown(`\n\n\`^${node.taskId}\``);
    }
    return text;
  }

  private async checked(change: vscode.TreeCheckboxChangeEvent<Row>): Promise<void> {
    for (const [row, state] of change.items) {
      if (row.kind !== "node") {
        continue;
      }
      const status = state === vscode.TreeItemCheckboxState.Checked ? "completed" : "pending";
      try {
        await this.server.request("orchestrator/edit/status/set", { uri: row.uri, nodeId: row.node.nodeId, status });
      } catch (error) {
        void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
        this.refresh(row);
      }
    }
  }

  // --- telling VS Code -------------------------------------------------------------------------------------------------

  private proposalChanged(preview: SplitPreviewParams): void {
    const row = this.trees.get(preview.uri)?.row(preview.nodeId);
    this.refresh(row ?? this.file(preview.uri));
    const begins = (preview.seq === 1 || preview.state === "ready") && isOpen(preview);
    if (begins && row !== undefined && this.view.visible) {
      // Once VS Code has heard that there is something below it.
      setTimeout(() => {
        this.view.reveal(row, { select: false, focus: false, expand: 2 }).then(undefined, () => undefined);
      }, TELL_PAUSE * 4);
    }
  }

  private refresh(row: Row | undefined): void {
    if (row === undefined) {
      return;
    }
    this.pending.add(row);
    this.timer ??= setTimeout(() => this.flush(), TELL_PAUSE);
  }

  private refreshAll(): void {
    this.pendingAll = true;
    this.timer ??= setTimeout(() => this.flush(), TELL_PAUSE);
  }

  private flush(): void {
    this.timer = undefined;
    const rows = [...this.pending];
    this.pending = new Set();
    if (this.pendingAll) {
      this.pendingAll = false;
      this.changedRows.fire(undefined);
    } else if (rows.length > 0) {
      this.changedRows.fire(rows);
    }
  }

  private follow(editor: vscode.TextEditor | undefined): void {
    clearTimeout(this.followTimer);
    if (!this.follows || !this.view.visible || editor === undefined || !isOpenOutline(editor.document)) {
      return;
    }
    this.followTimer = setTimeout(() => {
      if (vscode.window.activeTextEditor === editor) {
        const uri = editor.document.uri.toString();
        this.reveal(uri, { position: editor.selection.active }, false).catch((error: unknown) => {
          this.server.output.debug(`The tree could not follow the cursor: ${String(error)}`);
        });
      }
    }, FOLLOW_PAUSE);
  }

  private tellContexts(): void {
    void vscode.commands.executeCommand("setContext", CONTEXTS.filtered, this.filter !== "all");
    void vscode.commands.executeCommand("setContext", CONTEXTS.follows, this.follows);
    this.view.description = { all: "", open: "open tasks", attention: "failed and asking" }[this.filter];
  }
}

export function isOpenOutline(document: vscode.TextDocument): boolean {
  if (document.languageId !== "markdown" || !["file", "untitled"].includes(document.uri.scheme)) {
    return false;
  }
  const head = document.getText(new vscode.Range(0, 0, 60, 0));
  return isOutline(path.basename(document.uri.path), head);
}

function allDone(node: TreeNode): boolean {
  return node.progress == null || node.progress.done === node.progress.total;
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

function ghostItem(row: GhostRow): vscode.TreeItem {
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

function changeItem(row: ChangeRow): vscode.TreeItem {
  const item = new vscode.TreeItem(changeTitle(row.change));
  item.id = `change:${row.runId}:${row.index}`;
  const icons = { add: "diff-added", edit: "diff-modified", obsolete: "diff-removed" };
  item.iconPath = new vscode.ThemeIcon(icons[row.change.op], new vscode.ThemeColor("disabledForeground"));
  item.description = "proposed";
  item.contextValue = "ghost";
  item.tooltip = row.change.reason ?? "";
  return item;
}
