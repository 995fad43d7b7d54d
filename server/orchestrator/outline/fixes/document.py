"""What is wrong with the document as a whole: both versions of a merge, and front matter that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.outline.actions.ids import id_written
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fixes.fix import Edits, Fix, NewId
from orchestrator.outline.front_matter import front_matter
from orchestrator.outline.problems import Problem
from orchestrator.outline.reparse import reparse
from orchestrator.outline.scan import start_of
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline

_MARK = re.compile(r"(<{7}|\|{7}|={7}|>{7})(?= |\Z)")


@dataclass(frozen=True, slots=True)
class _Conflict:
    """The lines of its marks."""

    ours: int
    base: int | None
    middle: int
    theirs: int


def merge_conflict(outline: Outline, problem: Problem, new_id: NewId) -> Iterator[Fix]:
    conflict = _conflict_at(outline.text, outline.text.line_of(problem.start))
    if conflict is None:
        return
    yield Fix("both", "Keep both versions", lambda: _both(outline, conflict, new_id), preferred=True)
    yield Fix("ours", "Keep the upper version (ours)", lambda: _kept(outline.text, conflict, ours=True))
    yield Fix("theirs", "Keep the lower version (theirs)", lambda: _kept(outline.text, conflict, ours=False))


def unreadable_front_matter(outline: Outline, problem: Problem, _: NewId) -> Iterator[Fix]:
    """What one character in the line that is named, or the one before it, would mend."""
    text = outline.text
    named = text.line_of(problem.start)
    for line in (named, named - 1):
        if not 0 < line < outline.front_matter.end_line - 1:
            continue
        end = text.line_start(line) + len(text.line(line).rstrip(" \t"))
        for closing in ("}", "]", '"', "'"):
            edit = TextEdit(end, end, closing)
            if _reads(text, edit):
                yield Fix(f"close:{line}", f"Close it with {closing}", lambda edit=edit: (edit,), preferred=True)
                return
    for line in (named, named - 1):
        if 0 < line < outline.front_matter.end_line - 1:
            start = text.line_start(line)
            edit = TextEdit(start, start, "# ")
            if _reads(text, edit):
                yield Fix(f"comment:{line}", "Make a comment of this line", lambda edit=edit: (edit,))
                return


def _reads(text: Text, edit: TextEdit) -> bool:
    return front_matter(text.replace(edit.start, edit.end, edit.text)).problem is None


def _conflict_at(text: Text, line: int) -> _Conflict | None:
    base = middle = None
    for other in range(line + 1, text.line_count):
        match = _MARK.match(text.line(other))
        if match is None:
            continue
        mark = match.group(1)[0]
        if mark == "<":
            return None
        if mark == "|" and base is None and middle is None:
            base = other
        elif mark == "=" and middle is None:
            middle = other
        elif mark == ">":
            return None if middle is None else _Conflict(line, base, middle, other)
    return None


def _kept(text: Text, conflict: _Conflict, *, ours: bool) -> Edits:
    if ours:
        return (_lines(text, conflict.ours, conflict.ours + 1), _rest(text, conflict.base or conflict.middle, conflict))
    return (_lines(text, conflict.ours, conflict.middle + 1), _rest(text, conflict.theirs, conflict))


def _both(outline: Outline, conflict: _Conflict, new_id: NewId) -> Edits:
    """Ids that then stand twice are fresh in the lower version."""
    text = outline.text
    edits = [
        _lines(text, conflict.ours, conflict.ours + 1),
        _lines(text, conflict.base or conflict.middle, conflict.middle + 1),
        _rest(text, conflict.theirs, conflict),
    ]
    after = reparse(outline, edits)
    upper = (conflict.base or conflict.middle) - conflict.ours - 1
    first = conflict.ours + upper
    last = first + conflict.theirs - conflict.middle - 1
    shift = text.line_start(conflict.middle + 1) - after.text.line_start(first)
    for task in after.tasks():
        twice = task.task_id is not None and len(after.by_id(task.task_id)) > 1
        if first <= task.line < last and twice:
            edit = id_written(after.text, task, new_id())
            edits.append(TextEdit(edit.start + shift, edit.end + shift, edit.text))
    return tuple(edits)


def _lines(text: Text, first: int, end: int) -> TextEdit:
    return TextEdit(start_of(text, first), start_of(text, end), "")


def _rest(text: Text, first: int, conflict: _Conflict) -> TextEdit:
    """From this line to the last mark; a file that ends there keeps no line break that it would not have had."""
    return TextEdit(start_of(text, first), start_of(text, conflict.theirs + 1), "")
