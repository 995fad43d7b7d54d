// Generated from server/orchestrator/lsp/protocol.py by `make generate`. Do not edit.

export const PROTOCOL_VERSION = 1;

/** Where a split stands, as a person sees it. */
export type SplitState =
  | "deciding"
  | "planning"
  /** Complete, and waits to be accepted, edited or discarded. */
  | "ready"
  /** Judged EXECUTE: nothing to split. Forcing it plans all the same. */
  | "simple"
  | "applied"
  | "discarded"
  | "failed"
  | "cancelled";

/** What the client can show. */
export interface ClientAbilities {
  /** It shows `split/preview` as ghosts and answers with `split/accept` or `split/discard`. */
  ghosts?: boolean;
  /** It wants `treeChanged` for the documents it asked `tree` about. */
  tree?: boolean;
  /** It shows what waits for a person (`approval/changed`), and needs no message about it. */
  inbox?: boolean;
  /** It shows what other programs run, too: it is told of their runs (`run/update`) as of those of this server. */
  elsewhere?: boolean;
  /** It shows conversations: it handles the command `orchestrator.server.chat.open` itself, with these parameters. */
  chat?: boolean;
}

export interface ServerAbilities {
  protocol?: number;
  /** Version of the program. */
  version: string;
}

export interface TreeProgress {
  done: number;
  total: number;
}

export interface TreeNode {
  /** Opaque; stable while the server lives and the text moves. */
  nodeId: string;
  kind: "section" | "task";
  title: string;
  /** A word of `Status`, null for a section. */
  status?: string | null;
  /** The id in the file, without `^`. */
  taskId?: string | null;
  childCount?: number;
  /** Of the tasks below it, cancelled ones left out; null where there are none. */
  progress?: TreeProgress | null;
}

export interface TreeParams {
  uri: string;
  /** Whose children; null: the top level. */
  nodeId?: string | null;
  offset?: number;
  limit?: number;
}

export interface TreeResult {
  documentVersion: number | null;
  /** Of the state that this answer shows; the next `treeChanged` has the next number. */
  seq: number;
  nodes: TreeNode[];
  total: number;
}

/** One of the two: where is this node, or which node is here. */
export interface TreeLocateParams {
  uri: string;
  nodeId?: string | null;
  position?: Position | null;
}

export interface TreeLocateResult {
  documentVersion: number | null;
  nodeId: string;
  /** Ids from the top level down to the node itself. */
  path: string[];
  /** For each of them its place among its siblings, from 0: the `offset` at which `tree` has it. */
  indexes: number[];
  /** All lines of the node, with its children. */
  range: Range;
  /** Its title. */
  selectionRange: Range;
}

/** The code lenses of some lines, for a client that draws what is on its screen: `textDocument/codeLens` has all. */
export interface LensesParams {
  uri: string;
  range: Range;
}

export interface LensInfo {
  range: Range;
  title: string;
  command: string;
  arguments: Record<string, unknown>[];
}

export interface LensesResult {
  documentVersion: number | null;
  lenses: LensInfo[];
}

/** Which nodes of an open outline fit: a filter, for the parts of the tree that nobody has loaded too. */
export interface TreeSearchParams {
  uri: string;
  /** Words that the title has, in any order, or an id. Empty: any. */
  text?: string;
  /** Only tasks of these; empty: tasks of any, and sections. */
  statuses?: ("pending" | "inProgress" | "completed" | "cancelled" | "failed" | "asking")[];
  /** Of nodes that fit; what they stand below comes with them. */
  limit?: number;
}

export interface FoundNode {
  node: TreeNode;
  parentId: string | null;
  /** False: it is here because something below it fits. */
  fits: boolean;
}

export interface TreeSearchResult {
  documentVersion: number | null;
  /** In the order of the document: each behind its parent. */
  nodes: FoundNode[];
  /** How many fit, here or not. */
  total: number;
}

/** Which outlines of the workspace, open or not, have nodes that fit: for a filter over more than a client opens. */
export interface TreeOutlinesParams {
  text?: string;
  statuses?: ("pending" | "inProgress" | "completed" | "cancelled" | "failed" | "asking")[];
  limit?: number;
}

export interface TreeOutlinesResult {
  /** In alphabetical order. */
  uris: string[];
  /** How many outlines have nodes that fit, here or not. */
  total: number;
  /** False: files are still being read, and there may be more. */
  complete: boolean;
}

export interface NodeInserted {
  op?: "insert";
  parentId: string | null;
  index: number;
  node: TreeNode;
}

export interface NodeRemoved {
  op?: "remove";
  nodeId: string;
}

export interface NodeUpdated {
  op?: "update";
  node: TreeNode;
}

/** Changes in the order in which they are to be made. Removing a node removes what is below it. */
export interface TreeChangedParams {
  uri: string;
  documentVersion: number | null;
  /** One more than the last; a gap means: ask `tree` again. */
  seq: number;
  changes: (NodeInserted | NodeRemoved | NodeUpdated)[];
}

/** A subtask that is proposed and not in the file. */
export interface GhostTask {
  title: string;
  description?: string;
  acceptance?: string;
  /** Indexes of earlier siblings. */
  dependsOn?: number[];
  mode?: "" | "interactive" | "auto";
  executor?: string;
  /** What of that is only written when `split/accept` says `fields`: "mode auto, executor code". */
  asks?: string;
  /** Whether its children run in sequence. */
  ordered?: boolean;
  children?: GhostTask[];
}

