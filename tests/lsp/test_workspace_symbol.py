"""Workspace symbols, called as functions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.errors import ProtocolError, TaskNotFoundError
from orchestrator.lsp import reading
from orchestrator.lsp.features import workspace_symbol
from orchestrator.lsp.features.workspace_symbol import MOST
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import call, open_document, replace_text
from tests.lsp.workspace import Workspace, workspace
from tests.support import patience


async def find(work: Workspace, query: str, **more: Any) -> list[Any]:
    return await call(work.server, "workspace/symbol", types.WorkspaceSymbolParams(query, **more))


def shown(symbols: list[Any]) -> list[str]:
    return [f"{symbol.container_name} > {symbol.name}" for symbol in symbols]


async def given(work: Workspace) -> None:
    work.write("deep/b.tasks.md", "# Trip\n- [ ] 😀 Pack  ^b1\n  - [-] Pack more\n")
    await work.begin()
    open_document(work.server, "- [ ] Unpack\n- [ ] \n", work.uri("a.tasks.md"))


@pytest.mark.parametrize(("encoding", "end"), [(Encoding.UTF8, 15), (Encoding.UTF16, 13), (Encoding.UTF32, 12)])
async def test_symbols_of_every_outline(tmp_path: Path, encoding: Encoding, end: int) -> None:
    async with workspace(tmp_path, encoding=encoding, workspace_symbol_tags=True) as work:
        await given(work)
        found = await find(work, "pack")
        assert shown(found) == ["😀 Pack > Pack more", "Trip > 😀 Pack", "a.tasks.md > Unpack"]
        assert found[1].location == types.Location(
            work.uri("deep/b.tasks.md"), types.Range(types.Position(1, 6), types.Position(1, end))
        )
        assert [symbol.tags for symbol in found] == [[types.SymbolTag.Deprecated], None, None]
        assert shown(await find(work, "^b1")) == ["Trip > 😀 Pack"]
        assert shown(await find(work, "")) == [
            "a.tasks.md > Unpack",
            "a.tasks.md > (no title)",
            "b.tasks.md > Trip",
            "Trip > 😀 Pack",
            "😀 Pack > Pack more",
        ]
        assert await find(work, "nowhere") == []


async def test_a_client_that_resolves_gets_ranges_when_it_asks(tmp_path: Path) -> None:
    async with workspace(tmp_path, resolve_symbols=True) as work:
        await given(work)
        (symbol,) = await find(work, "unpack")
        assert symbol.location == types.LocationUriOnly(work.uri("a.tasks.md"))
        replace_text(
            work.server, 2, "- [ ] new\n- [ ] Unpack\n- [ ] x\n- [ ] x\n- [ ] Unpack\n", work.uri("a.tasks.md")
        )
        resolved = call(work.server, "workspaceSymbol/resolve", symbol)
        assert resolved.location.range == types.Range(types.Position(1, 6), types.Position(1, 12))
        replace_text(work.server, 3, "", work.uri("a.tasks.md"))
        with pytest.raises(TaskNotFoundError):
            call(work.server, "workspaceSymbol/resolve", symbol)
        for data in (None, {}, {"line": "1"}, {"line": True}, 5):
            symbol.data = data
            with pytest.raises(ProtocolError):
                call(work.server, "workspaceSymbol/resolve", symbol)


async def test_at_most_so_many(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a.tasks.md", "- [ ] one of many\n" * (MOST + 50))
        await work.begin()
        assert len(await find(work, "many")) == MOST
        assert len(await find(work, "")) == MOST


async def test_what_is_known_while_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_symbol, "PATIENCE", 0.1)
    monkeypatch.setattr(workspace_symbol, "PART_SECONDS", 0.01)
    monkeypatch.setattr(reading, "SLICE_SECONDS", 0.0)
    everything, go_on = reading.everything, threading.Event()

    def stops_half_way(*given: Any) -> Iterator[Any]:
        for number, found in enumerate(everything(*given)):
            assert number != 10 or go_on.wait(patience.PATIENCE)
            yield found

    monkeypatch.setattr(reading, "everything", stops_half_way)
    async with workspace(tmp_path) as work:
        for number in range(20):
            work.write(f"{number:02}.tasks.md", f"- [ ] Number {number}\n")
        work.index.begin()
        early = await find(work, "number")
        assert not work.index.complete
        assert len(early) < 20
        partly = asyncio.create_task(find(work, "number", partial_result_token="t"))
        await patience.until(lambda: work.sent.of("$/progress"), "a part")
        assert not partly.done()
        go_on.set()
        assert await partly == []
        parts = work.sent.of("$/progress")
        assert len(parts) > 1
        names = [symbol["name"] for part in parts for symbol in part["value"]]
        assert sorted(names) == sorted(f"Number {number}" for number in range(20))
        assert work.index.complete
        assert len(await find(work, "number", partial_result_token="t")) == 20


async def test_a_filter_finds_outlines_that_nobody_opened(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await given(work)

        async def outlines(**params: Any) -> tuple[list[str], int, bool]:
            found = await call(work.server, "orchestrator/tree/outlines", params)
            return found.uris, found.total, found.complete

        a, b = work.uri("a.tasks.md"), work.uri("deep/b.tasks.md")
        assert await outlines(text="PACK") == ([a, b], 2, True)
        assert await outlines(text="pack", limit=1) == ([a], 2, True)
        assert await outlines(text="more pack") == ([b], 1, True)
        assert await outlines(text="^b1") == ([b], 1, True)
        assert await outlines(text="pack", statuses=["cancelled"]) == ([b], 1, True)
        assert await outlines(text="nowhere") == ([], 0, True)
