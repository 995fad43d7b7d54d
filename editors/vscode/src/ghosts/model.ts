/**
 * Proposals as this window knows them: what `split/preview` said last, per run.
 *
 * Apart from what shows them (the editor, the tree), so that both show the same.
 *
 * Invariant: an older preview never replaces a newer one ("previews that come late are left out").
 */

import type { GhostTask, PlanChange, SplitPreviewParams, SplitState } from "../generated/protocol";

export const AT_WORK: readonly SplitState[] = ["deciding", "planning"];

export interface Ghost {
  /** As `split/accept` takes it. */
  path: number[];
  task: GhostTask;
  children: Ghost[];
}

export class Proposals {
  private readonly byRun = new Map<string, SplitPreviewParams>();
  private readonly listeners = new Set<(preview: SplitPreviewParams) => void>();

  onChange(listener: (preview: SplitPreviewParams) => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  /** Take what the server said. Over are those that are neither at work nor ready. */
  take(preview: SplitPreviewParams): void {
    const before = this.byRun.get(preview.runId);
    if (before !== undefined && before.seq >= preview.seq) {
      return;
    }
    if (isOpen(preview)) {
      this.byRun.set(preview.runId, preview);
    } else {
      this.byRun.delete(preview.runId);
    }
    for (const listener of this.listeners) {
      listener(preview);
    }
  }

  /** The server is gone, and its proposals with it. */
  clear(): void {
    const all = [...this.byRun.values()];
    this.byRun.clear();
    for (const preview of all) {
      for (const listener of this.listeners) {
        listener({ ...preview, state: "cancelled", seq: preview.seq + 1 });
      }
    }
  }

  get(runId: string): SplitPreviewParams | undefined {
    return this.byRun.get(runId);
  }

  of(uri: string): SplitPreviewParams[] {
    return [...this.byRun.values()].filter((preview) => preview.uri === uri);
  }

  at(uri: string, nodeId: string): SplitPreviewParams | undefined {
    return this.of(uri).find((preview) => preview.nodeId === nodeId);
  }

  all(): SplitPreviewParams[] {
    return [...this.byRun.values()];
  }
}

export function isOpen(preview: SplitPreviewParams): boolean {
  return preview.state === "ready" || AT_WORK.includes(preview.state);
}

export function ghostsOf(preview: SplitPreviewParams): Ghost[] {
  return (preview.children ?? []).map((task, index) => ghost(task, [index]));
}

function ghost(task: GhostTask, path: number[]): Ghost {
  return { path, task, children: (task.children ?? []).map((child, index) => ghost(child, [...path, index])) };
}

/** All ghosts, parents before their children. */
export function* walk(ghosts: readonly Ghost[]): Generator<Ghost> {
  for (const one of ghosts) {
    yield one;
    yield* walk(one.children);
  }
}

export function isReplan(preview: SplitPreviewParams): boolean {
  return (preview.changes ?? []).length > 0;
}

/** One line about a change of a re-plan. */
export function changeTitle(change: PlanChange): string {
  switch (change.op) {
    case "obsolete":
      return `No longer needed: ${change.was ?? ""}`;
    case "edit":
      return change.title !== undefined && change.title !== "" && change.title !== change.was
        ? `${change.was ?? ""} → ${change.title}`
        : `${change.was ?? ""} (its text)`;
    case "add":
      return change.title ?? "";
  }
}

/** Whether accepting could also write modes and executors that need a person's word. */
export function asksForFields(preview: SplitPreviewParams): boolean {
  return [...walk(ghostsOf(preview))].some((one) => (one.task.asks ?? "") !== "");
}

const WORD: Record<string, string> = {
  deciding: "Deciding whether to split",
  planning: "Planning",
  ready: "Proposed",
};

/** "5 subtasks proposed", "Planning … 2 subtasks so far". */
export function headline(preview: SplitPreviewParams): string {
  const count = isReplan(preview) ? (preview.changes ?? []).length : (preview.children ?? []).length;
  const noun = isReplan(preview) ? (count === 1 ? "change" : "changes") : count === 1 ? "subtask" : "subtasks";
  if (preview.state === "ready") {
    return `${count} ${noun} proposed`;
  }
  const word = WORD[preview.state] ?? preview.state;
  return count > 0 ? `${word} · ${count} ${noun} so far` : `${word}…`;
}

/** The proposal as an outline that a person edits, and back. */
export function asOutline(preview: SplitPreviewParams): string {
  const lines: string[] = [];
  const write = (ghosts: readonly Ghost[], ordered: boolean, indent: string): void => {
    ghosts.forEach((one, index) => {
      const marker = ordered ? `${index + 1}.` : "-";
      const fields = [
        (one.task.dependsOn ?? []).length > 0 ? `[dependsOn:: ${(one.task.dependsOn ?? []).map((n) => n + 1).join(", ")}]` : "",
        one.task.mode != null && one.task.mode !== "" ? `[mode:: ${one.task.mode}]` : "",
        one.task.executor != null && one.task.executor !== "" ? `[executor:: ${one.task.executor}]` : "",
      ].filter((field) => field !== "");
      lines.push([`${indent}${marker} [ ] ${one.task.title}`, ...fields].join("  "));
      const inner = indent + " ".repeat(marker.length + 1);
      for (const line of (one.task.description ?? "").split("\n").filter((text) => text.trim() !== "")) {
        lines.push(`${inner}${line}`);
      }
      if (one.task.acceptance != null && one.task.acceptance !== "") {
        lines.push("", `${inner}Accept: ${one.task.acceptance.split("\n").join(`\n${inner}`)}`);
      }
      write(one.children, one.task.ordered === true, inner);
    });
  };
  write(ghostsOf(preview), preview.ordered === true, "");
  return `${lines.join("\n")}\n`;
}

/** Raises Error with the number of a line that cannot be read. */
export function fromOutline(text: string): { children: GhostTask[]; ordered: boolean } {
  interface Open {
    indent: number;
    task: GhostTask;
    list: GhostTask[];
    ordered: boolean;
    inAcceptance: boolean;
  }
  const top: GhostTask[] = [];
  let topOrdered = false;
  const open: Open[] = [];
  text.split(/\r\n|\r|\n/).forEach((line, number) => {
    const item = /^(\s*)([-*+]|\d+[.)])\s+\[[^\]]\]\s+(.*)$/.exec(line);
    if (item === null) {
      const content = line.trim();
      if (content === "") {
        return;
      }
      const holder = open.at(-1);
      if (holder === undefined) {
        throw new Error(`Line ${number + 1} belongs to no task: begin it with “- [ ] ”, or remove it.`);
      }
      const accept = /^Accept:\s*(.*)$/i.exec(content);
      if (accept !== null || holder.inAcceptance) {
        const words = accept === null ? content : (accept[1] ?? "");
        holder.task.acceptance = [holder.task.acceptance, words].filter((part) => (part ?? "") !== "").join("\n");
        holder.inAcceptance = true;
      } else {
        holder.task.description = [holder.task.description, content].filter((part) => (part ?? "") !== "").join("\n");
      }
      return;
    }
    const indent = (item[1] ?? "").replace(/\t/g, "    ").length;
    const ordered = /\d/.test(item[2] ?? "");
    while (open.length > 0 && (open.at(-1)?.indent ?? 0) >= indent) {
      open.pop();
    }
    const parent = open.at(-1);
    const list = parent === undefined ? top : (parent.task.children ??= []);
    if (list.length === 0) {
      if (parent === undefined) {
        topOrdered = ordered;
      } else {
        parent.task.ordered = ordered;
      }
    }
    const task = withFields(item[3] ?? "");
    list.push(task);
    open.push({ indent, task, list, ordered, inAcceptance: false });
  });
  return { children: top, ordered: topOrdered };
}

function withFields(words: string): GhostTask {
  const task: GhostTask = { title: "" };
  const rest = words.replace(/\s*\[(dependsOn|mode|executor)::\s*([^\]]*)\]/g, (_, key: string, value: string) => {
    const given = value.trim();
    if (key === "dependsOn") {
      const numbers = given.split(",").map((part) => Number.parseInt(part, 10) - 1);
      task.dependsOn = numbers.filter((one) => Number.isInteger(one) && one >= 0);
    } else if (key === "mode" && (given === "auto" || given === "interactive")) {
      task.mode = given;
    } else if (key === "executor") {
      task.executor = given;
    }
    return "";
  });
  task.title = rest.trim();
  return task;
}
