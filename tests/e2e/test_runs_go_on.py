"""Runs that were cut off, begun anew, asked about, corrected and cancelled, as an editor meets them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import main
from tests.e2e.test_run_over_lsp import EDITOR, editing, ended, opened, start, until
from tests.support.branches import asks, does, done, sums_up
from tests.support.lsp_client import Buffer, LspClient, serving

ACTIONS = {
    **EDITOR,
    "workspace": {"applyEdit": True, "codeLens": {"refreshSupport": True}},
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
}
TRIP = "- [ ] Pack  [mode:: auto]\n  1. [ ] Socks\n  2. [ ] Shirts\n"
SCRIPT = [does("Socks"), {**does("Shirts"), "delay": 20}, done("It is done."), sums_up("All packed.")]


async def lenses(client: LspClient, buffer: Buffer) -> list[dict[str, Any]]:
    found = await client.request("textDocument/codeLens", {"textDocument": {"uri": buffer.uri}})
    return [lens["command"] for lens in found]


async def actions(client: LspClient, buffer: Buffer, at: str) -> dict[str, dict[str, Any]]:
    """Commands of running, by title."""
    place = {"start": buffer.at(at), "end": buffer.at(at)}
    kind = "refactor.rewrite.orchestrator.run"
    context = {"diagnostics": [], "only": [kind]}
    params = {"textDocument": {"uri": buffer.uri}, "range": place, "context": context}
    found = await client.request("textDocument/codeAction", params)
    return {action["title"]: action["command"] for action in found}


async def execute(client: LspClient, command: dict[str, Any]) -> Any:
    wanted = {"command": command["command"], "arguments": command["arguments"]}
    return await client.request("workspace/executeCommand", wanted)


def calls(home: Path) -> list[str]:
    """Those that the model was asked for, as it noted them itself."""
    lines = [json.loads(line) for line in (home / "calls.log").read_text().splitlines()]
    return [line["what"] for line in lines]


@asynccontextmanager
async def cut_off(home: Path) -> AsyncIterator[tuple[LspClient, Buffer]]:
    """A second server over the store of one that was killed in the middle of a run."""
    logged = {"ORCHESTRATOR_SCRIPTED__LOG": str(home / "calls.log")}
    async with serving(home, script=SCRIPT, **logged) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(TRIP)
        await start(client, buffer)
        await until(lambda: "[x] Socks" in buffer.text and len(calls(home)) == 3)
        client.process.kill()
        await client.process.wait()
        text = buffer.text
    async with serving(home, script=[done("It is done."), sums_up("All packed.")], **logged) as client:
        await client.initialize(ACTIONS)
        client.choices = []
        yield client, await client.open(text)


async def test_a_run_that_was_cut_off_is_offered(tmp_path: Path) -> None:
    async with cut_off(tmp_path) as (client, buffer):
        client.choices = ["Resume"]
        asked = await client.until("window/showMessageRequest")
        assert asked["message"] == (
            "“Pack” was cut off while it ran. 1 task of it is done. Go on with it? What is finished is not done again."
        )
        assert [action["title"] for action in asked["actions"]] == ["Not now", "Resume", "Mark it failed"]
        await client.until("orchestrator/run/update", lambda update: update["kind"] == "run.ended")
        await until(lambda: buffer.text.count("[x]") == 3)
        assert calls(tmp_path).count("begun") == 4, "Socks was asked for once, Shirts again, and then the whole"
        assert len(client.of("window/showMessageRequest")) == 1


async def test_it_is_resumed_by_its_lens_or_given_up_by_an_action(tmp_path: Path) -> None:
    async with cut_off(tmp_path) as (client, buffer):
        await client.until("window/showMessageRequest")
        await client.until("workspace/codeLens/refresh")
        assert [lens["title"] for lens in await lenses(client, buffer)] == ["1/2 · Split", "Resume"]
        offered = await actions(client, buffer, "Shirts")
        assert list(offered) == [
            "Resume the run of “Pack”",
            "Mark the run of “Pack” as failed",
            "Run task",
        ]
        await execute(client, offered["Mark the run of “Pack” as failed"])
        found = await lenses(client, buffer)
        while found[1]["title"] != "Run":
            found = await lenses(client, buffer)
        assert [lens["title"] for lens in found] == ["1/2 · Split", "Run"]
        run_id = await start(client, buffer, "Shirts")
        assert (await ended(client, run_id))["state"] == "completed"


async def test_the_lens_resumes_what_a_person_stopped(tmp_path: Path) -> None:
    async with serving(tmp_path, script=SCRIPT, ORCHESTRATOR_SCRIPTED__LOG=str(tmp_path / "calls.log")) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(TRIP)
        run_id = await start(client, buffer)
        await until(lambda: "[x] Socks" in buffer.text and len(calls(tmp_path)) == 3)
        await client.request("orchestrator/run/stop", {"runId": run_id})
        await ended(client, run_id)
        found: list[dict[str, Any]] = []
        while "Resume" not in [lens["title"] for lens in found]:
            found = await lenses(client, buffer)
        again = (await execute(client, found[1]))["runId"]
        assert again == run_id
        await until(lambda: buffer.text.count("[x]") == 3)
        assert client.of("window/showMessageRequest") == [], "what a person stopped is not offered by itself"
        at_it = {"uri": buffer.uri, "position": buffer.at("Shirts")}
        runs = (await client.request("orchestrator/run/list", at_it))["runs"]
        assert [run["runId"] for run in runs] == [run_id]


async def test_a_restart_begins_anew(tmp_path: Path) -> None:
    text = TRIP.replace("2. [ ] Shirts", "2. [!] Shirts  [reason:: no shirt]\n  3. [-] Hats")
    async with serving(tmp_path, script=[done("Anew."), sums_up("Packed anew.")]) as client:
        await client.initialize(ACTIONS)
        buffer = await client.open(text.replace("1. [ ]", "1. [x]"))
        offered = await actions(client, buffer, "Pack")
        assert list(offered) == ["Run branch", "Restart branch"]
        run_id = (await execute(client, offered["Restart branch"]))["runId"]
        assert (await ended(client, run_id))["state"] == "completed"
        assert [line.strip()[:12] for line in buffer.text.splitlines() if "] " in line and "Result" not in line] == [
            "- [x] Pack  ",
            "1. [x] Socks",
            "2. [x] Shirt",
            "3. [-] Hats",
        ]
        assert "reason" not in buffer.text
        offered = await actions(client, buffer, "Socks")
        assert list(offered) == ["Restart task"]


async def test_a_restart_of_what_runs_stops_it_first(tmp_path: Path) -> None:
    script = [{**does("Leave"), "delay": 20}, done("Left.")]
    async with serving(tmp_path, script=script, ORCHESTRATOR_SCRIPTED__LOG=str(tmp_path / "calls.log")) as client:
        await client.initialize(ACTIONS)
        buffer = await client.open("- [ ] Leave\n")
        first = await start(client, buffer, "Leave")
        await until((tmp_path / "calls.log").exists)
        offered = await actions(client, buffer, "Leave")
        assert list(offered) == ["Stop this task", "Stop the run", "Restart task"]
        second = (await execute(client, offered["Restart task"]))["runId"]
        assert (await ended(client, first))["state"] == "cancelled"
        assert (await ended(client, second))["state"] == "completed"
        assert "> Result: Left." in buffer.text


async def test_what_a_task_needs_is_offered_and_run_too(tmp_path: Path) -> None:
    text = (
        "- [ ] Fly  [mode:: auto]  [dependsOn:: bbbbb]  ^aaaaa\n"
        "- [ ] Book  [mode:: auto]  [dependsOn:: ccccc]  ^bbbbb\n"
        "- [ ] Choose  [mode:: auto]  ^ccccc\n- [ ] Other\n"
    )
    async with serving(tmp_path, script=[done("It is done.")]) as client:
        await client.initialize(ACTIONS)
        buffer = await client.open(text)
        offered = await actions(client, buffer, "Fly")
        assert list(offered) == ["Run task", "Run “Book” and 1 more too, which it depends on"]
        estimate = await client.request("orchestrator/run/estimate", {"uri": buffer.uri, "position": buffer.at("Fly")})
        assert [task["title"] for task in estimate["needed"]] == ["Book", "Choose"]
        client.choices = ["Run it too"]
        run_id = await start(client, buffer, "Fly")
        asked = await client.until("window/showMessageRequest")
        assert asked["message"] == (
            "“Fly”: 0 of 1 tasks are done, 0 failed, 1 was not possible. "
            "Waiting for “Book”, “Choose”, outside of this run."
        )
        await until(lambda: buffer.text.count("[x]") == 3)
        assert "- [ ] Other" in buffer.text
        assert (await ended(client, run_id))["state"] == "completed"


async def test_progress_begins_reports_and_ends(tmp_path: Path) -> None:
    async with editing(tmp_path, [done("It is done."), sums_up("All packed.")], TRIP) as (client, buffer):
        await ended(client, await start(client, buffer))
        await client.until("$/progress", lambda params: params["value"]["kind"] == "end")
        values = [params["value"] for params in client.of("$/progress")]
        assert values[0]["kind"] == "begin"
        assert (values[0]["title"], values[0]["cancellable"]) == ("Run “Pack”", True)
        told = [value.get("message", "") for value in values]
        assert any(text.startswith("3 tasks: about ") and text.endswith("no cost.") for text in told), told
        assert "1 of 3" in told
        assert (values[-1]["kind"], values[-1]["message"]) == ("end", "3 of 3 done")
        assert len({params["token"] for params in client.of("$/progress")}) == 1


async def test_cancelling_the_progress_stops_the_run(tmp_path: Path) -> None:
    async with editing(tmp_path, SCRIPT, TRIP) as (client, buffer):
        run_id = await start(client, buffer)
        await until(lambda: "[x] Socks" in buffer.text)
        token = (await client.until("$/progress"))["token"]
        await client.notify("window/workDoneProgress/cancel", {"token": token})
        assert await ended(client, run_id) == {"state": "cancelled", "reason": "user"}
        await client.until("$/progress", lambda params: params["value"]["kind"] == "end")
        assert "[ ] Shirts" in buffer.text


async def test_what_costs_money_is_asked_first(tmp_path: Path) -> None:
    """Declined: nothing is sent, nothing written, and the run is over for whoever has its id."""
    async with serving(tmp_path, script=[], ORCHESTRATOR_MODEL="openai/gpt-4o-mini") as client:
        await client.initialize(EDITOR)
        buffer = await client.open(TRIP.replace("  [mode:: auto]", ""))
        client.choices = ["Not now"]
        run_id = await start(client, buffer)
        asked = await client.until("window/showMessageRequest")
        assert asked["message"].startswith("“Pack”, 3 tasks: about 3 to 6 calls of openai/gpt-4o-mini, ")
        assert "$0.0" in asked["message"]
        assert asked["message"].endswith("2 of 2 tasks are interactive. How are they to be run?")
        assert [action["title"] for action in asked["actions"]] == [
            "Not now",
            "Ask before each",
            "Run all by themselves",
        ]
        assert await ended(client, run_id) == {"state": "cancelled", "reason": "it was not started"}
        assert "^" not in buffer.text
        assert (await client.request("orchestrator/run/list", {}))["runs"] == []


async def test_a_run_that_never_began_ends_too(tmp_path: Path) -> None:
    cycle = "- [ ] a  [dependsOn:: bbbbb]  ^aaaaa\n- [ ] b  [dependsOn:: aaaaa]  ^bbbbb\n"
    async with editing(tmp_path, [done()], cycle) as (client, buffer):
        run_id = await start(client, buffer)
        assert (await ended(client, run_id))["state"] == "failed"
        assert "wait for each other" in (await client.until("window/showMessage"))["message"]


async def test_a_correction_counts_from_the_next_call(tmp_path: Path) -> None:
    logged = [{**done("first", delay=0.4), "repeat": False}, asks("Leave", "Which?"), done("French")]
    async with editing(tmp_path, logged, "- [ ] Leave\n") as (client, buffer):
        run_id = await start(client, buffer, "Leave")
        update = await client.until("orchestrator/run/update", lambda one: one["detail"].get("state") == "executing")
        at = {"runId": run_id, "taskId": update["detail"]["taskId"]}
        told = await client.request("orchestrator/run/correct", {**at, "text": "Use French names."})
        assert told["told"].startswith("What you said counts from its next call on")
        approval = await opened(client)
        told = await client.request("orchestrator/run/correct", {**at, "text": "And short ones."})
        assert told["told"] == "It waits for a person; what you said counts when it goes on."
        await client.request("orchestrator/question/answer", {"approvalId": approval["approvalId"], "answer": "x"})
        assert (await ended(client, run_id))["state"] == "completed"
        assert "> Result: French" in buffer.text
        said = [one["detail"]["text"] for one in client.of("orchestrator/run/update") if "corrected" in one["kind"]]
        assert said == ["Use French names.", "And short ones."]
        refused = await client.refused("orchestrator/run/correct", {**at, "text": "Too late."})
        assert "not under way" in refused.message


async def in_terminal(home: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Of the same person as the editor: `communicate` waits for its end."""
    folders = {f"ORCHESTRATOR_{name.upper()}_DIR": str(home / name) for name in ("config", "data", "cache")}
    scripted = {"ORCHESTRATOR_SCRIPTED__SCRIPT": str(home / "script.json")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrator", *arguments),
        env={**os.environ, **folders, **scripted},
        cwd=home / "work",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_store_that_appears_later_is_noticed(tmp_path: Path) -> None:
    """The first run ever is started in a terminal, of a file that the editor has open."""
    file = tmp_path / "work" / "plan.tasks.md"
    file.parent.mkdir()
    text = "1. [ ] Pack  ^aaaaa\n2. [ ] Leave  ^bbbbb\n"
    file.write_text(text)
    async with serving(
        tmp_path, script=[{**does("Pack", "Done elsewhere."), "delay": 1.5}, done("Done elsewhere.")]
    ) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(text, file.as_uri())
        process = await in_terminal(tmp_path, "run", str(file), "--model", "scripted/x", "--auto")
        await process.communicate()
        assert process.returncode == 0
        await until(lambda: buffer.text.count("[x]") == 2)
        assert buffer.text.count("> Result: Done elsewhere.") == 2
        assert file.read_text() == text


async def test_ids_go_into_the_editor(tmp_path: Path) -> None:
    """A terminal runs tasks without ids, and splits one, while an editor holds the outline with unsaved changes."""
    file = tmp_path / "work" / "plan.tasks.md"
    file.parent.mkdir()
    saved = "# Trip\n\n1. [ ] Pack\n2. [ ] Leave\n"
    file.write_text(saved)
    plan = {"ordered": False, "tasks": [{"title": "Socks"}, {"title": "Shirts"}]}
    script = [
        does("Pack", status="failed", result="too much"),
        {"when": {"schema": "plan"}, "answer": plan},
        done("Done elsewhere."),
        sums_up("All packed."),
    ]
    async with serving(tmp_path, script=script) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(saved, file.as_uri())
        await buffer.type("# Trip\n", "# Trip to the sea\n\n- [ ] Dream\n")
        await until(lambda: any(tmp_path.glob("data/open.*.json")))
        process = await in_terminal(tmp_path, "run", str(file), "--model", "scripted/x", "--auto")
        _, said = await process.communicate()
        assert process.returncode == 0, said
        assert file.read_text() == saved, "the person has not saved it"
        await until(lambda: buffer.text.count("[x]") == 4)
        assert buffer.text.startswith("# Trip to the sea\n\n- [ ] Dream\n")
        assert "   - [x] Socks  ^" in buffer.text
        assert "> Result: All packed." in buffer.text


Typed = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """A command of the same person as the editor, in this process: it starts at once. What it ends with and says."""

    async def typed(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, list(arguments))
        return code, "".join(capsys.readouterr())

    for name in ("config", "data", "cache"):
        monkeypatch.setenv(f"ORCHESTRATOR_{name.upper()}_DIR", str(tmp_path / name))
    monkeypatch.setenv("ORCHESTRATOR_SCRIPTED__SCRIPT", str(tmp_path / "script.json"))
    return typed


async def test_splits_go_into_the_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed) -> None:
    """A terminal splits, plans anew and expands while an editor holds the outlines, with unsaved changes."""

    async def terminal(*arguments: str) -> tuple[int, str]:
        return await typed(*arguments, "--model", "scripted/x", "--yes")

    monkeypatch.setenv("ORCHESTRATOR_SPLIT__EXAMPLES", "0")  # reading playbooks takes seconds
    file, party = (tmp_path / "work" / f"{name}.tasks.md" for name in ("plan", "party"))
    file.parent.mkdir()
    saved = "# Trip\n\n- [ ] Pack\n  Warm things.\n- [ ] Leave  ^aaaaa\n  - [ ] Lock\n  - [ ] Wave\n"
    file.write_text(saved)
    plan = {"ordered": False, "tasks": [{"title": "Socks"}, {"title": "Shirts"}]}
    changes = [{"op": "keep", "id": "n1"}, {"op": "obsolete", "id": "n2", "reason": "Nobody is there."}]
    script = [
        {"when": {"schema": "plan"}, "answer": plan, "repeat": True},
        {"when": {"schema": "replan"}, "answer": {"operations": changes}},
    ]
    async with serving(tmp_path, script=script) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(saved, file.as_uri())
        empty = await client.open("\n", party.as_uri())
        await buffer.type("# Trip\n", "# Trip to the sea\n\n- [ ] Dream\n")
        await until(lambda: any(party.as_uri() in one.read_text() for one in tmp_path.glob("data/open.*.json")))
        done = [
            await terminal("split", str(file), "--task", "Pack", "--force"),
            await terminal("replan", str(file), "--task", "Leave"),
            await terminal("expand", "A party", "--to", str(party)),
        ]
        where = "in the editor that has it open: save it there."
        assert [(code, where in said) for code, said in done] == [(0, True)] * 3, done
        assert file.read_text() == saved, "the person has not saved it"
        assert not party.exists()
        assert re.sub(r"  \^(?!aaaaa)\w+", "", buffer.text) == (
            "# Trip to the sea\n\n- [ ] Dream\n\n- [ ] Pack\n  Warm things.\n  - [ ] Socks\n  - [ ] Shirts\n"
            "- [ ] Leave  ^aaaaa\n  - [ ] Lock\n  - [-] Wave\n"
        )
        assert empty.text == "---\norchestrator: 1\n---\n# A party\n\n- [ ] Socks\n- [ ] Shirts\n"
        assert len(client.of("workspace/applyEdit")) == 3, "one edit each, which one undo takes back"
        await buffer.type("[ ] Dream", "[x] Dream")
        await buffer.type("Warm things.", "Light things.\n  - [ ] A hat")
        code, said = await terminal("split", str(file), "--task", "Pack", "--force")
        assert code == 6, said
        assert "plan.tasks.md is open in an editor, and could not be changed there" in said
        assert "Save it there and run this again" in said
        assert "Dream" in buffer.text
        assert file.read_text() == saved


