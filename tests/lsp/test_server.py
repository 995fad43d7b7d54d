from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types

from orchestrator.lsp import protocol, server
from orchestrator.lsp.server import FEATURES
from tests.lsp.in_process import make_server


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.method)
def test_every_feature_is_there(feature: server.Feature) -> None:
    assert callable(feature.load())


def test_every_method_is_registered() -> None:
    registered = {feature.method: feature.load() for feature in FEATURES if feature.method.startswith("orchestrator/")}
    assert {method: handler.params_type for method, handler in registered.items()} == {
        method: params for method, (params, _) in protocol.REQUESTS.items()
    }


def test_notification_handlers_are_plain() -> None:
    requests = {method for method in types.METHOD_TO_TYPES if hasattr(types.METHOD_TO_TYPES[method][0], "id")}
    notifications = [
        feature for feature in FEATURES if feature.method in types.METHOD_TO_TYPES and feature.method not in requests
    ]
    plain = [feature for feature in notifications if types.METHOD_TO_TYPES[feature.method][1] is None]
    assert {feature.method for feature in plain} >= {"textDocument/didOpen", "textDocument/didChange", "initialized"}
    for feature in plain:
        assert not inspect.iscoroutinefunction(feature.load()), feature.method


def test_commands_are_the_protocols() -> None:
    assert tuple(protocol.COMMANDS) == server.COMMANDS
    assert server.PROTOCOL_VERSION == protocol.PROTOCOL_VERSION


def test_what_the_server_says_of_itself_is_in_the_protocol() -> None:
    said = protocol.ServerAbilities.model_validate({"protocol": server.PROTOCOL_VERSION, "version": "1"})
    assert said.model_dump(by_alias=True) == {"protocol": 1, "version": "1"}


def test_pygls_keeps_no_text_of_its_own(tmp_path: Path) -> None:
    made, _ = make_server(tmp_path)
    features = made.protocol.fm.builtin_features
    assert not [method for method in features if method.startswith(("textDocument/did", "notebookDocument/"))]


HEAVY = ("pydantic", "openai", "anthropic", "markdown_it", "yaml", "rich", "aiosqlite", "sqlite3", "httpx2", "numpy")


def test_nothing_heavy_before_initialize() -> None:
    """In a process of its own, since this one has everything imported."""
    code = """
import json, sys
import orchestrator.cli.main, orchestrator.cli.serve
from orchestrator.lsp.server import Server
from orchestrator.lsp.serve import log_to_stderr
sent = []
class Writer:
    def write(self, data): sent.append(data)
server = Server()
server.protocol.set_writer(Writer())
params = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": {"settings": {}}}
server.protocol.receive(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode())
assert b'"result"' in sent[0]
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} | set(sys.modules))))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(answer.stdout)
    assert [name for name in HEAVY if name in loaded] == []
    assert [name for name in loaded if name.startswith(("orchestrator.engine", "orchestrator.providers"))] == []


async def test_no_task_survives_the_server(tmp_path: Path) -> None:
    import asyncio

    made, _ = make_server(tmp_path)
    ended: list[str] = []

    async def long_work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("yes")

    made.start(long_work())
    made.start_alone(long_work())
    await asyncio.sleep(0)
    await made.aclose()
    assert ended == ["yes", "yes"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_work_that_nobody_waits_for_tells_how_it_failed(tmp_path: Path) -> None:
    import asyncio

    from orchestrator.errors import StoreLockedError

    made, sent = make_server(tmp_path)

    async def work() -> None:
        raise StoreLockedError("The store is locked.", hint="Close the other program.")

    made.start_alone(work())
    await asyncio.sleep(0.01)
    assert sent.of("window/showMessage") == [{"type": 1, "message": "The store is locked. Close the other program."}]
