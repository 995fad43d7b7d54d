"""Which outlines an editor has open while there is no store yet that could say so.

Apart from `holders` in the store, because looking at an outline makes no store; but the first run may be started in a
terminal, of a file that an editor holds. One small file a process, gone as soon as the store says it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orchestrator.store import leases
from orchestrator.store.private import create_private_file


def say_open(folder: Path, uris: Sequence[str]) -> None:
    """This process has exactly these open; say it again before a lease would be stale. A folder that cannot be written
    is for the store to report.
    """
    file = _file(folder, os.getpid())
    with suppress(OSError):
        if not uris:
            file.unlink(missing_ok=True)
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_private_file(file)
        file.write_text(json.dumps({"owner": leases.owner_of_this_process(), "uris": list(uris)}), encoding="utf-8")


def is_said_open(folder: Path, uri: str, now: float) -> bool:
    """By another living process. What dead ones left is removed."""
    found = False
    for file in folder.glob("open.*.json"):
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            owner, uris, heartbeat = str(said["owner"]), said["uris"], file.stat().st_mtime
        except (OSError, ValueError, TypeError, KeyError):  # it is being written, or going
            continue
        if leases.is_stale(owner, heartbeat, now):
            with suppress(OSError):
                file.unlink(missing_ok=True)
        elif owner != leases.owner_of_this_process():
            found = found or uri in uris
    return found


def _file(folder: Path, process: int) -> Path:
    return folder / f"open.{process}.json"