async def test_fixes_and_imports_go_into_the_editor(tmp_path: Path, typed: Typed) -> None:
    """A terminal mends, imports and exports while an editor holds the files; there is no store before the first."""
    work = tmp_path / "work"
    file, new, old, notes = (work / name for name in ("plan.tasks.md", "new.tasks.md", "old.tasks.md", "notes.md"))
    work.mkdir()
    saved = "# Trip\n\n- [ ] Pack  [mode:: ]\n- [ ] Leave  ^aaaaa\n- [ ] Return  ^aaaaa\n"
    file.write_text(saved)
    old.write_text("- [ ] Old\n")
    notes.write_text("- milk\n")
    async with serving(tmp_path, script=[]) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(saved, file.as_uri())
        empty, filled = await client.open("", new.as_uri()), await client.open("- [ ] Old\n", old.as_uri())
        await buffer.type("# Trip\n", "# Trip to the sea\n\n- [ ] Dream\n")
        await until(lambda: any(old.as_uri() in one.read_text() for one in tmp_path.glob("data/open.*.json")))
        where = "in the editor that has it open: save it there"
        code, said = await typed("check", str(work), "--fix")
        assert (code, f"plan.tasks.md was changed, {where}." in said, "2 problems fixed" in said) == (0, True, True), (
            said
        )
        assert re.sub(r"\^(?!aaaaa)\w+", "^fresh", buffer.text) == (
            "# Trip to the sea\n\n- [ ] Dream\n\n- [ ] Pack\n- [ ] Leave  ^aaaaa\n- [ ] Return  ^fresh\n"
        )
        imported = ("import", str(notes), "--format", "markdown", "--to")
        code, said = await typed(*imported, str(new))
        assert (code, f"new.tasks.md, {where}: 1 task." in said) == (0, True), said
        code, said = await typed(*imported, str(old), "--replace", "--json")
        assert (code, json.loads(said)["inEditor"]) == (0, True)
        assert empty.text == filled.text == "---\norchestrator: 1\n---\n- [ ] milk\n"
        assert len(client.of("workspace/applyEdit")) == 3, "one edit each, which one undo takes back"
        assert (file.read_text(), old.read_text()) == (saved, "- [ ] Old\n"), "the person has not saved it"
        assert not new.exists()
        for command in (imported, ("export", str(file), "--format", "markdown", "--to")):
            code, said = await typed(*command, str(old), "--replace")
            assert code == 6, said
            assert "Save it there, or name another file." in said
        await buffer.type("[ ] Pack", "[ ] Unpack")
        code, said = await typed("check", str(file), "--fix", "--format", "json")
        (unreadable,) = json.loads(said[: said.rindex("}") + 1])["unreadable"]
        assert (code, "is open in an editor, and could not be changed there" in unreadable["message"]) == (6, True)
        assert (file.read_text(), "Unpack" in buffer.text) == (saved, True)


