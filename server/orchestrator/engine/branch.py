"""What goes in and out of a run of a branch: the request, its tasks as a person sees them, and who is told.

Apart from `run`, so that edges need to know only this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orchestrator.model.record import record
from orchestrator.model.run import Approval, AttemptState, Event, RunState
from orchestrator.model.usage import Cost, Usage


@dataclass(frozen=True, slots=True)
class BranchRequest:
    auto: bool = False
    """Run interactive tasks by themselves too."""
    model: str = ""
    """`provider/model` or alias for this run only."""
    consented: bool = False
    """The model was named on a command line: its provider may be sent to. Of this call only, never kept with the run:
    whoever resumes it may be another one, elsewhere.
    """
    budget: Decimal | None = None
    """US dollars that this run may spend; the front matter may say less."""
    calls: int | None = None
    """Calls that this run may begin."""
    trusted: bool = False
    """`--trust`: the person trusts the workspace. Of this call only, never kept with the run."""
    wait: bool = True
    """Stay while only questions are open; False: pause, because nobody is there to answer."""
    yes: bool = False
    """`--yes`: edits of ordinary files need no further word. Of this call only, never kept with the run."""
    accepted: bool = True
    """The person has seen what it may take; False: they are asked, unless it costs nothing. Of this call only."""

    def as_json(self) -> dict[str, Any]:
        return {
            "auto": self.auto,
            "model": self.model,
            "budget": None if self.budget is None else str(self.budget),
            "calls": self.calls,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any], *, wait: bool) -> BranchRequest:
        budget = stored.get("budget")
        return cls(
            auto=bool(stored.get("auto")),
            model=str(stored.get("model", "")),
            budget=None if budget is None else Decimal(budget),
            calls=stored.get("calls"),
            wait=wait,
        )


@record
class TaskView:
    """One task of the run."""

    task_id: str
    title: str
    parent: str | None
    """Its parent in the run."""
    state: AttemptState | None
    """None: it has not begun, or cannot (`reason`)."""
    reason: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class BranchView:
    """The run as it stands."""

    run_id: str
    title: str
    state: RunState
    reason: str
    done: int
    failed: int
    waiting: int
    """Tasks that wait for a person."""
    blocked: int
    total: int
    usage: Usage = field(default_factory=Usage)
    cost: Cost = None

    @property
    def waiting_words(self) -> str:
        """How many tasks wait, for a person to read; empty for none."""
        return f"{self.waiting} {'waits' if self.waiting == 1 else 'wait'} for you" if self.waiting else ""


@dataclass(frozen=True, slots=True)
class BranchObserver:
    """Called on the event loop, in order, after what they tell was stored. They return at once and never raise."""

    on_event: Callable[[Event], None]
    on_approval: Callable[[Approval], None] = lambda _approval: None
    """Something waits for a person, or does not any more (`state`)."""
    on_text: Callable[[str, str], None] = lambda _task_id, _delta: None
    """A piece of an answer while it streams; not stored yet."""
    on_note: Callable[[str], None] = lambda _text: None
    """One line about what goes on: why a call waits, what was left out."""
