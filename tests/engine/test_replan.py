"""Planning anew: operations from an answer, one edit, the same again is nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.answers import Flaw
from orchestrator.engine.changes import Change, existing, read_changes
from orchestrator.errors import EditRefusedError, ProtocolError, TaskError
from orchestrator.model.run import RunKind, SplitState
from orchestrator.outline.parse import parse
from tests.engine.test_split import Scene

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
