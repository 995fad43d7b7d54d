"""Waiting for what a person would see, as long as a slow machine may take; a failure says what did not come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds. A test that fails needs them, one that passes never does: so there is no reason to be mean."""


def wait_until(condition: Callable[[], object], what: str = "it") -> None:
    """`condition` is asked again and again, ever more slowly."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.002
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come to be in {PATIENCE:.0f} s"
        time.sleep(pause)
        pause = min(2 * pause, 0.05)


async def until(condition: Callable[[], object], what: str = "it") -> None:
    """The same on the loop."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.002
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come to be in {PATIENCE:.0f} s"
        await asyncio.sleep(pause)
        pause = min(2 * pause, 0.05)
