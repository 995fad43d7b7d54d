/** Commands about the server: install, restart, look inside. */

import { execFile } from "node:child_process";
import * as vscode from "vscode";

import type { Context } from "../context";
import { CONTEXTS } from "../names";
import { workingDirectory } from "../server/find";
import { DISTRIBUTION, install } from "../server/install";
import { errorWords } from "../talk";

export async function menu(context: Context): Promise<void> {
  const { state } = context.server;
  interface Item extends vscode.QuickPickItem {
    command?: string;
  }
  const items: Item[] = [];
  if (state.kind === "missing") {
    items.push({ label: "$(cloud-download) Install the server", description: "into the extension's own storage", command: "orchestrator.install" });
  }
  if (context.live.approvals.length > 0) {
    items.push({ label: `$(bell-dot) Answer what waits for you (${context.live.approvals.length})`, command: "orchestrator.inbox.answer" });
  }
  if (context.live.running.length > 0) {
    items.push({ label: "$(debug-stop) Stop a run", command: "orchestrator.stop" });
  }
  items.push(
    { label: "$(list-tree) Show tasks", command: "orchestrator.tasks.focus" },
    { label: "$(new-file) New outline", command: "orchestrator.newOutline" },
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    { label: "$(debug-restart) Restart the server", command: "orchestrator.restart" },
    { label: "$(output) Show the log", command: "orchestrator.showLog" },
    { label: "$(pulse) Doctor", description: "is everything in place?", command: "orchestrator.doctor" },
    { label: "$(key) Set a key", description: "in a terminal; it never passes through the editor", command: "orchestrator.setKey" },
    { label: "$(history) History", description: "search conversations, results and splits", command: "orchestrator.history" },
    { label: "$(comment-discussion) Conversations", command: "orchestrator.chats" },
    { label: "$(book) Prompts", description: "read, change, try, go back", command: "orchestrator.prompts" },
    { label: "$(verified) Settings and prompts of the folder", description: "read them, and say whether they count", command: "orchestrator.trust" },
    { label: "$(graph) Metrics", description: "what was asked, and what came of it", command: "orchestrator.metrics" },
    { label: "$(gear) Settings", command: "orchestrator.openSettings" },
    { label: "$(mortar-board) Get started", command: "orchestrator.walkthrough" },
  );
  if (!vscode.workspace.isTrusted) {
    items.push({ label: "$(shield) Manage workspace trust", command: "workbench.trust.manage" });
  }
  const title = state.kind === "ready" ? `Orchestrator ${state.version}` : "Orchestrator";
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder: describe(context) });
  if (picked?.command !== undefined) {
    await vscode.commands.executeCommand(picked.command);
  }
}

function describe(context: Context): string {
  const { state } = context.server;
  switch (state.kind) {
    case "ready":
      return state.program;
    case "missing":
    case "failed":
      return state.message;
    default:
      return `The server is ${state.kind}.`;
  }
}

export async function installServer(context: Context): Promise<void> {
  if (context.server.installing) {
    void vscode.window.showInformationMessage("The server is being installed already.");
    return;
  }
  context.server.installing = true;
  try {
    await installNow(context);
  } finally {
    context.server.installing = false;
  }
}

async function installNow(context: Context): Promise<void> {
  const distribution = vscode.workspace.getConfiguration("orchestrator").get("server.distribution", DISTRIBUTION);
  await vscode.commands.executeCommand("setContext", CONTEXTS.installing, true);
  await context.server.stop();
  const output = context.server.output;
  const done = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Orchestrator server", cancellable: true },
    async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      try {
        return await install(
          context.server.surroundings(),
          distribution,
          {
            step: (title) => {
              progress.report({ message: title, increment: 20 });
              output.info(title);
            },
            line: (text) => output.info(text),
          },
          abort.signal,
        );
      } catch (error) {
        const text = errorWords(error);
        output.error(text);
        if (!abort.signal.aborted) {
          void showFailure(context, text);
        }
        return undefined;
      }
    },
  );
  await vscode.commands.executeCommand("setContext", CONTEXTS.installing, false);
  await context.server.start();
  if (done !== undefined && context.server.state.kind === "ready") {
    const pull = "Fetch the Small Model";
    const chosen = await vscode.window.showInformationMessage(
      "The server is installed. The small model that needs no key is 98 MB.",
      pull,
    );
    if (chosen === pull) {
      await pullModel(context);
    }
  }
}

