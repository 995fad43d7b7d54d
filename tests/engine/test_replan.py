"""Planning anew: operations from an answer, one edit, the same again is nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.answers import Flaw
from orchestrator.engine.changes import (
    Change,
    are_made,
    changes_as_json,
    changes_from_json,
    existing,
    read_changes,
    rewrite_edits,
)
from orchestrator.errors import EditRefusedError, ProtocolError, TaskError
from orchestrator.model.run import RunKind, SplitState
from orchestrator.outline.edits import apply
from orchestrator.outline.parse import parse
from tests.engine.test_split import Scene, accept_and_end

TEXT = """# Ship it

- [ ] Build the page  ^b7c2d
  - [x] Draw it  ^k3f9x
    > Result: three fields
  - [ ] Wire the API  ^m2p7q
  - [ ] Style it
- [ ] Tell the press
"""
OPERATIONS = [
    {"op": "keep", "id": "k3f9x"},
    {"op": "edit", "id": "m2p7q", "title": "Wire the new API", "description": "", "reason": "The old one is gone."},
    {"op": "obsolete", "id": "n3", "reason": "The design system does it."},
    {"op": "add", "id": "", "title": "Test it", "acceptance": "it passes", "mode": "auto", "executor": "code"},
]
AFTER = """# Ship it

- [ ] Build the page  ^b7c2d
  - [x] Draw it  ^k3f9x
    > Result: three fields
  - [ ] Wire the new API  ^m2p7q
  - [-] Style it
  - [ ] Test it
    Accept: it passes
