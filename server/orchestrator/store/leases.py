"""Who runs a run, and whether they are still there.

Apart from the records because it looks at processes, not at rows.

Invariant: a lease is stale when its heartbeat is old or its process is gone, else not (test_which_leases_are_stale).
"""

from __future__ import annotations

import os
import socket

from orchestrator.model.ids import random_id

HEARTBEAT_SECONDS = 10.0
"""How often the owner of a run renews its lease."""
LEASE_SECONDS = 45.0
"""A lease that was not renewed for so long is stale: four heartbeats, for a machine that is very busy."""


_TOKEN = random_id(6)
"""Tells this process from an earlier one of the same number: in a container every start may be process 1."""


def owner_of_this_process() -> str:
    return f"{_process_space()}/{os.getpid()}/{_TOKEN}"


def is_stale(owner: str, heartbeat: float, now: float) -> bool:
    """Also true for a heartbeat far in the future: the clock was set back, and it would never grow old."""
    return abs(now - heartbeat) > LEASE_SECONDS or _process_is_gone(owner)


def _process_is_gone(owner: str) -> bool:
    """Only when we know: the number must be of our own process space, and asking must be harmless."""
    space, number, token = (*owner.split("/"), "", "", "")[:3]
    if os.name != "posix" or space != _process_space() or not number.isdecimal():
        return False  # on Windows `os.kill` with signal 0 would end the process
    if int(number) == os.getpid():
        return token != _TOKEN
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # another user's, or no number that a process can have
        return False
    return False


def _process_space() -> str:
    """Containers that share a home folder may each have a process 7."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  # Path would try to make sense of "pid:[4026531836]"
    except OSError:
        space = ""
    return f"{socket.gethostname()}{space}".replace("/", "_")
