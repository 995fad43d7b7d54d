/** Puts the parts together. All decisions are the server's; this shows them and passes on what a person wants. */

import * as path from "node:path";
import * as vscode from "vscode";

import { CodeEdits } from "./chat/code";
import { Chats } from "./chat/panel";
import { givenOf } from "./commands/selected";
import { COMMAND_TABLE } from "./commands/table";
import { show } from "./commands/place";
import type { Context } from "./context";
import { documentLenses } from "./editor/lenses";
import { Marks } from "./editor/marks";
import { Proposals } from "./ghosts/model";
import { Splits } from "./ghosts/split";
import { GhostThreads } from "./ghosts/threads";
import { Live } from "./live";
import { openLink } from "./links";
import { CONTEXTS } from "./names";
import { NotTrustedError, ServerControl, type ServerState } from "./server/control";
import { say, errorWords } from "./talk";
import { dragAndDrop } from "./tree/drag";
import { isOpenOutline } from "./tree/files";
import { TaskTree } from "./tree/view";
import { GetStarted } from "./views/get_started";
import { Inbox } from "./views/inbox";
import { ProposedFiles } from "./views/proposed_files";
import { Runs } from "./views/runs";
import { ShownTexts } from "./views/shown";
import { StatusItem } from "./views/status";

export function activate(extension: vscode.ExtensionContext): { context: Context; milliseconds: number } {
  const began = performance.now();
  const server = new ServerControl(extension);
  const live = new Live(
    {
      runs: () => server.request("orchestrator/run/list", { limit: 50 }),
      run: (runId) => server.request("orchestrator/run/get", { runId }),
      approvals: () => server.request("orchestrator/approval/list", {}),
      spent: async (since) => (await server.request("orchestrator/metrics/get", { since })).tables[0]?.rows[0]?.costUsd ?? 0,
    },
    (error) => server.output.debug(`Runs cannot be listed: ${String(error)}`),
  );
  const proposals = new Proposals();
  const threads = new GhostThreads(server, proposals);
  const splits = new Splits(server, proposals, threads);
  const files = new ProposedFiles(server);
  const texts = new ShownTexts();
  const tree = new TaskTree(server, proposals, live, extension.workspaceState, dragAndDrop(server));
  const inbox = new Inbox(server, live, files);
  const code = new CodeEdits();
  const chats = new Chats(extension, server, code, openById);
  const context: Context = { extension, server, live, proposals, threads, splits, tree, inbox, files, texts, chats, code, metrics: { panel: undefined } };

  server.on("orchestrator/treeChanged", (params) => tree.changed(params));
  server.on("orchestrator/split/preview", (params) => proposals.take(params));
  server.on("orchestrator/run/update", (params) => {
    if (!splits.owns(params.runId)) {
      live.update(params);
    }
  });
  server.on("orchestrator/approval/changed", (params) => live.approvalChanged(params.approval));
  server.on("orchestrator/chat/update", (params) => chats.update(params));
  server.onChat = (params) => chats.show(params);
  server.onSplit = (params, result) => splits.noteStart(params, result);

  extension.subscriptions.push(
    server,
    live,
    threads,
    splits,
    files,
    texts,
    documentLenses(),
    tree,
    inbox,
    chats,
    code,
    new Runs(server, live),
    new StatusItem(server, live),
    new GetStarted(server),
    new Marks(extension, server, live),
    ...Object.entries(COMMAND_TABLE).map(([name, command]) =>
      vscode.commands.registerCommand(name, async (...given: unknown[]) => {
        const meant = await givenOf(given, () => tree.meant());
        if (meant === undefined) {
          void vscode.window.showInformationMessage("Select a task in the tree first.");
          return undefined;
        }
        try {
          return await (command as (context: Context, ...rest: unknown[]) => unknown)(context, ...meant);
        } catch (error) {
          if (error instanceof NotTrustedError) {
            return vscode.commands.executeCommand("orchestrator.explainTrust");
          }
          void say("error", errorWords(error));
          return undefined;
        }
      }),
    ),
    vscode.window.registerUriHandler({ handleUri: (uri) => openLink(uri, openById) }),
    server.onState((state) => {
      void vscode.commands.executeCommand("setContext", CONTEXTS.state, state.kind);
      if (state.kind === "ready") {
        live.refresh();
      } else {
        live.clear();
        proposals.clear();
      }
      void vscode.commands.executeCommand("setContext", CONTEXTS.mend, state.kind === "missing" ? state.mend : "");
      if ((state.kind === "missing" || state.kind === "failed") && vscode.window.visibleTextEditors.some((editor) => isOpenOutline(editor.document))) {
        void offerToMend(extension, state);
      }
    }),
    proposals.onChange(() => tellProposal(proposals)),
    vscode.window.onDidChangeActiveTextEditor(() => {
      tellOutline();
      tellProposal(proposals);
      const editing = splits.edits(vscode.window.activeTextEditor?.document) !== undefined;
      void vscode.commands.executeCommand("setContext", "orchestrator.editsProposal", editing);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.restart()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("orchestrator.server")) {
        void server.restart();
      }
    }),
  );
  tellOutline();
  void vscode.commands.executeCommand("setContext", CONTEXTS.state, "starting");
  void server.start();
  return { context, milliseconds: performance.now() - began };
}

