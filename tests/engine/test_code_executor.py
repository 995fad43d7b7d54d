"""The executor `code`: propose, approve, apply, verify, and what happens when one of them does not."""

import sys
from pathlib import Path

import pytest

from orchestrator.engine.executors.checks import Checked, check
from orchestrator.errors import ConfigError
from orchestrator.providers.base import Capabilities
from orchestrator.providers.scripted import ScriptedProvider
from tests.support.hands import Hands, Journal, Killed, execute, finish, task_in, use

PYTHON = {"tools": {"programs": [sys.executable]}}
PROGRAM = Path(sys.executable).name
CHECK = f"`{PROGRAM} check.py` passes"
WRONG = "def add(a, b):\n    return a - b\n"
RIGHT = "def add(a, b):\n    return a + b\n"
FIX = ("change_file", {"path": "sums.py", "old": "a - b", "new": "a + b"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ws"
    made.mkdir()
    (made / "sums.py").write_text(WRONG)
    (made / "check.py").write_text(
        "open('ran', 'a').write('x'); import sums; assert sums.add(1, 2) == 3, 'add(1, 2) is not 3'\n"
    )
    return made


async def test_an_edit_is_proposed_approved_applied_and_verified(folder: Path):
    hands = Hands(
        use(("read_file", {"path": "sums.py"}), answer="Let me look."),
        use(FIX),
        use(finish("The sum adds.")),
        settings=PYTHON,
    )
    outcome = await execute("code", hands, folder, acceptance=CHECK)
    assert (folder / "sums.py").read_text() == RIGHT
    assert (outcome.result, outcome.verified, outcome.edited) == ("The sum adds.", True, True)
    assert (outcome.failed, outcome.needs_person) == ("", "")
    assert "-    return a - b\n    +    return a + b" in outcome.text
    assert f"`{PROGRAM} check.py`: exit code 0" in outcome.text
    (edit, command) = hands.asked
    assert edit[0] == "edit"
    assert edit[1] == "Fix the sum: change 1: sums.py"
    assert "+    return a + b" in edit[2]["diff"]
    assert edit[2]["scope"] == "change sums.py in this run (never a sensitive file)"
    assert command[0] == "command"
    assert command[2]["argv"] == [PROGRAM, "check.py"]
    assert command[2]["note"] == "It may execute code of this folder."
    shown = hands.requests[1].messages
    assert "1\tdef add(a, b):" in shown[-1].results[0].text
    assert [tool.name for tool in hands.requests[0].tools][-1] == "finish"


async def test_without_leave_the_patch_is_kept(folder: Path):
    hands = Hands(use(FIX, finish("The sum adds.")), leave=lambda kind, detail: False, settings=PYTHON)
    outcome = await execute("code", hands, folder, acceptance=CHECK)
    assert (folder / "sums.py").read_text() == WRONG
    assert "nobody approved its edit" in outcome.needs_person
    assert "+    return a + b" in outcome.text
    assert not outcome.edited
    assert not (folder / "ran").exists(), "nor did its check run"


async def test_edits_allowed_by_the_users_settings_are_not_asked_about(folder: Path):
    settings = {"tools": {"edits": "allow", "commands": [f"{PROGRAM} check.py"], "programs": [sys.executable]}}
    hands = Hands(use(FIX, finish()), settings=settings)
    outcome = await execute("code", hands, folder, acceptance=CHECK, trusted=True)
    assert hands.asked == []
    assert outcome.verified
    assert any("allowed by the setting tools.edits" in line for line in hands.told)
    (folder / "sums.py").write_text(WRONG)
    untrusted = Hands(use(FIX, finish()), settings=settings)
    await execute("code", untrusted, folder, acceptance=CHECK)
    assert [kind for kind, _, _ in untrusted.asked] == ["edit", "command"]


async def test_a_sensitive_file_is_asked_about_whatever_the_settings_say(folder: Path):
    hands = Hands(
        use(("create_file", {"path": ".github/workflows/x.yml", "content": "on: push\n"}), finish()),
        settings={"tools": {"edits": "allow"}},
        leave=lambda kind, detail: False,
    )
    outcome = await execute("code", hands, folder, trusted=True)
    (asked,) = hands.asked
    assert asked[2]["why"] == ".github/workflows/x.yml: runs on a build server"
    assert asked[2]["scope"] == ""
    assert outcome.needs_person
    assert not (folder / ".github").exists()


async def test_only_what_was_approved_is_written(folder: Path):
    def meanwhile(kind: str, detail: dict) -> bool:
        if kind == "edit":
            (folder / "sums.py").write_text("# a person typed here\n" + (folder / "sums.py").read_text())
        return True

    hands = Hands(
        use(FIX, finish("Once.")),
        use(("read_file", {"path": "sums.py"})),
        use(FIX),
        use(finish("Twice.")),
        leave=meanwhile,
    )
    outcome = await execute("code", hands, folder)
    assert "was not written: sums.py changed since" in hands.requests[1].messages[-1].text
    assert "changed since" in outcome.failed, "the second time, too"
    assert (folder / "sums.py").read_text() == "# a person typed here\n" * 2 + WRONG


async def test_a_failed_check_goes_back_to_the_model_once(folder: Path):
    half = ("change_file", {"path": "sums.py", "old": "a - b", "new": "a * b"})
    mend = ("change_file", {"path": "sums.py", "old": "a * b", "new": "a + b"})
    hands = Hands(use(half, finish("Half.")), use(mend), use(finish("Whole.")), settings=PYTHON)
    outcome = await execute("code", hands, folder, acceptance=CHECK)
    assert outcome.verified
    assert outcome.result == "Whole."
    assert "add(1, 2) is not 3" in hands.requests[1].messages[-1].text
    assert [kind for kind, _, _ in hands.asked] == ["edit", "command", "edit"], "the same command has leave"
    assert "a * b" in outcome.text
    assert "a + b" in outcome.text


@pytest.mark.parametrize("answer", ["Keep the edits", "Undo the edits", "something else"])
async def test_a_check_that_fails_again_offers_to_undo(folder: Path, answer: str):
    other = ("change_file", {"path": "sums.py", "old": "a * b", "new": "b * a"})
    half = ("change_file", {"path": "sums.py", "old": "a - b", "new": "a * b"})
    hands = Hands(use(half, finish()), use(other, finish()), settings=PYTHON, answers=(answer,))
    outcome = await execute("code", hands, folder, acceptance=CHECK)
    (question,) = hands.questions
    assert question == f"“Fix the sum” failed: `{PROGRAM} check.py` did not pass (exit code 1). Undo its edits?"
    undone = answer == "Undo the edits"
    assert ("b * a" not in (folder / "sums.py").read_text()) == undone
    assert (folder / "sums.py").read_text() == (WRONG if undone else WRONG.replace("a - b", "b * a"))
    assert outcome.failed.endswith("its edits were undone" if undone else "(exit code 1)")


async def test_a_second_attempt_does_not_try_twice(folder: Path):
    half = ("change_file", {"path": "sums.py", "old": "a - b", "new": "a * b"})
    hands = Hands(use(half, finish()), settings=PYTHON)
    outcome = await execute("code", hands, folder, acceptance=CHECK, evidence="add was wrong")
    assert "add was wrong" in hands.requests[0].messages[0].text
    assert outcome.failed


async def test_a_check_that_nobody_allows_waits_for_a_person(folder: Path):
    hands = Hands(use(FIX, finish()), settings=PYTHON, leave=lambda kind, detail: kind == "edit")
    outcome = await execute("code", hands, folder, acceptance=CHECK)
    assert outcome.edited
    assert outcome.needs_person == f"`{PROGRAM} check.py` was not run: nobody gave leave to run it"
    assert not (folder / "ran").exists()


async def test_words_beside_commands_are_left_to_judge(folder: Path):
    hands = Hands(use(FIX, finish()), settings=PYTHON)
    outcome = await execute("code", hands, folder, acceptance=f"{CHECK}; the code reads well")
    assert not outcome.verified
    assert "exit code 0" in outcome.text


async def test_a_command_of_the_model_needs_leave_and_answers(folder: Path):
    run = ("run_command", {"argv": [PROGRAM, "check.py"], "purpose": "to see it fail"})
    hands = Hands(use(run), use(finish("Looked.")), settings=PYTHON)
    outcome = await execute("code", hands, folder)
    assert hands.asked[0][2]["purpose"] == "to see it fail"
    (result,) = hands.requests[1].messages[-1].results
    assert result.text.startswith("exit code 1")
    assert "add(1, 2) is not 3" in result.text
    assert outcome.edited, "a command may have changed something"


async def test_no_command_runs_without_leave(folder: Path):
    run = ("run_command", {"argv": [PROGRAM, "check.py"]})
    hands = Hands(use(run), use(finish("Could not look.")), settings=PYTHON, leave=lambda kind, detail: False)
    await execute("code", hands, folder)
    (result,) = hands.requests[1].messages[-1].results
    assert result.failed
    assert "was not run: nobody gave leave" in result.text
    assert not (folder / "ran").exists()


async def test_a_question_is_asked_and_answered(folder: Path):
    hands = Hands(
        *[use(("ask_person", {"question": f"Which {n}?"})) for n in range(4)],
        use(finish("As you said.")),
        answers=("this",) * 4,
    )
    await execute("code", hands, folder)
    assert hands.questions == ["Which 0?", "Which 1?", "Which 2?"]
    assert hands.requests[1].messages[-1].results[0].text == "The person answers: this"
    assert "asked 3 questions" in hands.requests[4].messages[-1].results[0].text


async def test_a_correction_reaches_the_next_call(folder: Path):
    hands = Hands(use(("list_files", {})), use(finish()))
    original = hands.call

    async def call(role, make, on_delta=None):
        answer = await original(role, make)
        hands.notes = ("Use Decimal.",)
        return answer

    hands.call = call
    await execute("code", hands, folder)
    assert hands.requests[1].messages[-1].text == "A person says about this task: Use Decimal."
    assert "Use Decimal" not in hands.requests[0].messages[0].text


async def test_a_correction_is_said_again_after_a_restart(folder: Path):
    script = (use(("list_files", {})), use(("list_files", {})), use(finish()))
    journal = Journal()
    dying = Hands(*script, journal=journal, corrections=("Use Decimal.",))
    dying.die_at = 8
    with pytest.raises(Killed):
        await execute("code", dying, folder)
    assert "Use Decimal." in dying.requests[0].messages[0].text
    again = Hands(*script[len(journal.calls) :], journal=journal)
    await execute("code", again, folder)
    assert again.requests[0] == dying.requests[0], "the program does not know it any more, the journal does"
    later = Hands(*script[len(journal.calls) :], journal=journal, corrections=("Use Decimal.", "And round."))
    await execute("code", later, folder)
    assert later.requests[0] == dying.requests[0]


async def test_a_model_that_never_finishes_is_stopped(folder: Path):
    endless = use(("list_files", {}), repeat=True)
    hands = Hands(endless, settings={"tools": {"turns": 5}})
    outcome = await execute("code", hands, folder)
    assert "not done after 5 answers" in outcome.failed
    assert hands.paid == 5
    assert "This is your last answer" in hands.requests[4].messages[-1].text
    hands = Hands(endless, settings={"tools": {"tokens": 5_000}})
    assert "tokens (setting tools.tokens)" in (await execute("code", hands, folder)).failed
    assert hands.paid < 40


async def test_a_model_that_only_talks_is_reminded_then_stopped(folder: Path):
    hands = Hands({"answer": "I did it!"}, {"answer": "Really, all done."})
    outcome = await execute("code", hands, folder)
    assert hands.requests[1].messages[-1].text.startswith("Call finish when the task is done")
    assert "did not finish. It said: Really, all done." in outcome.failed


async def test_giving_up_is_a_failure_with_its_reason(folder: Path):
    outcome = await execute("code", Hands(use(finish("There is no such sum.", failed=True))), folder)
    assert (outcome.failed, outcome.edited) == ("There is no such sum.", False)


async def test_what_stands_behind_finish_is_not_done(folder: Path):
    hands = Hands(use(finish("Done."), FIX))
    await execute("code", hands, folder)
    assert hands.asked == []


async def test_a_model_without_tools_says_what_to_do(folder: Path):
    class Small(ScriptedProvider):
        capabilities = Capabilities(guided=True)

    with pytest.raises(ConfigError, match=r"cannot use tools.*larger model"):
        await execute("code", Hands(provider=Small([])), folder)


async def test_commands_of_any_acceptance_can_be_checked(folder: Path):
    hands = Hands(settings=PYTHON)
    checked = await check(task_in(folder, acceptance=f"{CHECK}; it reads well"), hands, "verify")
    assert not checked.passed
    assert checked.failure == f"`{PROGRAM} check.py` did not pass (exit code 1)"
    (folder / "sums.py").write_text(RIGHT)
    assert (await check(task_in(folder, acceptance=CHECK), Hands(settings=PYTHON), "verify")).passed
    nobody = Hands(settings=PYTHON, leave=lambda kind, detail: False)
    assert (await check(task_in(folder, acceptance=CHECK), nobody, "verify")).waiting
    assert await check(task_in(folder, acceptance="it reads well"), nobody, "verify") == Checked()


SCRIPT = (
    use(("read_file", {"path": "sums.py"}), ("run_command", {"argv": [PROGRAM, "check.py"]})),
    use(FIX),
    use(("create_file", {"path": "notes.txt", "content": "adds\n"}), finish("The sum adds.")),
)


async def steps_of_a_whole_run(folder: Path) -> int:
    hands = Hands(*SCRIPT, settings=PYTHON)
    await execute("code", hands, folder, acceptance=CHECK)
    return hands.steps


async def test_a_restart_repeats_nothing(tmp_path: Path, folder: Path):
    """Killed before and after every effect: what was finished is answered from the journal, the rest is done once."""
    total = await steps_of_a_whole_run(folder)
    assert total > 25
    for die_at in range(1, total + 1):
        (folder / "sums.py").write_text(WRONG)
        (folder / "ran").unlink(missing_ok=True)
        (folder / "notes.txt").unlink(missing_ok=True)
        journal, provider = Journal(), Hands(*SCRIPT).provider
        dying = Hands(settings=PYTHON, journal=journal, provider=provider)
        dying.die_at = die_at
        with pytest.raises(Killed):
            await execute("code", dying, folder, acceptance=CHECK)
        again = Hands(settings=PYTHON, journal=journal, provider=again_from(provider, journal))
        outcome = await execute("code", again, folder, acceptance=CHECK)
        assert (folder / "sums.py").read_text() == RIGHT, die_at
        assert outcome.failed == "", die_at
        assert bool(outcome.needs_person) == ("interrupted" in outcome.text.partition("Checks:")[2]), die_at
        asked = [
            detail["shown"] if kind == "command" else title for kind, title, detail in (*dying.asked, *again.asked)
        ]
        ran = len((folder / "ran").read_text())
        assert ran <= 2, "the command of the model and the one of the acceptance, each at most once"
        assert len(asked) <= 4, die_at


def again_from(provider: ScriptedProvider, journal: Journal) -> ScriptedProvider:
    """The script from where the journal's answers end: an answer that was not stored is given again."""
    fresh = Hands(*SCRIPT).provider
    del fresh._left[: len(journal.calls)]
    fresh._calls = provider._calls
    return fresh


async def test_a_command_cut_by_a_crash_is_not_run_again(folder: Path):
    script = (use(("run_command", {"argv": [PROGRAM, "check.py"]})), use(finish("Looked.")))
    journal = Journal()
    dying = Hands(*script, settings=PYTHON, journal=journal)
    original = dying.once

    async def once(name, given, work):
        if name != "command.ended":
            return await original(name, given, work)
        await work()
        raise Killed

    dying.once = once
    with pytest.raises(Killed):
        await execute("code", dying, folder)
    again = Hands(*script[1:], settings=PYTHON, journal=journal)
    await execute("code", again, folder)
    assert (folder / "ran").read_text() == "x"
    assert "interrupted" in again.requests[-1].messages[-1].results[0].text
