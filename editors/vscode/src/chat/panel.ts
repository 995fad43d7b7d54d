/**
 * Conversations beside the editor: one panel each, which shows what the server tells.
 *
 * One class of more than 400 lines, because what the server tells, what a page says and what is open make one state;
 * what knows no panel stands by itself: attaching, code, messages, the page.
 *
 * Invariant: a gap in `seq` opens the conversation again, so that nothing is shown that the server does not hold.
 */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

import { show } from "../commands/place";
import { fixOf } from "../fixes";
import type { ChatOpenParams, ChatOpenResult, ChatUpdateParams } from "../generated/protocol";
import { CONTEXTS } from "../names";
import type { ServerControl } from "../server/control";
import { errorWords } from "../talk";
import { shortened } from "../words";
import { type Attachment, pickAttachments, selectionOf } from "./attaching";
import { type CodeEdits, insertCode } from "./code";
import { earlierMessages } from "./earlier";
import { fromPage, type FromPage, linkOf, type ToPage } from "./messages";
import { chooseModel } from "./model";
import { chatPage } from "./page";

export const VIEW_TYPE = "orchestrator.chat";

interface Open {
  readonly panel: vscode.WebviewPanel;
  conversationId: string;
  uri: string;
  nodeId: string | undefined;
  seq: number;
  /** The server tells this window about it: to be closed as often as it was opened. */
  told: boolean;
  ready: boolean;
  /** What came before the page was ready, or while it is opened again. */
  waiting: ToPage[];
  attachments: Attachment[];
}

export class Chats implements vscode.WebviewPanelSerializer<{ conversationId?: string }>, vscode.Disposable {
  private readonly open = new Set<Open>();
  private readonly disposables: vscode.Disposable[] = [];
  /** Where text of a message is inserted: the editor that was last used. */
  private editor = vscode.window.activeTextEditor;
  /** The conversation that was looked at last. */
  private recent: Open | undefined;

