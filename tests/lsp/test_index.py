"""The index of all outlines: what it finds, how it stays right, what it survives. On a real disk."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.lsp import index as index_module
from orchestrator.lsp import uris
from orchestrator.lsp.editor import OpenTask
from orchestrator.lsp.features import watched_files
from orchestrator.lsp.index import IdsChanged
from orchestrator.outline.identity import LONGER_FROM
from tests.lsp.in_process import call, document, open_document, replace_text
from tests.lsp.workspace import Workspace, workspace


async def test_what_is_indexed(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("plan.tasks.md", "# Plan\n- [ ] one\n")
        work.write("deep/er/Tasks.MD", "- [ ] two\n")
        work.write("notes/trip.md", "---\ntitle: x\norchestrator: 1\n---\n- [ ] three\n")
        work.write("notes/bom.markdown", b"\xef\xbb\xbf---\norchestrator: 1\n---\n- [ ] four\n")
        work.write("later.md", "---\norchestrator: 2\n---\n- [ ] five\n")
        work.write(".kiro/specs/login/tasks.md", "- [ ] six\n")
        # none of these
        work.write("README.md", "- [ ] nobody's\n---\norchestrator: 1\n---\n")
        work.write("almost.md", "---\nauthor: orchestrator\n---\n- [ ] no\n")
        work.write("tasks.txt", "- [ ] no\n")
        for ignored in (".git", "node_modules/x", ".venv", "__pycache__"):
            work.write(f"{ignored}/tasks.md", "- [ ] no\n")
        work.write("env/pyvenv.cfg", "")
        work.write("env/lib/tasks.md", "- [ ] no\n")
        await work.begin()
        assert work.titles() == {
            "plan.tasks.md": ["Plan", "one"],
            "deep/er/Tasks.MD": ["two"],
            "notes/trip.md": ["three"],
            "notes/bom.markdown": ["four"],
            "later.md": ["five"],
            ".kiro/specs/login/tasks.md": ["six"],
        }
        assert work.index.complete


async def test_links_are_not_followed(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a/tasks.md", "- [ ] one\n")
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "tasks.md").write_text("- [ ] secret\n")
        (work.folder / "out").symlink_to(tmp_path / "outside")
        (work.folder / "loop").symlink_to(work.folder)
        (work.folder / "a" / "up").symlink_to("..")
        (work.folder / "link.tasks.md").symlink_to(tmp_path / "outside" / "tasks.md")
        (work.folder / "dangling.tasks.md").symlink_to("nowhere")
        await work.begin()
        assert work.titles() == {"a/tasks.md": ["one"]}
        work.changed("out/tasks.md", "link.tasks.md", "loop/a/tasks.md", "../outside/tasks.md")
        await work.settled()
        assert work.titles() == {"a/tasks.md": ["one"]}


async def test_hostile_folders(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.server.settings_in_force.use_editor({"outline": {"maxBytes": 10_000}})
        work.write("random.tasks.md", os.urandom(5_000))
        work.write("binary.tasks.md", b"- [ ] a\0b\n")
        work.write("latin.tasks.md", "- [ ] caf\xe9\n".encode("latin-1"))
        work.write("large.tasks.md", "- [ ] a\n" * 2_000)
        work.write("empty.tasks.md", "")
        with (work.folder / "huge.tasks.md").open("wb") as huge:
            huge.truncate(50_000_000)
        work.write("front.md", "---\norchestrator: [\n---\n- [ ] a\n")
        work.write("endless.md", "---\n" + "orchestrator: 1\n" * 5_000)
        work.write("odd\n \t'\"%41#?;ü😀.tasks.md", "- [ ] odd\n")
        os.mkfifo(work.folder / "pipe.tasks.md")
        os.mkfifo(work.folder / "pipe.md")
        (work.folder / "folder.tasks.md").mkdir()
        (work.folder / os.fsdecode(b"no\xfftext.tasks.md")).write_text("- [ ] bytes\n")
        locked = work.write("locked.tasks.md", "- [ ] locked\n")
        locked.chmod(0)
        deep = work.folder
        for _ in range(70):
            deep /= "d"
        deep.mkdir(parents=True)
        (deep / "tasks.md").write_text("- [ ] too deep\n")
        await work.begin()
        found = {tuple(titles) for titles in work.titles().values() if titles}
        expected = {("odd",), ("bytes",)} | ({("locked",)} if os.geteuid() == 0 else set())
        assert found == expected
        for key, _ in work.index.files():
            assert await work.index.source(key) is not None
        shutil.rmtree(work.folder)
        await work.swept()
        assert work.titles() == {}


async def test_files_that_vanish(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        for number in range(300):
            work.write(f"{number}/tasks.md", f"- [ ] t{number}  ^t{number}\n")
        work.index.begin()
        await asyncio.sleep(0.01)
        shutil.rmtree(work.folder)
        await work.settled()
        await work.swept()
        assert work.titles() == {}
        assert await work.index.source(uris.normal(work.uri("1/tasks.md"))) is None
        assert work.sent.of("window/showMessage") == []


Step = Callable[[Workspace], list[str]]


def _rewrite(work: Workspace) -> list[str]:
    work.write("a.tasks.md", "- [ ] one more\n")
    return ["a.tasks.md"]


def _same_size(work: Workspace) -> list[str]:
    work.write("a.tasks.md", "- [ ] two\n")
    return ["a.tasks.md"]


def _add(work: Workspace) -> list[str]:
    work.write("new/b.tasks.md", "- [ ] b\n")
    return ["new/b.tasks.md"]


def _remove(work: Workspace) -> list[str]:
    (work.folder / "a.tasks.md").unlink()
    return ["a.tasks.md"]


def _move(work: Workspace) -> list[str]:
    (work.folder / "sub").rename(work.folder / "elsewhere")
    return ["sub/s.tasks.md", "elsewhere/s.tasks.md"]


def _become_binary(work: Workspace) -> list[str]:
    work.write("a.tasks.md", b"\0\0")
    return ["a.tasks.md"]


def _lose_front_matter(work: Workspace) -> list[str]:
    work.write("f.md", "- [ ] f\n")
    return ["f.md"]


@pytest.mark.parametrize("step", [_rewrite, _same_size, _add, _remove, _move, _become_binary, _lose_front_matter])
async def test_watching_and_sweeping_find_the_same(tmp_path: Path, step: Step) -> None:
    found = []
    for way in ("watched", "swept"):
        (tmp_path / way).mkdir()
        async with workspace(tmp_path / way) as work:
            work.write("a.tasks.md", "- [ ] one\n")
            work.write("sub/s.tasks.md", "- [ ] s\n")
            work.write("f.md", "---\norchestrator: 1\n---\n- [ ] f\n")
            await work.begin()
            names = step(work)
            if way == "watched":
                work.changed(*names)
                await work.settled()
            else:
                await work.swept()
            found.append(work.titles())
    assert found[0] == found[1]
    assert found[0] != {"a.tasks.md": ["one"], "sub/s.tasks.md": ["s"], "f.md": ["f"]}


async def test_a_folder_that_was_removed_is_gone(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a/x/1.tasks.md", "- [ ] one\n")
        work.write("ab/2.tasks.md", "- [ ] two\n")
        await work.begin()
        shutil.rmtree(work.folder / "a")
        work.changed("a", gone=True)
        assert work.titles() == {"ab/2.tasks.md": ["two"]}
        work.write("a/x/1.tasks.md", "- [ ] again\n")
        work.changed("a")
        await work.settled()
        assert work.titles() == {"ab/2.tasks.md": ["two"], "a/x/1.tasks.md": ["again"]}


async def test_open_text_stands_over_saved_text(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a.tasks.md", "- [ ] saved\n")
        uri = work.uri("a.tasks.md").replace("a.tasks", "%61.tasks")
        await work.begin()
        open_document(work.server, "- [ ] opened\n", uri)
        assert work.titles() == {"a.tasks.md": ["opened"]}
        assert work.index.uri_of(work.index.key_of(uri)) == uri
        replace_text(work.server, 2, "- [ ] typed\n", uri)
        assert work.titles() == {"a.tasks.md": ["typed"]}
        work.write("a.tasks.md", "- [ ] saved again\n")
        work.changed("a.tasks.md")
        await work.settled()
        assert work.titles() == {"a.tasks.md": ["typed"]}
        (work.folder / "a.tasks.md").unlink()
        await work.swept()
        assert work.titles() == {"a.tasks.md": ["typed"]}
        work.write("a.tasks.md", "- [ ] saved last\n")
        call(work.server, "textDocument/didClose", types.DidCloseTextDocumentParams(document(uri)))
        await work.settled()
        assert work.titles() == {"a.tasks.md": ["saved last"]}


async def test_a_document_that_was_never_saved_counts_while_it_is_open(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        await work.begin()
        open_document(work.server, "- [ ] a\n", work.uri("new.tasks.md"))
        open_document(work.server, "---\norchestrator: 1\n---\n- [ ] b\n", "untitled:Untitled-1")
        open_document(work.server, "- [ ] not an outline\n", work.uri("README.md"))
        assert sorted(work.titles().values()) == [["a"], ["b"]]
        for uri in (work.uri("new.tasks.md"), "untitled:Untitled-1"):
            call(work.server, "textDocument/didClose", types.DidCloseTextDocumentParams(document(uri)))
        await work.settled()
        assert work.titles() == {}


async def test_a_document_opened_through_a_link_is_the_file_behind_it(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("real/a.tasks.md", "- [ ] saved  ^a1\n")
        (work.folder / "link").symlink_to("real")
        await work.begin()
        uri = work.uri("link/a.tasks.md")
        open_document(work.server, "- [ ] typed  ^a1\n", uri)
        work.index.touched(work.server.documents.get(uri))
        while len(work.index.files()) > 1:
            await asyncio.sleep(0.01)
        assert work.titles() == {"real/a.tasks.md": ["typed"]}
        assert "a1" not in work.index.ids_elsewhere(uri)
        assert [work.index.uri_of(key) for key, _ in work.index.files()] == [uri]


async def test_workspace_folders_come_and_go(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a.tasks.md", "- [ ] a  ^a1\n")
        work.write("inner/b.tasks.md", "- [ ] b  ^b1\n")
        other = tmp_path / "other"
        other.mkdir()
        (other / "c.tasks.md").write_text("- [ ] c  ^c1\n")
        await work.begin()
        a, b = work.uri("a.tasks.md"), work.uri("inner/b.tasks.md")
        assert "b1" in work.index.ids_elsewhere(a)
        folders = [types.WorkspaceFolder(uri, "x") for uri in (work.uri("inner"), other.as_uri())]

        def change(added: list[types.WorkspaceFolder], removed: list[types.WorkspaceFolder]) -> None:
            event = types.WorkspaceFoldersChangeEvent(added=added, removed=removed)
            call(
                work.server,
                "workspace/didChangeWorkspaceFolders",
                types.DidChangeWorkspaceFoldersParams(event),
            )

        change(folders, [])
        await work.settled()
        # An id belongs to its workspace folder, the innermost one.
        assert "b1" not in work.index.ids_elsewhere(a)
        assert "a1" not in work.index.ids_elsewhere(b)
        assert len(work.index.files()) == 3
        change([], folders)
        await work.settled()
        assert sorted(work.titles()) == ["a.tasks.md", "inner/b.tasks.md"]
        assert "b1" in work.index.ids_elsewhere(a)


async def test_other_globs_are_another_index(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a.tasks.md", "- [ ] a\n")
        work.write("b.todo", "- [ ] b\n")
        await work.begin()
        work.server.settings_in_force.use_editor({"outline": {"globs": ["*.todo"]}})
        work.index.use_settings()
        await work.settled()
        assert work.titles() == {"b.todo": ["b"]}


async def test_changed_ids_are_told_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "SIGNAL_PAUSE", 0.01)
    async with workspace(tmp_path) as work:
        work.write("a.tasks.md", "- [ ] a  ^a1\n")
        told: list[IdsChanged] = []
        stop = work.index.subscribe(told.append)
        await work.begin()
        scope = uris.normal(work.folder.as_uri())
        assert told == [IdsChanged(scope, frozenset({"a1"}), True)]
        told.clear()
        for name in ("b", "c"):
            open_document(work.server, f"- [ ] {name}\n", work.uri(f"{name}.tasks.md"))
            work.server.changed(work.server.documents.get(work.uri(f"{name}.tasks.md")))
        await asyncio.sleep(0.1)
        assert told == []
        replace_text(work.server, 2, "- [ ] b  ^b2\n", work.uri("b.tasks.md"))
        work.server.changed(work.server.documents.get(work.uri("b.tasks.md")))
        assert told == []
        while not told:
            await asyncio.sleep(0.01)
        assert told == [IdsChanged(scope, frozenset({"b2"}), True)]
        stop()
        replace_text(work.server, 3, "- [ ] b\n", work.uri("b.tasks.md"))
        work.server.changed(work.server.documents.get(work.uri("b.tasks.md")))
        await asyncio.sleep(0.1)
        assert len(told) == 1


async def test_ids_elsewhere(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a.tasks.md", "- [ ] Ä 😀 a  ^a1\n")
        work.index.begin()
        uri = work.uri("b.tasks.md")
        assert not work.index.ids_elsewhere(uri).complete
        await work.settled()
        open_document(work.server, "- [ ] b  ^b1\n", uri)
        there = work.index.ids_elsewhere(uri)
        assert (there.complete, there.task_count) == (True, 1)
        assert "a1" in there
        assert "b1" not in there
        (place,) = there.places("a1")
        location = work.index.location(place)
        assert (location.uri, location.range) == (
            work.uri("a.tasks.md"),
            types.Range(types.Position(0, 6), types.Position(0, 12)),
        )
        before = there.generation
        work.write("a.tasks.md", "- [ ] a  ^a2\n")
        await work.swept()
        assert work.index.ids_elsewhere(uri).generation != before


async def test_new_ids_keep_clear_of_the_workspace(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a.tasks.md", "- [ ] t\n" * LONGER_FROM)
        await work.begin()
        open_document(work.server, "- [ ] b\n", work.uri("b.tasks.md"))
        snapshot = work.server.documents.snapshot(work.uri("b.tasks.md"))
        new_id = work.index.new_ids(snapshot)
        assert [len(new_id()), len(new_id())] == [6, 6]
        place = await OpenTask(work.server, snapshot, next(snapshot.outline.tasks())).place()
        assert place.tasks_elsewhere == LONGER_FROM


async def test_a_key_costs_nothing_until_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with workspace(tmp_path) as work:
        await work.begin()
        uri = work.uri("a.tasks.md")
        open_document(work.server, "- [ ] a\n", uri)
        monkeypatch.setattr(index_module, "contribution", lambda _: pytest.fail("it was computed at a key"))
        for version in range(2, 50):
            replace_text(work.server, version, f"- [ ] a{version}\n", uri)
            work.server.changed(work.server.documents.get(uri))
            work.index.ids_elsewhere(uri)


async def test_a_large_document_is_read_in_a_thread_and_then_by_its_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "SIGNAL_PAUSE", 0.01)
    async with workspace(tmp_path) as work:
        told: list[IdsChanged] = []
        work.index.subscribe(told.append)
        await work.begin()
        large, small = work.uri("large.tasks.md"), work.uri("small.tasks.md")
        open_document(work.server, "- [ ] a\n" * index_module.LARGE + "- [ ] b  ^b1\n", large)
        open_document(work.server, "- [ ] c  [dependsOn:: b1]\n", small)
        assert "b1" not in work.index.ids_elsewhere(small)
        while not any("b1" in one.ids for one in told):
            await asyncio.sleep(0.01)
        assert "b1" in work.index.ids_elsewhere(small)
        replace_text(work.server, 2, "- [ ] a\n" * index_module.LARGE + "- [ ] b  ^b2\n", large)
        there = work.index.ids_elsewhere(small)  # at once, from now on
        assert "b2" in there
        assert "b1" not in there


async def test_more_than_fits_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MAX_FILES", 3)
    async with workspace(tmp_path) as work:
        for number in range(6):
            work.write(f"{number}.tasks.md", "- [ ] a\n")
        await work.begin()
        await work.swept()
        assert len(work.index.files()) == 3
        (message,) = work.sent.of("window/showMessage")
        assert "more outlines than are kept in mind" in message["message"]


async def test_long_reading_shows_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "PROGRESS_AFTER", 0.0)
    async with workspace(tmp_path, progress=True) as work:
        monkeypatch.setattr(work.server.protocol, "ask", _agree)
        for number in range(200):
            work.write(f"{number}.tasks.md", "- [ ] a\n" * 50)
        await work.begin()
        kinds = [params["value"]["kind"] for params in work.sent.of("$/progress")]
        assert (kinds[0], kinds[-1]) == ("begin", "end")
        assert not work.sent.of("$/progress")[0]["value"]["cancellable"]


async def _agree(method: str, params: Any) -> None:
    return None


async def test_reading_ends_with_the_session(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        for number in range(500):
            work.write(f"{number}.tasks.md", "- [ ] a\n" * 20)
        work.index.begin()
        await asyncio.sleep(0)
        await call(work.server, "shutdown", None)
        await work.settled()
        assert not work.index.complete


async def test_ten_thousand_files(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        for number in range(10_000):
            if number % 100 == 0:
                (work.folder / f"{number // 100}").mkdir()
            (work.folder / f"{number // 100}" / f"{number}.md").write_bytes(b"# nobody's\n- [ ] a\n")
        work.write("50/x.tasks.md", "- [ ] found\n")
        await work.begin()
        assert work.titles() == {"50/x.tasks.md": ["found"]}


async def test_other_globs_are_watched_instead(tmp_path: Path) -> None:
    async with workspace(tmp_path, watch_files=True) as work:
        watched_files.register(work.server)
        watched_files.register(work.server)
        work.server.settings_in_force.use_editor({"outline": {"globs": ["*.todo"]}})
        watched_files.register(work.server)
        await asyncio.sleep(0)
        globs = [
            [watcher["globPattern"] for watcher in one["registerOptions"]["watchers"]]
            for params in work.sent.of("client/registerCapability")
            for one in params["registrations"]
        ]
        assert [patterns[0] for patterns in globs] == ["**/*.tasks.md", "**/*.todo"]
        assert len(work.sent.of("client/unregisterCapability")) == 1
