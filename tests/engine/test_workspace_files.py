"""The door to a workspace's files, and the repositories that try to get past it."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from orchestrator.engine import workspace_files
from orchestrator.engine.ignored import Ignored, compiled
from orchestrator.engine.workspace_files import WorkspaceFiles, fingerprint
from orchestrator.errors import EditRefusedError, ToolError


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("SECRET")
    (tmp_path / "ws-other").mkdir()
    (tmp_path / "ws-other" / "secret").write_text("SECRET")
    folder = tmp_path / "ws"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text("one\n")
    return folder


@pytest.fixture
def files(ground: Path) -> WorkspaceFiles:
    return WorkspaceFiles(ground)


def outside(ground: Path) -> list[str]:
    return sorted(str(path) for folder in ("outside", "ws-other") for path in (ground.parent / folder).iterdir())


def test_a_file_is_read_bounded(files: WorkspaceFiles):
    content = files.read("src/a.py")
    assert (content.data, content.whole, content.binary) == (b"one\n", True, False)
    assert files.read("src/a.py", 2).data == b"on"
    assert not files.read("src/a.py", 2).whole
    assert files.find("src/none.py") is None


def test_links_inside_are_followed_by_name(files: WorkspaceFiles, ground: Path):
    (ground / "to-file").symlink_to("src/a.py")
    (ground / "to-folder").symlink_to("src")
    (ground / "to-env").symlink_to(".env")
    assert files.locate("to-file") == "src/a.py"
    assert files.locate("to-folder/a.py") == "src/a.py"
    assert files.locate("to-env") == ".env", "so that policy sees what is meant"


@pytest.mark.parametrize("target", ["../outside/secret", "../ws-other/secret", "/etc/passwd", "..", "/"])
@pytest.mark.parametrize("way", ["file", "folder"])
def test_links_lead_nowhere(files: WorkspaceFiles, ground: Path, target: str, way: str):
    (ground / "link").symlink_to(target)
    path = "link" if way == "file" else "link/secret"
    with pytest.raises(ToolError, match="out of the workspace"):
        files.locate(path)
    before = outside(ground)
    with pytest.raises(ToolError):
        files.read(path)
    with pytest.raises((ToolError, EditRefusedError)):
        files.replace(path, b"owned", 0o644, None)
    with pytest.raises((ToolError, EditRefusedError)):
        files.remove(path, fingerprint(b"SECRET"))
    assert outside(ground) == before


def test_a_link_that_appears_after_the_look_is_not_followed(files: WorkspaceFiles, ground: Path):
    path = files.locate("src/secret")
    (ground / "src" / "a.py").unlink()
    (ground / "src").rmdir()
    (ground / "src").symlink_to("../outside")
    for attempt in (
        lambda: files.read(path),
        lambda: files.replace(path, b"x", 0o644, fingerprint(b"SECRET")),
        lambda: files.replace("src/new", b"x", 0o644, None),
        lambda: files.remove(path, fingerprint(b"SECRET")),
        lambda: files.scan("src"),
    ):
        with pytest.raises(ToolError):
            attempt()
    assert [Path(path).name for path in outside(ground)] == ["secret", "secret"]


def test_a_loop_of_links_and_special_files_are_said(files: WorkspaceFiles, ground: Path):
    (ground / "loop").symlink_to("loop")
    os.mkfifo(ground / "pipe")
    for path, words in (("loop", "link"), ("pipe", "not a plain file"), ("src", "is a folder"), (".", "is a folder")):
        with pytest.raises(ToolError, match=words):
            files.read(path)


def test_a_file_is_replaced_with_its_mode_and_leaves_nothing_behind(files: WorkspaceFiles, ground: Path):
    files.replace("src/a.py", b"two\n", 0o755, fingerprint(b"one\n"))
    files.replace("new/deep/b.py", b"b", 0o644, None)
    assert (ground / "src/a.py").read_bytes() == b"two\n"
    assert (ground / "src/a.py").stat().st_mode & 0o777 == 0o755
    assert (ground / "new/deep/b.py").stat().st_mode & 0o777 == 0o644
    files.remove("new/deep/b.py", fingerprint(b"b"))
    assert [path.name for path in ground.rglob("*") if path.is_file()] == ["a.py"]


def test_a_changed_file_is_not_overwritten(files: WorkspaceFiles, ground: Path):
    (ground / "src" / "a.py").write_text("typed meanwhile\n")
    for attempt in (
        lambda: files.replace("src/a.py", b"two\n", 0o644, fingerprint(b"one\n")),
        lambda: files.replace("src/a.py", b"two\n", 0o644, None),
        lambda: files.remove("src/a.py", fingerprint(b"one\n")),
        lambda: files.replace("src/none.py", b"two\n", 0o644, fingerprint(b"one\n")),
    ):
        with pytest.raises(EditRefusedError, match="not touched"):
            attempt()
    assert (ground / "src" / "a.py").read_text() == "typed meanwhile\n"
    assert sorted(path.name for path in (ground / "src").iterdir()) == ["a.py"]


def test_a_file_that_appears_at_the_last_moment_is_not_overwritten(
    files: WorkspaceFiles, ground: Path, monkeypatch: pytest.MonkeyPatch
):
    def late(*_args: object) -> None:
        (ground / "src" / "new.py").write_text("theirs")

    monkeypatch.setattr(WorkspaceFiles, "_expect", late)
    with pytest.raises(EditRefusedError):
        files.replace("src/new.py", b"ours", 0o644, None)
    assert (ground / "src" / "new.py").read_text() == "theirs"


def test_what_a_kill_left_is_replaced(files: WorkspaceFiles, ground: Path, monkeypatch: pytest.MonkeyPatch):
    class Killed(BaseException):
        pass

    def die(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(WorkspaceFiles, "_expect", die)
        patch.setattr(workspace_files.os, "unlink", lambda *_args, **_more: None)
        with pytest.raises(Killed):
            files.replace("src/a.py", b"two\n", 0o644, fingerprint(b"one\n"))
    assert len(list((ground / "src").iterdir())) == 2
    files.replace("src/a.py", b"two\n", 0o644, fingerprint(b"one\n"))
    assert [path.name for path in (ground / "src").iterdir()] == ["a.py"]


def test_a_full_disk_leaves_the_file(files: WorkspaceFiles, ground: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workspace_files.os, "fsync", full)
    with pytest.raises(ToolError, match="No space left"):
        files.replace("src/a.py", b"two\n", 0o644, fingerprint(b"one\n"))
    assert (ground / "src" / "a.py").read_text() == "one\n"
    assert [path.name for path in (ground / "src").iterdir()] == ["a.py"]


IGNORES = {
    ".gitignore": "*.log\n!keep.log\n/build/\nnode_modules\n*.tmp/\ndoc/*.html\n**/deep/**/x\n"
    "\\#odd\nfoo/*\n!foo/bar\na?c\n[xyz].c\n",
    "sub/.gitignore": "!debug.log\n/local\n*.md\n",
    ".git/info/exclude": "mine.txt\n",
}
FILES = [
    "a.log", "keep.log", "build/x.py", "src/build/x.py", "node_modules/m/i.js", "src/node_modules/m.js", "t.tmp/x",
    "t.tmp",
    "doc/i.html", "doc/sub/i.html", "q/deep/r/s/x", "#odd", "foo/bar", "foo/baz", "sub/debug.log", "sub/other.log",
    "sub/local",
    "sub/in/local", "sub/R.md", "R.md", "mine.txt", "src/mine.txt", "abc", "x.c", "xx.c", "normal.py", "foo/bar2/x",
]  # fmt: skip


def test_the_answer_is_gits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "git").mkdir(parents=True)
    (tmp_path / "config" / "git" / "ignore").write_text("abc\n")
    folder = tmp_path / "ws"
    folder.mkdir()
    git = ["/usr/bin/git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    for name, text in IGNORES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("x")
    names = [name for name in FILES if (folder / name).is_file()]
    done = subprocess.run([*git, "check-ignore", *names], capture_output=True, text=True, check=False)
    assert len(names) > 20
    ignored = Ignored(WorkspaceFiles(folder))
    assert [name for name in names if ignored.file(name)] == done.stdout.split()


@pytest.mark.parametrize(
    "pattern", ["*a*a*a*a*a*a*a*a*a*b", "**/a/**/a/**/a/**/a/**/a/**/b", "[" * 5000, "a*" * 400, "!" + "*a" * 50, "\\"]
)
def test_a_hostile_pattern_is_quick(pattern: str):
    started = time.process_time()
    spec = compiled(f"{pattern}\n*.log\n")
    assert spec is not None
    for name in ("a" * 250, "a/" * 120 + "c", "x.log"):
        spec.check_file(name)
    assert spec.check_file("x.log").include
    assert time.process_time() - started < 2