- [ ] Tell the press
"""


def entry(*operations: Any, **more: Any) -> dict[str, Any]:
    return {"when": {"schema": "replan"}, "answer": {"operations": list(operations)}, **more}


def read(*operations: Any, text: str = TEXT, most: int = 8) -> tuple[Change, ...] | Flaw:
    task = next(parse(text).tasks())
    return read_changes(json.dumps({"operations": list(operations)}), task.title, existing(task), most)


async def test_a_new_plan_is_one_edit(tmp_path: Path):
    async with Scene(tmp_path, [entry(*OPERATIONS)], TEXT) as scene:
        split = await scene.start("Build the page", replan=True)
        ready = await split.settled()
        assert ready.state is SplitState.READY
        assert [(change.kind.value, change.ref, change.was) for change in ready.changes] == [
            ("edit", "m2p7q", "Wire the API"),
            ("obsolete", "n3", "Style it"),
            ("add", "", ""),
        ]
        assert ready.asks == (((0,), "mode auto, executor code"),)
        assert scene.document.text == TEXT
        applied = await split.accept()
        assert applied.added == 3
        assert scene.document.text == AFTER
        assert scene.document.history == [TEXT]
    store = await scene.read_store()
    (run,) = await store.runs()
    assert run.kind is RunKind.REPLAN
    kinds = [event.kind for event in await store.events(run.run_id)]
    assert kinds[-3:] == ["split.accepted", "split.applied", "run.ended"]
    await store.aclose()


async def test_replanning_twice_changes_nothing(tmp_path: Path):
    async with Scene(tmp_path, [entry(*OPERATIONS, repeat=True)], TEXT) as scene:
        split = await scene.start("Build the page", replan=True)
        await split.settled()
        await split.accept()
        await split.ended()
        again = await (await scene.start("Build the page", replan=True)).ended()
        assert (again.state, again.message) == (SplitState.SIMPLE, "The subtasks fit the task as they are.")
        assert scene.document.text == AFTER


async def test_some_of_the_changes(tmp_path: Path):
    async with Scene(tmp_path, [entry(*OPERATIONS)], TEXT) as scene:
        split = await scene.start("Build the page", replan=True)
        await split.settled()
        with pytest.raises(ProtocolError, match="no such change"):
            await split.accept([(7,)])
        with pytest.raises(ProtocolError, match="cannot be edited"):
            split.edit(split.proposal.plan)
        await split.accept([(1,)])
        assert scene.document.text == TEXT.replace("- [ ] Style it", "- [-] Style it")


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("items", [None, [(0,)], [(1,)], [(2,)]])
async def test_a_new_plan_is_remembered_though_its_program_ended(tmp_path: Path, monkeypatch, items, written):
    """By its changes, those that add nothing, too: each is seen in the text."""
    async with Scene(tmp_path, [entry(*OPERATIONS)], TEXT) as scene:
        target = scene.document.target("Build the page")
        split = await scene.start(replan=True, target=target)
        await split.settled()
        store = await accept_and_end(scene, split, target, monkeypatch, items, written=written)
        await scene.session.note_written_splits(target.uri, scene.document.outline)
        assert set(await store.split_hashes(target.uri)) == ({"b7c2d"} if written else set())


BELOW_ONE_WITHOUT_AN_ID = {"op": "add", "id": "", "title": "Choose the colours", "under": "n3"}


@pytest.mark.parametrize("written", [True, False])
def test_what_was_added_is_found_below_one_that_got_an_id_by_it(written):
    changes = read(BELOW_ONE_WITHOUT_AN_ID)
    assert not isinstance(changes, Flaw)
    outline = parse(TEXT)
    after = parse(apply(TEXT, rewrite_edits(outline, next(outline.tasks()), changes, lambda: "q2w3e")))
    assert after.by_id("q2w3e")[0].title == "Style it"
    seen = after if written else outline
    assert are_made(changes, seen, next(seen.tasks())) is written


@pytest.mark.parametrize("stored", [None, "x", [1], [{}], [{"op": "move"}], [{"op": "edit", "id": "m2p7q"}], 7])
def test_changes_that_nobody_stored_so_are_none(stored):
    assert changes_from_json(stored) is None


def test_changes_come_back_as_they_were_stored():
    changes = read(*OPERATIONS)
    assert not isinstance(changes, Flaw)
    back = changes_from_json(json.loads(json.dumps(changes_as_json(changes))))
    assert back is not None
    assert changes_as_json(back) == changes_as_json(changes)


async def test_a_subtask_that_was_done_meanwhile_is_left(tmp_path: Path):
    async with Scene(tmp_path, [entry(*OPERATIONS)], TEXT) as scene:
        split = await scene.start("Build the page", replan=True)
        await split.settled()
        scene.document.type("- [ ] Wire", "- [x] Wire")
        done = scene.document.text
        with pytest.raises(EditRefusedError, match="is completed by now"):
            await split.accept()
        assert scene.document.text == done
        assert split.proposal.state is SplitState.READY
        await split.accept([(1,), (2,)])
        assert "- [x] Wire the API  ^m2p7q\n  - [-] Style it\n  - [ ] Test it\n" in scene.document.text


async def test_a_task_without_subtasks_is_refused(tmp_path: Path):
    async with Scene(tmp_path, [], TEXT) as scene:
        with pytest.raises(TaskError, match="no subtasks to plan anew"):
            await scene.start("Tell the press", replan=True)


def test_the_same_plan_again_changes_nothing():
    assert read(*OPERATIONS[:1]) == ()
    assert read({"op": "edit", "id": "m2p7q", "title": "Wire the API"}, {"op": "add", "title": "style IT"}) == ()
    assert read({"op": "obsolete", "id": "n3"}, text=TEXT.replace("[ ] Style", "[-] Style")) == ()


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ([{"op": "edit", "id": "k3f9x", "title": "Draw more"}], "k3f9x is completed and locked"),
        ([{"op": "obsolete", "id": "^k3f9x"}], "k3f9x is completed and locked"),
        ([{"op": "edit", "id": "zzzzz", "title": "x"}], "no id 'zzzzz'"),
        ([{"op": "delete", "id": "n3"}], '"op" of operation 0'),
        (["keep"], "is no object"),
        ([{"op": "edit", "id": "n3", "title": "a"}, {"op": "obsolete", "id": "n3"}], "so is an earlier one"),
        ([{"op": "add", "title": "Build the page"}], "repeats the task itself"),
        ([{"op": "add", "title": "a1"}, {"op": "add", "title": "A1."}], "repeats subtask"),
        ([{"op": "add", "title": ""}], "has no title"),
        ([{"op": "add", "title": f"Part {letter}"} for letter in "abcdefg"], "9 subtasks would be open"),
        ([{"op": "add", "title": "a", "mode": "yolo"}], '"mode"'),
    ],
)
def test_completed_subtasks_are_locked(operations, words):
    """And whatever else an answer may not do."""
    flaw = read(*operations)
    assert isinstance(flaw, Flaw), flaw
    assert words in " ".join(flaw.problems)


@pytest.mark.parametrize("answer", ["", "null", '{"tasks": []}', "- keep all", '{"operations": "none"}'])
def test_no_list_of_operations(answer):
    task = next(parse(TEXT).tasks())
    assert isinstance(read_changes(answer, task.title, existing(task), 8), Flaw)


def test_an_empty_list_of_operations_keeps_all():
    assert read() == ()


async def test_a_bad_answer_is_repaired_then_refused(tmp_path: Path):
    bad = entry({"op": "edit", "id": "k3f9x", "title": "Draw more"})
    async with Scene(tmp_path, [bad, entry(*OPERATIONS)], TEXT) as scene:
        assert (await (await scene.start("Build the page", replan=True)).settled()).state is SplitState.READY
    async with Scene(tmp_path, [bad, bad], TEXT) as scene:
        ended = await (await scene.start("Build the page", replan=True)).ended()
        assert ended.state is SplitState.FAILED
        assert scene.document.text == TEXT


DEEP = """- [ ] Build the page  ^b7c2d
  1. [x] Draw it  ^k3f9x
     - [ ] left over
  2. [ ] Wire the API  ^m2p7q
     - [ ] Read the manual  ^r4r4r
       - [ ] Print it
     - [x] Ask for a key  ^s5s5s
  3. [ ] Style it
