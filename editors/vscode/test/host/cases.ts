/**
 * Tests inside the real extension host, with the whole API and the real server.
 *
 * Each has an outline of its own in the workspace, which is gone behind it, so that none depends on another.
 */

import { strict as assert } from "node:assert";
import * as vscode from "vscode";

import type { Context } from "../../src/context";
import { openById } from "../../src/extension";
import { openLink } from "../../src/links";

interface Case {
  name: string;
  body: (context: Context, folder: vscode.Uri) => Promise<void>;
}
const cases: Case[] = [];
const test = (name: string, body: Case["body"]): number => cases.push({ name, body });
const PATIENCE = 40_000;
/** Milliseconds after which VS Code has noticed a new file on the slowest machine. */
const LATEST = 10_000;
const written: vscode.Uri[] = [];

async function until<T>(what: string, found: () => T | undefined | false | PromiseLike<T | undefined | false>): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const value = await found();
    if (value !== undefined && value !== false) {
      return value;
    }
    assert.ok(Date.now() < end, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function outline(folder: vscode.Uri, name: string, text: string): Promise<vscode.TextEditor> {
  const uri = vscode.Uri.joinPath(folder, `${name}.tasks.md`);
  const watcher = vscode.workspace.createFileSystemWatcher("**/*.md"); // as the tree has it: both hear at once
  const noticed = new Promise<void>((resolve) => {
    watcher.onDidCreate((created) => {
      if (created.toString() === uri.toString()) {
        resolve();
      }
    });
    setTimeout(resolve, LATEST);
  });
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  written.push(uri);
  await noticed; // a new file makes the tree look anew, which would come in between otherwise
  watcher.dispose();
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
}

function cursor(editor: vscode.TextEditor, text: string): void {
  const place = editor.document.positionAt(editor.document.getText().indexOf(text));
  editor.selection = new vscode.Selection(place, place);
}

test("the zone moves with its task", async (context, folder) => {
  const editor = await outline(folder, "zone", "# Trip\n\n- [ ] Organise the conference\n- [ ] Leave\n");
  cursor(editor, "Organise the conference");
  await vscode.commands.executeCommand("orchestrator.split");
  const uri = editor.document.uri.toString();
  const preview = await until("a proposal", () => context.proposals.of(uri).find((one) => one.state === "ready"));
  const thread = await until("a zone", () => context.threads.threadOf(preview.runId));
  assert.equal(thread.range.start.line, 2);
  assert.deepEqual(thread.comments.map((one) => one.author.name), ["1. The shoes", "2. The coat"]);
  await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "One line\nand another\n"));
  await until("the moved zone", () => thread.range.start.line === 4);
  await vscode.commands.executeCommand("orchestrator.accept");
  await until("the subtasks", () => editor.document.getText().includes("  1. [ ] The shoes"));
  assert.equal(context.threads.threadOf(preview.runId), undefined);
  await vscode.commands.executeCommand("undo");
  assert.equal(editor.document.getText(), "One line\nand another\n# Trip\n\n- [ ] Organise the conference\n- [ ] Leave\n");
});

test("a delta changes the tree", async (context, folder) => {
  const editor = await outline(folder, "delta", "- [ ] One\n- [ ] Two\n");
  const uri = editor.document.uri.toString();
  const titles = async (): Promise<string[]> => (await context.tree.tree(uri).children(undefined)).map((row) => row.node.title);
  assert.deepEqual(await titles(), ["One", "Two"]);
  await editor.edit((edit) => edit.insert(new vscode.Position(1, 0), "- [ ] Between\n"));
  await until("the new task", async () => (await titles()).join() === "One,Between,Two");
});

test("what is shown of an outline that was closed is asked for anew when it opens", async (context, folder) => {
  const editor = await outline(folder, "reopened", "- [ ] One\n");
  const uri = editor.document.uri.toString();
  await until("its row", async () => (await context.tree.getChildren()).some((row) => row.kind === "file" && row.uri === uri));
  await context.tree.children({ uri, kind: "file" });
  // VS Code closes a document that nobody needs some minutes later; another language does the same at once.
  await vscode.languages.setTextDocumentLanguage(editor.document, "plaintext");
  const told: string[] = [];
  const listening = context.tree.onDidChangeTreeData((rows) => {
    told.push(...[rows].flat().map((row) => (row?.kind === "file" ? row.uri : "everything")));
  });
  await vscode.languages.setTextDocumentLanguage(editor.document, "markdown");
  await until("that its rows are old", () => told.includes(uri) || told.includes("everything"));
  listening.dispose();
});

