"""Splitting a task in an editor: the real server, the scripted provider, and a person who types meanwhile.

As long as what editors are unlike each other in: each way of asking, showing, applying and leaving is one test.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.lsp.editor import SAME_BREATH_SECONDS
from tests.support.lsp_client import GHOSTS, PATIENCE, Buffer, LspClient, serving

EDITOR: dict[str, Any] = {"workspace": {"applyEdit": True}, "window": {"workDoneProgress": True, "showMessage": {}}}
WITH_GHOSTS: dict[str, Any] = {**EDITOR, **GHOSTS}

DECOMPOSE = {"when": {"schema": "decide"}, "answer": {"verdict": "DECOMPOSE", "reason": "Big."}, "repeat": True}
EXECUTE = {"when": {"schema": "decide"}, "answer": {"verdict": "EXECUTE", "reason": "One step."}, "repeat": True}


def plan(*titles: str, **more: Any) -> dict[str, Any]:
    tasks = [{"title": title, "description": "", "acceptance": "", "dependsOn": []} for title in titles]
    answer = {"ordered": False, "tasks": tasks}
    return {"when": {"schema": "plan"}, "answer": answer, "repeat": True, **more}


TEXT = "# Trip\n\n- [ ] Before\n- [ ] Pack the bags\n  For a week.\n- [ ] After\n"
SPLIT = """\
# Trip

- [ ] Before
- [ ] Pack the bags  ^ID
  For a week.
  - [ ] Socks
  - [ ] Shirts
