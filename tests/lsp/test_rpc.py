"""JSON-RPC as the server speaks it, fed with messages by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lsprotocol import types

from orchestrator import errors
from orchestrator.lsp import protocol, rpc
from orchestrator.lsp.server import FEATURES, Server
from tests.lsp.in_process import Sent, make_server


def feed(server: Server, *messages: Any) -> None:
    for message in messages:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        server.protocol.receive(body)


def request(method: str, params: Any = None, msg_id: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params}


PATIENCE = 60
"""Seconds for an answer; a slow machine is no failure."""

INITIALIZE = request("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, "init")


def started(tmp_path: Path) -> tuple[Server, Sent]:
    server, sent = make_server(tmp_path)
    feed(server, INITIALIZE)
    sent.messages.clear()
    return server, sent


def only_error(sent: Sent) -> dict[str, Any]:
    (reply,) = sent.messages
    assert "result" not in reply
    return reply["error"]


TYPED = [
    ("textDocument/documentSymbol", None, "params"),
    ("textDocument/documentSymbol", {}, "textDocument"),
    ("textDocument/documentSymbol", {"textDocument": {}}, "uri"),
    ("textDocument/documentSymbol", [1], "params"),
    ("textDocument/codeAction", {"textDocument": {"uri": "u"}, "range": 5, "context": {}}, "params.range"),
    (
        "textDocument/codeAction",
        {
            "textDocument": {"uri": "u"},
            "range": {"start": {"line": "x", "character": 0}, "end": {"line": 0, "character": 0}},
            "context": {"diagnostics": []},
        },
        "params.range.start.line",
    ),
    ("textDocument/codeLens", {"textDocument": None}, "params.textDocument"),
    ("textDocument/diagnostic", {}, "textDocument"),
    ("workspace/textDocumentContent", {}, "uri"),
    ("workspace/executeCommand", {"arguments": []}, "command"),
    ("orchestrator/tree", {"uri": 5}, "params.uri"),
    ("orchestrator/tree/locate", {}, "params.uri"),
    ("orchestrator/split/start", {"uri": "u", "position": {}}, "params.position.line"),
    ("orchestrator/split/accept", {}, "params.runId"),
    ("orchestrator/split/edit", {"runId": "r"}, "params.children"),
    ("orchestrator/split/discard", {"runId": ""}, "params.runId"),
    ("orchestrator/run/stop", [], "params"),
    ("completionItem/resolve", {}, "label"),
    ("workspace/symbol", {}, "query"),
    ("workspaceSymbol/resolve", {}, "name"),
    ("codeAction/resolve", {}, "title"),
    ("workspace/willRenameFiles", {}, "files"),
    ("callHierarchy/incomingCalls", {}, "item"),
    ("callHierarchy/outgoingCalls", {}, "item"),
]
_NAMED = {method for method, _, _ in TYPED}
TYPED += [
    (method, [], "params")
    for method in sorted({feature.method for feature in FEATURES} - _NAMED)
    if method.startswith(("textDocument/", "orchestrator/")) and "/did" not in method
]
"""All others refuse what is no object."""


@pytest.mark.parametrize(("method", "params", "named"), TYPED)
def test_bad_parameters_are_answered_with_the_field(tmp_path: Path, method: str, params: Any, named: str) -> None:
    server, sent = started(tmp_path)
    feed(server, request(method, params))
    error = only_error(sent)
    assert error["code"] == -32602
    assert named in error["message"]


def test_every_request_has_a_line_in_that_table() -> None:
    notifications = {"initialized", "exit", "window/workDoneProgress/cancel"}
    methods = {feature.method for feature in FEATURES} - notifications - {"shutdown"}
    assert {method for method in methods if "/did" not in method} == {method for method, _, _ in TYPED}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["uri", "textDocument", "range", "nodeId", "runId", "command", "x"]), inner)
    ),
    max_leaves=8,
)
no_request = {"initialized"}
ends_the_others = {"shutdown"}
names = [feature.method for feature in FEATURES if feature.method not in no_request | ends_the_others]
methods = st.sampled_from(names) | st.text(max_size=4)


class Connection:
    """A started server on a loop of its own, and a client that refuses whatever it is asked."""

    def __init__(self, tmp_path: Path) -> None:
        self._runner = asyncio.Runner()
        self.server, self.sent = self._runner.run(self._start(tmp_path))

    async def _start(self, tmp_path: Path) -> tuple[Server, Sent]:
        return started(tmp_path)

    def replies_to(self, method: str, params: Any) -> list[Any]:
        """The ids of what was answered, when something was."""
        return self._runner.run(self._replies_to(method, params))

    async def _replies_to(self, method: str, params: Any) -> list[Any]:
        self.sent.messages.clear()
        feed(self.server, request(method, params, 7))
        seen, replies = 0, []
        async with asyncio.timeout(PATIENCE):
            while not replies:
                for message in self.sent.messages[seen:]:
                    seen += 1
                    if "method" not in message:
                        replies.append(message["id"])
                    elif "id" in message:
                        refusal = {"code": -32603, "message": "no"}
                        feed(self.server, {"jsonrpc": "2.0", "id": message["id"], "error": refusal})
                await asyncio.sleep(0.001)
        return replies

    def close(self) -> None:
        self._runner.run(self.server.aclose())
        self._runner.close()


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """One for all examples: what an earlier message did to the server is no excuse."""
    made = Connection(tmp_path_factory.mktemp("connection"))
    yield made
    made.close()


@given(methods, json_values)
@example("orchestrator/edit/subtask/add", {"uri": "0"})
def test_every_request_is_answered(connection: Connection, method: str, params: Any) -> None:
    """Once, with an error or a result; notifications are no requests, and `shutdown` has its own test."""
    assert connection.replies_to(method, params) == [7]


@pytest.mark.parametrize("params", [None, {}, {"uri": "file:///w/none.tasks.md"}, {"uri": "0", "nodeId": "n1"}])
def test_every_request_of_ours_is_answered_with_few_parameters(connection: Connection, params: Any) -> None:
    """Many mean something without any: these are not left to chance."""
    for method in names:
        assert (method, connection.replies_to(method, params)) == (method, [7])


def test_shutdown_is_answered(tmp_path: Path) -> None:
    connection = Connection(tmp_path)
    assert connection.replies_to("shutdown", None) == [7]
    assert connection.replies_to("orchestrator/run/list", {}) == [7]
    connection.close()


@given(st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_message_ends_the_server(connection: Connection, body: bytes) -> None:
    feed(connection.server, body)
    connection.sent.messages.clear()
    feed(connection.server, request("orchestrator/tree", {"uri": "file:///no"}))
    assert only_error(connection.sent)["data"]["kind"] == "file"


@pytest.mark.parametrize(
    ("message", "code", "msg_id"),
    [
        (b"{", -32700, None),
        (b"\xff\xfe", -32700, None),
        (b"[" * 100_000, -32700, None),
        ([], -32600, None),
        ({"jsonrpc": "2.0", "id": 3}, -32600, 3),
        ({"jsonrpc": "2.0", "id": 3, "method": 5}, -32600, 3),
        ({"jsonrpc": "2.0", "id": {"a": 1}, "method": "shutdown"}, -32600, None),
        ({"jsonrpc": "2.0", "id": 3, "method": "orchestrator/nothing"}, -32601, 3),
        (request("initialize", {"capabilities": {}, "processId": None, "rootUri": None}, 3), -32600, 3),
    ],
)
def test_messages_that_are_no_requests(tmp_path: Path, message: Any, code: int, msg_id: Any) -> None:
    server, sent = started(tmp_path)
    feed(server, message)
    assert only_error(sent)["code"] == code
    assert sent.messages[0]["id"] == msg_id


def test_before_initialize(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path)
    opened = {"textDocument": {"uri": "file:///a", "languageId": "markdown", "version": 1, "text": ""}}
    feed(server, {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": opened})
    feed(server, request("orchestrator/tree", {"uri": "file:///a"}))
    assert only_error(sent)["code"] == -32002
    assert list(server.documents) == []


def test_a_bad_initialize_can_be_mended(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path)
    feed(server, request("initialize", {"capabilities": 3}))
    assert only_error(sent)["code"] == -32602
    sent.messages.clear()
    feed(server, INITIALIZE)
    assert sent.messages[0]["result"]["serverInfo"]["name"] == "orchestrator"


def test_after_shutdown_only_exit(tmp_path: Path) -> None:
    server, sent = started(tmp_path)
    server.protocol.refuse_from_now_on()
    feed(server, request("orchestrator/tree", {"uri": "u"}))
    assert only_error(sent)["code"] == -32600
    feed(server, {"jsonrpc": "2.0", "method": "exit"})
    assert server.left.is_set()


def test_bad_notifications_are_ignored(tmp_path: Path) -> None:
    server, sent = started(tmp_path)
    for method in [feature.method for feature in FEATURES if "/did" in feature.method] + ["$/cancelRequest", "nothing"]:
        for params in (None, 5, [], {}, {"textDocument": {"uri": 5}}):
            feed(server, {"jsonrpc": "2.0", "method": method, "params": params})
    assert sent.of("window/showMessage") == []
    assert [message for message in sent.messages if "error" in message] == []


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (errors.EditRefusedError("It changed.", hint="Try again."), -32803, "editRefused"),
        (errors.TaskNotFoundError("No.", hint="Choose."), -32803, "taskNotFound"),
        (errors.StoreTooNewError("No.", hint="Update."), -32803, "storeTooNew"),
        (errors.ProtocolError("No.", hint="Read."), -32602, "protocol"),
    ],
)
def test_our_errors_say_what_to_do(error: errors.OrchestratorError, code: int, kind: str) -> None:
    answer = rpc.as_rpc_error(error)
    assert (answer.code, answer.message) == (code, f"{error.message} {error.hint}")
    assert answer.data == {"kind": kind, "hint": error.hint}


def test_a_defect_tells_nothing_of_the_text(caplog: pytest.LogCaptureFixture) -> None:
    text = "the user's secret plan".upper()
    try:
        raise KeyError(text)
    except KeyError as error:
        answer = rpc.as_rpc_error(error)
    assert answer.code == -32603
    assert text not in json.dumps([answer.message, answer.data])
    assert text not in caplog.text
    assert "KeyError" in caplog.text


@dataclass
class SomeDataclass:
    child_count: int = 1


def test_what_goes_out_is_camel_case(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path)
    server.protocol.notify("a", protocol.TreeProgress(done=1, total=2))
    server.protocol.notify("b", {"nodes": [protocol.TreeNode(node_id="n1", kind="task", title="t")]})
    server.protocol.notify(
        "c", types.TextDocumentPositionParams(types.TextDocumentIdentifier("u"), types.Position(1, 2))
    )
    one, two, three = (message["params"] for message in sent.messages)
    assert one == {"done": 1, "total": 2}
    assert (two["nodes"][0]["nodeId"], two["nodes"][0]["childCount"]) == ("n1", 0)
    assert three == {"textDocument": {"uri": "u"}, "position": {"line": 1, "character": 2}}
    with pytest.raises(TypeError, match="no wire type"):
        server.protocol.notify("d", SomeDataclass())


def test_a_reply_of_the_client_that_makes_no_sense_is_an_error_for_who_waits(tmp_path: Path) -> None:
    server, sent = started(tmp_path)
    future = server.protocol.send_request(
        types.WORKSPACE_APPLY_EDIT, types.ApplyWorkspaceEditParams(types.WorkspaceEdit())
    )
    feed(server, {"jsonrpc": "2.0", "id": sent.messages[0]["id"], "result": {}})
    feed(server, {"jsonrpc": "2.0", "id": "unknown", "result": 1}, {"jsonrpc": "2.0", "id": None, "error": {}})
    with pytest.raises(Exception, match="not understood"):
        future.result(timeout=0)


async def test_a_question_that_is_not_waited_for_any_more_is_taken_back(tmp_path: Path) -> None:
    server, sent = started(tmp_path)
    params = types.ShowMessageRequestParams(types.MessageType.Info, "?")
    asking = asyncio.ensure_future(server.protocol.ask("window/showMessageRequest", params))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    question, withdrawal = sent.messages
    assert (withdrawal["method"], withdrawal["params"]) == ("$/cancelRequest", {"id": question["id"]})
    feed(server, {"jsonrpc": "2.0", "id": question["id"], "result": None})
