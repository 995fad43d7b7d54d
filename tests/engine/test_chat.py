"""Conversations with the scripted provider, a real store and a document in memory.

As long as what a person can do to one while it streams; what stands by itself (following, extracting) has its file.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from decimal import Decimal

import pytest

from orchestrator.engine import chat_request, virtual_documents
from orchestrator.engine.chat import Voice
from orchestrator.engine.chat_attach import Wanted
from orchestrator.engine.chat_request import Fit, size_of
from orchestrator.errors import ConfigError, ProtocolError, ToolError
from orchestrator.model.message import Speaker
from orchestrator.model.run import Ending, RunKind, RunState, StepState
from orchestrator.providers.prices import Prices
from tests.store.samples import REPOSITORY
from tests.support.branches import does, verdict
from tests.support.chats import (
    OUTLINE,
    Deleted,
    Ended,
    Noted,
    Said,
    Talk,
    Text,
    Thought,
    ToolCalled,
    Turned,
    Used,
    says,
)
from tests.support.patience import PATIENCE

SLOW = "one two three four five six seven eight nine ten"


async def test_a_message_is_answered_in_pieces_and_kept(tmp_path):
    async with Talk(tmp_path, [says("Use a grid.", thought="Hm.", chunk=4), says("Yes.")]) as talk:
        talk_id = await talk.open()
        assert (await talk.page(talk_id)).messages == ()
        sent = await talk.say(talk_id, "How do I lay it out?")
        kinds = [type(update) for _, _, update in talk.updates]
        assert [kind for kind in kinds if kind is not Text] == [Said, Said, Noted, Thought, Used, Ended]
        assert kinds.count(Text) == 3
        assert talk.told(talk_id, sent.message_id) == "Use a grid."
        await talk.say(talk_id, "Sure?")
        page = await talk.page(talk_id)
        assert [(message.speaker, message.text) for message in page.messages] == [
            (Speaker.USER, "How do I lay it out?"),
            (Speaker.ASSISTANT, "Use a grid."),
            (Speaker.USER, "Sure?"),
            (Speaker.ASSISTANT, "Yes."),
        ]
        assert [message.ending for message in page.messages] == [Ending.END] * 4
        assert (page.live, page.here, page.earlier) == (False, False, 0)
        assert page.messages[-1].tokens > page.messages[0].tokens > 0
        told = [update for _, _, update in talk.updates if isinstance(update, Used)]
        assert [page.used.get(message.message_id) for message in page.messages] == [None, told[0], None, told[1]]

        store = await talk.read()
        (run,) = await store.runs(kind=RunKind.CHAT)
        assert (run.state, run.task_id) == (RunState.COMPLETED, "m2p7q")
        (attempt,) = await store.attempts(run.run_id)
        steps = await store.steps(attempt.attempt_id)
        assert [(step.role, step.state, step.prompt, step.cost) for step in steps] == [
            ("chat", StepState.COMPLETED, "chat", 0)
        ] * 2
        assert await store.prompt("chat", steps[0].prompt_version)


async def test_a_model_sees_its_task_by_role_and_no_sibling(tmp_path):
    async with Talk(tmp_path, [says("Fine.", repeat=True)]) as talk:
        talk_id = await talk.open("Style it")
        other_id = await talk.open("Tell the press")
        await talk.say(other_id, "The press must not know.")
        await talk.say(talk_id, "First?")
        await talk.say(talk_id, "Second?")
        request = talk.requests[-1]
        first = request.messages[0].text
        for part in ("Ship login", "Build the login page", "Three fields.", "Style it", "the form has three fields"):
            assert part in first
        assert "secret" not in first
        assert "press" not in "".join(message.text for message in request.messages)
        assert [message.speaker for message in request.messages] == ["user", "assistant", "user"]
        assert request.messages[0].text.endswith("First?")
        assert request.messages[2].text == "Second?"


async def test_edits_leave_the_conversation_attached(tmp_path):
    async with Talk(tmp_path, [says("Fine.", repeat=True)]) as talk:
        talk_id = await talk.open("Build the login page")
        assert "^" not in talk.text.split("\n")[2], "looking gives no id"
        await talk.say(talk_id, "Hello")
        assert "- [ ] Build the login page  ^" in talk.text
        talk.document.type("Build the login page", "Build the sign-in page")
        talk.document.type("Three fields.", "Four fields.")
        assert await talk.open("Build the sign-in page") == talk_id
        assert (await talk.page(talk_id)).conversation.title == "Build the sign-in page"
        await talk.say(talk_id, "Again")
        assert "Four fields." in talk.requests[-1].messages[0].text

        talk.document.type(talk.text, "# Nothing left\n")
        await talk.say(talk_id, "Still there?")
        assert "Four fields." in talk.requests[-1].messages[0].text, "what it said when it was last talked about"


async def test_cancel_keeps_the_text(tmp_path):
    async with Talk(tmp_path, [says(SLOW, chunk=4, delay=0.02), says("Done.")]) as talk:
        talk_id = await talk.open()
        assert not talk.chats.cancel(talk_id)
        sent = await talk.chats.send(talk_id, "Count", talk.voice)
        await talk.until(Text, 2)
        assert not talk.chats.cancel(talk_id, "msg_other")
        assert talk.chats.cancel(talk_id, sent.message_id)
        await talk.end(talk_id)
        assert not talk.chats.cancel(talk_id, sent.message_id), "after the end nothing happens"
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.CANCELLED
        assert message.text == talk.told(talk_id, sent.message_id)
        assert SLOW.startswith(message.text)
        assert 0 < len(message.text) < len(SLOW)
        store = await talk.read()
        (run,) = await store.runs()
        assert run.state is RunState.CANCELLED
        await talk.say(talk_id, "Go on")
        assert talk.requests[-1].messages[-2].text == message.text
        assert (await store.run(run.run_id)).state is RunState.COMPLETED


async def test_an_error_keeps_the_text(tmp_path):
    script = [says(SLOW, cut=True), says("", error="AuthenticationError"), says("Back.")]
    async with Talk(tmp_path, script) as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "One")
        message = (await talk.page(talk_id)).messages[-1]
        assert (message.ending, message.text) == (Ending.ERROR, SLOW[: len(SLOW) // 2])
        assert "cut" in message.reason
        await talk.say(talk_id, "Two")
        message = (await talk.page(talk_id)).messages[-1]
        assert (message.ending, message.text) == (Ending.ERROR, "")
        await talk.say(talk_id, "Three")
        assert (await talk.shown(talk_id))[-1] == "Back."


async def test_endings_are_told_as_they_are(tmp_path):
    script = [says("Too lo", finish="maxTokens"), says("No.", finish="refusal")]
    async with Talk(tmp_path, script) as talk:
        talk_id = await talk.open()
        for _ in script:
            await talk.say(talk_id, "Hm?")
        endings = [message.ending for message in (await talk.page(talk_id)).messages if message.text != "Hm?"]
        assert endings == [Ending.MAX_TOKENS, Ending.REFUSAL]


async def test_a_fork_keeps_the_old_tail(tmp_path):
    script = [says(f"answer {n}", f"question {n}") for n in (1, 2, 3)]
    async with Talk(tmp_path, script) as talk:
        talk_id = await talk.open()
        first = await talk.say(talk_id, "question 1")
        second = await talk.say(talk_id, "question 2")
        await talk.chats.fork(talk_id, first.message_id)
        assert await talk.shown(talk_id) == ["question 1", "answer 1"]
        await talk.say(talk_id, "question 3")
        page = await talk.page(talk_id)
        assert [message.text for message in page.messages] == ["question 1", "answer 1", "question 3", "answer 3"]
        assert list(page.variants) == [first.message_id]
        assert page.variants[first.message_id][0] == second.said_id
        texts = [message.text for message in talk.requests[-1].messages[1:]]
        assert texts == ["answer 1", "question 3"], "another branch is not sent"
        await talk.chats.select(talk_id, second.said_id)
        assert await talk.shown(talk_id) == ["question 1", "answer 1", "question 2", "answer 2"]
        assert [type(update) for _, _, update in talk.updates].count(Turned) == 2


async def test_editing_a_message_and_answering_anew(tmp_path):
    script = [says("one", "red"), says("two", "blue"), says("three", "blue")]
    async with Talk(tmp_path, script) as talk:
        talk_id = await talk.open()
        first = await talk.say(talk_id, "red?")
        edited = await talk.say(talk_id, "blue?", replaces=first.said_id)
        assert await talk.shown(talk_id) == ["blue?", "two"]
        again = await talk.chats.retry(talk_id, Voice(talk.holder, talk.folder, talk.person, model="scripted/other"))
        await talk.end(talk_id)
        assert again.said_id == edited.said_id
        page = await talk.page(talk_id)
        assert [message.text for message in page.messages] == ["blue?", "three"]
        assert page.variants[""] == [first.said_id, edited.said_id]
        assert page.variants[edited.said_id] == [edited.message_id, again.message_id]
        assert talk.requests[-1].model == "other"
        with pytest.raises(ProtocolError, match="no such message"):
            await talk.say(talk_id, "x", replaces=again.message_id)


async def test_a_conversation_has_a_model(tmp_path):
    async with Talk(tmp_path, [says("Fine.", repeat=True)]) as talk:
        talk_id = await talk.open()
        await talk.chats.use_model(talk_id, "scripted/first")
        await talk.say(talk_id, "a")
        await talk.chats.use_model(talk_id, "scripted/second")
        await talk.say(talk_id, "b")
        assert [request.model for request in talk.requests] == ["first", "second"]
        with pytest.raises(ConfigError, match="no model"):
            await talk.chats.use_model(talk_id, "nonsense")


async def test_interleaved_sends(tmp_path):
    async with Talk(tmp_path, [says(SLOW, chunk=8, delay=0.01), says("Second.")]) as talk:
        talk_id = await talk.open()
        both = await asyncio.gather(
            talk.chats.send(talk_id, "a", talk.voice), talk.chats.send(talk_id, "b", talk.voice), return_exceptions=True
        )
        refused = [one for one in both if isinstance(one, ProtocolError)]
        assert len(refused) == 1
        assert "being written" in str(refused[0])
        for refusal in (
            talk.chats.retry(talk_id, talk.voice),
            talk.chats.fork(talk_id, both[0].said_id if both[0] not in refused else both[1].said_id),
            talk.chats.restart(talk_id, talk.voice),
        ):
            with pytest.raises(ProtocolError, match="being written"):
                await refusal
        await talk.end(talk_id)
        assert (await talk.shown(talk_id))[1:] == [SLOW]
        await talk.say(talk_id, "b")
        assert (await talk.shown(talk_id))[2:] == ["b", "Second."]


async def test_who_opens_in_the_middle_misses_nothing(tmp_path):
    async with Talk(tmp_path, [says(SLOW, chunk=1, delay=0.002)]) as talk:
        talk_id = await talk.open()
        sent = await talk.chats.send(talk_id, "Count", talk.voice)
        await talk.until(Text, 10)
        heard: list[str] = []
        page = await talk.page(talk_id)
        talk.chats.hub.listen(
            talk_id, lambda _, update: heard.append(update.text) if isinstance(update, Text) else None
        )
        assert (page.live, page.here) == (True, True)
        assert (page.messages[-1].ending, page.messages[-1].message_id) == (Ending.OPEN, sent.message_id)
        await talk.end(talk_id)
        assert page.messages[-1].text + "".join(heard) == SLOW
        assert 0 < len(page.messages[-1].text) < len(SLOW)


async def test_names_lists_and_deleting(tmp_path):
    async with Talk(tmp_path, [says("Fine.", repeat=True), says(SLOW)]) as talk:
        draft = await talk.open("Tell the press")
        await talk.chats.rename(draft, "  A  title ")
        assert (await talk.page(draft)).conversation.title == "A title"
        await talk.chats.delete(draft)
        talk_id = await talk.open()
        await talk.say(talk_id, "Hello")
        second = await talk.open(new=True)
        assert second != talk_id
        await talk.say(second, "Other")
        listed = await talk.chats.list(task_id="m2p7q")
        assert [one.conversation.conversation_id for one in listed] == [second, talk_id]
        await talk.chats.rename(talk_id, "Layout")
        talk.document.type("Style it", "Style the form")
        await talk.chats.delete(second)
        assert await talk.open("Style the form") == talk_id
        assert (await talk.page(talk_id)).conversation.title == "Layout"
        for call in (
            talk.chats.page(second),
            talk.chats.delete(second),
            talk.chats.rename(second, "x"),
            talk.chats.send(second, "x", talk.voice),
            talk.chats.page(talk_id, before="msg_1"),
            talk.chats.fork(talk_id, "msg_1"),
            talk.chats.select(talk_id, "msg_1"),
            talk.chats.retry("conversation_9", talk.voice),
        ):
            with pytest.raises(ProtocolError, match="There is no such"):
                await call
        assert not talk.chats.cancel("conversation_9")
        with pytest.raises(ProtocolError, match="empty"):
            await talk.chats.send(talk_id, "  \n", talk.voice)


async def test_deleting_while_it_streams(tmp_path):
    async with Talk(tmp_path, [says(SLOW, chunk=1, delay=0.02)]) as talk:
        talk_id = await talk.open()
        await talk.chats.send(talk_id, "Count", talk.voice)
        await talk.until(Text)
        async with asyncio.timeout(PATIENCE):
            await talk.chats.delete(talk_id)
        assert isinstance(talk.updates[-1][2], Deleted)
        assert await talk.chats.list() == []
        with pytest.raises(ProtocolError):
            await talk.page(talk_id)
        assert (await (await talk.read()).size()).rows["steps"] == 0


async def test_deleting_by_another_program_while_it_streams(tmp_path):
    async with Talk(tmp_path, [says(SLOW, chunk=1, delay=0.02)]) as talk:
        talk_id = await talk.open()
        await talk.chats.send(talk_id, "Count", talk.voice)
        await talk.until(Text)
        await (await talk.read()).delete_conversation(talk_id)
        await talk.end(talk_id)
        assert isinstance(talk.updates[-1][2], Ended)
        assert await talk.chats.list() == []


async def test_restart_with_a_merged_brief(tmp_path):
    script = [
        says("A grid.", "lay it out"),
        says("- a grid, three columns", "The conversation:"),
        says("Blue.", "colour"),
    ]
    async with Talk(tmp_path, script) as talk:
        old = await talk.open()
        await talk.say(old, "How do I lay it out?")
        sent = await talk.chats.restart(old, talk.voice)
        talk.listen(sent.conversation_id)
        await talk.end(sent.conversation_id)
        assert sent.conversation_id != old
        page = await talk.page(sent.conversation_id)
        assert [message.text for message in page.messages] == ["- a grid, three columns"]
        assert page.conversation.forked_from == old
        assert (await talk.chats.conversation(sent.conversation_id)).merged == "- a grid, three columns"
        assert await talk.shown(old) == ["How do I lay it out?", "A grid."]
        await talk.say(sent.conversation_id, "Which colour?")
        asked = talk.requests[-1].messages
        assert len(asked) == 1, "it begins with the person"
        assert "settled or done before" in asked[0].text
        assert "three columns" in asked[0].text
        assert await talk.open() == sent.conversation_id


def test_when_a_conversation_is_too_long():
    assert size_of(2_000, 4, 200_000).fit is Fit.GOOD
    assert size_of(2_000, 4, 200_000).advice == ""
    assert size_of(20_000, 4, 200_000).fit is Fit.LONG
    assert size_of(2_000, 30, 200_000).fit is Fit.LONG
    full = size_of(3_900, 4, 4_096)
    assert full.fit is Fit.FULL
    assert "3,900 tokens of 4,096" in full.advice
    assert "Restart with a merged brief" in full.advice


async def test_what_does_not_fit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(chat_request, "ASSUMED_WINDOW", 600)
    async with Talk(tmp_path, [says("Fine.", repeat=True), says("- short", "The conversation:")]) as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "word " * 900)
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.ERROR
        assert "too long for scripted/test" in message.reason
        assert "merged brief" in message.reason
        assert (await talk.chats.size(talk_id)).fit is Fit.FULL


async def test_speakers_take_turns(tmp_path):
    async with Talk(tmp_path, [says("", error="AuthenticationError"), says("Fine.")]) as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "One")
        await talk.say(talk_id, "Two")
        (only,) = talk.requests[-1].messages
        assert only.text.endswith("One\n\nTwo")


async def test_files_and_selections(tmp_path):
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "login.py").write_text("first\nsecond\nthird\n")
    async with Talk(tmp_path, [says("Fine.", repeat=True)]) as talk:
        talk_id = await talk.open()
        wanted = [
            Wanted("ui/login.py", lines=(2, 3)),
            Wanted(str(tmp_path / "ui" / "login.py"), lines=(1, 1), text="unsaved"),
            Wanted("ui/login.py"),
        ]
        await talk.say(talk_id, "Look", wanted=wanted)
        asked = talk.requests[-1].messages[0].text
        assert "Attached, ui/login.py:2-3:\n  second\n  third\n\nAttached, ui/login.py:1:\n  unsaved" in asked
        (tmp_path / "ui" / "login.py").write_text("changed\n")
        await talk.say(talk_id, "And now?")
        assert talk.requests[-1].messages[0].text == asked, "what was attached stays what it was"
        assert [one.name for one in (await talk.page(talk_id)).messages[0].attached] == [
            "ui/login.py:2-3",
            "ui/login.py:1",
            "ui/login.py",
        ]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Wanted(".env"), "private"),
        (Wanted(".env", (1, 1), "KEY=1"), "private"),
        (Wanted("../outside.txt"), "workspace"),
        (Wanted("/etc/passwd"), "outside the workspace"),
        (Wanted("link.txt"), "workspace"),
        (Wanted("missing.txt"), "missing.txt"),
        (Wanted("big.txt"), "too large"),
        (Wanted("blob.bin"), "binary"),
        (Wanted("a.txt", (1, 2), "x" * 30_000), "too large"),
    ],
)
async def test_only_files_of_the_workspace_are_attached_to_a_message(tmp_path, wanted, why):
    folder = tmp_path / "w"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("x")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / ".env").write_text("KEY=1")
    (folder / "a.txt").write_text("a")
    (folder / "big.txt").write_text("x" * 30_000)
    (folder / "blob.bin").write_bytes(b"\0\1")
    async with Talk(folder, []) as talk:
        talk_id = await talk.open()
        with pytest.raises(ToolError, match=why):
            await talk.chats.send(talk_id, "Look", talk.voice, wanted=[wanted])
        assert await talk.chats.list() == [], "nothing was said"


async def test_what_is_too_large_is_not_attached(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.txt").write_text("x" * 20_000)
    async with Talk(tmp_path, []) as talk:
        talk_id = await talk.open()
        for many, why in (
            ([Wanted(f"{name}.txt") for name in "abcd"], "together"),
            ([Wanted("a.txt")] * 13, "too many"),
        ):
            with pytest.raises(ToolError, match=why):
                await talk.chats.send(talk_id, "Look", talk.voice, wanted=many)


async def test_no_consent_no_call(tmp_path):
    settings = {"model": "mine/big", "endpoints": {"mine": {"baseUrl": "https://models.example/v1"}}}
    async with Talk(tmp_path, [], "Not now", **settings) as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "Hello")
        (question,) = talk.person.questions
        assert "models.example" in question.text
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.ERROR
        assert "Nothing was sent" in message.reason


async def test_a_budget_holds_in_a_conversation(tmp_path, monkeypatch):
    monkeypatch.setattr(Prices, "most", lambda *_: Decimal("0.51"))
    text = "- [ ] Style it  [budget:: 0.50]  ^m2p7q\n"
    async with Talk(tmp_path, [says("Fine.", repeat=True)], text=text) as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "Hello")
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.ERROR
        assert "The budget of “Style it” ($0.50) does not allow" in message.reason
        assert await (await talk.read()).spent((await (await talk.read()).runs())[0].run_id) == []


async def test_tools_look_at_files_where_the_executor_may(tmp_path):
    (tmp_path / "a.txt").write_text("forty-two\n")
    call = {
        "when": {"tools": True},
        "answer": "I look. ",
        "calls": [{"tool": "read_file", "arguments": {"path": "a.txt"}}],
    }
    text = "- [ ] Style it  [executor:: research]  ^m2p7q\n- [ ] Plain  ^k3f9x\n"
    async with Talk(tmp_path, [call, says("It is 42.", "forty-two"), says("Plain.")], text=text) as talk:
        talk_id = await talk.open()
        sent = await talk.say(talk_id, "What is in it?")
        page = await talk.page(talk_id)
        message = page.messages[-1]
        assert message.text == "I look. It is 42."
        (use,) = message.tools
        assert (use.tool, use.failed) == ("read_file", False)
        assert "forty-two" in use.result
        assert talk.told(talk_id, sent.message_id) == message.text
        assert sum(isinstance(update, ToolCalled) for _, _, update in talk.updates) == 1
        plain = await talk.open("Plain")
        await talk.say(plain, "Hello")
        assert talk.requests[-1].tools == ()


async def test_a_stream_cut_in_a_tool_call(tmp_path):
    call = {"tool": "read_file", "arguments": '{"path": "a.t'}
    script = [{"when": {"tools": True}, "answer": "I look", "calls": [call], "error": "ConnectionFailedError"}]
    async with Talk(tmp_path, script, text="- [ ] Style it  [executor:: code]  ^m2p7q\n") as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "What is in it?")
        message = (await talk.page(talk_id)).messages[-1]
        assert (message.ending, message.text, message.tools) == (Ending.ERROR, "I look", ())


async def test_an_attempt_is_seen_live_corrected_and_forked(tmp_path):
    script = [
        does("Tell the press", "told", delay=0.03, chunk=20, repeat=True),
        verdict(),
        says("Two papers.", "Who was told?"),
    ]
    async with Talk(tmp_path, script) as talk:
        run = await talk.start("Tell the press")
        async with asyncio.timeout(PATIENCE):
            while not talk.chats.hub._open:
                await asyncio.sleep(0.005)
        talk_id = await talk.open("Tell the press")
        page = await talk.page(talk_id)
        assert (page.here, page.conversation.kind) == (True, "attempt")
        corrected = await talk.chats.send(talk_id, "Only the local papers", talk.voice)
        assert corrected.correction
        with pytest.raises(ProtocolError, match="at work"):
            await talk.chats.fork(talk_id, None)
        async with asyncio.timeout(PATIENCE):
            await run.ended()
        asked = [message.text for request in talk.requests for message in request.messages]
        assert any("Only the local papers" in text for text in asked), "its next step knows"
        streamed = [update for conversation, _, update in talk.updates if conversation == talk_id]
        assert any(isinstance(update, Text) for update in streamed)
        assert any(isinstance(update, Ended) for update in streamed)

        sent = await talk.say(talk_id, "Who was told?")
        assert sent.conversation_id != talk_id
        forked = await talk.page(sent.conversation_id)
        assert [message.text for message in forked.messages] == ["told", "Who was told?", "Two papers."]
        assert forked.conversation.forked_from == talk_id
        assert "settled or done before" in talk.requests[-1].messages[0].text
        assert await talk.open("Tell the press") == sent.conversation_id
        said = (await talk.page(talk_id)).messages[1]
        other = await talk.chats.fork(talk_id, said.message_id)
        (first,) = (await talk.page(other.conversation_id)).messages
        assert (first.copied_from, first.text) == (said.message_id, said.text)
        with pytest.raises(ProtocolError, match="belongs to a run"):
            await talk.chats.delete(talk_id)


async def test_the_next_request_is_shown_without_a_call(tmp_path):
    async with Talk(tmp_path, [says("Fine.")]) as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "Hello")
        _, request, label = await talk.chats.preview(talk_id, talk.voice)
        assert label == "scripted/test"
        assert [part.name for part in chat_request.parts_of(request)] == ["system", "user", "assistant"]
        assert len(talk.requests) == 1


async def test_an_answer_of_ten_megabytes_is_kept(tmp_path):
    """All of it: told piece by piece, stored, and read again. What is too much for a model is said and not sent."""
    text = "".join(f"Line {number:>8}: all of this is kept.\n" for number in range(300_000))
    async with Talk(tmp_path, [says(text, "Write", chunk=20_000), says("Fine.", "Thanks")]) as talk:
        talk_id = await talk.open()
        sent = await talk.say(talk_id, "Write")
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.END
        assert len(text) > 10_000_000
        assert message.text == text == talk.told(talk_id, sent.message_id)
        assert (await talk.chats.size(talk_id)).fit is Fit.FULL
        await talk.say(talk_id, "Thanks")  # it does not fit into any request, and that is said
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.ERROR
        assert "too long" in message.reason
        assert "merged brief" in message.reason


async def test_thoughts_are_kept_with_the_answer(tmp_path):
    entry = says("Three fields.", thought="A form has fields. ", chunk=4, delay=0.002)
    async with Talk(tmp_path, [entry, says("Yes.", "Again")]) as talk:
        talk_id = await talk.open()
        await talk.chats.send(talk_id, "How many?", talk.voice)
        await talk.until(Text)
        assert (await talk.page(talk_id)).messages[-1].thoughts == "A form has fields. "  # who looks in the middle
        await talk.end(talk_id)
        message = (await talk.page(talk_id)).messages[-1]
        assert (message.text, message.thoughts) == ("Three fields.", "A form has fields. ")
        told = [update.text for _, _, update in talk.updates if isinstance(update, Thought)]
        assert "".join(told) == message.thoughts
        await talk.say(talk_id, "Again?")
        assert not any("A form has fields" in one.text for one in talk.requests[-1].messages)
    async with Talk(tmp_path, []) as talk:  # after a restart
        shown = (await talk.page(talk_id)).messages
        assert [one.thoughts for one in shown] == ["", "A form has fields. ", "", ""]
        address = virtual_documents.address_of(virtual_documents.uri_of("conversation", talk_id))
        document = await virtual_documents.document(address, await talk.read(), talk.chats, lambda _: talk.voice)
        assert "> **Thought**\n>\n> A form has fields.\n\nThree fields." in document


async def test_an_answer_without_an_end_is_cut_and_kept(tmp_path, monkeypatch):
    from orchestrator.engine import chat_turn

    monkeypatch.setattr(chat_turn, "LONGEST", 10_000)
    async with Talk(tmp_path, [says("x" * 50_000, chunk=1_000)]) as talk:
        talk_id = await talk.open()
        await talk.say(talk_id, "Write")
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.ERROR
        assert "without an end" in message.reason
        assert 10_000 <= len(message.text) <= 12_000


async def test_the_end_of_the_program_keeps_the_text(tmp_path):
    async with Talk(tmp_path, [says(SLOW, chunk=1, delay=0.01)]) as talk:
        talk_id = await talk.open()
        await talk.chats.send(talk_id, "Count", talk.voice)
        await talk.until(Text, 5)
    async with Talk(tmp_path, [says("Fine.")]) as talk:
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.INTERRUPTED
        assert len(message.text) >= 5
        await talk.say(talk_id, "Go on")
        assert (await talk.shown(talk_id))[-1] == "Fine."


async def test_kill_in_the_middle_of_an_answer(tmp_path):
    program = """
        import asyncio, os, signal, sys
        from pathlib import Path
        from tests.support.chats import Talk, says

        async def main():
            talk = Talk(Path(sys.argv[1]), [says("word " * 400, chunk=5, delay=0.005)])
            talk_id = await talk.open()
            await talk.chats.send(talk_id, "Count", talk.voice)
            await asyncio.sleep(0.9)
            print(talk_id, len(talk.told(talk_id, talk.updates[-1][1])), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
    """
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -9, killed.stderr
    talk_id, told = killed.stdout.split()
    async with Talk(tmp_path, [says("Fine.")], text=OUTLINE) as talk:
        message = (await talk.page(talk_id)).messages[-1]
        assert message.ending is Ending.INTERRUPTED
        assert ("word " * 400).startswith(message.text)
        assert len(message.text) >= int(told) * 0.25, "at most 250 ms (and a slow disk) of it are lost"
        assert await talk.open() == talk_id
        await talk.say(talk_id, "Go on")
        assert (await talk.shown(talk_id))[2:] == ["Go on", "Fine."]


async def test_fifty_conversations_at_once(tmp_path):
    text = "".join(f"- [ ] Task {n}  ^aaa{n:02}\n" for n in range(50))
    script = [says("word " * 20, chunk=5, delay=0.005, repeat=True)]
    async with Talk(tmp_path, script, text=text, calls={"concurrency": 50}) as talk:
        ids = [await talk.open(f"Task {n}") for n in range(50)]
        await asyncio.gather(*(talk.chats.send(one, "Go", talk.voice) for one in ids))
        await asyncio.gather(*(talk.end(one) for one in ids))
        assert {text for one in ids for text in (await talk.shown(one))[1:]} == {"word " * 20}
