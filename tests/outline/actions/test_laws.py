"""What every action keeps, over random outlines with everything odd in them."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import EditRefusedError, OrchestratorError, TaskNotFoundError
from orchestrator.model.task import Status
from orchestrator.outline import actions
from orchestrator.outline.actions.indent import put, slot_of
from orchestrator.outline.actions.intent import changed, fits, rows
from orchestrator.outline.edits import TextEdit, apply, between
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline, Task
from tests.outline.checks import ids
from tests.outline.strategies import INLINE, documents, outlines
from tests.outline.test_growth import check_growth
from tests.support.laws import examples

Edits = tuple[TextEdit, ...]

ACTIONS: dict[str, Callable[[Outline, tuple[Task, ...]], Edits]] = {
    "complete": lambda outline, tasks: actions.set_status(outline, tasks, Status.COMPLETED),
    "fail": lambda outline, tasks: actions.set_status(outline, tasks, Status.FAILED, "no [x] `answer"),
    "cycle": actions.cycle_status,
    "auto": lambda outline, tasks: actions.set_value(outline, tasks, "mode", "auto"),
    "no mode": lambda outline, tasks: actions.set_value(outline, tasks, "mode", None),
    "promote": actions.promote,
    "demote": actions.demote,
    "up": lambda outline, tasks: actions.move(outline, tasks, -1),
    "down": lambda outline, tasks: actions.move(outline, tasks, 1),
    "far down": lambda outline, tasks: actions.move(outline, tasks, 3),
    "subtask": lambda outline, tasks: actions.add_subtask(outline, tasks[0], "a [k:: v] ^b"),
    "sibling": lambda outline, tasks: actions.add_sibling(outline, tasks[0], "new"),
    "accept": lambda outline, tasks: actions.add_acceptance(outline, tasks[0], "it works"),
    "sort": actions.sort_by_status,
    "sequence": lambda outline, tasks: actions.into_sequence(outline, tasks[0]),
    "ids": lambda outline, tasks: actions.assign_ids(outline, tasks, ids()),
    "extract": lambda outline, tasks: actions.extract(outline, tasks[0].line + 1, tasks[-1].end_line - 1),
}
MOVING = ("promote", "demote", "up", "down", "far down", "sort", "sequence")

anything = outlines() | documents
places = st.tuples(st.integers(-1, 12), st.integers(0, 4))


def attempt(name: str, source: str, place: tuple[int, int]) -> str | None:
    """The text after the action, None where it was refused."""
    outline = parse(source)
    try:
        tasks = actions.tasks_in(outline, place[0], place[0] + place[1])
        edits = ACTIONS[name](outline, tasks)
    except (EditRefusedError, TaskNotFoundError) as error:
        return None if error.hint else ""
    return apply(source, edits)


@pytest.mark.parametrize("name", ACTIONS)
@settings(max_examples=examples(40))
@given(source=anything, place=places)
def test_an_action_gives_the_tree_it_means_or_is_refused(name: str, source: str, place: tuple[int, int]):
    """That the tree is the one meant is what each action checks itself; here: that it ends in one of the two ways."""
    outline = parse(source)
    after = attempt(name, source, place)
    if after is not None:
        change = len(list(parse(after).walk())) - len(list(outline.walk()))
        assert change == 1 if name in {"subtask", "sibling"} else change >= 1 if name == "extract" else change == 0


@pytest.mark.parametrize("name", MOVING)
@settings(max_examples=examples(50))
@given(source=anything, place=places)
def test_no_task_is_lost_or_made_twice(name: str, source: str, place: tuple[int, int]):
    after = attempt(name, source, place)
    if after is None:
        return
    old, new = list(parse(source).tasks()), list(parse(after).tasks())
    assert Counter(map(words, old)) == Counter(map(words, new))


@pytest.mark.parametrize("name", MOVING)
@settings(max_examples=examples(50))
@given(source=anything, place=places)
def test_other_lines_keep_their_bytes(name: str, source: str, place: tuple[int, int]):
    """Lines move and are indented anew; nothing else of them changes, and no line break is made or lost."""
    after = attempt(name, source, place)
    if after is None:
        return
    assert Counter(map(bare, source.splitlines())) - Counter(map(bare, after.splitlines())) == Counter()
    assert source.count("\r\n") + after.count("\r\n") == 0 or "\r\n" in source
    assert after.endswith(("\n", "\r")) == source.endswith(("\n", "\r"))


@settings(max_examples=examples(100))
@given(source=anything, place=places)
def test_promote_takes_demote_back(source: str, place: tuple[int, int]):
    outline = parse(source)
    try:
        tasks = actions.tasks_in(outline, place[0], place[0])
        demoted = apply(source, actions.demote(outline, tasks))
        moved = parse(demoted)
        # Demoting leaves every task in its line.
        back = apply(demoted, actions.promote(moved, actions.tasks_in(moved, tasks[0].line, tasks[0].line)))
    except (EditRefusedError, TaskNotFoundError):
        return
    other = actions.chosen.before(outline, tasks[0])
    assert other is not None
    # It comes back into the list of the task that it stood below.
    assert fits(outline, between(source, back), changed(rows(outline), {tasks[0].line: {"ordered": other.ordered}}))


@settings(max_examples=examples(100))
@given(source=anything, place=places)
def test_down_takes_up_back(source: str, place: tuple[int, int]):
    outline = parse(source)
    try:
        (task,) = actions.tasks_in(outline, place[0], place[0])
        other = actions.chosen.before(outline, task)
        edits = actions.move(outline, [task], -1)
    except (EditRefusedError, TaskNotFoundError):
        return
    if other is None or not actions.chosen.same_list(other, task):
        return
    up = parse(apply(source, edits))
    moved = actions.tasks_in(up, other.line, other.line)
    try:
        assert apply(up.text.string, actions.move(up, moved, 1)) == source
    except EditRefusedError:
        return


@given(anything)
def test_a_branch_in_its_own_place_is_left_alone(source: str):
    outline = parse(source)
    assert all(put(outline.text, task, slot_of(outline.text, task)) == () for task in outline.tasks())


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("place", [(-5, 0), (99, 0), (-9, 3), (99, 5), (5, 10**9)])
def test_places_outside_the_text_are_no_task(name: str, place: tuple[int, int]):
    source = "- [ ] a\n- [ ] b\n\n"
    assert attempt(name, source, place) is None


@pytest.mark.parametrize("name", ACTIONS)
def test_an_outline_of_a_later_format_is_never_changed(name: str):
    source = "---\norchestrator: 7\n---\n- [ ] a\n- [ ] b\n  text\n  - [x] c\n  - [ ] d\n- [ ] e\n"
    outline = parse(source)
    for line in range(3, 9):
        with pytest.raises(OrchestratorError):
            ACTIONS[name](outline, actions.tasks_in(outline, line, line))


@settings(max_examples=examples(100))
@given(
    source=anything, line=st.integers(0, 9), at=st.integers(-3, 3), new=st.sampled_from([*INLINE, "\n", "\n- ", "x"])
)
def test_reading_back_what_can_have_changed_is_enough(source: str, line: int, at: int, new: str):
    """Whatever an edit does: the check that skips what it came nowhere near says what the one of everything says."""
    outline = parse(source)
    task = outline.task_at_line(line)
    if task is None:
        return
    offset = min(max(task.mark_span[0] + at, 0), len(source))
    edits = [TextEdit(offset, min(offset + 1, len(source)), new)]
    for changes in ({}, {task.line: {"mark": new}}):
        everything = fits(outline, edits, changed(rows(outline), changes))
        assert fits(outline, edits, changed(rows(outline, task), changes), near=[task]) == everything


GROWING: dict[str, Callable[[int], str]] = {
    "flat": lambda n: "- [ ] a\n" * n,
    "one root": lambda n: "- [ ] a\n" + "  - [x] b\n    text\n" * n,
    "sequence": lambda n: "".join(f"{number}. [ ] a\n" for number in range(1, n + 1)),
    "sections": lambda n: "# A\n\n- [ ] a\n- [ ] b\n" * (n // 2),
}


@pytest.mark.parametrize("shape", GROWING)
@pytest.mark.parametrize("name", ["complete", "promote", "demote", "up", "sibling"])
def test_an_action_grows_with_the_outline_and_no_faster(shape: str, name: str):
    def prepare(size: int) -> Callable[[], object]:
        outline = parse(GROWING[shape](size))
        task = list(outline.tasks())[size // 2]

        def work() -> None:
            with contextlib.suppress(EditRefusedError):
                ACTIONS[name](outline, (task,))

        return work

    check_growth(400, prepare)


def words(task: Task) -> tuple[object, ...]:
    return task.title, task.mark, task.task_id, tuple(task.fields.items()), task.description, task.acceptance


def bare(line: str) -> str:
    """Without its indentation and its list marker."""
    return re.sub(r"^\ufeff?[ \t]*(?:[-+*]|[0-9]+[.)])?(?=[ \t]|$)", "", line).lstrip("\ufeff \t")
