/**
 * The task tree on the screen: all outlines of the workspace, their tasks, and the ghosts of proposals.
 *
 * One class of more than 400 lines, because VS Code asks one object for rows, their parents, looks and tooltips; what
 * can stand by itself does: files, filters, searches, items, changes.
 *
 * Invariant: only what somebody opened is loaded; a delta is shown without asking the server again
 * ("a delta changes the tree").
 */

import * as vscode from "vscode";

import { ghostsOf, isOpen, isReplan, type Proposals } from "../ghosts/model";
import type { SplitPreviewParams, TreeChangedParams, TreeOutlinesResult } from "../generated/protocol";
import type { Live } from "../live";
import { CONTEXTS, VIEWS } from "../names";
import type { ServerControl } from "../server/control";
import { errorWords, say } from "../talk";
import { counted } from "../words";
import { Changes, TELL_PAUSE } from "./changes";
import { OutlineFiles } from "./files";
import { EVERYTHING, type Filter, filterOf, type FilteredTree, hides, messageOf, MOST_SEARCHED, pathOf, searchedOf, searchOf, wordsOf } from "./filter";
import { Following } from "./following";
import { changeItem, fileItem, ghostItem, headItem, moreItem, nodeItem, nodeTooltip } from "./items";
import { type NodeRow, OutlineTree } from "./model";
import type { FileRow, MoreRow, Row } from "./rows";
import { Searches, type Wanted } from "./searches";

/** After a change of the text, before a search is asked again. */
const SEARCH_PAUSE = 200;
/** Outlines that the server names for a filter; more of them fit than are shown. */
const MOST_ASKED = 1000;
/** Sections of an outline that are shown with what is below them from the beginning: each asks the server. */
const MOST_WIDE = 20;
/** Between two looks for what is selected. */
const SELECTION_PAUSE = 20;

