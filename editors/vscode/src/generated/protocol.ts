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

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

/** What the client can show. */
export interface ClientAbilities {
  /** It shows `split/preview` as ghosts and answers with `split/accept` or `split/discard`. */
  ghosts?: boolean;
  /** It wants `treeChanged` for the documents it asked `tree` about. */
  tree?: boolean;
  /** It shows what waits for a person (`approval/changed`), and needs no message about it. */
  inbox?: boolean;
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

export interface UsageReport {
  inputTokens?: number;
  outputTokens?: number;
  /** Null: the price is not known. */
  costUsd?: number | null;
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

/** An empty answer. */
export interface Done {
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
  /** The `taskId` of its parent in the run; null also where the run is over. */
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
  range?: Range | null;
}

export interface EditStatusSetParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
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
  range?: Range | null;
  /** Places down, or up if negative; fewer where the way ends. */
  steps: number;
}

export interface EditIntoParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  range?: Range | null;
  /** The `nodeId` of the task or section that it becomes the last of. */
  parentId: string;
}

export interface EditAddParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
  range?: Range | null;
  title?: string;
}

export interface EditAcceptanceParams {
  uri: string;
  /** The version that `range` belongs to; another than the newest is refused. Null: the newest is meant. */
  version?: number | null;
  nodeId?: string | null;
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

/** An outline in another form: `json` is the outline, `markdown` its conversations, `csv` its calls. */
export interface ExportParams {
  /** The open text counts, else the file. */
  uri: string;
  /** One of those, or a plug-in's. */
  format?: string;
  /** A new file to be written; null: the text is in the answer. */
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
  conversationId: string | null;
  runId: string | null;
  messageId: string | null;
}

export interface HistorySearchResult {
  /** The best first; where very many fit, the newest. */
  hits: HistoryHit[];
}

/** Client to server. */
export interface Requests {
  "orchestrator/tree": { params: TreeParams; result: TreeResult };
  "orchestrator/tree/locate": { params: TreeLocateParams; result: TreeLocateResult };
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
  "orchestrator/question/answer": { params: QuestionAnswerParams; result: Done };
  "orchestrator/approval/answer": { params: QuestionAnswerParams; result: Done };
  "orchestrator/approval/list": { params: ApprovalListParams; result: ApprovalListResult };
  "orchestrator/approval/files": { params: ApprovalFilesParams; result: ApprovalFilesResult };
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
}

/** Server to client. */
export interface Notifications {
  "orchestrator/treeChanged": TreeChangedParams;
  "orchestrator/split/preview": SplitPreviewParams;
  "orchestrator/run/update": RunUpdateParams;
  "orchestrator/approval/changed": ApprovalChangedParams;
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
