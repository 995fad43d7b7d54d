import errno
import os
import stat
from pathlib import Path

import pytest

from orchestrator.engine import atomic_file


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_replaces_content_and_sets_the_mode(tmp_path):
    file = tmp_path / "a.md"
    file.write_bytes(b"old")
    atomic_file.replace(file, b"new", 0o640)
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert names(tmp_path) == ["a.md"]


def test_links_stay_links(tmp_path):
    (tmp_path / "real").mkdir()
    file = tmp_path / "real" / "a.md"
    file.write_bytes(b"old")
    link = tmp_path / "link.md"
    link.symlink_to(file)
    atomic_file.replace(link, b"new", 0o600)
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert names(tmp_path / "real") == ["a.md"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "fchmod", "rename", "before"])
def test_a_failed_write_leaves_the_file(tmp_path, monkeypatch, step, error):
    file = tmp_path / "a.md"
    file.write_bytes(b"old")

    def fail(*_):
        raise error

    if step == "rename":
        monkeypatch.setattr(Path, "replace", fail)
    elif step != "before":
        monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        atomic_file.replace(file, b"new", 0o600, before=fail if step == "before" else lambda: None)
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["a.md"]


@pytest.mark.parametrize("allowed", [True, False])
def test_owner_and_group_stay_as_far_as_they_may(tmp_path, monkeypatch, allowed):
    wanted = []

    def give(_descriptor, user, group):
        wanted.append((user, group))
        if not allowed:
            raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(os, "fchown", give)
    file = tmp_path / "a.md"
    file.write_text("old")
    atomic_file.replace(file, b"new", 0o660)
    assert file.read_text() == "new"
    assert set(wanted) <= {(-1, file.stat().st_gid), (file.stat().st_uid, -1)}
    assert (-1, file.stat().st_gid) in wanted
