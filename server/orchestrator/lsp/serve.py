"""Serve one client on standard input and output, from its first message to its end.

Apart from the server, which is the same for any transport, and from pygls' own loop, which reads and writes so that a
silent client blocks it, and cannot give an exit code. There is no other transport: a TCP port would take
messages from any web page.

Invariant: when the client is gone, however it went, so is the server (test_server_ends_with_its_client).
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import traceback
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from orchestrator.lsp import rpc, stdio

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

MAX_LOG_BYTES = 5_000_000
LOG_FILES = 3


def serve(server: Server) -> int:
    """Answers the exit code that LSP asks for: 0 after `shutdown`, else 1."""
    reading, writing = stdio.claim()
    return asyncio.run(_serve(server, reading, writing))


async def _serve(server: Server, reading: int, writing: int) -> int:
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, server.leave)
    loop.set_exception_handler(_log_stray)
    outlet = server.outlet = stdio.Outlet(writing, loop)
    server.protocol.set_writer(outlet)  # pyright: ignore[reportArgumentType] - has the one method that we call
    stdio.start_reader(reading, loop, server.protocol.receive, server.leave)
    try:
        await server.left.wait()
    finally:
        await server.aclose()
        outlet.close()
    return server.exit_code


def _log_stray(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An error in a callback: asyncio would log its text too."""
    if isinstance(error := context.get("exception"), Exception):
        rpc.log_defect(error)


def log_to_stderr() -> None:
    """Warnings only: editors keep what a server writes there."""
    _log_to(logging.StreamHandler())


def log_to_file(path: str) -> None:
    """Rotating, readable by its owner only. What users write and models answer is not logged anywhere.

    Raises OSError.
    """
    import os
    from logging.handlers import RotatingFileHandler

    def private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    class PrivateFile(RotatingFileHandler):
        def _open(self) -> TextIOWrapper[Any]:
            return open(self.baseFilename, "a", encoding="utf-8", opener=private)

    _log_to(PrivateFile(path, maxBytes=MAX_LOG_BYTES, backupCount=LOG_FILES))


class _WithoutText(logging.Formatter):
    """Of an exception its class and frames: its text may hold what a person or a model wrote."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the base class has the name
        return "".join(traceback.format_tb(ei[2])) + ei[0].__qualname__


def _log_to(handler: logging.Handler) -> None:
    handler.setFormatter(_WithoutText("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("orchestrator").setLevel(logging.INFO)
    # At INFO it writes whole messages, which are the user's text.
    logging.getLogger("pygls").setLevel(logging.WARNING)
