/**
 * The language server of this window: found, started, restarted, and what state it is in.
 *
 * Apart from the views, which only listen here and ask; the one place that makes a client.
 *
 * Invariant: in an untrusted workspace no request goes out that runs anything ("runs are refused without trust").
 */

import * as os from "node:os";
import * as vscode from "vscode";
import type { Executable, Hover, LanguageClient, LanguageClientOptions, MessageTransports, StaticFeature } from "vscode-languageclient/node";

import { endsWord } from "../editor/completing";
import { LongOutlines, SHORT_REST } from "../editor/long";
import { type ChatOpenParams, COMMANDS, type Notifications, PROTOCOL_VERSION, type Requests, type ServerAbilities, type SplitStartParams, type SplitStartResult } from "../generated/protocol";
import { keepingCursors } from "../editor/cursors";
import { type Inspected, serverSettings } from "../settings";
import { type Found, findServer, type Surroundings, workingDirectory } from "./find";
import { HOVER_COMMANDS } from "../names";
import { say } from "../talk";
import { writeWhole } from "./whole";

export type ServerState =
  | { kind: "stopped" }
  /** `again`: it ended by itself, and is started anew. */
  | { kind: "starting"; again: boolean }
  | { kind: "ready"; program: string; version: string }
  | { kind: "missing"; message: string; mend: "install" | "setting" }
  | { kind: "failed"; message: string; program: string };

type Library = typeof import("vscode-languageclient/node");

/** A server that ends by itself more often than that within so many milliseconds is left alone. */
const ENDS = { most: 4, within: 180_000 };

/** Requests that start something. They are the ones that an untrusted workspace may not cause. */
const RUNNING: readonly (keyof Requests)[] = [
  "orchestrator/split/start",
  "orchestrator/run/start",
  "orchestrator/run/resume",
  "orchestrator/playbook/save",
  "orchestrator/chat/send",
  "orchestrator/chat/retry",
  "orchestrator/chat/restart",
];

export class NotTrustedError extends Error {
  constructor() {
    super("This workspace is not trusted, so nothing runs in it. Trust it first (Workspaces: Manage Workspace Trust).");
  }
}

