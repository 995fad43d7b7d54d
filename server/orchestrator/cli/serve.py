"""`orchestrator serve`: the language server on standard input and output. The only command that knows `lsp`.

Invariant: `initialize` is answered in at most 1.3 times what a bare pygls server needs (benchmarks/startup.py).
"""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import FileError

if TYPE_CHECKING:
    from orchestrator.cli.terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log", metavar="FILE", help="write what happens to this file (no text of yours, no keys); rotated at 5 MB"
    )
    parser.add_argument("--stdio", action="store_true", help="accepted because editors say it; there is no other way")


def run(arguments: argparse.Namespace, _terminal: Terminal) -> int:
    # Thousands of classes are made on the way, none of them garbage: collecting would only cost time.
    gc.disable()
    from orchestrator.lsp.serve import log_to_file, log_to_stderr, serve
    from orchestrator.lsp.server import Server

    gc.freeze()
    gc.enable()
    if arguments.log:
        try:
            log_to_file(_absolute(arguments.log))
        except OSError as error:
            raise FileError(
                f"{arguments.log} cannot be written ({error.strerror}).", hint="Choose another file for --log."
            ) from error
    else:
        log_to_stderr()
    data_dir = _absolute(arguments.data_dir) if arguments.data_dir else None
    _leave_workspace()
    return serve(Server(data_dir))


def _absolute(path: str) -> str:
    """Like `config.expanded`, which cannot be imported on the way to `initialize`: pydantic comes with it."""
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111


def _leave_workspace() -> None:
    """An editor starts servers in the folder it shows: nothing there may be found by a relative path."""
    os.chdir(Path.cwd().anchor or os.sep)