/** Which task: by `nodeId`, or by a position in one of its lines. */
export interface SplitStartParams {
  uri: string;
  /** The version that `position` belongs to; null with `nodeId`. */
  version?: number | null;
  nodeId?: string | null;
  position?: Position | null;
  /** 1: split this task; more: its children too, down to `split.maxDepth`. */
  levels?: number;
  /** Plan even if the task is judged simple. */
  force?: boolean;
  /** The line at `position` is no task but an idea: it becomes one with subtasks; below a heading they stand alone. */
  idea?: boolean;
  /** Plan the subtasks anew that the task has: `split/preview` then has `changes`. */
  replan?: boolean;
}

export interface SplitStartResult {
  runId: string;
  nodeId: string;
  documentVersion: number | null;
  /** All lines of the task: ghosts go below its end, where the subtasks will be. */
  range: Range;
}

/** What a re-plan makes of one subtask. */
export interface PlanChange {
  op: "edit" | "add" | "obsolete";
  /** Its id in the file; for one without, a name that holds for this plan only. Empty for `add`. */
  id?: string;
  /** Its title as it stands. */
  was?: string;
  /** The new title; empty: as it is. */
  title?: string;
  description?: string;
  acceptance?: string;
  reason?: string;
  /** For `add`: the id of the subtask below which it goes; empty: directly below the task. */
  under?: string;
}

/** Whether a task needs subtasks. */
export interface SplitDecision {
  verdict: "EXECUTE" | "DECOMPOSE";
  reason?: string;
  /** That it needs subtasks, 0 to 1, from what the model says, what its title reads like, and what you did before. */
  chance?: number | null;
  /** What a plan was expected to cost; null: the price is not known. */
  expectedUsd?: number | null;
}

/** The whole proposal as it stands: small, so that a lost message does no harm. */
export interface SplitPreviewParams {
  runId: string;
  uri: string;
  nodeId: string;
  documentVersion: number | null;
  /** From 1, without gaps. */
  seq: number;
  state: SplitState;
  /** Of the task that is split. */
  title: string;
  children?: GhostTask[];
  ordered?: boolean;
  decision?: SplitDecision | null;
  /** Of a re-plan. `split/accept` takes their indexes as paths of one number. New ones are among `children` too. */
  changes?: PlanChange[];
  /** For a person: the reason of the decision, of a failure, what was left out. */
  message?: string;
  /** Who answers: "local/smollm2 (basic offline model)", with the playbook that was followed. */
  source?: string;
  usage?: UsageReport;
}

export interface SplitAcceptParams {
  runId: string;
  /** Paths of the ghosts to take ([0], [2, 1]: second child of the third); null: all. A child brings its parents. */
  items?: number[][] | null;
  /** Also write the modes and executors that need a person's word: a person saw them (`asks`) and agreed. */
  fields?: boolean;
}

export interface SplitAcceptResult {
  documentVersion: number | null;
  /** Tasks that were written. */
  added: number;
}

/** Replaces the proposal by what the person made of it; nothing is written yet. */
export interface SplitEditParams {
  runId: string;
  children: GhostTask[];
  ordered?: boolean;
}

/** Save a task with its subtasks as an example for the planners. */
export interface PlaybookSaveParams {
  uri: string;
  nodeId: string;
  /** Replace a playbook of the same name. */
  replace?: boolean;
}

export interface PlaybookSaveResult {
  /** The file, in the person's configuration folder. */
  path: string;
}

export interface SplitDiscardParams {
  runId: string;
}

/** Which tasks: one by `nodeId`, or by a position in one of its lines; neither: all of the outline. */
export interface RunPlaceParams {
  uri: string;
  /** The version that `position` belongs to; null with `nodeId`. */
  version?: number | null;
  nodeId?: string | null;
  position?: Position | null;
}

export interface RunStartParams {
  uri: string;
  /** The version that `position` belongs to; null with `nodeId`. */
  version?: number | null;
  nodeId?: string | null;
  position?: Position | null;
  /** Instead of `nodeId`: all of these, in one run; sections among them are left out. */
  nodeIds?: string[] | null;
  /** Instead of `position`: all tasks that start in it, in one run. */
  range?: Range | null;
  /** Run interactive tasks by themselves too; else the person is asked about them. */
  auto?: boolean;
  /** US dollars that the run may spend. */
  budget?: number | null;
  /** Calls that the run may make. */
  calls?: number | null;
  /** The person has seen what it may take (`run/estimate`); else they are asked, unless it costs nothing. */
  accepted?: boolean;
  /** Begin anew: a run of the task that is under way is stopped, one that could be resumed is given up, and what is done, failed or asks in the branch is set back to open, in one edit. */
  restart?: boolean;
  /** Run the tasks outside of the branch too that it waits for (`run/estimate` lists them). */
  needed?: boolean;
}

export interface RunStartResult {
  runId: string;
  documentVersion: number | null;
}

export interface RunResumeParams {
  runId: string;
  /** Do not go on: mark it as failed. */
  giveUp?: boolean;
}

export interface RunStopParams {
  runId: string;
  /** Stop only this task and what is below it; null: the whole run. What is done stays. */
  taskId?: string | null;
}

export interface RunListParams {
  /** Of this outline only. */
  uri?: string | null;
  version?: number | null;
  nodeId?: string | null;
  /** With one of the two: only the runs whose branches hold that task. */
  position?: Position | null;
  limit?: number;
}

export interface RunInfo {
  runId: string;
  uri: string;
  title: string;
  taskId: string | null;
  /** `running`, `completed`, `paused`, `cancelled` or `failed`. */
  state: string;
  reason: string;
  started: number;
  ended: number | null;
  resumable: boolean;
  /** It runs in this server. */
  here: boolean;
  /** Of a run that is here: tasks that are done. */
  done?: number | null;
  total?: number | null;
  costUsd?: number | null;
}

