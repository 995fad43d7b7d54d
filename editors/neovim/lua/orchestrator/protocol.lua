---@meta
-- Generated from server/orchestrator/lsp/protocol.py by `make generate`. Do not edit.

---Where a split stands, as a person sees it.
---@alias orchestrator.SplitState
---| 'deciding'
---| 'planning'
---| 'ready' # Complete, and waits to be accepted, edited or discarded.
---| 'simple' # Judged EXECUTE: nothing to split. Forcing it plans all the same.
---| 'applied'
---| 'discarded'
---| 'failed'
---| 'cancelled'

---What the client can show.
---@class orchestrator.ClientAbilities
---@field ghosts? boolean It shows `split/preview` as ghosts and answers with `split/accept` or `split/discard`.
---@field tree? boolean It wants `treeChanged` for the documents it asked `tree` about.
---@field inbox? boolean It shows what waits for a person (`approval/changed`), and needs no message about it.
---@field elsewhere? boolean It shows what other programs run, too: it is told of their runs (`run/update`) as of those of this server.
---@field chat? boolean It shows conversations: it handles the command `orchestrator.server.chat.open` itself, with these parameters.

---@class orchestrator.ServerAbilities
---@field protocol? integer
---@field version string Version of the program.

---@class orchestrator.TreeProgress
---@field done integer
---@field total integer

---@class orchestrator.TreeNode
---@field nodeId string Opaque; stable while the server lives and the text moves.
---@field kind 'section'|'task'
---@field title string
---@field status? string|vim.NIL A word of `Status`, null for a section.
---@field taskId? string|vim.NIL The id in the file, without `^`.
---@field childCount? integer
---@field progress? orchestrator.TreeProgress|vim.NIL Of the tasks below it, cancelled ones left out; null where there are none.

---@class orchestrator.TreeParams
---@field uri string
---@field nodeId? string|vim.NIL Whose children; null: the top level.
---@field offset? integer
---@field limit? integer

---@class orchestrator.TreeResult
---@field documentVersion integer|vim.NIL
---@field seq integer Of the state that this answer shows; the next `treeChanged` has the next number.
---@field nodes orchestrator.TreeNode[]
---@field total integer

---One of the two: where is this node, or which node is here.
---@class orchestrator.TreeLocateParams
---@field uri string
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL

---@class orchestrator.TreeLocateResult
---@field documentVersion integer|vim.NIL
---@field nodeId string
---@field path string[] Ids from the top level down to the node itself.
---@field indexes integer[] For each of them its place among its siblings, from 0: the `offset` at which `tree` has it.
---@field range orchestrator.Range All lines of the node, with its children.
---@field selectionRange orchestrator.Range Its title.

---The code lenses of some lines, for a client that draws what is on its screen: `textDocument/codeLens` has all.
---@class orchestrator.LensesParams
---@field uri string
---@field range orchestrator.Range

---@class orchestrator.LensInfo
---@field range orchestrator.Range
---@field title string
---@field command string
---@field arguments table<string, any>[]

---@class orchestrator.LensesResult
---@field documentVersion integer|vim.NIL
---@field lenses orchestrator.LensInfo[]

---Which nodes of an open outline fit: a filter, for the parts of the tree that nobody has loaded too.
---@class orchestrator.TreeSearchParams
---@field uri string
---@field text? string Words that the title has, in any order, or an id. Empty: any.
---@field statuses? ('pending'|'inProgress'|'completed'|'cancelled'|'failed'|'asking')[] Only tasks of these; empty: tasks of any, and sections.
---@field limit? integer Of nodes that fit; what they stand below comes with them.

---@class orchestrator.FoundNode
---@field node orchestrator.TreeNode
---@field parentId string|vim.NIL
---@field fits boolean False: it is here because something below it fits.

---@class orchestrator.TreeSearchResult
---@field documentVersion integer|vim.NIL
---@field nodes orchestrator.FoundNode[] In the order of the document: each behind its parent.
---@field total integer How many fit, here or not.

---Which outlines of the workspace, open or not, have nodes that fit: for a filter over more than a client opens.
---@class orchestrator.TreeOutlinesParams
---@field text? string
---@field statuses? ('pending'|'inProgress'|'completed'|'cancelled'|'failed'|'asking')[]
---@field limit? integer

---@class orchestrator.TreeOutlinesResult
---@field uris string[] In alphabetical order.
---@field total integer How many outlines have nodes that fit, here or not.
---@field complete boolean False: files are still being read, and there may be more.

---@class orchestrator.NodeInserted
---@field op? 'insert'
---@field parentId string|vim.NIL
---@field index integer
---@field node orchestrator.TreeNode

---@class orchestrator.NodeRemoved
---@field op? 'remove'
---@field nodeId string

