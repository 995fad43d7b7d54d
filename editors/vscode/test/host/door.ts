/**
 * A way into the extension host for tests and benchmarks: an extension beside ours, with a socket that takes calls.
 *
 * A call is a line of JSON, the name of one of `CALLS` and what it is given; the answer is one line too. What a person
 * does is done in the window; what only has to be so before that, or can only be seen from inside, comes this way.
 */

import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import * as vscode from "vscode";

import { chatPage } from "../../src/chat/page";
import type { Context } from "../../src/context";
import { openById } from "../../src/extension";
import { openLink } from "../../src/links";
import { runCases } from "./cases";
import { activation, fillChat, processorTime } from "./measures";

type Call = (...given: never[]) => unknown;

const OURS = "orchestrator.orchestrator";

const CALLS: Record<string, Call> = {
  activation,
  cases: runCases,
  command: (name: string, ...given: unknown[]) => vscode.commands.executeCommand(name, ...given),
  /** Saves and closes whatever is open. */
  tidy: async () => {
    await vscode.workspace.saveAll();
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
  },
  /** Shows a file of the workspace on the left, with the cursor behind some text. */
  show: async (name: string, at = "") => {
    const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(inFolder(name)), { preview: false, viewColumn: vscode.ViewColumn.One });
    const found = at === "" ? 0 : editor.document.getText().indexOf(at);
    const place = editor.document.positionAt(found + at.length);
    editor.selection = new vscode.Selection(place, place);
    editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    return found;
  },
  /** The text that is on the disk then. */
  save: async (name: string) => {
    await (await vscode.workspace.openTextDocument(inFolder(name))).save();
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(inFolder(name)));
  },
  /** The line that the cursor is on. */
  lineOfCursor: () => {
    const editor = vscode.window.activeTextEditor;
    return editor?.document.lineAt(editor.selection.active.line).text ?? "";
  },
  setting: (name: string, value: unknown) => vscode.workspace.getConfiguration().update(name, value, vscode.ConfigurationTarget.Global),
  /** As VS Code does it with a link from outside. */
  follow: (link: string) => openLink(vscode.Uri.parse(link), openById),
  chatPage: () => chatPage({ nonce: "", source: "", style: "", script: "" }),
  fillChat: async (count: number) => fillChat(await ours(), count),
  processorTime: () => processorTime(),
  folders: () => (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.name),
  configured: (name: string) => vscode.workspace.getConfiguration().get(name),
  state: async () => (await ours()).server.state.kind,
  /** As a crash would end it. */
  killServer: async () => {
    const { client } = (await ours()).server as unknown as { client?: { _serverProcess?: { pid?: number } } };
    const pid = client?._serverProcess?.pid;
    if (pid === undefined) {
      throw new Error("There is no server.");
    }
    process.kill(pid, "SIGKILL");
  },
};

export function activate(): void {
  const folder = process.env["TEST_DOORS_OF_ORCHESTRATOR"];
  const opened = vscode.workspace.workspaceFile ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  if (folder === undefined || opened === undefined) {
    return;
  }
  const place = path.join(folder, `door.${path.basename(opened.path)}`); // of this window
  fs.rmSync(place, { force: true });
  // Never closed: that would take the door away from the extension host that comes after this one.
  net.createServer((socket) => {
    let heard = "";
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece: string) => {
      heard += piece;
      if (heard.endsWith("\n")) {
        void answer(heard).then((said) => socket.end(`${said}\n`));
        heard = "";
      }
    });
  }).listen(place);
}

async function answer(line: string): Promise<string> {
  try {
    const [name, ...given] = JSON.parse(line) as [string, ...never[]];
    const call = CALLS[name];
    if (call === undefined) {
      throw new Error(`There is no ${name}.`);
    }
    return JSON.stringify({ value: (await call(...given)) ?? null });
  } catch (error) {
    return JSON.stringify({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

async function ours(): Promise<Context> {
  const extension = vscode.extensions.getExtension<{ context: Context }>(OURS);
  if (extension === undefined) {
    throw new Error("The extension is not installed.");
  }
  return (await extension.activate()).context;
}

function inFolder(name: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) {
    throw new Error("No folder is open.");
  }
  return vscode.Uri.joinPath(folder.uri, name);
}