export function deactivate(): void {
  // Everything is in `subscriptions`; the client ends its server when it is disposed of.
}

function tellOutline(): void {
  const document = vscode.window.activeTextEditor?.document;
  void vscode.commands.executeCommand("setContext", CONTEXTS.outline, document !== undefined && isOpenOutline(document));
}

function tellProposal(proposals: Proposals): void {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const here = uri === undefined ? [] : proposals.of(uri);
  void vscode.commands.executeCommand("setContext", CONTEXTS.proposal, here.length > 0);
}

/** Once per window that something is missing: whoever opens an outline wants it, whoever opens a README may not. */
async function offerToMend(extension: vscode.ExtensionContext, state: Extract<ServerState, { kind: "missing" | "failed" }>): Promise<void> {
  const offers: Record<string, () => Thenable<unknown>> = {};
  const command = (name: string, ...given: string[]) => (): Thenable<unknown> => vscode.commands.executeCommand(`orchestrator.${name}`, ...given);
  if (state.kind === "failed") {
    Object.assign(offers, { "Show Log": command("showLog"), Doctor: command("doctor"), Restart: command("restart") });
  } else if (extension.workspaceState.get(`offered.${state.mend}`) === true) {
    return;
  } else {
    await extension.workspaceState.update(`offered.${state.mend}`, true);
    Object.assign(offers, state.mend === "install" ? { Install: command("install") } : { "Open Settings": command("openSettings", "orchestrator.server.path") });
  }
  const tellPerson = state.kind === "failed" ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
  const chosen = await tellPerson(state.message, ...Object.keys(offers));
  await offers[chosen ?? ""]?.();
}

/** The task with this id in an outline of the open workspaces. Opens it and does nothing else. */
export async function openById(id: string): Promise<boolean> {
  const uris = await vscode.workspace.findFiles("**/*.md", "**/node_modules/**", 5000);
  const wanted = new RegExp(`\\s\\^${id}\\s*$`);
  const open = vscode.workspace.textDocuments.filter((document) => isOpenOutline(document));
  for (const document of open) {
    const line = document.getText().split(/\r\n|\r|\n/).findIndex((text) => wanted.test(text));
    if (line >= 0) {
      await show(document.uri.toString(), line);
      return true;
    }
  }
  for (const uri of uris.filter((one) => /(^|\.)tasks\.md$/i.test(path.basename(one.path)))) {
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    const line = text.split(/\r\n|\r|\n/).findIndex((one) => wanted.test(one));
    if (line >= 0) {
      await show(uri.toString(), line);
      return true;
    }
  }
  return false;
}
