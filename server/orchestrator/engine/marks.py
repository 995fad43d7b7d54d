"""Writes outcomes into the outline: gathered, minimal, and never over what a person did meanwhile.

Apart from the run because it has its own rhythm, and because what waits in the outbox may come from a run of another
process. Every outcome is in the outbox (in the transaction of the state it belongs to) before it is written here, and
is closed there when the text shows it; so after a crash it is looked for in the text first.

Invariant: an outcome is in the text once, whenever the program ends (test_kills_apply_no_edit_twice).
Invariant: writes are GATHER_SECONDS apart (test_marks_are_gathered).
Invariant: nothing is written into a task that changed, or whose mark a person set (test_person_edits_meanwhile).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.engine.context import text_hash
from orchestrator.engine.editor import Holder, View
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.model.altered import altered
from orchestrator.model.run import OutboxEntry, OutboxState
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.outcome import Outcome, write_outcome, write_outcomes
from orchestrator.outline.tree import Outline, Task
from orchestrator.store.store import Store

GATHER_SECONDS = 0.25
TRIES = 5
OLDER = "the task was changed while it ran"
GONE = "the task was removed"
BY_HAND = "a person set its status"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one entry."""

    entry: OutboxEntry
    changed: bool
    """The text was changed for it now."""


class Marks:
    """Of one outline."""

    def __init__(
        self,
        store: Store,
        holder: Holder,
        on_written: Callable[[Sequence[Written]], Awaitable[None]],
        grace: float,
    ) -> None:
        """`on_written` is told what became of entries, after it was stored.

        `grace` seconds a task may be missing before its outcome is given up: it may be in the middle of a move.
        """
        self._store = store
        self._holder = holder
        self._on_written = on_written
        self._grace = grace
        self._waiting: list[OutboxEntry] = []
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._last = 0.0

    def put(self, entry: OutboxEntry) -> None:
        """Write this soon. It is in the outbox already. A later one about the same task replaces an earlier one."""
        self._waiting.append(entry)
        self._news.set()

    async def work(self) -> None:
        """Write what comes, until cancelled."""
        while True:
            await self._news.wait()
            await asyncio.sleep(max(0.0, self._last + GATHER_SECONDS - time.monotonic()))
            self._news.clear()
            await self.flush()
            if self._waiting and not self._news.is_set():
                await asyncio.sleep(GATHER_SECONDS)  # what waits for a move to end
                self._news.set()

    async def flush(self) -> None:
        """Write now what can be written."""
        async with self._writing:
            entries, self._waiting = self._waiting, []
            if entries:
                try:
                    left = await self._write(entries)
                except (EditRefusedError, FileError):
                    left = entries
                self._waiting = [*left, *self._waiting]
                self._last = time.monotonic()

    async def _write(self, entries: Sequence[OutboxEntry]) -> list[OutboxEntry]:
        """Answers what is to be tried again."""
        if not self._holder.is_open and await self._store.held_elsewhere(self._holder.uri, time.time()):
            return []  # the server that has it open finds them in the outbox
        newest = {entry.task_id: entry for entry in entries}
        for tries_left in reversed(range(TRIES)):
            view = await self._holder.look()
            done, edits, later = self._look_at(view, list(newest.values()))
            try:
                if edits:
                    count = sum(written.changed for written in done)
                    await self._holder.apply(view, tuple(edits), f"Outcome of {count} task{'s' if count > 1 else ''}")
                break
            except EditRefusedError:
                if not tries_left:
                    raise
        else:
            raise AssertionError("the loop ends by break or raise")
        closed = {written.entry.task_id for written in done}
        superseded = [
            _closed(entry, OutboxState.WRITTEN, "a later outcome replaced it", time.time())
            for entry in entries
            if entry.task_id in closed and entry.entry_id != newest[entry.task_id].entry_id
        ]
        await self._store.close_outbox([*superseded, *(written.entry for written in done)])
        await self._on_written(done)
        return [entry for entry in entries if entry.task_id in later]

    def _look_at(self, view: View, entries: Sequence[OutboxEntry]) -> tuple[list[Written], list[TextEdit], set[str]]:
        """How entries are to be closed, the edits for them, and the tasks of those that must wait."""
        now = time.time()
        done: list[Written] = []
        later: set[str] = set()
        open_ones: list[tuple[OutboxEntry, Task, Outcome]] = []
        for entry in entries:
            found = view.outline.by_id(entry.task_id)
            if len(found) != 1:
                if abs(now - entry.created) < self._grace:
                    later.add(entry.task_id)
                else:
                    done.append(_refused(entry, GONE, now))
                continue
            task, change = found[0], entry.change
            if _says_so(task, change):
                done.append(_written(entry, now, changed=False))
            elif reason := refusal(task, change):
                done.append(_refused(entry, reason, now))
            else:
                outcome = Outcome(change["mark"], change["reason"], change["result"], change.get("ours", ""))
                open_ones.append((entry, task, outcome))
        edits: list[TextEdit] = []
        taken: set[int] = set()
        together = write_outcomes(view.outline, [(task, outcome) for _, task, outcome in open_ones])
        for (entry, task, outcome), found in zip(open_ones, together, strict=True):
            written, wanted = (
                _alone(entry, view.outline, task, outcome, now)
                if found is None
                else (
                    _written(entry, now, changed=bool(found)),
                    found,
                )
            )
            places = set(_places(wanted))
            if taken & places:
                later.add(entry.task_id)
                continue
            taken |= places
            edits += wanted
            done.append(written)
        return done, edits, later


