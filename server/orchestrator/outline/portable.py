"""An outline as values (`model.portable`): what stands in it, without where and how it is written.

Apart from `tree`, because nobody else wants all of a document at once.

Invariant: an outline that is written from these values has the same values (test_portable_outlines_are_read_back).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from orchestrator.model.portable import PortableOutline, PortableSection, PortableTask
from orchestrator.outline.own_text import outside, runs, trimmed
from orchestrator.outline.scan import BYTE_ORDER_MARK, is_blank
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Section, Task


def portable(outline: Outline) -> PortableOutline:
    text, front = outline.text, outline.front_matter
    loose = _joined(text, outside(outline))
    return PortableOutline(
        front_matter=_lines(text, 1, front.end_line - 1) if front.end_line else None,
        text=loose.removeprefix(BYTE_ORDER_MARK),
        tasks=_tasks(outline.nodes),
        sections=_sections(outline.nodes),
    )


def _section(section: Section) -> PortableSection:
    text, children = section.outline.text, section.children
    return PortableSection(
        title=section.title,
        level=section.level,
        fields=tuple(section.fields.items()),
        text=_joined(text, runs(text, section)),
        tasks=_tasks(children),
        sections=_sections(children),
    )


def _sections(nodes: Iterable[Node]) -> tuple[PortableSection, ...]:
    return tuple(_section(node) for node in nodes if isinstance(node, Section))


def _tasks(nodes: Iterable[Node]) -> tuple[PortableTask, ...]:
    tasks = [node for node in nodes if isinstance(node, Task)]
    begins = [False, *(_begins_list(before, task) for before, task in pairwise(tasks))]
    return tuple(_task(task, new_list) for task, new_list in zip(tasks, begins, strict=False))


def _begins_list(before: Task, task: Task) -> bool:
    return before.ordered == task.ordered and not task.segment.shape.joined


def _task(task: Task, new_list: bool) -> PortableTask:
    return PortableTask(
        title=task.title,
        mark=task.mark,
        task_id=task.task_id,
        fields=tuple(task.fields.items()),
        description=task.description,
        acceptance=task.acceptance,
        result=task.result or "",
        ordered=task.ordered,
        new_list=new_list,
        children=_tasks(task.children),
    )


def _joined(text: Text, found: Iterable[tuple[int, int]]) -> str:
    """These lines, with an empty one between parts that did not stand together."""
    parts: list[str] = []
    for start, end in _merged(text, found):
        parts.append(_lines(text, start, end))
    return "\n\n".join(parts)


def _merged(text: Text, found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    held: tuple[int, int] | None = None
    for lines in found:
        start, end = trimmed(text, *lines)
        if start == end:
            continue
        if held is not None and all(is_blank(text.line(line)) for line in range(held[1], start)):
            held = held[0], end
            continue
        if held is not None:
            yield held
        held = start, end
    if held is not None:
        yield held


def _lines(text: Text, start: int, end: int) -> str:
    lines: Sequence[str] = [text.line(line) for line in range(start, end)]
    return "\n".join("" if is_blank(line) else line for line in lines)
