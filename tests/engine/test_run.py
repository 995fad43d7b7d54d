"""Running a branch with the scripted provider, a real store and a document in memory.

As long as the list of what a run promises: each test is one of its sentences, over the same `Branch`.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from orchestrator.engine import executors, heartbeat
from orchestrator.engine.branch import BranchObserver
from orchestrator.engine.executors import Outcome
from orchestrator.engine.experience import Experience, note_taken_back
from orchestrator.engine.reading import EXECUTE_SCHEMA
from orchestrator.engine.stale import text_hash
from orchestrator.errors import FileError, ProtocolError, TaskError, TrustError
from orchestrator.model.message import Message, Role, Speaker
from orchestrator.model.run import STATE_TOLD, AttemptState, Event, RunState, SplitOutcome
from orchestrator.providers.base import Request
from tests.support.branches import Branch, does, done, sums_up, verdict
from tests.support.patience import PATIENCE


async def test_a_task_is_done_and_written(tmp_path):
    async with Branch(tmp_path, "# Goal\n\n- [ ] Name colours\n", [done("Red, white, blue.")]) as branch:
        view = await branch.run()
        assert (view.state, view.done, view.total) == (RunState.COMPLETED, 1, 1)
        task = branch.task("Name colours")
        assert branch.text == f"# Goal\n\n- [x] Name colours  ^{task.task_id}\n  > Result: Red, white, blue.\n"


async def test_a_branch_is_done_from_its_leaves(tmp_path):
    text = "- [ ] Ship\n  1. [ ] Form\n  2. [ ] Wire\n  - [ ] Style\n"
    async with Branch(tmp_path, text, [does("Form"), does("Wire"), does("Style"), sums_up("Shipped.")]) as branch:
        view = await branch.run()
        assert (view.state, view.done) == (RunState.COMPLETED, 4)
        assert branch.task("Ship").result == "Shipped."
        assert [branch.mark(title) for title in ("Ship", "Form", "Wire", "Style")] == ["x"] * 4
        prompts = [request.messages[0].text for request in branch.requests()]
        assert "Results of its subtasks:\n  - Form: Form: done\n  - Wire: Wire: done" in prompts[-1]


def states_told(branch: Branch) -> dict[str, list[str]]:
    """By title."""
    states: dict[str, list[str]] = {}
    for event in branch.events:
        if event.kind in STATE_TOLD:
            states.setdefault(event.detail["title"], []).append(event.detail["state"])
    return states


async def test_everything_is_in_the_journal(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n  Accept: it is done\n", [done("a is done"), verdict()]) as branch:
        view = await branch.run()
    store = await branch.read_store()
    run = await store.run(view.run_id)
    assert run is not None
    assert (run.state, run.task_title, run.task_id) == (RunState.COMPLETED, "a", branch.task("a").task_id)
    (attempt,) = await store.attempts(view.run_id)
    assert (attempt.state, attempt.result, attempt.answer) == (AttemptState.COMPLETED, "a is done", "a is done")
    assert json.loads(attempt.brief)["acceptance"] == "it is done"
    assert [step.role for step in await store.steps(attempt.attempt_id)] == ["execute", "verify"]
    assert [event.kind for event in await store.events(view.run_id)] == branch.kinds()
    states = [event.detail["state"] for event in branch.events if event.kind in STATE_TOLD]
    assert states == ["executing", "verifying", "completed"]
    assert await store.outbox(branch.holder.uri) == []
    await store.aclose()


async def test_a_failure_leaves_the_others_alone(tmp_path):
    text = "- [ ] p\n  - [ ] a\n  - [ ] b\n  1. [ ] c\n  2. [ ] d\n"
    script = [does("a", status="failed", result="no access"), does("b"), does("c", status="failed", result="gone")]
    async with Branch(tmp_path, text, script, run={"maxDepth": 0}) as branch:
        view = await branch.run()
        assert (view.state, view.done, view.failed, view.blocked) == (RunState.COMPLETED, 1, 2, 2)
        assert [branch.mark(title) for title in "pabcd"] == [" ", "!", "x", "!", " "]
        assert branch.task("a").fields["reason"] == "no access"


async def test_each_task_is_decided_first_where_that_is_wanted(tmp_path):
    """Setting `run.decide`: a small task is done, a large one is split, and its subtasks are decided too."""
    plan = {"ordered": False, "tasks": [{"title": "One"}, {"title": "Two"}]}
    big = {"verdict": "DECOMPOSE", "reason": "Two things."}
    script = [
        {"when": {"schema": "decide", "contains": "Task:\n  Big\n?"}, "answer": big},
        {"when": {"schema": "decide"}, "answer": {"verdict": "EXECUTE", "reason": "Small."}, "repeat": True},
        {"when": {"schema": "plan"}, "answer": plan},
        done(),
        sums_up("Big is done."),
    ]
    async with Branch(tmp_path, "- [ ] Big\n- [ ] Small\n", script, run={"decide": True}) as branch:
        view = await branch.run()
        assert (view.state, view.done, view.total) == (RunState.COMPLETED, 4, 4)
        assert [child.title for child in branch.task("Big").children] == ["One", "Two"]
        assert branch.task("Small").children == ()
        states = states_told(branch)
        assert states["Small"] == ["deciding", "executing", "completed"], "it has nothing to be verified by"
        assert states["Big"][:3] == ["deciding", "planning", "expanded"]
        store = await branch.session.store()
        attempt = next(one for one in await store.attempts(view.run_id) if one.task_title == "Small")
        assert [step.role for step in await store.steps(attempt.attempt_id)] == ["decide", "execute"]
    async with Branch(tmp_path, "- [ ] Deep\n", [done()], run={"decide": True, "maxDepth": 0}) as branch:
        await branch.run()
        assert [request.schema.name for request in branch.requests()] == ["execute"], "no level is left to split into"


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_run_asks_for_a_prior_where_it_can_change_the_verdict(tmp_path, monkeypatch, trusted):
    asked: list[str] = []

    async def remembered(*_: Any) -> Experience:
        return Experience() if trusted else Experience(trust=1.0)

    def prior(title: str, _: Experience) -> float:
        asked.append(title)
        return 0.1

    monkeypatch.setattr("orchestrator.engine.run.remembered", remembered)
    monkeypatch.setattr("orchestrator.engine.decompose.prior", prior)
    said = {"verdict": "EXECUTE" if trusted else "DECOMPOSE", "reason": "It looks so."}
    script = [{"when": {"schema": "decide"}, "answer": said}, done()]
    async with Branch(tmp_path, "- [ ] Task\n", script, run={"decide": True}) as branch:
        await branch.run()
        assert (branch.mark("Task"), branch.task("Task").children) == ("x", ())
    assert asked == ([] if trusted else ["Task"])


async def test_nothing_is_told_before_it_is_stored(tmp_path):
    """Another connection finds each event, and the state that it tells of, in the moment in which it is told."""
    text = "- [ ] p\n  - [ ] a\n  - [ ] b\n    Accept: it is done\n"
    async with Branch(tmp_path, text, [done(), verdict(), sums_up()]) as branch:
        missing: list[str] = []

        def look(event: Event) -> None:
            with closing(sqlite3.connect(branch.directories.data / "orchestrator.db")) as other:
                query = "SELECT detail FROM events WHERE run_id = ? AND seq = ?"
                found = other.execute(query, (event.run_id, event.seq)).fetchone()
                if found is None or json.loads(found[0]) != event.detail:
                    missing.append(event.kind)
            branch.events.append(event)

        branch.observer = BranchObserver(look)
        view = await branch.run()
        assert (view.done, missing) == (3, [])
        assert branch.kinds()[0] == "run.started"
        told = {"a": ["executing", "completed"], "b": ["executing", "verifying", "completed"]}
        assert states_told(branch) == {**told, "p": ["aggregating", "completed"]}, "none that is only passed"


async def test_events_are_told_in_their_order(tmp_path):
    """Also those that somebody waits for, such as that outcomes were written, among those that nobody waits for."""
    text = "- [ ] p\n" + "".join(f"  - [ ] {number}\n" for number in range(200))
    async with Branch(tmp_path, text, [done(), sums_up()], run={"concurrency": 4}) as branch:
        view = await branch.run()
        assert view.done == 201
    assert [event.seq for event in branch.events] == list(range(1, len(branch.events) + 1))


async def test_no_more_tasks_are_at_work_than_allowed(tmp_path):
    text = "".join(f"- [ ] {name}\n" for name in "abcdefgh")
    async with Branch(tmp_path, text, [done(delay=0.02)], run={"concurrency": 3}) as branch:
        view = await branch.run()
        assert view.done == 8
        at_work: set[str] = set()
        most = 0
        for event in branch.events:
            if event.kind == "attempt.started":
                at_work.add(event.detail["taskId"])
            elif event.kind == "attempt.state" and event.detail["state"] == "completed":
                at_work.discard(event.detail["taskId"])
            most = max(most, len(at_work))
        assert most == 3


async def test_what_failed_is_not_tried_again_by_going_on(tmp_path):
    script = [does("a", status="failed", result="no access"), done(delay=30)]
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", script, run={"maxDepth": 0}) as branch:
        run = await branch.start()
        await until(lambda: branch.mark("a") == "!" and len(branch.requests()) == 2)
        run.stop()
        await run.ended()
        asked = len(branch.requests())
        again = await branch.resume(run.run_id)
        await until(lambda: len(branch.requests()) > asked)
        assert [(view.title, view.state) for view in again.tasks()] == [("a", "failed"), ("b", "executing")]
        again.stop()
        view = await again.ended()
        assert (view.failed, branch.mark("a")) == (1, "!")


async def test_a_broken_executor_fails_its_task(tmp_path, monkeypatch):
    class Broken:
        name = "broken"

        async def execute(self, task, hands):
            raise RuntimeError("oh")

    find = executors.find
    monkeypatch.setattr(executors, "find", lambda name, _folder: Broken() if name == "broken" else find(name))
    text = "- [ ] a  [executor:: broken]\n- [ ] b\n- [ ] c  [executor:: unheard]\n"
    async with Branch(tmp_path, text, [done()]) as branch:
        view = await branch.run()
        assert (view.done, view.failed) == (1, 2)
        assert branch.task("a").fields["reason"] == "its executor broke (RuntimeError)"
        assert "There is no executor" in branch.task("c").fields["reason"]


async def test_a_failed_verification_is_retried_once_with_the_evidence(tmp_path):
    script = [done("first"), verdict(False, "nothing is done", repeat=False), verdict(True, "first")]
    async with Branch(tmp_path, "- [ ] a\n  Accept: it is done\n", script) as branch:
        view = await branch.run()
        assert view.done == 1
        second = branch.requests()[2].messages[0].text
        assert "An earlier try was not accepted. What was missing:\n- it is done: nothing is done" in second


async def test_a_second_failed_verification_fails(tmp_path):
    script = [done("first"), verdict(False, "nothing is done")]
    async with Branch(tmp_path, "- [ ] a\n  Accept: it is done\n", script) as branch:
        view = await branch.run()
        assert view.failed == 1
        assert branch.task("a").fields["reason"] == "not accepted: it is done: nothing is done"
        assert branch.task("a").result == "first"
        assert len(branch.requests()) == 4


async def test_a_failed_task_is_split(tmp_path):
    plan = {"ordered": True, "tasks": [{"title": "One", "description": "x"}, {"title": "Two"}]}
    script = [
        does("Big", status="failed", result="too much at once"),
        {"when": {"schema": "plan"}, "answer": plan},
        does("One"),
        does("Two"),
        sums_up("Big is done."),
    ]
    async with Branch(tmp_path, "- [ ] Big\n- [ ] Next\n", [*script, done()]) as branch:
        view = await branch.run()
        assert (view.state, view.done, view.total) == (RunState.COMPLETED, 4, 4)
        assert [child.mark for child in branch.task("Big").children] == ["x", "x"]
        assert branch.task("Big").result == "Big is done."


async def test_a_split_by_a_run_is_remembered_and_learned_from_when_undone(tmp_path):
    titles = ("One", "Two", "Three")
    plan = {"when": {"schema": "plan"}, "answer": {"ordered": True, "tasks": [{"title": title} for title in titles]}}
    script = [does("Big", status="failed", result="too much"), plan, done(delay=20)]
    async with Branch(tmp_path, "- [ ] Big\n  Carefully.\n", script) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 3)
        store = await branch.session.store()
        (split,) = await store.splits()
        assert (split.run_id, split.outcome, split.verdict) == (run.run_id, SplitOutcome.APPLIED, "")
        assert split.by_run
        assert [row["title"] for row in split.plan["tasks"]] == list(titles)
        assert await store.split_hashes(branch.holder.uri) == {
            branch.task("Big").task_id: text_hash(branch.task("Big"))
        }
        run.stop()
        await run.ended()
        text = branch.text
        branch.holder.type(text[text.index("  1. [ ] One") : text.index("Three") + 5], "")
        await note_taken_back(store, branch.holder.uri, branch.holder.document.outline)
        (split,) = await store.splits()
        assert split.outcome is SplitOutcome.UNDONE


@pytest.mark.parametrize("failure", ["no access", "the registry answered 401 and " * 8])
async def test_a_failed_task_that_cannot_be_split_tells_both_reasons(tmp_path, failure):
    nonsense = {"when": {"schema": "plan"}, "answer": "I would rather not.", "repeat": True}
    script = [does("Big", status="failed", result=failure), nonsense, does("Next")]
    async with Branch(tmp_path, "- [ ] Big\n- [ ] Next\n", script) as branch:
        await branch.run()
        reason = branch.task("Big").fields["reason"]
        assert reason.startswith(failure[:40])
        assert "(not split: scripted/test gave no usable answer" in reason
        assert len(reason) <= 120
        assert [branch.mark(title) for title in ("Big", "Next")] == ["!", "x"]


async def test_a_task_whose_subtasks_were_all_cancelled_is_not_done(tmp_path):
    text = "1. [ ] Trip\n   - [ ] Boat\n   - [ ] Train\n2. [ ] Photographs\n"
    async with Branch(tmp_path, text, [done(delay=20)]) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 2)
        branch.holder.type("- [ ] Boat", "- [-] Boat")
        branch.holder.type("- [ ] Train", "- [-] Train")
        view = await asyncio.wait_for(run.ended(), 10)
        assert branch.mark("Trip") == " "
        assert branch.task("Trip").result is None
        reasons = {task.title: task.reason for task in run.tasks()}
        assert reasons["Trip"] == "all its subtasks were cancelled"
        assert reasons["Photographs"] == "“Trip” before it waits"
        assert view.done == 0


async def test_a_question_waits_in_the_inbox_and_its_answer_goes_on(tmp_path):
    script = [
        does("a", status="question", result="", answer="", question="Which flag?"),
        does("b"),
        done("The French."),
    ]
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", script) as branch:
        run = await branch.start()
        approval = await branch.approval()
        assert (approval.kind, approval.title) == ("question", "Which flag?")
        await until(lambda: branch.mark("a") == "?" and branch.mark("b") == "x")
        assert branch.task("a").fields["reason"] == "Which flag?"
        assert run.view.waiting == 1
        store = await branch.session.store()
        assert [one.title for one in await store.approvals()] == ["Which flag?"]
        await branch.session.answer(approval.approval_id, "The French one")
        view = await run.ended()
        assert (view.done, branch.mark("a"), branch.task("a").result) == (2, "x", "The French.")
        assert "A person answers: The French one" in branch.requests()[-1].messages[0].text
        with pytest.raises(ProtocolError):
            await branch.session.answer(approval.approval_id, "again")


async def test_without_a_person_a_run_pauses_and_is_resumed(tmp_path):
    script = [
        does("a", status="question", result="", answer="", question="Which flag?"),
        does("b"),
        done("The French."),
    ]
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", script) as branch:
        view = await branch.run(wait=False)
        assert (view.state, view.reason, view.waiting) == (RunState.PAUSED, "1 question waits for an answer", 1)
        assert branch.mark("a") == "?"
        await branch.session.answer(branch.approvals[0].approval_id, "The French one")
        again = await (await branch.resume(view.run_id)).ended()
        assert (again.state, again.done) == (RunState.COMPLETED, 2)
        assert branch.mark("a") == "x"
        assert len(branch.requests()) == 3, "the first question was not asked again"


async def test_a_correction_is_in_the_next_call(tmp_path):
    script = [done("first", delay=0.3), verdict(False, "no", repeat=False), verdict(True, "first")]
    async with Branch(tmp_path, "- [ ] a\n  Accept: it is done\n", script) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 1)
        assert run.correct(branch.task("a").task_id, "Use French names.")
        await run.ended()
        texts = [request.messages[0].text for request in branch.requests() if "Do the task" in request.messages[0].text]
        assert "Use French names." not in texts[0]
        assert "A person says about this task: Use French names." in texts[1]


async def test_one_task_a_branch_and_all_can_be_stopped(tmp_path):
    text = "- [ ] p\n  - [ ] a\n  - [ ] b\n- [ ] c\n- [ ] d\n"
    async with Branch(tmp_path, text, [does("d", delay=0.4), done(delay=20)]) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 4)
        assert run.stop_task(branch.task("p").task_id)
        await until(lambda: branch.mark("d") == "x")
        assert {view.title: view.state for view in run.tasks() if view.title in "ab"} == {
            "a": "cancelled",
            "b": "cancelled",
        }
        run.stop()
        view = await run.ended()
        assert (view.state, view.reason) == (RunState.CANCELLED, "user")
        assert [branch.mark(title) for title in "pabcd"] == [" ", " ", " ", " ", "x"]


async def test_a_stopped_run_is_resumed_where_it_was(tmp_path):
    script = [does("a"), {**does("b"), "delay": 20}, done()]
    async with Branch(tmp_path, "1. [ ] a\n2. [ ] b\n", script) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 2)
        run.stop()
        await run.ended()
        assert [branch.mark(title) for title in "ab"] == ["x", " "]
        view = await (await branch.resume(run.run_id)).ended()
        assert (view.state, view.done) == (RunState.COMPLETED, 2)
        assert len(branch.requests()) == 3
        with pytest.raises(ProtocolError, match="cannot be resumed"):
            await branch.resume(run.run_id)


async def test_every_run_ends_in_the_store(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n", [done(delay=20)]) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 1)
    store = await branch.read_store()
    stored = await store.run(run.run_id)
    assert stored is not None
    assert (stored.state, stored.reason) == (RunState.PAUSED, "the program ended")
    assert [attempt.state for attempt in await store.live_attempts(run.run_id)] == ["executing"]
    await store.aclose()


async def test_a_provider_that_is_missing_pauses_and_fails_nothing(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", [done(error="AuthenticationError")]) as branch:
        view = await branch.run()
        assert view.state is RunState.PAUSED
        assert [branch.mark(title) for title in "ab"] == [" ", " "]


async def test_interactive_tasks_are_asked_for(tmp_path):
    text = "- [ ] a\n- [ ] b  [mode:: auto]\n"
    async with Branch(tmp_path, text, [done()], "Run all by themselves") as branch:
        assert (await branch.run(auto=False)).done == 2
        assert "One of 2 tasks is interactive" in branch.person.questions[0].text


async def test_interactive_tasks_are_stepped_through(tmp_path):
    text = "- [ ] a\n- [ ] b\n- [ ] c  [mode:: auto]\n"
    async with Branch(tmp_path, text, [done()], "Ask before each") as branch:
        run = await branch.start(auto=False)
        first = await branch.approval()
        assert (first.kind, first.title) == ("start", "Run “a” now?")
        await branch.session.answer(first.approval_id, "Run it")
        second = await branch.approval(2)
        await branch.session.answer(second.approval_id, "Not now")
        view = await run.ended()
        assert (view.state, view.done, view.blocked) == (RunState.COMPLETED, 2, 0)
        assert [branch.mark(title) for title in "abc"] == ["x", " ", "x"]


async def test_interactive_tasks_without_a_person_start_nothing(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", [done()]) as branch:
        run = await branch.start(auto=False, wait=False)
        view = await run.ended()
        assert view.state is RunState.FAILED
        assert isinstance(run.failure, TrustError)
        assert branch.text == "- [ ] a\n- [ ] b\n"


async def test_one_task_by_name_runs_though_it_is_interactive(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", [done()]) as branch:
        assert (await branch.run("a", auto=False, wait=False)).done == 1


async def test_concurrency_is_bounded_by_file_and_setting(tmp_path):
    text = "---\norchestrator: 1\ndefaults: {concurrency: 2}\n---\n" + "".join(f"- [ ] t{n}\n" for n in range(6))
    async with Branch(tmp_path, text, [done(delay=0.05)], run={"concurrency": 3}) as branch:
        run = await branch.start()
        most = 0
        while run.view.state is RunState.RUNNING:
            most = max(most, sum(view.state == "executing" for view in run.tasks()))
            await asyncio.sleep(0.005)
        assert most == 2


async def test_no_sibling_transcript_reaches_a_call(tmp_path):
    secret = "zebra-in-the-transcript"
    text = "- [ ] p\n  - [ ] a\n    About the zebra-in-a.\n  - [ ] b\n  - [ ] c  [dependsOn:: aaaaa]\n- [ ] q  ^aaaaa\n"
    script = [
        does("a", "the result of a", answer=secret),
        does("q", "the result of q", answer=secret),
        done(),
        sums_up(),
    ]
    async with Branch(tmp_path, text, script) as branch:
        await branch.run()
        everything = [f"{request.system}{request.messages}" for request in branch.requests()]
        assert not [one for one in everything if secret in one]
        of_b = next(one for one in everything if "Task:\\n  b\\n" in one)
        assert "zebra" not in of_b
        assert "the result of" not in of_b
        of_c = next(one for one in everything if "Task:\\n  c\\n" in one)
        assert "the result of q" in of_c
        assert "the result of a" not in of_c


async def test_files_are_attached(tmp_path):
    (tmp_path / "notes.txt").write_text("the colours are red and blue")
    text = "- [ ] a  [files:: notes.txt, ../secret.txt, .env]\n"
    (tmp_path / ".env").write_text("KEY=1")
    async with Branch(tmp_path, text, [done()]) as branch:
        await branch.run()
        prompt = branch.requests()[0].messages[0].text
        assert "the colours are red and blue" in prompt
        assert "KEY=1" not in prompt
        assert prompt.count("(not attached:") == 2


async def test_marks_are_gathered(tmp_path):
    text = "".join(f"- [ ] t{n}\n" for n in range(20))
    async with Branch(tmp_path, text, [done(delay=0.01)], run={"concurrency": 8}) as branch:
        await branch.run()
        assert branch.text.count("[x]") == 20
        assert len(branch.document.history) <= 5


async def test_a_second_run_of_a_branch_is_refused(tmp_path):
    async with Branch(tmp_path, "- [ ] p\n  - [ ] a\n- [ ] q\n", [done(delay=20)]) as branch:
        await branch.start("p")
        await until(lambda: len(branch.requests()) == 1)
        for title in ("p", "a"):
            with pytest.raises(ProtocolError, match="is being run already"):
                await branch.start(title)
        await branch.start("q")


async def test_what_cannot_be_run_is_refused(tmp_path):
    async with Branch(tmp_path, "- [x] a\n", [done()]) as branch:
        with pytest.raises(TaskError, match="nothing to do"):
            await branch.start()
    newer = "---\norchestrator: 99\n---\n- [ ] a\n"
    async with Branch(tmp_path, newer, [done()]) as branch:
        with pytest.raises(FileError, match="later version"):
            await branch.start()
    cycle = "- [ ] a  [dependsOn:: b]  ^a\n- [ ] b  [dependsOn:: a]  ^b\n"
    for text in (cycle, "- [ ] a ^b7c2d and more\n- [ ] b  [dependsOn:: b7c2d]\n"):
        async with Branch(tmp_path, text, [done()]) as branch:
            run = await branch.start()
            view = await run.ended()
            assert (view.state, branch.text) == (RunState.FAILED, text)
            assert isinstance(run.failure, TaskError)


# --- the person edits meanwhile ---------------------------------------------------------------------------------


async def test_person_edits_meanwhile(tmp_path):
    """Changed: it finishes on the old text and asks before it is completed."""
    async with Branch(tmp_path, "- [ ] a\n  Old body.\n", [done("done for the old", delay=0.15)]) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 1)
        branch.holder.type("Old body.", "New body.")
        view = await run.ended()
        assert (view.state, branch.mark("a"), branch.task("a").result) == (RunState.COMPLETED, " ", None)
        approval = await branch.approval()
        assert approval.kind == "confirm"
        assert "older text" in approval.title
        assert run.needs_person
        await branch.session.answer(approval.approval_id, "Mark it completed")
        await branch.session.write_outbox(branch.holder)
        assert (branch.mark("a"), branch.task("a").result) == ("x", "done for the old")


async def test_a_task_that_is_removed_is_cancelled_after_its_grace(tmp_path):
    script = [does("b"), done(delay=20)]
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", script, run={"grace": 1.0}) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 2 and branch.mark("b") == "x")
        line = f"- [ ] a  ^{branch.task('a').task_id}\n"
        branch.holder.type(line, "")
        await asyncio.sleep(0.05)
        branch.holder.type("- [x] b", f"{line}- [x] b")  # it was only moved
        await asyncio.sleep(1.1)
        assert next(view for view in run.tasks() if view.title == "a").state == "executing"
        branch.holder.type(line, "")
        view = await asyncio.wait_for(run.ended(), 10)
        assert next(view for view in run.tasks() if view.title == "a").reason == "the task was removed"
        assert view.state is RunState.COMPLETED


def at_first_work(branch, change) -> None:
    """Call it as soon as a task is at work: nothing else has begun where one runs at a time."""
    seen: list[str] = []

    def on_event(event: Event) -> None:
        branch.events.append(event)
        if event.detail.get("state") == "executing" and not seen:
            seen.append(event.kind)
            change()

    branch.observer = BranchObserver(on_event, branch.approvals.append, on_note=branch.notes.append)


async def test_what_is_settled_before_its_turn_is_not_done(tmp_path):
    text = "- [ ] a\n- [ ] b\n- [ ] c\n- [ ] d\n  - [ ] below d\n- [ ] e\n"
    async with Branch(tmp_path, text, [done()], run={"concurrency": 1}) as branch:

        def by_hand() -> None:
            for title, mark in (("b", "x"), ("c", "-"), ("d", "-")):
                branch.holder.type(f"[ ] {title}", f"[{mark}] {title}")

        at_first_work(branch, by_hand)
        view = await branch.run()
        assert [branch.mark(title) for title in ("a", "b", "c", "d", "below d", "e")] == ["x", "x", "-", "-", " ", "x"]
        assert len(branch.requests()) == 2
        assert (view.state, view.failed) == (RunState.COMPLETED, 0)


async def test_what_is_cut_before_its_turn_is_done_when_it_is_back(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", [done()], run={"concurrency": 1, "grace": 60}) as branch:
        line: list[str] = []

        def cut() -> None:
            line.append(next(each for each in branch.text.splitlines(keepends=True) if "] b" in each))
            branch.holder.type(line[0], "")

        at_first_work(branch, cut)
        run = await branch.start()
        await until(lambda: run.crew.absent)
        branch.holder.type("- [", f"{line[0]}- [")
        view = await run.ended()
        assert (branch.mark("b"), view.done) == ("x", 2)


async def test_what_is_gone_before_its_turn_is_not_possible(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", [done()], run={"concurrency": 1, "grace": 0.1}) as branch:
        at_first_work(branch, lambda: branch.holder.type(branch.text[branch.text.index("- [ ] b") :], ""))
        view = await branch.run()
        assert (view.done, view.blocked, branch.text.count("[x]")) == (1, 1, 1)


@pytest.mark.parametrize("mark", ["x", "-"])
async def test_a_status_set_by_hand_stops_the_attempt(tmp_path, mark):
    async with Branch(tmp_path, "1. [ ] a\n2. [ ] b\n", [does("b"), done(delay=20)]) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 1)
        branch.holder.type("1. [ ]", f"1. [{mark}]")
        await asyncio.wait_for(run.ended(), 10)
        assert [branch.mark(title) for title in "ab"] == [mark, "x"]
        assert branch.task("a").result is None


async def test_set_back_to_open_starts_nothing(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", [does("a"), done(delay=0.8)]) as branch:
        run = await branch.start()
        await until(lambda: branch.mark("a") == "x")
        branch.holder.type("- [x] a", "- [ ] a")
        await run.ended()
        assert branch.mark("a") == " "
        assert len(branch.requests()) == 2


async def test_history_stays_under_the_id(tmp_path):
    """A split undone after a child ran: what it came to is in the store, and found when the id is there again."""
    async with Branch(tmp_path, "- [ ] p\n  - [ ] a\n- [ ] q\n", [does("a", "kept"), sums_up()]) as branch:
        await branch.run("a")
        before = branch.text
        line = before[before.index("  - [x] a") : before.index("- [ ] q")]
        branch.holder.type(line, "")
        store = await branch.session.store()
        task_id = line.split("^")[1].split()[0]
        assert await store.last_result(branch.holder.uri, task_id) == "kept"
        branch.holder.type("- [ ] q", f"{line}- [ ] q")
        assert branch.text == before


async def test_effects_are_not_repeated(tmp_path, monkeypatch):
    happened: list[str] = []

    class Effects:
        name = "effects"

        async def execute(self, task, hands):
            async def work():
                happened.append("once")
                return {"n": len(happened)}

            first = await hands.once("write", {"path": "a"}, work)
            answer = await hands.ask("Go on?", ("no", "yes"))
            return Outcome(f"{answer} after {first['n']}", edited=True)

    monkeypatch.setattr(executors, "find", lambda name, _folder: Effects())
    async with Branch(tmp_path, "- [ ] a\n", [done()]) as branch:
        view = await branch.run(wait=False)
        assert view.state is RunState.PAUSED
        await branch.session.answer(branch.approvals[0].approval_id, "yes")
        await (await branch.resume(view.run_id)).ended()
        assert happened == ["once"]
        assert branch.task("a").result == "yes after 1"


async def test_nothing_is_done_with_an_answer_that_is_not_stored(tmp_path, monkeypatch):
    """The next task starts while an answer is being stored; what it leads to outside of the store waits for it."""
    happened: list[str] = []

    class Effects:
        name = "effects"

        async def execute(self, task, hands):
            answer = await hands.call(Role.EXECUTE, lambda route: (hands.prompt("repair"), asked(route)))

            async def work():
                happened.append("done")

            happened.append("answered")
            await hands.once("write", {"text": answer.text}, work)
            return Outcome("fine", edited=True)

    def asked(route):
        return Request(route.model, "", (Message(Speaker.USER, "What?"),), 10, EXECUTE_SCHEMA)

    monkeypatch.setattr(executors, "find", lambda name, _folder: Effects())
    async with Branch(tmp_path, "- [ ] a\n", [done()]) as branch:
        store = await branch.session.store()
        end_step, stored = store.end_step, asyncio.get_running_loop().create_future()

        def late(step, message):
            end_step(step, message).add_done_callback(lambda _: happened.append("written"))
            return stored

        monkeypatch.setattr(store, "end_step", late)
        run = await branch.start()
        await until(lambda: "answered" in happened and "written" in happened)
        await store.settled()
        assert "done" not in happened
        stored.set_result(None)
        await run.ended()
        assert happened[-1] == "done"


async def until(true) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


async def test_a_run_stays_in_its_estimate(tmp_path):
    text = "- [ ] p\n  - [ ] a\n    Accept: it is done\n  - [ ] b\n- [x] c\n"
    answer = "It is done, in words enough to look like an answer of usual length. " * 8
    async with Branch(tmp_path, text, [done("It is done.", answer), sums_up("All. " * 40), verdict()]) as branch:
        outline = branch.document.outline
        roots = [task for task in outline.tasks() if not outline.ancestors(task)]
        estimate = await branch.session.estimate(outline, roots)
        view = await branch.run()
        assert estimate.tasks == view.done == 3
        assert estimate.calls[0] <= len(branch.requests()) <= estimate.calls[1]
        assert estimate.input_tokens[0] <= view.usage.input_tokens * 1.6
        assert view.usage.input_tokens <= estimate.input_tokens[1]
        assert estimate.output_tokens[0] <= view.usage.output_tokens <= estimate.output_tokens[1]
        assert estimate.cost is not None
        assert estimate.cost[1] == 0


async def test_a_correction_during_the_last_call_leads_to_another(tmp_path):
    """There is no next step that would take it in by itself, so there is one more."""
    async with Branch(tmp_path, "- [ ] a\n", [done("first", delay=0.2, repeat=False), done("French")]) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 1)
        told = await run.say(branch.task("a").task_id, "Use French names.")
        assert "the answer that is being written does not know it" in told
        await run.ended()
        assert branch.task("a").result == "French"
        assert len(branch.requests()) == 2
        assert "A person says about this task: Use French names." in branch.requests()[1].messages[0].text
        assert await run.say(branch.task("a").task_id, "Too late.") == ""


async def test_a_correction_from_another_program_is_heard(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "POLL_SECONDS", 0.01)
    script = [done("first", delay=20, repeat=False), done("French")]
    async with Branch(tmp_path, "- [ ] a\n- [ ] b\n", script) as branch:
        run = await branch.start("a")
        await until(lambda: len(branch.requests()) == 1)
        task_id, now = branch.task("a").task_id, time.time()
        other = await branch.read_store()
        try:
            assert not await other.say(run.run_id, "zzzzz", "To nobody.", now)
            assert not await other.say(run.run_id, task_id, "Its program is dead.", now + 1_000)
            assert await other.say(run.run_id, task_id, "Use French names.", now)
            await until(lambda: "attempt.corrected" in branch.kinds())
            run.stop()
            await run.ended()
            assert await other.said(run.run_id) == []
            assert not await other.say(run.run_id, task_id, "Too late.", now)
        finally:
            await other.aclose()
        await (await branch.resume(run.run_id)).ended()
        assert "Use French names." in branch.requests()[-1].messages[0].text


async def test_a_correction_outlives_the_program(tmp_path):
    script = [done("first", delay=0.2, repeat=False), done(delay=20, repeat=False), done("French")]
    async with Branch(tmp_path, "- [ ] a\n", script) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == 1)
        await run.say(branch.task("a").task_id, "Use French names.")
        await until(lambda: len(branch.requests()) == 2)
        run.stop()
        await run.ended()
        await (await branch.resume(run.run_id)).ended()
        assert branch.task("a").result == "French"
        assert len(branch.requests()) == 3, "the first answer came from the journal"
        assert branch.requests()[2].messages[0].text == branch.requests()[1].messages[0].text
