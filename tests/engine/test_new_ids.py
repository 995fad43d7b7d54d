"""New ids that no task of the workspace has."""

from __future__ import annotations

import random

import pytest

from orchestrator.engine.new_ids import id_source, require_no_misplaced_id
from orchestrator.errors import TaskError
from orchestrator.outline.identity import LONGER_FROM
from orchestrator.outline.parse import parse


def made(source: str, count: int, elsewhere: frozenset[str] = frozenset(), tasks: int = 0) -> list[str]:
    new_id = id_source(parse(source), elsewhere, tasks, random.Random(7))
    return [new_id() for _ in range(count)]


def test_new_ids_are_free() -> None:
    first = made("- [ ] a\n", 20)
    assert len(set(first)) == 20
    assert made("- [ ] a\n", 20) == first  # the same seed, the same text
    again = made(f"- [ ] a  ^{first[0]}\n", 20, frozenset(first[1:5]))
    assert again == first[5:] + again[15:]
    assert not set(again) & set(first[:5])


def test_a_large_workspace_has_longer_ids() -> None:
    assert {len(task_id) for task_id in made("- [ ] a\n", 5, tasks=LONGER_FROM - 2)} == {5}
    assert {len(task_id) for task_id in made("- [ ] a\n", 5, tasks=LONGER_FROM - 1)} == {6}


@pytest.mark.parametrize("line", ["- [ ] Book  ^b7c2d for Saturday", "- [x] Book ^b7c2d [mode:: auto]"])
def test_an_id_at_the_wrong_place_is_told(line: str) -> None:
    with pytest.raises(TaskError, match=r"the id \^b7c2d of “Book” \(line 2\)"):
        require_no_misplaced_id(parse(f"# Hall\n{line}\n").tasks())


@pytest.mark.parametrize("line", ["- [ ] Book  ^b7c2d", "- [ ] Book `^b7c2d x` now", "- [ ] 2^b7c2d is a number"])
def test_an_id_in_its_place_is_none_of_those(line: str) -> None:
    require_no_misplaced_id(parse(f"{line}\n").tasks())