export interface RunListResult {
  /** The newest first. */
  runs: RunInfo[];
}

export interface RunGetParams {
  runId: string;
}

export interface RunTask {
  taskId: string;
  title: string;
  /** The `taskId` of its parent in the run; of a run that is over, as the outline has it now. */
  parentId: string | null;
  /** As in `attempts.state` of the store; null: it has not begun, or cannot (`reason`). */
  state: string | null;
  reason?: string;
}

export interface RunGetResult {
  run: RunInfo;
  tasks: RunTask[];
}

/** Something that a person says to a task under way. It counts from its next call on, and is stored until then. */
export interface RunCorrectParams {
  runId: string;
  taskId: string;
  text: string;
}

export interface RunCorrectResult {
  /** For a person: from when on it counts. */
  told: string;
}

export interface ContextParams {
  uri: string;
  /** The version that `position` belongs to; null with `nodeId`. */
  version?: number | null;
  nodeId?: string | null;
  position?: Position | null;
  /** `verify` judges what doing the task came to last, `aggregate` sums up results of subtasks as they stand there. */
  purpose?: "execute" | "plan" | "decide" | "verify" | "aggregate";
}

export interface ContextPart {
  /** Of a message who says it: `system`, `user` or `assistant`. Of a part what it is: `Goal`, `Description`, … */
  name: string;
  text: string;
  /** Estimated. */
  tokens: number;
}

/** What a model would be sent about a task, to the last character. Nothing is sent, and no consent is needed. */
export interface ContextResult {
  documentVersion: number | null;
  /** `provider/model`. */
  model: string;
  /** Its name and version. */
  prompt: string;
  /** Exactly what would be sent, in order. */
  messages: ContextPart[];
  /** What of it comes from the outline and its files. */
  parts: ContextPart[];
  tools: string[];
  /** Of all of it, descriptions of tools too. */
  tokens: number;
  /** That the answer may have. */
  maxTokens: number;
  /** All of that as one text, to be shown. */
  document: string;
}

export interface NeededTask {
  nodeId: string;
  title: string;
}

/** Ranges: the least and the most that is likely. */
export interface RunEstimateResult {
  tasks: number;
  calls: number[];
  inputTokens: number[];
  outputTokens: number[];
  /** Null: the price is not known. */
  costUsd: number[] | null;
  /** `provider/model` that most of it would ask. */
  model: string;
  /** All of it, for a person. */
  line: string;
  /** Open tasks outside of the branch that it waits for; `run/start` with `needed` runs them too. */
  needed?: NeededTask[];
}

/** Something that waits for a person. */
export interface ApprovalInfo {
  approvalId: string;
  runId: string;
  /** `question`, `start`, `confirm`, `budget`, or what leave is asked for (`edit`, `command`, …). */
  kind: string;
  title: string;
  taskId: string | null;
  /** The title of the task that asks. */
  task: string;
  /** The outline of the run. */
  uri?: string | null;
  /** The careful one first; empty: any text is an answer. */
  choices: string[];
  /** Exactly what is approved: the `argv` of a command, the `diff` and `fingerprint` of an edit; `text` is all of it as a person reads it. */
  detail: Record<string, unknown>;
  created: number;
  /** `open`, `answered` or `withdrawn`. */
  state: string;
}

export interface ApprovalListParams {
  runId?: string | null;
}

export interface ApprovalListResult {
  /** Open ones, the oldest first, of every run in the store. */
  approvals: ApprovalInfo[];
}

export interface ApprovalFilesParams {
  approvalId: string;
}

export interface ProposedFile {
  /** Below the workspace folder, with `/`. */
  path: string;
  /** Null: there is no such file. */
  before: string | null;
  /** Null: it would be removed. */
  after: string | null;
}

/** What leave for an edit would write, whole: for the editor's own diff. */
export interface ApprovalFilesResult {
  files: ProposedFile[];
}

export interface QuestionAnswerParams {
  approvalId: string;
  /** One of the choices, where there are any. */
  answer: string;
}

export interface ApprovalChangedParams {
  approval: ApprovalInfo;
}

/** One thing that happened in a run, after it was stored. */
export interface RunUpdateParams {
  runId: string;
  uri: string;
  nodeId: string | null;
  seq: number;
  /** As in the store's events: "run.started", "attempt.state", "step.ended", "run.ended", … */
  kind: string;
  detail: Record<string, unknown>;
  /** Seconds since 1970, UTC. */
  created: number;
}

/** Which tasks: the one with `nodeId`; or those that start in `range`, and if none does the one that holds it. */
export interface EditParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  /** Instead of `nodeId`: all of these, in one edit; sections among them are left out. */
  nodeIds?: string[] | null;
  range?: Range | null;
}

export interface EditStatusSetParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  /** Instead of `nodeId`: all of these, in one edit; sections among them are left out. */
  nodeIds?: string[] | null;
  range?: Range | null;
  status: "pending" | "inProgress" | "completed" | "cancelled" | "failed" | "asking";
  /** Of failed and asking; null: the one that is there stays, or an empty field is written. */
  reason?: string | null;
}

export interface EditValueSetParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  /** Instead of `nodeId`: all of these, in one edit; sections among them are left out. */
  nodeIds?: string[] | null;
  range?: Range | null;
  key: "mode" | "executor" | "model" | "priority" | "prompt" | "type";
  /** Written only where it differs from what is inherited. Null: the field is taken away. */
  value?: string | null;
}

export interface EditMoveParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  /** Instead of `nodeId`: all of these, in one edit; sections among them are left out. */
  nodeIds?: string[] | null;
  range?: Range | null;
  /** Places down, or up if negative; fewer where the way ends. */
  steps: number;
}

