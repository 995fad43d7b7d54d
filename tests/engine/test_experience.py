"""What is learned from a person's own splits, and what of it may be shown to whom."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine.classifier import can_overrule, combined
from orchestrator.engine.experience import Experience, examples, experience_of, prior, saved_playbooks
from orchestrator.model.run import SplitOutcome, SplitRecord, SplitState
from orchestrator.model.task import Decision, Verdict
from orchestrator.providers import embedding
from tests.engine.test_split import SPLIT, Scene, plan_entry

STEPS = [{"title": f"Taste the {what}", "description": "With a spoon."} for what in ("sour", "sweet", "bitter")]
RECORD = SplitRecord(
    split_id="run_1",
    run_id="run_1",
    workspace="/here",
    uri="file:///a.tasks.md",
    task_id=None,
    title="Judge the marmalades of the fair",
    description="",
    text_hash="",
    verdict="DECOMPOSE",
    outcome=SplitOutcome.APPLIED,
    plan={"ordered": True, "tasks": STEPS},
    ended=1.8e9,
)


def test_examples_stay_in_their_workspace():
    for workspace, mine in (("/here", True), ("/elsewhere", False)):
        found = examples("Judge the marmalades of the village", "", experience_of([RECORD], workspace))
        named = "your split of “Judge the marmalades of the fair” (a.tasks.md, 20"
        assert any(match.playbook.name.startswith(named) for match in found) is mine


def test_only_splits_that_were_kept_are_examples():
    discarded = replace(RECORD, outcome=SplitOutcome.DISCARDED)
    small = replace(RECORD, title="Another", plan={"tasks": STEPS[:2]})
    assert experience_of([discarded, small], "/here").playbooks == ()


def test_what_a_person_does_moves_the_chance():
    title = "Answer the mail of the museum"
    before = prior(title, Experience())
    split = prior(title, experience_of([replace(RECORD, title=title)], "/here"))
    left = prior(title, experience_of([replace(RECORD, title=title, outcome=SplitOutcome.SIMPLE)], "/here"))
    assert before is not None
    assert split is not None
    assert left is not None
    assert left <= before < split


def test_the_newest_word_about_a_title_counts():
    older = replace(RECORD, outcome=SplitOutcome.DISCARDED)
    (label,) = experience_of([RECORD, older], "/here").labels
    assert label.verdict is Verdict.DECOMPOSE


def test_a_model_is_trusted_until_its_splits_are_discarded():
    said = Decision(Verdict.DECOMPOSE, "Two results.")
    chance = 0.1
    assert combined(said, chance, Experience().trust).verdict is Verdict.DECOMPOSE
    many = [replace(RECORD, title=str(n), outcome=SplitOutcome.DISCARDED) for n in range(8)]
    decision = combined(said, chance, experience_of(many, "/here").trust)
    assert decision.verdict is Verdict.EXECUTE
    assert "you mostly discard" in decision.reason
    assert combined(said, None, Experience().trust).chance == 0.99


@pytest.mark.parametrize(("verdict", "chance"), [(Verdict.DECOMPOSE, 0.5), (Verdict.EXECUTE, 0.5)])
def test_a_tie_of_model_and_history_is_execute(verdict, chance):
    assert combined(Decision(verdict, ""), chance, 1.0).verdict is Verdict.EXECUTE


@pytest.mark.parametrize("trust", [0.02, 0.9, 1.0, 5.0, 28.0, 30.0, 36.0, 37.0, 100.0])
def test_a_prior_is_known_to_overrule_nothing(trust):
    priors = (None, *(percent / 100 for percent in range(101)))
    kept = all(combined(Decision(said, ""), one, trust).verdict is said for said in Verdict for one in priors)
    assert can_overrule(trust) is not kept


def test_without_the_package_nothing_is_lost(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedding, "available", lambda: False)
    assert prior("Build a house", Experience()) is None
    assert examples("Build a house", "", Experience()) == ()


def test_saved_playbooks_are_read_and_bad_ones_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    folder = tmp_path / "playbooks"
    folder.mkdir()
    good = "---\norchestrator: 1\nplaybook: {}\n---\n- [ ] Judge the fair\n  - [ ] Taste\n  - [ ] Rank\n"
    (folder / "a.tasks.md").write_text(good)
    (folder / "b.tasks.md").write_text("- [ ] no front matter\n")
    (folder / "c.tasks.md").write_bytes(b"\xff\xfe")
    (found,) = saved_playbooks(tmp_path)
    assert found.name == "your playbook “Judge the fair”"
    assert "b.tasks.md" in caplog.text
    assert saved_playbooks(tmp_path / "nowhere") == ()


async def test_a_planner_is_shown_the_nearest_playbooks(tmp_path: Path):
    plan = plan_entry("One", "Two", when="Plans of other tasks(.|\\n)*Build a login page")
    async with Scene(tmp_path, [SPLIT, plan]) as scene:
        split = await scene.start()
        ready = await split.settled()
        assert ready.state is SplitState.READY
        assert "the playbook “Build a login page”" in ready.plan.source
        assert ready.decision is not None
        assert ready.decision.chance is not None
        assert ready.decision.chance > 0.9
        assert ready.expected == 0, "the scripted provider costs nothing"
        await split.accept()
        await split.ended()


async def test_none_is_shown_when_none_is_wanted(tmp_path: Path):
    plan = plan_entry("One", "Two", when="\\(none\\)")
    async with Scene(tmp_path, [SPLIT, plan], split={"examples": 0}) as scene:
        ready = await (await scene.start()).settled()
        assert (ready.state, ready.plan.source) == (SplitState.READY, "")


async def test_an_accepted_split_is_the_next_ones_example(tmp_path: Path):
    text = "- [ ] Judge the marmalades of the fair\n- [ ] Judge the marmalades of the village\n"
    titles = [step["title"] for step in STEPS]
    shown = plan_entry("One", "Two", when="your|marmalades of the fair\\n    1. Taste the sour")
    async with Scene(tmp_path, [SPLIT, plan_entry(*titles), shown], text) as scene:
        first = await scene.start("Judge the marmalades of the fair")
        await first.settled()
        await first.accept()
        await first.ended()
        second = await (await scene.start("Judge the marmalades of the village")).settled()
        assert "your split of “Judge the marmalades of the fair” (plan.tasks.md, 20" in second.plan.source


def test_what_a_run_wrote_teaches_only_when_it_is_taken_back():
    by_run = replace(RECORD, split_id="attempt_1")
    assert experience_of([by_run], "/here") == Experience()
    undone = experience_of([replace(by_run, outcome=SplitOutcome.UNDONE)], "/here")
    assert [label.verdict for label in undone.labels] == [Verdict.EXECUTE]
    assert undone.trust < Experience().trust


def test_a_split_that_was_undone_counts_against_another():
    title = "Judge the marmalades of the village"
    many = [replace(RECORD, title=f"Judge the {what} of the fair") for number, what in
            enumerate(("marmalades", "jams", "honeys", "cheeses", "breads", "cakes"))]  # fmt: skip
    before = prior(title, Experience())
    kept = prior(title, experience_of(many, "/here"))
    undone = [replace(record, outcome=SplitOutcome.UNDONE) for record in many]
    taken = experience_of(undone, "/here")
    after = prior(title, taken)
    assert before is not None
    assert kept is not None
    assert after is not None
    assert after < before < kept
    assert taken.trust < Experience().trust
    assert taken.playbooks == (), "and it is no example"


async def test_accepted_discarded_and_undone_splits_move_what_is_judged_next(tmp_path: Path):
    """Through whole splits: the same task is asked about before and after."""

    async def judged(number: int, *made: str) -> float:
        """After splits of other tasks that a person accepted, discarded or undid."""
        folder = tmp_path / str(number)
        os.mkdir(folder)  # noqa: PTH102
        text = "".join(f"- [ ] {title} the {what} hives  ^{what}\n" for what, title in HIVES) + "- [ ] Move the hives\n"
        script = [SPLIT | {"repeat": True}, plan_entry("One", "Two", "Three", repeat=True)]
        async with Scene(folder, script, text=text) as scene:
            for (what, title), did in zip(HIVES, made, strict=False):
                split = await scene.start(f"{title} the {what} hives", force=True)
                await split.settled()
                await (split.discard() if did == "discard" else split.accept())
                await split.ended()
                if did == "undo":
                    scene.document.type(scene.document.text, scene.document.history[-1])
            split = await scene.start("Move the hives")
            decision = (await split.settled()).decision
            assert decision is not None
            assert decision.chance is not None
            store = await scene.session.store()
            outcomes = [record.outcome.value for record in await store.splits()]
            assert sorted(outcomes) == sorted(
                {"discard": "discarded", "undo": "undone"}.get(did, "applied") for did in made
            )
            experience = experience_of(await store.splits(), str(scene.folder))
        found = prior("Move the hives", experience)
        assert found is not None
        return found

    nothing = await judged(0)
    accepted = await judged(1, *["accept"] * 5)
    discarded = await judged(2, *["discard"] * 5)
    undone = await judged(3, *["undo"] * 5)
    assert accepted > nothing > discarded
    assert undone == pytest.approx(discarded, abs=0.02)


HIVES = (("a1", "Move"), ("b2", "Sell"), ("c3", "Paint"), ("d4", "Weigh"), ("e5", "Clean"))