---@class orchestrator.NodeUpdated
---@field op? 'update'
---@field node orchestrator.TreeNode

---Changes in the order in which they are to be made. Removing a node removes what is below it.
---@class orchestrator.TreeChangedParams
---@field uri string
---@field documentVersion integer|vim.NIL
---@field seq integer One more than the last; a gap means: ask `tree` again.
---@field changes (orchestrator.NodeInserted|orchestrator.NodeRemoved|orchestrator.NodeUpdated)[]

---A subtask that is proposed and not in the file.
---@class orchestrator.GhostTask
---@field title string
---@field description? string
---@field acceptance? string
---@field dependsOn? integer[] Indexes of earlier siblings.
---@field mode? ''|'interactive'|'auto'
---@field executor? string
---@field asks? string What of that is only written when `split/accept` says `fields`: "mode auto, executor code".
---@field ordered? boolean Whether its children run in sequence.
---@field children? orchestrator.GhostTask[]

---Which task: by `nodeId`, or by a position in one of its lines.
---@class orchestrator.SplitStartParams
---@field uri string
---@field version? integer|vim.NIL The version that `position` belongs to; null with `nodeId`.
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL
---@field levels? integer 1: split this task; more: its children too, down to `split.maxDepth`.
---@field force? boolean Plan even if the task is judged simple.
---@field idea? boolean The line at `position` is no task but an idea: it becomes one with subtasks; below a heading they stand alone.
---@field replan? boolean Plan the subtasks anew that the task has: `split/preview` then has `changes`.

---@class orchestrator.SplitStartResult
---@field runId string
---@field nodeId string
---@field documentVersion integer|vim.NIL
---@field range orchestrator.Range All lines of the task: ghosts go below its end, where the subtasks will be.

---What a re-plan makes of one subtask.
---@class orchestrator.PlanChange
---@field op 'edit'|'add'|'obsolete'
---@field id? string Its id in the file; for one without, a name that holds for this plan only. Empty for `add`.
---@field was? string Its title as it stands.
---@field title? string The new title; empty: as it is.
---@field description? string
---@field acceptance? string
---@field reason? string
---@field under? string For `add`: the id of the subtask below which it goes; empty: directly below the task.

---Whether a task needs subtasks.
---@class orchestrator.SplitDecision
---@field verdict 'EXECUTE'|'DECOMPOSE'
---@field reason? string
---@field chance? number|vim.NIL That it needs subtasks, 0 to 1, from what the model says, what its title reads like, and what you did before.
---@field expectedUsd? number|vim.NIL What a plan was expected to cost; null: the price is not known.

---The whole proposal as it stands: small, so that a lost message does no harm.
---@class orchestrator.SplitPreviewParams
---@field runId string
---@field uri string
---@field nodeId string
---@field documentVersion integer|vim.NIL
---@field seq integer From 1, without gaps.
---@field state orchestrator.SplitState
---@field title string Of the task that is split.
---@field children? orchestrator.GhostTask[]
---@field ordered? boolean
---@field decision? orchestrator.SplitDecision|vim.NIL
---@field changes? orchestrator.PlanChange[] Of a re-plan. `split/accept` takes their indexes as paths of one number. New ones are among `children` too.
---@field message? string For a person: the reason of the decision, of a failure, what was left out.
---@field source? string Who answers: "local/smollm2 (basic offline model)", with the playbook that was followed.
---@field usage? orchestrator.UsageReport

---@class orchestrator.SplitAcceptParams
---@field runId string
---@field items? integer[][]|vim.NIL Paths of the ghosts to take ([0], [2, 1]: second child of the third); null: all. A child brings its parents.
---@field fields? boolean Also write the modes and executors that need a person's word: a person saw them (`asks`) and agreed.

---@class orchestrator.SplitAcceptResult
---@field documentVersion integer|vim.NIL
---@field added integer Tasks that were written.

---Replaces the proposal by what the person made of it; nothing is written yet.
---@class orchestrator.SplitEditParams
---@field runId string
---@field children orchestrator.GhostTask[]
---@field ordered? boolean

---Save a task with its subtasks as an example for the planners.
---@class orchestrator.PlaybookSaveParams
---@field uri string
---@field nodeId string
---@field replace? boolean Replace a playbook of the same name.

---@class orchestrator.PlaybookSaveResult
---@field path string The file, in the person's configuration folder.

---@class orchestrator.SplitDiscardParams
---@field runId string

---Which tasks: one by `nodeId`, or by a position in one of its lines; neither: all of the outline.
---@class orchestrator.RunPlaceParams
---@field uri string
---@field version? integer|vim.NIL The version that `position` belongs to; null with `nodeId`.
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL

