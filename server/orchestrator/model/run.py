"""Records of what happened: a run has attempts, an attempt has steps and is one conversation.

These are the rows of the store and the words of `run/update`. Times are UTC, in seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.model.message import Role, Speaker
from orchestrator.model.record import record
from orchestrator.model.usage import Cost, Usage


class RunKind(StrEnum):
    SPLIT = "split"
    REPLAN = "replan"
    """Changing the subtasks of a task that was split."""
    BRANCH = "branch"
    """Doing a task and all that stands below it."""
    TRIAL = "trial"
    """Trying a prompt on a task."""
    CHAT = "chat"
    """A conversation with a person. It is running while an answer is written, and stands as its last answer ended."""


class RunState(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    """It did what was asked; for a split: the edit was applied, or there was nothing to split."""
    DISCARDED = "discarded"
    """A person saw the result and did not want it."""
    PAUSED = "paused"
    """It stopped before its end for a reason that a person can lift: a question, a budget, a program that ended."""
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self is not RunState.RUNNING

    @property
    def resumable(self) -> bool:
        """Whether `resume` can go on with it: only of a branch."""
        return self in {RunState.PAUSED, RunState.CANCELLED}


class AttemptState(StrEnum):
    """Where one task of a run stands; `engine/machine.py` says which may follow which."""

    PENDING = "pending"
    DECIDING = "deciding"
    PLANNING = "planning"
    SIMPLE = "simple"
    """Decided EXECUTE: it needs no subtasks. Final for a split."""
    EXPANDED = "expanded"
    """It has subtasks. Final for a split; in a run it waits for them."""
    EXECUTING = "executing"
    AGGREGATING = "aggregating"
    """Its own result is made from those of its subtasks."""
    VERIFYING = "verifying"
    """Its result is held against its acceptance."""
    WAITING = "waiting"
    """A person has to answer first."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SplitState(StrEnum):
    """Where a split stands, as a person sees it."""

    DECIDING = "deciding"
    PLANNING = "planning"
    READY = "ready"
    """Complete, and waits to be accepted, edited or discarded."""
    SIMPLE = "simple"
    """Judged EXECUTE: nothing to split. Forcing it plans all the same."""
    APPLIED = "applied"
    DISCARDED = "discarded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in {SplitState.DECIDING, SplitState.PLANNING, SplitState.READY}


@dataclass(frozen=True, slots=True)
class Run:
    run_id: str
    kind: RunKind
    workspace: str
    """Real path of the workspace folder."""
    uri: str
    """The outline."""
    task_id: str | None
    """The id in the file, None as long as the task has none."""
    task_title: str
    started: float
    state: RunState = RunState.RUNNING
    reason: str = ""
    """Why it ended as it did: "user", an error's message, …"""
    ended: float | None = None
    request: dict[str, Any] = field(default_factory=dict[str, Any])
    """JSON: what was asked for, so that it can be resumed; empty for a split."""


@record
class Attempt:
    attempt_id: str
    run_id: str
    conversation_id: str
    """One attempt is one conversation."""
    task_id: str | None
    task_title: str
    started: float
    state: AttemptState = AttemptState.PENDING
    reason: str = ""
    ended: float | None = None
    brief: str = ""
    """JSON: what the task said when the attempt began; the attempt finishes on that. Empty for a split."""
    result: str = ""
    """The short paragraph for the outline."""
    answer: str = ""
    """All of it."""
    executor: str = ""
    """What does the task; empty for a split, and where its subtasks do it."""


class ConversationKind(StrEnum):
    ATTEMPT = "attempt"
    """Of an attempt of a split or a branch: the engine talks with the model."""
    CHAT = "chat"
    """A person talks with the model."""


@record
class Conversation:
    conversation_id: str
    workspace: str
    uri: str
    task_id: str | None
    title: str
    started: float
    kind: ConversationKind = ConversationKind.ATTEMPT
    head_id: str | None = None
    """The last message of the branch that is shown. None without messages, and for an attempt."""
    named: bool = False
    """Whether a person gave it its title; else it has that of its task."""
    updated: float = 0.0
    """When it was last written to."""
    model: str = ""
    """The model or alias that a person chose for it; empty: as the settings say."""
    forked_from: str | None = None
    """The conversation that it began as a fork or a merged brief of."""
    merged: str = ""
    """What an older conversation came to, where it began with that."""


