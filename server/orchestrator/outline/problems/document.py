"""What is wrong with the document before any task is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.outline.front_matter import FORMAT, place_of
from orchestrator.outline.problems.problem import Code, Problem, Related, Severity, Subject, Tag
from orchestrator.outline.scan import MAX_DEPTH
from orchestrator.outline.text import Text

_CONFLICT = re.compile(r"(?:\A\ufeff?|(?<=[\r\n]))(<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)")
_TASK = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[^\r\n]\](?=[ \t\r\n]|\Z)")


def unreadable_front_matter(subject: Subject) -> Iterator[Problem]:
    front = subject.outline.front_matter
    if front.problem is not None:
        text = subject.outline.text
        span = text.line_start(front.problem_line), text.line_end(front.problem_line)
        yield Problem(Code.UNREADABLE_FRONT_MATTER, Severity.ERROR, *span, front.problem, tags=(Tag.UNNECESSARY,))


def later_format(subject: Subject) -> Iterator[Problem]:
    front = subject.outline.front_matter
    if front.newer:
        message = (
            f"This outline is of format {front.settings['orchestrator']}, and this Orchestrator knows "
            f"format {FORMAT}: it reads the outline, and never changes it. Update Orchestrator."
        )
        span = place_of(subject.outline.text, front, "orchestrator")
        yield Problem(Code.LATER_FORMAT, Severity.WARNING, *span, message)


def conflicts(subject: Subject) -> Iterator[Problem]:
    """From `<<<<<<<` to `>>>>>>>`, also in a code block. Alone only `<<<<<<<` counts: the others may be Markdown."""
    text = subject.outline.text
    found: list[tuple[int, int]] = []
    for match in _CONFLICT.finditer(text.string):
        span = match.start(1), text.line_end(text.line_of(match.start(1)))
        mark = match.group(1)[0]
        if mark == "<":
            if found:
                yield _conflict(found)
            found = [span]
        elif found:
            found.append(span)
            if mark == ">":
                yield _conflict(found)
                found = []
    if found:
        yield _conflict(found[:1])


def _conflict(lines: list[tuple[int, int]]) -> Problem:
    message = (
        "A merge left both versions here. Keep one of them or both, "
        "and delete the lines that start with <<<<<<<, ||||||| , ======= and >>>>>>>."
    )
    related = tuple(Related(*line, "A mark of the same conflict") for line in [*lines[1:3], *lines[3:][-1:]])
    return Problem(Code.MERGE_CONFLICT, Severity.ERROR, *lines[0], message, related)


def lost_tasks(subject: Subject) -> Iterator[Problem]:
    """Tasks below the deepest level are text of the one above. One problem for each task that swallowed some."""
    text = subject.outline.text
    for task in subject.outline.tasks():
        if task.depth < MAX_DEPTH:
            continue
        span = _first_task_of(text, task.line + 1, task.own_end_line)
        if span is not None:
            message = (
                f"This is deeper than {MAX_DEPTH} lists, so it is text and no task. "
                "Move it up, or into an outline of its own."
            )
            yield Problem(Code.TOO_DEEP, Severity.WARNING, *span, message, tags=(Tag.UNNECESSARY,))


def _first_task_of(text: Text, start: int, end: int) -> tuple[int, int] | None:
    for line in range(start, end):
        if _TASK.match(text.string, text.line_start(line), text.line_end(line)):
            written = text.line(line)
            return text.line_start(line) + len(written) - len(written.lstrip(" \t")), text.line_end(line)
    return None
