/** The item in the status bar: is the server there, who answers, does something run, what did today cost, who needs you. */

import * as vscode from "vscode";

import type { Live } from "../live";
import type { ServerControl } from "../server/control";
import { escapeMarkdown } from "../words";
import { statusWords } from "./status_words";

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("orchestrator.status", vscode.StatusBarAlignment.Left, 10);
  private readonly disposables: vscode.Disposable[];
  private model = "";

  constructor(
    private readonly server: ServerControl,
    private readonly live: Live,
  ) {
    this.item.name = "Orchestrator";
    this.item.command = "orchestrator.menu";
    this.disposables = [
      this.item,
      server.onState(() => {
        this.show();
        void this.askForModel();
      }),
      live.onChange(() => this.show()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.show()),
    ];
    // Not when they change: the server would answer with those that it still has. Once it has asked, it waits for them.
    server.onSettings = () => void this.askForModel();
    this.show();
    this.item.show();
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
  }

  /** The one that does a simple task, as the settings say it. */
  private async askForModel(): Promise<void> {
    if (this.server.state.kind !== "ready") {
      return;
    }
    try {
      const { roles } = await this.server.request("orchestrator/models/list", {});
      this.model = roles.find((one) => one.role === "execute")?.models[0] ?? "";
    } catch (error) {
      this.server.output.debug(`The models are not known: ${String(error)}`);
    }
    this.show();
  }

  private show(): void {
    const { state } = this.server;
    const { running } = this.live;
    const words = statusWords({
      state: state.kind,
      about: state.kind === "ready" ? state.version : "message" in state ? state.message : "",
      ...(state.kind === "missing" ? { mend: state.mend } : {}),
      model: this.model,
      running: running.length,
      here: running.filter((run) => run.here).length,
      waiting: this.live.approvals.length,
      spentToday: this.live.spentToday,
      trusted: vscode.workspace.isTrusted,
    });
    this.item.text = words.text;
    this.item.accessibilityInformation = { label: `Orchestrator: ${words.lines.join(" ")}` };
    this.item.tooltip = new vscode.MarkdownString(words.lines.map(escapeMarkdown).join("\n\n"));
    this.item.backgroundColor = words.background === undefined ? undefined : new vscode.ThemeColor(`statusBarItem.${words.background}Background`);
  }
}
