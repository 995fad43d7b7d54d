"""Which task `--task TEXT|ID|LINE` means. Pure.

An id comes first, then a line's number, then the title: complete, else a part of it that fits one task only.

Invariant: what fits several tasks is refused and they are listed (test_several_matches_are_listed).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from itertools import islice

from orchestrator.errors import TaskAmbiguousError, TaskNotFoundError
from orchestrator.model.safe_text import one_line
from orchestrator.outline.tree import Outline, Task

_LISTED = 5
_COMPARED = 2000
"""Titles that are compared for "did you mean": more would take seconds in a huge file."""
_SHOWN = 70
"""Characters of a title in a message."""


def select(outline: Outline, wanted: str) -> Task:
    """Raises TaskNotFoundError or TaskAmbiguousError; both say how to name a task."""
    wanted = wanted.strip()
    everyone = tuple(outline.tasks())
    if not everyone:
        raise TaskNotFoundError(
            "The file has no task.", hint="Write one on a line of its own: `- [ ] What is to be done`."
        )
    if not wanted:
        raise TaskNotFoundError("The task has no name.", hint=_HOW)
    if found := outline.by_id(wanted.removeprefix("^")):
        return _only(found, f"the id ^{wanted.removeprefix('^')}", hint="Name one by the number of its line.")
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 9:
        line = int(wanted) - 1
        task = outline.task_at_line(line) if 0 <= line < outline.text.line_count else None
        if task is not None:
            return task
    if found := tuple(task for task in everyone if task.title == wanted):
        return _only(found, f"“{_short(wanted)}”")
    part = wanted.casefold()
    if found := tuple(task for task in everyone if part in task.title.casefold()):
        return _only(found, f"“{_short(wanted)}”")
    raise _not_found(wanted, everyone)


_HOW = "Name a task by its id, the number of its line, or its title; `orchestrator outline FILE` lists them."


_WHICH = "Name one by the number of its line, or by its id."


def _only(found: Sequence[Task], what: str, hint: str = _WHICH) -> Task:
    if len(found) == 1:
        return found[0]
    listed = "".join(f"\n  line {task.line + 1}: {_short(task.title)}" for task in found[:_LISTED])
    more = f"\n  and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    raise TaskAmbiguousError(f"{len(found):,} tasks fit {what}:{listed}{more}", hint=hint)


def _not_found(wanted: str, everyone: Sequence[Task]) -> TaskNotFoundError:
    by_title = {task.title.casefold(): task for task in islice(everyone, _COMPARED)}
    close = difflib.get_close_matches(wanted.casefold()[:200], by_title, n=3, cutoff=0.5)
    nearest = "".join(f"\n  line {by_title[title].line + 1}: {_short(by_title[title].title)}" for title in close)
    message = f"No task fits “{_short(wanted)}”." + (f" The nearest:{nearest}" if nearest else "")
    if wanted.isascii() and wanted.isdecimal():
        message = f"There is no task in line {wanted}, and none with that id or title."
    return TaskNotFoundError(message, hint=_HOW)


def _short(title: str) -> str:
    return one_line(title, _SHOWN)
