/**
 * The task tree of one outline as this window knows it: loaded where somebody looked, kept right by deltas.
 *
 * Apart from the view because it knows no editor: requests go through `Ask`, and what changed is told as rows.
 *
 * Invariant: the loaded children of a row are a beginning of the real ones; deltas keep that so
 * ("deltas lead to what the server would answer").
 * Invariant: a gap in `seq` drops everything that is known ("a gap means asking again").
 */

import type { TreeChangedParams, TreeLocateResult, TreeNode, TreeParams, TreeResult } from "../generated/protocol";

export const PAGE = 500;
/** How often an outline is asked about again because all that is known of it was dropped meanwhile. */
const ROUNDS = 5;
/** How far a row is looked for that lies beyond the first page of its parent. */
export const FARTHEST = 5000;

export interface NodeRow {
  readonly kind: "node";
  readonly uri: string;
  node: TreeNode;
  readonly parent: NodeRow | undefined;
  /** Undefined: nobody looked yet. */
  children: NodeRow[] | undefined;
  /** How many children there are, loaded or not. */
  total: number;
}

export type Ask = (params: TreeParams) => Promise<TreeResult>;

/** Rows whose own look changed, and rows whose children changed; undefined stands for the outline itself. */
export interface Changes {
  looks: Set<NodeRow>;
  children: Set<NodeRow | undefined>;
}

export class OutlineTree {
  private rows = new Map<string, NodeRow>();
  private top: NodeRow[] | undefined;
  private topTotal = 0;
  private seq: number | undefined;
  private readonly asking = new Map<string, Promise<void>>();
  /** Another number whenever everything that is known was dropped. */
  private era = 0;

  constructor(
    readonly uri: string,
    private readonly ask: Ask,
  ) {}

  row(nodeId: string): NodeRow | undefined {
    return this.rows.get(nodeId);
  }

  /** By the id in the file, if the row is known. */
  rowOfTask(taskId: string): NodeRow | undefined {
    return [...this.rows.values()].find((row) => row.node.taskId === taskId);
  }

  /** All rows that are known, in no order. */
  known(): IterableIterator<NodeRow> {
    return this.rows.values();
  }

  loaded(parent: NodeRow | undefined): readonly NodeRow[] | undefined {
    return parent === undefined ? this.top : parent.children;
  }

  total(parent: NodeRow | undefined): number {
    return parent === undefined ? this.topTotal : parent.total;
  }

  /** The children that are shown: the first page, and what was asked for since. Empty for a row that was dropped meanwhile. */
  async children(parent: NodeRow | undefined): Promise<readonly NodeRow[]> {
    for (let round = 0; this.loaded(parent) === undefined && round < ROUNDS; round += 1) {
      const { era } = this;
      await this.load(parent, PAGE);
      if (era === this.era || (parent !== undefined && this.rows.get(parent.node.nodeId) !== parent)) {
        break;
      }
    }
    return this.loaded(parent) ?? [];
  }

  /** One page more. */
  async more(parent: NodeRow | undefined): Promise<void> {
    const known = this.loaded(parent)?.length ?? 0;
    if (known < this.total(parent) || known === 0) {
      await this.load(parent, known + PAGE);
    }
  }

  /** The row at the end of a path of node ids, loading what lies between; undefined if it cannot be shown. */
  async find(path: TreeLocateResult["path"]): Promise<NodeRow | undefined> {
    let row: NodeRow | undefined;
    for (const nodeId of path) {
      await this.children(row);
      while (!this.rows.has(nodeId)) {
        const known = this.loaded(row)?.length ?? 0;
        if (known >= this.total(row) || known >= FARTHEST) {
          return undefined;
        }
        await this.more(row);
      }
      row = this.rows.get(nodeId);
    }
    return row;
  }

  /** Whether nothing is known, and no change will be told. */
  get isDropped(): boolean {
    return this.seq === undefined;
  }

  /** Forget everything: the document was closed, or a message was lost. */
  drop(): void {
    this.rows = new Map();
    this.top = undefined;
    this.topTotal = 0;
    this.seq = undefined;
    this.asking.clear();
    this.era += 1;
  }