export class TaskTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly view: vscode.TreeView<Row>;
  readonly drag: vscode.TreeDragAndDropController<Row>;
  private readonly changes = new Changes();
  readonly onDidChangeTreeData = this.changes.event as vscode.Event<Row | Row[] | undefined>;
  private readonly files: OutlineFiles;
  private readonly trees = new Map<string, OutlineTree>();
  private readonly searches: Searches;
  private readonly following: Following;
  /** What is selected, by the names that VS Code knows rows by: rows may go by themselves. */
  private selected = new Set<string>();
  /** The same, of rows that are about to be selected by nobody's choice. */
  private readonly revealing = new Set<string>();
  private searchTimer: ReturnType<typeof setTimeout> | undefined;
  private filter: Filter;
  /** How many filters there were. */
  private filters = 0;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    private readonly server: ServerControl,
    private readonly proposals: Proposals,
    private readonly live: Live,
    private readonly memory: vscode.Memento,
    drag: vscode.TreeDragAndDropController<Row>,
  ) {
    this.drag = drag;
    const follows = vscode.workspace.getConfiguration("orchestrator").get("tree.followCursor", true);
    this.following = new Following((uri, position, wanted) => this.showCursor(uri, position, wanted), follows);
    this.filter = filterOf(memory.get("tree.filter"));
    // Whoever asked for the tree hears of changes.
    this.searches = new Searches(server, (uri) => this.tree(uri).children(undefined));
    this.files = new OutlineFiles({
      others: () => this.changes.everything(),
      forget: (uri) => {
        this.trees.get(uri)?.drop();
        this.searches.forget(uri);
      },
      written: (uri) => {
        if (this.trees.has(uri)) {
          this.trees.get(uri)?.drop();
          this.searches.forget(uri);
          this.changes.row(this.files.row(uri));
        }
      },
      opened: (uri) => {
        // What VS Code shows is from before it was closed: nobody hears of changes of that any more.
        if (this.trees.get(uri)?.isDropped === true) {
          this.changes.row(this.files.row(uri));
        }
      },
    });
    this.view = vscode.window.createTreeView<Row>(VIEWS.tasks, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
      manageCheckboxStateManually: true,
      dragAndDropController: drag,
    });
    this.disposables.push(
      this.view,
      this.files,
      this.following,
      vscode.window.onDidChangeTextEditorSelection((change) => {
        // Without a kind an edit pushed the cursor. That may be one that the tree asked for, whose rows stay selected:
        // the next key there is about them.
        if (change.kind !== undefined) {
          this.following.to(change.textEditor);
        }
      }),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.following.to(editor)),
      // Whoever chose a row meanwhile does not want to be taken back to the cursor.
      this.view.onDidChangeSelection(({ selection }) => {
        const rows = new Set(selection.map((row) => this.getTreeItem(row).id ?? ""));
        if ([...rows].some((row) => !this.selected.has(row) && !this.revealing.has(row))) {
          this.following.stop();
        }
        this.selected = rows;
      }),
      this.view.onDidChangeVisibility((change) => {
        if (change.visible) {
          this.following.to(vscode.window.activeTextEditor);
        }
      }),
      this.view.onDidChangeCheckboxState((change) => void this.checked(change)),
      server.onState((state) => {
        if (state.kind !== "ready") {
          this.trees.clear();
        }
        this.reload();
        if (state.kind === "ready") {
          this.following.to(vscode.window.activeTextEditor); // what was opened before there was a server
        }
      }),
      proposals.onChange((preview) => this.proposalChanged(preview)),
      live.onTasks((tasks) => {
        for (const task of tasks) {
          this.changes.row(task.nodeId === "" ? this.trees.get(task.uri)?.rowOfTask(task.taskId) : this.row(task.uri, task.nodeId));
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
        return preview === undefined ? [] : ghostRows(preview, row.parent);
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
        return row.parent ?? this.files.row(row.uri);
      default:
        return row.parent;
    }
  }

  getTreeItem(row: Row): vscode.TreeItem {
    switch (row.kind) {
      case "file": {
        const found = this.searches.get(row.uri);
        const active = vscode.window.activeTextEditor?.document.uri.toString() === row.uri;
        const fit = found === undefined ? "" : found.fitting < found.total ? `the first ${found.fitting} of ${counted(found.total, "task")}` : found.total === 1 ? "1 fits" : `${found.total} fit`;
        const wide = found !== undefined || this.files.count === 1 || active;
        return fileItem(row, { wide, about: fit, filter: found === undefined ? "" : `~${this.filters}` });
      }
      case "node": {
        const isFound = this.searches.get(row.uri)?.row(row.node.nodeId) === row;
        return nodeItem(row, {
          live: this.live.stateOf(row.uri, row.node.nodeId, row.node.taskId),
          preview: this.proposals.at(row.uri, row.node.nodeId),
          wide: (isFound && row.children !== undefined) || (row.node.kind === "section" && row.parent === undefined && this.tree(row.uri).total(undefined) <= MOST_WIDE),
          filter: isFound ? `~${this.filters}` : "",
        });
      }
      case "ghost":
        return ghostItem(row);
      case "change":
        return changeItem(row);
      case "proposal":
        return headItem(row, this.proposals.get(row.runId));
      case "more": {
        const tree = this.tree(row.uri);
        return moreItem(row, tree.total(row.parent) - (tree.loaded(row.parent)?.length ?? 0));
      }
    }
  }

  /** The card that a hover in the editor shows: progress, cost, what was said last, why it is blocked. */
  async resolveTreeItem(item: vscode.TreeItem, row: Row): Promise<vscode.TreeItem> {
    if (row.kind === "node") {
      item.tooltip = nodeTooltip(row, this.live.stateOf(row.uri, row.node.nodeId, row.node.taskId));
      try {
        const { selectionRange } = await this.server.request("orchestrator/tree/locate", { uri: row.uri, nodeId: row.node.nodeId });
        item.tooltip = (await this.server.card(row.uri, selectionRange.start)) ?? item.tooltip;
      } catch (error) {
        this.server.output.debug(`There is no card of a row: ${String(error)}`);
      }
    }
    return item;
  }

  // --- what commands need ----------------------------------------------------------------------------------------------

  /** The rows that a command is about: the clicked one and the selection, if it is part of that. */
  chosen(row: Row, selection: readonly Row[] | undefined): Row[] {
    return selection?.includes(row) === true ? [...selection] : [row];
  }

  /**
   * What a key that is pressed in the tree is about: several rows that are selected, or else the one with the focus, which
   * arrow keys move without selecting. VS Code tells only of what is selected, so the one with the focus is selected first.
   */
  async meant(): Promise<readonly Row[]> {
    const before = await this.selection();
    if (before.length > 1) {
      return before;
    }
    await vscode.commands.executeCommand("list.selectAndPreserveFocus");
    const after = await this.selection();
    return after.length > 0 ? after : before; // no row has the focus where only the cursor selected one
  }

  /** What is selected. While VS Code takes up rows that changed it knows none of them, and says that nothing is. */
  async selection(): Promise<readonly Row[]> {
    while (this.view.selection.length === 0 && this.changes.areFresh) {
      await new Promise((resolve) => setTimeout(resolve, SELECTION_PAUSE));
    }
    return this.view.selection;
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
    this.changes.row(row.parent ?? this.files.row(row.uri));
  }

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.filters += 1;
    void this.memory.update("tree.filter", filter);
    this.tellContexts();
    this.searches.forget();
    this.changes.everything();
  }

  get currentFilter(): Filter {
    return this.filter;
  }

  toggleFollow(): void {
    this.following.isOn = !this.following.isOn;
    this.tellContexts();
    this.following.to(vscode.window.activeTextEditor);
  }

  reload(): void {
    this.searches.forget();
    this.files.again();
  }

  /** Show the node at a place of an outline, if that is still wanted when it is found. */
  async reveal(uri: string, place: { position?: vscode.Position; nodeId?: string }, focus: boolean, wanted = (): boolean => true): Promise<boolean> {
    await this.files.all();
    if (this.files.row(uri) === undefined || this.server.state.kind !== "ready") {
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
    const found = this.searches.get(uri);
    const row = found === undefined ? await this.tree(uri).find(located.path) : found.row(located.nodeId);
    if (row === undefined || hides(this.filter, row.node) || !wanted()) {
      return false;
    }
    // Whoever selects several rows keeps them: the first click has moved the cursor, and that comes back here.
    const name = this.getTreeItem(row).id ?? "";
    const keeps = !focus && this.selected.has(name);
    if (keeps && this.selected.size === 1 && this.view.visible) {
      return true; // it is shown already; to show a row opens its view, also one that a key hides in that moment
    }
    this.revealing.add(name);
    this.changes.now(); // VS Code shows no row that it has not heard of
    try {
      if (!focus) {
        // VS Code waits until it has taken up what changed, and opens a view that is hidden by then: so nothing is left to
        // take up, and what happened in the window before its answer is known here.
        await this.changes.takenUp();
        await vscode.commands.executeCommand("setContext", CONTEXTS.follows, this.following.isOn);
      }
      if (wanted()) {
        await this.view.reveal(row, { select: !keeps, focus, expand: false });
      }
    } finally {
      this.revealing.delete(name);
    }
    return true;
  }

  changed(changed: TreeChangedParams): void {
    const tree = this.trees.get(changed.uri);
    if (tree === undefined) {
      return;
    }
    const changes = tree.apply(changed);
    if (changes === undefined || changes.children.size > 0) {
      this.following.rowsChanged();
    }
    if (this.searches.get(changed.uri) !== undefined) {
      clearTimeout(this.searchTimer);
      this.searchTimer = setTimeout(() => {
        this.searches.forget(changed.uri);
        this.changes.everything();
      }, SEARCH_PAUSE);
      return;
    }
    if (changes === undefined) {
      this.changes.row(this.files.row(changed.uri));
      return;
    }
    this.changes.looks(changes.looks);
    for (const row of changes.children) {
      this.changes.row(row ?? this.files.row(changed.uri));
    }
  }

  dispose(): void {
    clearTimeout(this.searchTimer);
    for (const one of this.disposables) {
      one.dispose();
    }
    this.changes.dispose();
  }

  // --- outlines and nodes ----------------------------------------------------------------------------------------------

  private async outlines(): Promise<FileRow[]> {
    const files = await this.files.all();
    const wanted = searchOf(this.filter);
    if (wanted === undefined || this.server.state.kind !== "ready") {
      this.view.message = "";
      return files;
    }
    const all = files.length <= MOST_SEARCHED ? undefined : await this.fitting(wanted);
    const uris = all && new Set(all.uris.map((uri) => vscode.Uri.parse(uri).toString()));
    const chosen = searchedOf(files, (file) => this.files.isOpen(file.uri), (file) => uris?.has(file.uri) ?? true);
    const searched = await Promise.all(chosen.map(async (file) => ({ file, found: await this.search(file.uri) })));
    const shown = searched.filter(({ found }) => found === undefined || found.total > 0).map(({ file }) => file);
    this.view.message = messageOf({ files: files.length, fitting: shown.length, wanted: all?.total ?? shown.length, complete: all?.complete ?? true });
    return shown;
  }

  /** Of all outlines: the server has read the closed ones too. Undefined: it cannot tell. */
  private async fitting(wanted: Wanted): Promise<TreeOutlinesResult | undefined> {
    try {
      return await this.server.request("orchestrator/tree/outlines", { ...wanted, limit: MOST_ASKED });
    } catch (error) {
      this.server.output.debug(`The outlines cannot be filtered: ${String(error)}`);
      return undefined;
    }
  }

  private async search(uri: string): Promise<FilteredTree | undefined> {
    const wanted = searchOf(this.filter);
    return wanted === undefined ? undefined : this.searches.find(uri, wanted);
  }

  private row(uri: string, nodeId: string): NodeRow | undefined {
    const found = this.searches.get(uri);
    return found === undefined ? this.trees.get(uri)?.row(nodeId) : found.row(nodeId);
  }

  private async below(uri: string, parent: NodeRow | undefined): Promise<Row[]> {
    if (this.server.state.kind !== "ready") {
      return [];
    }
    const found = await this.search(uri);
    if (found !== undefined && parent === undefined) {
      return [...found.top, ...this.ideas(uri)];
    }
    const inside = parent === undefined ? undefined : found?.row(parent.node.nodeId);
    if (inside?.children !== undefined) {
      return inside.children;
    }
    // A document that the server knows: of a file that no editor shows, VS Code keeps it open for a while.
    await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
    const tree = this.tree(uri);
    const known = parent === undefined ? undefined : (tree.row(parent.node.nodeId) ?? (inside === undefined ? undefined : await tree.find(pathOf(inside))));
    if (parent !== undefined && known === undefined) {
      this.changes.row(this.files.row(uri)); // it was of a tree that is gone
      return [];
    }
    const children = await tree.children(known);
    const rows: Row[] = found === undefined ? children.filter((row) => !hides(this.filter, row.node)) : [...children];
    if ((tree.loaded(known)?.length ?? 0) < tree.total(known)) {
      rows.push({ kind: "more", uri, parent: known });
    }
    if (parent === undefined) {
      rows.push(...this.ideas(uri));
    }
    return rows;
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

  private async checked(change: vscode.TreeCheckboxChangeEvent<Row>): Promise<void> {
    for (const [row, state] of change.items) {
      if (row.kind !== "node") {
        continue;
      }
      const status = state === vscode.TreeItemCheckboxState.Checked ? "completed" : "pending";
      try {
        await this.server.request("orchestrator/edit/status/set", { uri: row.uri, nodeId: row.node.nodeId, status });
      } catch (error) {
        void say("error", errorWords(error));
        this.changes.row(row);
      }
    }
  }

  // --- telling VS Code -------------------------------------------------------------------------------------------------

  private proposalChanged(preview: SplitPreviewParams): void {
    const row = this.row(preview.uri, preview.nodeId);
    this.changes.row(row ?? this.files.row(preview.uri));
    const begins = (preview.seq === 1 || preview.state === "ready") && isOpen(preview);
    if (begins && row !== undefined && this.view.visible) {
      // Once VS Code has heard that there is something below it.
      setTimeout(() => {
        if (this.view.visible) {
          this.view.reveal(row, { select: false, focus: false, expand: 2 }).then(undefined, () => undefined);
        }
      }, TELL_PAUSE * 4);
    }
  }

  private async showCursor(uri: string, position: vscode.Position, wanted: () => boolean): Promise<boolean> {
    try {
      return this.view.visible && (await this.reveal(uri, { position }, false, () => this.view.visible && wanted()));
    } catch (error) {
      this.server.output.debug(`The tree could not follow the cursor: ${String(error)}`);
      return false;
    }
  }

  private tellContexts(): void {
    const words = wordsOf(this.filter);
    void vscode.commands.executeCommand("setContext", CONTEXTS.filtered, words !== wordsOf(EVERYTHING));
    void vscode.commands.executeCommand("setContext", CONTEXTS.follows, this.following.isOn);
    this.view.description = words;
  }
}

function ghostRows(preview: SplitPreviewParams, parent: NodeRow | undefined): Row[] {
  if (isReplan(preview)) {
    return (preview.changes ?? []).map((change, index) => ({ kind: "change", runId: preview.runId, index, change, parent }));
  }
  return ghostsOf(preview).map((ghost) => ({ kind: "ghost", runId: preview.runId, ghost, parent }));
}
