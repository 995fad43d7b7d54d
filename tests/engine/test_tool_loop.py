"""A conversation with tools: how it goes on, how it ends, and what the model is told meanwhile."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.executors import tool_loop
from orchestrator.engine.executors.tool_loop import Ended, ToolLoop
from orchestrator.engine.tools import Arguments, Output, Tool
from orchestrator.engine.tools.draft import Draft
from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.errors import AnswerUnusableError, ConfigError
from orchestrator.model.message import Speaker
from orchestrator.providers.base import Capabilities
from orchestrator.providers.scripted import ScriptedProvider
from tests.support.hands import Hands, Journal, Killed, task_in, use

LOOK = ("look", {})
DONE = ("finish", {"result": "Done."})


class Finish(Arguments):
    result: str


class Looks:
    """A tool that counts how often it was really done."""

    def __init__(self) -> None:
        self.done = 0

    async def look(self, _arguments: Arguments) -> Output:
        self.done += 1
        return Output(f"look {self.done}")


async def _finish(arguments: Finish) -> Output:
    return Output("Finished.", finished=arguments.model_dump())


def loop(folder: Path, hands: Hands, looks: Looks | None = None) -> ToolLoop:
    tools = (
        Tool("look", "Look around.", Arguments, run=(looks or Looks()).look),
        Tool("finish", "End the work.", Finish, run=_finish),
    )
    return ToolLoop("research", task_in(folder, "Find the sum"), hands, Draft(WorkspaceFiles(folder)), tools)


def said(hands: Hands, call: int = -1) -> str:
    """The last thing that the model was told before a call: results, then text."""
    last = hands.requests[call].messages[-1]
    assert last.speaker is Speaker.USER
    return "\n".join([*(result.text for result in last.results), last.text])


async def test_it_goes_on_until_finish(tmp_path: Path):
    hands = Hands(use(LOOK, answer="Let me look."), use(LOOK, LOOK), use(DONE))
    assert await loop(tmp_path, hands).run() == Ended({"result": "Done."})
    assert "Task:\n  Find the sum" in hands.requests[0].messages[0].text
    assert [tool.name for tool in hands.requests[0].tools] == ["look", "finish"]
    assert [result.text for result in hands.requests[2].messages[-1].results] == ["look 2", "look 3"]
    assert hands.told == ["look {}", "look {}", "look {}", 'finish {"result": "Done."}']


async def test_it_may_go_on_after_its_end(tmp_path: Path):
    hands = Hands(use(DONE), use(("finish", {"result": "Mended."})))
    conversation = loop(tmp_path, hands)
    await conversation.run()
    assert await conversation.run("The tests do not pass.") == Ended({"result": "Mended."})
    assert said(hands).endswith("The tests do not pass.")
    speakers = [message.speaker for message in hands.requests[-1].messages]
    assert all(one is not other for one, other in pairwise(speakers)), "speakers take turns"


async def test_what_stands_behind_finish_is_not_done(tmp_path: Path):
    looks, hands = Looks(), Hands(use(LOOK, DONE, LOOK), use(DONE))
    conversation = loop(tmp_path, hands, looks)
    await conversation.run()
    assert looks.done == 1
    await conversation.run("Go on.")
    assert "Not done: you had finished." in said(hands)


async def test_a_model_that_never_finishes_ends_after_its_turns(tmp_path: Path):
    hands = Hands(use(LOOK, repeat=True), settings={"tools": {"turns": 3}})
    ended = await loop(tmp_path, hands).run()
    assert ended.failed == "It was not done after 3 answers (setting tools.turns)."
    assert len(hands.requests) == 3
    assert "This is your last answer: call finish now" in said(hands)
    assert "last answer" not in said(hands, 1)


async def test_a_conversation_that_grows_too_long_ends(tmp_path: Path):
    hands = Hands(use(LOOK, answer="word " * 4_000, repeat=True), settings={"tools": {"tokens": 10_000}})
    ended = await loop(tmp_path, hands).run()
    assert "tokens (setting tools.tokens)" in ended.failed
    assert len(hands.requests) <= 3


async def test_silence_is_answered_once_and_then_is_the_end(tmp_path: Path):
    hands = Hands({"answer": "I think so."}, {"answer": "It is 3."})
    ended = await loop(tmp_path, hands).run()
    assert ended.failed == "The model stopped using tools and did not finish. It said: It is 3."
    assert said(hands) == "Call finish when the task is done, or a tool to go on."
    hands = Hands({"answer": "Hm."}, use(LOOK), {"answer": "Hm."}, use(DONE))
    assert (await loop(tmp_path, hands).run()).failed == "", "only silence in a row counts"


async def test_an_answer_that_is_cut_is_asked_for_in_smaller_parts(tmp_path: Path):
    cut: dict[str, Any] = {"answer": "a long", "finish": "maxTokens"}
    hands = Hands(cut, use(DONE))
    assert (await loop(tmp_path, hands).run()).arguments == {"result": "Done."}
    assert "Do less at once" in said(hands)
    assert hands.requests[-1].messages[-2].text == "a long"
    with pytest.raises(AnswerUnusableError):
        await loop(tmp_path, Hands(*[cut] * (tool_loop.MOST_CUT + 1))).run()


async def test_a_tool_that_does_not_exist_and_arguments_that_do_not_fit_are_told(tmp_path: Path):
    looks = Looks()
    hands = Hands(use(("rm_rf", {}), ("finish", '{"result":'), ("finish", {})), use(DONE))
    assert (await loop(tmp_path, hands, looks).run()).failed == ""
    told = said(hands)
    assert "There is no tool 'rm_rf'. There are: look, finish." in told
    assert "The arguments of finish cannot be used: they are not a JSON object." in told
    assert "result: Field required" in told
    assert [result.failed for result in hands.requests[-1].messages[-1].results] == [True] * 3


async def test_ids_that_a_server_uses_twice_are_told_apart(tmp_path: Path):
    class Repeating(ScriptedProvider):
        async def stream(self, request):
            self._calls = 0
            async for event in super().stream(request):
                yield event

    script = Hands(use(LOOK), use(LOOK), use(DONE)).provider._left
    hands = Hands(provider=Repeating(script))
    await loop(tmp_path, hands).run()
    calls = [call.call_id for message in hands.requests[-1].messages for call in message.calls]
    results = [result.call_id for message in hands.requests[-1].messages for result in message.results]
    assert len(set(calls)) == 2
    assert calls == results


async def test_what_a_person_says_meanwhile_is_said_once(tmp_path: Path):
    class Person(Looks):
        async def look(self, _arguments: Arguments) -> Output:
            hands.notes = ("Look in sums.py.",)
            return Output("nothing here")

    hands = Hands(use(LOOK), use(LOOK), use(DONE))
    await loop(tmp_path, hands, Person()).run()
    correction = "A person says about this task: Look in sums.py."
    assert correction not in said(hands, 0)
    assert said(hands, 1) == f"nothing here\n{correction}"
    assert correction not in said(hands, 2)


async def test_a_model_without_tools_is_refused_before_it_is_asked(tmp_path: Path):
    class Plain(ScriptedProvider):
        capabilities = Capabilities()

    hands = Hands(provider=Plain(()))
    with pytest.raises(ConfigError, match="cannot use tools"):
        await loop(tmp_path, hands).run()
    assert hands.requests == []


async def test_after_a_crash_the_same_conversation_is_built_again(tmp_path: Path):
    """Killed at every step in turn: the tool is never done twice, but where its end could not be kept."""
    script = [use(LOOK), use(LOOK), use(DONE)]
    whole = Hands(*script)
    await loop(tmp_path, whole).run()
    for step in range(1, whole.steps + 1):
        journal, looks = Journal(), Looks()
        dying = Hands(*script, journal=journal)
        dying.die_at = step
        with pytest.raises(Killed):
            await loop(tmp_path, dying, looks).run()
        again = Hands(provider=dying.provider, journal=journal)
        if dying.paid > len(journal.calls):  # the answer was there, and nobody could keep it
            continue
        assert (await loop(tmp_path, again, looks).run()).arguments == {"result": "Done."}
        assert dying.paid + again.paid == whole.paid
        assert looks.done <= 3
