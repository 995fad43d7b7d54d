"""The real server on its pipes: how it starts, how it ends, what it never does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lsp_client import GHOSTS, PATIENCE, LspClient, serving

TREE = {**GHOSTS, "textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}}}


def symbols_of(uri: str) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}}


async def names(client: LspClient, uri: str) -> list[str]:
    return [symbol["name"] for symbol in await client.request("textDocument/documentSymbol", symbols_of(uri))]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-16"], "utf-16"),
        (["utf-32", "utf-8"], "utf-32"),
        (["utf-7", "utf-8"], "utf-8"),
        (None, "utf-16"),
    ],
)
async def test_position_encoding(tmp_path: Path, offered: list[str] | None, chosen: str) -> None:
    async with serving(tmp_path) as client:
        general = {} if offered is None else {"general": {"positionEncodings": offered}}
        result = await client.initialize({**general, **TREE})
        assert result["capabilities"]["positionEncoding"] == chosen
        buffer = await client.open("- [ ] 😀 one\n- [ ] two\n")
        await buffer.type("one", "éne")
        found = await client.request("textDocument/documentSymbol", symbols_of(buffer.uri))
        assert [buffer.span(symbol["selectionRange"]) for symbol in found] == ["😀 éne", "two"]


async def test_what_it_announces(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        result = await client.initialize({})
    capabilities = result["capabilities"]
    assert capabilities["experimental"] == {"orchestrator": {"protocol": 1, "version": result["serverInfo"]["version"]}}
    assert capabilities["textDocumentSync"] == {"openClose": True, "change": 2, "save": True}
    assert "diagnosticProvider" not in capabilities
    assert "notebookDocumentSync" not in capabilities


@pytest.mark.parametrize("pulls", [True, False])
async def test_pull_or_push_never_both(tmp_path: Path, pulls: bool) -> None:
    async with serving(tmp_path) as client:
        diagnostics = {"diagnostic": {}} if pulls else {}
        result = await client.initialize({"textDocument": {**diagnostics, "publishDiagnostics": {}}})
        assert ("diagnosticProvider" in result["capabilities"]) is pulls
        buffer = await client.open("- [~] a\n")
        if pulls:
            report = await client.request("textDocument/diagnostic", symbols_of(buffer.uri))
            assert [item["code"] for item in report["items"]] == ["unknown-status"]
            await buffer.type("~", " ")
            await asyncio.sleep(0.5)
            assert client.of("textDocument/publishDiagnostics") == []
        else:
            told = await client.until("textDocument/publishDiagnostics")
            assert ([item["code"] for item in told["diagnostics"]], told["version"]) == (["unknown-status"], 1)
            await buffer.type("~", " ")
            await client.until("textDocument/publishDiagnostics", lambda told: told["diagnostics"] == [])


async def test_closing_takes_its_problems_away(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({})
        buffer = await client.open("- [~] a\n")
        await client.until("textDocument/publishDiagnostics", lambda told: told["diagnostics"] != [])
        await buffer.close()
        await client.until("textDocument/publishDiagnostics", lambda told: told["diagnostics"] == [])


async def test_an_answer_is_about_the_text_before_the_next_change(tmp_path: Path) -> None:
    """All three messages arrive at once: a handler that waits would see the text of version 3."""
    async with serving(tmp_path) as client:
        await client.initialize(TREE)
        buffer = await client.open("- [ ] one\n")
        document = {"uri": buffer.uri}

        def message(**more: Any) -> bytes:
            body = json.dumps({"jsonrpc": "2.0", **more}).encode()
            return b"Content-Length: %d\r\n\r\n" % len(body) + body

        def change(version: int, text: str) -> bytes:
            params = {"textDocument": {**document, "version": version}, "contentChanges": [{"text": text}]}
            return message(method="textDocument/didChange", params=params)

        client._waiting["x"] = asyncio.get_running_loop().create_future()
        asked = message(id="x", method="textDocument/documentSymbol", params={"textDocument": document})
        await client.send_bytes(change(2, "- [ ] two\n") + asked + change(3, "- [ ] three\n"))
        answer = await asyncio.wait_for(client._waiting["x"], PATIENCE)
        assert [symbol["name"] for symbol in answer] == ["two"]
        assert await names(client, buffer.uri) == ["three"]


async def test_sync_does_not_remember_its_messages(tmp_path: Path) -> None:
    """pygls would keep a future for each notification of a coroutine; measured from outside: answers stay right."""
    async with serving(tmp_path) as client:
        await client.initialize(TREE)
        buffer = await client.open("- [ ] a\n")
        for _ in range(500):
            await buffer.splice(6, 6, "x")
        assert await names(client, buffer.uri) == ["x" * 500 + "a"]


@pytest.mark.parametrize("text", ["\ufeff- [ ] a\n", "", "\x00\x01", "- [ ] a\r- [ ] b\r", "- [ ] \ud800"])
async def test_odd_texts(tmp_path: Path, text: str) -> None:
    async with serving(tmp_path) as client:
        await client.initialize(TREE)
        buffer = await client.open(text)
        await client.request("textDocument/documentSymbol", symbols_of(buffer.uri))
        await client.request("orchestrator/tree", {"uri": buffer.uri})
        assert await client.leave() == 0


async def test_only_the_line_ends_of_lsp_count(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.initialize(TREE)
        buffer = await client.open("a\u2028b\x0cc\n\n- [ ] here\n")
        (symbol,) = await client.request("textDocument/documentSymbol", symbols_of(buffer.uri))
        assert symbol["range"]["start"] == {"line": 2, "character": 0}


async def test_a_windows_uri_is_one_document(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.initialize(TREE)
        await client.open("- [ ] a\n", "file:///c%3A/plans/plan.tasks.md")
        assert await names(client, "file:///C:/plans/plan.tasks.md") == ["a"]


async def test_settings_of_the_editor(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        client.configuration = {"outline": {"globs": ["todo.md"]}, "split": {"maxDepth": 99}}
        capabilities = {"workspace": {"configuration": True}}
        await client.initialize(capabilities, initializationOptions={"settings": {"outline": {"globs": ["notes.md"]}}})
        told = await client.until("window/showMessage")
        assert "split.maxDepth" in told["message"]
        uri = "file:///w/todo.md"
        await client.open("- [ ] a\n", uri)
        assert await client.request("textDocument/codeLens", symbols_of(uri)) == []
        client.configuration = {"outline": {"globs": ["todo.md"]}}
        await client.notify("workspace/didChangeConfiguration", {"settings": None})
        while not await client.request("textDocument/codeLens", symbols_of(uri)):
            await asyncio.sleep(0.01)
        client.configuration = {"outline": {"globs": ["todo.md"]}, "split": {"maxDepth": 99}}
        await client.notify("workspace/didChangeConfiguration", {"settings": None})
        await asyncio.sleep(0.3)
        assert len(client.of("window/showMessage")) == 1


async def test_settings_that_are_pushed(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({}, initializationOptions={"settings": {"outline": {"globs": ["notes.md"]}}})
        await client.open("- [ ] a\n", "file:///w/notes.md")
        assert await client.request("textDocument/codeLens", symbols_of("file:///w/notes.md")) != []
        await client.notify(
            "workspace/didChangeConfiguration", {"settings": {"orchestrator": {"outline": {"globs": []}}}}
        )
        assert await client.request("textDocument/codeLens", symbols_of("file:///w/notes.md")) == []


# --- the end ----------------------------------------------------------------------------------------------------


async def test_shutdown_and_exit(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({})
        assert await client.leave() == 0


async def test_exit_without_shutdown(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({})
        await client.notify("exit")
        assert await asyncio.wait_for(client.process.wait(), PATIENCE) == 1


async def test_shutdown_before_anything(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        error = await client.refused("shutdown")
        assert error.code == -32002
        await client.notify("exit")
        assert await asyncio.wait_for(client.process.wait(), PATIENCE) == 1


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
async def test_server_ends_with_its_client(tmp_path: Path, how: str) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({})
        await client.open("- [ ] a\n")
        if how == "SIGTERM":
            client.process.send_signal(signal.SIGTERM)
        else:
            assert client.process.stdin is not None
            client.process.stdin.close()
        assert await asyncio.wait_for(client.process.wait(), PATIENCE) == 1


async def test_the_client_is_killed(tmp_path: Path) -> None:
    """A client of its own starts the server, says its process id, and is killed like `kill -9`."""
    code = (
        "import subprocess, sys, time\n"
        f"server = subprocess.Popen([{sys.executable!r}, '-P', '-m', 'orchestrator', 'serve'], stdin=subprocess.PIPE)\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(3600)\n"
    )
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert killed.stdout is not None
    server = int(await killed.stdout.readline())
    killed.kill()
    await killed.wait()
    async with asyncio.timeout(PATIENCE):
        while _is_alive(server):
            await asyncio.sleep(0.02)


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# --- what it never does -----------------------------------------------------------------------------------------


async def test_the_log_holds_no_text(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "server.log"
    log.parent.mkdir()
    async with serving(tmp_path / "home", arguments=("--log", str(log))) as client:
        await client.initialize({})
        buffer = await client.open("- [ ] the secret plan\n")
        await buffer.type("secret", "SECRET")
        await client.refused("orchestrator/tree", {"uri": buffer.uri, "offset": "secret"})
        await client.refused("textDocument/codeAction", {"textDocument": "secret"})
        await client.notify("textDocument/didChange", {"secret": 1})
        await client.leave()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert "secret" not in log.read_text().lower()


async def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    async with serving(tmp_path, arguments=("--log", str(tmp_path / "no" / "such" / "file"))) as client:
        assert await asyncio.wait_for(client.process.wait(), PATIENCE) == 4
        assert client.process.stderr is not None
        assert b"--log" in await client.process.stderr.read()


@pytest.mark.parametrize("option", ["--tcp", "--port=0", "--ws", "--pipe=x"])
async def test_there_is_no_other_transport(tmp_path: Path, option: str) -> None:
    async with serving(tmp_path, arguments=(option,)) as client:
        assert await asyncio.wait_for(client.process.wait(), PATIENCE) == 2


async def test_it_leaves_the_workspace(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await client.initialize({})
        async with asyncio.timeout(PATIENCE):
            while _working_directory(client.process.pid) != tmp_path / "data":
                await asyncio.sleep(0.02)
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def _working_directory(process: int) -> Path:
    return Path(f"/proc/{process}/cwd").readlink()


PRINTING = """
import os, subprocess, sys
from orchestrator.lsp import stdio
from orchestrator.lsp.features import document_symbol
original = document_symbol.document_symbol
def printing(server, params):
    print("a print", flush=True)
    os.write(1, b"native code\\n")
    subprocess.run([sys.executable, "-c", "print('a child'); import sys; print(repr(sys.stdin.read()))"])
    return original(server, params)