def _alone(
    entry: OutboxEntry, outline: Outline, task: Task, outcome: Outcome, now: float
) -> tuple[Written, tuple[TextEdit, ...]]:
    """Of one that cannot be written with the others; without its result where that cannot stand there."""
    try:
        edits = write_outcome(outline, task, outcome)
        return _written(entry, now, changed=bool(edits)), edits
    except EditRefusedError as error:
        if not outcome.result:
            return _refused(entry, error.message, now), ()
        try:
            edits = write_outcome(outline, task, replace(outcome, result=""))
            return _written(entry, now, changed=bool(edits), reason=error.message), edits
        except EditRefusedError:
            return _refused(entry, error.message, now), ()


def _written(entry: OutboxEntry, now: float, *, changed: bool, reason: str = "") -> Written:
    return Written(_closed(entry, OutboxState.WRITTEN, reason, now), changed)


def _refused(entry: OutboxEntry, reason: str, now: float) -> Written:
    return Written(_closed(entry, OutboxState.REFUSED, reason, now), changed=False)


def _closed(entry: OutboxEntry, state: OutboxState, reason: str, now: float) -> OutboxEntry:
    return altered(entry, state=state, reason=reason, closed=now)


def _says_so(task: Task, change: dict[str, str]) -> bool:
    """Whether the text shows it already: it was written before a crash, or by a person."""
    if task.mark != change["mark"] or task.result != (change["result"] or task.result):
        return False
    return change["mark"] not in {"!", "?"} or bool(task.fields.get("reason"))


def refusal(task: Task, change: dict[str, str]) -> str:
    """Why this outcome must not be written into the task as it stands now; empty when it may."""
    if task.mark not in change["before"]:
        return BY_HAND
    if change["textHash"] and text_hash(task) != change["textHash"] and change["mark"] in {"x", "!"}:
        return OLDER
    return ""


def change_of(task_hash: str, outcome: Outcome, before: str) -> dict[str, str]:
    """As the outbox keeps it. `before` are the marks that it may replace."""
    return {
        "mark": outcome.mark,
        "reason": outcome.reason,
        "result": outcome.result,
        "ours": outcome.ours,
        "textHash": task_hash,
        "before": before,
    }


def _places(edits: Sequence[TextEdit]) -> Iterator[int]:
    """Two insertions at one place would be read in an order that nobody chose."""
    for edit in edits:
        yield edit.start
        if edit.end != edit.start:
            yield edit.end
