"""Write what a run came to: the mark of a task, the reason of a failure or question, and the result.

Beside `writer`, under the same law: a model's words are data, so the edit is read back in its place before it is given
away. A result is one paragraph in a block quote; it replaces an older one only where that still stands byte for byte
as we wrote it, else it stands beside it, because then a person wrote there.

Invariant: the written task has exactly that mark, reason and result, and all else is as it was
(test_an_outcome_is_read_back).
Invariant: the same holds for outcomes that are written together
(test_outcomes_that_are_written_together_are_read_back).
Invariant: an outcome that is there already needs no edit (test_an_outcome_is_written_once).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from orchestrator.errors import EditRefusedError
from orchestrator.model.record import record
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.fields import MAX_REASON, place
from orchestrator.outline.model_text import clean_title
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import foresee, merged
from orchestrator.outline.scan import BYTE_ORDER_MARK, skip_blanks
from orchestrator.outline.segments import Page
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline, Task
from orchestrator.outline.writer import markers, said

Mark = Literal["x", "!", "?", " ", "-"]

MAX_RESULT = 1_000
"""Characters: a short paragraph."""
_TO_ESCAPE = str.maketrans({"\\": "\\\\", "[": "\\[", "]": "\\]", "&": "\\&", "`": "'"})
"""For a field's value; a backtick would pair with one of the title, escaped or not."""


@record
class Outcome:
    """What the file shall say of a task."""

    mark: Mark
    reason: str = ""
    """Of `[!]` and `[?]`; with other marks an older reason is taken away."""
    result: str = ""
    """Empty: as it is."""
    ours: str = ""
    """The result that we wrote into this task before, if any."""


def write_outcome(outline: Outline, task: Task, outcome: Outcome) -> tuple[TextEdit, ...]:
    """Edits that do not overlap; none where the file says it already. Raises EditRefusedError where it cannot."""
    if outline.front_matter.newer:
        raise EditRefusedError(
            "This outline was written for a newer version of Orchestrator, so it is read-only.",
            hint="Update Orchestrator.",
        )
    line = tuple(_first_line(outline.text, task, outcome))
    result = clean_result(outcome.result)
    if not result or task.result == result:
        if not line or _reads_back(outline, task, outcome, line, result, head=True):
            return line
    else:
        for edit, head in _result_edits(outline, task, result, clean_result(outcome.ours)):
            edits = (*line, edit)
            if _reads_back(outline, task, outcome, edits, result, head=head):
                return edits
    raise EditRefusedError(
        "The result cannot be written below this task without changing what it says.",
        hint="Look for a code fence, a comment or an HTML tag that is left open in it, and close that.",
    )


def write_outcomes(outline: Outline, wanted: Sequence[tuple[Task, Outcome]]) -> list[tuple[TextEdit, ...] | None]:
    """The edits of each, or None where it must be written by itself (`write_outcome`), since it may not read back.

    Costs what reading the outline after all of these edits costs, once: they are read back in their places there.
    """
    if outline.front_matter.newer:
        return [None] * len(wanted)
    results = [clean_result(outcome.result) for _, outcome in wanted]
    edits = [_plainest(outline, task, outcome, result) for (task, outcome), result in zip(wanted, results, strict=True)]
    together = merged(outline.text, [edit for one in edits for edit in one or ()])
    if together is None:
        return [None] * len(wanted)
    after = foresee(outline, together)
    touched = {task.segment.key: task for (task, _), one in zip(wanted, edits, strict=True) if one}
    places = _places_after(outline, after, touched)
    if places is None:
        return [None] * len(wanted)
    return [
        one if not one or _says(after, places.get(task.segment.key), task, outcome, result) else None
        for one, (task, outcome), result in zip(edits, wanted, results, strict=True)
    ]


