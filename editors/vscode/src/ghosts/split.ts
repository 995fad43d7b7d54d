/** Splitting: what the commands do, and what is said when there is nothing to split. */

import * as vscode from "vscode";

import type { SplitPreviewParams, SplitStartParams, SplitStartResult } from "../generated/protocol";
import type { ServerControl } from "../server/control";
import { errorWords, say, tell } from "../talk";
import { shortened } from "../words";
import { asksForFields, asOutline, fromOutline, isReplan, type Proposals } from "./model";
import { type GhostThreads, lastLineOf } from "./threads";

export class Splits implements vscode.Disposable {
  private readonly started = new Map<string, SplitStartParams>();
  /** All splits of this window, so that their events are told from those of runs. */
  private readonly runs = new Set<string>();
  private readonly editing = new Map<string, string>();
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    private readonly server: ServerControl,
    private readonly proposals: Proposals,
    private readonly threads: GhostThreads,
  ) {
    this.disposables.push(
      proposals.onChange((preview) => void this.ended(preview)),
      vscode.workspace.onDidCloseTextDocument((document) => this.editing.delete(document.uri.toString())),
    );
  }

  async start(params: SplitStartParams): Promise<void> {
    const result = await tell(this.server.request("orchestrator/split/start", params));
    if (result !== undefined) {
      this.noteStart(params, result);
    }
  }

  /** Whether this is a split, and no run of a branch. */
  owns(runId: string): boolean {
    return this.runs.has(runId);
  }

  /** Also of a split that a lens or a code action started. */
  noteStart(params: SplitStartParams, result: SplitStartResult): void {
    this.started.set(result.runId, params);
    this.runs.add(result.runId);
    this.threads.place(result.runId, lastLineOf(result.range));
  }

  async accept(runId: string, items: number[][] | null = null): Promise<void> {
    const preview = this.proposals.get(runId);
    if (preview === undefined) {
      return;
    }
    let fields = false;
    if (asksForFields(preview) && !isReplan(preview)) {
      const plain = "Without Them";
      const withThem = "With Them";
      const asked = (preview.children ?? []).map((task) => task.asks ?? "").filter((asks) => asks !== "");
      const chosen = await vscode.window.showInformationMessage(
        "The model also proposes how the subtasks are run.",
        { modal: true, detail: [...new Set(asked)].join("\n") },
        plain,
        withThem,
      );
      if (chosen === undefined) {
        return;
      }
      fields = chosen === withThem;
    }
    await tell(this.server.request("orchestrator/split/accept", { runId, items, fields }));
  }

  async discard(runId: string): Promise<void> {
    await tell(this.server.request("orchestrator/split/discard", { runId }));
  }

  /** The proposal as an outline in an editor of its own; its text is what `Use These Subtasks` takes. */
  async edit(runId: string): Promise<void> {
    const preview = this.proposals.get(runId);
    if (preview === undefined) {
      return;
    }
    if (isReplan(preview)) {
      void vscode.window.showInformationMessage("Changes of a plan are accepted one by one, and edited once they are in the file.");
      return;
    }
    const document = await vscode.workspace.openTextDocument({ language: "markdown", content: asOutline(preview) });
    this.editing.set(document.uri.toString(), runId);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
    this.tellEditing();
  }

  /** The run whose proposal this document holds. */
  edits(document: vscode.TextDocument | undefined): string | undefined {
    return document === undefined ? undefined : this.editing.get(document.uri.toString());
  }

  async use(document: vscode.TextDocument): Promise<void> {
    const runId = this.edits(document);
    if (runId === undefined) {
      return;
    }
    let read;
    try {
      read = fromOutline(document.getText());
    } catch (error) {
      void say("error", errorWords(error));
      return;
    }
    const done = await tell(this.server.request("orchestrator/split/edit", { runId, ...read }));
    if (done === undefined) {
      return;
    }
    this.editing.delete(document.uri.toString());
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    await this.accept(runId);
  }

  private async ended(preview: SplitPreviewParams): Promise<void> {
    this.runs.add(preview.runId);
    const params = this.started.get(preview.runId);
    const title = shortened(preview.title);
    const why = preview.message ?? "";
    switch (preview.state) {
      case "failed":
        void say("error", `“${title}” was not split: ${why}`);
        break;
      case "simple": {
        const force = "Split Anyway";
        const reason = why === "" ? (preview.decision?.reason ?? "") : why;
        const chosen = await vscode.window.showInformationMessage(
          `“${title}” needs no subtasks. ${reason}`,
          ...(params === undefined || params.replan === true ? [] : [force]),
        );
        if (chosen === force && params !== undefined) {
          await this.start({ uri: params.uri, nodeId: preview.nodeId, levels: params.levels ?? 1, force: true });
        }
        break;
      }
      case "applied":
        if (why !== "") {
          void vscode.window.showInformationMessage(why);
        }
        break;
      default:
        return;
    }
    this.started.delete(preview.runId);
  }

  private tellEditing(): void {
    const active = vscode.window.activeTextEditor?.document;
    void vscode.commands.executeCommand("setContext", "orchestrator.editsProposal", this.edits(active) !== undefined);
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
  }
}
