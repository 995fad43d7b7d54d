/**
 * Conversations beside the editor: one panel each, which shows what the server tells.
 *
 * Invariant: a gap in `seq` opens the conversation again, so that nothing is shown that the server does not hold.
 */

import { randomBytes } from "node:crypto";
import * as path from "node:path";
import * as vscode from "vscode";

import { show } from "../commands/place";
import type { ChatAttachment, ChatOpenParams, ChatUpdateParams } from "../generated/protocol";
import type { ServerControl } from "../server/control";
import { shortened } from "../words";
import { fromPage, type FromPage, linkOf, type ToPage } from "./messages";

export const VIEW_TYPE = "orchestrator.chat";

interface Open {
  readonly panel: vscode.WebviewPanel;
  conversationId: string;
  uri: string;
  nodeId: string | undefined;
  seq: number;
  ready: boolean;
  /** What came before the page was ready, or while it is opened again. */
  waiting: ToPage[];
  attachments: (ChatAttachment & { name: string })[];
}

export class Chats implements vscode.WebviewPanelSerializer<{ conversationId?: string }>, vscode.Disposable {
  private readonly open = new Set<Open>();
  private readonly disposables: vscode.Disposable[] = [];
  /** Where text of a message is inserted: the editor that was last used. */
  private editor = vscode.window.activeTextEditor;