def give_ids(tasks: Iterable[Task], new_id: Callable[[], str]) -> tuple[TextEdit, ...]:
    """An id for each of these tasks that has none."""
    edits: list[TextEdit] = []
    for task in tasks:
        if task.task_id is None:
            end = task.offset + len(task.written.rstrip(" \t"))
            edits.append(TextEdit(end, end, f"  ^{new_id()}"))
    return tuple(edits)


def clean_result(result: str) -> str:
    """One line, cut at a word."""
    line = clean_title(result) if result else ""
    if len(line) <= MAX_RESULT:
        return line
    return (line[: MAX_RESULT - 1].rsplit(" ", 1)[0] or line[: MAX_RESULT - 1]) + "…"


def clean_reason(reason: str) -> str:
    """One line that fits into a `reason` field."""
    line = clean_title(reason.replace("`", "'"))
    return line if len(line) <= MAX_REASON else line[: MAX_REASON - 1].rstrip() + "…"


def _first_line(text: Text, task: Task, outcome: Outcome) -> Iterator[TextEdit]:
    if task.mark != outcome.mark:
        yield TextEdit(*task.mark_span, outcome.mark)
    reason = clean_reason(outcome.reason) if outcome.mark in {"!", "?"} else ""
    if task.fields.get("reason", "") == reason:
        return
    written = f"[reason:: {reason.translate(_TO_ESCAPE)}]"
    field = place(text, task, "reason")
    if field is not None and reason:
        yield TextEdit(field.start, field.end, written)
        return
    line_start, line = text.line_start(task.line), text.line(task.line)
    if field is not None:
        start = line_start + len(line[: field.start - line_start].rstrip(" \t"))
        yield TextEdit(start, field.end, "")
        return
    before_id = task.id_span[0] - line_start if task.id_span else len(line)
    end = line_start + len(line[:before_id].rstrip(" \t"))
    yield TextEdit(end, end, f"  {written}")


def _result_edits(outline: Outline, task: Task, result: str, ours: str) -> Iterator[tuple[TextEdit, bool]]:
    """Ways to write the result, the plainest first; True where only the task's own head is touched."""
    text = outline.text
    indent = _indent(task)
    written = f"{indent}> Result: {result}"
    own_end, head = task.own_end_line, True
    if not outline.segments.has_none_below(task.index):
        children_line = _children_line(task)
        own_end, head = min(own_end, children_line), own_end <= children_line
    if ours and task.result == ours:
        old = f"{indent}> Result: {ours}"
        for line in range(own_end - 1, task.line, -1):
            if text.line(line) == old:
                yield TextEdit(text.line_start(line), text.line_end(line), written), head
    yield from _inserted(text, own_end, written, head)
    yield from _inserted(text, task.own_end_line, written, head=False)
    yield from _inserted(text, task.end_line, written, head=False)


def _inserted(text: Text, line: int, written: str, head: bool) -> Iterator[tuple[TextEdit, bool]]:
    """Before this line, with blank lines around it or without."""
    end, newline = text.line_end(line - 1), text.newline
    for before in ("", newline):
        for after in ("", newline):
            yield TextEdit(end, end, f"{newline}{before}{written}{after}"), head


def _children_line(task: Task) -> int:
    """Where its first subtask stands, or where its branch ends."""
    first = task.first_child
    return task.end_line if first is None else first.line


def _indent(task: Task) -> str:
    line = task.written.removeprefix(BYTE_ORDER_MARK)
    blanks, column = skip_blanks(line, 0, len(line), 0)
    return line[:blanks] + " " * (task.content_column - column)


def _plainest(outline: Outline, task: Task, outcome: Outcome, result: str) -> tuple[TextEdit, ...] | None:
    """The first way that `write_outcome` would try; None where that touches more than the task's own head."""
    line = tuple(_first_line(outline.text, task, outcome))
    if not result or task.result == result:
        return line
    edit, head = next(_result_edits(outline, task, result, clean_result(outcome.ours)))
    return (*line, edit) if head else None


