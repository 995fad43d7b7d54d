"""Looking for outlines below a folder, without an index."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from orchestrator.engine import outline_files
from orchestrator.engine.file_outline import FileOutline
from orchestrator.engine.outline_files import Taken, taken_below

GLOBS = ("*.tasks.md",)


def given(folder: Path) -> Path:
    (folder / "a.tasks.md").write_text("- [ ] one  ^a1\n  1. [x] two  ^a2 \n- plain\n")
    (folder / "deep").mkdir()
    (folder / "deep" / "b.md").write_text("---\norchestrator: 1\n---\r\n- [ ] three\t^b1\n- [-] four\n")
    (folder / "README.md").write_text("- [ ] nobody's  ^r1\n")
    return folder


def test_ids_of_the_workspace(tmp_path: Path) -> None:
    folder = given(tmp_path)
    assert taken_below(folder, GLOBS, 10_000) == Taken(frozenset({"a1", "a2", "b1"}), 4)
    assert taken_below(folder, GLOBS, 10_000, folder / "a.tasks.md") == Taken(frozenset({"b1"}), 2)
    assert taken_below(folder / "nowhere", GLOBS, 10_000) == Taken()


def test_it_gives_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outline_files, "LOOKING_SECONDS", -1.0)
    assert taken_below(given(tmp_path), GLOBS, 10_000) == Taken()


async def test_a_file_that_is_run_knows_the_ids_of_the_others(tmp_path: Path) -> None:
    folder = given(tmp_path)
    path = folder / "a.tasks.md"
    holder = FileOutline(path, 10_000, partial(taken_below, folder, GLOBS, 10_000, path))
    for _ in range(2):
        view = await holder.look()
        assert ("b1" in view.ids_elsewhere, "a1" in view.ids_elsewhere, view.tasks_elsewhere) == (True, False, 2)
