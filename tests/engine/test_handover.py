"""Changes for one text, made in what became of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.handover import moved
from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.edits import apply
from orchestrator.outline.outcome import give_ids
from orchestrator.outline.parse import parse
from orchestrator.outline.writer import add_subtasks

BASE = "# Trip\n\n1. [ ] Pack\n   Carefully.\n2. [ ] Leave\n"


def ids():
    numbers = iter(range(100))
    return lambda: f"id{next(numbers):03}"


def naming(base):
    outline = parse(base)
    return give_ids(outline, [task for task in outline.tasks() if task.task_id is None], ids())


@pytest.mark.parametrize(
    "now",
    [
        BASE,
        "# Trip to the sea\n\n1. [ ] Pack\n   Carefully.\n2. [ ] Leave\n",
        "# Trip\n\n- [ ] Dream\n\n1. [ ] Pack\n   With care.\n   And love.\n2. [ ] Leave\n3. [ ] Return\n",
        "1. [ ] Pack\n2. [ ] Leave\n",
    ],
)
def test_ids_go_to_the_same_tasks(now):
    made = parse(apply(now, moved(BASE, naming(BASE), parse(now))))
    assert {task.title: task.task_id for task in made.tasks() if task.task_id} == {"Pack": "id000", "Leave": "id001"}
    assert made.text.string.replace("  ^id000", "").replace("  ^id001", "") == now


@pytest.mark.parametrize(
    "now",
    [
        BASE.replace("Leave", "Go"),
        BASE.replace("[ ] Leave", "[x] Leave"),
        BASE.replace("2. [ ] Leave\n", ""),
        "",
        f"```\n{BASE}```\n",
    ],
)
def test_other_lines_are_refused(now):
    with pytest.raises(EditRefusedError):
        moved(BASE, naming(BASE), parse(now))


def test_subtasks_go_below_the_same_task():
    base = "- [ ] Pack  ^aaaaa\n  Carefully.\n- [ ] Leave  ^bbbbb\n"
    outline = parse(base)
    plan = Plan((PlannedTask("Socks"), PlannedTask("Shirts")), ordered=False)
    edits = add_subtasks(outline, outline.by_id("aaaaa")[0], plan, ids(), every_id=True)
    now = base.replace("[ ] Leave", "[x] Leave").replace("- [ ] Pack", "- [ ] Dream\n- [ ] Pack")
    made = parse(apply(now, moved(base, edits, parse(now))))
    assert [child.title for child in made.by_id("aaaaa")[0].children] == ["Socks", "Shirts"]


LINES = st.lists(
    st.sampled_from(["- [ ] a", "- [ ] b", "  - [ ] c", "  text", "# h", "", "```", "- [x] d  ^ddddd"]), max_size=9
).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(LINES, LINES)
def test_a_moved_change_says_the_same_or_is_refused(base, now):
    edits = naming(base)
    meant = parse(apply(base, edits))
    try:
        found = moved(base, edits, parse(now))
    except EditRefusedError:
        return
    after = apply(now, found)
    made = parse(after)
    new = [task for task in meant.tasks() if task.task_id and task.task_id.startswith("id")]
    for task in new:
        (there,) = made.by_id(task.task_id)
        assert there.title == task.title
        after = after.replace(f"  ^{task.task_id}", "")
    assert after == now