async def test_what_an_editor_cannot_take_in_is_not_written_behind_it(tmp_path: Path) -> None:
    file = tmp_path / "work" / "plan.tasks.md"
    file.parent.mkdir()
    saved = "- [ ] Pack\n"
    file.write_text(saved)
    async with serving(tmp_path, script=[done()]) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(saved, file.as_uri())
        await buffer.type("Pack", "Unpack")
        await until(lambda: any(tmp_path.glob("data/open.*.json")))
        process = await in_terminal(tmp_path, "run", str(file), "--model", "scripted/x", "--auto")
        _, said = await process.communicate()
        assert process.returncode not in {0, None}
        assert "plan.tasks.md is open in an editor, and could not be changed there" in said.decode()
        assert "Save it there and run this again, or run it there." in said.decode()
        assert (file.read_text(), buffer.text) == (saved, "- [ ] Unpack\n")


async def test_a_damaged_store_leaves_the_text_and_is_mended_beside_the_server(tmp_path: Path) -> None:
    store = tmp_path / "data" / "orchestrator.db"
    store.parent.mkdir(mode=0o700)
    store.write_bytes(b"no database at all" * 1_000)
    store.chmod(0o600)
    async with editing(tmp_path, [done("Left.")], "- [ ] Leave\n") as (client, buffer):
        assert (await ended(client, await start(client, buffer, "Leave")))["state"] == "failed"
        told = await client.until("window/showMessage", lambda message: "damaged" in message["message"])
        assert "`orchestrator doctor`, with --repair" in told["message"]
        assert buffer.text == "- [ ] Leave\n"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "doctor", "--repair", "--data-dir", str(store.parent)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=tmp_path,
        )
        _, said = await process.communicate()
        assert b"it begins anew" in said
        assert (await ended(client, await start(client, buffer, "Leave")))["state"] == "completed"
        assert "[x] Leave" in buffer.text


