"""Answers as real models fail, each with what must come out of it: `tests/data/answers/*.answer`.

Above the line of dashes YAML says what is wrong with the answer and what is expected; below it stands the answer.
`expect` is `plan` (with the titles), a verdict (with `step: decide`), `repair` (with what the model is told), or
`stopped` (the call is ended while it streams). An answer that asks for repair is given twice too, and then refused.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.engine.answers import Flaw, partial_plan, read_decision, read_plan
from orchestrator.model.run import SplitState
from orchestrator.model.task import Plan, PlannedTask, Verdict
from orchestrator.outline import edits
from orchestrator.outline.parse import parse
from orchestrator.outline.writer import add_subtasks
from tests.engine.test_split import OUTLINE, SPLIT, Scene, plan_entry

FOLDER = Path(__file__).parents[1] / "data" / "answers"
TASK = "Build the login page"


@dataclass(frozen=True)
class Recorded:
    name: str
    about: dict[str, Any]
    text: str

    @property
    def decides(self) -> bool:
        return self.about.get("step") == "decide"


def load(path: Path) -> Recorded:
    head, _, text = path.read_bytes().decode().partition("\n----\n")
    about = yaml.safe_load(head)
    return Recorded(path.stem, about, text * about.get("repeat", 1))


RECORDED = [load(path) for path in sorted(FOLDER.glob("*.answer"))]
REPAIRED = [each for each in RECORDED if each.about["expect"] == "repair"]


def read(recorded: Recorded) -> object:
    return read_decision(recorded.text) if recorded.decides else read_plan(recorded.text, TASK, 8)


def test_there_are_many_of_many_kinds():
    kinds = Counter(each.about["expect"] for each in RECORDED)
    assert len(RECORDED) >= 100
    assert min(kinds["plan"], kinds["repair"]) >= 40
    assert len({each.about["what"] for each in RECORDED if not each.decides}) == sum(not e.decides for e in RECORDED)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each.name)
def test_recorded_answers(recorded: Recorded):
    expected = recorded.about["expect"]
    value = read(recorded)
    if expected == "plan":
        assert isinstance(value, Plan), value
        assert [task.title for task in value.tasks] == recorded.about["titles"]
        check_written(value, recorded.about.get("written", recorded.about["titles"]))
    elif expected in Verdict.__members__:
        assert not isinstance(value, Flaw)
        assert getattr(value, "verdict", None) == expected
    elif expected == "repair":
        assert isinstance(value, Flaw), value
        for words in recorded.about["says"]:
            assert words in " ".join(value.problems)


def check_written(plan: Plan, titles: list[str]) -> None:
    """Whatever stands in the answer, it becomes open subtasks with these titles and nothing else."""
    outline = parse(f"- [ ] {TASK}\n- [ ] Tell the press\n")
    task, _ = outline.tasks()
    bare = Plan(tuple(PlannedTask(each.title, each.description, each.acceptance) for each in plan.tasks))
    after = parse(edits.apply(outline.text.string, add_subtasks(outline, task, bare, lambda: "a1b2c")))
    first, last = after.nodes
    assert [child.title for child in first.children] == titles
    assert {child.mark for child in first.children} == {" "}
    assert all(child.task_id is None and not child.fields and not child.children for child in first.children)
    assert last.title == "Tell the press"


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda each: each.name)
def test_what_streams_invents_nothing(recorded: Recorded):
    text = recorded.text[:5_000]
    for cut in {len(text) // 3, len(text) // 2, len(text)}:
        for task in partial_plan(text[:cut], TASK, 8).tasks:
            assert task.title.split()[-1:] == [] or task.title.split()[0][:1] in text


@pytest.mark.parametrize("recorded", REPAIRED, ids=lambda each: each.name)
async def test_one_repair_then_refusal(tmp_path: Path, recorded: Recorded):
    """The second answer counts if it is good; if it is the same again, the split fails and the text is as it was."""
    plan = plan_entry("One", "Two")
    before, after = ([], [SPLIT, plan]) if recorded.decides else ([SPLIT], [plan])
    bad = {"when": {"schema": "decide" if recorded.decides else "plan"}, "answer": recorded.text}
    async with Scene(tmp_path, [*before, bad, *after]) as scene:
        split = await scene.start()
        ready = await split.settled()
        assert (ready.state, [task.title for task in ready.plan.tasks]) == (SplitState.READY, ["One", "Two"])
        await split.discard()
    async with Scene(tmp_path, [*before, bad, bad]) as scene:
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert "also when asked again" in ended.message
        assert ended.raw == recorded.text
        assert scene.document.text == OUTLINE


async def test_an_answer_of_ten_megabytes_is_stopped(tmp_path: Path):
    (recorded,) = (each for each in RECORDED if each.about["expect"] == "stopped")
    assert len(recorded.text) > 10_000_000
    async with Scene(tmp_path, [SPLIT, {"when": {"schema": "plan"}, "answer": recorded.text}]) as scene:
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert recorded.about["says"][0] in ended.message
        assert scene.document.text == OUTLINE