---@class orchestrator.RunStartParams
---@field uri string
---@field version? integer|vim.NIL The version that `position` belongs to; null with `nodeId`.
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one run; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL Instead of `position`: all tasks that start in it, in one run.
---@field auto? boolean Run interactive tasks by themselves too; else the person is asked about them.
---@field budget? number|vim.NIL US dollars that the run may spend.
---@field calls? integer|vim.NIL Calls that the run may make.
---@field accepted? boolean The person has seen what it may take (`run/estimate`); else they are asked, unless it costs nothing.
---@field restart? boolean Begin anew: a run of the task that is under way is stopped, one that could be resumed is given up, and what is done, failed or asks in the branch is set back to open, in one edit.
---@field needed? boolean Run the tasks outside of the branch too that it waits for (`run/estimate` lists them).

---@class orchestrator.RunStartResult
---@field runId string
---@field documentVersion integer|vim.NIL

---@class orchestrator.RunResumeParams
---@field runId string
---@field giveUp? boolean Do not go on: mark it as failed.

---@class orchestrator.RunStopParams
---@field runId string
---@field taskId? string|vim.NIL Stop only this task and what is below it; null: the whole run. What is done stays.

---@class orchestrator.RunListParams
---@field uri? string|vim.NIL Of this outline only.
---@field version? integer|vim.NIL
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL With one of the two: only the runs whose branches hold that task.
---@field limit? integer

---@class orchestrator.RunInfo
---@field runId string
---@field uri string
---@field title string
---@field taskId string|vim.NIL
---@field state string `running`, `completed`, `paused`, `cancelled` or `failed`.
---@field reason string
---@field started number
---@field ended number|vim.NIL
---@field resumable boolean
---@field here boolean It runs in this server.
---@field done? integer|vim.NIL Of a run that is here: tasks that are done.
---@field total? integer|vim.NIL
---@field costUsd? number|vim.NIL

---@class orchestrator.RunListResult
---@field runs orchestrator.RunInfo[] The newest first.

---@class orchestrator.RunGetParams
---@field runId string

---@class orchestrator.RunTask
---@field taskId string
---@field title string
---@field parentId string|vim.NIL The `taskId` of its parent in the run; of a run that is over, as the outline has it now.
---@field state string|vim.NIL As in `attempts.state` of the store; null: it has not begun, or cannot (`reason`).
---@field reason? string

---@class orchestrator.RunGetResult
---@field run orchestrator.RunInfo
---@field tasks orchestrator.RunTask[]

---Something that a person says to a task under way. It counts from its next call on, and is stored until then.
---@class orchestrator.RunCorrectParams
---@field runId string
---@field taskId string
---@field text string

---@class orchestrator.RunCorrectResult
---@field told string For a person: from when on it counts.

---@class orchestrator.ContextParams
---@field uri string
---@field version? integer|vim.NIL The version that `position` belongs to; null with `nodeId`.
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL
---@field purpose? 'execute'|'plan'|'decide'|'verify'|'aggregate' `verify` judges what doing the task came to last, `aggregate` sums up results of subtasks as they stand there.

---@class orchestrator.ContextPart
---@field name string Of a message who says it: `system`, `user` or `assistant`. Of a part what it is: `Goal`, `Description`, …
---@field text string
---@field tokens integer Estimated.

---What a model would be sent about a task, to the last character. Nothing is sent, and no consent is needed.
---@class orchestrator.ContextResult
---@field documentVersion integer|vim.NIL
---@field model string `provider/model`.
---@field prompt string Its name and version.
---@field messages orchestrator.ContextPart[] Exactly what would be sent, in order.
---@field parts orchestrator.ContextPart[] What of it comes from the outline and its files.
---@field tools string[]
---@field tokens integer Of all of it, descriptions of tools too.
---@field maxTokens integer That the answer may have.
---@field document string All of that as one text, to be shown.

---@class orchestrator.NeededTask
---@field nodeId string
---@field title string

---Ranges: the least and the most that is likely.
---@class orchestrator.RunEstimateResult
---@field tasks integer
---@field calls integer[]
---@field inputTokens integer[]
---@field outputTokens integer[]
---@field costUsd number[]|vim.NIL Null: the price is not known.
---@field model string `provider/model` that most of it would ask.
---@field line string All of it, for a person.
---@field needed? orchestrator.NeededTask[] Open tasks outside of the branch that it waits for; `run/start` with `needed` runs them too.

---Something that waits for a person.
---@class orchestrator.ApprovalInfo
---@field approvalId string
---@field runId string
---@field kind string `question`, `start`, `confirm`, `budget`, or what leave is asked for (`edit`, `command`, …).
---@field title string
---@field taskId string|vim.NIL
---@field task string The title of the task that asks.
---@field uri? string|vim.NIL The outline of the run.
---@field choices string[] The careful one first; empty: any text is an answer.
---@field detail table<string, any> Exactly what is approved: the `argv` of a command, the `diff` and `fingerprint` of an edit; `text` is all of it as a person reads it.
---@field created number
---@field state string `open`, `answered` or `withdrawn`.