export interface EditIntoParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  /** Instead of `nodeId`: all of these, in one edit; sections among them are left out. */
  nodeIds?: string[] | null;
  range?: Range | null;
  /** The `nodeId` of the task or section below which they come last. */
  parentId: string;
}

export interface EditAddParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  /** Instead of `nodeId`: all of these, in one edit; sections among them are left out. */
  nodeIds?: string[] | null;
  range?: Range | null;
  title?: string;
}

export interface EditAcceptanceParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  /** Instead of `nodeId`: all of these, in one edit; sections among them are left out. */
  nodeIds?: string[] | null;
  range?: Range | null;
  /** Empty: a line to be filled in. */
  text?: string;
}

/** One fix of one problem, as a code action named it. */
export interface EditFixParams {
  uri: string;
  version?: number | null;
  /** Of the problem. */
  code: string;
  /** Of the problem. */
  range: Range;
  /** Of the fix, among those of the problem. */
  name: string;
}

/** All fixes that change nothing anybody could have meant. */
export interface EditFixAllParams {
  uri: string;
  version?: number | null;
}

export interface EditResult {
  documentVersion: number | null;
  /** Where the check box of the first of the tasks stands now; null: nowhere, or nobody knows. */
  position?: Position | null;
  /** By how many lines that task stands further down than before. */
  moved?: number;
}

/** Nothing to say. */
export interface ModelsListParams {
}

export interface RoleModels {
  role: "decide" | "plan" | "execute" | "verify" | "aggregate" | "chat";
  /** `provider/model`: the one that is tried first, then those that stand in; none where the settings name none. */
  models: string[];
}

export interface AliasModels {
  name: string;
  models: string[];
}

/** As the settings say it. A task's field `model` and a conversation's own choice stand above that. */
export interface ModelsListResult {
  roles: RoleModels[];
  aliases: AliasModels[];
}

export interface Wire {
}

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface UsageReport {
  inputTokens?: number;
  outputTokens?: number;
  /** Null: the price is not known. */
  costUsd?: number | null;
}

/** An empty answer. */
export interface Done {
}

/** A file or a selection. Files of the workspace only, and none that may hold keys. */
export interface ChatAttachment {
  /** Relative to the workspace, or absolute and inside it. */
  path?: string | null;
  /** In place of `path`. What stands in an open document is sent, saved or not. */
  uri?: string | null;
  /** Of the document at `uri`: only these lines. */
  range?: Range | null;
}

/** What was attached to a message, as it was then. */
export interface ChatAttached {
  /** The path relative to the workspace; of a selection with its lines, `a.py:3-9`. */
  name: string;
  text: string;
}

export interface ChatToolUse {
  callId: string;
  tool: string;
  /** JSON, as the model wrote it. */
  arguments: string;
  result: string;
  failed: boolean;
}

/** A call to a model, and what it took. */
export interface ChatCall {
  /** `provider/model`. */
  model: string;
  usage: UsageReport;
}

export interface ChatMessage {
  messageId: string;
  /** The message that it follows; null for the first, and in the conversation of a run. */
  parentId: string | null;
  /** `user` is the person; in the conversation of a run, the engine. */
  speaker: "system" | "user" | "assistant";
  /** Markdown. Control and bidirectional characters are spelled out: `<U+202E>`. */
  text: string;
  /** What the model thought aloud for this answer, to be folded; of an open message as far as it got. */
  thoughts?: string;
  created: number;
  /** `open` while it is written, else `end`, `maxTokens`, `refusal`, `cancelled`, `error`, or `interrupted` by the end of the program. */
  ending: string;
  /** Of an error: what happened and what to do. */
  reason?: string;
  attached?: ChatAttached[];
  tools?: ChatToolUse[];
  /** Where several messages stand in one place (edited, answered anew, forked): their ids, the oldest first, this one among them. `chat/select` shows another one. */
  variants?: string[];
  /** Of an answer: the call that ended it. Null while it is written (`usage` tells it then), and of copies. */
  used?: ChatCall | null;
}

/** How large the next request would be, about. */
export interface ChatSize {
  tokens: number;
  /** What the model can read at once; null: nobody knows. */
  window: number | null;
  /** `long`: it fits, and answers get worse. `full`: the next answer would not fit. */
  fit: "good" | "long" | "full";
  /** For a person; empty when all is well. `chat/restart` is what it offers. */
  advice: string;
}

/** What the answers of a conversation took so far, those on other branches too. */
export interface ChatBill {
  calls: number;
  /** Read and written. */
  tokens: number;
  /** Null: the price is not known. */
  costUsd: number | null;
}

export interface ChatInfo {
  conversationId: string;
  uri: string;
  /** The task's id in the file; null before the first message of a task that has none. */
  taskId: string | null;
  /** Of the task, where its document is open. */
  nodeId?: string | null;
  /** The task's title, or the one that a person gave. */
  title: string;
  /** `attempt`: the engine talks with the model in a run or a split. A message to it is a correction for its next step; after its end it begins a new conversation. */
  kind: "chat" | "attempt";
  /** Something is being written into it, by this program or another one. */
  live: boolean;
  /** `provider/model` or alias that a person chose for it; empty: as the task and the settings say. */
  model: string;
  /** On the branch that is shown. */
  messages: number;
  /** The beginning of its last message, in one line. */
  preview?: string;
  started: number;
  updated: number;
  /** The conversation that it began as a fork or a merged brief of. */
  forkedFrom?: string | null;
  /** Null in lists. */
  size?: ChatSize | null;
  /** Null in lists. */
  bill?: ChatBill | null;
}

