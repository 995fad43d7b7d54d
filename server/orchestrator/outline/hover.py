"""What there is to know about a place: a task, its id, a field, a value, a check box, a setting of the front matter.

Apart from how it is shown: a `Card` is plain text in rows, and whoever shows it escapes it. Strings of the file are
cut to a length that a person reads.

Invariant: every place of every text has a card or none, and the card's span holds the place
(test_every_place_can_be_hovered).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Status
from orchestrator.outline import fields
from orchestrator.outline.blocked import Blocker, blockers
from orchestrator.outline.inherited import source
from orchestrator.outline.own_text import first_body_line
from orchestrator.outline.progress import progress
from orchestrator.outline.references import Known, named_by, references
from orchestrator.outline.tree import Node, Outline, Section, Task
from orchestrator.outline.vocabulary import DEFAULTS, FIELDS, SETTINGS, STATUSES, Word
from orchestrator.outline.waiting import Why

LONGEST = 120
"""Characters of a string of the file that are shown."""
MOST = 10
"""Items of one row."""

_SETTING = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    value: str = ""
    items: tuple[str, ...] = ()
    """Each in a line of its own below."""


@dataclass(frozen=True, slots=True)
class Card:
    title: str
    text: str = ""
    """A sentence below the title."""
    rows: tuple[Row, ...] = ()
    task: Task | None = None
    """The task that the card is about, where it is about one."""

    def with_rows(self, rows: Sequence[Row]) -> Card:
        return replace(self, rows=(*self.rows, *rows))


@dataclass(frozen=True, slots=True)
class Hover:
    start: int
    end: int
    card: Card


Elsewhere = Callable[[str], Sequence[Known]]
"""Tasks of other outlines by their id."""


def _nowhere(_task_id: str) -> Sequence[Known]:
    return ()


def hover(outline: Outline, offset: int, elsewhere: Elsewhere = _nowhere) -> Hover | None:
    text = outline.text
    line = text.line_of(offset)
    if line < outline.front_matter.end_line:
        return _of_setting(outline, line, offset)
    node = outline.node_at_line(line)
    if node is None or line >= first_body_line(text, node):
        return None
    for field in fields.places(text, node):
        if field.start <= offset < field.end:
            return _of_field(outline, field, offset, elsewhere)
    if isinstance(node, Section):
        return Hover(*_with_place(node.title_span, offset), section_card(outline, node))
    if node.id_span is not None and node.id_span[0] <= offset <= node.id_span[1]:
        return Hover(*node.id_span, _id_card(outline, node))
    if node.mark_span[0] - 1 <= offset <= node.mark_span[1]:
        word, meaning = STATUSES[node.status]
        return Hover(node.mark_span[0] - 1, node.mark_span[1] + 1, Card(f"[{node.mark}] {word}", meaning))
    return Hover(*_with_place(node.title_span, offset), task_card(outline, node, elsewhere))


def task_card(outline: Outline, task: Task, elsewhere: Elsewhere = _nowhere) -> Card:
    """All that the outline says about a task."""
    rows = [Row("Status", _status(task)), Row("Mode", _in_force(outline, task, "mode") or FIELDS["mode"].default)]
    done, total = progress(task)
    if total:
        rows.append(Row("Progress", f"{done} of {total}"))
    rows += _values(outline, task, ("executor", "model", "priority", "type", "prompt"))
    if budget := _budget(outline, task):
        rows.append(Row("Budget", budget))
    if needs := [_needed(outline, reference.task_id, elsewhere) for reference in named_by(outline, task)]:
        rows.append(Row("Depends on", items=_few(needs)))
    if blocked := _blocked(outline, task, elsewhere):
        rows.append(Row("Blocked", items=_few(blocked)))
    return Card(_title(task), rows=tuple(rows), task=task)


def section_card(outline: Outline, section: Section) -> Card:
    rows: list[Row] = []
    done = total = 0
    waiting: list[Node] = list(section.children)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Section):
            waiting.extend(node.children)
        elif node.status is not Status.CANCELLED:
            below_done, below = progress(node)
            done, total = done + below_done + (node.status is Status.COMPLETED), total + below + 1
    if total:
        rows.append(Row("Progress", f"{done} of {total}"))
    rows += _values(outline, section, ("mode", "executor", "model", "priority", "type", "prompt"))
    return Card(_title(section), rows=tuple(rows))


def field_card(key: str, word: Word) -> Card:
    rows = [Row("Value", word.form)]
    if word.values and word.closed:
        rows = [Row("Values", items=tuple(f"{value}: {meaning}" for value, meaning in word.values.items()))]
    if word.default:
        rows.append(Row("Default", word.default))
    return Card(key, word.meaning, tuple(rows))


def _of_field(outline: Outline, field: fields.Field, offset: int, elsewhere: Elsewhere) -> Hover | None:
    word = FIELDS.get(field.key)
    if word is None:
        return None
    key_start = field.start + 1
    if offset <= key_start + len(field.key):
        return Hover(key_start - 1, key_start + len(field.key), field_card(field.key, word))
    for part, start, end in field.parts():
        if not start <= offset <= end:
            continue
        if field.key == "dependsOn":
            return Hover(start, end, _named_card(outline, part.removeprefix("^"), elsewhere))
        if part in word.values:
            return Hover(start, end, Card(f"{field.key}: {part}", word.values[part]))
    if wrong := next(fields.flaws(field), None):
        return Hover(field.start, field.end, Card(field.key, wrong.message))
    return Hover(field.start, field.end, field_card(field.key, word))


def _of_setting(outline: Outline, line: int, offset: int) -> Hover | None:
    """A word of the front matter that names a setting."""
    written, at = outline.text.line(line), outline.text.line_start(line)
    for match in _SETTING.finditer(written):
        if match.start() <= offset - at <= match.end():
            word = SETTINGS.get(match.group()) if match.start() == 0 else DEFAULTS.get(match.group())
            if word is not None and written[match.end() :].lstrip(" ").startswith(":"):
                return Hover(at + match.start(), at + match.end(), field_card(match.group(), word))
    return None


def _named_card(outline: Outline, task_id: str, elsewhere: Elsewhere) -> Card:
    if named := outline.by_id(task_id):
        return task_card(outline, named[0], elsewhere)
    if known := elsewhere(task_id):
        status = Row("Status", STATUSES[known[0].status][0])
        return Card(_shown(known[0].title), f"In {_shown(known[0].file)}.", (status,))
    return Card(_shown(task_id), "No task of this workspace's outlines has this id.")


def _id_card(outline: Outline, task: Task) -> Card:
    """Of the id on the task itself: who names it."""
    by = [_title(reference.node) for reference in references(outline) if reference.task_id == task.task_id]
    needed = Row("Needed by", items=_few(by)) if by else Row("Needed by", "no task of this outline")
    return Card(f"^{one_line(task.task_id or '', LONGEST)}", f"The id of “{_title(task)}”.", (needed,), task)


def _status(task: Task) -> str:
    word = STATUSES[task.status][0]
    if task.status is Status.OTHER:
        word = f"{word} ({one_line(task.mark)})"
    reason = task.fields.get("reason", "")
    return f"{word}: {one_line(reason, LONGEST)}" if reason else word


def _values(outline: Outline, node: Node, keys: Sequence[str]) -> Iterator[Row]:
    for key in keys:
        if value := _in_force(outline, node, key):
            yield Row(key.capitalize(), value)


def _in_force(outline: Outline, node: Node, key: str) -> str:
    found = source(outline, node, key)
    if found is None:
        return ""
    value, origin = one_line(found[0], LONGEST), found[1]
    return value if origin == node else f"{value} ({_from(origin)})"


def _budget(outline: Outline, task: Task) -> str:
    """The task's own; else the nearest that it is a part of."""
    for node in reversed(outline.path(task)):
        if found := source(outline, node, "budget"):
            amount = one_line(found[0], LONGEST)
            return amount if node == task else f"{amount} for all of “{_title(node)}”"
    defaults: object = outline.front_matter.settings.get("defaults")
    amount = cast("Mapping[Any, Any]", defaults).get("budget") if isinstance(defaults, Mapping) else None
    if isinstance(amount, (int, float)) and not isinstance(amount, bool):
        return f"{amount} for each run of this outline"
    return ""