async def test_a_store_that_another_program_holds_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    async with editing(tmp_path, [done("Left.")], "- [ ] Leave\n") as (client, buffer):
        await client.request("orchestrator/run/list", {})
        with closing(sqlite3.connect(tmp_path / "data" / "orchestrator.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            run_id = await start(client, buffer, "Leave")
            told = await client.until("window/showMessage", lambda message: "held by" in message["message"])
            assert "Close the other program" in told["message"]
            assert (await ended(client, run_id))["state"] == "failed"
            assert "[ ] Leave" in buffer.text
        assert (await ended(client, await start(client, buffer, "Leave")))["state"] == "completed"


@pytest.mark.skipif(sys.platform != "linux", reason="no way to limit another process")
async def test_a_full_disk_is_said_and_the_text_stays_until_there_is_room(tmp_path: Path) -> None:
    def room(client: LspClient, size: int) -> None:
        resource.prlimit(client.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    text = "1. [ ] Pack\n2. [ ] Leave\n"
    async with editing(tmp_path, [done("Done.", delay=0.2)], text) as (client, buffer):
        await client.request("orchestrator/run/list", {})
        room(client, 0)
        run_id = await start(client, buffer, auto=True)
        told = await client.until("window/showMessage", lambda message: "cannot be written" in message["message"])
        assert "Free space or mend" in told["message"]
        assert (await ended(client, run_id))["state"] == "failed"
        assert buffer.text.replace("  ^", "^").count("[ ]") == 2
        room(client, resource.RLIM_INFINITY)
        run_id = await start(client, buffer, auto=True)
        await client.until("orchestrator/run/update", lambda update: update["detail"].get("state") == "executing")
        room(client, 0)
        assert (await ended(client, run_id))["state"] in {"paused", "failed"}
        assert "> Result" not in buffer.text, "what could not be stored is not shown"
        room(client, resource.RLIM_INFINITY)
        await client.request("orchestrator/run/resume", {"runId": run_id})
        await client.until("orchestrator/run/update", lambda update: update["detail"].get("state") == "completed")
        await until(lambda: buffer.text.count("[x]") == 2)


async def test_the_context_is_shown_byte_for_byte(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    async with serving(tmp_path, script=[done()], ORCHESTRATOR_SCRIPTED__LOG=str(log)) as client:
        await client.initialize(EDITOR)
        buffer = await client.open(TRIP)
        place = {"uri": buffer.uri, "position": buffer.at("Socks")}
        shown = await client.request("orchestrator/context", place)
        assert [part["name"] for part in shown["parts"]] == ["Part of", "Task"]
        assert all(part["tokens"] > 0 for part in (*shown["parts"], *shown["messages"]))
        assert shown["tokens"] >= sum(message["tokens"] for message in shown["messages"])
        assert not log.exists(), "nothing is sent"
        await ended(client, await start(client, buffer, "Socks"))
        (asked,) = {json.loads(line)["asked"] for line in log.read_text().splitlines()}
        assert shown["messages"][-1]["text"] == asked
        assert asked in shown["document"]
        refused = await client.refused("orchestrator/context", {"uri": buffer.uri})
        assert "one task" in refused.message
