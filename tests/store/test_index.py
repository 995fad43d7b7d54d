"""The index of saved outlines in the store."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from orchestrator.errors import StoreError
from orchestrator.model.outline_index import IndexedNode, IndexedOutline
from orchestrator.store import Store
from orchestrator.store.store import NODES_AT_ONCE
from tests.store.samples import opened

OUTLINE = IndexedOutline("file:///w", "file:///w/a.tasks.md", 2**62, 120, True, "d1", "1", False, ("b.md", "c d.md"))
SECTION = IndexedNode(1, "Ship", None, None, 0, "q4", None, 2, 6, None)
TASK = IndexedNode(2, "Ä 😀", "pending", "b7", 1, "", 1, 6, 9, "- [ ] Ä 😀")


def many(count: int) -> list[IndexedNode]:
    return [dataclasses.replace(TASK, seq=seq, parent=None, task_id=None) for seq in range(1, count + 1)]


async def found(store: Store, workspace: str = "file:///w", reader: str = "1") -> dict[str, list[IndexedNode]]:
    outlines = await store.outlines(workspace, reader)
    nodes = await store.outline_nodes([outline_id for outline_id, _ in outlines])
    return {outline.uri: nodes[outline_id] for outline_id, outline in outlines}


async def test_what_was_kept_is_found(tmp_path: Path) -> None:
    async with opened(tmp_path / "s.db") as store:
        other = dataclasses.replace(OUTLINE, uri="file:///w/b.tasks.md", paths=())
        await store.keep_outlines([(OUTLINE, [SECTION, TASK]), (other, [])])
    async with opened(tmp_path / "s.db") as store:
        assert [outline for _, outline in await store.outlines("file:///w", "1")] == [OUTLINE, other]
        assert await found(store) == {OUTLINE.uri: [SECTION, TASK], other.uri: []}
        assert await found(store, workspace="file:///other") == {}
        assert await found(store, reader="2") == {}
        assert await store.outline_nodes([]) == {}
        assert await store.check() == []


async def test_the_newest_replaces() -> None:
    async with opened() as store:
        await store.keep_outlines([(OUTLINE, [SECTION, TASK])])
        await store.keep_outlines([(dataclasses.replace(OUTLINE, digest="d2"), [SECTION])])
        assert await found(store) == {OUTLINE.uri: [SECTION]}
        await store.touch_outlines([dataclasses.replace(OUTLINE, digest="of other bytes", size=1)])
        await store.touch_outlines([dataclasses.replace(OUTLINE, digest="d2", size=7, settled=False)])
        ((_, outline),) = await store.outlines("file:///w", "1")
        assert (outline.size, outline.settled) == (7, False)
        await store.forget_outlines([OUTLINE.uri, "file:///nothing"])
        assert await found(store) == {}
        assert (await store.size()).rows["tasks"] == 0


async def test_an_outline_is_there_whole_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as store:
        await store.keep_outlines([(OUTLINE, [SECTION])])
        nodes = many(2 * NODES_AT_ONCE + 1)
        spoiled = [*nodes[:-1], dataclasses.replace(nodes[-1], seq=1)]
        with pytest.raises(StoreError):
            await store.keep_outlines([(OUTLINE, spoiled)])
        assert await found(store) == {}
        await store.keep_outlines([(OUTLINE, nodes)])
        assert await found(store) == {OUTLINE.uri: nodes}


async def test_text_that_sqlite_cannot_hold_is_replaced() -> None:
    async with opened() as store:
        odd = dataclasses.replace(TASK, title="a\0\ud800", task_id=None, head="\udfff")
        await store.keep_outlines([(OUTLINE, [dataclasses.replace(odd, seq=1, parent=None)])])
        ((node,),) = (await found(store)).values()
        assert (node.title, node.head) == ("a��", "�")
