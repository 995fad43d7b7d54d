from __future__ import annotations

import asyncio

from orchestrator.engine import beat
from orchestrator.engine.beat import Beat
from tests.support.patience import PATIENCE


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


async def test_only_many_wait_for_each_other(monkeypatch):
    monkeypatch.setattr(beat, "MOMENT", PATIENCE)
    one = Beat()
    looks = [lambda number=number: None for number in range(beat.MANY)]
    for look in looks[1:]:
        one.add(look)
    async with asyncio.timeout(PATIENCE / 2):
        await one.together()
    monkeypatch.setattr(beat, "MOMENT", 0.02)
    one.add(looks[0])
    loop = asyncio.get_running_loop()
    begun, went_on = loop.time(), []

    async def end() -> None:
        await one.together()
        went_on.append(loop.time() - begun)

    ends = [asyncio.create_task(end()) for _ in range(3)]
    stopped = asyncio.create_task(end())
    await asyncio.sleep(0.005)
    ends.append(asyncio.create_task(end()))
    stopped.cancel()
    await asyncio.gather(*ends)
    assert stopped.cancelled()
    assert len(went_on) == 4
    assert min(went_on) >= 0.02, "whoever came first waited for who came later, and one that is stopped stops no other"
    for look in looks:
        one.remove(look)
    await one.together()
