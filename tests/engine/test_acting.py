"""Tools that reach beyond the draft: commands with leave for exactly their words, and questions to a person."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from orchestrator.engine.tools import Toolbox
from orchestrator.engine.tools.acting import INTERRUPTED, MOST_QUESTIONS, Commands, command_tool, question_tool
from orchestrator.errors import ToolError
from orchestrator.model.message import ToolCall
from tests.support.hands import Hands, Journal, Killed, task_in

PROGRAM = Path(sys.executable).name
COUNT = (PROGRAM, "-c", "open('ran', 'a').write('x'); print('counted')")
SETTINGS = {"tools": {"programs": [sys.executable], "timeout": 20}}


def hands_of(**more) -> Hands:
    return Hands(settings=SETTINGS, **more)


def commands(folder: Path, hands: Hands, **environ: str) -> Commands:
    return Commands(task_in(folder), hands, {"PATH": "/usr/bin:/bin", **environ})


def runs(folder: Path) -> int:
    return len((folder / "ran").read_text()) if (folder / "ran").exists() else 0


async def call(tool, arguments: str) -> tuple[str, bool]:
    output = await Toolbox([tool]).answer(ToolCall("call_1", tool.name, arguments), "1.1")
    return output.text, output.failed


def argv_json(*argv: str) -> str:
    return json.dumps({"argv": argv, "purpose": "to see"})


async def test_leave_is_asked_for_exactly_these_words_and_once(tmp_path: Path):
    hands = hands_of()
    running = commands(tmp_path, hands)
    assert await running.leave(COUNT, "to count", "1.1") == ""
    assert await running.leave(COUNT, "to count again", "1.2") == ""
    assert await running.leave((*COUNT, "more"), "to count", "1.3") == ""
    assert [detail["argv"] for _, _, detail in hands.asked] == [list(COUNT), [*COUNT, "more"]]
    kind, title, detail = hands.asked[0]
    assert kind == "command"
    assert title.startswith(f"Run {PROGRAM} -c ")
    assert detail["purpose"] == "to count"
    assert detail["note"] == "It may execute code of this folder."
    assert runs(tmp_path) == 0, "leave runs nothing"


async def test_a_command_that_nobody_allowed_is_not_run(tmp_path: Path):
    hands = hands_of(leave=lambda kind, detail: False)
    running = commands(tmp_path, hands)
    text, failed = await call(command_tool(running, hands), argv_json(*COUNT))
    assert failed
    assert "was not run: nobody gave leave to run it. Do the task without it." in text
    assert (runs(tmp_path), running.ran) == (0, [])


async def test_what_it_printed_and_how_it_ended_is_told(tmp_path: Path):
    hands = hands_of()
    running = commands(tmp_path, hands)
    text, failed = await call(command_tool(running, hands), argv_json(*COUNT))
    assert not failed
    assert text.startswith("exit code 0, ")
    assert text.endswith("counted")
    text, _ = await call(command_tool(running, hands), argv_json(PROGRAM, "-c", "import sys; sys.exit(3)"))
    assert text.startswith("exit code 3, ")
    assert [outcome.passed for _, outcome in running.ran] == [True, False]


async def test_it_runs_in_the_workspace_without_keys(tmp_path: Path):
    hands = hands_of()
    code = "import os; print(os.getcwd(), os.environ.get('OPENAI_API_KEY'), os.environ.get('PATH') is not None)"
    running = commands(tmp_path, hands, OPENAI_API_KEY="sk-secret-0123456789")
    await running.leave((PROGRAM, "-c", code), "", "1.1")
    outcome = await running.run((PROGRAM, "-c", code), "1.1")
    assert outcome.output.split() == [str(tmp_path), "None", "True"]


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ((), "The command is empty."),
        (("bash", "-c", "true"), "bash is a shell"),
        (("./build.sh",), "is a path"),
        (("sudo", "true"), "more rights"),
        (("no-such-program-here",), "not installed"),
    ],
)
async def test_what_can_never_run_is_not_asked_about(tmp_path: Path, argv: tuple[str, ...], why: str):
    hands = hands_of()
    running = commands(tmp_path, hands)
    with pytest.raises(ToolError, match=why):
        await running.leave(argv, "", "1.1")
    text, failed = await call(command_tool(running, hands), argv_json(*argv))
    assert failed
    assert why in text
    assert hands.asked == []


async def test_the_same_command_in_two_places_runs_twice(tmp_path: Path):
    running = commands(tmp_path, hands_of())
    await running.run(COUNT, "1.1")
    await running.run(COUNT, "1.1")
    assert runs(tmp_path) == 1, "the same place is the same use"
    await running.run(COUNT, "1.2")
    assert runs(tmp_path) == 2


async def test_a_command_that_a_crash_interrupted_is_not_begun_again(tmp_path: Path):
    """Killed at every step in turn: it runs at most once, and what is not known is called so."""
    whole = hands_of()
    await commands(tmp_path, whole).run(COUNT, "1.1")
    for step in range(1, whole.steps + 1):
        (tmp_path / "ran").unlink(missing_ok=True)
        journal = Journal()
        dying = hands_of(journal=journal)
        dying.die_at = step
        with pytest.raises(Killed):
            await commands(tmp_path, dying).run(COUNT, "1.1")
        begun = any(key.startswith("command.begun") for key in journal.effects)
        outcome = await commands(tmp_path, hands_of(journal=journal)).run(COUNT, "1.1")
        assert runs(tmp_path) <= 1
        assert outcome.stopped == (INTERRUPTED if begun else "")


async def test_the_workspace_is_held_while_it_runs(tmp_path: Path):
    hands = hands_of()
    seen: list[bool] = []
    running = commands(tmp_path, hands)
    run = running.run

    async def watched(argv: tuple[str, ...], place: str):
        seen.append(hands.lock.locked())
        return await run(argv, place)

    running.run = watched  # type: ignore[method-assign]
    await call(command_tool(running, hands), argv_json(*COUNT))
    assert seen == [True]
    assert not hands.lock.locked()


async def test_a_person_answers_a_few_questions(tmp_path: Path):
    hands = hands_of(answers=("Blue.", "Green.", "Red."))
    tool = question_tool(hands)
    answers = [await call(tool, f'{{"question": "Colour {number}?"}}') for number in range(MOST_QUESTIONS + 1)]
    assert answers[0] == ("The person answers: Blue.", False)
    assert answers[-1] == (f"You have asked {MOST_QUESTIONS} questions. Decide the rest yourself, or finish.", True)
    assert hands.questions == [f"Colour {number}?" for number in range(MOST_QUESTIONS)]
    assert (await call(tool, '{"question": ""}'))[1], "an empty question is none"
