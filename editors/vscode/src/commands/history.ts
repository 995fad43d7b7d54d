/** Searching what was said and done: hits while it is typed, and from a hit to its task or its conversation. */

import * as vscode from "vscode";

import type { Context } from "../context";
import { hitWords } from "../hits";
import type { HistoryHit, HistorySearchParams } from "../generated/protocol";
import { errorWords, say } from "../talk";
import { show } from "./place";

const TYPE_PAUSE = 200;
const MOST = 100;

interface Item extends vscode.QuickPickItem {
  hit: HistoryHit;
}
const TASK: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("go-to-file"), tooltip: "Show the task" };
const TALK: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("comment-discussion"), tooltip: "Open the conversation" };
const LOG: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("output"), tooltip: "Open the log of the run" };
const BY_MEANING: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("lightbulb"), tooltip: "Search by meaning" };
const BY_WORDS: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("whole-word"), tooltip: "Search by words" };

export function history(context: Context, given?: string): void {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = "Search Conversations, Results and Splits";
  pick.placeholder = "Words; \"a phrase\"; -without";
  pick.value = typeof given === "string" ? given : "";
  pick.matchOnDescription = pick.matchOnDetail = false;
  let by: NonNullable<HistorySearchParams["by"]> = "words";
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async (): Promise<void> => {
    const mine = (asked += 1);
    const query = pick.value.trim();
    if (query === "") {
      pick.items = [];
      return;
    }
    pick.busy = true;
    try {
      const found = await context.server.request("orchestrator/history/search", { query, by, limit: MOST });
      if (mine === asked) {
        const now = Date.now() / 1000;
        // Shown whatever VS Code's own filter makes of them: the server has searched.
        pick.items = found.hits.map((hit) => ({ ...hitWords(hit, now), hit, alwaysShow: true, buttons: buttonsOf(hit) }));
        const read = found.read !== null && found.total !== null && found.read < found.total ? ` · ${found.read} of ${found.total} texts were read so far` : "";
        const count = found.hits.length === 0 ? " · nothing found" : "";
        pick.title = `Search Conversations, Results and Splits · by ${by}${read}${count}`;
      }
    } catch (error) {
      if (mine === asked) {
        void say("error", errorWords(error));
      }
    } finally {
      if (mine === asked) {
        pick.busy = false;
      }
    }
  };
  const useButton = (): void => {
    pick.buttons = [by === "words" ? BY_MEANING : BY_WORDS];
  };
  useButton();
  pick.onDidChangeValue(() => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), TYPE_PAUSE);
  });
  pick.onDidTriggerButton(() => {
    by = by === "words" ? "meaning" : "words";
    useButton();
    void ask();
  });
  pick.onDidTriggerItemButton(({ item, button }) => {
    pick.hide();
    void follow(context, item.hit, button === TALK ? "talk" : button === LOG ? "log" : "task");
  });
  pick.onDidAccept(() => {
    const [item] = pick.selectedItems;
    pick.hide();
    if (item !== undefined) {
      void follow(context, item.hit, item.hit.kind === "message" && item.hit.conversationId !== null ? "talk" : "task");
    }
  });
  pick.onDidHide(() => {
    clearTimeout(timer);
    asked += 1;
    pick.dispose();
  });
  pick.show();
  void ask();
}

function buttonsOf(hit: HistoryHit): vscode.QuickInputButton[] {
  return [...(hit.line === null ? [] : [TASK]), ...(hit.conversationId === null ? [] : [TALK]), ...(hit.runId === null ? [] : [LOG])];
}

async function follow(context: Context, hit: HistoryHit, where: "task" | "talk" | "log"): Promise<void> {
  try {
    if (where === "log" && hit.runId !== null) {
      await vscode.commands.executeCommand("orchestrator.documents.open", "run", hit.runId);
    } else if (where === "talk" && hit.conversationId !== null) {
      await context.chats.show({ conversationId: hit.conversationId });
    } else if (hit.line !== null) {
      await show(hit.uri, hit.line);
    } else {
      void vscode.window.showInformationMessage("This task is not in its outline any more.");
    }
  } catch (error) {
    void say("error", errorWords(error));
  }
}
