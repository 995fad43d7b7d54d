/** What can stand in the task tree. */

import type { Ghost } from "../ghosts/model";
import type { PlanChange } from "../generated/protocol";
import type { NodeRow } from "./model";

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

/** The nodes among them, by outline. */
export function nodesOf(rows: readonly Row[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const row of rows) {
    if (row.kind === "node") {
      found.set(row.uri, [...(found.get(row.uri) ?? []), row.node.nodeId]);
    }
  }
  return found;
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && "kind" in value;
}