/** A conversation by its id; or that of a task, named by `nodeId` or a position in one of its lines: that of a run under way, else the newest, else a new one. A new one is stored with its first message. */
export interface ChatOpenParams {
  conversationId?: string | null;
  uri?: string | null;
  /** The version that `position` belongs to; null with `nodeId`. */
  version?: number | null;
  nodeId?: string | null;
  position?: Position | null;
  /** A new conversation of the task, whatever there is. */
  new?: boolean;
  /** Messages of the first page, the last ones. */
  limit?: number;
}

export interface ChatOpenResult {
  conversation: ChatInfo;
  /** Oldest first. The last one may be open: what it has so far, and updates go on from there. */
  messages: ChatMessage[];
  /** How many stand before these: ask `chat/page`. */
  earlier: number;
  /** Of the state that this answer shows; the next `chat/update` has the next number, a gap means: open it again. */
  seq: number;
}

export interface ChatPageParams {
  conversationId: string;
  /** A message: those before it. */
  before: string;
  limit?: number;
}

export interface ChatPageResult {
  /** Oldest first. */
  messages: ChatMessage[];
  earlier: number;
}

/** Search all of a conversation, loaded or not: the branch that is shown. */
export interface ChatFindParams {
  conversationId: string;
  /** As it stands in a message; upper and lower case are the same. */
  text: string;
}

export interface ChatFindResult {
  /** Those that hold it, oldest first; of very many the last 1,000. */
  messages: string[];
}

export interface ChatParams {
  conversationId: string;
}

export interface ChatMessageParams {
  conversationId: string;
  messageId: string;
}

export interface ChatSendParams {
  conversationId: string;
  text: string;
  attachments?: ChatAttachment[];
  /** A message of the person that is said anew: on a branch of its own, beside the old one. */
  replaces?: string | null;
  /** For this answer only. */
  model?: string;
}

/** As soon as what was said is stored. */
export interface ChatSendResult {
  /** Another one than was asked for where a message begins a new conversation: open that. */
  conversationId: string;
  /** The answer's; null for a correction. */
  messageId: string | null;
  /** What the person said. */
  saidId: string | null;
  /** It was told to the run, for its next step. */
  correction?: boolean;
}

/** Have a message answered anew, beside the answer that there is. */
export interface ChatRetryParams {
  conversationId: string;
  /** An answer, or what is to be answered; null: the last one. */
  messageId?: string | null;
  model?: string;
}

export interface ChatCancelParams {
  conversationId: string;
  /** Only if this is what is being written; null: whatever is. */
  messageId?: string | null;
}

export interface ChatCancelResult {
  /** False: nothing is being written (any more). What was written stays. */
  cancelled: boolean;
}

/** Of a task, named as in `chat/open`; of an outline's workspace; or of all. */
export interface ChatListParams {
  uri?: string | null;
  version?: number | null;
  nodeId?: string | null;
  position?: Position | null;
  limit?: number;
}

export interface ChatListResult {
  /** The one that was written to last first. */
  conversations: ChatInfo[];
}

export interface ChatRenameParams {
  conversationId: string;
  title: string;
}

export interface ChatModelParams {
  conversationId: string;
  /** `provider/model` or alias for the next answers; empty: as the task and the settings say. */
  model: string;
}

export interface ChatForkParams {
  conversationId: string;
  /** Go on from here: what followed stays as a branch. Of a run that ended: begin a new conversation with this one; null: with what the run came to. */
  messageId?: string | null;
}

/** Write a message into the outline, as one edit of the open document. */
export interface ChatExtractParams {
  conversationId: string;
  /** Null: the last answer. */
  messageId?: string | null;
  /** Only this part of it, as a person selected it. */
  text?: string | null;
  /** `subtasks`: the list in it. `description`: added to what there is. `result`: its first paragraph. */
  to: "subtasks" | "description" | "result";
}

export interface ChatExtractResult {
  documentVersion: number | null;
  /** False: the task says it already. */
  changed: boolean;
}

/** A message came. One that is open is empty, and grows by `text`. */
export interface ChatSaid {
  kind?: "message";
  message: ChatMessage;
}

/** Append this to the message; it is never sent again. */
export interface ChatText {
  kind?: "text";
  text: string;
}

/** What the model thinks aloud; no part of the message. */
export interface ChatThought {
  kind?: "thought";
  text: string;
}

export interface ChatToolCall {
  kind?: "toolCall";
  callId: string;
  tool: string;
  arguments: string;
}

export interface ChatToolResult {
  kind?: "toolResult";
  callId: string;
  text: string;
  failed: boolean;
}

/** One line about what goes on: who answers, why a call waits. */
export interface ChatNote {
  kind?: "note";
  text: string;
}

export interface ChatUsage {
  kind?: "usage";
  model: string;
  usage: UsageReport;
}

/** The message is stored as it stands. */
export interface ChatEnd {
  kind?: "end";
  stopReason: "end" | "maxTokens" | "refusal" | "cancelled" | "error" | "interrupted";
  reason?: string;
}

/** Another branch is shown, or it has another title or model: open it again. */
export interface ChatTurned {
  kind?: "changed";
}

export interface ChatDeleted {
  kind?: "deleted";
}

/** What happened in a conversation that is open. A piece that follows silence is sent at once, later ones are gathered for 30 ms. */
export interface ChatUpdateParams {
  conversationId: string;
  /** Empty for what is about the conversation. */
  messageId: string;
  /** One more than the last of this conversation. */
  seq: number;
  update: ChatSaid | ChatText | ChatThought | ChatToolCall | ChatToolResult | ChatNote | ChatUsage | ChatEnd | ChatTurned | ChatDeleted;
}

