"""A server without a pipe: features are called as functions, and what it would send is kept."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

from lsprotocol import types

from orchestrator.config import Directories
from orchestrator.lsp.client import Client
from orchestrator.lsp.encoded import Encoded
from orchestrator.lsp.server import FEATURES, Server
from orchestrator.outline.text import Encoding

URI = "file:///w/plan.tasks.md"


class Sent:
    """In place of the pipe."""

    congested = False

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.messages.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def of(self, method: str) -> list[Any]:
        return [message["params"] for message in self.messages if message.get("method") == method]


def make_server(tmp_path: Path, **client: Any) -> tuple[Server, Sent]:
    server = Server()
    server.__dict__["directories"] = Directories(tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    server.client = Client(**client)
    sent = Sent()
    server.protocol.set_writer(sent)  # type: ignore[arg-type]
    return server, sent


def call(server: Server, method: str, params: Any) -> Any:
    """What the feature answers, in its type; raw params for our own methods."""
    answer = encoded(server, method, params)
    if not isinstance(answer, Encoded):
        return answer
    reply = {"jsonrpc": "2.0", "id": 1, "result": json.loads(answer.json)}
    return server.protocol._converter.structure(reply, types.METHOD_TO_TYPES[method][1]).result


def encoded(server: Server, method: str, params: Any) -> Any:
    """As the feature answers it: some write their JSON themselves."""
    (feature,) = (feature for feature in FEATURES if feature.method == method)
    return feature.load()(server, params)


def open_document(server: Server, text: str, uri: str = URI) -> None:
    server.documents.open(uri, 1, dedent(text))


def replace_text(server: Server, version: int, text: str, uri: str = URI) -> None:
    """As a client that sends whole texts; told to nobody."""
    change = types.TextDocumentContentChangeWholeDocument(text=text)
    server.documents.get(uri).change(version, [change], server.client.encoding)


def document(uri: str = URI) -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri)


def cursor(text: str, mark: str = "$0") -> tuple[str, types.Range]:
    """A text with its mark taken out, and the empty range where that stood (UTF-16)."""
    from orchestrator.outline.text import Text

    text = dedent(text)
    offset = text.index(mark)
    text = text.replace(mark, "")
    line, character = Text(text).position(offset, Encoding.UTF16)
    place = types.Position(line, character)
    return text, types.Range(place, place)
