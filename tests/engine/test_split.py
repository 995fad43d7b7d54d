"""A split from the decision to the edit, with the scripted provider, a real store and a document in memory.

As long as the list of what a split promises, from the first answer to what is left when something breaks.
"""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config import Directories, Settings
from orchestrator.engine import calls
from orchestrator.engine.experience import experience_of
from orchestrator.engine.proposal import Observer, Proposal, SplitRequest
from orchestrator.engine.session import Session, Workspace
from orchestrator.engine.split import Split
from orchestrator.engine.stale import text_hash
from orchestrator.errors import EditRefusedError, FileError, ProtocolError, StoreUnwritableError, TaskError
from orchestrator.model.run import AttemptState, Event, RunState, SplitOutcome, SplitState, StepState
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.tree import Task
from orchestrator.providers.keys import Keys
from orchestrator.store.store import Store
from tests.support.patience import PATIENCE
from tests.support.text_document import ScriptedPerson, TextDocument, TextTarget

OUTLINE = """# Ship it

- [ ] Build the login page
  Three fields.
- [ ] Tell the press
"""
SPLIT = {"when": {"schema": "decide"}, "answer": {"verdict": "DECOMPOSE", "reason": "Two results."}, "repeat": True}
LEAF = {
    "when": {"schema": "decide", "contains": "Task:\n  (One|Two)"},
    "answer": {"verdict": "EXECUTE"},
    "repeat": True,
}


def plan_entry(*titles: str, when: str = "", **more: Any) -> dict[str, Any]:
    tasks = [{"title": title, "description": "", "acceptance": "", "dependsOn": []} for title in titles]
    matching = {"schema": "plan", **({"contains": when} if when else {})}
    return {"when": matching, "answer": {"ordered": False, "tasks": tasks}, **more}


class Scene:
    """One session with a script, one document, and everything that was shown."""

    def __init__(self, folder: Path, script: list[dict[str, Any]], text: str = OUTLINE, **settings: Any) -> None:
        self.folder = folder
        (folder / "script.json").write_text(json.dumps(script))
        options = {"model": "scripted/test", "scripted": {"script": str(folder / "script.json")}, **settings}
        self.directories = Directories(folder / "config", folder / "data", folder / "cache")
        self.session = Session(
            Settings.model_validate(options), self.directories, Keys.load(self.directories.config, {})
        )
        self.document = TextDocument(text)
        self.person = ScriptedPerson()
        self.proposals: list[Proposal] = []
        self.events: list[Event] = []

    async def __aenter__(self) -> Scene:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.aclose()

    async def start(
        self, title: str = "Build the login page", target: TextTarget | None = None, **request: Any
    ) -> Split:
        observer = Observer(self.proposals.append, self.events.append)
        return await self.session.start_split(
            target or self.document.target(title),
            Workspace(self.folder),
            SplitRequest(**request),
            observer,
            self.person,
        )

    def task(self, title: str) -> Task:
        return next(task for task in self.document.outline.tasks() if task.title == title)

    async def read_store(self) -> Store:
        return await Store.open(self.directories.data / "orchestrator.db")

    async def until(self, state: SplitState) -> None:
        async with asyncio.timeout(PATIENCE):
            while not self.proposals or self.proposals[-1].state is not state:
                await asyncio.sleep(0.002)


def titles(plan: Plan) -> list[Any]:
    return [(task.title, titles(task.plan)) if task.plan else task.title for task in plan.tasks]


