"""The index between two sessions: what the store keeps of it, and that nothing depends on that."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from lsprotocol import types

from orchestrator.engine import outline_files
from orchestrator.engine.session import STORE_FILE
from orchestrator.lsp import kept_index, reading
from orchestrator.store import connection
from tests.lsp.in_process import call, document, open_document
from tests.lsp.workspace import Workspace, workspace
from tests.support.patience import PATIENCE

OLD = 1_000_000_000
FILES = {"a.tasks.md": "# Ä\n- [ ] 😀 one  [dependsOn:: q4]  ^a1\n", "b/tasks.md": "- [x] two  ^q4\n", "c.md": ""}
FILES["c.md"] = "---\norchestrator: 1\n---\n- [ ] three\n"


def age(path: Path, seconds: int = OLD) -> None:
    """As if it was saved long ago: of a file that changed just now, the time tells nothing."""
    os.utime(path, (seconds, seconds))


async def written(work: Workspace) -> None:
    await work.settled()
    await work.index._kept.written()


async def first_session(tmp_path: Path) -> dict[str, list[str]]:
    async with workspace(tmp_path) as work:
        for name, text in FILES.items():
            age(work.write(name, text))
        await work.begin()
        await written(work)
        return work.titles()


def data_of(tmp_path: Path) -> Path:
    return tmp_path / "data" / STORE_FILE


async def test_a_second_start_reads_no_unchanged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await first_session(tmp_path)
    monkeypatch.setattr(outline_files, "content_of", lambda *_: pytest.fail("a file was read"))
    monkeypatch.setattr(reading, "parse", lambda _: pytest.fail("a file was parsed"))
    async with workspace(tmp_path) as work:
        await work.begin()
        assert work.titles() == before
        assert len(before) == 3
        (place,) = work.index.ids_elsewhere(work.uri("x.md")).places("a1")
        assert work.index.location(place).range == types.Range(types.Position(1, 6), types.Position(1, 12))
        assert "q4" in work.index.of(work.uri("x.md"))


async def test_only_what_changed_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await first_session(tmp_path)
    folder = tmp_path / "work"
    (folder / "a.tasks.md").write_text("- [ ] another  ^a9\n")
    age(folder / "b" / "tasks.md", OLD + 5)  # touched, with the same bytes
    (folder / "c.md").unlink()
    (folder / "d.tasks.md").write_text("- [ ] new\n")
    parsed: list[str] = []
    parse = reading.parse
    monkeypatch.setattr(reading, "parse", lambda text: (parsed.append(text), parse(text))[1])
    expected = {"a.tasks.md": ["another"], "b/tasks.md": ["two"], "d.tasks.md": ["new"]}
    async with workspace(tmp_path) as work:
        await work.begin()
        await written(work)
        assert work.titles() == expected
        assert parsed == ["- [ ] another  ^a9\n", "- [ ] new\n"]
    with closing(sqlite3.connect(data_of(tmp_path))) as database:
        assert database.execute("SELECT count(*) FROM outlines").fetchone() == (3,)
        assert database.execute("SELECT title, task_id FROM tasks ORDER BY title").fetchall() == [
            ("another", "a9"),
            ("new", None),
            ("two", "q4"),
        ]


async def test_a_file_that_changed_within_a_tick_is_read_again(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        path = work.write("a.tasks.md", "- [ ] one\n")
        await work.begin()
        await written(work)
        stamp = path.stat().st_mtime_ns
    path.write_text("- [ ] two\n")
    os.utime(path, ns=(stamp, stamp))
    async with workspace(tmp_path) as work:
        await work.begin()
        assert work.titles() == {"a.tasks.md": ["two"]}


async def test_another_reader_reads_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await first_session(tmp_path)
    monkeypatch.setattr(kept_index, "READER", 999)
    parsed: list[str] = []
    parse = reading.parse
    monkeypatch.setattr(reading, "parse", lambda text: (parsed.append(text), parse(text))[1])
    async with workspace(tmp_path) as work:
        await work.begin()
        assert work.titles() == before
        assert len(parsed) == 3


async def test_open_text_is_not_kept(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        age(work.write("a.tasks.md", "- [ ] saved\n"))
        open_document(work.server, "- [ ] typed\n", work.uri("a.tasks.md"))
        work.server.index.touched(work.server.documents.get(work.uri("a.tasks.md")))
        await work.begin()
        await written(work)
        assert work.titles() == {"a.tasks.md": ["typed"]}
    async with workspace(tmp_path) as work:
        await work.begin()
        assert work.titles() == {"a.tasks.md": ["saved"]}
        open_document(work.server, "- [ ] typed\n", work.uri("a.tasks.md"))
        assert work.titles() == {"a.tasks.md": ["typed"]}
        call(work.server, "textDocument/didClose", types.DidCloseTextDocumentParams(document(work.uri("a.tasks.md"))))
        await work.settled()
        assert work.titles() == {"a.tasks.md": ["saved"]}


def spoil(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)


def spoil_in_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)


def remove(path: Path) -> None:
    path.unlink()


def lie(path: Path) -> None:
    """Rows that no outline has, under a time and size that are right."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE tasks SET parent = 77, line = -5")


def be_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA user_version = 9999")


def forbid(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [spoil, spoil_in_the_middle, remove, lie, be_newer, forbid])
async def test_a_bad_store_loses_nothing(tmp_path: Path, harm: object) -> None:
    before = await first_session(tmp_path)
    harm(data_of(tmp_path))  # type: ignore[operator]
    async with workspace(tmp_path) as work:
        await work.begin()
        assert work.titles() == before
        await written(work)
        work.write("later.tasks.md", "- [ ] later\n")
        await work.swept()
        await written(work)
        assert work.titles() == {**before, "later.tasks.md": ["later"]}
        assert work.sent.of("window/showMessage") == []


async def test_a_locked_store_delays_nothing_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await first_session(tmp_path)
    monkeypatch.setattr(kept_index, "OPENING_SECONDS", 0.1)
    monkeypatch.setattr(connection, "BUSY_SECONDS", 10 * PATIENCE)  # what the store itself would wait
    with closing(sqlite3.connect(data_of(tmp_path), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with workspace(tmp_path) as work:
            work.index.begin()
            assert await work.index.settled(PATIENCE)
            assert work.titles() == before
            began = time.monotonic()
        assert time.monotonic() - began < PATIENCE
        other.execute("ROLLBACK")


async def test_a_workspace_without_outlines_makes_no_store(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("README.md", "# Nothing\n")
        await work.begin()
        await written(work)
    assert not data_of(tmp_path).exists()