---@class orchestrator.ApprovalListParams
---@field runId? string|vim.NIL

---@class orchestrator.ApprovalListResult
---@field approvals orchestrator.ApprovalInfo[] Open ones, the oldest first, of every run in the store.

---@class orchestrator.ApprovalFilesParams
---@field approvalId string

---@class orchestrator.ProposedFile
---@field path string Below the workspace folder, with `/`.
---@field before string|vim.NIL Null: there is no such file.
---@field after string|vim.NIL Null: it would be removed.

---What leave for an edit would write, whole: for the editor's own diff.
---@class orchestrator.ApprovalFilesResult
---@field files orchestrator.ProposedFile[]

---@class orchestrator.QuestionAnswerParams
---@field approvalId string
---@field answer string One of the choices, where there are any.

---@class orchestrator.ApprovalChangedParams
---@field approval orchestrator.ApprovalInfo

---One thing that happened in a run, after it was stored.
---@class orchestrator.RunUpdateParams
---@field runId string
---@field uri string
---@field nodeId string|vim.NIL
---@field seq integer
---@field kind string As in the store's events: "run.started", "attempt.state", "step.ended", "run.ended", …
---@field detail table<string, any>
---@field created number Seconds since 1970, UTC.

---Which tasks: the one with `nodeId`; or those that start in `range`, and if none does the one that holds it.
---@class orchestrator.EditParams
---@field uri string
---@field version? integer|vim.NIL The version that `range` belongs to; another than the newest is refused. Null: the newest is meant.
---@field nodeId? string|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one edit; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL

---@class orchestrator.EditStatusSetParams
---@field uri string
---@field version? integer|vim.NIL The version that `range` belongs to; another than the newest is refused. Null: the newest is meant.
---@field nodeId? string|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one edit; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL
---@field status 'pending'|'inProgress'|'completed'|'cancelled'|'failed'|'asking'
---@field reason? string|vim.NIL Of failed and asking; null: the one that is there stays, or an empty field is written.

---@class orchestrator.EditValueSetParams
---@field uri string
---@field version? integer|vim.NIL The version that `range` belongs to; another than the newest is refused. Null: the newest is meant.
---@field nodeId? string|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one edit; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL
---@field key 'mode'|'executor'|'model'|'priority'|'prompt'|'type'
---@field value? string|vim.NIL Written only where it differs from what is inherited. Null: the field is taken away.

---@class orchestrator.EditMoveParams
---@field uri string
---@field version? integer|vim.NIL The version that `range` belongs to; another than the newest is refused. Null: the newest is meant.
---@field nodeId? string|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one edit; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL
---@field steps integer Places down, or up if negative; fewer where the way ends.

---@class orchestrator.EditIntoParams
---@field uri string
---@field version? integer|vim.NIL The version that `range` belongs to; another than the newest is refused. Null: the newest is meant.
---@field nodeId? string|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one edit; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL
---@field parentId string The `nodeId` of the task or section below which they come last.

---@class orchestrator.EditAddParams
---@field uri string
---@field version? integer|vim.NIL The version that `range` belongs to; another than the newest is refused. Null: the newest is meant.
---@field nodeId? string|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one edit; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL
---@field title? string

---@class orchestrator.EditAcceptanceParams
---@field uri string
---@field version? integer|vim.NIL The version that `range` belongs to; another than the newest is refused. Null: the newest is meant.
---@field nodeId? string|vim.NIL
---@field nodeIds? string[]|vim.NIL Instead of `nodeId`: all of these, in one edit; sections among them are left out.
---@field range? orchestrator.Range|vim.NIL
---@field text? string Empty: a line to be filled in.

---One fix of one problem, as a code action named it.
---@class orchestrator.EditFixParams
---@field uri string
---@field version? integer|vim.NIL
---@field code string Of the problem.
---@field range orchestrator.Range Of the problem.
---@field name string Of the fix, among those of the problem.

---All fixes that change nothing anybody could have meant.
---@class orchestrator.EditFixAllParams
---@field uri string
---@field version? integer|vim.NIL

---@class orchestrator.EditResult
---@field documentVersion integer|vim.NIL
---@field position? orchestrator.Position|vim.NIL Where the check box of the first of the tasks stands now; null: nowhere, or nobody knows.
---@field moved? integer By how many lines that task stands further down than before.

---Nothing to say.
---@class orchestrator.ModelsListParams