async def test_a_split_is_shown_then_accepted_then_in_the_file(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two", chunk=10, delay=0.02)]) as scene:
        split = await scene.start()
        ready = await split.settled()
        assert (ready.state, titles(ready.plan)) == (SplitState.READY, ["One", "Two"])
        assert scene.document.text == OUTLINE
        applied = await split.accept()
        assert applied.added == 2
        task = scene.task("Build the login page")
        assert [child.title for child in task.children] == ["One", "Two"]
        assert scene.document.history == [OUTLINE]
        assert (await split.ended()).state is SplitState.APPLIED
    states = [proposal.state for proposal in scene.proposals]
    assert sorted(set(states), key=states.index) == ["deciding", "planning", "ready", "applied"]
    assert [proposal.seq for proposal in scene.proposals] == list(range(1, len(scene.proposals) + 1))
    partial = [titles(proposal.plan) for proposal in scene.proposals if proposal.state is SplitState.PLANNING]
    assert [] in partial
    assert ["One"] in partial, "subtasks appear one by one"


async def test_everything_is_in_the_journal(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        await split.accept()
    store = await scene.read_store()
    (run,) = await store.runs()
    assert (run.state, run.task_title, run.uri) == (RunState.COMPLETED, "Build the login page", TextTarget.uri)
    (attempt,) = await store.attempts(run.run_id)
    assert attempt.state is AttemptState.EXPANDED
    assert run.task_id == attempt.task_id == scene.task("Build the login page").task_id is not None
    decide, plan = await store.steps(attempt.attempt_id)
    assert [decide.role, plan.role] == ["decide", "plan"]
    for step in (decide, plan):
        assert step.state is StepState.COMPLETED
        assert len(step.prompt_version) == 12
        assert step.usage.output_tokens > 0
        assert step.cost == 0
        assert await store.prompt(step.prompt, step.prompt_version)
    assert "One" in json.loads(plan.raw_answer)["text"]
    speakers = [message.speaker for message in await store.messages(attempt.conversation_id)]
    assert speakers == ["system", "user", "assistant", "system", "user", "assistant"]
    assert [event.kind for event in await store.events(run.run_id)] == [event.kind for event in scene.events]
    assert [event.kind for event in scene.events if event.kind != "attempt.state"] == [
        "run.started",
        "split.decided",
        "split.proposed",
        "split.accepted",
        "split.applied",
        "run.ended",
    ]
    await store.aclose()


async def test_events_are_stored_first(tmp_path):
    """At the moment a state is told, the store on disk already says so."""
    seen: list[tuple[str, int]] = []
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        import sqlite3

        def check(event: Event) -> None:
            with sqlite3.connect(tmp_path / "data" / "orchestrator.db") as database:
                stored = database.execute("SELECT count(*) FROM events WHERE run_id = ?", (event.run_id,)).fetchone()
            seen.append((event.kind, stored[0] - event.seq))

        split = await scene.session.start_split(
            scene.document.target("Tell the press"),
            Workspace(tmp_path),
            SplitRequest(),
            Observer(scene.proposals.append, check),
            scene.person,
        )
        await split.settled()
        await split.discard()
    assert len(seen) > 5
    assert {behind for _, behind in seen} == {0}


async def test_a_simple_task_is_not_split_but_can_be(tmp_path):
    simple = {"when": {"schema": "decide"}, "answer": {"verdict": "EXECUTE", "reason": "It is one mail."}}
    async with Scene(tmp_path, [simple, plan_entry("One", "Two")]) as scene:
        split = await scene.start("Tell the press")
        ended = await split.ended()
        assert (ended.state, ended.message) == (SplitState.SIMPLE, "It is one mail. (99% sure)")
        assert scene.document.text == OUTLINE
        forced = await scene.start("Tell the press", force=True)
        assert titles((await forced.settled()).plan) == ["One", "Two"]
        await forced.discard()


async def test_discard_writes_nothing_and_is_recorded(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        await split.discard()
        assert scene.document.text == OUTLINE
        with pytest.raises(ProtocolError, match="discarded"):
            await split.accept()
    store = await scene.read_store()
    assert [run.state for run in await store.runs()] == [RunState.DISCARDED]
    await store.aclose()


async def test_without_preview_it_is_written_at_once(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")], split={"preview": False}) as scene:
        split = await scene.start()
        assert (await split.ended()).state is SplitState.APPLIED
        assert "- [ ] One\n  - [ ] Two\n" in scene.document.text


async def test_recursive_split_is_one_edit(tmp_path):
    script = [
        LEAF,
        SPLIT,
        plan_entry("One", "Big", "Two", when="Task:\n  Build"),
        plan_entry("Big one", "Big two", when="Task:\n  Big"),
    ]
    async with Scene(tmp_path, script) as scene:
        split = await scene.start(levels=2)
        ready = await split.settled()
        assert titles(ready.plan) == ["One", ("Big", ["Big one", "Big two"]), "Two"]
        assert (await split.accept()).added == 5
        assert scene.document.history == [OUTLINE]
    store = await scene.read_store()
    (run,) = await store.runs()
    states = {attempt.task_title: attempt.state for attempt in await store.attempts(run.run_id)}
    assert states == {"Build the login page": "expanded", "One": "simple", "Big": "expanded", "Two": "simple"}
    await store.aclose()


async def test_levels_are_bounded_by_the_setting(tmp_path):
    script = [SPLIT, plan_entry("A", "B", when="Build"), plan_entry("C", "D", when="never")]
    async with Scene(tmp_path, script, split={"maxDepth": 1}) as scene:
        split = await scene.start(levels=8)
        assert titles((await split.settled()).plan) == ["A", "B"]
        await split.discard()


async def test_child_failure_keeps_the_rest(tmp_path):
    script = [
        {"when": {"schema": "decide", "contains": "Task:\n  Bad"}, "error": "AuthenticationError"},
        LEAF,
        SPLIT,
        plan_entry("One", "Bad"),
    ]
    async with Scene(tmp_path, script) as scene:
        split = await scene.start(levels=2)
        ready = await split.settled()
        assert titles(ready.plan) == ["One", "Bad"]
        assert "“Bad” was not split: AuthenticationError" in ready.message
        assert (await split.accept()).added == 2


async def test_a_child_sees_its_parents_and_no_sibling_conversation(tmp_path):
    script = [SPLIT, plan_entry("One", "Two", when="Task:\n  Build"), plan_entry("Leaf a", "Leaf b", repeat=True)]
    async with Scene(tmp_path, script) as scene:
        split = await scene.start(levels=2)
        await split.settled()
        await split.discard()
    store = await scene.read_store()
    (run,) = await store.runs()
    for attempt in (await store.attempts(run.run_id))[1:]:
        sent = [m.text for m in await store.messages(attempt.conversation_id) if m.speaker == "user"]
        assert all("Build the login page" in text for text in sent)
        assert not [text for text in sent if "Leaf" in text]
    await store.aclose()


async def test_accept_some_takes_their_parents(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two", "Three")]) as scene:
        split = await scene.start()
        await split.settled()
        with pytest.raises(ProtocolError, match="no subtask 10"):
            await split.accept([(9,)])
        assert (await split.accept([(0,), (2,)])).added == 2
        assert "Two" not in scene.document.text


async def test_an_edited_proposal_is_what_is_written(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        split.edit(Plan((PlannedTask("Mine"),), ordered=True))
        assert titles(scene.proposals[-1].plan) == ["Mine"]
        await split.accept()
        assert "  1. [ ] Mine\n" in scene.document.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Ship it", "# Ship it today\n\nA new paragraph."),
        ("- [ ] Build", "- [ ] Buy flowers\n- [ ] Build"),
        ("Three fields.", "Three fields.\n  And a button."),
        ("- [ ] Tell the press", "- [ ] Tell the press\n- [ ] More"),
    ],
)
async def test_the_person_types_meanwhile_and_nothing_is_lost(tmp_path, old, new):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        scene.document.type(old, new)
        typed = scene.document.text
        await split.accept()
        parent = scene.task("Build the login page")
        assert [child.title for child in parent.children] == ["One", "Two"]
        left = scene.document.text.replace(f"  ^{parent.task_id}", "").replace("  - [ ] One\n  - [ ] Two\n", "")
        assert left == typed


async def test_typing_between_computing_and_applying_is_survived(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        target = scene.document.target("Build the login page")
        target.typing_before_apply = [("# Ship it", "# Ship it now"), ("now", "soon")]
        split = await scene.start(target=target)
        await split.settled()
        await split.accept()
        assert scene.document.text.startswith("# Ship it soon\n")
        assert "- [ ] One" in scene.document.text


async def test_a_changed_body_is_said(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        scene.document.type("Three fields.", "Two fields.")
        await split.accept()
        assert "older text" in (await split.ended()).message


@pytest.mark.parametrize(
    ("old", "new"), [("- [ ] Build the login page\n  Three fields.\n", ""), ("login page", "sign-up page")]
)
async def test_a_task_that_is_gone_or_renamed_refuses_and_keeps_the_proposal(tmp_path, old, new):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        scene.document.type(old, new)
        typed = scene.document.text
        with pytest.raises(EditRefusedError):
            await split.accept()
        assert split.proposal.state is SplitState.READY
        assert scene.document.text == typed


@pytest.mark.parametrize(
    "answer", ["I cannot do that.", {"ordered": True, "tasks": []}, "", "<h1>Bad gateway</h1>", {"tasks": "rm -rf /"}]
)
async def test_nonsense_is_refused(tmp_path, answer):
    bad = {"when": {"schema": "plan"}, "answer": answer, "repeat": True}
    async with Scene(tmp_path, [SPLIT, bad]) as scene:
        split = await scene.start()
        ended = await split.ended()
        assert ended.state is SplitState.FAILED
        assert "no usable answer, also when asked again" in ended.message
        assert "Nothing was changed" in ended.message
        assert ended.raw == (answer if isinstance(answer, str) else json.dumps(answer))
        assert scene.document.text == OUTLINE
    store = await scene.read_store()
    (run,) = await store.runs()
    (attempt,) = await store.attempts(run.run_id)
    assert [(step.role, step.repair) for step in await store.steps(attempt.attempt_id)] == [
        ("decide", False),
        ("plan", False),
        ("plan", True),
    ]
    assert (run.state, attempt.state) == (RunState.FAILED, AttemptState.FAILED)
    await store.aclose()


async def test_one_repair_turn_can_mend_it(tmp_path):
    script = [SPLIT, {"when": {"schema": "plan"}, "answer": {"tasks": []}}, plan_entry("One", "Two", when="is empty")]
    async with Scene(tmp_path, script) as scene:
        split = await scene.start()
        assert titles((await split.settled()).plan) == ["One", "Two"]
        await split.discard()


async def test_an_answer_that_is_cut_changes_nothing(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two", cut=True)], calls={"retries": 0}) as scene:
        ended = await (await scene.start()).ended()
        assert (ended.state, scene.document.text) == (SplitState.FAILED, OUTLINE)
        assert "cut" in ended.message


async def test_a_silent_model_is_given_up(tmp_path):
    script = [SPLIT, plan_entry("One", "Two", delay=30)]
    async with Scene(tmp_path, script, calls={"timeout": 0.1, "retries": 0}) as scene:
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert "sent nothing for 0.5 seconds" in ended.message


async def test_a_service_that_refuses_the_shape_is_asked_without_it(tmp_path):
    refused = {"when": {"schema": "plan"}, "error": "RequestRejectedError"}
    plain = {**plan_entry("One", "Two"), "when": {"schema": "", "contains": "Divide the task"}}
    async with Scene(tmp_path, [SPLIT, refused, plain]) as scene:
        split = await scene.start()
        assert titles((await split.settled()).plan) == ["One", "Two"]
        await split.discard()


async def test_waiting_for_a_retry_is_shown(tmp_path):
    throttled = {"when": {"schema": "plan"}, "error": "RateLimitedError", "retryAfter": 0.01}
    async with Scene(tmp_path, [SPLIT, throttled, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        assert (await split.settled()).state is SplitState.READY
        assert any("Trying again" in proposal.message for proposal in scene.proposals)
        await split.discard()


@pytest.mark.parametrize("state", [SplitState.DECIDING, SplitState.PLANNING, SplitState.READY])
async def test_every_step_ends(tmp_path, state):
    """Stopped at any moment: nothing is written, and no step, attempt or run stays “running”."""
    slow = {"chunk": 5, "delay": 0.02}
    async with Scene(tmp_path, [{**SPLIT, **slow}, plan_entry("One", "Two", **slow)]) as scene:
        split = await scene.start()
        await scene.until(state)
        async with asyncio.timeout(PATIENCE):
            while not scene.events or scene.events[-1].kind == "run.started":
                await asyncio.sleep(0.002)
        split.stop()
        ended = await split.ended()
        assert (ended.state, ended.message) == (SplitState.CANCELLED, "user")
        assert scene.document.text == OUTLINE
        with pytest.raises(ProtocolError):
            await split.accept()
    store = await scene.read_store()
    (run,) = await store.runs()
    assert (run.state, run.reason) == (RunState.CANCELLED, "user")
    for attempt in await store.attempts(run.run_id):
        assert attempt.ended is not None
        assert all(step.state is not StepState.RUNNING for step in await store.steps(attempt.attempt_id))
    await store.aclose()


async def test_a_split_that_is_stopped_at_once_ends(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        split.stop()
        assert (await split.ended()).state is SplitState.CANCELLED


async def test_stopping_a_recursive_split_stops_its_children(tmp_path):
    script = [SPLIT, plan_entry("A", "B", when="Task:\n  Build"), plan_entry("C", "D", delay=5, repeat=True)]
    async with Scene(tmp_path, script) as scene:
        split = await scene.start(levels=2)
        async with asyncio.timeout(PATIENCE):
            while len([event for event in scene.events if event.detail.get("state") == "planning"]) < 3:
                await asyncio.sleep(0.005)
        split.stop()
        assert (await split.ended()).state is SplitState.CANCELLED
    store = await scene.read_store()
    (run,) = await store.runs()
    assert [attempt.state for attempt in await store.attempts(run.run_id)] == ["expanded", "cancelled", "cancelled"]
    await store.aclose()


async def test_close_leaves_no_task(tmp_path):
    scene = Scene(tmp_path, [SPLIT, plan_entry("One", "Two", delay=5)])
    split = await scene.start()
    await scene.until(SplitState.PLANNING)
    await scene.session.aclose()
    assert split.proposal.state is SplitState.CANCELLED
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_two_endings_at_once_are_one(tmp_path):
    """The session closes in the very moment in which the person discards."""
    scene = Scene(tmp_path, [SPLIT, plan_entry("One", "Two")])
    split = await scene.start()
    await split.settled()
    discarding = asyncio.gather(split.discard(), return_exceptions=True)
    await asyncio.sleep(0)
    await scene.session.aclose()
    await discarding
    assert [proposal.state for proposal in scene.proposals if proposal.state.ended] == [split.proposal.state]
    store = await scene.read_store()
    (run,) = await store.runs()
    assert run.state.ended
    await store.aclose()


async def test_the_same_task_is_not_split_twice_at_once(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two", repeat=True)]) as scene:
        split = await scene.start()
        with pytest.raises(ProtocolError, match="being split already"):
            await scene.start()
        other = await scene.start("Tell the press")
        await other.settled()
        await split.settled()
        await split.discard()
        again = await scene.start()
        await again.settled()


async def test_a_store_that_cannot_open_fails_the_split_and_says_how_to_mend_it(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "orchestrator.db").write_bytes(b"this is not a database, it is a letter" * 100)
    async with Scene(tmp_path, [SPLIT]) as scene:
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert "orchestrator doctor" in ended.message
        assert scene.document.text == OUTLINE


async def test_a_store_that_fails_after_the_edit_does_not_offer_it_again(tmp_path, monkeypatch):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        real = Store.add_event

        async def add_event(self: Store, run_id: str, kind: str, *rest: Any) -> Event:
            if kind == "split.applied":
                raise StoreUnwritableError("No space is left.", hint="Free some.")
            return await real(self, run_id, kind, *rest)

        monkeypatch.setattr(Store, "add_event", add_event)
        assert (await split.accept()).added == 2
        assert (await split.ended()).state is SplitState.APPLIED
        assert scene.document.history == [OUTLINE]


async def test_a_later_format_is_read_only(tmp_path):
    async with Scene(tmp_path, [SPLIT], f"---\norchestrator: 2\n---\n{OUTLINE}") as scene:
        with pytest.raises(FileError, match="Update Orchestrator"):
            await scene.start()


async def test_an_unknown_provider_is_named(tmp_path):
    async with Scene(tmp_path, [], model="nobody/nothing") as scene:
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert "nobody" in ended.message


@pytest.mark.parametrize(
    ("text", "title", "error", "part"),
    [
        ("- [ ]\n- [ ] other\n", "", TaskError, "line 1 has no title"),
        ("- [x] done\n", "done", TaskError, "Set it back"),
        ("- [-] dropped\n", "dropped", TaskError, "Set it back"),
        (
            "".join(f"{'  ' * depth}- [ ] level {depth}\n" for depth in range(95)),
            "level 94",
            EditRefusedError,
            "deeper",
        ),
    ],
)
async def test_what_could_not_be_written_costs_no_call(tmp_path, text, title, error, part):
    async with Scene(tmp_path, [SPLIT], text) as scene:
        with pytest.raises(error, match=part):
            await scene.start(title)
    assert scene.proposals == []


async def test_stopped_after_the_edit_is_applied(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        accepting = asyncio.create_task(split.accept())
        while not scene.document.history:
            await asyncio.sleep(0)
        accepting.cancel()
        await asyncio.gather(accepting, return_exceptions=True)
        await scene.session.aclose()
        assert split.proposal.state is SplitState.APPLIED
        store = await scene.read_store()
        try:
            (run,) = await store.runs()
            assert run.state is RunState.COMPLETED
        finally:
            await store.aclose()


async def accept_and_end(scene, split, target, monkeypatch, items=None, *, written):
    """As if its program had ended before what it wrote was on record, or before it wrote anything."""
    store = await scene.session.store()
    kept, apply = store.keep_split, target.apply

    async def keep(record):
        if record.outcome is not SplitOutcome.WRITING:
            raise StoreUnwritableError("The disk is gone.", hint="Mend it.")
        await kept(record)

    async def change(*given):
        if not written:
            raise EditRefusedError("No.", hint="Try again.")
        return await apply(*given)

    monkeypatch.setattr(store, "keep_split", keep)
    monkeypatch.setattr(target, "apply", change)
    with nullcontext() if written else pytest.raises(EditRefusedError):
        await split.accept(items)
    assert await store.split_hashes(target.uri) == {}
    monkeypatch.undo()
    return store


@pytest.mark.parametrize("written", [True, False])
async def test_a_split_is_remembered_though_its_program_ended(tmp_path, monkeypatch, written):
    """Between its words in the text and the record of them: what the text says counts."""
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two *stars*")]) as scene:
        target = scene.document.target("Build the login page")
        split = await scene.start(target=target)
        await split.settled()
        store = await accept_and_end(scene, split, target, monkeypatch, written=written)
        await scene.session.note_written_splits(target.uri, scene.document.outline)
        task = scene.task("Build the login page")
        assert await store.split_hashes(target.uri) == ({task.task_id: text_hash(task)} if written else {})
        assert len(experience_of(await store.splits(), str(tmp_path)).labels) == written


@pytest.mark.parametrize("moment", range(5))
async def test_a_start_that_is_stopped_leaves_nothing_half_begun(tmp_path, recwarn, moment):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        starting = asyncio.create_task(scene.start())
        for _ in range(moment):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


async def test_a_model_that_does_not_exist_is_asked_for_once(tmp_path):
    async with Scene(tmp_path, []) as scene:  # nothing left in the script: another form would not help
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert "schema 'decide'" in ended.message


async def test_a_call_that_broke_off_is_counted(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two", cut=True, repeat=True)]) as scene:
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert ended.usage.estimated
        assert ended.usage.output_tokens > 0
    store = await scene.read_store()
    try:
        (run,) = await store.runs()
        (attempt,) = await store.attempts(run.run_id)
        step = (await store.steps(attempt.attempt_id))[-1]
        assert step.state is StepState.FAILED
        assert step.usage.estimated
        assert min(step.usage.input_tokens, step.usage.output_tokens) > 0
    finally:
        await store.aclose()


async def test_an_answer_without_an_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(calls, "LONGEST", 100)
    endless = {"when": {"schema": "plan"}, "answer": "x" * 10_000}
    async with Scene(tmp_path, [SPLIT, endless]) as scene:
        ended = await (await scene.start()).ended()
        assert ended.state is SplitState.FAILED
        assert "without an end" in ended.message
        assert ended.usage.output_tokens < 100


@pytest.mark.parametrize(
    ("script", "state"), [([SPLIT], AttemptState.FAILED), ([{**SPLIT, "delay": 30.0}], AttemptState.CANCELLED)]
)
async def test_every_attempt_ends(tmp_path, script, state):
    """Without an answer to the plan, and stopped in the middle of the decision."""
    async with Scene(tmp_path, script) as scene:
        split = await scene.start()
        if state is AttemptState.CANCELLED:
            store = await scene.session.store()
            while not await store.live_attempts(split.run_id):
                await asyncio.sleep(0.005)
            split.stop()
        await split.ended()
    store = await scene.read_store()
    (run,) = await store.runs()
    assert [(attempt.state, attempt.ended is None) for attempt in await store.attempts(run.run_id)] == [(state, False)]
    await store.aclose()


async def test_the_same_subtasks_from_elsewhere_are_not_written_twice(tmp_path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        scene.document.type("  Three fields.\n", "  Three fields.\n  - [ ] One\n  - [ ] Two\n")
        with pytest.raises(EditRefusedError, match="got 2 subtasks while"):
            await split.accept()
        assert (await split.accept()).added == 2, "asked twice, it is meant"