/** A virtual document, by its URI; `docs/reference/virtual-documents.md` lists them. */
export interface DocumentParams {
  uri: string;
}

export interface DocumentResult {
  /** Markdown. */
  text: string;
}

/** An outline in another form: `json` itself, `markdown` its conversations, `csv` its calls, `metrics` its days. */
export interface ExportParams {
  /** The open text counts, else the file. */
  uri: string;
  /** One of those, or a plug-in's. */
  format?: string;
  /** A new file to be written; null: the text is in the answer. As a command, null means a file beside the outline. */
  to?: string | null;
  /** Write over the file. */
  replace?: boolean;
}

export interface ExportResult {
  /** Null where a file was written. */
  text: string | null;
  /** Of a file that holds it, with the dot. */
  suffix: string;
  /** Keys that were taken out of it. */
  removed: number;
}

/** Another program's tasks, or an exported outline, as a new outline. */
export interface ImportParams {
  source: string;
  /** A new file. */
  to: string;
  /** `json`, `task-master`, `spec-kit`, `kiro`, `markdown` or a plug-in's; null: it is recognised. */
  format?: string | null;
  /** Write over the file, unless it is open. */
  replace?: boolean;
}

export interface ImportResult {
  uri: string;
  tasks: number;
  format: string;
  /** What it was, for a person. */
  what: string;
  /** What was left out, and why. */
  notes: string[];
}

/** Search conversations, results and splits. */
export interface HistorySearchParams {
  /** Words, all of which must be there; `"a phrase"`; `-word` leaves out. Nothing else is syntax. */
  query: string;
  /** `meaning`: what means something like it, of what was read so far; the rest is read in the background then. */
  by?: "words" | "meaning";
  /** Only what was about this outline. */
  uri?: string | null;
  /** Seconds since 1970, UTC. */
  since?: number | null;
  until?: number | null;
  /** Only of this `provider/model`, model or provider. */
  model?: string;
  limit?: number;
}

export interface HistoryMatch {
  start: number;
  end: number;
}

export interface HistoryHit {
  kind: "message" | "result" | "split";
  /** Of the task, or as a person named the conversation. */
  title: string;
  taskId: string | null;
  /** Of the outline: where the task stands now, else where it stood. */
  uri: string;
  /** Of the task, in the open text where there is one; null: the task is gone. */
  line: number | null;
  /** Seconds since 1970, UTC. */
  created: number;
  /** `provider/model`, empty where it is not known. */
  model: string;
  /** One line, safe to show. */
  excerpt: string;
  /** Where the words stand in the excerpt, in characters. */
  matches: HistoryMatch[];
  /** By meaning: 1 is the same. */
  nearness: number | null;
  conversationId: string | null;
  runId: string | null;
  messageId: string | null;
}

export interface HistorySearchResult {
  /** The best first; where very many fit by words, the newest. */
  hits: HistoryHit[];
  /** By meaning: how many texts were read. */
  read: number | null;
  /** Of how many. */
  total: number | null;
}

export interface PromptsListParams {
  /** Of a document in a workspace, whose own prompts then count too. */
  uri?: string | null;
}

export interface PromptEntry {
  name: string;
  role: string;
  /** The one in use. */
  version: string;
  /** `built-in`, `edited`, `imported` or `workspace`. */
  origin: string;
  /** How many there are in the store. */
  versions: number;
  /** The person's file, null if there is none. */
  uri: string | null;
  /** What is wrong with that file: it is not used then. */
  problems: string[];
  /** The built-in one that it was made from has changed since. */
  outdated: boolean;
}

export interface PromptsListResult {
  prompts: PromptEntry[];
  /** What was found and is not used, and why. */
  notes: string[];
}

export interface PromptParams {
  name: string;
}

export interface PromptVersionParams {
  name: string;
  version?: string;
}

export interface PromptVersionEntry {
  version: string;
  parent: string | null;
  origin: string;
  /** Seconds since 1970, UTC. */
  created: number;
}

export interface PromptsShowResult {
  name: string;
  version: string;
  text: string;
  inUse: boolean;
  /** Those in the store, the oldest first. */
  versions: PromptVersionEntry[];
}

export interface PromptsDiffParams {
  name: string;
  /** Empty: the parent. */
  old?: string;
  new?: string;
}

export interface PromptsDiffResult {
  /** Unified; empty where there is no difference. */
  diff: string;
}

export interface PromptsNewParams {
  name: string;
  /** The prompt that it is a copy of. */
  base?: string;
}

export interface PromptsEditResult {
  /** The file to open; saving a sound text makes a version and puts it in use. */
  uri: string;
}

export interface PromptsUsedResult {
  name: string;
  version: string;
  origin: string;
}

/** Try a prompt on a task: by `nodeId`, or by a position in one of its lines. No file is touched. */
export interface PromptsTestParams {
  name: string;
  version?: string;
  uri: string;
  nodeId?: string | null;
  position?: Position | null;
  /** Also ask the model of the prompt's role, which may cost money. */
  answer?: boolean;
}

export interface PromptsTestResult {
  system: string;
  user: string;
  /** An estimate. */
  tokens: number;
  answer?: string | null;
  model?: string | null;
  seconds?: number | null;
  costUsd?: number | null;
}

export interface PromptsExportParams {
  /** Empty: all of the person's own. */
  names?: string[];
}

export interface PromptsExportResult {
  /** JSON, as `orchestrator prompts export` prints it. */
  text: string;
}

export interface PromptsImportParams {
  /** An export, or one prompt file. */
  text: string;
}

export interface PromptsImportResult {
  imported: PromptsUsedResult[];
  /** How many of them were not there before. */
  fresh: number;
}

