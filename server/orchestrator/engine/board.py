"""A run as a person sees it: its tasks, how each of them stands, and the sums. Only what is stored comes here.

Apart from `run`, which decides what happens, because windows ask at every event: so the sums are kept, not counted.

Invariant: the sums are those of the tasks (test_the_sums_are_those_of_the_tasks).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from orchestrator.engine.branch import BranchObserver, BranchView, TaskView
from orchestrator.model.altered import altered
from orchestrator.model.run import AttemptState, Event, RunState
from orchestrator.model.usage import Cost, Usage, add_costs


class Board:
    def __init__(self, observer: BranchObserver) -> None:
        self._observer = observer
        self._views: dict[str, TaskView] = {}
        """In the order in which they came into the run."""
        self._states: Counter[AttemptState | None] = Counter()
        self._explained: set[str] = set()
        """Those that have not begun and have a reason of their own."""
        self._usage, self._cost = Usage(), Decimal(0)
        self._price_known = True

    def __contains__(self, key: str) -> bool:
        return key in self._views

    def __len__(self) -> int:
        return len(self._views)

    def keys(self) -> set[str]:
        return set(self._views)

    def show(self, key: str, title: str, parent: str | None) -> None:
        """A task belongs to the run; one that is there already stays as it is."""
        if key not in self._views:
            self._views[key] = TaskView(key, title, parent, None)
            self._states[None] += 1

    def title_of(self, key: str) -> str:
        return self._views[key].title if key in self._views else key

    def hold(self, key: str, reason: str) -> None:
        """It does not go on in this run as it is, whatever it was doing."""
        self.note_state(key, None)
        self.note_reason(key, reason)

    def note_state(self, key: str, state: AttemptState | None, reason: str = "") -> None:
        if (view := self._views.get(key)) is not None:
            self._states[view.state] -= 1
            self._states[state] += 1
            self._explained.discard(key)
            self._views[key] = TaskView(key, view.title, view.parent, state, reason, view.result)

    def note_result(self, key: str, result: str) -> None:
        if (view := self._views.get(key)) is not None:
            self._views[key] = altered(view, result=result)

    def note_reason(self, key: str, reason: str) -> None:
        if (view := self._views.get(key)) is not None:
            self._views[key] = altered(view, reason=reason)
            if view.state is None and reason:
                self._explained.add(key)

    def tell(self, events: Sequence[Event]) -> None:
        for event in events:
            detail = event.detail
            if event.kind.startswith("attempt.") and "state" in detail:
                self.note_state(str(detail.get("taskId", "")), _STATES[detail["state"]], str(detail.get("reason", "")))
            self._observer.on_event(event)

    def spend(self, usage: Usage, cost: Cost) -> None:
        self._usage += usage
        self._cost += cost or Decimal(0)
        self._price_known = self._price_known and cost is not None

    def count(self, state: AttemptState) -> int:
        return self._states[state]

    def tasks(self, blocked: Mapping[str, str]) -> list[TaskView]:
        """`blocked`: why tasks cannot be done in this run."""
        return [
            replace(view, state=None, reason=view.reason or blocked[key])
            if key in blocked and view.state in _UNTOUCHED
            else view
            for key, view in self._views.items()
        ]

    def view(self, run_id: str, title: str, state: RunState, reason: str, blocked: Mapping[str, str]) -> BranchView:
        held = sum(
            key not in self._explained and key in self._views and self._views[key].state in _UNTOUCHED
            for key in blocked
        )
        return BranchView(
            run_id,
            title,
            state,
            reason,
            done=self._states[AttemptState.COMPLETED],
            failed=self._states[AttemptState.FAILED],
            waiting=self._states[AttemptState.WAITING],
            blocked=held + len(self._explained),
            total=len(self._views),
            usage=self._usage,
            cost=add_costs(self._cost, Decimal(0) if self._price_known else None),
        )


_STATES = {state.value: state for state in AttemptState}
_UNTOUCHED = {None, AttemptState.PENDING, AttemptState.EXPANDED}
