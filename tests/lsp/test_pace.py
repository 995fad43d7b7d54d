from __future__ import annotations

import asyncio

from orchestrator.lsp.documents import Document
from orchestrator.lsp.pace import INTERVAL, Pace
from tests.support.patience import until


def document() -> Document:
    return Document("file:///plan.tasks.md", 1, "- [ ] a\n")


async def opened(told: list[int]) -> tuple[Document, Pace]:
    """A document that was told of, some time ago."""
    one = document()
    pace = Pace(lambda changed: told.append(changed.version))
    pace.touched(one)
    await asyncio.sleep(0)
    assert told == [], "what is asked right behind the opening comes first"
    await asyncio.sleep(3 * INTERVAL)
    assert told == [1]
    told.clear()
    return one, pace


async def test_the_first_change_is_told_at_once_and_those_that_came_with_it_together():
    told: list[int] = []
    one, pace = await opened(told)
    pace.touched(one)
    one.version = 2
    pace.touched(one)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == [2]


async def test_the_last_change_is_told():
    told: list[int] = []
    one, pace = await opened(told)
    pace.interval = 0.5  # longer than a slow machine takes for what follows
    for version in range(1, 6):
        one.version = version
        pace.touched(one)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert told == [1]
    await until(lambda: len(told) > 1)
    assert told == [1, 5]


async def test_a_document_that_was_closed_is_not_told_of():
    told: list[int] = []
    one = document()
    pace = Pace(lambda changed: told.append(changed.version))
    pace.touched(one)
    pace.forget(one)
    await asyncio.sleep(2 * INTERVAL)
    assert told == []