export interface MetricsParams {
  /** A table for each. */
  by?: ("all" | "day" | "model" | "executor" | "outline" | "prompt" | "role")[];
  /** Seconds since 1970, UTC: work that began then or later. */
  since?: number | null;
  until?: number | null;
  /** Only of this outline. */
  uri?: string | null;
  /** Only calls with the prompt of this name. */
  prompt?: string | null;
}

/** Rates are null where there is nothing to compute them of. */
export interface MetricsRow {
  /** The day, model, …; empty for everything. */
  name: string;
  calls: number;
  completedCalls: number;
  failedCalls: number;
  cancelledCalls: number;
  repairs: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  costUsd: number;
  unpricedCalls: number;
  latencyP50: number | null;
  latencyP95: number | null;
  tasks: number;
  completedTasks: number;
  failedTasks: number;
  cancelledTasks: number;
  conversations: number;
  conversationMean: number | null;
  conversationLongest: number;
  splitsApplied: number;
  splitsDiscarded: number;
  subtasksApplied: number;
  subtasksKept: number;
  editsApproved: number;
  editsRefused: number;
  completion: number | null;
  failure: number | null;
  cancellation: number | null;
  acceptance: number | null;
  editedAfter: number | null;
  editAcceptance: number | null;
  repairRate: number | null;
}

export interface MetricsTable {
  by: string;
  rows: MetricsRow[];
}

export interface MetricsResult {
  tables: MetricsTable[];
}

export interface TrustParams {
  /** Of a document, or of a folder: its workspace is meant. */
  uri: string;
}

export interface SuggestedEntry {
  /** Below the workspace folder, with `/`: `.orchestrator.toml` or a prompt. */
  path: string;
  /** To be read before it is allowed; what cannot be seen is spelled out. */
  text: string;
  /** Of exactly this content; empty where it cannot be used. */
  sha256: string;
  allowed: boolean;
  /** Why it cannot be used; mostly empty. */
  problem: string;
}

export interface ConsentEntry {
  provider: string;
  host: string;
}

/** What the person said about the workspace, and what it suggests. */
export interface TrustResult {
  folder: string;
  trusted: boolean;
  /** False: the editor does not trust the workspace, so nothing runs in it, whatever `trusted` says. */
  editor: boolean;
  files: SuggestedEntry[];
  /** To whom its text may be sent. */
  consents: ConsentEntry[];
}

/** A person's word, asked for by the window after it showed `folder` and every file of `trust/get`. */
export interface TrustSetParams {
  uri: string;
  /** False: forget all about the folder, consents too. */
  trusted: boolean;
  /** The `sha256` of each file that was shown, by its `path`: only that content counts. */
  files?: Record<string, unknown>;
}

