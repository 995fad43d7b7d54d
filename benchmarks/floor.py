"""The floor: a bare pygls server that takes the same messages, gives the same bytes back, and computes nothing.

It gets a file of what Orchestrator sent for each key, and sends exactly that. It keeps no text: pygls' own sync is
taken out, so that its reading of JSON, its typed parameters and its pipes are all that is measured. What it sends goes
out as it is, past pygls' encoder: a server cannot say the same for less.

    python -P benchmarks/floor.py RECORDED.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol


class Replaying(LanguageServerProtocol):
    def _send_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        if isinstance(result, bytes):
            self.say(result)
        else:
            super()._send_response(msg_id, result, error)

    def say(self, body: bytes) -> None:
        self.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def main() -> None:
    recorded = json.loads(Path(sys.argv[1]).read_text("ascii"))
    told = iter([[body.encode() for body in bodies] for bodies in recorded["told"]])
    answered = iter([body.encode() for body in recorded["answered"]])
    server = LanguageServer(
        "floor", "1", text_document_sync_kind=types.TextDocumentSyncKind.Incremental, protocol_cls=Replaying
    )
    for method in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE, types.TEXT_DOCUMENT_DID_CLOSE):
        del server.protocol.fm.builtin_features[method]

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(_: types.DidOpenTextDocumentParams) -> None:
        pass

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(_: types.DidChangeTextDocumentParams) -> None:
        for body in next(told):
            server.protocol.say(body)

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC)
    def diagnostic(_: types.DocumentDiagnosticParams) -> Any:
        return next(answered)

    server.start_io()


if __name__ == "__main__":
    main()