- [ ] Tell the press
"""
DROP = {"op": "obsolete", "id": "m2p7q"}
DEEPER = [
    {"op": "keep", "id": "m2p7q"},
    {"op": "edit", "id": "r4r4r", "title": "Read the new manual", "description": "Online."},
    {"op": "obsolete", "id": "n4", "reason": "It is online."},
    {"op": "add", "id": "", "under": "^m2p7q", "title": "Test the API", "acceptance": "it answers"},
    {"op": "add", "id": "", "under": "r4r4r", "title": "Note what is new"},
    {"op": "add", "id": "", "under": "", "title": "Show it"},
]


async def test_subtasks_at_any_depth_are_planned_anew(tmp_path: Path):
    async with Scene(tmp_path, [entry(*DEEPER, repeat=True)], DEEP) as scene:
        split = await scene.start("Build the page", replan=True)
        ready = await split.settled()
        assert ready.state is SplitState.READY, ready.message
        assert (await split.accept()).added == 5
        await split.ended()
        after = scene.document.text
        assert (
            after
            == """- [ ] Build the page  ^b7c2d
  1. [x] Draw it  ^k3f9x
     - [ ] left over
  2. [ ] Wire the API  ^m2p7q
     - [ ] Read the new manual  ^r4r4r
       Online.
       - [-] Print it
       - [ ] Note what is new
     - [x] Ask for a key  ^s5s5s
     - [ ] Test the API
       Accept: it answers
  3. [ ] Style it
  4. [ ] Show it
- [ ] Tell the press
"""
        )
        assert scene.document.history == [DEEP], "one edit"
        again = await (await scene.start("Build the page", replan=True)).ended()
        assert again.state is SplitState.SIMPLE
        assert scene.document.text == after


async def test_what_ends_at_one_place_is_added_in_the_order_of_its_depth(tmp_path: Path):
    text = "- [ ] a  ^aaaaa\n  - [ ] b  ^bbbbb\n    - [ ] c  ^ccccc\n"
    adds = [
        {"op": "add", "id": "", "under": under, "title": f"below {under or 'a'}"} for under in ("", "bbbbb", "ccccc")
    ]
    async with Scene(tmp_path, [entry(*adds)], text) as scene:
        split = await scene.start("a", replan=True)
        await split.settled()
        await split.accept()
        assert scene.document.text == text + "      - [ ] below ccccc\n    - [ ] below bbbbb\n  - [ ] below a\n"


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ([{"op": "edit", "id": "s5s5s", "title": "x"}], "s5s5s is completed and locked"),
        ([{"op": "add", "under": "k3f9x", "title": "x"}], "added below k3f9x, which is completed"),
        ([{"op": "add", "under": "zzzzz", "title": "x"}], "no id 'zzzzz'"),
        (
            [{"op": "obsolete", "id": "m2p7q"}, {"op": "edit", "id": "r4r4r", "title": "x"}],
            "below one that is obsolete",
        ),
        (
            [{"op": "obsolete", "id": "m2p7q"}, {"op": "add", "under": "r4r4r", "title": "x"}],
            "r4r4r, which is obsolete",
        ),
        (
            [{"op": "add", "under": "r4r4r", "title": f"x {n}"} for n in range(9)],
            "10 subtasks would be open below r4r4r",
        ),
    ],
)
def test_a_deep_change_obeys_the_rules_of_its_place(operations, words):
    task = next(parse(DEEP).tasks())
    flaw = read_changes(json.dumps({"operations": operations}), task.title, existing(task), 8)
    assert isinstance(flaw, Flaw), flaw
    assert words in " ".join(flaw.problems)


def test_a_branch_that_is_too_large_is_shown_as_deep_as_it_fits():
    rows = "".join(f"  - [ ] t{n}\n    - [ ] below {n}\n" for n in range(40))
    shown = existing(next(parse(f"- [ ] p\n{rows}").tasks()))
    assert [each.depth for each in shown] == [0] * 40
