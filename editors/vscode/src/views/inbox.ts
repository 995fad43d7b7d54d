/** What waits for a person: approvals and questions of all runs. Decided here, after a look at exactly what is meant. */

import * as vscode from "vscode";

import type { ApprovalInfo } from "../generated/protocol";
import type { Live } from "../live";
import { VIEWS } from "../names";
import type { ServerControl } from "../server/control";
import { tell } from "../talk";
import { ago, escapeMarkdown, shortened } from "../words";
import type { ProposedFiles } from "./proposed_files";

const ICONS: Record<string, string> = {
  question: "comment-discussion",
  edit: "diff",
  command: "terminal",
  start: "play-circle",
  confirm: "pass",
  budget: "credit-card",
};

export class Inbox implements vscode.TreeDataProvider<ApprovalInfo>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<ApprovalInfo>;
  private readonly told = new Set<string>();
  private readonly disposables: vscode.Disposable[] = [];

  constructor(
    private readonly server: ServerControl,
    private readonly live: Live,
    private readonly files: ProposedFiles,
  ) {
    this.view = vscode.window.createTreeView(VIEWS.inbox, { treeDataProvider: this });
    this.disposables.push(this.view, live.onChange(() => this.show()));
  }

  getChildren(row?: ApprovalInfo): ApprovalInfo[] {
    return row === undefined ? this.live.approvals : [];
  }

  getTreeItem(approval: ApprovalInfo): vscode.TreeItem {
    const item = new vscode.TreeItem(shortened(approval.title, 120));
    item.id = approval.approvalId;
    item.description = [shortened(approval.task, 40), ago(approval.created, Date.now() / 1000)].filter((part) => part !== "").join(" · ");
    item.iconPath = new vscode.ThemeIcon(ICONS[approval.kind] ?? "bell-dot", new vscode.ThemeColor("charts.yellow"));
    item.contextValue = `approval ${approval.kind} ${approval.choices.includes("Allow") ? "leave" : "answer"}`;
    const shown = approval.detail["text"];
    const text = new vscode.MarkdownString(`**${escapeMarkdown(approval.title)}**\n\n${escapeMarkdown(approval.task)}`);
    if (typeof shown === "string" && approval.kind !== "edit") {
      text.appendCodeblock(shown, "text");
    }
    item.tooltip = text;
    const command = approval.kind === "edit" ? "orchestrator.inbox.diff" : "orchestrator.inbox.answer";
    item.command = { command, title: "Look at It", arguments: [approval] };
    item.accessibilityInformation = { label: `${approval.title}, asked by ${approval.task}` };
    return item;
  }

  /** The row of a command, or the only one there is, or the one that the person picks. */
  async choose(approval: ApprovalInfo | undefined): Promise<ApprovalInfo | undefined> {
    const known = approval === undefined ? undefined : this.live.approvals.find((one) => one.approvalId === approval.approvalId);
    if (known !== undefined || approval !== undefined || this.live.approvals.length <= 1) {
      return known ?? approval ?? this.live.approvals[0];
    }
    const picked = await vscode.window.showQuickPick(
      this.live.approvals.map((one) => ({ label: shortened(one.title, 100), description: one.task, approval: one })),
      { title: "What Waits for You" },
    );
    return picked?.approval;
  }

  /** Ask the person, after everything that they decide about was shown. */
  async answer(approval: ApprovalInfo): Promise<void> {
    if (approval.choices.length === 0) {
      const words = await vscode.window.showInputBox({
        title: shortened(approval.task),
        prompt: approval.title,
        ignoreFocusOut: true,
        validateInput: (value) => (value.trim() === "" ? "Write an answer, or press Escape to leave the question open." : undefined),
      });
      if (words !== undefined) {
        await this.send(approval, words);
      }
      return;
    }
    if (approval.kind === "edit") {
      await this.files.show(approval);
    }
    const text = typeof approval.detail["text"] === "string" && approval.kind !== "edit" ? approval.detail["text"] : "";
    const careful = approval.choices[0];
    const chosen = await vscode.window.showInformationMessage(
      approval.title,
      { modal: text !== "", ...(text === "" ? {} : { detail: text }) },
      ...approval.choices.filter((choice) => choice !== careful),
      ...(careful === undefined ? [] : [careful]),
    );
    if (chosen !== undefined) {
      await this.send(approval, chosen);
    }
  }

  async send(approval: ApprovalInfo, answer: string): Promise<void> {
    await tell(this.server.request("orchestrator/question/answer", { approvalId: approval.approvalId, answer }));
    this.live.refresh();
  }

  dispose(): void {
    for (const one of this.disposables) {
      one.dispose();
    }
    this.changed.dispose();
  }

  private show(): void {
    const open = this.live.approvals;
    // The one badge of the container: VS Code adds them up, and only this says that a person is needed.
    this.view.badge = open.length === 0 ? undefined : { value: open.length, tooltip: `${open.length} wait for you` };
    this.changed.fire(undefined);
    const fresh = open.filter((one) => !this.told.has(one.approvalId));
    for (const one of fresh) {
      this.told.add(one.approvalId);
    }
    const wanted = vscode.workspace.getConfiguration("orchestrator").get<boolean>("notifications", true);
    if (fresh.length > 0 && !this.view.visible && wanted) {
      void this.notify(fresh);
    }
  }

  /** Only where a person is needed, and only if the inbox is out of sight. */
  private async notify(fresh: ApprovalInfo[]): Promise<void> {
    const [first] = fresh;
    if (first === undefined) {
      return;
    }
    const look = fresh.length === 1 ? (first.kind === "edit" ? "Show Changes" : "Answer") : "Open Inbox";
    const words =
      fresh.length === 1 ? `“${shortened(first.task, 50)}”: ${shortened(first.title, 160)}` : `${fresh.length} tasks wait for you.`;
    if ((await vscode.window.showInformationMessage(words, look)) !== look) {
      return;
    }
    if (fresh.length === 1) {
      await this.answer(first);
    } else {
      await vscode.commands.executeCommand(`${VIEWS.inbox}.focus`);
    }
  }
}
