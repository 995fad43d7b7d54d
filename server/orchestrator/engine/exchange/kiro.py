"""Kiro's `tasks.md`: numbered check boxes, done in order; a star marks what is optional.

The numbers go, since the lists are numbered themselves; `_Requirements: 1.1_` stays where it was, in the description.
Where all tasks stand in one flat list, `1.1` becomes a subtask of `1`.

Invariant: a file of Kiro's becomes lists in sequence (test_a_file_of_kiro).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.engine.exchange import Foreign, Imported
from orchestrator.engine.exchange.markdown_items import Item, nested, parts_of, walk
from orchestrator.engine.exchange.markdown_list import FRONT
from orchestrator.model.portable import PortableTask

_NUMBERED = re.compile(r"(\d+(?:\.\d+)*)\.?[ \t]+(?=\S)")
_SIGN = re.compile(r"^[ \t]*[-*+] \[[^\]\n]\]\*?[ \t]+\d+(?:\.\d+)*\.?[ \t]", re.MULTILINE)
_BOX = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+\[[^\]\n]\]", re.MULTILINE)
_MARKS = {"-": "/", "~": " "}
"""Kiro writes `[-]` for what is under way, and `[~]` for what waits its turn."""
OPTIONAL = ("optional", "true")


class Kiro:
    @property
    def name(self) -> str:
        return "kiro"

    def recognises(self, foreign: Foreign) -> bool:
        boxes = len(_BOX.findall(foreign.text))
        return boxes > 0 and 2 * len(_SIGN.findall(foreign.text)) >= boxes

    def read(self, foreign: Foreign) -> Imported:
        parts = parts_of(foreign.text)
        tasks = {index: _tasks(_below(part.items)) for index, part in enumerate(parts)}
        count = sum(1 for part in parts for _ in walk(part.items))
        starred = sum(item.starred for part in parts for item in walk(part.items))
        notes = (f"{starred:,} optional tasks have the field [optional:: true].",) if starred else ()
        return Imported(nested(parts, tasks, FRONT), notes, what=f"{count:,} tasks of Kiro")


def _below(items: Sequence[Item]) -> tuple[Item, ...]:
    """Items of one list by their numbers: `1.1` below `1`."""
    found: list[Item] = []
    path: list[tuple[str, Item]] = []

    def close() -> None:
        _, item = path.pop()
        if path:
            number, parent = path[-1]
            path[-1] = (number, replace(parent, children=(*parent.children, item)))
        else:
            found.append(item)

    for item in items:
        number = _number(item)
        while path and not (number and number.startswith(path[-1][0] + ".")):
            close()
        path.append((number or "\0", replace(item, children=_below(item.children))))
    while path:
        close()
    return tuple(found)


def _number(item: Item) -> str:
    match = _NUMBERED.match(item.title)
    return match.group(1) if match else ""


def _tasks(items: Sequence[Item]) -> tuple[PortableTask, ...]:
    return tuple(
        PortableTask(
            title=_NUMBERED.sub("", item.title, count=1) if _number(item) else item.title,
            mark=_MARKS.get(item.mark, item.mark),
            fields=(OPTIONAL,) if item.starred else (),
            description=item.body,
            ordered=True,
            children=_tasks(item.children),
        )
        for item in items
    )
