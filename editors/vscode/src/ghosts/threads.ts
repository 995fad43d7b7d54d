/**
 * Proposals in the editor: a zone below the task that lists the subtasks while they stream.
 *
 * VS Code has no virtual lines for extensions. Of what its stable API can show between two lines, comment threads read
 * best: real text with a button for each subtask, part of no document, and known to screen readers. Decorations are cut
 * at the window's border, and inline completions vanish with the first move of the cursor
 * (docs/explanation/decisions/0014-proposals-as-comment-zones.md).
 *
 * Invariant: a zone is where its task is, also after edits above it ("the zone moves with its task").
 */

import * as vscode from "vscode";

import type { PlanChange, SplitPreviewParams } from "../generated/protocol";
import type { ServerControl } from "../server/control";
import { counted, escapeMarkdown } from "../words";
import { changeTitle, type Ghost, ghostsOf, headline, isOpen, isReplan, type Proposals } from "./model";

export interface GhostComment extends vscode.Comment {
  readonly runId: string;
  /** As `split/accept` takes it. */
  readonly path: number[];
}

interface Shown {
  readonly thread: vscode.CommentThread;
  readonly nodeId: string;
  drawn: string;
}

const MOVE_PAUSE = 120;

export class GhostThreads implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController("orchestrator.proposals", "Orchestrator: proposed subtasks");
  private readonly shown = new Map<string, Shown>();
  private readonly lines = new Map<string, number>();
  private readonly waiting = new Set<string>();
  private readonly disposables: vscode.Disposable[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly server: ServerControl,
    private readonly proposals: Proposals,
  ) {
    this.disposables.push(
      this.controller,
      proposals.onChange((preview) => void this.show(preview)),
      vscode.workspace.onDidChangeTextDocument((change) => this.moved(change)),
    );
  }

  /** The last line of the task, as the answer to `split/start` said. */
  place(runId: string, lastLine: number): void {
    this.lines.set(runId, lastLine);
  }

  runOf(thread: vscode.CommentThread): string | undefined {
    return [...this.shown].find(([, one]) => one.thread === thread)?.[0];
  }

  threadOf(runId: string): vscode.CommentThread | undefined {
    return this.shown.get(runId)?.thread;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.disposables) {
      one.dispose();
    }
  }

  private async show(preview: SplitPreviewParams): Promise<void> {
    if (!isOpen(preview)) {
      this.shown.get(preview.runId)?.thread.dispose();
      this.shown.delete(preview.runId);
      this.lines.delete(preview.runId);
      return;
    }
    if (this.shown.get(preview.runId) === undefined) {
      if (this.waiting.has(preview.runId)) {
        return; // whoever waits for the line shows the newest
      }
      this.waiting.add(preview.runId);
      const line = this.lines.get(preview.runId) ?? (await this.lastLine(preview.uri, preview.nodeId)) ?? 0;
      this.waiting.delete(preview.runId);
      const newest = this.proposals.get(preview.runId);
      if (newest === undefined) {
        return;
      }
      const thread = this.controller.createCommentThread(vscode.Uri.parse(preview.uri), new vscode.Range(line, 0, line, 0), []);
      thread.canReply = false;
      // Of an open thread VS Code would bring up its Comments panel (`comments.openView`).
      thread.state = vscode.CommentThreadState.Resolved;
      thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
      this.shown.set(preview.runId, { thread, nodeId: preview.nodeId, drawn: "" });
      this.draw(newest);
      return;
    }
    this.draw(preview);
  }

  private draw(preview: SplitPreviewParams): void {
    const shown = this.shown.get(preview.runId);
    const drawn = JSON.stringify([preview.state, preview.children, preview.changes, preview.source]);
    if (shown === undefined || shown.drawn === drawn) {
      return;
    }
    shown.drawn = drawn;
    // Who proposes them stands with them: a small model's plans are read with other eyes.
    shown.thread.label = [headline(preview), preview.source ?? ""].filter((part) => part !== "").join(" · ");
    shown.thread.contextValue = preview.state === "ready" ? "ready" : "working";
    const comments = isReplan(preview)
      ? (preview.changes ?? []).map((change, index) => changeComment(preview, change, index))
      : ghostsOf(preview).map((ghost, index) => ghostComment(preview, ghost, index));
    shown.thread.comments = comments.length > 0 ? comments : [waitingComment(preview)];
  }

  private moved(change: vscode.TextDocumentChangeEvent): void {
    const uri = change.document.uri.toString();
    if (change.contentChanges.length === 0 || this.proposals.of(uri).length === 0) {
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      for (const preview of this.proposals.of(uri)) {
        void this.follow(preview);
      }
    }, MOVE_PAUSE);
  }

  private async follow(preview: SplitPreviewParams): Promise<void> {
    const line = await this.lastLine(preview.uri, preview.nodeId);
    const thread = this.shown.get(preview.runId)?.thread;
    if (line !== undefined && thread !== undefined && thread.range.start.line !== line) {
      thread.range = new vscode.Range(line, 0, line, 0);
    }
  }

  private async lastLine(uri: string, nodeId: string): Promise<number | undefined> {
    try {
      const located = await this.server.request("orchestrator/tree/locate", { uri, nodeId });
      return lastLineOf(located.range);
    } catch {
      return undefined; // an idea is no task yet
    }
  }
}