def _from(origin: Node | None) -> str:
    return "from the front matter" if origin is None else f"from “{_title(origin)}”"


def _needed(outline: Outline, task_id: str, elsewhere: Elsewhere) -> str:
    if named := outline.by_id(task_id):
        return f"{_shown(task_id)} “{_title(named[0])}”: {STATUSES[named[0].status][0]}"
    if known := elsewhere(task_id):
        status = STATUSES[known[0].status][0]
        return f"{_shown(task_id)} “{_shown(known[0].title)}” in {_shown(known[0].file)}: {status}"
    return f"{_shown(task_id)}: no task has this id"


def _blocked(outline: Outline, task: Task, elsewhere: Elsewhere) -> list[str]:
    found: list[str] = []
    for blocker in blockers(outline, task):
        known = elsewhere(blocker.task_id) if blocker.on is None and blocker.task_id else ()
        if not known or known[0].status is not Status.COMPLETED:
            found.append(_because(task, blocker, known))
    return found


def _because(task: Task, blocker: Blocker, known: Sequence[Known]) -> str:
    """A sentence part: what is waited for, and whose waiting it is."""
    if blocker.why is Why.ORDER:
        assert blocker.on is not None, "order is among tasks"
        what = f"“{_title(blocker.on)}” comes before it"
    elif known:
        what = f"“{_shown(known[0].title)}” in {_shown(known[0].file)} is {STATUSES[known[0].status][0]}"
    elif blocker.on is None:
        what = f"no task has the id {_shown(blocker.task_id or '')}"
    else:
        what = f"“{_title(blocker.on)}” is {STATUSES[blocker.on.status][0]}"
    return what if blocker.node == task else f"{what} (as part of “{_title(blocker.node)}”)"


def _title(node: Node) -> str:
    return _shown(node.title) or "(no title)"


def _shown(text: str) -> str:
    return one_line(text, LONGEST)


def _few(items: Sequence[str]) -> tuple[str, ...]:
    if len(items) <= MOST:
        return tuple(items)
    return (*items[: MOST - 1], f"and {len(items) - MOST + 1} more")


def _with_place(span: tuple[int, int], offset: int) -> tuple[int, int]:
    """The span itself, or the place where that is outside of it."""
    return span if span[0] <= offset <= span[1] else (offset, offset)


def problem_rows(messages: Iterator[str]) -> tuple[Row, ...]:
    shown = [one_line(message, 3 * LONGEST) for message in messages]
    return (Row("Problems", items=_few(shown)),) if shown else ()
