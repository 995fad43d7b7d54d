"""An outline that another program has open is changed there, where its person sees it, not on the disk behind it.

Apart from the outbox, which keeps outcomes until somebody can write them: a run cannot begin before its tasks have ids,
and a person at a terminal looks at the end of a split, so whoever hands a change over waits for the answer. The text on
screen may be another one than the file's; the change is made in it where the lines that it touches are the same.

Invariant: what another program has open is not written on the disk, by whatever command (test_ids_go_into_the_editor,
test_splits_go_into_the_editor, test_fixes_and_imports_go_into_the_editor).
Invariant: a change is made as it was meant or not at all (test_a_moved_change_says_the_same_or_is_refused).
Invariant: whoever is stopped while it waits knows whether the change was made (test_stopped_while_it_is_handed_over).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from orchestrator.engine.editor import Holder, View
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.model.ids import record_id
from orchestrator.model.safe_text import one_line
from orchestrator.outline import edits as text_edits
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline
from orchestrator.outline.writer import said
from orchestrator.store.handovers import Handover
from orchestrator.store.open_files import is_said_open
from orchestrator.store.store import Store

PATIENCE = 30.0
"""Seconds in which whoever has it open answers; it looks four times a second."""
BEING_MADE = 10.0
"""Seconds more for a change that it has begun to make."""
LOOK = 0.05
TRIES = 5
"""How often a change is computed anew when the person types between computing and making it."""
OTHER_WORDS = "the lines that it is for are others there"
SAVE = "Save it there and run this again, or run it there."


class Elsewhere:
    """Other programs of this person, which may have an outline open."""

    def __init__(self, open_store: Callable[[], Awaitable[Store]], database: Path) -> None:
        """`database` is the file of the store, which is opened only where somebody may have an outline open."""
        self._open_store = open_store
        self._database = database

    async def changes(self, uri: str, base: str, edits: Sequence[TextEdit], label: str, *, hint: str = SAVE) -> bool:
        """Have it changed where it is open; False where no other program has it open: then it is ours to write.

        `edits` are against `base`, the text of the file. Raises EditRefusedError, with `hint`, when it is open and was
        not changed there.
        """
        now = time.time()
        said = is_said_open(self._database.parent, uri, now)
        if not (said or self._database.exists()):
            return False
        store = await self._open_store()
        if not (said or await store.held_elsewhere(uri, now)):
            return False
        name = one_line(unquote(Path(uri).name))
        change = {"base": base, "edits": [[edit.start, edit.end, edit.text] for edit in edits], "label": label}
        handover = Handover(record_id("handover"), uri, json.dumps(change, ensure_ascii=False))
        answer = await _handed_over(store, handover)
        if answer is None:
            raise EditRefusedError(
                f"{name} is open in an editor that does not answer.", hint="Save and close it there, or run it there."
            )
        if answer:
            raise EditRefusedError(
                f"{name} is open in an editor, and could not be changed there: {answer.rstrip('.')}.", hint=hint
            )
        return True

    def considerate(self, holder: Holder) -> ConsiderateHolder:
        return ConsiderateHolder(holder, self)


class ConsiderateHolder:
    """A `Holder` of an outline that this process writes only where no other one has it open."""

    def __init__(self, holder: Holder, elsewhere: Elsewhere) -> None:
        self._holder = holder
        self._elsewhere = elsewhere
        self.handed_over = False
        """Whether the last change was made by another program, which has it open."""

    @property
    def uri(self) -> str:
        return self._holder.uri

    @property
    def is_open(self) -> bool:
        return self._holder.is_open

    async def look(self) -> View:
        return await self._holder.look()

    async def apply(self, view: View, edits: tuple[TextEdit, ...], label: str) -> int | None:
        self.handed_over = not self.is_open and await self._elsewhere.changes(
            self.uri, view.outline.text.string, edits, label
        )
        if not self.handed_over:
            return await self._holder.apply(view, edits, label)
        self._holder.foresee(view, edits)
        return None

    def foresee(self, view: View, edits: tuple[TextEdit, ...]) -> None:
        self._holder.foresee(view, edits)

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        return self._holder.watch(changed)


async def _handed_over(store: Store, handover: Handover) -> str | None:
    """What the other program says: empty when it made the change, None when it says nothing in time.

    Stopped while it waits, it takes the change back, or waits for what is being made of it: then whoever waits for this
    has the answer, and is stopped at its next step.
    """
    stopped = False
    try:
        await store.hand_over(handover, time.time())
        answer = await _answer(store, handover, PATIENCE)
    except asyncio.CancelledError:
        stopped = True
        _task().uncancel()
        answer = None
    if answer is None and await store.take_back_handover(handover.handover_id):
        if stopped:
            raise asyncio.CancelledError
        return None
    if answer is None:  # it is being made, or was just answered
        answer = await _answer(store, handover, BEING_MADE)
    await store.forget_handover(handover.handover_id)
    if stopped:
        _task().cancel()
    return answer


async def _answer(store: Store, handover: Handover, patience: float) -> str | None:
    until = time.monotonic() + patience
    answer = await store.handover_answer(handover.handover_id)
    while answer is None and time.monotonic() < until:
        await asyncio.sleep(LOOK)
        answer = await store.handover_answer(handover.handover_id)
    return answer


def _task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None, "only tasks of the loop wait here"
    return task


async def take_handovers(store: Store, holder: Holder) -> None:
    """Make the changes that other programs hand over for this outline, which is open here, and answer each."""
    for handover in await store.handovers(holder.uri):
        if not await store.begin_handover(handover.handover_id):
            continue  # it was taken back
        try:
            await _make(holder, json.loads(handover.change))
            answer = ""
        except (EditRefusedError, FileError) as error:
            answer = error.message
        await store.answer_handover(handover.handover_id, answer)


async def _make(holder: Holder, change: dict[str, Any]) -> None:
    wanted = [TextEdit(int(start), int(end), str(text)) for start, end, text in change["edits"]]
    for tries_left in reversed(range(TRIES)):
        view = await holder.look()
        edits = await asyncio.to_thread(moved, str(change["base"]), wanted, view.outline)
        try:
            await holder.apply(view, edits, str(change["label"]))
            return
        except EditRefusedError:
            if not tries_left:
                raise


def moved(base: str, edits: Sequence[TextEdit], now: Outline) -> tuple[TextEdit, ...]:
    """Edits of one text, as edits of what became of it. Raises EditRefusedError where their lines are others now."""
    current = now.text.string
    if not base:  # a file that is to be: an editor may show it as an empty line
        if current.strip():
            raise EditRefusedError("there is text in it already", hint="Name another file.")
        return (TextEdit(0, len(current), text_edits.apply(base, edits)),)
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
    before, meant, made = parse(base), parse(text_edits.apply(base, edits)), parse(text_edits.apply(current, found))
    if _differences(before, meant) != _differences(now, made) or _says_other(edits, found, before, meant, made):
        raise EditRefusedError(OTHER_WORDS, hint="Try again.")
    return tuple(found)


def _differences(before: Outline, after: Outline) -> tuple[Counter[object], Counter[object]]:
    """What of the tasks is gone, and what is new: each with the tasks above it, and the titles below it."""
    was, now = Counter(_facts(before)), Counter(_facts(after))
    return was - now, now - was


def _facts(outline: Outline) -> Iterator[object]:
    above: list[tuple[int, str, list[str]]] = []
    """Depth and title of the tasks above, and the titles below each."""
    below: list[tuple[tuple[str, ...], list[str]]] = []
    for task in outline.tasks():
        while above and above[-1][0] >= task.depth:
            above.pop()
        if above:
            above[-1][2].append(task.title)
        above.append((task.depth, task.title, []))
        path = tuple(title for _, title, _ in above)
        below.append((path, above[-1][2]))
        yield path, task.mark, task.task_id, tuple(task.fields.items())
    yield from ((path, tuple(titles)) for path, titles in below if titles)


def _says_other(
    edits: Sequence[TextEdit], found: Sequence[TextEdit], before: Outline, meant: Outline, made: Outline
) -> bool:
    """Whether the words of a task were to be others, and are still others than was meant."""
    grown = 0
    for edit, there in sorted(zip(edits, found, strict=True), key=lambda pair: pair[0].start):
        was = _said_at(before, edit.start)
        wanted = _said_at(meant, edit.start + grown)
        if was != wanted and _said_at(made, there.start + grown) != wanted:
            return True
        grown += len(edit.text) - (edit.end - edit.start)
    return False


def _said_at(outline: Outline, offset: int) -> tuple[str, str, str | None] | None:
    task = outline.task_at_line(outline.text.line_of(offset))
    return None if task is None else said(task)