class Ending(StrEnum):
    """How a message ended."""

    OPEN = "open"
    """It is being written."""
    END = "end"
    MAX_TOKENS = "maxTokens"
    REFUSAL = "refusal"
    CANCELLED = "cancelled"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    """The program ended while it was written."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or a selection that a person attached, as it was then."""

    name: str
    """The path relative to the workspace; behind a selection its lines, `a.py:3-9`."""
    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that a model used in an answer."""

    call_id: str
    tool: str
    arguments: str
    """JSON, as the model wrote it."""
    result: str = ""
    failed: bool = False


@record
class StoredMessage:
    message_id: str
    conversation_id: str
    speaker: Speaker
    text: str
    created: float
    step_id: str | None = None
    """The step that sent or received it."""
    parent_id: str | None = None
    """The message that it follows; None for the first, and in the conversation of an attempt."""
    ending: Ending = Ending.END
    reason: str = ""
    """Why it ended in an error, for a person."""
    depth: int = 0
    """How many messages stand before it on its branch."""
    tokens: int = 0
    """Of its branch up to and with it, estimated."""
    attached: tuple[Attachment, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    copied_from: str | None = None
    """The message of another conversation that it repeats, where this one was forked from that."""
    thoughts: str = ""
    """What the model thought aloud for it; no request repeats it."""


@record
class Step:
    """One call to a model, from the request to the stored answer."""

    step_id: str
    attempt_id: str
    role: Role
    provider: str
    """"local", "anthropic", …; "classifier" where no model was called."""
    model: str
    prompt: str
    """Name of the prompt, for example "plan"."""
    prompt_version: str
    """The first 12 hex digits of the SHA-256 of the prompt's text."""
    started: float
    """When it was sent; of one that still waits for its place, when it was stored."""
    state: StepState = StepState.RUNNING
    raw_answer: str = ""
    """The answer as it came, before parsing."""
    usage: Usage = field(default_factory=Usage)
    cost: Cost = None
    error: str = ""
    repair: bool = False
    """True for the turn that asked the model to mend its answer."""
    ended: float | None = None
    request_hash: str = ""
    """SHA-256 of the complete request; empty where a call is never answered from the journal."""
    finish: str = ""
    """JSON: how the answer ended, with the tool calls in it, so that it can be given again."""


class ApprovalState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    """Its task was stopped, or the question was settled in another way."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Something that waits for a person, in the one inbox: a question of a task, or leave to do something."""

    approval_id: str
    run_id: str
    attempt_id: str
    kind: str
    """"question", "confirm" (its task changed meanwhile), or what leave is asked for: "edit", "command", …"""
    title: str
    """One line: the question itself, or what would be done."""
    detail: dict[str, Any]
    """JSON: "choices" of a question; exactly what is approved of anything else."""
    created: float
    state: ApprovalState = ApprovalState.OPEN
    answer: str = ""
    answered: float | None = None


class OutboxState(StrEnum):
    WAITING = "waiting"
    WRITTEN = "written"
    REFUSED = "refused"
    """The task changed or is gone; `reason` says what."""


@record
class OutboxEntry:
    """What is still to be written into an outline, by whoever has it open."""

    entry_id: str
    run_id: str
    attempt_id: str | None
    uri: str
    task_id: str
    change: dict[str, Any]
    """JSON: mark, reason, result, and the hash of the task's text that they are for."""
    created: float
    state: OutboxState = OutboxState.WAITING
    reason: str = ""
    closed: float | None = None


class SplitOutcome(StrEnum):
    """What a person made of a split: what the next ones are learned from."""

    APPLIED = "applied"
    DISCARDED = "discarded"
    UNDONE = "undone"
    """Applied, and taken back afterwards."""
    SIMPLE = "simple"
    """Judged EXECUTE, and left at that."""
    WRITING = "writing"
    """Accepted, and about to be written: stays only where the program ended before it could say whether it was."""


@dataclass(frozen=True, slots=True)
class SplitRecord:
    """How a split came out."""

    split_id: str
    """That of the run, or of the attempt within a run that split its task."""
    run_id: str
    workspace: str
    uri: str
    task_id: str | None
    title: str
    description: str
    text_hash: str
    """Of the task's own words at the time."""
    verdict: str
    """What the model judged, EXECUTE or DECOMPOSE; empty where a person decided that there is a split."""
    outcome: SplitOutcome
    plan: dict[str, Any]
    """What was written or discarded, as events hold it."""
    ended: float

    @property
    def by_run(self) -> bool:
        """Written by a run: no person has said anything about it."""
        return self.split_id != self.run_id


STATE_TOLD = frozenset(("attempt.started", "attempt.state"))
"""Kinds of events that tell where a task of a run stands now: a task begins in one state and reaches others."""


@record
class Event:
    """Something that happened in a run, in the order of `seq` (from 1 in each run)."""

    run_id: str
    seq: int
    kind: str
    """"run.started", "attempt.state", "split.proposed", "split.applied", "split.discarded", "run.ended", …"""
    detail: dict[str, Any]
    """JSON."""
    created: float
