"""A task's status, and the tasks that a model proposes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What the check box of a task says. The values are the words of the protocol and the store."""

    PENDING = "pending"
    IN_PROGRESS = "inProgress"
    """`[/]`: read, and set by a person; the engine never writes it."""
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    ASKING = "asking"
    """`[?]`: waits for a person's answer, also when no editor is open."""
    OTHER = "other"
    """A mark that is not ours: shown as a hint, never run, never changed."""

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do: completed or cancelled."""
        return self in {Status.COMPLETED, Status.CANCELLED}


MARKS: dict[str, Status] = {
    " ": Status.PENDING,
    "/": Status.IN_PROGRESS,
    "x": Status.COMPLETED,
    "X": Status.COMPLETED,
    "-": Status.CANCELLED,
    "!": Status.FAILED,
    "?": Status.ASKING,
}
"""The character between the brackets, and what it means."""
SETTLED = frozenset(mark for mark, status in MARKS.items() if status.settled)
"""Marks of tasks at which nothing is left to do."""


DEFAULT_MODE = "interactive"
MODES = (DEFAULT_MODE, "auto")
"""Whether a task waits for a person or runs by itself."""
DEFAULT_EXECUTOR = "answer"
"""It writes text and touches nothing."""
EXECUTORS = (DEFAULT_EXECUTOR, "code", "research", "review")
"""What a model may propose to do a task with."""


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A subtask that a model proposed and that is not in the file yet."""

    title: str
    """One line of text, not Markdown source: the writer escapes it."""
    description: str = ""
    """Markdown, any number of lines; empty when the model gave none."""
    acceptance: str = ""
    """How to see that it is done, without the word `Accept:`; empty when the model gave none."""
    depends_on: tuple[int, ...] = ()
    """Indexes (from 0) of siblings in the same plan, each smaller than its own."""
    plan: Plan | None = None
    """Its own subtasks, after a recursive split."""
    mode: str = ""
    """One of MODES, or empty where nothing was said."""
    executor: str = ""
    """One of EXECUTORS, or empty."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The subtasks of one task."""

    tasks: tuple[PlannedTask, ...]
    ordered: bool = False
    """Whether they must run in sequence: an ordered list in the file."""
    source: str = ""
    """What a person should know about where it came from, for example the playbook that was followed; often empty."""


class Verdict(StrEnum):
    """Whether a task is simple enough to be done at once."""

    EXECUTE = "EXECUTE"
    DECOMPOSE = "DECOMPOSE"


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    reason: str
    """One sentence for a person."""
    confidence: float | None = None
    """The chance (0 to 1) that the verdict is right; None where the model was not asked for one."""
    chance: float | None = None
    """The chance that the task needs subtasks."""
