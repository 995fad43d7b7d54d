"""What is wrong with the document before any task is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from orchestrator.outline.front_matter import FORMAT, place_of
from orchestrator.outline.problems.problem import Also, Code, Found, Place, Problem, Severity, Tag, place_in
from orchestrator.outline.scan import MAX_DEPTH
from orchestrator.outline.tree import Node, Outline, Task

_CONFLICT = re.compile(r"(?:\A\ufeff?|(?<=[\r\n]))(<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)[^\r\n]*")
_TASK = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[^\r\n]\](?=[ \t\r\n]|\Z)")


def unreadable_front_matter(outline: Outline) -> Iterator[Problem]:
    front = outline.front_matter
    if front.problem is not None:
        text = outline.text
        span = text.line_start(front.problem_line), text.line_end(front.problem_line)
        yield Problem(Code.UNREADABLE_FRONT_MATTER, Severity.ERROR, *span, front.problem, tags=(Tag.UNNECESSARY,))


def later_format(outline: Outline) -> Iterator[Problem]:
    front = outline.front_matter
    if front.newer:
        message = (
            f"This outline is of format {front.settings['orchestrator']}, and this Orchestrator knows "
            f"format {FORMAT}: it reads the outline, and never changes it. Update Orchestrator."
        )
        span = place_of(outline.text, front, "orchestrator")
        yield Problem(Code.LATER_FORMAT, Severity.WARNING, *span, message)


def may_conflict(string: str) -> bool:
    """Whether it is worth looking for lines of a merge conflict."""
    return "<<<<<<<" in string or "=======" in string or ">>>>>>>" in string or "|||||||" in string


def conflict_marks(string: str) -> Iterator[tuple[int, int, str]]:
    """The lines of a merge conflict: where each starts and ends, and its character."""
    if may_conflict(string):
        for match in _CONFLICT.finditer(string):
            yield match.start(1), match.end(), match.group(1)[0]


def conflicts(marks: Iterable[tuple[Place, str]]) -> Iterator[Found]:
    """From `<<<<<<<` to `>>>>>>>`, also in a code block. Alone only `<<<<<<<` counts: the others may be Markdown."""
    found: list[Place] = []
    for place, mark in marks:
        if mark == "<":
            if found:
                yield _conflict(found)
            found = [place]
        elif found:
            found.append(place)
            if mark == ">":
                yield _conflict(found)
                found = []
    if found:
        yield _conflict(found[:1])


def _conflict(lines: list[Place]) -> Found:
    message = (
        "A merge left both versions here. Keep one of them or both, "
        "and delete the lines that start with <<<<<<<, ||||||| , ======= and >>>>>>>."
    )
    related = tuple(Also(line, "A mark of the same conflict") for line in [*lines[1:3], *lines[3:][-1:]])
    return Found(Code.MERGE_CONFLICT, Severity.ERROR, lines[0], message, related)


def lost_task(node: Node) -> Iterator[Found]:
    """Tasks below the deepest level are text of the one above. One problem for each task that swallowed some."""
    if not isinstance(node, Task) or node.depth < MAX_DEPTH:
        return
    text = node.outline.text
    for line in range(node.line + 1, node.line + node.segment.lines):
        written = text.line(line)
        if _TASK.match(written):
            start = text.line_start(line)
            place = place_in(node, (start + len(written) - len(written.lstrip(" \t")), start + len(written)))
            message = (
                f"This is deeper than {MAX_DEPTH} lists, so it is text and no task. "
                "Move it up, or into an outline of its own."
            )
            yield Found(Code.TOO_DEEP, Severity.WARNING, place, message, tags=(Tag.UNNECESSARY,))
            return
