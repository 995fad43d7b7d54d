from __future__ import annotations

import asyncio

from orchestrator.engine import beat
from orchestrator.engine.beat import Beat


async def test_one_timer_looks_at_all(monkeypatch):
    monkeypatch.setattr(beat, "SECONDS", 0.001)
    one, looks, seen = Beat(), 0, asyncio.Event()

    def first() -> None:
        nonlocal looks
        looks += 1

    def second() -> None:
        one.remove(second)
        seen.set()

    one.add(first)
    one.add(second)
    await seen.wait()
    assert looks >= 1, "in the order in which they came"
    one.remove(first)
    one.remove(first)
    while one._going:  # the timer finds nothing left
        await asyncio.sleep(0.001)
    before = looks
    seen.clear()
    one.add(second)
    await seen.wait()
    assert looks == before
