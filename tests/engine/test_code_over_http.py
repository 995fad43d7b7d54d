"""A whole task with tools through both vendors' real SDKs, over real HTTP, with streams that break."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import errors
from tests.providers.support import VENDORS, open_provider
from tests.support.fault_server import Answer, Cut, FaultServer, Status, Wanted
from tests.support.hands import Hands, execute

both = pytest.mark.parametrize("vendor", VENDORS)


def asks(*calls: tuple[str, Any], text: str = "", **more: Any) -> Answer:
    wanted = tuple(Wanted(tool, args if isinstance(args, str) else json.dumps(args)) for tool, args in calls)
    return Answer(text, calls=wanted, chunk=5, **more)


READ = ("read_file", {"path": "hello.py"})
CHANGE = ("change_file", {"path": "hello.py", "old": "helo", "new": "hello, wörld"})
DONE = ("finish", {"result": "It greets."})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hello.py").write_text("print('helo')\n")
    return tmp_path


@both
async def test_a_task_is_done_with_the_vendors_own_tool_calls(vendor: str, folder: Path):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(asks(READ, ("list_files", {}), text="I look."), asks(CHANGE), asks(DONE))
        outcome = await execute("code", Hands(provider=provider), folder)
    assert outcome.result == "It greets."
    assert (folder / "hello.py").read_text() == "print('hello, wörld')\n"
    sent = server.calls[2].json
    assert "hello.py" in json.dumps(sent)
    names = [tool.get("name") or tool["function"]["name"] for tool in sent["tools"]]
    assert names[:3] == ["list_files", "read_file", "search_files"]
    grown = [call.json["messages"] for call in server.calls]
    assert grown[1][: len(grown[0])] == grown[0], "it grows at its end, so that a prompt cache can serve its beginning"
    assert grown[2][: len(grown[1])] == grown[1]
    if vendor == "openai":
        assert len({call.json["prompt_cache_key"] for call in server.calls}) == 1, "one conversation, one machine"


@both
async def test_an_answer_that_breaks_off_in_its_arguments_is_asked_for_again(vendor: str, folder: Path):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(asks(CHANGE, cut=Cut.MID_STREAM), asks(CHANGE, cut=Cut.BEFORE_FINISH), asks(CHANGE, DONE))
        hands = Hands(provider=provider)
        outcome = await execute("code", hands, folder)
    assert outcome.result == "It greets."
    assert (folder / "hello.py").read_text().count("wörld") == 1
    assert sum("Asking again" in line for line in hands.told) == 2
    assert server.calls[0].json == server.calls[2].json


@both
async def test_an_answer_that_always_breaks_off_fails_and_changes_nothing(vendor: str, folder: Path):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.always(asks(CHANGE, cut=Cut.MID_STREAM))
        with pytest.raises(errors.AnswerCutError):
            await execute("code", Hands(provider=provider), folder)
    assert len(server.calls) == 3
    assert (folder / "hello.py").read_text() == "print('helo')\n"


@both
async def test_broken_arguments_and_unknown_tools_go_back_as_errors(vendor: str, folder: Path):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(asks(("delete_all_files", {}), ("read_file", '{"path": '), READ), asks(DONE))
        await execute("code", Hands(provider=provider), folder)
        sent = json.dumps(server.calls[1].json)
    assert "There is no tool 'delete_all_files'" in sent
    assert "not a JSON object" in sent
    assert "print('helo')" in sent


@both
async def test_a_server_that_refuses_tools_says_so(vendor: str, folder: Path):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(Status(400, "this model does not support tools"))
        with pytest.raises(errors.RequestRejectedError, match="does not support tools"):
            await execute("code", Hands(provider=provider), folder)


@both
async def test_an_answer_that_is_too_long_is_said_and_done_in_smaller_steps(vendor: str, folder: Path):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.then(asks(CHANGE, text="All at once.", finish="maxTokens"), asks(CHANGE), asks(DONE))
        hands = Hands(provider=provider)
        outcome = await execute("code", hands, folder)
    assert outcome.result == "It greets."
    assert "too long and was cut off" in json.dumps(server.calls[1].json)
    assert (folder / "hello.py").read_text().count("wörld") == 1


@both
async def test_answers_that_are_always_too_long_end_the_task(vendor: str, folder: Path):
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        server.always(asks(CHANGE, finish="maxTokens"))
        with pytest.raises(errors.AnswerUnusableError):
            await execute("code", Hands(provider=provider), folder)
    assert len(server.calls) == 3
