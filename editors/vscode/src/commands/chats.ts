/** Commands about conversations. */

import * as vscode from "vscode";

import { CODE_SCHEME } from "../chat/code";
import type { Context } from "../context";
import type { ChatInfo, ChatOpenParams } from "../generated/protocol";
import { tell } from "../talk";
import { isRow, type Row } from "../tree/rows";
import { ago, counted, shortened } from "../words";
import { atTask } from "./place";

const AS_TEXT: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("book"), tooltip: "Open as text" };
const RENAME: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("edit"), tooltip: "Rename" };
const DELETE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("trash"), tooltip: "Delete" };

/** The conversation of a task: that of a run under way, else the newest, else a new one. */
export async function chat(context: Context, row?: Row): Promise<void> {
  await open(context, row, {});
}

export async function newChat(context: Context, row?: Row): Promise<void> {
  await open(context, row, { new: true });
}

async function open(context: Context, row: Row | undefined, more: Partial<ChatOpenParams>): Promise<void> {
  if (isRow(row) && row.kind === "node") {
    await vscode.workspace.openTextDocument(vscode.Uri.parse(row.uri));
    await context.chats.show({ uri: row.uri, nodeId: row.node.nodeId, ...more });
    return;
  }
  const place = await atTask();
  if (place !== undefined) {
    await context.chats.show({ uri: place.uri, version: place.version, position: place.position, ...more });
  }
}

/** The selected lines, for the next message. */
export function attachSelection(context: Context): void {
  context.chats.attachSelection();
}

/** The change that the active diff shows. */
export async function applyCode(context: Context, uri?: vscode.Uri): Promise<void> {
  const shown = uri ?? shownCode();
  if (shown !== undefined) {
    await context.code.apply(shown);
  }
}

export async function discardCode(context: Context, uri?: vscode.Uri): Promise<void> {
  const shown = uri ?? shownCode();
  if (shown !== undefined) {
    await context.code.discard(shown);
  }
}

function shownCode(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === CODE_SCHEME ? input.modified : undefined;
}

/** All conversations, the one that was written to last first. */
export async function chats(context: Context): Promise<void> {
  const { conversations } = await context.server.request("orchestrator/chat/list", { limit: 200 });
  if (conversations.length === 0) {
    void vscode.window.showInformationMessage("There is no conversation yet. “Orchestrator: Chat about Task” begins one.");
    return;
  }
  const now = Date.now() / 1000;
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { info: ChatInfo }>();
  pick.title = "Conversations";
  pick.matchOnDescription = pick.matchOnDetail = true;
  pick.items = conversations.map((info) => ({
    label: `${info.live ? "$(loading~spin) " : info.kind === "attempt" ? "$(run) " : "$(comment-discussion) "}${shortened(info.title, 80)}`,
    description: `${counted(info.messages, "message")} · ${ago(info.updated, now)}`,
    detail: shortened(info.preview ?? "", 120),
    info,
    buttons: info.kind === "attempt" ? [AS_TEXT] : [AS_TEXT, RENAME, DELETE],
  }));
  pick.onDidTriggerItemButton(({ item, button }) => {
    pick.hide();
    const { conversationId } = item.info;
    if (button === AS_TEXT) {
      void vscode.commands.executeCommand("orchestrator.documents.open", "conversation", conversationId);
    } else {
      void (button === RENAME ? rename(context, item.info) : remove(context, item.info));
    }
  });
  pick.onDidAccept(() => {
    const [item] = pick.selectedItems;
    pick.hide();
    if (item !== undefined) {
      void openChat(context, item.info.conversationId);
    }
  });
  pick.onDidHide(() => pick.dispose());
  pick.show();
}

/** By its id. */
export async function openChat(context: Context, conversationId: string): Promise<void> {
  await tell(context.chats.show({ conversationId }));
}

async function rename(context: Context, info: ChatInfo): Promise<void> {
  const title = await vscode.window.showInputBox({ title: "Name of the Conversation", value: info.title });
  if (title !== undefined && title.trim() !== "") {
    await tell(context.server.request("orchestrator/chat/rename", { conversationId: info.conversationId, title }));
  }
}

async function remove(context: Context, info: ChatInfo): Promise<void> {
  const yes = "Delete";
  const asked = `Delete the conversation “${shortened(info.title, 60)}” with its ${counted(info.messages, "message")}?`;
  if ((await vscode.window.showWarningMessage(asked, { modal: true, detail: "This cannot be undone." }, yes)) === yes) {
    await tell(context.server.request("orchestrator/chat/delete", { conversationId: info.conversationId }));
  }
}
