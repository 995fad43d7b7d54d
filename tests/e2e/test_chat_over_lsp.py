"""Conversations over stdio, with the scripted provider."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support import patience
from tests.support.lsp_client import LspClient, RpcError, serving

PLAN = """# Ship login

- [ ] Build the login page
  Three fields.
- [ ] Tell the press  ^q4w5e
"""
ABILITIES = {
    "experimental": {"orchestrator": {"chat": True}},
    "workspace": {"applyEdit": True, "textDocumentContent": {}},
    "window": {"showMessage": {}},
    "textDocument": {"hover": {}, "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
}
SLOW = " ".join(f"word{n}" for n in range(60))


def says(text: str, contains: str = "", **more: Any) -> dict[str, Any]:
    return {"when": {"schema": "", **({"contains": contains} if contains else {})}, "answer": text, **more}


class Window:
    """What a client makes of a conversation: it appends, and nothing else."""

    def __init__(self, client: LspClient, opened: dict[str, Any]) -> None:
        self.client = client
        self.info = opened["conversation"]
        self.id = self.info["conversationId"]
        self.seq = opened["seq"]
        self.messages = {message["messageId"]: message for message in opened["messages"]}

    def updates(self) -> list[dict[str, Any]]:
        """Behind its own answer, without a gap."""
        mine = [one for one in self.client.of("orchestrator/chat/update") if one["conversationId"] == self.id]
        mine = [one for one in mine if one["seq"] > self.seq]
        assert [one["seq"] for one in mine] == list(range(self.seq + 1, self.seq + 1 + len(mine)))
        return mine

    def texts(self) -> list[str]:
        shown = {message_id: message["text"] for message_id, message in self.messages.items()}
        for one in self.updates():
            update = one["update"]
            if update["kind"] == "message":
                shown[one["messageId"]] = update["message"]["text"]
            elif update["kind"] == "text":
                shown[one["messageId"]] += update["text"]
        return list(shown.values())


async def open_chat(client: LspClient, **params: Any) -> Window:
    return Window(client, await client.request("orchestrator/chat/open", params))


async def say(client: LspClient, window: Window, text: str, **more: Any) -> dict[str, Any]:
    sent = await client.request("orchestrator/chat/send", {"conversationId": window.id, "text": text, **more})
    await ended(client, sent["messageId"])
    return sent


async def ended(client: LspClient, message_id: str) -> dict[str, Any]:
    def is_end(one: Any) -> bool:
        return one["messageId"] == message_id and one["update"]["kind"] == "end"

    return (await client.until("orchestrator/chat/update", is_end))["update"]


async def test_a_conversation_from_the_first_message_to_the_outline(tmp_path):
    steps = "Do this:\n\n1. **Draw it**: on paper\n2. Write `it`\n3. [x] ^a1b2c [mode:: auto] Test it\n"
    script = [
        says(SLOW, "lay it out", chunk=3, delay=0.002),
        says("Blue.", "colour"),
        says("Green.", "colour"),
        says(steps, "steps"),
        says("It has \x1b[31mthree\x1b[0m <b>fields</b> \u202e.", "result"),
    ]
    (tmp_path / "notes.txt").write_text("first\nsecond\nthird\n")
    async with serving(tmp_path / "home", script=script) as client:
        await client.initialize(ABILITIES, rootUri=tmp_path.as_uri())
        uri = (tmp_path / "plan.tasks.md").as_uri()
        buffer = await client.open(PLAN, uri)
        place = {"uri": uri, "position": buffer.at("Build"), "version": 1}
        window = await open_chat(client, **place)
        assert window.messages == {}

        sent = await client.request(
            "orchestrator/chat/send", {"conversationId": window.id, "text": "How do I lay it out?"}
        )
        await client.until("orchestrator/chat/update", lambda one: one["update"]["kind"] == "text")
        second = await open_chat(client, conversationId=window.id)
        assert list(second.messages.values())[-1]["ending"] == "open"
        assert (await ended(client, sent["messageId"]))["stopReason"] == "end"
        for one in (window, second):
            assert one.texts() == ["How do I lay it out?", SLOW]
        assert "Build the login page  ^" in buffer.text, "its first message gave it an id"
        kinds = [one["update"]["kind"] for one in window.updates()]
        assert 2 < kinds.count("text") < 20, "gathered, not one for each piece"
        assert [kind for kind in kinds if kind != "text"] == ["message", "message", "note", "usage", "end"]

        found = await client.request("orchestrator/chat/find", {"conversationId": window.id, "text": "LAY IT OUT"})
        assert found["messages"] == [sent["saidId"]]
        info = (await open_chat(client, conversationId=window.id)).info
        assert (info["bill"]["calls"], info["bill"]["costUsd"]) == (1, 0.0)
        assert info["bill"]["tokens"] > 0
        (told,) = (one["update"] for one in window.updates() if one["update"]["kind"] == "usage")
        said, answer = (await open_chat(client, conversationId=window.id)).messages.values()
        assert said["used"] is None
        assert answer["used"] == {"model": told["model"], "usage": told["usage"]}

        asked = await say(client, window, "Which colour?")
        again = await client.request("orchestrator/chat/retry", {"conversationId": window.id})
        await ended(client, again["messageId"])
        third = await open_chat(client, conversationId=window.id)
        assert third.texts()[2:] == ["Which colour?", "Green."]
        assert list(third.messages.values())[-1]["variants"] == [asked["messageId"], again["messageId"]]
        await client.request("orchestrator/chat/select", {"conversationId": window.id, "messageId": asked["messageId"]})
        assert (await open_chat(client, conversationId=window.id)).texts()[3:] == ["Blue."]

        attached = [{"uri": (tmp_path / "notes.txt").as_uri(), "range": _lines(1, 2)}, {"path": "notes.txt"}]
        sent = await say(client, window, "Give me steps", attachments=attached)
        (message,) = (
            one for one in (await open_chat(client, conversationId=window.id)).messages.values() if one["attached"]
        )
        assert [one["name"] for one in message["attached"]] == ["notes.txt:2", "notes.txt"]
        assert message["attached"][0]["text"] == "second"
        done = await client.request(
            "orchestrator/chat/extract",
            {"conversationId": window.id, "messageId": sent["messageId"], "to": "subtasks"},
        )
        assert done["changed"]
        assert len(buffer.undo_stack) == 2, "the id, then one edit"
        for line in (
            "  - [ ] Draw it",
            "    on paper",
            "  - [ ] Write `it`",
            "  - [ ] ^a1b2c \\[mode:: auto] Test it",
            "Three fields.",
        ):
            assert line in buffer.text

        sent = await say(client, window, "And the result?")
        shown = (await open_chat(client, conversationId=window.id)).texts()[-1]
        assert shown == "It has <U+001B>[31mthree<U+001B>[0m <b>fields</b> <U+202E>."
        assert window.texts()[-1] == shown
        for to in ("description", "result"):
            assert (await client.request("orchestrator/chat/extract", {"conversationId": window.id, "to": to}))[
                "changed"
            ]
        assert "> Result: It has three" in buffer.text
        assert "\x1b" not in buffer.text
        repeated = {"conversationId": window.id, "to": "result"}
        assert not (await client.request("orchestrator/chat/extract", repeated))["changed"]

        hover = await client.request(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": buffer.at("Build")}
        )
        assert "And the result?" in str(hover["contents"])
        lenses = await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
        (lens, _) = (one["command"] for one in lenses if one["command"]["title"] == "Chat")
        assert lens["command"] == "orchestrator.server.chat.open"
        opened = await client.request(
            "workspace/executeCommand", {"command": lens["command"], "arguments": lens["arguments"]}
        )
        assert opened["conversation"]["conversationId"] == window.id
        asked = {"textDocument": {"uri": uri}, "range": _lines(2, 2), "context": {"diagnostics": []}}
        actions = await client.request("textDocument/codeAction", asked)
        assert "Chat about this task" in [action["title"] for action in actions]

        renamed = await client.request("orchestrator/chat/rename", {"conversationId": window.id, "title": "Layout"})
        assert (renamed["title"], renamed["nodeId"] is not None) == ("Layout", True)
        listed = await client.request("orchestrator/chat/list", {"uri": uri, "position": buffer.at("Build")})
        assert [(one["title"], one["preview"]) for one in listed["conversations"]] == [("Layout", shown)]

        text = await client.request(
            "workspace/textDocumentContent", {"uri": f"orchestrator:/conversation/{window.id}.md"}
        )
        assert text["text"].startswith("# Layout\n")
        assert "\x1b" not in text["text"]
        context = await client.request("orchestrator/document", {"uri": f"orchestrator:/context/{window.id}.md"})
        assert "| 1. system |" in context["text"]
        assert "Three fields." in context["text"]
        prompt = await client.request("orchestrator/document", {"uri": "orchestrator:/prompt/chat.md"})
        assert prompt["text"].startswith("---\nname: chat\n")
        for wrong in ("orchestrator:/conversation/nope.md", "orchestrator:/x/y.md", "file:///etc/passwd"):
            assert (await client.refused("orchestrator/document", {"uri": wrong})).code == -32602
        await client.request("orchestrator/chat/delete", {"conversationId": window.id})
        await client.until("orchestrator/chat/update", lambda one: one["update"]["kind"] == "deleted")
        assert (await client.refused("orchestrator/chat/open", {"conversationId": window.id})).data[
            "kind"
        ] == "protocol"
        assert await client.leave() == 0


def _lines(first: int, last: int) -> dict[str, Any]:
    return {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}


async def test_updates_follow_the_opening(tmp_path):
    """What comes before the answer is in it, what comes behind it is not; also for the second opener of a stream."""
    async with serving(tmp_path / "home", script=[says(SLOW, chunk=1, delay=0.003)]) as client:
        await client.initialize(ABILITIES)
        buffer = await client.open(PLAN)
        window = await open_chat(client, uri=buffer.uri, position=buffer.at("Tell"))
        sent = await client.request("orchestrator/chat/send", {"conversationId": window.id, "text": "Count"})
        for _ in range(5):
            await asyncio.sleep(0.04)
            msg_id, answer = await client.ask("orchestrator/chat/open", {"conversationId": window.id})
            opened = Window(client, await answer)
            before = client.order[: client.order.index(f"answer {msg_id}")]
            assert before.count("orchestrator/chat/update") == opened.seq
            assert opened.texts()[-1] == window.texts()[-1]
        await client.request("orchestrator/chat/cancel", {"conversationId": window.id})
        await ended(client, sent["messageId"])
        assert opened.texts() == window.texts()


async def test_bad_input_is_answered_and_loses_nothing(tmp_path):
    script = [says(SLOW, chunk=1, delay=0.01), says("x" * 10_500_000, chunk=500_000), says("Fine.", repeat=True)]
    async with serving(tmp_path / "home", script=script) as client:
        await client.initialize(ABILITIES)
        uri = (tmp_path / "plan.tasks.md").as_uri()
        buffer = await client.open(PLAN, uri)
        window = await open_chat(client, uri=uri, position=buffer.at("Tell"))
        ours = {"conversationId": window.id}
        for method, params in (
            ("open", {}),
            ("open", {"uri": uri}),
            ("open", {"uri": uri, "position": {"line": 0, "character": 0}}),
            ("open", {"conversationId": "conversation_nope"}),
            ("page", {**ours, "before": "msg_nope"}),
            ("send", {**ours, "text": "  "}),
            ("send", {**ours, "text": "x" * 400_001}),
            ("send", {**ours, "text": "x", "attachments": [{}]}),
            ("send", {**ours, "text": "x", "attachments": [{"path": "/etc/passwd"}]}),
            ("send", {**ours, "text": "x", "attachments": [{"uri": "untitled:1"}]}),
            ("send", {"conversationId": "conversation_nope", "text": "x"}),
            ("retry", ours),
            ("rename", {**ours, "title": " "}),
            ("model", {**ours, "model": "nonsense"}),
            ("fork", {**ours, "messageId": "msg_nope"}),
            ("extract", {**ours, "to": "subtasks"}),
            ("extract", {**ours, "to": "elsewhere"}),
            ("restart", ours),
        ):
            refusal = await client.refused(f"orchestrator/chat/{method}", params)
            assert refusal.message, method
        assert not (await client.request("orchestrator/chat/cancel", ours))["cancelled"]

        sent = await client.request("orchestrator/chat/send", {**ours, "text": "Count"})
        assert "being written" in (await client.refused("orchestrator/chat/send", {**ours, "text": "Me too"})).message
        await client.until("orchestrator/chat/update", lambda one: one["update"]["kind"] == "text")
        assert not (await client.request("orchestrator/chat/cancel", {**ours, "messageId": "msg_x"}))["cancelled"]
        assert (await client.request("orchestrator/chat/cancel", ours))["cancelled"]
        assert (await ended(client, sent["messageId"]))["stopReason"] == "cancelled"
        assert not (await client.request("orchestrator/chat/cancel", ours))["cancelled"]
        kept = window.texts()[-1]
        assert SLOW.startswith(kept)
        assert (await open_chat(client, **ours)).texts()[-1] == kept

        sent = await client.request("orchestrator/chat/send", {**ours, "text": "Write a lot"})
        end = await ended(client, sent["messageId"])
        assert end["stopReason"] == "end"
        assert len(window.texts()[-1]) == 10_500_000  # all of it

        await client.request("orchestrator/chat/fork", {**ours, "messageId": kept_id(window, kept)})
        await say(client, window, "Go on")
        assert (await open_chat(client, **ours)).texts() == ["Count", kept, "Go on", "Fine."]


def kept_id(window: Window, text: str) -> str:
    said = [one["messageId"] for one in window.updates() if one["update"]["kind"] == "text"]
    return said[0]


async def test_conversations_survive_a_kill_and_two_servers_see_the_same(tmp_path):
    script = [says(SLOW, "Count", chunk=4, delay=0.02, repeat=True), says("Fine.", repeat=True)]
    uri = (tmp_path / "plan.tasks.md").as_uri()
    (tmp_path / "plan.tasks.md").write_text(PLAN)
    async with serving(tmp_path / "home", script=script) as first:
        await first.initialize(ABILITIES)
        buffer = await first.open(PLAN, uri)
        window = await open_chat(first, uri=uri, position=buffer.at("Tell"))
        await say(first, window, "Hello")
        async with serving(tmp_path / "home", script=script) as second:
            await second.initialize(ABILITIES)
            other_buffer = await second.open(PLAN, uri)
            other = await open_chat(second, uri=uri, position=other_buffer.at("Tell"))
            assert other.id == window.id
            sent = await first.request("orchestrator/chat/send", {"conversationId": window.id, "text": "Count"})
            await second.until("orchestrator/chat/update", lambda one: one["update"]["kind"] == "text")
            refusal = await second.refused("orchestrator/chat/send", {"conversationId": window.id, "text": "Me too"})
            assert "being written" in refusal.message
            await ended(first, sent["messageId"])
            await ended(second, sent["messageId"])
            assert other.texts() == window.texts() == ["Hello", "Fine.", "Count", SLOW]
            assert await second.leave() == 0
        await first.request("orchestrator/chat/send", {"conversationId": window.id, "text": "Count again"})
        await patience.until(lambda: _partial(tmp_path / "home"), "a part of the answer in the store")
        kept = _partial(tmp_path / "home")
        first.process.kill()
        await first.process.wait()
    async with serving(tmp_path / "home", script=script) as third:
        await third.initialize(ABILITIES)
        buffer = await third.open(PLAN, uri)
        again = await open_chat(third, uri=uri, position=buffer.at("Tell"))
        assert again.id == window.id
        last = list(again.messages.values())[-1]
        assert last["ending"] == "interrupted"
        assert SLOW.startswith(last["text"])
        assert last["text"].startswith(kept)
        await say(third, again, "Go on")
        assert again.texts()[-1] == "Fine."


def _stored(home: Path, query: str) -> Any:
    """The one value that a query answers."""
    with closing(sqlite3.connect(home / "data" / "orchestrator.db")) as store:
        return store.execute(query).fetchone()[0]


def _answers(home: Path) -> int:
    """That have come to their end."""
    return _stored(home, "SELECT count(*) FROM messages WHERE speaker = 'assistant' AND ending != 'open'")


def _partial(home: Path) -> str:
    """What there is of the answers that are being written."""
    return _stored(home, "SELECT coalesce(max(partial_answer), '') FROM steps WHERE state = 'running'")


async def test_a_client_that_stops_reading_stalls_nobody(tmp_path):
    text = "".join(f"- [ ] Task {n}  ^aaa{n:02}\n" for n in range(20))
    script = [says("word " * 2_000, chunk=40, delay=0.001, repeat=True)]
    settings = {"ORCHESTRATOR_CALLS__CONCURRENCY": "20"}
    async with serving(tmp_path / "home", script=script, **settings) as client:
        await client.initialize(ABILITIES)
        uri = (tmp_path / "plan.tasks.md").as_uri()
        await client.open(text, uri)
        windows = [await open_chat(client, uri=uri, position={"line": n, "character": 4}) for n in range(20)]
        for window in windows:
            await client.request("orchestrator/chat/send", {"conversationId": window.id, "text": "Go"})
        client.stop_reading()
        await patience.until(lambda: _answers(tmp_path / "home") == 20, "the end of all answers in the store")
        client.read_on()
        for window in windows:
            last = await client.until(
                "orchestrator/chat/update",
                lambda one, wanted=window.id: one["conversationId"] == wanted and one["update"]["kind"] == "end",
            )
            assert last["update"]["stopReason"] == "end"
            assert window.texts() == ["Go", "word " * 2_000]
        sizes = [len(one["update"].get("text", "")) for one in client.of("orchestrator/chat/update")]
        assert max(sizes) > 400, "what waited went out together"


@pytest.mark.skipif(os.name != "posix", reason="links")
async def test_a_private_file_is_never_attached(tmp_path):
    (tmp_path / ".env").write_text("KEY=secret")
    async with serving(tmp_path / "home", script=[]) as client:
        await client.initialize(ABILITIES, rootUri=tmp_path.as_uri())
        uri = (tmp_path / "plan.tasks.md").as_uri()
        buffer = await client.open(PLAN, uri)
        await client.open("KEY=secret", (tmp_path / ".env").as_uri())
        window = await open_chat(client, uri=uri, position=buffer.at("Tell"))
        with pytest.raises(RpcError, match="private"):
            await client.request(
                "orchestrator/chat/send",
                {
                    "conversationId": window.id,
                    "text": "x",
                    "attachments": [{"uri": (tmp_path / ".env").as_uri(), "range": _lines(0, 1)}],
                },
            )


async def test_a_quick_answer_is_told_once(tmp_path):
    """Quicker than the store is looked at for what other programs wrote; also when it was opened again meanwhile."""
    async with serving(
        tmp_path, script=[says("Blue.", "colour"), says("Green it is.", "again", chunk=3, delay=0.03)]
    ) as client:
        await client.initialize(ABILITIES)
        buffer = await client.open(PLAN)
        window = await open_chat(client, uri=buffer.uri, position=buffer.at("Build"))
        await say(client, window, "colour?")
        await asyncio.sleep(0.6)
        sent = await client.request("orchestrator/chat/send", {"conversationId": window.id, "text": "again?"})
        await open_chat(client, conversationId=window.id)
        await ended(client, sent["messageId"])
        await asyncio.sleep(0.6)
        kinds = [one["update"]["kind"] for one in window.updates()]
        assert kinds.count("message") == 4
        assert kinds.count("end") == 2
        assert window.texts() == ["colour?", "Blue.", "again?", "Green it is."]