  /** Undefined: everything that is known was dropped. */
  apply(changed: TreeChangedParams): Changes | undefined {
    if (this.seq === undefined) {
      return { looks: new Set(), children: new Set() };
    }
    if (changed.seq <= this.seq) {
      return { looks: new Set(), children: new Set() };
    }
    if (changed.seq !== this.seq + 1) {
      this.drop();
      return undefined;
    }
    this.seq = changed.seq;
    const changes: Changes = { looks: new Set(), children: new Set() };
    for (const change of changed.changes) {
      if ("parentId" in change) {
        this.insert(change.parentId, change.index, change.node, changes);
      } else if ("node" in change) {
        const row = this.rows.get(change.node.nodeId);
        if (row !== undefined) {
          row.node = change.node;
          row.total = change.node.childCount ?? 0;
          changes.looks.add(row);
        }
      } else {
        this.remove(change.nodeId, changes);
      }
    }
    return changes;
  }

  private insert(parentId: string | null, index: number, node: TreeNode, changes: Changes): void {
    const parent = parentId === null ? undefined : this.rows.get(parentId);
    if (parentId !== null && parent === undefined) {
      return;
    }
    const siblings = this.loaded(parent);
    this.count(parent, 1);
    changes.children.add(parent);
    if (siblings === undefined || index > siblings.length) {
      return;
    }
    const row = this.rowOf(node, parent);
    this.rows.set(node.nodeId, row);
    (siblings as NodeRow[]).splice(index, 0, row);
  }

  private remove(nodeId: string, changes: Changes): void {
    const row = this.rows.get(nodeId);
    if (row === undefined) {
      return;
    }
    const siblings = this.loaded(row.parent) as NodeRow[] | undefined;
    const index = siblings?.indexOf(row) ?? -1;
    if (index >= 0) {
      siblings?.splice(index, 1);
    }
    this.count(row.parent, -1);
    changes.children.add(row.parent);
    this.forget(row, changes);
  }

  private forget(row: NodeRow, changes: Changes): void {
    for (const child of row.children ?? []) {
      this.forget(child, changes);
    }
    if (this.rows.get(row.node.nodeId) === row) {
      this.rows.delete(row.node.nodeId);
    }
    changes.looks.delete(row);
    changes.children.delete(row);
  }

  private count(parent: NodeRow | undefined, by: number): void {
    if (parent === undefined) {
      this.topTotal += by;
    } else {
      parent.total += by;
    }
  }

  private async load(parent: NodeRow | undefined, wanted: number): Promise<void> {
    const key = parent?.node.nodeId ?? "";
    const running = this.asking.get(key);
    if (running !== undefined) {
      await running;
      return;
    }
    const loading = this.fetch(parent, wanted).finally(() => {
      if (this.asking.get(key) === loading) {
        this.asking.delete(key);
      }
    });
    this.asking.set(key, loading);
    await loading;
  }

  private async fetch(parent: NodeRow | undefined, wanted: number): Promise<void> {
    // A delta may cross an answer: then the answer is for another state than the rows are, and is asked for again.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const era = this.era;
      const offset = this.loaded(parent)?.length ?? 0;
      const answer = await this.ask({
        uri: this.uri,
        nodeId: parent?.node.nodeId ?? null,
        offset,
        limit: Math.max(wanted - offset, 1),
      });
      if (era !== this.era) {
        return;
      }
      this.seq ??= answer.seq;
      if (answer.seq !== this.seq || offset !== (this.loaded(parent)?.length ?? 0)) {
        continue;
      }
      const rows = answer.nodes.map((node) => this.rowOf(node, parent));
      for (const row of rows) {
        this.rows.set(row.node.nodeId, row);
      }
      if (parent === undefined) {
        this.top = [...(this.top ?? []), ...rows];
        this.topTotal = answer.total;
      } else {
        parent.children = [...(parent.children ?? []), ...rows];
        parent.total = answer.total;
      }
      return;
    }
    this.drop();
  }

  private rowOf(node: TreeNode, parent: NodeRow | undefined): NodeRow {
    return { kind: "node", uri: this.uri, node, parent, children: undefined, total: node.childCount ?? 0 };
  }
}