test("the tooltip of a row is the card that a hover shows", async (context, folder) => {
  const editor = await outline(folder, "card", "- [ ] Pack  [mode:: auto]\n  - [x] Socks\n  - [ ] Shirts\n");
  const uri = editor.document.uri.toString();
  const [row] = await context.tree.children({ uri, kind: "file" });
  assert.ok(row?.kind === "node");
  const item = await context.tree.resolveTreeItem(context.tree.getTreeItem(row), row);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", editor.document.uri, new vscode.Position(0, 8));
  const cards = hovers.flatMap((hover) => hover.contents.map((one) => (one instanceof vscode.MarkdownString ? one.value : "")));
  assert.ok(item.tooltip instanceof vscode.MarkdownString);
  assert.ok(cards.includes(item.tooltip.value), item.tooltip.value);
  assert.ok(item.tooltip.value.includes("auto"), item.tooltip.value);
});

test("a proposal is edited before it is accepted", async (context, folder) => {
  const editor = await outline(folder, "edited", "- [ ] Organise the conference\n");
  cursor(editor, "Organise the conference");
  await vscode.commands.executeCommand("orchestrator.split");
  const uri = editor.document.uri.toString();
  await until("a proposal", () => context.proposals.of(uri).find((one) => one.state === "ready"));
  await vscode.commands.executeCommand("orchestrator.editProposal");
  const draft = await until("its text", () => {
    const active = vscode.window.activeTextEditor;
    return active?.document.isUntitled === true ? active : undefined;
  });
  const at = draft.document.getText().indexOf("The coat");
  await draft.edit((edit) => edit.insert(draft.document.positionAt(at), "Clean "));
  await vscode.commands.executeCommand("orchestrator.useProposal");
  await until("the subtasks", () => editor.document.getText().includes("  2. [ ] Clean The coat\n"));
  assert.ok(editor.document.getText().includes("  1. [ ] The shoes\n"), editor.document.getText());
});

test("a filter shows tasks that nobody loaded", async (context, folder) => {
  const editor = await outline(folder, "filtered", "# Trip\n\n- [ ] Pack\n  - [ ] Wool socks\n- [ ] Leave\n");
  const uri = editor.document.uri.toString();
  context.tree.setFilter({ show: "all", text: "WOOL" });
  try {
    const titles = async (row: Parameters<typeof context.tree.children>[0]): Promise<unknown[]> =>
      Promise.all((await context.tree.children(row)).map(async (one) => (one.kind === "node" ? [one.node.title, ...(await titles(one))] : [])));
    assert.deepEqual(await titles({ uri, kind: "file" }), [["Trip", ["Pack", ["Wool socks"]]]]);
    await editor.edit((edit) => edit.insert(new vscode.Position(4, 6), "in wool "));
    await until("the change", async () => JSON.stringify(await titles({ uri, kind: "file" })).includes("in wool Leave"));
  } finally {
    context.tree.setFilter({ show: "all", text: "" });
  }
});

test("a branch is dragged into another task", async (context, folder) => {
  const editor = await outline(folder, "drag", "- [ ] One\n  - [ ] Inner\n- [ ] Two\n- [ ] Three\n  - [ ] Last\n");
  const uri = editor.document.uri.toString();
  const [one, two, three] = await until("the rows", async () => {
    const rows = await context.tree.children({ uri, kind: "file" });
    return rows.length === 3 && rows;
  });
  assert.ok(one?.kind === "node" && two?.kind === "node" && three?.kind === "node");
  await context.tree.children(one); // rows that know each other, as they are behind an open branch
  await context.tree.children(three);
  const { token } = new vscode.CancellationTokenSource();
  const transfer = new vscode.DataTransfer();
  await context.tree.drag.handleDrag?.([one, two], transfer, token);
  JSON.stringify([...transfer].map(([, item]) => item.value as unknown)); // VS Code does
  await context.tree.drag.handleDrop?.(three, transfer, token);
  const moved = "- [ ] Three\n  - [ ] Last\n  - [ ] One\n    - [ ] Inner\n  - [ ] Two\n";
  await until("the move", () => editor.document.getText() === moved);
  await vscode.commands.executeCommand("undo");
  assert.equal(editor.document.getText(), "- [ ] One\n  - [ ] Inner\n- [ ] Two\n- [ ] Three\n  - [ ] Last\n");
});

test("moving a task takes the cursor along", async (_, folder) => {
  const editor = await outline(folder, "move", "- [ ] One\n- [ ] Two\n- [ ] Three\n");
  cursor(editor, "One");
  await vscode.commands.executeCommand("orchestrator.moveDown");
  await until("the move", () => editor.document.getText() === "- [ ] Two\n- [ ] One\n- [ ] Three\n");
  await until("the cursor", () => editor.selection.active.line === 1);
  await vscode.commands.executeCommand("orchestrator.demote");
  await until("the demotion", () => editor.document.getText() === "- [ ] Two\n  - [ ] One\n- [ ] Three\n");
});

