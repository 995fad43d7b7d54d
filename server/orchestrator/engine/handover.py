"""An outline that another program has open is changed there, where its person sees it, not on the disk behind it.

Apart from the outbox, which keeps outcomes until somebody can write them: a run cannot begin before its tasks have ids,
so whoever hands a change over waits for the answer. The text on screen may be another one than the file's; the change
is made in it where the lines that it touches are the same.

Invariant: what another program has open is not written on the disk by a run (test_ids_go_into_the_editor).
Invariant: a change is made as it was meant or not at all (test_a_moved_change_says_the_same_or_is_refused).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from orchestrator.engine.editor import Holder, View
from orchestrator.errors import EditRefusedError
from orchestrator.model.ids import record_id
from orchestrator.model.safe_text import one_line
from orchestrator.outline import edits as text_edits
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline
from orchestrator.store.handovers import Handover
from orchestrator.store.open_files import is_said_open
from orchestrator.store.store import Store

PATIENCE = 30.0
"""Seconds in which whoever has it open answers; it looks four times a second."""
LOOK = 0.05
OTHER_WORDS = "the lines that it is for are others there"


class ConsiderateHolder:
    """A `Holder` of an outline that this process writes only where no other one has it open."""

    def __init__(self, holder: Holder, open_store: Callable[[], Awaitable[Store]], data: Path) -> None:
        """`data` is the folder of the store."""
        self._holder = holder
        self._open_store = open_store
        self._data = data

    @property
    def uri(self) -> str:
        return self._holder.uri

    @property
    def is_open(self) -> bool:
        return self._holder.is_open

    async def look(self) -> View:
        return await self._holder.look()

    async def apply(self, view: View, edits: tuple[TextEdit, ...], label: str) -> int | None:
        if self.is_open:
            return await self._holder.apply(view, edits, label)
        store = await self._open_store()
        now = time.time()
        if not (await store.held_elsewhere(self.uri, now) or is_said_open(self._data, self.uri, now)):
            return await self._holder.apply(view, edits, label)
        await _hand_over(store, self.uri, view.outline.text.string, edits, label)
        self._holder.foresee(view, edits)
        return None

    def foresee(self, view: View, edits: tuple[TextEdit, ...]) -> None:
        self._holder.foresee(view, edits)

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        return self._holder.watch(changed)


async def _hand_over(store: Store, uri: str, base: str, edits: Sequence[TextEdit], label: str) -> None:
    change = {"base": base, "edits": [[edit.start, edit.end, edit.text] for edit in edits], "label": label}
    handover = Handover(record_id("handover"), uri, json.dumps(change, ensure_ascii=False))
    await store.hand_over(handover, time.time())
    until = time.monotonic() + PATIENCE
    answer = None
    try:
        while answer is None and time.monotonic() < until:
            await asyncio.sleep(LOOK)
            answer = await store.handover_answer(handover.handover_id)
    finally:
        answer = await store.take_back_handover(handover.handover_id) or answer
    name = one_line(unquote(Path(uri).name))
    if answer is None:
        raise EditRefusedError(
            f"{name} is open in an editor that does not answer.", hint="Save and close it there, or run it there."
        )
    if answer:
        raise EditRefusedError(
            f"{name} is open in an editor, and could not be changed there: {answer.rstrip('.')}.",
            hint="Save it there and run this again, or run it there.",
        )


async def take_handovers(store: Store, holder: Holder) -> None:
    """Make the changes that other programs hand over for this outline, which is open here, and answer each."""
    for handover in await store.handovers(holder.uri):
        try:
            change: dict[str, Any] = json.loads(handover.change)
            view = await holder.look()
            wanted = [TextEdit(int(start), int(end), str(text)) for start, end, text in change["edits"]]
            edits = moved(str(change["base"]), wanted, view.outline)
            await holder.apply(view, edits, str(change["label"]))
            answer = ""
        except EditRefusedError as error:
            answer = error.message
        await store.answer_handover(handover.handover_id, answer)


def moved(base: str, edits: Sequence[TextEdit], now: Outline) -> tuple[TextEdit, ...]:
    """Edits of one text, as edits of what became of it. Raises EditRefusedError where their lines are others now."""
    current = now.text.string
    changes = text_edits.between(base, current)
    found: list[TextEdit] = []
    for edit in edits:
        first = base.rfind("\n", 0, edit.start) + 1
        last = base.find("\n", edit.end)
        last = len(base) if last < 0 else last
        shift = 0
        for change in changes:
            if change.end <= first:
                shift += len(change.text) - (change.end - change.start)
            elif change.start <= last:
                raise EditRefusedError(OTHER_WORDS, hint="Try again.")
        found.append(TextEdit(edit.start + shift, edit.end + shift, edit.text))
    meant, made = parse(text_edits.apply(base, edits)), parse(text_edits.apply(current, found))
    new = {task.task_id for task in meant.tasks() if task.task_id} - {task.task_id for task in parse(base).tasks()}
    if any(_says(made, task_id) != _says(meant, task_id) for task_id in new):
        raise EditRefusedError(OTHER_WORDS, hint="Try again.")
    return tuple(found)


def _says(outline: Outline, task_id: str) -> list[tuple[str, list[str]]]:
    """What a new id stands at: once, with its title, below the same tasks."""
    return [(task.title, [above.title for above in outline.ancestors(task)]) for task in outline.by_id(task_id)]