export class ServerControl implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private current: ServerState = { kind: "stopped" };
  private readonly changed = new vscode.EventEmitter<ServerState>();
  readonly onState = this.changed.event;
  private readonly handlers: [keyof Notifications, (params: never) => void][] = [];
  private turn: Promise<void> = Promise.resolve();
  /** When servers ended by themselves. */
  private ends: number[] = [];
  private readonly long = new LongOutlines((document) => this.refreshLenses(document));
  /** A lens or a hover asks for a conversation. */
  onChat: (params: ChatOpenParams) => Promise<void> = () => Promise.resolve();
  /** The server takes up the settings as they are now. */
  onSettings: () => void = () => undefined;
  /** A split was started, by whatever door. */
  onSplit: (params: SplitStartParams, result: SplitStartResult) => void = () => undefined;
  /** By the command that installs it: one at a time. */
  installing = false;
  readonly output = vscode.window.createOutputChannel("Orchestrator", { log: true });

  constructor(private readonly extension: vscode.ExtensionContext) {}

  get state(): ServerState {
    return this.current;
  }

  surroundings(): Surroundings {
    return {
      configured: vscode.workspace.getConfiguration("orchestrator").get("server.path", ""),
      storage: this.extension.globalStorageUri.fsPath,
      searchPath: process.env["PATH"] ?? "",
      home: os.homedir(),
      folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
      platform: process.platform,
    };
  }

  /** Before the server is started: handlers stay over restarts. */
  on<M extends keyof Notifications>(method: M, handler: (params: Notifications[M]) => void): void {
    this.handlers.push([method, handler]);
    this.client?.onNotification(method, handler);
  }

  /** One after the other, however often it is called. */
  start(): Promise<void> {
    return this.inTurn(() => this.startNow());
  }

  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.stopNow();
      await this.startNow();
    });
  }

  async request<M extends keyof Requests>(method: M, params: Requests[M]["params"]): Promise<Requests[M]["result"]> {
    if (RUNNING.includes(method) && !vscode.workspace.isTrusted) {
      throw new NotTrustedError();
    }
    const client = await this.ready();
    return client.sendRequest(method, params);
  }

  /** What a hover at this place says; undefined where that is nothing. */
  async card(uri: string, position: { line: number; character: number }): Promise<vscode.MarkdownString | undefined> {
    const client = await this.ready();
    const hover = client.protocol2CodeConverter.asHover(await client.sendRequest<Hover | null>("textDocument/hover", { textDocument: { uri }, position }));
    const [card] = hover?.contents ?? [];
    return card instanceof vscode.MarkdownString ? card : undefined;
  }

  /** A document under `orchestrator:` is asked for again. */
  refreshDocument(uri: vscode.Uri): void {
    const providers = this.client?.getFeature("workspace/textDocumentContent")?.getProviders() ?? [];
    for (const provider of providers.filter((one) => one.scheme === uri.scheme)) {
      provider.onDidChangeEmitter.fire(uri);
    }
  }

  /** Of a long outline; undefined: as the client asks for all of them. */
  private lensesNear(document: vscode.TextDocument): Promise<vscode.CodeLens[]> | undefined {
    const stretch = this.long.lenses(document);
    if (stretch === undefined) {
      return undefined;
    }
    const range = { start: { line: stretch.first, character: 0 }, end: { line: stretch.last, character: 0 } };
    const asked = this.request("orchestrator/lenses", { uri: document.uri.toString(), range });
    return asked.then(({ lenses }) =>
      lenses.map(({ range: { start, end }, title, command, arguments: given }) => {
        const place = new vscode.Range(start.line, start.character, end.line, end.character);
        return new vscode.CodeLens(place, { title, command, arguments: given });
      }),
    );
  }

  private refreshLenses(document: vscode.TextDocument): void {
    this.client?.getFeature("textDocument/codeLens").getProvider(document)?.onDidChangeCodeLensEmitter.fire();
  }

  /** The client, as soon as it is started. */
  private async ready(): Promise<LanguageClient> {
    await this.turn;
    if (this.client === undefined || this.current.kind !== "ready") {
      throw new Error("The Orchestrator server is not running. “Orchestrator: Restart Server” starts it.");
    }
    return this.client;
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work, work);
    return this.turn;
  }

  private async startNow(): Promise<void> {
    if (this.client !== undefined) {
      return;
    }
    const around = this.surroundings();
    const found = findServer(around);
    if (found.kind === "missing") {
      this.become(found);
      return;
    }
    this.become({ kind: "starting", again: false });
    await vscode.workspace.fs.createDirectory(this.extension.globalStorageUri);
    // Four fifths of the extension's code: read when it is needed, so that no window waits for it while it opens.
    const client = this.make(await import("vscode-languageclient/node"), found.program, around);
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.client = undefined;
      this.output.error(String(error));
      this.become({ kind: "failed", message: `${found.program} ended, or did not answer as a language server. The log says what it wrote.`, program: found.program });
      return;
    }
    const abilities = (client.initializeResult?.capabilities.experimental as { orchestrator?: ServerAbilities } | undefined)
      ?.orchestrator;
    if (abilities?.protocol !== PROTOCOL_VERSION) {
      const spoken = abilities?.protocol ?? "none";
      void this.tellVersions(found, spoken);
    }
    this.become({ kind: "ready", program: found.program, version: abilities?.version ?? "" });
  }

  /** They were not made for each other: the one that is behind is brought up to date. */
  private async tellVersions(found: Extract<Found, { kind: "found" }>, spoken: string | number): Promise<void> {
    const named = found.origin === "setting";
    const mend = named ? "Open Settings" : "Install Server";
    const words =
      `The server ${found.program} speaks version ${spoken} of the protocol, and this extension version ${PROTOCOL_VERSION}: some of it will not work. ` +
      (named ? "Update both, or let the extension have a server of its own: empty the setting that names this one." : "Update the extension, or install the newest server into its storage.");
    if ((await vscode.window.showWarningMessage(words, mend)) === mend) {
      await (named ? vscode.commands.executeCommand("orchestrator.openSettings", "orchestrator.server.path") : vscode.commands.executeCommand("orchestrator.install"));
    }
  }

  private make(
    { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, State }: Library,
    program: string,
    around: Surroundings,
  ): LanguageClient {
    const environment: NodeJS.ProcessEnv = { ...process.env, PYTHONSAFEPATH: "1" };
    delete environment["PYTHONDONTWRITEBYTECODE"];
    const server: Executable = {
      command: program,
      args: ["serve"],
      options: { cwd: workingDirectory(around.storage, around.folders), env: environment },
    };
    const options: LanguageClientOptions = {
      documentSelector: [
        { scheme: "file", language: "markdown" },
        { scheme: "untitled", language: "markdown" },
      ],
      outputChannel: this.output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: () => ({ settings: this.settings(), trusted: vscode.workspace.isTrusted }),
      markdown: { isTrusted: { enabledCommands: [...HOVER_COMMANDS] }, supportHtml: false },
      errorHandler: {
        // What cannot be written any more: the end of the connection says it, once.
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: this.returns() ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true }),
      },
      initializationFailedHandler: () => false,
      middleware: {
        executeCommand: async (command, args, next) => {
          const method = (COMMANDS as Record<string, keyof Requests>)[command];
          if (method !== undefined && RUNNING.includes(method) && !vscode.workspace.isTrusted) {
            void vscode.commands.executeCommand("orchestrator.explainTrust");
            return undefined;
          }
          if (method === "orchestrator/chat/open") {
            await this.onChat(args[0] as ChatOpenParams);
            return undefined;
          }
          const result = (await next(command, args)) as unknown;
          if (method === "orchestrator/split/start" && result != null) {
            this.onSplit(args[0] as SplitStartParams, result as SplitStartResult);
          }
          return result;
        },
        // An answer that is not wanted any more is undefined: VS Code drops it.
        provideCodeLenses: async (document, token, next) => this.lensesNear(document) ?? (await next(document, token)),
        provideDocumentSymbols: async (document, token, next) => ((await this.long.rest(document, token)) ? next(document, token) : undefined),
        // Here undefined would be no problems at all.
        provideDiagnostics: async (document, previous, token, next) => {
          if (!(document instanceof vscode.Uri) && !(await this.long.rest(document, token, SHORT_REST))) {
            throw new vscode.CancellationError();
          }
          return next(document, previous, token);
        },
        provideCompletionItem: (document, position, context, token, next) =>
          endsWord(document.lineAt(position).text.slice(0, position.character), context.triggerCharacter) ? undefined : next(document, position, context, token),
        // Asked for again by VS Code when they are refused: it moves those that are there along with what is typed.
        provideDocumentSemanticTokensEdits: async (document, previous, token, next) => {
          const { version } = document;
          if (!(await this.long.rest(document, token)) || document.version !== version) {
            throw new vscode.CancellationError();
          }
          return next(document, previous, token);
        },
        provideFoldingRanges: async (document, context, token, next) => ((await this.long.rest(document, token)) ? next(document, context, token) : undefined),
        workspace: {
          handleApplyEdit: (params, next) => keepingCursors(params.edit, () => next(params, new vscode.CancellationTokenSource().token)),
          configuration: (params) => {
            this.onSettings();
            return params.items.map((item) => (item.section === "orchestrator" ? this.settings() : null));
          },
        },
      },
    };
    const client = new (class extends LanguageClient {
      protected override async createMessageTransports(encoding: string): Promise<MessageTransports> {
        const transports = await super.createMessageTransports(encoding);
        writeWhole(transports.writer);
        return transports;
      }
    })("orchestrator", "Orchestrator", server, options);
    client.registerFeature(ourAbilities());
    // What it would say in notifications of its own goes to the log: `become` leads to one, with what can be done.
    const log = client.error.bind(client);
    client.error = (message: string, data?: unknown): void => log(message, data, false);
    client.onNotification("window/showMessage", ({ type, message }: { type: number; message: string }) => {
      void say(type === 1 ? "error" : type === 2 ? "warning" : "information", message);
    });
    for (const [method, handler] of this.handlers) {
      client.onNotification(method, (params: unknown) => handler(params as never));
    }
    client.onDidChangeState((change) => {
      const again = this.current.kind === "starting" && this.current.again;
      if (this.client !== client || change.newState === State.Starting || !(again || this.current.kind === "ready")) {
        return;
      }
      if (change.newState === State.Running) {
        this.become({ kind: "ready", program, version: client.initializeResult?.serverInfo?.version ?? "" });
      } else if (!again && this.ends.length <= ENDS.most) {
        this.become({ kind: "starting", again: true });
      } else {
        this.client = undefined;
        this.become({ kind: "failed", message: "The server ended by itself, again and again. The log says what it wrote.", program });
      }
    });
    return client;
  }

  /** Whether a server that just ended by itself is started anew. */
  private returns(): boolean {
    if (this.current.kind === "starting" && !this.current.again) {
      return false; // it never was there
    }
    const now = Date.now();
    this.ends = [...this.ends.filter((end) => now - end < ENDS.within), now];
    return this.ends.length <= ENDS.most;
  }

  private settings(): Record<string, unknown> {
    const configuration = vscode.workspace.getConfiguration("orchestrator");
    return serverSettings(settingKeys(this.extension).map((key) => [key, (configuration.inspect(key) ?? {}) as Inspected]));
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client !== undefined) {
      try {
        await client.stop(4000);
      } catch (error) {
        this.output.warn(`The server did not stop in order: ${String(error)}`);
      }
      await client.dispose();
    }
    this.become({ kind: "stopped" });
  }

  private become(state: ServerState): void {
    this.current = state;
    this.changed.fire(state);
  }

  async stop(): Promise<void> {
    await this.inTurn(() => this.stopNow());
  }

  dispose(): void {
    this.long.dispose();
    this.changed.dispose();
    this.output.dispose();
  }
}

/** Keys of our settings as the manifest lists them, without the prefix. */
function settingKeys(extension: vscode.ExtensionContext): string[] {
  interface Section {
    properties: Record<string, unknown>;
  }
  const manifest = extension.extension.packageJSON as { contributes: { configuration: Section[] } };
  return manifest.contributes.configuration
    .flatMap((section) => Object.keys(section.properties))
    .map((key) => key.slice("orchestrator.".length));
}

function ourAbilities(): StaticFeature {
  return {
    fillClientCapabilities(capabilities): void {
      const experimental = (capabilities.experimental ?? {}) as Record<string, unknown>;
      experimental["orchestrator"] = { ghosts: true, tree: true, inbox: true, elsewhere: true, chat: true, commands: [...HOVER_COMMANDS] };
      capabilities.experimental = experimental;
    },
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  };
}