test("code is applied as it was shown", async (context, folder) => {
  const uri = vscode.Uri.joinPath(folder, "form.py");
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode("import os\n\ndef form():\n    return []\n"));
  const editor = await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  void context.code.propose(editor, folder, "def form():\n    return ['name']\n", "");
  const shown = await until("the diff", () => {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    return input instanceof vscode.TabInputTextDiff ? input.modified : undefined;
  });
  const meanwhile = new vscode.WorkspaceEdit();
  meanwhile.insert(uri, new vscode.Position(0, 0), "import sys\n");
  await vscode.workspace.applyEdit(meanwhile);
  await context.code.apply(shown);
  assert.equal(editor.document.getText(), "import sys\nimport os\n\ndef form():\n    return []\n");
  await context.code.apply(shown);
  assert.equal(editor.document.getText(), "import sys\nimport os\n\ndef form():\n    return ['name']\n");
});

test("a link opens the task, whichever outline it is in", async (_, folder) => {
  await outline(folder, "linked", "# Far\n\n- [ ] Here  ^zz9zz\n");
  await outline(folder, "other", "- [ ] Elsewhere\n");
  await openLink(vscode.Uri.parse(`${vscode.env.uriScheme}://orchestrator.orchestrator/task/zz9zz`), openById);
  await until("the task", () => {
    const editor = vscode.window.activeTextEditor;
    return editor?.document.uri.path.endsWith("linked.tasks.md") === true && editor.selection.active.line === 2;
  });
});

test("diagnostics, lenses, completion and symbols come from the server", async (_, folder) => {
  const editor = await outline(folder, "language", "- [ ] One  [mode:: xx]  ^aaaaa\n- [ ] Two  [dependsOn:: ]\n");
  const { uri } = editor.document;
  await until("a problem", () => vscode.languages.getDiagnostics(uri).find((one) => one.code === "bad-field-value" || (typeof one.code === "object" && one.code.value === "bad-field-value")));
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 10);
  assert.ok(lenses.some((lens) => lens.command?.command === "orchestrator.server.split.start"));
  const place = new vscode.Position(1, editor.document.lineAt(1).text.length - 1);
  const found = await vscode.commands.executeCommand<vscode.CompletionList>("vscode.executeCompletionItemProvider", uri, place);
  assert.ok(found.items.some((item) => (typeof item.label === "string" ? item.label : item.label.label).includes("aaaaa")));
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>("vscode.executeDocumentSymbolProvider", uri);
  assert.deepEqual(symbols.map((symbol) => symbol.name).sort(), ["One", "Two"]);
});

test("what is said while a conversation is read anew is shown behind it", async (context, folder) => {
  const editor = await outline(folder, "talk-on", "- [ ] Talk\n");
  const uri = editor.document.uri.toString();
  await context.chats.show({ uri, position: { line: 0, character: 0 } });
  const [open] = [...(context.chats as unknown as { open: Set<{ conversationId: string; seq: number; told: boolean }> }).open].slice(-1);
  assert.ok(open?.told);
  const { server } = context;
  const request = server.request.bind(server);
  const told: number[] = [];
  server.request = async (method, params) => {
    if (method === "orchestrator/chat/close") {
      await new Promise((resolve) => setTimeout(resolve, 300)); // a slow way to the server
    }
    const answer = await request(method, params);
    if (method === "orchestrator/chat/open") {
      const seq = (answer as { seq: number }).seq + 1;
      setImmediate(() => {
        told.push(seq);
        context.chats.update({ conversationId: open.conversationId, messageId: "", seq, update: { kind: "note", text: "Meanwhile." } });
      });
    }
    return answer;
  };
  try {
    context.chats.update({ conversationId: open.conversationId, messageId: "", seq: open.seq + 1, update: { kind: "changed" } });
    await until("what was said meanwhile", () => told.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 600)); // behind the slow way
    assert.deepEqual([open.seq], told);
  } finally {
    server.request = request;
  }
});

test("the server is restarted, and what was shown comes back", async (context, folder) => {
  const editor = await outline(folder, "restart", "- [ ] One\n");
  await vscode.commands.executeCommand("orchestrator.restart");
  assert.equal(context.server.state.kind, "ready");
  const rows = await context.tree.tree(editor.document.uri.toString()).children(undefined);
  assert.deepEqual(rows.map((row) => row.node.title), ["One"]);
});

export async function runCases(): Promise<{ passed: string[]; failed: string[] }> {
  const extension = vscode.extensions.getExtension<{ context: Context }>("orchestrator.orchestrator");
  assert.ok(extension !== undefined, "the extension is not installed");
  const { context } = await extension.activate();
  await until("the server", () => context.server.state.kind === "ready");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  assert.ok(folder !== undefined);
  const passed: string[] = [];
  const failed: string[] = [];
  for (const one of cases) {
    try {
      await one.body(context, folder);
      passed.push(one.name);
    } catch (error) {
      failed.push(`${one.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    await vscode.commands.executeCommand("workbench.action.files.saveAll");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await Promise.all(written.splice(0).map((uri) => vscode.workspace.fs.delete(uri)));
  }
  return { passed, failed };
}
