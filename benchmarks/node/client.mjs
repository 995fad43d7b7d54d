// One client for both servers: asks in turns, and keeps the seconds. Called by benchmarks/markdown_server.py.
//
// VS Code's Markdown server has its client parse (`markdown/parse`), so this client does it as VS Code's extension
// does: with markdown-it, once for each version of a document. What that takes is counted apart.
//
//   node client.mjs SPECIFICATION.json      writes {job: {server: {seconds, parsing, size}}} to standard output

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const rpc = require("vscode-jsonrpc/node");
const MarkdownIt = require("markdown-it");

const CAPABILITIES = {
  textDocument: {
    foldingRange: { lineFoldingOnly: true },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    diagnostic: {},
  },
};

const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Server {
  constructor(name, [program, ...rest]) {
    this.name = name;
    this.texts = new Map();
    this.parsing = 0;
    this.engine = new MarkdownIt({ html: true, linkify: true });
    this.engine.linkify.set({ fuzzyLink: false });
    this.process = spawn(program, rest, { stdio: ["pipe", "pipe", "ignore"] });
    this.connection = rpc.createMessageConnection(
      new rpc.StreamMessageReader(this.process.stdout),
      new rpc.StreamMessageWriter(this.process.stdin),
    );
    this.connection.onRequest("markdown/parse", ({ uri, text }) => this.parse(uri, text));
    this.connection.onRequest("markdown/findMarkdownFilesInWorkspace", () => [...this.texts.keys()]);
    this.connection.onRequest("markdown/fs/stat", ({ uri }) => (this.texts.has(uri) ? { isDirectory: false } : undefined));
    this.connection.onRequest("markdown/fs/readDirectory", () => []);
    this.connection.onRequest("markdown/fs/readFile", () => []);
    this.connection.onRequest("workspace/configuration", ({ items }) => items.map(() => null));
    this.connection.onRequest("client/registerCapability", () => null);
    this.connection.onRequest("workspace/diagnostic/refresh", () => null);
    this.connection.listen();
  }

  parse(uri, text) {
    const document = this.texts.get(uri);
    if (text === undefined && document?.tokens) return document.tokens;
    const began = seconds();
    const tokens = this.engine.parse(text ?? document?.text ?? "", {});
    this.parsing += seconds() - began;
    if (text === undefined && document) document.tokens = tokens;
    return tokens;
  }

  async start() {
    await this.connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: null,
      capabilities: CAPABILITIES,
      initializationOptions: { markdownFileExtensions: ["md"] },
    });
    await this.connection.sendNotification("initialized", {});
  }

  open(uri, text) {
    this.texts.set(uri, { text, version: 1 });
    const textDocument = { uri, languageId: "markdown", version: 1, text };
    return this.connection.sendNotification("textDocument/didOpen", { textDocument });
  }

  close(uri) {
    this.texts.delete(uri);
    return this.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
  }

  // The editor has its own text changed before the clock starts.
  typed(uri, { line, character }, text) {
    const document = this.texts.get(uri);
    let start = 0;
    for (let left = line; left > 0; left -= 1) start = document.text.indexOf("\n", start) + 1;
    start += character;
    document.text = document.text.slice(0, start) + text + document.text.slice(start);
    document.tokens = undefined;
    document.version += 1;
    const place = { line, character };
    return {
      textDocument: { uri, version: document.version },
      contentChanges: [{ range: { start: place, end: place }, text }],
    };
  }

  ask(method, uri) {
    return this.connection.sendRequest(method, { textDocument: { uri } });
  }

  end() {
    this.connection.dispose();
    this.process.kill();
  }
}

// Each job is one round in one server; it answers when its clock began, and what was answered.
const JOBS = {
  async key(server, { uri, place, method }, round) {
    const change = server.typed(uri, { ...place, character: place.character + round }, "abcdefgh"[round % 8]);
    const began = seconds();
    await server.connection.sendNotification("textDocument/didChange", change);
    return [began, await server.ask(method, uri)];
  },

  async again(server, { uri, method }) {
    const began = seconds();
    return [began, await server.ask(method, uri)];
  },

  async opening(server, { uri, text, method }, round) {
    const fresh = uri.replace(".md", `-${round}.md`);
    const began = seconds();
    await server.open(fresh, text);
    const answer = await server.ask(method, fresh);
    server.after = () => server.close(fresh);
    return [began, answer];
  },
};

const specification = JSON.parse(readFileSync(process.argv[2], "utf8"));
const results = {};
for (const job of specification.jobs) {
  const servers = [];
  for (const [name, command] of Object.entries(specification.servers)) {
    const server = new Server(name, command);
    await server.start();
    if (job.kind !== "opening") await server.open(job.uri, job.texts[name]);
    servers.push(server);
  }
  await pause(specification.settling * 1000);
  results[job.name] = Object.fromEntries(servers.map(({ name }) => [name, { seconds: [], parsing: [], size: 0 }]));
  for (let round = 0; round < job.warmUp + job.rounds; round += 1) {
    for (const server of servers) {
      server.parsing = 0;
      const [began, answer] = await JOBS[job.kind](server, { ...job, text: job.texts[server.name] }, round);
      const taken = seconds() - began;
      await server.after?.();
      if (round >= job.warmUp) {
        const result = results[job.name][server.name];
        result.seconds.push(taken);
        result.parsing.push(server.parsing);
        result.size = answer.length;
      }
      await pause(40);
    }
  }
  for (const server of servers) server.end();
}
process.stdout.write(JSON.stringify(results));
process.exit(0);