  constructor(
    private readonly extension: vscode.ExtensionContext,
    private readonly server: ServerControl,
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
    chat.nodeId = opened.conversation.nodeId ?? undefined;
    chat.seq = opened.seq;
    this.post(chat, { type: "open", opened, draft: this.draft(id) });
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
    const chat: Open = { panel, conversationId, uri, nodeId: undefined, seq: 0, ready: false, waiting: [], attachments: [] };
    this.open.add(chat);
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
      const others = [...this.open].some((one) => one.conversationId === chat.conversationId);
      if (!others && this.server.state.kind === "ready") {
        this.server.request("orchestrator/chat/close", { conversationId: chat.conversationId }).catch(() => undefined);
      }
    });
    panel.webview.html = this.page(panel.webview);
    return chat;
  }

  private async reopen(chat: Open): Promise<void> {
    try {
      const opened = await this.server.request("orchestrator/chat/open", { conversationId: chat.conversationId });
      chat.uri = opened.conversation.uri;
      chat.nodeId = opened.conversation.nodeId ?? undefined;
      chat.seq = opened.seq;
      chat.panel.title = shortened(opened.conversation.title, 30);
      this.post(chat, { type: "open", opened, draft: this.draft(chat.conversationId) });
    } catch (error) {
      this.post(chat, { type: "offline", text: error instanceof Error ? error.message : String(error) });
    }
  }

  /** What was written and not sent: it outlives the page and the window. */
  private draft(conversationId: string): string {
    return this.extension.workspaceState.get(`draft.${conversationId}`, "");
  }

  /** How large the next request would be, now that there is one answer more. */
  private async measure(chat: Open): Promise<void> {
    try {
      const { conversation } = await this.server.request("orchestrator/chat/open", { conversationId: chat.conversationId, limit: 1 });
      this.post(chat, { type: "size", size: conversation.size ?? null });
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
      const text = error instanceof Error ? error.message : String(error);
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
          chat.conversationId = sent.conversationId;
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
        const done = await this.server.request("orchestrator/chat/extract", { conversationId, messageId: said.messageId, to: said.to });
        const words = done.changed ? "It is in the outline; one undo takes it back." : "The task says that already.";
        vscode.window.setStatusBarMessage(words, 5000);
        return;
      }
      case "page": {
        const page = await this.server.request("orchestrator/chat/page", { conversationId, before: said.before });
        this.post(chat, { type: "page", messages: page.messages, earlier: page.earlier });
        return;
      }
      case "copy":
        await vscode.env.clipboard.writeText(said.text);
        vscode.window.setStatusBarMessage("Copied.", 3000);
        return;
      case "insert":
        await this.insert(said.text);
        return;
      case "open":
        await this.follow(chat, said.href);
        return;
      case "attach":
        await this.attach(chat);
        return;
      case "detach":
        chat.attachments.splice(said.index, 1);
        this.tellAttached(chat);
        return;
      case "model":
        await this.chooseModel(chat);
        return;
      case "context": {
        const uri = vscode.Uri.parse(`orchestrator:/context/${conversationId}.md`);
        await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
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

  /** At the cursor of the editor that was used last; undo takes it back. */
  private async insert(text: string): Promise<void> {
    const editor = vscode.window.visibleTextEditors.find((one) => one.document === this.editor?.document);
    if (editor === undefined) {
      void vscode.window.showInformationMessage("Open the file first that the code belongs to.");
      return;
    }
    await editor.edit((edit) => edit.replace(editor.selection, text.replace(/\n$/, "")));
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
      const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(chat.uri)) ?? vscode.workspace.workspaceFolders?.[0];
      if (folder !== undefined) {
        await show(vscode.Uri.joinPath(folder.uri, link.path).toString(), link.line - 1, false, this.beside(chat));
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

  private async attach(chat: Open): Promise<void> {
    const editor = this.editor;
    const selection = editor !== undefined && !editor.selection.isEmpty && editor.document.uri.scheme === "file" ? editor : undefined;
    interface Choice extends vscode.QuickPickItem {
      attachment?: ChatAttachment & { name: string };
    }
    const choices: Choice[] = [];
    if (selection !== undefined) {
      const { start, end } = selection.selection;
      const name = `${path.posix.basename(selection.document.uri.path)}:${start.line + 1}-${end.line + 1}`;
      choices.push({ label: "$(selection) The selection", description: name, attachment: { name, uri: selection.document.uri.toString(), range: { start: { line: start.line, character: 0 }, end: { line: end.line + 1, character: 0 } } } });
    }
    const files = await vscode.workspace.findFiles("**/*", "**/{node_modules,.git}/**", 2000);
    for (const uri of files) {
      const name = vscode.workspace.asRelativePath(uri);
      choices.push({ label: name, attachment: { name, uri: uri.toString() } });
    }
    const picked = await vscode.window.showQuickPick(choices, { title: "Attach to the Next Message", matchOnDescription: true });
    if (picked?.attachment !== undefined) {
      chat.attachments.push(picked.attachment);
      this.tellAttached(chat);
    }
  }

  private tellAttached(chat: Open): void {
    this.post(chat, { type: "attached", names: chat.attachments.map((one) => one.name) });
  }

  private async chooseModel(chat: Open): Promise<void> {
    const other = "Another…";
    const set = "As the task and the settings say";
    const picked = await vscode.window.showQuickPick(["fast", "balanced", "strong", other, set], { title: "Which Model Answers?" });
    const model =
      picked === other
        ? await vscode.window.showInputBox({ title: "Model", placeHolder: "provider/model", validateInput: (value) => (/^[\w.-]+\/\S+$/.test(value) ? undefined : "provider/model") })
        : picked === set
          ? ""
          : picked;
    if (model !== undefined) {
      await this.server.request("orchestrator/chat/model", { conversationId: chat.conversationId, model });
      await this.reopen(chat);
    }
  }

  private page(webview: vscode.Webview): string {
    const nonce = randomBytes(18).toString("base64");
    const at = (...parts: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(this.extension.extensionUri, ...parts)).toString();
    const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`;
    return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${at("media", "chat.css")}">
<title>Conversation</title>
</head>
<body data-orchestrator="chat">
<header id="top"><h1 id="title">Conversation</h1><span id="meter"></span>
<button type="button" id="context" title="What a model would be sent for the next answer">Context</button>
<button type="button" id="task" title="Show the task in the editor">Task</button></header>
<div id="finding" role="search" hidden><input id="search" type="text" aria-label="Find in the conversation"><span id="found" role="status"></span></div>
<main id="log" tabindex="0" aria-label="Messages"><div id="above" aria-hidden="true"></div><div id="messages"></div><div id="below" aria-hidden="true"></div></main>
<div id="banner" role="alert" hidden></div>
<section id="writing" aria-label="Your message">
<div id="attached"></div>
<textarea id="box" rows="1" aria-label="Message"></textarea>
<div id="bar"><button type="button" id="attach" title="Attach a file or the selection">Attach</button><button type="button" id="model" title="Choose the model">Model</button><span class="space"></span>
<button type="button" id="stop" hidden>Stop</button><button type="button" id="send" class="primary">Send</button></div>
</section>
<div id="status" class="quiet" role="status" aria-live="polite"></div>
<script nonce="${nonce}" src="${at("dist", "chat.js")}"></script>
</body>
</html>`;
  }
}
