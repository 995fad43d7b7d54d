"""Tasks of another program that wait for each other in a circle: refused, with the path.

Apart from `outline.waiting`, which shows a person the circles in an outline of theirs: a circle that is brought in
would be nobody's.

Invariant: a circle is found however long it is (test_a_long_circle_is_found).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.errors import FileError
from orchestrator.model.safe_text import one_line


@dataclass(frozen=True, slots=True)
class Waiting:
    key: str
    shown: str
    """What a person calls it."""
    waits_for: tuple[str, ...]


def refuse_cycles(name: str, given: Iterable[Waiting]) -> None:
    """Raises FileError. Without recursion: a chain may be as long as the file."""
    waits: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for one in given:
        waits.setdefault(one.key, []).extend(one.waits_for)
        shown[one.key] = one.shown
    done: set[str] = set()
    for start, first in waits.items():
        path: list[str] = [start]
        on_path = {start}
        steps = [iter(first)]
        while path:
            following = next(steps[-1], None)
            if following is None:
                steps.pop()
                on_path.discard(path[-1])
                done.add(path.pop())
            elif following in on_path:
                circle = [*path[path.index(following) :], following]
                told = " → ".join(one_line(shown.get(key, key), 30) for key in circle[:12])
                raise FileError(
                    f"{one_line(name)} cannot be imported: tasks wait for each other in a circle ({told}).",
                    hint="Remove one of these dependencies; nothing was written.",
                )
            elif following not in done and following in waits:
                path.append(following)
                on_path.add(following)
                steps.append(iter(waits[following]))
