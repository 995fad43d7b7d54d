/** What a folder suggests: shown in full, then the person says whether exactly that counts. */

import * as vscode from "vscode";

import type { Context } from "../context";
import { say, tell } from "../talk";
import { ALLOW, shownFiles, trustChoices, trustOutcome, trustPage } from "../trust_words";

export async function trust(context: Context): Promise<void> {
  const uri = await folder();
  if (uri === undefined) {
    return;
  }
  const found = await tell(context.server.request("orchestrator/trust/get", { uri }));
  if (found === undefined) {
    return;
  }
  await context.texts.show("settings-and-prompts.txt", trustPage(found));
  const choices = trustChoices(found);
  if (choices.length === 0) {
    return;
  }
  const question = found.files.length === 0 ? "Nothing is suggested here." : "Read what is suggested here.";
  const chosen = await vscode.window.showInformationMessage(`${question} What do you say of ${found.folder}?`, ...choices);
  if (chosen === undefined) {
    return;
  }
  const allowed = chosen === ALLOW;
  const done = await tell(context.server.request("orchestrator/trust/set", { uri, trusted: allowed, files: allowed ? shownFiles(found) : {} }));
  if (done !== undefined) {
    await context.texts.show("settings-and-prompts.txt", trustPage(done));
    await say("information", trustOutcome(done, allowed));
  }
}

/** That of the file in front, else the only one, else the one that the person picks. */
async function folder(): Promise<string | undefined> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.uri.scheme === "file") {
    return document.uri.toString();
  }
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    void vscode.window.showInformationMessage("Open an outline or a folder first.");
  }
  const picked = folders.length > 1 ? await vscode.window.showWorkspaceFolderPick({ placeHolder: "Settings and Prompts of Which Folder?" }) : folders[0];
  return picked?.uri.toString();
}