  constructor(
    private readonly extension: vscode.ExtensionContext,
    private readonly server: ServerControl,
    private readonly code: CodeEdits,
    private readonly openTask: (id: string) => Promise<boolean>,
  ) {
    this.disposables.push(
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        this.editor = editor ?? this.editor;
      }),
      server.onState((state) => {
        for (const chat of this.open) {
          if (state.kind === "ready") {
            void this.reopen(chat);
          } else {
            chat.told = false;
            this.post(chat, { type: "offline", text: "The server is not running; what you write is kept here." });
          }
        }
      }),
    );
  }

  /** Of a task, or by its id; the panel that shows it already comes to the front. */
  async show(params: ChatOpenParams): Promise<void> {
    const opened = await this.server.request("orchestrator/chat/open", params);
    const id = opened.conversation.conversationId;
    const there = [...this.open].find((chat) => chat.conversationId === id);
    if (there !== undefined) {
      this.close(id); // it is open here already
      there.panel.reveal(undefined, false);
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      shortened(opened.conversation.title, 30),
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false },
      { retainContextWhenHidden: false },
    );
    const chat = this.adopt(panel, id, opened.conversation.uri);
    this.begin(chat, opened);
  }

  /** The selected lines of the editor, for the next message of the conversation that was looked at last. */
  attachSelection(): void {
    const chat = this.recent;
    const attachment = selectionOf(vscode.window.activeTextEditor);
    if (chat === undefined || attachment === undefined) {
      const what = chat === undefined ? "Open a conversation first" : "Select lines of a file first";
      void vscode.window.showInformationMessage(`${what}, then attach them.`);
      return;
    }
    chat.attachments.push(attachment);
    this.tellAttached(chat);
    chat.panel.reveal(undefined, false);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: { conversationId?: string } | undefined): Promise<void> {
    const id = state?.conversationId;
    if (id === undefined || id === "") {
      panel.dispose();
      return;
    }
    await this.reopen(this.adopt(panel, id, ""));
  }

  update(update: ChatUpdateParams): void {
    for (const chat of this.open) {
      if (chat.conversationId !== update.conversationId || update.seq <= chat.seq) {
        continue;
      }
      if (update.update.kind === "deleted") {
        chat.panel.dispose();
      } else if (update.seq !== chat.seq + 1 || update.update.kind === "changed") {
        chat.seq = update.seq;
        void this.reopen(chat);
      } else {
        chat.seq = update.seq;
        this.post(chat, { type: "update", update });
        if (update.update.kind === "end") {
          void this.measure(chat);
        }
      }
    }
  }

  dispose(): void {
    for (const chat of this.open) {
      chat.panel.dispose();
    }
    for (const one of this.disposables) {
      one.dispose();
    }
  }

  private adopt(panel: vscode.WebviewPanel, conversationId: string, uri: string): Open {
    const chat: Open = { panel, conversationId, uri, nodeId: undefined, seq: 0, told: false, ready: false, waiting: [], attachments: [] };
    this.open.add(chat);
    this.look(chat);
    panel.onDidChangeViewState(() => {
      if (panel.active) {
        this.look(chat);
      }
    });
    const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(this.extension.extensionUri, "media", name);
    panel.iconPath = { light: icon("chat-light.svg"), dark: icon("chat-dark.svg") };
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(this.extension.extensionUri, "dist"), vscode.Uri.joinPath(this.extension.extensionUri, "media")],
    };
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const said = fromPage(value);
      if (said !== undefined) {
        void this.hear(chat, said);
      }
    });
    panel.onDidDispose(() => {
      this.open.delete(chat);
      this.look([...this.open].at(-1));
      if (chat.told && this.server.state.kind === "ready") {
        this.close(chat.conversationId);
      }
    });
    panel.webview.html = this.page(panel.webview);
    return chat;
  }

  private async reopen(chat: Open): Promise<void> {
    try {
      this.begin(chat, await this.ask(chat));
    } catch (error) {
      this.post(chat, { type: "offline", text: errorWords(error) });
    }
  }

  private look(chat: Open | undefined): void {
    this.recent = chat;
    void vscode.commands.executeCommand("setContext", CONTEXTS.chat, chat !== undefined);
  }

  /**
   * Opening counts, and closing undoes it: one of each stays for a conversation, however often it is asked about.
   *
   * Nothing is waited for behind the answer: whoever shows it must do that before the updates that follow it.
   */
  private async ask(chat: Open, limit?: number): Promise<ChatOpenResult> {
    const { conversationId, told } = chat;
    const opened = await this.server.request("orchestrator/chat/open", { conversationId, ...(limit === undefined ? {} : { limit }) });
    if (told) {
      this.close(conversationId);
    }
    chat.told = true;
    return opened;
  }

  private close(conversationId: string): void {
    this.server.request("orchestrator/chat/close", { conversationId }).catch((error: unknown) => {
      this.server.output.debug(`A conversation could not be closed: ${String(error)}`); // the server has gone, and knows of none
    });
  }

  private begin(chat: Open, opened: ChatOpenResult): void {
    chat.told = true;
    chat.uri = opened.conversation.uri;
    chat.nodeId = opened.conversation.nodeId ?? undefined;
    chat.seq = opened.seq;
    chat.panel.title = shortened(opened.conversation.title, 30);
    this.post(chat, { type: "open", opened, draft: this.draft(chat.conversationId) });
  }

  /** What was written and not sent: it outlives the page and the window. */
  private draft(conversationId: string): string {
    return this.extension.workspaceState.get(`draft.${conversationId}`, "");
  }

  /** How large the next request would be and what was spent, now that there is one answer more. */
  private async measure(chat: Open): Promise<void> {
    try {
      const { conversation } = await this.ask(chat, 1);
      this.post(chat, { type: "measured", size: conversation.size ?? null, bill: conversation.bill ?? null });
    } catch (error) {
      this.server.output.debug(`The size of a conversation is not known: ${String(error)}`);
    }
  }

  private post(chat: Open, message: ToPage): void {
    if (chat.ready) {
      void chat.panel.webview.postMessage(message);
    } else {
      chat.waiting.push(message);
    }
  }

  private async hear(chat: Open, said: FromPage): Promise<void> {
    try {
      await this.act(chat, said);
    } catch (error) {
      const text = errorWords(error);
      this.post(chat, { type: "refused", text, draft: said.type === "send" ? said.text : "" });
    }
  }

  private async act(chat: Open, said: FromPage): Promise<void> {
    const { conversationId } = chat;
    switch (said.type) {
      case "ready": {
        // A page that was hidden begins anew.
        const again = chat.ready;
        chat.ready = true;
        const { waiting } = chat;
        chat.waiting = [];
        if (again || waiting.length === 0) {
          await this.reopen(chat);
        } else {
          for (const message of waiting) {
            this.post(chat, message);
          }
        }
        this.tellAttached(chat);
        return;
      }
      case "send": {
        const attachments = chat.attachments.map(({ name, ...attachment }) => attachment);
        const sent = await this.server.request("orchestrator/chat/send", { conversationId, text: said.text, replaces: said.replaces, attachments });
        chat.attachments = [];
        this.tellAttached(chat);
        if (sent.conversationId !== conversationId) {
          await this.server.request("orchestrator/chat/close", { conversationId });
          chat.conversationId = sent.conversationId;
          chat.told = false;
          await this.reopen(chat);
        }
        return;
      }
      case "draft":
        await this.extension.workspaceState.update(`draft.${conversationId}`, said.text === "" ? undefined : said.text);
        return;
      case "cancel":
        await this.server.request("orchestrator/chat/cancel", { conversationId });
        return;
      case "retry":
        await this.server.request("orchestrator/chat/retry", { conversationId, messageId: said.messageId });
        return;
      case "fork": {
        const forked = await this.server.request("orchestrator/chat/fork", { conversationId, messageId: said.messageId });
        if (forked.conversationId !== conversationId) {
          await this.show({ conversationId: forked.conversationId });
        }
        return;
      }
      case "select":
        await this.server.request("orchestrator/chat/select", { conversationId, messageId: said.messageId });
        return;
      case "restart": {
        const begun = await this.server.request("orchestrator/chat/restart", { conversationId });
        await this.show({ conversationId: begun.conversationId });
        return;
      }
      case "extract": {
        await vscode.workspace.openTextDocument(vscode.Uri.parse(chat.uri));
        const done = await this.server.request("orchestrator/chat/extract", { conversationId, messageId: said.messageId, to: said.to, text: said.text });
        const words = done.changed ? "It is in the outline; one undo takes it back." : "The task says that already.";
        vscode.window.setStatusBarMessage(words, 5000);
        return;
      }
      case "page": {
        this.post(chat, { type: "page", ...(await earlierMessages(this.server, conversationId, said.before, said.upTo)) });
        return;
      }
      case "find": {
        const { messages } = await this.server.request("orchestrator/chat/find", { conversationId, text: said.text });
        this.post(chat, { type: "found", text: said.text, messages });
        return;
      }
      case "copy":
        await vscode.env.clipboard.writeText(said.text);
        vscode.window.setStatusBarMessage("Copied.", 3000);
        return;
      case "insert":
        await insertCode(this.editorInView(), said.text);
        return;
      case "apply":
        await this.code.propose(this.editorInView(), this.folderOf(chat), said.text, said.file);
        return;
      case "open":
        await this.follow(chat, said.href);
        return;
      case "mend": {
        const fix = fixOf(said.text);
        if (fix !== undefined) {
          await vscode.commands.executeCommand(fix.command, ...fix.args);
        }
        return;
      }
      case "attach":
        chat.attachments.push(...(await pickAttachments(this.editor)));
        this.tellAttached(chat);
        return;
      case "detach":
        chat.attachments.splice(said.index, 1);
        this.tellAttached(chat);
        return;
      case "model":
        if (await chooseModel(this.server, conversationId)) {
          await this.reopen(chat);
        }
        return;
      case "context": {
        const uri = vscode.Uri.parse(`orchestrator:/context/${conversationId}.md`);
        await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true, viewColumn: this.beside(chat) });
        return;
      }
      case "task":
        if (chat.nodeId !== undefined) {
          const located = await this.server.request("orchestrator/tree/locate", { uri: chat.uri, nodeId: chat.nodeId });
          await show(chat.uri, located.selectionRange.start.line, false, this.beside(chat));
        }
        return;
    }
  }

  /** The editor that was used last, if it is still on the screen. */
  private editorInView(): vscode.TextEditor | undefined {
    return vscode.window.visibleTextEditors.find((one) => one.document === this.editor?.document);
  }

  private folderOf(chat: Open): vscode.Uri | undefined {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(chat.uri)) ?? vscode.workspace.workspaceFolders?.[0];
    return folder?.uri;
  }

  private async follow(chat: Open, href: string): Promise<void> {
    const link = linkOf(href);
    if (link === undefined) {
      throw new Error("This link leads to no page, no file of the workspace and no task.");
    }
    if (link.kind === "web") {
      await vscode.env.openExternal(vscode.Uri.parse(link.address)); // VS Code asks before it leaves for a new host
    } else if (link.kind === "task") {
      await this.openTask(link.id);
    } else {
      const folder = this.folderOf(chat);
      if (folder !== undefined) {
        await show(vscode.Uri.joinPath(folder, link.path).toString(), link.line - 1, false, this.beside(chat));
      }
    }
  }

  /** Where text is shown without covering the conversation. */
  private beside(chat: Open): vscode.ViewColumn {
    const shown = vscode.window.visibleTextEditors.find((editor) => editor.viewColumn !== undefined && editor.viewColumn !== chat.panel.viewColumn);
    if (shown?.viewColumn !== undefined) {
      return shown.viewColumn;
    }
    return chat.panel.viewColumn === vscode.ViewColumn.One ? vscode.ViewColumn.Beside : vscode.ViewColumn.One;
  }

  private tellAttached(chat: Open): void {
    this.post(chat, { type: "attached", names: chat.attachments.map((one) => one.name) });
  }

  private page(webview: vscode.Webview): string {
    const at = (...parts: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(this.extension.extensionUri, ...parts)).toString();
    const nonce = randomBytes(18).toString("base64");
    return chatPage({ nonce, source: webview.cspSource, style: at("media", "chat.css"), script: at("dist", "chat.js") });
  }
}