/** Client to server. */
export interface Requests {
  "orchestrator/tree": { params: TreeParams; result: TreeResult };
  "orchestrator/tree/locate": { params: TreeLocateParams; result: TreeLocateResult };
  "orchestrator/tree/search": { params: TreeSearchParams; result: TreeSearchResult };
  "orchestrator/tree/outlines": { params: TreeOutlinesParams; result: TreeOutlinesResult };
  "orchestrator/lenses": { params: LensesParams; result: LensesResult };
  "orchestrator/split/start": { params: SplitStartParams; result: SplitStartResult };
  "orchestrator/split/accept": { params: SplitAcceptParams; result: SplitAcceptResult };
  "orchestrator/split/edit": { params: SplitEditParams; result: Done };
  "orchestrator/split/discard": { params: SplitDiscardParams; result: Done };
  "orchestrator/run/start": { params: RunStartParams; result: RunStartResult };
  "orchestrator/run/resume": { params: RunResumeParams; result: RunStartResult };
  "orchestrator/playbook/save": { params: PlaybookSaveParams; result: PlaybookSaveResult };
  "orchestrator/run/stop": { params: RunStopParams; result: Done };
  "orchestrator/run/list": { params: RunListParams; result: RunListResult };
  "orchestrator/run/get": { params: RunGetParams; result: RunGetResult };
  "orchestrator/run/estimate": { params: RunPlaceParams; result: RunEstimateResult };
  "orchestrator/run/correct": { params: RunCorrectParams; result: RunCorrectResult };
  "orchestrator/context": { params: ContextParams; result: ContextResult };
  "orchestrator/question/answer": { params: QuestionAnswerParams; result: Done };
  "orchestrator/approval/answer": { params: QuestionAnswerParams; result: Done };
  "orchestrator/approval/list": { params: ApprovalListParams; result: ApprovalListResult };
  "orchestrator/approval/files": { params: ApprovalFilesParams; result: ApprovalFilesResult };
  "orchestrator/chat/open": { params: ChatOpenParams; result: ChatOpenResult };
  "orchestrator/chat/page": { params: ChatPageParams; result: ChatPageResult };
  "orchestrator/chat/find": { params: ChatFindParams; result: ChatFindResult };
  "orchestrator/chat/close": { params: ChatParams; result: Done };
  "orchestrator/chat/send": { params: ChatSendParams; result: ChatSendResult };
  "orchestrator/chat/retry": { params: ChatRetryParams; result: ChatSendResult };
  "orchestrator/chat/cancel": { params: ChatCancelParams; result: ChatCancelResult };
  "orchestrator/chat/list": { params: ChatListParams; result: ChatListResult };
  "orchestrator/chat/rename": { params: ChatRenameParams; result: ChatInfo };
  "orchestrator/chat/model": { params: ChatModelParams; result: ChatInfo };
  "orchestrator/chat/delete": { params: ChatParams; result: Done };
  "orchestrator/chat/fork": { params: ChatForkParams; result: ChatInfo };
  "orchestrator/chat/select": { params: ChatMessageParams; result: ChatInfo };
  "orchestrator/chat/restart": { params: ChatParams; result: ChatSendResult };
  "orchestrator/chat/extract": { params: ChatExtractParams; result: ChatExtractResult };
  "orchestrator/document": { params: DocumentParams; result: DocumentResult };
  "orchestrator/edit/status/set": { params: EditStatusSetParams; result: EditResult };
  "orchestrator/edit/status/cycle": { params: EditParams; result: EditResult };
  "orchestrator/edit/value/set": { params: EditValueSetParams; result: EditResult };
  "orchestrator/edit/promote": { params: EditParams; result: EditResult };
  "orchestrator/edit/demote": { params: EditParams; result: EditResult };
  "orchestrator/edit/move": { params: EditMoveParams; result: EditResult };
  "orchestrator/edit/into": { params: EditIntoParams; result: EditResult };
  "orchestrator/edit/subtask/add": { params: EditAddParams; result: EditResult };
  "orchestrator/edit/sibling/add": { params: EditAddParams; result: EditResult };
  "orchestrator/edit/acceptance/add": { params: EditAcceptanceParams; result: EditResult };
  "orchestrator/edit/sort": { params: EditParams; result: EditResult };
  "orchestrator/edit/sequence": { params: EditParams; result: EditResult };
  "orchestrator/edit/extract": { params: EditParams; result: EditResult };
  "orchestrator/edit/ids/assign": { params: EditParams; result: EditResult };
  "orchestrator/edit/fix": { params: EditFixParams; result: EditResult };
  "orchestrator/edit/fixAll": { params: EditFixAllParams; result: EditResult };
  "orchestrator/export": { params: ExportParams; result: ExportResult };
  "orchestrator/import": { params: ImportParams; result: ImportResult };
  "orchestrator/history/search": { params: HistorySearchParams; result: HistorySearchResult };
  "orchestrator/prompts/list": { params: PromptsListParams; result: PromptsListResult };
  "orchestrator/prompts/show": { params: PromptVersionParams; result: PromptsShowResult };
  "orchestrator/prompts/diff": { params: PromptsDiffParams; result: PromptsDiffResult };
  "orchestrator/prompts/edit": { params: PromptParams; result: PromptsEditResult };
  "orchestrator/prompts/new": { params: PromptsNewParams; result: PromptsEditResult };
  "orchestrator/prompts/use": { params: PromptVersionParams; result: PromptsUsedResult };
  "orchestrator/prompts/rollback": { params: PromptParams; result: PromptsUsedResult };
  "orchestrator/prompts/test": { params: PromptsTestParams; result: PromptsTestResult };
  "orchestrator/prompts/export": { params: PromptsExportParams; result: PromptsExportResult };
  "orchestrator/prompts/import": { params: PromptsImportParams; result: PromptsImportResult };
  "orchestrator/metrics/get": { params: MetricsParams; result: MetricsResult };
  "orchestrator/models/list": { params: ModelsListParams; result: ModelsListResult };
  "orchestrator/trust/get": { params: TrustParams; result: TrustResult };
  "orchestrator/trust/set": { params: TrustSetParams; result: TrustResult };
}

/** Server to client. */
export interface Notifications {
  "orchestrator/treeChanged": TreeChangedParams;
  "orchestrator/split/preview": SplitPreviewParams;
  "orchestrator/run/update": RunUpdateParams;
  "orchestrator/approval/changed": ApprovalChangedParams;
  "orchestrator/chat/update": ChatUpdateParams;
}

/** `workspace/executeCommand`: the request whose params are the one argument. */
export const COMMANDS = {
  "orchestrator.server.split.start": "orchestrator/split/start",
  "orchestrator.server.split.accept": "orchestrator/split/accept",
  "orchestrator.server.split.discard": "orchestrator/split/discard",
  "orchestrator.server.run.start": "orchestrator/run/start",
  "orchestrator.server.run.resume": "orchestrator/run/resume",
  "orchestrator.server.playbook.save": "orchestrator/playbook/save",
  "orchestrator.server.run.stop": "orchestrator/run/stop",
  "orchestrator.server.question.answer": "orchestrator/question/answer",
  "orchestrator.server.chat.open": "orchestrator/chat/open",
  "orchestrator.server.export": "orchestrator/export",
  "orchestrator.server.import": "orchestrator/import",
  "orchestrator.server.edit.status.set": "orchestrator/edit/status/set",
  "orchestrator.server.edit.status.cycle": "orchestrator/edit/status/cycle",
  "orchestrator.server.edit.value.set": "orchestrator/edit/value/set",
  "orchestrator.server.edit.promote": "orchestrator/edit/promote",
  "orchestrator.server.edit.demote": "orchestrator/edit/demote",
  "orchestrator.server.edit.move": "orchestrator/edit/move",
  "orchestrator.server.edit.subtask.add": "orchestrator/edit/subtask/add",
  "orchestrator.server.edit.sibling.add": "orchestrator/edit/sibling/add",
  "orchestrator.server.edit.acceptance.add": "orchestrator/edit/acceptance/add",
  "orchestrator.server.edit.sort": "orchestrator/edit/sort",
  "orchestrator.server.edit.sequence": "orchestrator/edit/sequence",
  "orchestrator.server.edit.extract": "orchestrator/edit/extract",
  "orchestrator.server.edit.ids.assign": "orchestrator/edit/ids/assign",
  "orchestrator.server.edit.fix": "orchestrator/edit/fix",
  "orchestrator.server.edit.fixAll": "orchestrator/edit/fixAll",
} as const;
