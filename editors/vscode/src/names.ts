/** Names that more than one file needs: commands, views, context keys. */

/** Commands of the server that may be links in a hover. None of them does more than its title says. */
export const HOVER_COMMANDS: readonly string[] = ["orchestrator.server.split.start", "orchestrator.server.run.start"];

export const VIEWS = {
  tasks: "orchestrator.tasks",
  inbox: "orchestrator.inbox",
  runs: "orchestrator.runs",
} as const;

export const CONTEXTS = {
  /** The active editor shows an outline. */
  outline: "orchestrator.outline",
  /** "ready", "missing", … */
  state: "orchestrator.state",
  /** For Get Started, once its page is open: the server is ready; an outline was open. */
  startedServer: "orchestrator.started.server",
  startedOutline: "orchestrator.started.outline",
  /** The active editor's document has a proposal that waits for an answer. */
  proposal: "orchestrator.proposal",
  /** A filter hides tasks in the tree. */
  filtered: "orchestrator.filtered",
  /** Something runs. */
  running: "orchestrator.running",
  follows: "orchestrator.follows",
  /** The server is being installed. */
  installing: "orchestrator.installing",
  /** What helps where the server is missing: "install" or "setting". */
  mend: "orchestrator.mend",
  /** A conversation is open. */
  chat: "orchestrator.chatOpen",
} as const;