---@class orchestrator.RoleModels
---@field role 'decide'|'plan'|'execute'|'verify'|'aggregate'|'chat'
---@field models string[] `provider/model`: the one that is tried first, then those that stand in; none where the settings name none.

---@class orchestrator.AliasModels
---@field name string
---@field models string[]

---As the settings say it. A task's field `model` and a conversation's own choice stand above that.
---@class orchestrator.ModelsListResult
---@field roles orchestrator.RoleModels[]
---@field aliases orchestrator.AliasModels[]

---@class orchestrator.Wire

---@class orchestrator.Position
---@field line integer
---@field character integer

---@class orchestrator.Range
---@field start orchestrator.Position
---@field end orchestrator.Position

---@class orchestrator.UsageReport
---@field inputTokens? integer
---@field outputTokens? integer
---@field costUsd? number|vim.NIL Null: the price is not known.

---An empty answer.
---@class orchestrator.Done

---A file or a selection. Files of the workspace only, and none that may hold keys.
---@class orchestrator.ChatAttachment
---@field path? string|vim.NIL Relative to the workspace, or absolute and inside it.
---@field uri? string|vim.NIL In place of `path`. What stands in an open document is sent, saved or not.
---@field range? orchestrator.Range|vim.NIL Of the document at `uri`: only these lines.

---What was attached to a message, as it was then.
---@class orchestrator.ChatAttached
---@field name string The path relative to the workspace; of a selection with its lines, `a.py:3-9`.
---@field text string

---@class orchestrator.ChatToolUse
---@field callId string
---@field tool string
---@field arguments string JSON, as the model wrote it.
---@field result string
---@field failed boolean

---A call to a model, and what it took.
---@class orchestrator.ChatCall
---@field model string `provider/model`.
---@field usage orchestrator.UsageReport

---@class orchestrator.ChatMessage
---@field messageId string
---@field parentId string|vim.NIL The message that it follows; null for the first, and in the conversation of a run.
---@field speaker 'system'|'user'|'assistant' `user` is the person; in the conversation of a run, the engine.
---@field text string Markdown. Control and bidirectional characters are spelled out: `<U+202E>`.
---@field thoughts? string What the model thought aloud for this answer, to be folded; of an open message as far as it got.
---@field created number
---@field ending string `open` while it is written, else `end`, `maxTokens`, `refusal`, `cancelled`, `error`, or `interrupted` by the end of the program.
---@field reason? string Of an error: what happened and what to do.
---@field attached? orchestrator.ChatAttached[]
---@field tools? orchestrator.ChatToolUse[]
---@field variants? string[] Where several messages stand in one place (edited, answered anew, forked): their ids, the oldest first, this one among them. `chat/select` shows another one.
---@field used? orchestrator.ChatCall|vim.NIL Of an answer: the call that ended it. Null while it is written (`usage` tells it then), and of copies.

---How large the next request would be, about.
---@class orchestrator.ChatSize
---@field tokens integer
---@field window integer|vim.NIL What the model can read at once; null: nobody knows.
---@field fit 'good'|'long'|'full' `long`: it fits, and answers get worse. `full`: the next answer would not fit.
---@field advice string For a person; empty when all is well. `chat/restart` is what it offers.

---What the answers of a conversation took so far, those on other branches too.
---@class orchestrator.ChatBill
---@field calls integer
---@field tokens integer Read and written.
---@field costUsd number|vim.NIL Null: the price is not known.

---@class orchestrator.ChatInfo
---@field conversationId string
---@field uri string
---@field taskId string|vim.NIL The task's id in the file; null before the first message of a task that has none.
---@field nodeId? string|vim.NIL Of the task, where its document is open.
---@field title string The task's title, or the one that a person gave.
---@field kind 'chat'|'attempt' `attempt`: the engine talks with the model in a run or a split. A message to it is a correction for its next step; after its end it begins a new conversation.
---@field live boolean Something is being written into it, by this program or another one.
---@field model string `provider/model` or alias that a person chose for it; empty: as the task and the settings say.
---@field messages integer On the branch that is shown.
---@field preview? string The beginning of its last message, in one line.
---@field started number
---@field updated number
---@field forkedFrom? string|vim.NIL The conversation that it began as a fork or a merged brief of.
---@field size? orchestrator.ChatSize|vim.NIL Null in lists.
---@field bill? orchestrator.ChatBill|vim.NIL Null in lists.

---A conversation by its id; or that of a task, named by `nodeId` or a position in one of its lines: that of a run under way, else the newest, else a new one. A new one is stored with its first message.
---@class orchestrator.ChatOpenParams
---@field conversationId? string|vim.NIL
---@field uri? string|vim.NIL
---@field version? integer|vim.NIL The version that `position` belongs to; null with `nodeId`.
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL
---@field new? boolean A new conversation of the task, whatever there is.
---@field limit? integer Messages of the first page, the last ones.

