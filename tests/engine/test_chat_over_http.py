"""A conversation through the real OpenAI SDK, over real HTTP, with streams that break; and with the embedded model."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.config import Directories
from orchestrator.engine.routing import ALLOW
from orchestrator.model.run import Ending, StepState
from tests.support.chats import Noted, Talk
from tests.support.fault_server import Answer, Cut, FaultServer, Status

WORDS = "Grüße, 世界 👨‍👩‍👧! "


@pytest.mark.parametrize("cut", [Cut.MID_STREAM, Cut.MID_CHARACTER])
async def test_a_conversation_through_a_real_sdk(tmp_path, cut: Cut):
    async with FaultServer() as server:
        settings = {"model": "mine/big", "endpoints": {"mine": {"baseUrl": server.openai}}}
        async with Talk(tmp_path, [], ALLOW, **settings) as talk:
            server.then(Answer(WORDS * 4, chunk=1), Answer(WORDS * 4, chunk=1, cut=cut), Answer("Again.", chunk=3))
            talk_id = await talk.open()
            sent = await talk.say(talk_id, "Hello")
            message = (await talk.page(talk_id)).messages[-1]
            assert (message.ending, message.text) == (Ending.END, WORDS * 4)
            assert talk.told(talk_id, sent.message_id) == message.text

            sent = await talk.say(talk_id, "More")
            message = (await talk.page(talk_id)).messages[-1]
            assert message.ending is Ending.ERROR
            assert (WORDS * 4).startswith(message.text)
            assert 0 < len(message.text) < len(WORDS * 4)
            assert talk.told(talk_id, sent.message_id) == message.text

            await talk.say(talk_id, "Once more")
            asked = server.calls[-1].json["messages"]
            assert [one["role"] for one in asked] == ["system", "user", "assistant", "user", "assistant", "user"]
            assert asked[2]["content"] == WORDS * 4
            assert asked[4]["content"] == message.text
            assert (await talk.shown(talk_id))[-1] == "Again."


async def test_another_model_stands_in_and_it_is_said(tmp_path):
    """As in runs: the alias names several. But what a person has read of an answer is not begun anew by another."""
    async with FaultServer() as bad, FaultServer() as good:
        bad.then(Status(503)).always(Answer(WORDS * 4, chunk=1, cut=Cut.MID_STREAM))
        good.always(Answer("From the other.", chunk=4))
        settings = {
            "model": "",
            "roles": {"chat": "strong"},
            "models": {"strong": ["first/big", "second/big"]},
            "endpoints": {"first": {"baseUrl": bad.openai}, "second": {"baseUrl": good.openai}},
            "calls": {"retries": 0},
        }
        async with Talk(tmp_path, [], ALLOW, ALLOW, **settings) as talk:
            talk_id = await talk.open()
            await talk.say(talk_id, "Hello")
            message = (await talk.page(talk_id)).messages[-1]
            assert (message.ending, message.text) == (Ending.END, "From the other."), message.reason
            lasting = [one.text for _, _, one in talk.updates if isinstance(one, Noted) and one.lasting]
            assert len(lasting) == 1
            assert lasting[0].startswith("second/big answers. first/big did not answer: ")
            attempt = await (await talk.read()).attempt_of(talk_id)
            steps = await (await talk.read()).steps(attempt.attempt_id)
            assert [(one.provider, one.state) for one in steps] == [
                ("first", StepState.FAILED),
                ("second", StepState.COMPLETED),
            ]

            await talk.say(talk_id, "Go on")
            message = (await talk.page(talk_id)).messages[-1]
            assert message.ending is Ending.ERROR
            assert (WORDS * 4).startswith(message.text)
            assert message.text
            assert len(good.calls) == 1


@pytest.mark.embedded
async def test_a_conversation_with_the_embedded_model(tmp_path):
    async with Talk(tmp_path, [], model="local/smollm2") as talk:
        talk.session.directories = Directories.default()
        talk_id = await talk.open("Tell the press")
        async with asyncio.timeout(200):
            sent = await talk.chats.send(talk_id, "Write one friendly sentence.", talk.voice)
            await talk.chats.ended(talk_id)
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending in {Ending.END, Ending.MAX_TOKENS}, message.reason
        assert message.text.strip()
        assert talk.told(talk_id, sent.message_id) == message.text
        assert (await talk.chats.size(talk_id)).window == 4096