document_symbol.document_symbol = printing
from orchestrator.cli.main import main
sys.exit(main(["serve"]))
"""


async def test_a_print_does_not_reach_the_client(tmp_path: Path) -> None:
    """Nor does a child read what the client sends: `test_children_do_not_inherit_the_pipes`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PRINTING,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "ORCHESTRATOR_DATA_DIR": str(tmp_path), "ORCHESTRATOR_CONFIG_DIR": str(tmp_path)},
    )  # fmt: skip
    client = LspClient(process)
    await client.initialize(TREE)
    buffer = await client.open("- [ ] a\n")
    assert await names(client, buffer.uri) == ["a"]
    assert await client.leave() == 0
    await client._reading
    assert process.stderr is not None
    said = (await process.stderr.read()).decode()
    assert [word in said for word in ("a print", "native code", "a child", "''")] == [True] * 4


async def test_children_do_not_inherit_the_pipes() -> None:
    code = (
        "import os, subprocess, sys\n"
        "from orchestrator.lsp import stdio\n"
        "reading, writing = stdio.claim()\n"
        "script = 'import os, sys; print([os.path.exists(f\"/proc/self/fd/{n}\") for n in map(int, sys.argv[1:])])'\n"
        "answer = subprocess.run([sys.executable, '-c', script, str(reading), str(writing)], capture_output=True,"
        " close_fds=False)\n"
        "os.write(writing, answer.stdout)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().strip() == "[False, False]"
