"""What goes in and out of a split: the request, the proposal that a person sees, and who is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.engine.changes import Change
from orchestrator.model.run import Event, SplitState
from orchestrator.model.task import Decision, Plan
from orchestrator.model.usage import Cost, Usage


@dataclass(frozen=True, slots=True)
class SplitRequest:
    levels: int = 1
    """1: this task only; more: its children too, at most `split.max_depth`."""
    force: bool = False
    """Plan even if the task is judged simple."""
    preview: bool | None = None
    """Wait for a person before writing; None: as `split.preview` says."""
    model: str = ""
    """`provider/model` or alias for this call only; naming it on a command line is consent (`consented`)."""
    replan: bool = False
    """Change the subtasks that there are, instead of adding some; `levels` and `force` do not count."""
    consented: bool = False
    """The person has already agreed to send this to `model`'s provider."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a split shows: always the whole of it, as it stands."""

    run_id: str
    seq: int
    """From 1, without gaps."""
    state: SplitState
    title: str
    """Of the task that is split."""
    plan: Plan = field(default_factory=lambda: Plan(()))
    """May be partial while the state is PLANNING."""
    message: str = ""
    """For a person: the reason of a decision or failure, what to do next."""
    source: str = ""
    """Who answers: "local/smollm2 (basic offline model)"."""
    usage: Usage = field(default_factory=Usage)
    cost: Cost = None
    decision: Decision | None = None
    """Whether it needs subtasks, with the chance and the reason; None until somebody judged, and where it is forced."""
    expected: Cost = None
    """What a plan of it was expected to cost, when that was decided; None where the price is not known."""
    changes: tuple[Change, ...] = ()
    """Of a re-plan, in place of a plan."""
    asks: tuple[tuple[tuple[int, ...], str], ...] = ()
    """Path of a subtask, and what of it is only written on a person's word: "mode auto, executor code"."""
    raw: str = ""
    """The model's answer as it came, when it could not be used."""


@dataclass(frozen=True, slots=True)
class Applied:
    version: int | None
    added: int
    """Tasks that were written."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Called on the event loop, in order, after what they tell was stored. They return at once and never raise."""

    on_proposal: Callable[[Proposal], None]
    on_event: Callable[[Event], None]
