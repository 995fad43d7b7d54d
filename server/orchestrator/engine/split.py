"""Split one task into subtasks: decide, plan, show, and write one edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orchestrator.model.run import Event, SplitState
from orchestrator.model.task import Plan, PlannedTask
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
    raw: str = ""
    """The model's answer as it came, when it could not be used."""


@dataclass(frozen=True, slots=True)
class Applied:
    version: int | None
    added: int
    """Tasks that were written."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Called on the event loop, in order, after what they tell was stored. They must return at once and not raise."""

    on_proposal: Callable[[Proposal], None]
    on_event: Callable[[Event], None]


class Split:
    """A split under way. Made by `Session.start_split`; safe to call from any task of the loop."""

    @property
    def run_id(self) -> str:
        raise NotImplementedError

    @property
    def proposal(self) -> Proposal:
        """The newest."""
        raise NotImplementedError

    async def settled(self) -> Proposal:
        """Wait until it is READY or ended. Never raises for the split's own failures: they are in the proposal."""
        raise NotImplementedError

    async def ended(self) -> Proposal:
        """Wait until it has ended."""
        raise NotImplementedError

    async def accept(self, items: Sequence[tuple[int, ...]] | None = None) -> Applied:
        """Write the proposal (or the ghosts at these paths, with their parents) as one edit.

        Raises EditRefusedError (the proposal stays READY), ProtocolError for a path that does not exist or a split
        that is not READY.
        """
        raise NotImplementedError

    def edit(self, plan: Plan) -> None:
        """Replace the proposal by what a person made of it. ProtocolError when it is not READY."""
        raise NotImplementedError

    async def discard(self) -> None:
        raise NotImplementedError

    def stop(self, reason: str = "user") -> None:
        """Cancel; returns at once. Nothing is written. No effect after the end."""
        raise NotImplementedError


__all__ = ["Applied", "Observer", "Plan", "PlannedTask", "Proposal", "Split", "SplitRequest"]
