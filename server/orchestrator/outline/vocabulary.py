"""What the words of the format mean, for a person: fields, their values, statuses, settings of the front matter.

Apart from `fields`, which checks values, because hovering and completing explain them.
`docs/reference/outline-format.md` says the same at more length.

Invariant: every field that `fields` checks is explained, and every value that is offered is allowed
(test_every_field_is_explained, test_offered_values_are_allowed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from orchestrator.model.task import Status
from orchestrator.outline.fields import MAX_REASON


@dataclass(frozen=True, slots=True)
class Word:
    meaning: str
    """One sentence."""
    form: str
    """What may be written."""
    default: str = ""
    """What holds where it is not written; empty: nothing does."""
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Values that can be offered, each with its meaning."""
    closed: bool = False
    """No other value is allowed."""


FIELDS: Mapping[str, Word] = MappingProxyType(
    {
        "mode": Word(
            "Whether the task waits for a person or runs by itself.",
            "interactive or auto",
            "interactive",
            {"interactive": "Waits for a person.", "auto": "Runs by itself."},
            closed=True,
        ),
        "dependsOn": Word(
            "Tasks that must be completed before this one starts; what the tasks above depend on counts too.",
            "ids of tasks, with commas",
        ),
        "executor": Word(
            "What does the task.",
            "a name",
            "",
            {
                "answer": "Answers with text.",
                "code": "Reads the workspace and proposes edits of files.",
                "research": "Reads the workspace, and names file and line for every claim.",
                "review": "Reads files, and reports what it finds in them.",
            },
        ),
        "model": Word(
            "The model that answers.", "an alias, or provider/model", "the alias of the role (setting roles)"
        ),
        "priority": Word(
            "Which comes first of tasks that could start at the same time.",
            "low, medium or high",
            "medium",
            {"low": "After the others.", "medium": "As usual.", "high": "Before the others."},
            closed=True,
        ),
        "budget": Word("What this task and those below it may cost in one run.", "US dollars, such as 2.50"),
        "prompt": Word("The prompt that the task is given to a model with.", "the name of a prompt"),
        "type": Word("The kind of task: it names an executor, prompts and an acceptance.", "the name of a task type"),
        "reason": Word("Why the task failed, or what it asks.", f"one line of at most {MAX_REASON} characters", "", {}),
        "files": Word(
            "Files that the task is about; two tasks that name one file do not run at the same time.",
            "paths relative to this file, with commas",
        ),
    }
)
"""By key, in the order in which they are offered."""

STATUSES: Mapping[Status, tuple[str, str]] = MappingProxyType(
    {
        Status.PENDING: ("pending", "Not begun."),
        Status.IN_PROGRESS: ("in progress", "A person works on it."),
        Status.COMPLETED: ("completed", "Done."),
        Status.CANCELLED: ("cancelled", "Will not be done."),
        Status.FAILED: ("failed", "Was tried and did not work; a reason says why."),
        Status.ASKING: ("asking", "Waits for an answer; a reason says to what."),
        Status.OTHER: ("another mark", "A mark that is not Orchestrator's: the task is not run, and the mark stays."),
    }
)
"""The word and its meaning."""

WRITTEN_MARKS: Mapping[str, Status] = MappingProxyType(
    {
        " ": Status.PENDING,
        "x": Status.COMPLETED,
        "/": Status.IN_PROGRESS,
        "-": Status.CANCELLED,
        "!": Status.FAILED,
        "?": Status.ASKING,
    }
)
"""One mark for each status, in the order in which they are offered."""

SETTINGS: Mapping[str, Word] = MappingProxyType(
    {
        "orchestrator": Word(
            "Makes this file an outline, whatever its name; the number is the version of the format.",
            "1",
            "",
            {"1": ""},
        ),
        "defaults": Word("What holds for every task that says nothing else.", "{mode: auto, priority: high}"),
    }
)
"""Of the front matter, at its top."""

DEFAULTS: Mapping[str, Word] = MappingProxyType(
    {
        **{key: FIELDS[key] for key in ("mode", "model", "executor", "priority", "type", "prompt")},
        "budget": Word("What one run of this outline may cost.", "US dollars, such as 2.50"),
        "concurrency": Word("How many tasks may run at once.", "a whole number from 1", "", {"1": "", "3": ""}),
    }
)
"""Below `defaults`."""
