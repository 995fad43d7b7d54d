/** Which model answers in a conversation: an alias, a model that the settings name, or any other. */

import * as vscode from "vscode";

import type { ServerControl } from "../server/control";

/** True: another one was chosen. */
export async function chooseModel(server: ServerControl, conversationId: string): Promise<boolean> {
  const { aliases } = await server.request("orchestrator/models/list", {});
  const other: vscode.QuickPickItem = { label: "$(edit) Another…", detail: "A name as provider/model" };
  const set: vscode.QuickPickItem = { label: "$(discard) As the task and the settings say" };
  const named = [...new Set(aliases.flatMap((one) => one.models))].map((label) => ({ label }));
  const picked = await vscode.window.showQuickPick(
    [
      set,
      ...aliases.map((one) => ({ label: one.name, description: one.models.join(", ") })),
      { label: "", kind: vscode.QuickPickItemKind.Separator },
      ...named,
      other,
    ],
    { title: "Which Model Answers?", matchOnDescription: true },
  );
  const model = picked === other ? await askForName() : picked === set ? "" : picked?.label;
  if (model === undefined) {
    return false;
  }
  await server.request("orchestrator/chat/model", { conversationId, model });
  return true;
}

function askForName(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: "Model",
    placeHolder: "provider/model",
    validateInput: (value) => (/^[\w.-]+\/\S+$/.test(value) ? undefined : "provider/model"),
  });
}