export function lastLineOf(range: { start: { line: number }; end: { line: number; character: number } }): number {
  const { start, end } = range;
  return Math.max(start.line, end.character === 0 ? end.line - 1 : end.line);
}

function ghostComment(preview: SplitPreviewParams, ghost: Ghost, index: number): GhostComment {
  const { task } = ghost;
  const body = new vscode.MarkdownString();
  body.isTrusted = false;
  const parts: string[] = [];
  if (task.description != null && task.description !== "") {
    parts.push(escapeMarkdown(task.description));
  }
  if (task.acceptance != null && task.acceptance !== "") {
    parts.push(`*Accept:* ${escapeMarkdown(task.acceptance)}`);
  }
  if (ghost.children.length > 0) {
    parts.push(listing(ghost.children, task.ordered === true, ""));
  }
  body.appendMarkdown(parts.join("\n\n"));
  const labels = [
    (task.dependsOn ?? []).length > 0 ? `after ${(task.dependsOn ?? []).map((one) => one + 1).join(", ")}` : "",
    task.asks ?? "",
    ghost.children.length > 0 ? counted(ghost.children.length, "subtask") : "",
  ].filter((label) => label !== "");
  return {
    runId: preview.runId,
    path: ghost.path,
    mode: vscode.CommentMode.Preview,
    author: { name: preview.ordered === true ? `${index + 1}. ${task.title}` : task.title },
    body,
    contextValue: preview.state === "ready" ? "ghost" : "ghost.working",
    ...(labels.length > 0 ? { label: labels.join(" · ") } : {}),
  };
}

function listing(ghosts: readonly Ghost[], ordered: boolean, indent: string): string {
  return ghosts
    .map((one, index) => {
      const marker = ordered ? `${index + 1}.` : "-";
      const below = one.children.length > 0 ? `\n${listing(one.children, one.task.ordered === true, `${indent}   `)}` : "";
      return `${indent}${marker} ${escapeMarkdown(one.task.title)}${below}`;
    })
    .join("\n");
}

function changeComment(preview: SplitPreviewParams, change: PlanChange, index: number): GhostComment {
  const words = { add: "new", edit: "changed", obsolete: "no longer needed" };
  const body = new vscode.MarkdownString(
    [change.description, change.reason].filter((part) => part != null && part !== "").map((part) => escapeMarkdown(part ?? "")).join("\n\n"),
  );
  return {
    runId: preview.runId,
    path: [index],
    mode: vscode.CommentMode.Preview,
    author: { name: changeTitle(change) },
    body,
    label: words[change.op],
    contextValue: preview.state === "ready" ? "ghost" : "ghost.working",
  };
}

function waitingComment(preview: SplitPreviewParams): GhostComment {
  return {
    runId: preview.runId,
    path: [],
    mode: vscode.CommentMode.Preview,
    author: { name: headline(preview) },
    body: new vscode.MarkdownString(escapeMarkdown(preview.source ?? "")),
    contextValue: "waiting",
  };
}
