/** How states and amounts are said to a person. One place, so that every view says the same. */

import type { RunInfo, TreeNode } from "./generated/protocol";

export interface Look {
  /** A codicon. */
  icon: string;
  /** A theme colour; empty: the one of the text. */
  colour: string;
  word: string;
}

const LOOKS = {
  pending: { icon: "circle-large-outline", colour: "", word: "pending" },
  inProgress: { icon: "circle-large-filled", colour: "charts.blue", word: "in progress" },
  completed: { icon: "pass-filled", colour: "charts.green", word: "completed" },
  cancelled: { icon: "circle-slash", colour: "disabledForeground", word: "cancelled" },
  failed: { icon: "error", colour: "charts.red", word: "failed" },
  asking: { icon: "question", colour: "charts.yellow", word: "waits for an answer" },
  other: { icon: "circle-large-outline", colour: "disabledForeground", word: "another mark" },
} satisfies Record<string, Look>;
const STATUSES = new Map<string, Look>(Object.entries(LOOKS));
const RUNNING = new Map<string, Look>(Object.entries({
  deciding: { icon: "loading~spin", colour: "charts.blue", word: "deciding" },
  planning: { icon: "loading~spin", colour: "charts.blue", word: "planning" },
  expanded: { icon: "loading~spin", colour: "charts.blue", word: "subtasks run" },
  executing: { icon: "loading~spin", colour: "charts.blue", word: "running" },
  verifying: { icon: "loading~spin", colour: "charts.blue", word: "verifying" },
  aggregating: { icon: "loading~spin", colour: "charts.blue", word: "summing up" },
  waiting: { icon: "bell-dot", colour: "charts.yellow", word: "waits for you" },
  queued: { icon: "watch", colour: "charts.blue", word: "queued" },
}));

/** Of a node in the tree. `live` is the state of its attempt, if one is under way. */
export function lookOf(node: Pick<TreeNode, "kind" | "status">, live?: string): Look {
  const running = live === undefined ? undefined : RUNNING.get(live);
  if (running !== undefined) {
    return running;
  }
  if (node.kind === "section") {
    return { icon: "symbol-namespace", colour: "", word: "section" };
  }
  return STATUSES.get(node.status ?? "other") ?? LOOKS.other;
}

export function isLive(state: string | null | undefined): boolean {
  return state != null && RUNNING.has(state);
}

/** Of an attempt or a run that is over, or has not begun. */
export function lookOfState(state: string | null): Look {
  const running = state === null ? undefined : RUNNING.get(state);
  if (running !== undefined) {
    return running;
  }
  switch (state) {
    case null:
      return { icon: "circle-large-outline", colour: "disabledForeground", word: "not begun" };
    case "running":
      return { icon: "loading~spin", colour: "charts.blue", word: "running" };
    case "paused":
      return { icon: "debug-pause", colour: "charts.yellow", word: "paused" };
    case "completed":
      return LOOKS.completed;
    case "failed":
      return LOOKS.failed;
    case "cancelled":
    case "discarded":
      return { icon: "circle-slash", colour: "disabledForeground", word: state === "discarded" ? "discarded" : "stopped" };
    default:
      return { icon: "circle-large-outline", colour: "", word: state };
  }
}

export function money(usd: number | null | undefined): string {
  if (usd == null) {
    return "cost unknown";
  }
  return usd === 0 ? "$0" : usd < 0.01 ? `$${usd.toPrecision(2)}` : `$${usd.toFixed(2)}`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** "2 of 5 · $0.03" */
export function runSummary(run: RunInfo): string {
  const parts: string[] = [];
  if (run.done != null && run.total != null) {
    parts.push(`${run.done} of ${run.total}`);
  }
  parts.push(lookOfState(run.state).word);
  if (run.costUsd != null && run.costUsd > 0) {
    parts.push(money(run.costUsd));
  }
  return parts.join(" · ");
}

/** "3 min ago", for a time in seconds since 1970. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, now - then);
  if (seconds < 60) {
    return "just now";
  }
  const steps: [number, string][] = [[60, "min"], [3600, "h"], [86_400, "d"]];
  const [size, unit] = steps.findLast(([length]) => seconds >= length) ?? [60, "min"];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

/** Text of a file, a model or a person inside Markdown of ours: as it is, never as markup. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!<>|~&$]/g, "\\$&").replace(/\r?\n/g, "  \n");
}

/** One line, and no more than `width` characters of it. */
export function shortened(text: string, width = 60): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= width ? line : `${line.slice(0, width - 1).trimEnd()}…`;
}