def _places_after(outline: Outline, after: Outline, touched: Mapping[int, Task]) -> dict[int, int] | None:
    """Where these tasks are in the new outline, by the key of their segment.

    None unless nothing but these tasks changed, and they only grew or got another mark.
    """
    old, new = outline.segments, after.segments
    if len(old) != len(new):
        return None
    front, back = _shared_pages(old.pages, new.pages)
    old_end, new_end = len(old.pages) - back, len(new.pages) - back
    start, end = old.first_of(front), old.first_of(old_end)
    if (start, end) != (new.first_of(front), new.first_of(new_end)):
        return None
    places: dict[int, int] = {}
    for index, (before, now) in enumerate(zip(old.between(start, end), new.between(start, end), strict=True), start):
        if before is now:
            continue
        if before.key != now.key or before.task_id != now.task_id:
            return None
        if before.key in touched and now.lines >= before.lines:
            places[now.key] = index
        elif before.shape is not now.shape or before.lines != now.lines:
            return None
    return places


def _shared_pages(old: Sequence[Page], new: Sequence[Page]) -> tuple[int, int]:
    """How many pages at the start, and at the end, the two have in common."""
    most = min(len(old), len(new))
    front = 0
    while front < most and old[front] is new[front]:
        front += 1
    back = 0
    while back < most - front and old[-1 - back] is new[-1 - back]:
        back += 1
    return front, back


def _says(after: Outline, place: int | None, task: Task, outcome: Outcome, result: str) -> bool:
    """Whether the task, which is at this place in the new outline, reads there as it should."""
    now = None if place is None else after.node(place)
    if not isinstance(now, Task):
        return False
    said, should = now.contents, task.contents
    return (
        (now.mark, now.depth, now.ordered) == (outcome.mark, task.depth, task.ordered)
        and _first_line_says(now, task, outcome)
        and (said.description, said.acceptance) == (should.description, should.acceptance)
        and said.result == (result or should.result)
    )


def _first_line_says(now: Task, task: Task, outcome: Outcome) -> bool:
    """Title and fields. What stands behind the check box says the same where it is the same."""
    if outcome.mark not in {"!", "?"} and "reason" not in task.fields:
        behind = now.segment.shape.mark_at + 1, task.segment.shape.mark_at + 1
        if now.written[behind[0] :] == task.written[behind[1] :]:
            return True
    return now.title == task.title and dict(now.fields) == _fields_with(task, outcome)


def _fields_with(task: Task, outcome: Outcome) -> dict[str, str]:
    fields = {key: value for key, value in task.fields.items() if key != "reason"}
    if outcome.mark in {"!", "?"} and (reason := clean_reason(outcome.reason)):
        fields["reason"] = reason
    return fields


def _reads_back(
    outline: Outline, task: Task, outcome: Outcome, edits: Iterable[TextEdit], result: str, *, head: bool
) -> bool:
    """Read the edited task and compare: up to its first subtask, or with all of its branch and the line behind."""
    text = outline.text
    first = task.first_child if head else None
    last_line = first.line if first is not None else task.end_line - 1
    start, end = task.mark_span[0] - 1, text.line_end(last_line)
    here = [TextEdit(edit.start - start, edit.end - start, edit.text) for edit in edits]
    branch = markers(task.content_column) + apply(text.string[start:end], here)
    end_line = Text(branch).line_count
    if last_line + 1 < text.line_count and first is None:
        branch += text.newline + text.line(last_line + 1)
    now = parse(branch).task_at_line(0)
    if now is None or now.end_line > end_line:
        return False
    children = task.children[:1] if first is not None else task.children
    return (
        (now.title, now.mark, now.task_id) == (task.title, outcome.mark, task.task_id)
        and dict(now.fields) == _fields_with(task, outcome)
        and [(child.title, child.depth - now.depth) for child in now.children]
        == [(child.title, child.depth - task.depth) for child in children]
        and said(now)[:2] == said(task)[:2]
        and now.result == (result or task.result)
    )