- [ ] After
"""


def without_ids(text: str) -> str:
    return re.sub(r"\^[0-9a-z]{5}\b", "^ID", text)


@asynccontextmanager
async def editing(
    home: Path,
    text: str = TEXT,
    *,
    script: list[Any] | None = None,
    capabilities: dict[str, Any] | None = None,
    **environ: str,
) -> AsyncIterator[tuple[LspClient, Buffer]]:
    entries = [DECOMPOSE, plan("Socks", "Shirts")] if script is None else script
    async with serving(home, script=entries, **environ) as client:
        await client.initialize(WITH_GHOSTS if capabilities is None else capabilities)
        yield client, await client.open(text)


async def start(client: LspClient, buffer: Buffer, at: str = "Pack", **more: Any) -> dict[str, Any]:
    return await client.request("orchestrator/split/start", {"uri": buffer.uri, "position": buffer.at(at), **more})


async def until_state(client: LspClient, *states: str) -> dict[str, Any]:
    return await client.until("orchestrator/split/preview", lambda preview: preview["state"] in states)


async def ready(client: LspClient, buffer: Buffer, at: str = "Pack", **more: Any) -> str:
    run_id = (await start(client, buffer, at, **more))["runId"]
    await until_state(client, "ready")
    return run_id


async def settle(client: LspClient) -> None:
    """Until the server has taken in all that was sent."""
    await client.request("textDocument/documentSymbol", {"textDocument": {"uri": next(iter(client.buffers))}})


# --- the whole job ----------------------------------------------------------------------------------------------


async def test_split_and_undo(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        started = await start(client, buffer)
        assert buffer.span(started["range"]) == "- [ ] Pack the bags\n  For a week."
        shown = await until_state(client, "ready")
        assert [ghost["title"] for ghost in shown["children"]] == ["Socks", "Shirts"]
        assert buffer.text == TEXT
        accepted = await client.request("orchestrator/split/accept", {"runId": started["runId"]})
        assert accepted == {"documentVersion": 2, "added": 2}
        assert without_ids(buffer.text) == SPLIT
        await until_state(client, "applied")
        await buffer.undo()
        assert buffer.text == TEXT
        assert buffer.undo_stack == [], "one step takes the split back"


async def test_preview_follows_the_answer(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        msg_id, _ = await client.ask("orchestrator/split/start", {"uri": buffer.uri, "position": buffer.at("Pack")})
        await until_state(client, "ready")
        about_it = [step for step in client.order if step.startswith(("orchestrator/", f"answer {msg_id}"))]
        assert about_it[0] == f"answer {msg_id}"
        assert client.of("orchestrator/run/update")[0]["kind"] == "run.started"


async def test_previews_are_numbered(tmp_path: Path) -> None:
    script = [DECOMPOSE, plan("Socks", "Shirts", "Shoes", chunk=3, delay=0.004)]
    async with editing(tmp_path, script=script) as (client, buffer):
        run_id = await ready(client, buffer)
        await client.request("orchestrator/split/discard", {"runId": run_id})
        await until_state(client, "discarded")
        previews = client.of("orchestrator/split/preview")
        assert [preview["seq"] for preview in previews] == list(range(1, len(previews) + 1))
        assert [preview["state"] for preview in previews][-1] == "discarded"
        assert {(preview["runId"], preview["uri"]) for preview in previews} == {(run_id, buffer.uri)}
        events = [update["seq"] for update in client.of("orchestrator/run/update")]
        assert events == list(range(1, len(events) + 1))
        assert buffer.text == TEXT


async def test_recursive_split_is_one_edit(tmp_path: Path) -> None:
    simple = {"when": {"schema": "decide", "contains": "socks"}, "answer": {"verdict": "EXECUTE", "reason": "."}}
    shirts = {
        "when": {"schema": "plan", "contains": "shirts"},
        **{k: v for k, v in plan("Iron", "Fold").items() if k != "when"},
    }
    top = plan("Socks", "Shirts", repeat=False)
    async with editing(tmp_path, script=[simple, DECOMPOSE, top, shirts, plan("Red", "Blue")]) as (client, buffer):
        run_id = await ready(client, buffer, levels=2)
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert len(client.of("workspace/applyEdit")) == 1
        assert len(buffer.undo_stack) == 1
        assert "  - [ ] Shirts\n    - [ ] " in buffer.text


async def test_some_of_the_ghosts(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        run_id = await ready(client, buffer)
        accepted = await client.request("orchestrator/split/accept", {"runId": run_id, "items": [[1]]})
        assert accepted["added"] == 1
        assert "Shirts" in buffer.text
        assert "Socks" not in buffer.text


async def test_a_ghost_that_does_not_exist(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        run_id = await ready(client, buffer)
        error = await client.refused("orchestrator/split/accept", {"runId": run_id, "items": [[7]]})
        assert (error.code, error.data["kind"]) == (-32602, "protocol")
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert without_ids(buffer.text) == SPLIT


async def test_the_person_edits_the_proposal(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        run_id = await ready(client, buffer)
        ghosts = [{"title": "Tent"}, {"title": "Stove", "dependsOn": [0]}]
        await client.request("orchestrator/split/edit", {"runId": run_id, "children": ghosts, "ordered": True})
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert "  1. [ ] Tent" in buffer.text
        assert "  2. [ ] Stove" in buffer.text


async def test_by_node_id(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        located = await client.request("orchestrator/tree/locate", {"uri": buffer.uri, "position": buffer.at("Pack")})
        await buffer.splice(0, 0, "New first line\n\n")
        started = await client.request("orchestrator/split/start", {"uri": buffer.uri, "nodeId": located["nodeId"]})
        assert started["nodeId"] == located["nodeId"]
        assert buffer.span(started["range"]).startswith("- [ ] Pack")


async def test_a_position_of_an_older_text_is_refused(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        place = buffer.at("Pack")
        await buffer.splice(0, 0, "\n\n\n")
        params = {"uri": buffer.uri, "position": place, "version": 1}
        assert (await client.refused("orchestrator/split/start", params)).data["kind"] == "editRefused"


@pytest.mark.parametrize(
    ("at", "kind"), [("Trip", "taskNotFound"), ("Done", "task"), ("Cancelled", "task"), ("text", "taskNotFound")]
)
async def test_what_cannot_be_split(tmp_path: Path, at: str, kind: str) -> None:
    text = "# Trip\n\ntext\n\n- [x] Done\n- [-] Cancelled\n"
    async with editing(tmp_path, text) as (client, buffer):
        params = {"uri": buffer.uri, "position": buffer.at(at)}
        assert (await client.refused("orchestrator/split/start", params)).data["kind"] == kind


async def test_one_split_per_task(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        await ready(client, buffer)
        params = {"uri": buffer.uri, "position": buffer.at("Pack")}
        error = await client.refused("orchestrator/split/start", params)
        assert "being split already" in error.message


# --- the person types meanwhile ---------------------------------------------------------------------------------

Typing = Callable[[Buffer], Awaitable[None]]


async def above(buffer: Buffer) -> None:
    await buffer.splice(0, 0, "A 😀 line\n")


async def below(buffer: Buffer) -> None:
    await buffer.splice(len(buffer.text), len(buffer.text), "- [ ] Last\n")


async def in_its_description(buffer: Buffer) -> None:
    await buffer.type("a week", "two weeks")


async def in_its_mark(buffer: Buffer) -> None:
    await buffer.type("[ ] Pack", "[/] Pack")


async def before_its_indent(buffer: Buffer) -> None:
    await buffer.type("- [ ] Before\n", "- [ ] Before\n- [ ] Between 😀\n")


async def a_subtask_of_its_own(buffer: Buffer) -> None:
    await buffer.type("  For a week.\n", "  For a week.\n  - [ ] Mine\n")


@pytest.mark.parametrize("moment", ["planning", "ready", "in flight"])
@pytest.mark.parametrize(
    "typing", [above, below, in_its_description, in_its_mark, before_its_indent, a_subtask_of_its_own]
)
async def test_split_lands_at_its_task(tmp_path: Path, typing: Typing, moment: str) -> None:
    script = [DECOMPOSE, plan("Socks", "Shirts", delay=0.05 if moment == "planning" else 0)]
    async with editing(tmp_path, script=script) as (client, buffer):
        run_id = (await start(client, buffer))["runId"]
        if moment == "planning":
            await until_state(client, "planning")
            await typing(buffer)
        await until_state(client, "ready")
        if moment == "ready":
            await typing(buffer)
        if moment == "in flight":
            client.before_apply = lambda: typing(buffer)
        await client.request("orchestrator/split/accept", {"runId": run_id})
        split = buffer.text
        await buffer.undo()
        typed = buffer.text
    pack = typed.index("Pack")
    lines = without_ids(split).split("\n")
    at = next(index for index, line in enumerate(lines) if "Pack the bags" in line)
    assert lines[at].endswith("Pack the bags  ^ID")
    own = lines[at + 1 :]
    own = own[: next(index for index, line in enumerate(own) if not line.startswith("  "))]
    assert own[-2:] == ["  - [ ] Socks", "  - [ ] Shirts"]
    assert typed[:pack] == split[:pack], "nothing before the task has changed"
    assert "".join(own[:-2]) == "".join(typed[pack:].split("\n- ")[0].split("\n")[1:]), "nor its own lines"


async def delete_it(buffer: Buffer) -> None:
    await buffer.type("- [ ] Pack the bags\n  For a week.\n", "")


async def rename_it(buffer: Buffer) -> None:
    await buffer.type("Pack the bags", "Unpack the bags")


async def no_task_any_more(buffer: Buffer) -> None:
    await buffer.type("- [ ] Pack the bags", "Pack the bags")


async def empty_the_file(buffer: Buffer) -> None:
    await buffer.splice(0, len(buffer.text), "")


@pytest.mark.parametrize("moment", ["ready", "in flight"])
@pytest.mark.parametrize("typing", [delete_it, rename_it, no_task_any_more, empty_the_file])
async def test_split_is_refused(tmp_path: Path, typing: Typing, moment: str) -> None:
    async with editing(tmp_path) as (client, buffer):
        run_id = await ready(client, buffer)
        if moment == "ready":
            await typing(buffer)
        else:
            client.before_apply = lambda: typing(buffer)
        error = await client.refused("orchestrator/split/accept", {"runId": run_id})
        assert error.data["kind"] == "editRefused"
        assert error.data["hint"]
        assert "Socks" not in buffer.text
        await buffer.undo()
        assert buffer.text == TEXT
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert without_ids(buffer.text) == SPLIT, "after an undo it can be accepted"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_line_ends_and_encodings(tmp_path: Path, newline: str, encoding: str) -> None:
    text = newline.join(["# 😀 Trip", "", "- [ ] 😀é Pack 😀 the bags  [mode:: auto]", "  Für 😀.", "- [ ] After"])
    capabilities = {**WITH_GHOSTS, "general": {"positionEncodings": [encoding]}}
    async with editing(tmp_path, text, capabilities=capabilities) as (client, buffer):
        run_id = await ready(client, buffer)
        await buffer.type("Für", "Für 😀😀 é")
        await client.request("orchestrator/split/accept", {"runId": run_id})
    expected = [
        *("# 😀 Trip", "", "- [ ] 😀é Pack 😀 the bags  [mode:: auto]  ^ID", "  Für 😀😀 é 😀."),
        *("  - [ ] Socks", "  - [ ] Shirts", "- [ ] After"),
    ]
    assert without_ids(buffer.text) == newline.join(expected)


# --- clients that do not do what they are asked -----------------------------------------------------------------


async def test_a_client_that_lies_is_noticed(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        run_id = await ready(client, buffer)
        client.lie = True
        asking = asyncio.ensure_future(client.refused("orchestrator/split/accept", {"runId": run_id}))
        while not asking.done():
            await buffer.splice(0, 0, "x\n")
            await asyncio.sleep(0.05)
        error = await asking
        assert "does not show it" in error.message
        client.lie = False
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert without_ids(buffer.text).endswith(SPLIT)


async def test_a_client_that_gathers_keys(tmp_path: Path) -> None:
    """As Neovim does: changes are sent a moment later, and an edit for an older version is left out but "applied"."""
    async with editing(tmp_path) as (client, buffer):
        client.lag = 0.15
        client.claims = True
        run_id = await ready(client, buffer)
        client.before_apply = lambda: above(buffer)
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert without_ids(buffer.text) == "A 😀 line\n" + SPLIT


async def test_a_document_that_cannot_be_changed(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        run_id = await ready(client, buffer)
        client.obey = False
        error = await client.refused("orchestrator/split/accept", {"runId": run_id})
        assert "read-only" in error.message
        assert len(client.of("workspace/applyEdit")) == 1, "it is not asked again and again"
        assert buffer.text == TEXT
        client.obey = True
        await asyncio.sleep(SAME_BREATH_SECONDS)
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert without_ids(buffer.text) == SPLIT


async def test_an_editor_that_takes_no_edits(tmp_path: Path) -> None:
    async with editing(tmp_path, capabilities=GHOSTS) as (client, buffer):
        run_id = await ready(client, buffer)
        error = await client.refused("orchestrator/split/accept", {"runId": run_id})
        assert "orchestrator split" in error.data["hint"]


async def test_the_document_is_closed_and_opened_again(tmp_path: Path) -> None:
    async with editing(tmp_path) as (client, buffer):
        run_id = await ready(client, buffer)
        await buffer.close()
        error = await client.refused("orchestrator/split/accept", {"runId": run_id})
        assert (error.data["kind"], "Open it again" in error.message) == ("editRefused", True)
        again = await client.open("New first line\n\n" + TEXT)
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert without_ids(again.text) == "New first line\n\n" + SPLIT


async def test_a_client_that_does_not_read_loses_nothing(tmp_path: Path) -> None:
    titles = [f"Title {number}" for number in range(8)]
    script = [DECOMPOSE, plan(*titles, chunk=2, delay=0.005)]
    async with editing(tmp_path, script=script) as (client, buffer):
        large = await client.open("- [ ] a task\n" * 20_000, "file:///w/large.md")
        client.stop_reading()
        # An answer of megabytes fills every pipe.
        _, symbols = await client.ask("textDocument/documentSymbol", {"textDocument": {"uri": large.uri}})
        _, started = await client.ask("orchestrator/split/start", {"uri": buffer.uri, "position": buffer.at("Pack")})
        async with asyncio.timeout(PATIENCE):
            while not _is_proposed(tmp_path / "data" / "orchestrator.db"):
                await asyncio.sleep(0.05)
        # The run has gone on to its end, though nobody read.
        assert not started.done()
        client.read_on()
        assert len(await symbols) == 20_000
        shown = await until_state(client, "ready")
        assert [ghost["title"] for ghost in shown["children"]] == titles
        previews = client.of("orchestrator/split/preview")
        assert [preview["seq"] for preview in previews] == list(range(1, len(previews) + 1))
        assert len(previews) < 10, "what nobody read in time was replaced by the newest"
        events = [update["seq"] for update in client.of("orchestrator/run/update")]
        assert events == list(range(1, len(events) + 1))
        await client.request("orchestrator/split/accept", {"runId": (await started)["runId"]})
        assert titles[7] in buffer.text
        assert await client.leave() == 0


def _is_proposed(database: Path) -> bool:
    import sqlite3

    question = "SELECT count(*) FROM events WHERE kind = 'split.proposed'"
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return connection.execute(question).fetchone() != (0,)
    except sqlite3.OperationalError:
        return False  # it is still being made


# --- stopping ---------------------------------------------------------------------------------------------------

SLOW = [DECOMPOSE, plan("Socks", "Shirts", chunk=1, delay=1)]


async def test_stop(tmp_path: Path) -> None:
    async with editing(tmp_path, script=SLOW) as (client, buffer):
        run_id = (await start(client, buffer))["runId"]
        await until_state(client, "planning")
        await client.request("orchestrator/run/stop", {"runId": run_id})
        await until_state(client, "cancelled")
        assert buffer.text == TEXT
        await client.until("$/progress", lambda progress: progress["value"]["kind"] == "end")


async def test_discarding_what_is_still_planned_stops_it(tmp_path: Path) -> None:
    async with editing(tmp_path, script=SLOW) as (client, buffer):
        run_id = (await start(client, buffer))["runId"]
        await until_state(client, "planning")
        await client.request("orchestrator/split/discard", {"runId": run_id})
        await until_state(client, "cancelled")


async def test_progress_ends_with_the_run(tmp_path: Path) -> None:
    async with editing(tmp_path, script=SLOW) as (client, buffer):
        await start(client, buffer)
        begun = await client.until("$/progress", lambda progress: progress["value"]["kind"] == "begin")
        assert (begun["value"]["title"], begun["value"]["cancellable"]) == ("Split “Pack the bags”", True)
        await client.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
        await until_state(client, "cancelled")
        await client.until("$/progress", lambda progress: progress["value"]["kind"] == "end")
        kinds = [progress["value"]["kind"] for progress in client.of("$/progress")]
        assert (kinds[0], kinds[-1], kinds.count("begin"), kinds.count("end")) == ("begin", "end", 1, 1)


async def test_a_command_answers_at_once_and_cancelling_it_stops_nothing(tmp_path: Path) -> None:
    """Cancelling a command would answer "cancelled" and go on: so it has ended before it could be cancelled."""
    script = [DECOMPOSE, plan("Socks", "Shirts", delay=0.2)]
    async with editing(tmp_path, script=script) as (client, buffer):
        argument = {"uri": buffer.uri, "position": buffer.at("Pack")}
        command = {"command": "orchestrator.server.split.start", "arguments": [argument]}
        msg_id, answer = await client.ask("workspace/executeCommand", command)
        started = await asyncio.wait_for(answer, PATIENCE)
        await client.notify("$/cancelRequest", {"id": msg_id})
        shown = await until_state(client, "ready", "cancelled", "failed")
        assert (shown["state"], shown["runId"]) == ("ready", started["runId"])
        accept = {"command": "orchestrator.server.split.accept", "arguments": [{"runId": started["runId"]}]}
        assert await client.request("workspace/executeCommand", accept) is None
        await until_state(client, "applied")
        assert without_ids(buffer.text) == SPLIT


async def test_the_token_of_a_command_where_the_server_may_not_make_one(tmp_path: Path) -> None:
    capabilities = {"workspace": {"applyEdit": True}, **GHOSTS}
    async with editing(tmp_path, capabilities=capabilities) as (client, buffer):
        argument = {"uri": buffer.uri, "position": buffer.at("Pack")}
        command = {"command": "orchestrator.server.split.start", "arguments": [argument], "workDoneToken": "mine"}
        await client.request("workspace/executeCommand", command)
        await client.until("$/progress", lambda progress: progress["token"] == "mine")


async def test_stop_and_discard_as_commands(tmp_path: Path) -> None:
    async with editing(tmp_path, script=SLOW) as (client, buffer):
        run_id = (await start(client, buffer))["runId"]
        stop = {"command": "orchestrator.server.run.stop", "arguments": [{"runId": run_id}]}
        assert await client.request("workspace/executeCommand", stop) is None
        await until_state(client, "cancelled")
        discard = {"command": "orchestrator.server.split.discard", "arguments": [{"runId": run_id}]}
        assert await client.request("workspace/executeCommand", discard) is None
        told = await client.until("window/showMessage")
        assert "has ended" in told["message"]


@pytest.mark.parametrize(
    "command",
    [
        {"command": "orchestrator.server.nothing", "arguments": []},
        {"command": "orchestrator.server.split.start"},
        {"command": "orchestrator.server.split.start", "arguments": [{}, {}]},
        {"command": "orchestrator.server.run.stop", "arguments": [{"runId": 5}]},
    ],
)
async def test_bad_commands(tmp_path: Path, command: dict[str, Any]) -> None:
    async with editing(tmp_path) as (client, _):
        error = await client.refused("workspace/executeCommand", command)
        assert (error.code, error.data["kind"]) == (-32602, "protocol")


async def test_leaving_in_the_middle(tmp_path: Path) -> None:
    async with editing(tmp_path, script=SLOW) as (client, buffer):
        await start(client, buffer)
        await until_state(client, "planning")
        assert await client.leave() == 0
        assert buffer.text == TEXT


# --- clients without ghosts -------------------------------------------------------------------------------------


def questions(client: LspClient) -> list[tuple[str, list[str]]]:
    return [
        (asked["message"], [action["title"] for action in asked["actions"]])
        for asked in client.of("window/showMessageRequest")
    ]


async def test_a_message_asks_instead_of_ghosts(tmp_path: Path) -> None:
    script = [DECOMPOSE, plan("Socks\x1b[31m\u202e", "Shirts")]
    async with editing(tmp_path, script=script, capabilities=EDITOR) as (client, buffer):
        client.choices = ["Apply"]
        await start(client, buffer)
        await client.until("workspace/applyEdit")
        while "Shirts" not in buffer.text:
            await asyncio.sleep(0.01)
        ((message, choices),) = questions(client)
        assert "Split “Pack the bags” into:" in message
        assert "\x1b" not in message
        assert "\u202e" not in message
        assert "- Shirts" in message
        assert choices == ["Discard", "Apply"]
        assert client.of("orchestrator/split/preview") == []


@pytest.mark.parametrize("choice", ["Discard", None])
async def test_no_answer_is_no(tmp_path: Path, choice: str | None) -> None:
    async with editing(tmp_path, capabilities=EDITOR) as (client, buffer):
        client.choices = [choice]
        await start(client, buffer)
        ended = await client.until("orchestrator/run/update", lambda update: update["kind"] == "run.ended")
        assert ended["detail"]["state"] == "discarded"
        assert buffer.text == TEXT


async def test_a_refused_edit_asks_again(tmp_path: Path) -> None:
    async with editing(tmp_path, capabilities=EDITOR) as (client, buffer):
        client.choices = ["Apply", "Apply"]
        client.before_apply = lambda: rename_it(buffer)
        await start(client, buffer)
        await client.until("window/showMessageRequest", lambda asked: "another title" in asked["message"])
        await client.until(
            "window/showMessageRequest", lambda asked: asked is not client.of("window/showMessageRequest")[0]
        )
        assert "Socks" not in buffer.text


async def test_an_editor_that_cannot_ask_gets_the_subtasks(tmp_path: Path) -> None:
    async with editing(tmp_path, capabilities={"workspace": {"applyEdit": True}}) as (client, buffer):
        await start(client, buffer)
        ended = await client.until("orchestrator/run/update", lambda update: update["kind"] == "run.ended")
        assert ended["detail"]["state"] == "completed"
        assert without_ids(buffer.text) == SPLIT


async def test_without_preview_nobody_is_asked(tmp_path: Path) -> None:
    async with editing(tmp_path, capabilities=EDITOR, ORCHESTRATOR_SPLIT__PREVIEW="false") as (client, buffer):
        await start(client, buffer)
        await client.until("orchestrator/run/update", lambda update: update["kind"] == "run.ended")
        assert without_ids(buffer.text) == SPLIT
        assert questions(client) == []


async def test_a_simple_task_can_be_split_anyway(tmp_path: Path) -> None:
    async with editing(tmp_path, script=[EXECUTE, plan("Socks", "Shirts")], capabilities=EDITOR) as (client, buffer):
        client.choices = ["Split anyway", "Apply"]
        await start(client, buffer)
        while "Shirts" not in buffer.text:
            await asyncio.sleep(0.01)
        await client.until("orchestrator/run/update", lambda update: update["kind"] == "split.applied")
        (first, choices), _ = questions(client)
        assert (first, choices) == ("“Pack the bags” needs no subtasks: One step. (99% sure)", ["OK", "Split anyway"])


async def test_a_failure_is_told(tmp_path: Path) -> None:
    nonsense = {"when": {"schema": "plan"}, "answer": "I would rather talk about cats.", "repeat": True}
    async with editing(tmp_path, script=[DECOMPOSE, nonsense], capabilities=EDITOR) as (client, buffer):
        await start(client, buffer)
        told = await client.until("window/showMessage")
        assert told["message"].startswith("“Pack the bags” was not split:")
        raw = await client.until("window/logMessage")
        assert "cats" in raw["message"]
        assert buffer.text == TEXT


async def test_the_log_of_a_failure_holds_no_text(tmp_path: Path) -> None:
    nonsense = {"when": {"schema": "plan"}, "answer": "I would rather talk about cats.", "repeat": True}
    log = tmp_path / "server.log"
    async with serving(tmp_path, script=[DECOMPOSE, nonsense], arguments=("--log", str(log))) as client:
        await client.initialize(WITH_GHOSTS)
        buffer = await client.open(TEXT)
        await start(client, buffer)
        await until_state(client, "failed")
        await client.leave()
    assert not re.search("pack|bags|cats", log.read_text(), re.IGNORECASE)


async def test_sending_elsewhere_asks_first(tmp_path: Path) -> None:
    environ = {
        "ORCHESTRATOR_MODEL": "openai/gpt-test",
        "OPENAI_API_KEY": "sk-test-000",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    }
    async with editing(tmp_path, **environ) as (client, buffer):
        await start(client, buffer)
        asked = await client.until("window/showMessageRequest")
        assert "127.0.0.1:9" in asked["message"]
        assert "sk-test" not in str(client.received)
        assert (await until_state(client, "failed"))["message"]
        assert buffer.text == TEXT


# --- a bad store ------------------------------------------------------------------------------------------------


async def test_a_locked_store_blocks_no_editor(tmp_path: Path) -> None:
    import sqlite3

    database = tmp_path / "data" / "orchestrator.db"
    database.parent.mkdir()
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    async with editing(tmp_path) as (client, buffer):
        await start(client, buffer)
        assert await client.request("orchestrator/tree", {"uri": buffer.uri})
        failed = await until_state(client, "failed")
        assert failed["message"]
    holder.close()


@pytest.mark.parametrize("trouble", ["corrupt", "too new", "not a file"])
async def test_a_bad_store_blocks_no_editor(tmp_path: Path, trouble: str) -> None:
    import sqlite3

    database = tmp_path / "data" / "orchestrator.db"
    database.parent.mkdir()
    if trouble == "corrupt":
        database.write_bytes(b"this is no database, " * 500)
    elif trouble == "too new":
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA user_version = 9999")
        connection.close()
    else:
        database.mkdir()
    async with editing(tmp_path) as (client, buffer):
        await start(client, buffer)
        failed = await until_state(client, "failed")
        assert failed["message"]
        assert "bug" not in failed["message"]
        assert await client.request("orchestrator/tree", {"uri": buffer.uri})
        await settle(client)
        assert buffer.text == TEXT
        assert await client.leave() == 0


# --- planning anew ----------------------------------------------------------------------------------------------

PLANNED = "# Trip\n\n- [ ] Pack the bags  ^b7c2d\n  - [x] Socks  ^k3f9x\n  - [ ] Shirts\n- [ ] After\n"
ANEW = {
    "when": {"schema": "replan"},
    "answer": {
        "operations": [
            {"op": "edit", "id": "n2", "title": "Warm shirts", "reason": "It is winter."},
            {"op": "add", "title": "Gloves"},
        ]
    },
    "repeat": True,
}


async def test_replan_and_undo(tmp_path: Path) -> None:
    async with editing(tmp_path, PLANNED, script=[ANEW]) as (client, buffer):
        actions = await client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": buffer.uri},
                "range": {"start": buffer.at("Pack"), "end": buffer.at("Pack")},
                "context": {"diagnostics": [], "only": ["refactor.rewrite.orchestrator.replan"]},
            },
        )
        (action,) = actions
        command = action["command"] if isinstance(action["command"], dict) else action
        started = await client.request("workspace/executeCommand", command)
        shown = await until_state(client, "ready")
        assert [(change["op"], change["was"], change["title"]) for change in shown["changes"]] == [
            ("edit", "Shirts", "Warm shirts"),
            ("add", "", "Gloves"),
        ]
        await client.request("orchestrator/split/accept", {"runId": started["runId"]})
        assert buffer.text == PLANNED.replace("- [ ] Shirts\n", "- [ ] Warm shirts\n  - [ ] Gloves\n")
        await buffer.undo()
        assert buffer.text == PLANNED
        assert buffer.undo_stack == []


# --- ideas and playbooks ------------------------------------------------------------------------------------------


async def actions_at(client: LspClient, buffer: Buffer, at: str, only: str) -> list[dict[str, Any]]:
    found = await client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": buffer.uri},
            "range": {"start": buffer.at(at), "end": buffer.at(at)},
            "context": {"diagnostics": [], "only": [only]},
        },
    )
    return [action["command"] if isinstance(action["command"], dict) else action for action in found]


async def test_an_idea_is_expanded_in_one_edit(tmp_path: Path) -> None:
    text = "# Summer\n\nGo to the sea.\n\nThe end.\n"
    async with editing(tmp_path, text, script=[plan("Pack", "Drive")]) as (client, buffer):
        (action,) = await actions_at(client, buffer, "Go to", "refactor.rewrite.orchestrator.expand")
        started = await client.request("workspace/executeCommand", action)
        assert buffer.span(started["range"]) == "Go to the sea."
        await until_state(client, "ready")
        await buffer.type("The end.", "Not the end.")
        await client.request("orchestrator/split/accept", {"runId": started["runId"]})
        assert without_ids(buffer.text) == (
            "# Summer\n\n- [ ] Go to the sea  ^ID\n  - [ ] Pack\n  - [ ] Drive\n\nNot the end.\n"
        )
        await buffer.undo()
        assert buffer.text == text.replace("The end", "Not the end")


async def test_a_branch_is_saved_as_a_playbook(tmp_path: Path) -> None:
    async with editing(tmp_path, SPLIT.replace("  ^ID", ""), script=[]) as (client, buffer):
        (action,) = await actions_at(client, buffer, "Pack the", "refactor.orchestrator.savePlaybook")
        saved = await client.request("workspace/executeCommand", action)
        text = await asyncio.to_thread(Path(saved["path"]).read_text, encoding="utf-8")
        assert "- [ ] Pack the bags" in text
        assert "- [ ] Socks\n  - [ ] Shirts\n" in text


async def test_a_split_for_an_older_text_is_a_problem(tmp_path: Path) -> None:
    pulling = {**WITH_GHOSTS, "textDocument": {"diagnostic": {}}}

    async def problems(client: LspClient, buffer: Buffer) -> list[str]:
        answer = await client.request("textDocument/diagnostic", {"textDocument": {"uri": buffer.uri}})
        return [item["code"] for item in answer["items"]]

    async def until_stale(client: LspClient, buffer: Buffer) -> None:
        async with asyncio.timeout(PATIENCE):
            while "stale-split" not in await problems(client, buffer):
                await asyncio.sleep(0.05)

    async with editing(tmp_path, capabilities=pulling) as (client, buffer):
        run_id = await ready(client, buffer)
        await client.request("orchestrator/split/accept", {"runId": run_id})
        assert "stale-split" not in await problems(client, buffer)
        await buffer.type("Pack the bags", "Pack the car")
        await until_stale(client, buffer)
        text = buffer.text
    async with editing(tmp_path, text, capabilities=pulling) as (client, buffer):
        await until_stale(client, buffer)