---@class orchestrator.ChatOpenResult
---@field conversation orchestrator.ChatInfo
---@field messages orchestrator.ChatMessage[] Oldest first. The last one may be open: what it has so far, and updates go on from there.
---@field earlier integer How many stand before these: ask `chat/page`.
---@field seq integer Of the state that this answer shows; the next `chat/update` has the next number, a gap means: open it again.

---@class orchestrator.ChatPageParams
---@field conversationId string
---@field before string A message: those before it.
---@field limit? integer

---@class orchestrator.ChatPageResult
---@field messages orchestrator.ChatMessage[] Oldest first.
---@field earlier integer

---Search all of a conversation, loaded or not: the branch that is shown.
---@class orchestrator.ChatFindParams
---@field conversationId string
---@field text string As it stands in a message; upper and lower case are the same.

---@class orchestrator.ChatFindResult
---@field messages string[] Those that hold it, oldest first; of very many the last 1,000.

---@class orchestrator.ChatParams
---@field conversationId string

---@class orchestrator.ChatMessageParams
---@field conversationId string
---@field messageId string

---@class orchestrator.ChatSendParams
---@field conversationId string
---@field text string
---@field attachments? orchestrator.ChatAttachment[]
---@field replaces? string|vim.NIL A message of the person that is said anew: on a branch of its own, beside the old one.
---@field model? string For this answer only.

---As soon as what was said is stored.
---@class orchestrator.ChatSendResult
---@field conversationId string Another one than was asked for where a message begins a new conversation: open that.
---@field messageId string|vim.NIL The answer's; null for a correction.
---@field saidId string|vim.NIL What the person said.
---@field correction? boolean It was told to the run, for its next step.

---Have a message answered anew, beside the answer that there is.
---@class orchestrator.ChatRetryParams
---@field conversationId string
---@field messageId? string|vim.NIL An answer, or what is to be answered; null: the last one.
---@field model? string

---@class orchestrator.ChatCancelParams
---@field conversationId string
---@field messageId? string|vim.NIL Only if this is what is being written; null: whatever is.

---@class orchestrator.ChatCancelResult
---@field cancelled boolean False: nothing is being written (any more). What was written stays.

---Of a task, named as in `chat/open`; of an outline's workspace; or of all.
---@class orchestrator.ChatListParams
---@field uri? string|vim.NIL
---@field version? integer|vim.NIL
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL
---@field limit? integer

---@class orchestrator.ChatListResult
---@field conversations orchestrator.ChatInfo[] The one that was written to last first.

---@class orchestrator.ChatRenameParams
---@field conversationId string
---@field title string

---@class orchestrator.ChatModelParams
---@field conversationId string
---@field model string `provider/model` or alias for the next answers; empty: as the task and the settings say.

---@class orchestrator.ChatForkParams
---@field conversationId string
---@field messageId? string|vim.NIL Go on from here: what followed stays as a branch. Of a run that ended: begin a new conversation with this one; null: with what the run came to.

---Write a message into the outline, as one edit of the open document.
---@class orchestrator.ChatExtractParams
---@field conversationId string
---@field messageId? string|vim.NIL Null: the last answer.
---@field text? string|vim.NIL Only this part of it, as a person selected it.
---@field to 'subtasks'|'description'|'result' `subtasks`: the list in it. `description`: added to what there is. `result`: its first paragraph.

---@class orchestrator.ChatExtractResult
---@field documentVersion integer|vim.NIL
---@field changed boolean False: the task says it already.

---A message came. One that is open is empty, and grows by `text`.
---@class orchestrator.ChatSaid
---@field kind? 'message'
---@field message orchestrator.ChatMessage

---Append this to the message; it is never sent again.
---@class orchestrator.ChatText
---@field kind? 'text'
---@field text string

---What the model thinks aloud; no part of the message.
---@class orchestrator.ChatThought
---@field kind? 'thought'
---@field text string

---@class orchestrator.ChatToolCall
---@field kind? 'toolCall'
---@field callId string
---@field tool string
---@field arguments string

---@class orchestrator.ChatToolResult
---@field kind? 'toolResult'
---@field callId string
---@field text string
---@field failed boolean

---One line about what goes on: who answers, why a call waits.
---@class orchestrator.ChatNote
---@field kind? 'note'
---@field text string

---@class orchestrator.ChatUsage
---@field kind? 'usage'
---@field model string
---@field usage orchestrator.UsageReport

---The message is stored as it stands.
---@class orchestrator.ChatEnd
---@field kind? 'end'
---@field stopReason 'end'|'maxTokens'|'refusal'|'cancelled'|'error'|'interrupted'
---@field reason? string

