/** Commands about conversations. */

import * as vscode from "vscode";

import type { Context } from "../context";
import type { ChatOpenParams } from "../generated/protocol";
import type { Row } from "../tree/view";
import { ago, counted, shortened } from "../words";
import { atCursor, isRow } from "./place";

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
  const place = atCursor();
  if (place !== undefined) {
    await context.chats.show({ uri: place.uri, version: place.version, position: place.position, ...more });
  }
}

/** All conversations, the one that was written to last first. */
export async function chats(context: Context): Promise<void> {
  const { conversations } = await context.server.request("orchestrator/chat/list", { limit: 200 });
  if (conversations.length === 0) {
    void vscode.window.showInformationMessage("There is no conversation yet. “Orchestrator: Chat about Task” begins one.");
    return;
  }
  const now = Date.now() / 1000;
  const picked = await vscode.window.showQuickPick(
    conversations.map((one) => ({
      label: `${one.live ? "$(loading~spin) " : one.kind === "attempt" ? "$(run) " : "$(comment-discussion) "}${shortened(one.title, 80)}`,
      description: `${counted(one.messages, "message")} · ${ago(one.updated, now)}`,
      detail: shortened(one.preview ?? "", 120),
      id: one.conversationId,
    })),
    { title: "Conversations", matchOnDescription: true, matchOnDetail: true },
  );
  if (picked !== undefined) {
    await context.chats.show({ conversationId: picked.id });
  }
}
