"""What a person sees on stderr while a split is under way: who answers, each subtask as it arrives, what it took.

Apart from `split` because this only looks: it can neither change the split nor fail it.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.cli.terminal import Terminal
from orchestrator.engine.bills import money, spent
from orchestrator.engine.proposal import Proposal
from orchestrator.model.run import SplitState
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Plan, Verdict
from orchestrator.model.usage import Usage

_UNDER_WAY = {SplitState.DECIDING: "deciding whether it needs subtasks", SplitState.PLANNING: "planning"}


_IN_VAIN = {SplitState.SIMPLE, SplitState.FAILED}
"""Nothing is proposed, and the calls are paid all the same."""


class SplitProgress:
    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._source = ""
        self._message = ""
        self._decided = False
        self._told: set[tuple[int, ...]] = set()

    def show(self, proposal: Proposal) -> None:
        """As an `Observer` is told it: the whole proposal each time."""
        if proposal.source and proposal.source != self._source:
            self._source = proposal.source
            self._terminal.say(f"Asking {one_line(proposal.source)}.")
        self._show_decision(proposal)
        if proposal.state in _UNDER_WAY:
            self._show_waiting(proposal)
        complete = proposal.state is SplitState.READY
        for path, title in _titles(proposal.plan, complete=complete):
            if path not in self._told:
                self._told.add(path)
                number = ".".join(str(index + 1) for index in path)
                self._terminal.say(f"{'  ' * len(path)}{number}  {one_line(title)}")
        if complete:
            self._show_end(proposal)
        elif proposal.state in _UNDER_WAY:
            self._terminal.status(self._doing(proposal))
        elif proposal.state in _IN_VAIN and proposal.usage != Usage():
            self._show_spent(proposal)

    def _show_decision(self, proposal: Proposal) -> None:
        decision = proposal.decision
        if decision is None or self._decided or decision.verdict is Verdict.EXECUTE:
            return
        self._decided = True
        chance = "" if decision.chance is None else f" ({decision.chance:.0%} likely)"
        reason = f": {one_line(decision.reason)}" if decision.reason else "."
        self._terminal.say(f"It needs subtasks{chance}{reason}")
        if proposal.expected:
            self._terminal.say(f"A plan costs about {money(proposal.expected)}.")

    def _show_waiting(self, proposal: Proposal) -> None:
        if proposal.message and proposal.message != self._message:
            self._terminal.say(one_line(proposal.message), "warning")
        self._message = proposal.message

    def _show_end(self, proposal: Proposal) -> None:
        if proposal.message:
            self._terminal.say(f"note: {one_line(proposal.message)}", "warning")
        if proposal.plan.source:
            self._terminal.say(one_line(proposal.plan.source))
        self._show_spent(proposal)

    def _show_spent(self, proposal: Proposal) -> None:
        self._terminal.say(f"{spent(proposal.usage)}, {money(proposal.cost)}")

    def _doing(self, proposal: Proposal) -> str:
        latest = proposal.plan.tasks[-1].title if proposal.plan.tasks else ""
        arriving = f": {one_line(latest, 60)}" if latest else ""
        return f"{one_line(proposal.title, 40)}: {_UNDER_WAY[proposal.state]}{arriving} …"


def _titles(plan: Plan, *, complete: bool, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], str]]:
    """Those that have arrived in full: of a list that still grows, all but the last, unless that is split already."""
    for index, task in enumerate(plan.tasks):
        if complete or index + 1 < len(plan.tasks) or task.plan is not None:
            yield (*path, index), task.title
        if task.plan is not None:
            yield from _titles(task.plan, complete=complete, path=(*path, index))
