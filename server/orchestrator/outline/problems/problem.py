"""The words of the checkers: a problem, its code, how bad it is, and the places that belong to it.

Apart from the checkers because everybody who shows problems needs only this.

Invariant: every code has its section in docs/reference/problems.md (test_every_code_is_described).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.safe_text import one_line
from orchestrator.outline.segments import Segment
from orchestrator.outline.tree import Node

MAX_RELATED = 10
"""Other places that one problem names, so that 10,000 equal ids are not 100,000,000 places."""
_TITLE = 60


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return tuple(Severity).index(self)


class Tag(StrEnum):
    UNNECESSARY = "unnecessary"
    """The text has no effect; editors show it faded."""


class Code(StrEnum):
    """Stable: users silence and search for them."""

    UNREADABLE_FRONT_MATTER = "unreadable-front-matter"
    LATER_FORMAT = "later-format"
    MERGE_CONFLICT = "merge-conflict"
    TOO_DEEP = "too-deep"
    UNKNOWN_STATUS = "unknown-status"
    MISSING_REASON = "missing-reason"
    COMPLETED_WITH_OPEN_SUBTASKS = "completed-with-open-subtasks"
    OPEN_WITH_COMPLETED_SUBTASKS = "open-with-completed-subtasks"
    BAD_FIELD_VALUE = "bad-field-value"
    DUPLICATE_ID = "duplicate-id"
    MISPLACED_ID = "misplaced-id"
    MISSING_DEPENDENCY = "missing-dependency"
    DEPENDENCY_IN_BRANCH = "dependency-in-branch"
    DEPENDENCY_CYCLE = "dependency-cycle"
    SHARED_FILE = "shared-file"
    MISSING_ACCEPTANCE = "missing-acceptance"
    STALE_SPLIT = "stale-split"
    UNKNOWN_PROMPT = "unknown-prompt"


@dataclass(frozen=True, slots=True)
class Related:
    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    code: Code
    severity: Severity
    start: int
    end: int
    message: str
    """What is wrong, then what to do."""
    related: tuple[Related, ...] = ()
    tags: tuple[Tag, ...] = ()
    choices: tuple[str, ...] = ()
    """What could stand there instead, where only whoever looked knows; the nearest first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: characters from the start of a segment, so that it moves with that."""

    segment: Segment
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Also:
    """A place that belongs to a problem."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """A problem whose places move with the segments that they stand in."""

    code: Code
    severity: Severity
    place: Place
    message: str
    related: tuple[Also, ...] = ()
    tags: tuple[Tag, ...] = ()
    choices: tuple[str, ...] = ()


def place_in(node: Node, span: tuple[int, int]) -> Place:
    """`span`: offsets in the text, in the node's own lines."""
    return Place(node.segment, span[0] - node.offset, span[1] - node.offset)


def named(node: Node) -> str:
    """A task or heading as messages say it."""
    return named_title(node.title)


def named_title(title: str) -> str:
    return f"“{one_line(title, _TITLE)}”" if title else "a task without a title"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def numbered(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