---Another branch is shown, or it has another title or model: open it again.
---@class orchestrator.ChatTurned
---@field kind? 'changed'

---@class orchestrator.ChatDeleted
---@field kind? 'deleted'

---What happened in a conversation that is open. A piece that follows silence is sent at once, later ones are gathered for 30 ms.
---@class orchestrator.ChatUpdateParams
---@field conversationId string
---@field messageId string Empty for what is about the conversation.
---@field seq integer One more than the last of this conversation.
---@field update orchestrator.ChatSaid|orchestrator.ChatText|orchestrator.ChatThought|orchestrator.ChatToolCall|orchestrator.ChatToolResult|orchestrator.ChatNote|orchestrator.ChatUsage|orchestrator.ChatEnd|orchestrator.ChatTurned|orchestrator.ChatDeleted

---A virtual document, by its URI; `docs/reference/virtual-documents.md` lists them.
---@class orchestrator.DocumentParams
---@field uri string

---@class orchestrator.DocumentResult
---@field text string Markdown.

---An outline in another form: `json` itself, `markdown` its conversations, `csv` its calls, `metrics` its days.
---@class orchestrator.ExportParams
---@field uri string The open text counts, else the file.
---@field format? string One of those, or a plug-in's.
---@field to? string|vim.NIL A new file to be written; null: the text is in the answer. As a command, null means a file beside the outline.
---@field replace? boolean Write over the file.

---@class orchestrator.ExportResult
---@field text string|vim.NIL Null where a file was written.
---@field suffix string Of a file that holds it, with the dot.
---@field removed integer Keys that were taken out of it.

---Another program's tasks, or an exported outline, as a new outline.
---@class orchestrator.ImportParams
---@field source string
---@field to string A new file.
---@field format? string|vim.NIL `json`, `task-master`, `spec-kit`, `kiro`, `markdown` or a plug-in's; null: it is recognised.
---@field replace? boolean Write over the file, unless it is open.

---@class orchestrator.ImportResult
---@field uri string
---@field tasks integer
---@field format string
---@field what string What it was, for a person.
---@field notes string[] What was left out, and why.

---Search conversations, results and splits.
---@class orchestrator.HistorySearchParams
---@field query string Words, all of which must be there; `"a phrase"`; `-word` leaves out. Nothing else is syntax.
---@field by? 'words'|'meaning' `meaning`: what means something like it, of what was read so far; the rest is read in the background then.
---@field uri? string|vim.NIL Only what was about this outline.
---@field since? number|vim.NIL Seconds since 1970, UTC.
---@field until? number|vim.NIL
---@field model? string Only of this `provider/model`, model or provider.
---@field limit? integer

---@class orchestrator.HistoryMatch
---@field start integer
---@field end integer

---@class orchestrator.HistoryHit
---@field kind 'message'|'result'|'split'
---@field title string Of the task, or as a person named the conversation.
---@field taskId string|vim.NIL
---@field uri string Of the outline: where the task stands now, else where it stood.
---@field line integer|vim.NIL Of the task, in the open text where there is one; null: the task is gone.
---@field created number Seconds since 1970, UTC.
---@field model string `provider/model`, empty where it is not known.
---@field excerpt string One line, safe to show.
---@field matches orchestrator.HistoryMatch[] Where the words stand in the excerpt, in characters.
---@field nearness number|vim.NIL By meaning: 1 is the same.
---@field conversationId string|vim.NIL
---@field runId string|vim.NIL
---@field messageId string|vim.NIL

---@class orchestrator.HistorySearchResult
---@field hits orchestrator.HistoryHit[] The best first; where very many fit by words, the newest.
---@field read integer|vim.NIL By meaning: how many texts were read.
---@field total integer|vim.NIL Of how many.

---@class orchestrator.PromptsListParams
---@field uri? string|vim.NIL Of a document in a workspace, whose own prompts then count too.

---@class orchestrator.PromptEntry
---@field name string
---@field role string
---@field version string The one in use.
---@field origin string `built-in`, `edited`, `imported` or `workspace`.
---@field versions integer How many there are in the store.
---@field uri string|vim.NIL The person's file, null if there is none.
---@field problems string[] What is wrong with that file: it is not used then.
---@field outdated boolean The built-in one that it was made from has changed since.

---@class orchestrator.PromptsListResult
---@field prompts orchestrator.PromptEntry[]
---@field notes string[] What was found and is not used, and why.

---@class orchestrator.PromptParams
---@field name string

---@class orchestrator.PromptVersionParams
---@field name string
---@field version? string

---@class orchestrator.PromptVersionEntry
---@field version string
---@field parent string|vim.NIL
---@field origin string
---@field created number Seconds since 1970, UTC.

