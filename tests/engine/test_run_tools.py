"""Tasks with tools in a real run: approvals in the inbox, leave for a run, restarts, checks of an acceptance."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from orchestrator.engine import executors, task_types
from orchestrator.engine.branch import BranchRequest
from orchestrator.engine.executors import Outcome
from orchestrator.model.run import RunState
from tests.support.branches import Branch, does, done, verdict
from tests.support.hands import finish, use
from tests.support.patience import until

PROGRAM = Path(sys.executable).name
PYTHON = {"programs": [sys.executable]}
TEXT = "- [ ] Fix it  [executor:: code]\n"
FIX = ("change_file", {"path": "app.py", "old": "wrong", "new": "right"})


def code(*calls, **when):
    return {**use(*calls), "when": {"tools": True, **when}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("x = 'wrong'\n")
    return tmp_path


def app(folder: Path) -> str:
    return (folder / "app.py").read_text()


async def test_an_edit_waits_in_the_inbox_and_is_applied(folder):
    async with Branch(folder, TEXT, [code(("read_file", {"path": "app.py"})), code(FIX, finish("Fixed."))]) as branch:
        run = await branch.start()
        approval = await branch.approval()
        assert approval.kind == "edit"
        assert "-x = 'wrong'\n+x = 'right'" in approval.detail["diff"]
        assert approval.detail["choices"] == ["Refuse", "Allow", "Allow for this run"]
        assert "wrong" in app(folder)
        await branch.session.answer(approval.approval_id, "Allow")
        view = await run.ended()
        assert (view.done, branch.mark("Fix it")) == (1, "x")
        assert "right" in app(folder)
        store = await branch.session.store()
        (attempt,) = await store.attempts(view.run_id)
        assert "+x = 'right'" in attempt.answer
        told = [message.text for message in await store.messages(attempt.conversation_id)]
        assert any("1\tx = 'wrong'" in text for text in told), "what the model read is on record"


async def test_a_refused_edit_is_kept_and_its_task_stays_open(folder):
    async with Branch(folder, TEXT, [code(FIX, finish("Fixed."))]) as branch:
        run = await branch.start()
        await branch.session.answer((await branch.approval()).approval_id, "Refuse")
        view = await run.ended()
        assert branch.mark("Fix it") == " "
        assert "nobody approved" in run.needs_person
        assert "wrong" in app(folder)
        (attempt,) = await (await branch.session.store()).attempts(view.run_id)
        assert "+x = 'right'" in attempt.answer


async def test_without_anybody_the_patch_waits_and_is_applied_when_somebody_comes(folder):
    async with Branch(folder, TEXT, [code(FIX, finish("Fixed."))]) as branch:
        view = await branch.run(wait=False)
        assert (view.state, view.waiting) == (RunState.PAUSED, 1)
        assert "wrong" in app(folder)
        await branch.session.answer(branch.approvals[0].approval_id, "Allow")
        view = await (await branch.resume(view.run_id)).ended()
        assert view.done == 1
        assert "right" in app(folder)
        assert len(branch.requests()) == 1, "the finished call was not repeated"


async def test_a_file_that_changed_while_a_patch_waited_is_not_overwritten(folder):
    async with Branch(
        folder, TEXT, [code(FIX, finish("Fixed.")), code(finish("No.", failed=True))], run={"maxDepth": 0}
    ) as branch:
        view = await branch.run(wait=False)
        (folder / "app.py").write_text("# typed\nx = 'wrong'\n")
        await branch.session.answer(branch.approvals[0].approval_id, "Allow")
        await (await branch.resume(view.run_id)).ended()
        assert app(folder) == "# typed\nx = 'wrong'\n"
        assert branch.mark("Fix it") == "!"


TWO = "1. [ ] One  [executor:: code]\n2. [ ] Two  [executor:: code]\n"


def two(path: str) -> list[dict]:
    second = ("create_file", {"path": path, "content": "new\n"})
    return [code(FIX, finish("One."), contains="One"), code(second, finish("Two."), contains="Two")]


@pytest.mark.parametrize(("path", "asked"), [("app.py.txt", 2), ("Makefile", 2)])
async def test_leave_for_one_file_is_not_leave_for_another(folder, path, asked):
    async with Branch(folder, TWO, two(path)) as branch:
        run = await branch.start()
        await branch.session.answer((await branch.approval()).approval_id, "Allow for this run")
        await branch.session.answer((await branch.approval(asked)).approval_id, "Allow")
        assert (await run.ended()).done == 2


async def test_leave_for_this_run_covers_the_same_folder_in_other_tasks(folder):
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("wrong\n")
    script = two("src/new.py")
    script[0] = code(
        ("change_file", {"path": "src/app.py", "old": "wrong", "new": "right"}), finish("One."), contains="One"
    )
    async with Branch(folder, TWO, script) as branch:
        run = await branch.start()
        approval = await branch.approval()
        assert approval.detail["scope"] == "change src/ in this run (never a sensitive file)"
        await branch.session.answer(approval.approval_id, "Allow for this run")
        assert (await run.ended()).done == 2
        assert len([one for one in branch.approvals if one.state == "open"]) == 1
        assert (folder / "src" / "new.py").read_text() == "new\n"
        assert any("allowed for this run" in note for note in branch.notes)


async def test_leave_for_this_run_outlives_a_restart(folder):
    (folder / "src").mkdir()
    script = two("src/b.py")
    script[0] = code(("create_file", {"path": "src/a.py", "content": "a\n"}), finish("One."), contains="One")
    async with Branch(folder, TWO, script) as branch:
        view = await branch.run(wait=False)
        await branch.session.answer(branch.approvals[0].approval_id, "Allow for this run")
        view = await (await branch.resume(view.run_id, wait=False)).ended()
        assert (view.state, view.done) == (RunState.COMPLETED, 2)
        assert (folder / "src" / "b.py").exists()


async def test_trust_and_consent_of_a_call_are_not_kept_with_its_run(folder):
    """`--trust` and `--model` are of that call: whoever resumes the run may be another one."""
    script = [code(FIX, finish("Fixed."))]
    async with Branch(folder, TEXT, script, tools={"edits": "allow"}) as branch:
        run = await branch.start(trusted=True, consented=True, model="scripted/test")
        await run.ended()
        assert branch.approvals == []
        stored = await (await branch.session.store()).run(run.run_id)
        kept = BranchRequest.from_json(stored.request, wait=True)
        assert (kept.trusted, kept.consented, kept.yes, kept.model) == (False, False, False, "scripted/test")


async def test_a_yes_is_for_the_edit_that_was_shown(folder, monkeypatch):
    """An executor that proposes something else under the same words after a restart is asked about anew."""
    shown: list[str] = []

    class Fickle:
        name = "fickle"

        async def execute(self, task, hands):
            shown.append(f"edit {len(shown) + 1}")
            detail = {"fingerprint": shown[-1], "changes": [], "diff": shown[-1], "scope": ""}
            return Outcome("done") if await hands.approve("edit", "Change it", detail) else Outcome(failed="no")

    monkeypatch.setattr(executors, "find", lambda name, _folder: Fickle())
    async with Branch(folder, "- [ ] a\n", []) as branch:
        view = await branch.run(wait=False)
        await branch.session.answer(branch.approvals[0].approval_id, "Allow")
        view = await (await branch.resume(view.run_id, wait=False)).ended()
        assert (view.state, view.waiting, shown) == (RunState.PAUSED, 1, ["edit 1", "edit 2"])
        (asked,) = await (await branch.session.store()).approvals()
        assert asked.detail["diff"] == "edit 2"


async def test_yes_accepts_ordinary_edits_and_nothing_else(folder):
    run = ("run_command", {"argv": [PROGRAM, "-c", "open('ran', 'w')"]})
    script = [code(FIX, finish("One."), contains="One"), code(run, finish("Two."), contains="Two")]
    async with Branch(folder, TWO, script, tools=PYTHON) as branch:
        view = await branch.run(wait=False, yes=True)
        assert "right" in app(folder)
        assert (view.state, view.done, view.waiting) == (RunState.PAUSED, 1, 1)
        assert branch.approvals[-1].kind == "command"
        assert not (folder / "ran").exists()
    async with Branch(
        folder, TEXT, [code(("create_file", {"path": "Makefile", "content": "x"}), finish("M."))]
    ) as branch:
        view = await branch.run(wait=False, yes=True)
        assert view.waiting == 1
        assert not (folder / "Makefile").exists()


async def test_the_users_settings_count_in_trusted_folders(folder):
    script = [code(FIX, finish("Fixed."))]
    settings = {**PYTHON, "edits": "allow", "commands": [f"{PROGRAM} check.py"]}
    (folder / "check.py").write_text("import app; assert app.x == 'right'\n")
    text = f"{TEXT}\n  Accept: `{PROGRAM} check.py` passes\n"
    async with Branch(folder, text, script, tools=settings) as branch:
        branch.session.trust.trust(folder)
        view = await branch.run(wait=False)
        assert (view.state, view.done) == (RunState.COMPLETED, 1)
        assert branch.approvals == []


@pytest.mark.parametrize(("content", "mark"), [("pass", "x"), ("assert False, 'no luck'", "!")])
async def test_a_command_of_any_acceptance_counts_by_its_exit_code(folder, content, mark):
    (folder / "check.py").write_text(content)
    text = f"- [ ] Write\n  Accept: `{PROGRAM} check.py` passes; it is done\n"
    async with Branch(folder, text, [done("it is done"), verdict()], tools=PYTHON, run={"maxDepth": 0}) as branch:
        run = await branch.start()
        count = 0
        while not run.view.state.ended:
            opened = [one for one in branch.approvals if one.state == "open"]
            if len(opened) > count:
                assert opened[count].title == f"Run {PROGRAM} check.py"
                await branch.session.answer(opened[count].approval_id, "Allow")
                count += 1
            await asyncio.sleep(0.01)
        await run.ended()
        assert branch.mark("Write") == mark
        if mark == "!":
            assert "did not pass" in branch.task("Write").fields["reason"]
            assert "no luck" in branch.requests()[-1].messages[0].text, "the second try knows why"


async def test_a_check_that_nobody_allows_leaves_the_task_open(folder):
    text = f"- [ ] Write\n  Accept: `{PROGRAM} check.py` passes\n"
    async with Branch(folder, text, [done()], tools=PYTHON) as branch:
        run = await branch.start()
        await branch.session.answer((await branch.approval()).approval_id, "Refuse")
        await run.ended()
        assert branch.mark("Write") == " "
        assert "was not run" in run.needs_person


async def test_findings_of_a_review_are_told(folder):
    found = {"path": "app.py", "line": 1, "severity": "error", "message": "It is wrong."}
    text = "- [ ] Look  [executor:: review]\n"
    async with Branch(folder, text, [code(finish("One fault.", findings=[found]))]) as branch:
        await branch.run()
        (event,) = [event for event in branch.events if event.kind == "attempt.findings"]
        assert event.detail["taskId"] == branch.task("Look").task_id
        assert event.detail["findings"] == [{**found, "text": "x = 'wrong'"}]
        assert branch.mark("Look") == "x"


async def test_research_is_done_and_written(folder):
    claim = {"claim": "x is wrong", "path": "app.py", "line": 1, "quote": "x = 'wrong'"}
    text = "- [ ] Ask  [executor:: research]\n"
    async with Branch(folder, text, [code(finish("It is wrong.", answer="Wrong.", claims=[claim]))]) as branch:
        view = await branch.run()
        assert branch.task("Ask").result == "It is wrong."
        (attempt,) = await (await branch.session.store()).attempts(view.run_id)
        assert "- x is wrong (`app.py:1`)" in attempt.answer


async def test_a_task_type_names_executor_and_acceptance(folder, monkeypatch):
    bug = task_types.TaskType("answer", "First write how to see it.", "it is done")
    monkeypatch.setattr(sys.modules[__name__], "BUG", bug, raising=False)
    points = [EntryPoint("bug", f"{__name__}:BUG", task_types.ENTRY_POINTS)]
    monkeypatch.setattr(task_types, "entry_points", lambda group: points)
    async with Branch(
        folder, "- [ ] Crash  [type:: bug]\n  At start.\n", [does("Crash", "it is done"), verdict()]
    ) as branch:
        view = await branch.run()
        first, second = (request.messages[0].text for request in branch.requests())
        assert "Description:\n  First write how to see it.\n\n  At start." in first.replace("  \n", "\n")
        assert "it is done" in second
        assert view.done == 1


def slow(seconds, *calls):
    """Once, after so long."""
    return {**code(*calls), "answer": "Hm.", "delay": seconds, "repeat": False}


async def corrected(folder, script, *, said_at, stopped_at):
    """The requests of a run that a person says something to, and that is cut off and resumed, each as it is asked."""
    async with Branch(folder, TEXT, script) as branch:
        run = await branch.start()
        await until(lambda: len(branch.requests()) == said_at)
        await run.say(branch.task("Fix it").task_id, "Use Decimal.")
        await until(lambda: len(branch.requests()) == stopped_at)
        run.stop()
        await run.ended()
        assert (await (await branch.resume(run.run_id)).ended()).done == 1
        return branch.requests()


def knowing(requests):
    return ["Use Decimal." in str(request.messages) for request in requests]


async def test_a_correction_comes_after_the_answers_that_did_not_know_it(folder):
    """Nothing is recorded where nobody had said anything, so a restart must know it from the calls that followed."""
    script = [
        slow(0, ("list_files", {})),
        slow(0.3, ("read_file", {"path": "app.py"})),
        slow(20, finish("Never.")),
        code(finish("Fixed.")),
    ]
    requests = await corrected(folder, script, said_at=2, stopped_at=3)
    assert len(requests) == 4, "what was answered came from the journal"
    assert requests[3] == requests[2]
    assert knowing(requests) == [False, False, True, True]


async def test_a_correction_of_a_second_try_is_none_of_the_first(folder):
    """Both tries begin alike; only the second one was told something."""
    script = [slow(0.3, finish("First.")), slow(20, finish("Never.")), code(finish("Fixed."))]
    requests = await corrected(folder, script, said_at=1, stopped_at=2)
    assert len(requests) == 3, "the first answer came from the journal"
    assert requests[2] == requests[1]
    assert knowing(requests) == [False, True, True]


async def test_a_correction_is_in_the_call_that_is_made_again(folder):
    script = [slow(0, ("list_files", {})), slow(20, finish("Never.")), code(finish("Fixed."))]
    assert knowing(await corrected(folder, script, said_at=2, stopped_at=2)) == [False, False, True]
