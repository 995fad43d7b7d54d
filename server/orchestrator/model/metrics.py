"""What is measured, as plain numbers: one row for each day, model, executor, outline, prompt version or role."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GroupBy(StrEnum):
    """What a table of metrics has a row for."""

    ALL = "all"
    """One row: everything."""
    DAY = "day"
    """Of the computer's own time zone."""
    MODEL = "model"
    EXECUTOR = "executor"
    """What did the task; for the rest what the work was: a split, a re-plan, a chat, a trial."""
    OUTLINE = "outline"
    PROMPT = "prompt"
    """Each version of each prompt."""
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class MetricsQuery:
    by: GroupBy = GroupBy.ALL
    since: float | None = None
    """Seconds since 1970, UTC; work that began then or later."""
    until: float | None = None
    """Work that began before."""
    workspace: str | None = None
    """The real path of a folder."""
    uri: str | None = None
    """Of one outline."""
    prompt: str | None = None
    """Only calls with the prompt of this name."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sums and rates; None where there is nothing to compute a rate of, or it is not known."""

    name: str
    """The day, the model, …; empty for everything."""
    calls: int = 0
    completed_calls: int = 0
    failed_calls: int = 0
    cancelled_calls: int = 0
    repairs: int = 0
    """Calls that asked a model to mend its answer; by prompt: those that mended an answer to that version."""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    """Of the input: what the provider read from its cache."""
    cost_usd: float = 0.0
    """Of the calls whose price is known."""
    unpriced_calls: int = 0
    """Completed calls whose price is not known."""
    latency_p50: float | None = None
    """Seconds from the request to the whole answer, of completed calls."""
    latency_p95: float | None = None
    tasks: int = 0
    """Attempts at tasks of runs that have ended."""
    completed_tasks: int = 0
    failed_tasks: int = 0
    cancelled_tasks: int = 0
    conversations: int = 0
    conversation_mean: float | None = None
    """Messages in a conversation."""
    conversation_longest: int = 0
    splits_applied: int = 0
    splits_discarded: int = 0
    subtasks_applied: int = 0
    """Of applied splits whose outline is in the index."""
    subtasks_kept: int = 0
    """Of those: still below their task under the title that was proposed."""
    edits_approved: int = 0
    edits_refused: int = 0

    @property
    def acceptance(self) -> float | None:
        """Splits that were applied, of those that were judged."""
        return _share(self.splits_applied, self.splits_applied + self.splits_discarded)

    @property
    def edit_acceptance(self) -> float | None:
        """Proposed edits and commands that a person allowed, of those that were asked about."""
        return _share(self.edits_approved, self.edits_approved + self.edits_refused)

    @property
    def edited_after(self) -> float | None:
        """Subtasks that a person renamed or removed after they had been applied."""
        return _share(self.subtasks_applied - self.subtasks_kept, self.subtasks_applied)

    @property
    def completion(self) -> float | None:
        return _share(self.completed_tasks, self.tasks)

    @property
    def failure(self) -> float | None:
        return _share(self.failed_tasks, self.tasks)

    @property
    def cancellation(self) -> float | None:
        return _share(self.cancelled_tasks, self.tasks)

    @property
    def repair_rate(self) -> float | None:
        return _share(self.repairs, self.calls)


RATES = ("completion", "failure", "cancellation", "acceptance", "edited_after", "edit_acceptance", "repair_rate")
"""Properties of `Metrics`, beside its fields."""


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