---@class orchestrator.PromptsShowResult
---@field name string
---@field version string
---@field text string
---@field inUse boolean
---@field versions orchestrator.PromptVersionEntry[] Those in the store, the oldest first.

---@class orchestrator.PromptsDiffParams
---@field name string
---@field old? string Empty: the parent.
---@field new? string

---@class orchestrator.PromptsDiffResult
---@field diff string Unified; empty where there is no difference.

---@class orchestrator.PromptsNewParams
---@field name string
---@field base? string The prompt that it is a copy of.

---@class orchestrator.PromptsEditResult
---@field uri string The file to open; saving a sound text makes a version and puts it in use.

---@class orchestrator.PromptsUsedResult
---@field name string
---@field version string
---@field origin string

---Try a prompt on a task: by `nodeId`, or by a position in one of its lines. No file is touched.
---@class orchestrator.PromptsTestParams
---@field name string
---@field version? string
---@field uri string
---@field nodeId? string|vim.NIL
---@field position? orchestrator.Position|vim.NIL
---@field answer? boolean Also ask the model of the prompt's role, which may cost money.

---@class orchestrator.PromptsTestResult
---@field system string
---@field user string
---@field tokens integer An estimate.
---@field answer? string|vim.NIL
---@field model? string|vim.NIL
---@field seconds? number|vim.NIL
---@field costUsd? number|vim.NIL

---@class orchestrator.PromptsExportParams
---@field names? string[] Empty: all of the person's own.

---@class orchestrator.PromptsExportResult
---@field text string JSON, as `orchestrator prompts export` prints it.

---@class orchestrator.PromptsImportParams
---@field text string An export, or one prompt file.

---@class orchestrator.PromptsImportResult
---@field imported orchestrator.PromptsUsedResult[]
---@field fresh integer How many of them were not there before.

---@class orchestrator.MetricsParams
---@field by? ('all'|'day'|'model'|'executor'|'outline'|'prompt'|'role')[] A table for each.
---@field since? number|vim.NIL Seconds since 1970, UTC: work that began then or later.
---@field until? number|vim.NIL
---@field uri? string|vim.NIL Only of this outline.
---@field prompt? string|vim.NIL Only calls with the prompt of this name.

---Rates are null where there is nothing to compute them of.
---@class orchestrator.MetricsRow
---@field name string The day, model, …; empty for everything.
---@field calls integer
---@field completedCalls integer
---@field failedCalls integer
---@field cancelledCalls integer
---@field repairs integer
---@field inputTokens integer
---@field outputTokens integer
---@field cachedTokens integer
---@field costUsd number
---@field unpricedCalls integer
---@field latencyP50 number|vim.NIL
---@field latencyP95 number|vim.NIL
---@field tasks integer
---@field completedTasks integer
---@field failedTasks integer
---@field cancelledTasks integer
---@field conversations integer
---@field conversationMean number|vim.NIL
---@field conversationLongest integer
---@field splitsApplied integer
---@field splitsDiscarded integer
---@field subtasksApplied integer
---@field subtasksKept integer
---@field editsApproved integer
---@field editsRefused integer
---@field completion number|vim.NIL
---@field failure number|vim.NIL
---@field cancellation number|vim.NIL
---@field acceptance number|vim.NIL
---@field editedAfter number|vim.NIL
---@field editAcceptance number|vim.NIL
---@field repairRate number|vim.NIL

---@class orchestrator.MetricsTable
---@field by string
---@field rows orchestrator.MetricsRow[]

---@class orchestrator.MetricsResult
---@field tables orchestrator.MetricsTable[]

---@class orchestrator.TrustParams
---@field uri string Of a document, or of a folder: its workspace is meant.

---@class orchestrator.SuggestedEntry
---@field path string Below the workspace folder, with `/`: `.orchestrator.toml` or a prompt.
---@field text string To be read before it is allowed; what cannot be seen is spelled out.
---@field sha256 string Of exactly this content; empty where it cannot be used.
---@field allowed boolean
---@field problem string Why it cannot be used; mostly empty.

---@class orchestrator.ConsentEntry
---@field provider string
---@field host string

---What the person said about the workspace, and what it suggests.
---@class orchestrator.TrustResult
---@field folder string
---@field trusted boolean
---@field editor boolean False: the editor does not trust the workspace, so nothing runs in it, whatever `trusted` says.
---@field files orchestrator.SuggestedEntry[]
---@field consents orchestrator.ConsentEntry[] To whom its text may be sent.

---A person's word, asked for by the window after it showed `folder` and every file of `trust/get`.
---@class orchestrator.TrustSetParams
---@field uri string
---@field trusted boolean False: forget all about the folder, consents too.
---@field files? table<string, any> The `sha256` of each file that was shown, by its `path`: only that content counts.
