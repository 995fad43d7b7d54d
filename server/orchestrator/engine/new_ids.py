"""New ids that no task of the workspace has.

Apart from `outline.identity`, which makes one id, because whoever writes several into one text must not give one out
twice, and because the rest of the workspace is known to whoever holds the text.

Invariant: a new id is none of this text, none of the others', and none given out before (test_new_ids_are_free).
Invariant: a task whose id stands at the wrong place gets no second one (test_an_id_at_the_wrong_place_is_told).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable

from orchestrator.engine.editor import View
from orchestrator.errors import TaskError
from orchestrator.model.safe_text import one_line
from orchestrator.outline.identity import fresh_id
from orchestrator.outline.problems.ids import misplaced
from orchestrator.outline.segments import Kind
from orchestrator.outline.tree import Outline, Task


def id_source(
    outline: Outline,
    ids_elsewhere: Container[str] = frozenset[str](),
    tasks_elsewhere: int = 0,
    rng: random.Random | None = None,
) -> Callable[[], str]:
    """`rng` makes the ids the same each time, for an edit that is computed twice."""
    chance = random.SystemRandom() if rng is None else rng
    here = [segment.task_id for segment in outline.segments if segment.shape.kind is Kind.TASK]
    taken = _Taken({task_id for task_id in here if task_id is not None}, ids_elsewhere)
    count = len(here) + tasks_elsewhere

    def new_id() -> str:
        made = fresh_id(taken, count, chance)
        taken.here.add(made)
        return made

    return new_id


def seeded_source(view: View, seed: str) -> Callable[[], str]:
    """Ids that are random, and the same ones again for the same text and seed."""
    rng = random.Random(seed)  # noqa: S311 - an id is no secret
    return id_source(view.outline, view.ids_elsewhere, view.tasks_elsewhere, rng)


def require_no_misplaced_id(tasks: Iterable[Task]) -> None:
    """Raises TaskError for one that words stand behind: with a new id its dependencies and history would be lost."""
    for task in tasks:
        if (found := misplaced(task)) is not None:
            title = one_line(task.title.partition(f"^{found[2]}")[0].strip(), 70)
            raise TaskError(
                f"Words stand behind the id ^{found[2]} of “{title}” (line {task.line + 1}), so it is no id any more.",
                hint="Move it to the end (a quick fix and `orchestrator check --fix` do), or write it as `code`.",
            )


def first_ids(seed: str) -> set[str]:
    """What `seeded_source` may give first."""
    nobody: set[str] = set()
    return {fresh_id(nobody, count, random.Random(seed)) for count in (0, 10_000)}  # noqa: S311 - as above


class _Taken(Container[str]):
    def __init__(self, here: set[str], elsewhere: Container[str]) -> None:
        self.here = here
        self._elsewhere = elsewhere

    def __contains__(self, task_id: object) -> bool:
        return isinstance(task_id, str) and (task_id in self.here or task_id in self._elsewhere)
