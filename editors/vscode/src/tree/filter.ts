/**
 * Which tasks are shown: by status, and by words of their titles. A filter by words is answered by the server, which
 * knows the parts of the tree that nobody loaded; its answer is a tree of its own, kept here.
 *
 * Apart from the view because it knows no editor.
 *
 * Invariant: what fits is below what it stands below, and nothing else is shown ("a filter shows what fits, where it stands").
 */

import type { TreeNode, TreeSearchParams, TreeSearchResult } from "../generated/protocol";
import type { NodeRow } from "./model";

export type Show = "all" | "open" | "attention";

export interface Filter {
  show: Show;
  /** Words of titles, or an id. */
  text: string;
}

export const EVERYTHING: Filter = { show: "all", text: "" };
const OPEN = ["pending", "inProgress", "failed", "asking"] as const;
const ATTENTION = ["failed", "asking"] as const;
const SETTLED: readonly string[] = ["completed", "cancelled", "other"];
const WORDS: Record<Show, string> = { all: "", open: "open tasks", attention: "failed and asking" };

/** As it was kept, by whatever version of the extension. */
export function filterOf(kept: unknown): Filter {
  if (typeof kept !== "object" || kept === null) {
    return EVERYTHING;
  }
  const { show, text } = kept as Record<string, unknown>;
  return { show: show === "open" || show === "attention" ? show : "all", text: typeof text === "string" ? text.slice(0, 200) : "" };
}

/** Undefined: what is loaded can be told by itself. */
export function searchOf(filter: Filter): Omit<TreeSearchParams, "uri"> | undefined {
  const text = filter.text.trim();
  if (text === "" && filter.show !== "attention") {
    return undefined;
  }
  const statuses = filter.show === "all" ? [] : filter.show === "open" ? [...OPEN] : [...ATTENTION];
  return { text, statuses };
}

/** For the head of the view. */
export function wordsOf(filter: Filter): string {
  const text = filter.text.trim();
  return [text === "" ? "" : `“${text}”`, WORDS[filter.show]].filter((part) => part !== "").join(" · ");
}

/** Outlines that a filter shows: each is opened for that, so it is not all of a thousand. */
export const MOST_SEARCHED = 100;

/** Of many those that are open, and then the first that fit, in the order in which they came. */
export function searchedOf<File>(files: readonly File[], isOpen: (file: File) => boolean, fits: (file: File) => boolean): File[] {
  if (files.length <= MOST_SEARCHED) {
    return [...files];
  }
  const chosen = new Set([...files.filter(isOpen), ...files.filter(fits)].slice(0, MOST_SEARCHED));
  return files.filter((file) => chosen.has(file));
}

/** Above the tree, while a filter hides something: empty where there is nothing to say. `wanted`: outlines with something that fits. */
export function messageOf(count: { files: number; fitting: number; wanted: number; complete: boolean }): string {
  const read = count.complete ? "" : "Some outlines are still being read: filter again in a while.";
  const more = count.fitting < count.wanted ? `Shown are ${count.fitting} of ${count.wanted} outlines with tasks that fit.` : "";
  const none = count.fitting === 0 && count.files > 0 && more === "" ? "No task fits the filter." : "";
  return [none, more, read].filter((part) => part !== "").join(" ");
}

/** Without a search: whether a loaded node is left out. */
export function hides(filter: Filter, node: TreeNode): boolean {
  if (filter.show !== "open") {
    return false;
  }
  const settled = node.kind === "section" || SETTLED.includes(node.status ?? "");
  return settled && allDone(node);
}

function allDone(node: TreeNode): boolean {
  return node.progress == null || node.progress.done === node.progress.total;
}

/** What a search found in one outline. */
export class FilteredTree {
  readonly top: NodeRow[] = [];
  /** How many fit, shown or not. */
  readonly total: number;
  /** How many of them are here. */
  readonly fitting: number;
  private readonly rows = new Map<string, NodeRow>();

  constructor(uri: string, answer: TreeSearchResult) {
    this.total = answer.total;
    this.fitting = answer.nodes.filter((one) => one.fits).length;
    for (const { node, parentId } of answer.nodes) {
      const parent = parentId === null ? undefined : this.rows.get(parentId);
      const row: NodeRow = { kind: "node", uri, node, parent, children: undefined, total: node.childCount ?? 0 };
      this.rows.set(node.nodeId, row);
      if (parent === undefined) {
        this.top.push(row);
      } else {
        (parent.children ??= []).push(row);
      }
    }
  }

  row(nodeId: string): NodeRow | undefined {
    return this.rows.get(nodeId);
  }
}

/** Node ids from the top down to the row. */
export function pathOf(row: NodeRow): string[] {
  return [...(row.parent === undefined ? [] : pathOf(row.parent)), row.node.nodeId];
}
