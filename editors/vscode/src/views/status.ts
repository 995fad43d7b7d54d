/** The item in the status bar: is the server there, does something run, what did today cost, who needs you. */

import * as vscode from "vscode";

import type { Live } from "../live";
import type { ServerControl } from "../server/control";
import { counted, escapeMarkdown, money } from "../words";

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("orchestrator.status", vscode.StatusBarAlignment.Left, 10);
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly server: ServerControl,
    private readonly live: Live,
  ) {
    this.item.name = "Orchestrator";
    this.item.command = "orchestrator.menu";
    this.disposables = [
      this.item,
      server.onState(() => this.show()),
      live.onChange(() => this.show()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.show()),
    ];
    this.show();
    this.item.show();
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
  }

  private show(): void {
    const { state } = this.server;
    const waiting = this.live.approvals.length;
    const running = this.live.running.length;
    let text = "$(checklist) Orchestrator";
    let background: string | undefined;
    const lines: string[] = [];
    switch (state.kind) {
      case "missing":
        text = "$(warning) Orchestrator: not installed";
        background = "statusBarItem.warningBackground";
        lines.push(escapeMarkdown(state.message));
        break;
      case "failed":
        text = "$(error) Orchestrator";
        background = "statusBarItem.errorBackground";
        lines.push(`The server did not start: ${escapeMarkdown(state.message)}`);
        break;
      case "starting":
        text = "$(loading~spin) Orchestrator";
        lines.push("The server starts.");
        break;
      case "stopped":
        text = "$(circle-slash) Orchestrator";
        lines.push("The server is stopped.");
        break;
      case "ready": {
        if (waiting > 0) {
          text = `$(bell-dot) ${counted(waiting, "question")}`;
          background = "statusBarItem.warningBackground";
        } else if (running > 0) {
          const [run] = this.live.running;
          const progress = running === 1 && run?.done != null && run.total != null ? `${run.done}/${run.total}` : counted(running, "run");
          text = `$(loading~spin) ${progress}`;
        }
        lines.push(`Server ${escapeMarkdown(state.version)} is ready.`);
        lines.push(`${counted(running, "run")} under way, ${counted(waiting, "question")} for you.`);
        lines.push(`Today: ${money(this.live.spentToday)}`);
        break;
      }
    }
    if (!vscode.workspace.isTrusted) {
      lines.push("This workspace is not trusted: everything can be read, nothing runs.");
      text += " $(shield)";
    }
    this.item.text = text;
    this.item.accessibilityInformation = { label: `Orchestrator: ${lines.join(" ")}` };
    this.item.tooltip = new vscode.MarkdownString(lines.join("\n\n"));
    this.item.backgroundColor = background === undefined ? undefined : new vscode.ThemeColor(background);
  }
}
