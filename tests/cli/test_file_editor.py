import asyncio
import errno
import os
import stat
from pathlib import Path

import pytest

from orchestrator.cli.file_editor import FileTarget, read, require_writable
from orchestrator.engine import atomic_file
from orchestrator.engine.outline_files import Taken
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.outline.edits import TextEdit

LIMIT = 1_000_000
TEXT = "- [ ] one\n- [ ] two  ^ab2cd\n  - [ ] inner\n- [ ] one\n"


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "plan.tasks.md"
    made.write_text(TEXT)
    return made


def add_line(target, text="- [ ] new\n"):
    """Put a line at the beginning, as an edit against the newest text."""
    place = asyncio.run(target.place())
    return asyncio.run(target.apply(place, (TextEdit(0, 0, text),), "Add a line"))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Reading


def test_missing_and_odd_files_are_told(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, part in (
        ("missing", "no file"),
        ("folder", "is a folder"),
        ("pipe", "not a plain file"),
        ("loop", "cannot be read"),
    ):
        with pytest.raises(FileError, match=part) as caught:
            read(tmp_path / name, LIMIT)
        assert name in str(caught.value)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"- [ ] a\0b", "binary"), ("- [ ] ä".encode("utf-16"), "binary"), (b"a\nb\n\xff", r"not UTF-8 text \(line 3\)")],
)
def test_what_is_not_text_is_refused(file, content, part):
    file.write_bytes(content)
    with pytest.raises(FileError, match=part):
        read(file, LIMIT)
    assert file.read_bytes() == content


def test_large_files_are_refused_before_they_are_read(file):
    with file.open("wb") as stream:
        stream.truncate(20_000_000)
    with pytest.raises(FileError, match=r"larger than 1,000,000 bytes"):
        read(file, LIMIT)


# Writing


@pytest.mark.parametrize(
    "before",
    [
        b"- [ ] one\r\n- [ ] two\r\n",
        b"- [ ] one\r- [ ] two",
        b"\xef\xbb\xbf- [ ] one\n",
        b"- [ ] one\n\t- [ ] two\x0c\n\n\n   ",
        "- [ ] one \u2028 Größe 🧑‍💻".encode(),
    ],
)
def test_all_other_bytes_stay(file, before):
    file.write_bytes(before)
    add_line(FileTarget(file, LIMIT, "one"), "- [ ] new\n")
    mark = b"\xef\xbb\xbf" if before.startswith(b"\xef") else b""
    assert file.read_bytes() == mark + b"- [ ] new\n" + before.removeprefix(mark)


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o664])
def test_permissions_stay(file, mode):
    file.chmod(mode)
    add_line(FileTarget(file, LIMIT, "two"))
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_link_stays_and_its_file_is_written(file, tmp_path):
    link = tmp_path / "links" / "plan.md"
    link.parent.mkdir()
    link.symlink_to(file)
    target = FileTarget(link, LIMIT, "two")
    add_line(target)
    assert link.is_symlink()
    assert file.read_text().startswith("- [ ] new\n")
    assert target.uri == file.as_uri()
    assert names(link.parent) == ["plan.md"]


def test_a_changed_file_is_refused(file):
    target = FileTarget(file, LIMIT, "two")
    place = asyncio.run(target.place())
    file.write_text("- [ ] zero\n" + TEXT)
    with pytest.raises(EditRefusedError, match="changed meanwhile"):
        asyncio.run(target.apply(place, (TextEdit(0, 0, "x"),), "x"))
    assert file.read_text() == "- [ ] zero\n" + TEXT
    assert not target.written
    add_line(target)  # against the newest text it is fine
    assert file.read_text() == "- [ ] new\n- [ ] zero\n" + TEXT


def test_a_change_while_it_is_written_is_refused(file, monkeypatch):
    target = FileTarget(file, LIMIT, "two")
    place = asyncio.run(target.place())
    sync = os.fsync

    def change(descriptor):
        file.write_text("changed by an editor\n")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", change)
    with pytest.raises(EditRefusedError):
        asyncio.run(target.apply(place, (TextEdit(0, 0, "x"),), "x"))
    assert file.read_text() == "changed by an editor\n"
    assert names(file.parent) == [file.name]


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
def test_every_failure_leaves_the_file(file, monkeypatch, step):
    target = FileTarget(file, LIMIT, "two")
    place = asyncio.run(target.place())

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path if step == "replace" else os, step, fail)
    with pytest.raises(FileError, match="No space left"):
        asyncio.run(target.apply(place, (TextEdit(0, 0, "x"),), "x"))
    assert file.read_text() == TEXT
    assert names(file.parent) == [file.name]
    assert not target.written


