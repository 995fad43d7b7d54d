"""Changes for one text, made in what became of it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.handover import Elsewhere, moved
from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.outcome import give_ids
from orchestrator.outline.parse import parse
from orchestrator.outline.writer import add_subtasks
from orchestrator.store.store import Store

BASE = "# Trip\n\n1. [ ] Pack\n   Carefully.\n2. [ ] Leave\n"


def ids():
    numbers = iter(range(100))
    return lambda: f"id{next(numbers):03}"


def naming(base):
    outline = parse(base)
    return give_ids([task for task in outline.tasks() if task.task_id is None], ids())


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


@pytest.mark.parametrize(
    "now",
    [
        BASE.replace("   Carefully.\n", "   Carefully.\n   - [ ] Hats\n"),
        f"- [ ] All\n\n{BASE}".replace("\n1.", "\n  1.").replace("\n   C", "\n     C").replace("\n2.", "\n  2."),
    ],
)
def test_subtasks_go_below_the_same_task_as_it_was(now):
    outline = parse(BASE)
    edits = add_subtasks(outline, next(outline.tasks()), Plan((PlannedTask("Socks"),)), ids())
    with pytest.raises(EditRefusedError):
        moved(BASE, edits, parse(now))


def test_words_are_said_of_the_same_task():
    base = "- [ ] Pack\n  Warm things.\n- [ ] Leave\n"
    at = base.index("Warm")
    edit = TextEdit(at, at + 4, "Light")
    assert moved(base, [edit], parse(f"# Trip\n\n{base}"))[0].start == at + len("# Trip\n\n")
    with pytest.raises(EditRefusedError):
        moved(base, [edit], parse(base.replace("- [ ] Pack", "  ```\n- [ ] Pack")))
    with pytest.raises(EditRefusedError):
        moved(base, [edit], parse(base.replace("- [ ] Leave", "  And a hat.\n- [ ] Leave")))


@pytest.mark.parametrize("now", ["", "\n", "\r\n"])
def test_a_file_that_is_to_be_fills_an_empty_editor(now):
    assert apply(now, moved("", [TextEdit(0, 0, BASE)], parse(now))) == BASE


def test_a_file_that_is_to_be_leaves_an_editor_with_text():
    with pytest.raises(EditRefusedError):
        moved("", [TextEdit(0, 0, BASE)], parse("# Mine\n"))


@pytest.mark.parametrize("begun", [False, True], ids=["not begun", "being made"])
async def test_stopped_while_it_is_handed_over(tmp_path, monkeypatch, begun):
    """Taken back, or waited for: never is a change made of which nobody knows."""
    database = tmp_path / "orchestrator.db"
    store = await Store.open(database)

    async def held(_uri, _now):
        return True

    async def opened():
        return store

    monkeypatch.setattr(store, "held_elsewhere", held)
    told = []

    async def asking():
        told.append(await Elsewhere(opened, database).changes("file:///w/a.md", BASE, [], "Split"))
        await asyncio.sleep(0)
        told.append("not stopped")

    asked = asyncio.create_task(asking())
    while not (waiting := await store.handovers("file:///w/a.md")):
        await asyncio.sleep(0)
    if begun:
        assert await store.begin_handover(waiting[0].handover_id)
    asked.cancel()
    if begun:
        assert not await store.take_back_handover(waiting[0].handover_id)
        assert await store.answer_handover(waiting[0].handover_id, "")
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert told == ([True] if begun else [])
    assert not await store.begin_handover(waiting[0].handover_id)
    assert (await store.size()).rows["handovers"] == 0
    await store.aclose()


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