async function showFailure(context: Context, text: string): Promise<void> {
  const log = "Show Log";
  if ((await vscode.window.showErrorMessage(`The server was not installed. ${text}`, log)) === log) {
    showLog(context);
  }
}

export async function restart(context: Context): Promise<void> {
  await context.server.restart();
}

export function showLog(context: Context): void {
  context.server.output.show(true);
}

/** What `orchestrator doctor` says, as a page. */
export async function doctor(context: Context): Promise<void> {
  const program = programOf(context);
  if (program === undefined) {
    void vscode.window.showWarningMessage(describe(context));
    return;
  }
  const around = context.server.surroundings();
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  // In the workspace's folder, since it looks at that too; the program itself is never one of the workspace.
  const cwd = folder?.scheme === "file" ? folder.fsPath : workingDirectory(around.storage, around.folders);
  const text = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: "Orchestrator doctor" },
    () =>
      new Promise<string>((resolve) => {
        const environment = { ...process.env, PYTHONSAFEPATH: "1" };
        execFile(program, ["doctor"], { cwd, env: environment, timeout: 60_000 }, (error, stdout, stderr) => {
          resolve([stdout, stderr, stdout === "" && error !== null ? error.message : ""].filter((part) => part !== "").join("\n"));
        });
      }),
  );
  await context.texts.show("doctor.txt", text);
}

/** In a terminal, so that a key never passes through the extension, LSP or settings. */
export async function setKey(context: Context, given?: unknown): Promise<void> {
  const name = typeof given === "string" ? given : await askForKey();
  if (name !== undefined && checkName(name) === undefined) {
    inTerminal(context, "Orchestrator: key", ["auth", "set", name], `The key “${name}” is set. What was refused without it can be asked again.`);
  }
}

async function askForKey(): Promise<string | undefined> {
  const picked = await vscode.window.showQuickPick(["anthropic", "openai", "another name…"], { title: "A Key of Which Provider?" });
  return picked === "another name…" ? vscode.window.showInputBox({ title: "Name of the Key", validateInput: checkName }) : picked;
}

function checkName(name: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name) ? undefined : "Letters, digits, `_`, `.` and `-`.";
}

export async function pullModel(context: Context): Promise<void> {
  inTerminal(context, "Orchestrator: model", ["models", "pull", "smollm2"], "The small model is here: no key is needed.");
  await Promise.resolve();
}

/** `done`: what is said when it went well; what went wrong stands in the terminal. */
function inTerminal(context: Context, name: string, argv: string[], done: string): void {
  const program = programOf(context);
  if (program === undefined) {
    void vscode.window.showWarningMessage(describe(context));
    return;
  }
  const around = context.server.surroundings();
  const terminal = vscode.window.createTerminal({
    name,
    shellPath: program,
    shellArgs: argv,
    cwd: workingDirectory(around.storage, around.folders),
    env: { PYTHONSAFEPATH: "1" },
    isTransient: true,
  });
  terminal.show();
  const closing = vscode.window.onDidCloseTerminal((closed) => {
    if (closed === terminal) {
      closing.dispose();
      if (closed.exitStatus?.code === 0) {
        void vscode.window.showInformationMessage(done);
      }
    }
  });
}

function programOf(context: Context): string | undefined {
  const { state } = context.server;
  return state.kind === "ready" || state.kind === "failed" ? state.program : undefined;
}

/** All of them, or the one that is named. */
export async function openSettings(context: Context, given?: unknown): Promise<void> {
  const wanted = typeof given === "string" ? given : `@ext:${context.extension.extension.id}`;
  await vscode.commands.executeCommand("workbench.action.openSettings", wanted);
}

export async function walkthrough(context: Context): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.extension.id}#start`, false);
}

export async function explainTrust(): Promise<void> {
  const manage = "Manage Trust";
  const chosen = await vscode.window.showWarningMessage(
    "This workspace is not trusted, so nothing runs in it: no split, no run. Everything can be read and edited.",
    manage,
  );
  if (chosen === manage) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
}