def test_read_only_files_and_folders_are_refused(file):
    file.chmod(0o444)
    with pytest.raises(FileError, match="the file is read-only"):
        require_writable(file)
    file.chmod(0o644)
    file.parent.chmod(0o555)
    try:
        with pytest.raises(FileError, match="its folder is read-only"):
            require_writable(file)
    finally:
        file.parent.chmod(0o755)


def test_a_file_that_became_read_only_is_not_replaced(file):
    target = FileTarget(file, LIMIT, "two")
    file.chmod(0o444)
    with pytest.raises(FileError, match="read-only"):
        add_line(target)
    assert file.read_text() == TEXT


# Finding the task again


@pytest.mark.parametrize(
    ("wanted", "changed", "line"),
    [
        ("two", "\n\n" + TEXT, 3),
        ("two", TEXT.replace("- [ ] one\n- [ ] two", "- [ ] two").replace("  - [ ] inner\n", ""), 0),
        ("inner", "# Heading\n\n" + TEXT.replace("- [ ] two", "- [x] two"), None),
        ("4", "intro\n\n" + TEXT, 5),
        ("1", "intro\n\n" + TEXT, 2),
    ],
)
def test_the_task_is_found_where_it_moved(file, wanted, changed, line):
    target = FileTarget(file, LIMIT, wanted)
    file.write_text(changed)
    if line is None:
        with pytest.raises(EditRefusedError):
            asyncio.run(target.place())
    else:
        assert asyncio.run(target.place()).task.line == line


@pytest.mark.parametrize(
    ("wanted", "changed"),
    [
        ("two", TEXT.replace("two", "too")),
        ("two", TEXT.replace("- [ ] two  ^ab2cd\n", "")),
        ("two", TEXT + "- [ ] copy  ^ab2cd\n"),
        ("inner", TEXT.replace("inner", "outer")),
        ("1", TEXT.replace("- [ ] one\n", "", 1)),
        ("1", TEXT + "- [ ] one\n"),
        ("two", ""),
    ],
)
def test_a_task_that_is_gone_or_another_one_is_refused(file, wanted, changed):
    target = FileTarget(file, LIMIT, wanted)
    file.write_text(changed)
    with pytest.raises(EditRefusedError) as caught:
        asyncio.run(target.place())
    assert "run the command again" in caught.value.hint


def test_an_id_that_two_tasks_have_names_neither(file):
    file.write_text("- [ ] one  ^twice\n- [ ] two  ^twice\n")
    target = FileTarget(file, LIMIT, "2")
    assert asyncio.run(target.place()).task.title == "two"
    add_line(target)
    assert asyncio.run(target.place()).task.line == 2


async def test_two_writers_take_turns(tmp_path):
    """The second finds that the text is another one, and not the first's text gone."""
    file = tmp_path / "a.tasks.md"
    file.write_text("- [ ] One\n- [ ] Two\n")
    first, second = (FileTarget(file, 10_000, title) for title in ("One", "Two"))
    places = [await target.place() for target in (first, second)]
    await first.apply(places[0], (TextEdit(9, 9, " more"),), "")
    with pytest.raises(EditRefusedError, match="changed meanwhile"):
        await second.apply(places[1], (TextEdit(0, 0, "# Plan\n"),), "")
    with atomic_file.alone(file), pytest.raises(TimeoutError), atomic_file.alone(file, timeout=0.1):
        pass
    assert file.read_text() == "- [ ] One more\n- [ ] Two\n"


async def test_ids_of_other_outlines_are_looked_for_once(file):
    calls = []

    def look_around():
        calls.append(1)
        return Taken(frozenset({"b1"}), 7)

    target = FileTarget(file, LIMIT, "two", look_around)
    for _ in range(2):
        place = await target.place()
        assert ("b1" in place.ids_elsewhere, place.tasks_elsewhere) == (True, 7)
    assert calls == [1]
