"""Edits that a model proposes: shown whole, applied exactly, once, or not at all."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine import edit_apply
from orchestrator.engine.edit_proposal import MAX_FILES, EditProposal, FileChange, diff, proposal_of
from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.errors import EditRefusedError, ToolError

BEFORE = {"a.py": "one\ntwo\nthree\n", "b.py": "bee\n", "c.py": "sea\n"}
PROPOSAL = proposal_of(
    [
        FileChange("a.py", BEFORE["a.py"], "one\n2\nthree\n"),
        FileChange("b.py", BEFORE["b.py"], None),
        FileChange("c.py", BEFORE["c.py"], "sea"),
        FileChange("sub/d.py", None, "new\n", 0o755, renamed_from="b.py"),
        FileChange("same.py", "x", "x"),
    ]
)
AFTER = {"a.py": "one\n2\nthree\n", "c.py": "sea", "sub/d.py": "new\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in BEFORE.items():
        (tmp_path / path).write_text(text)
    return tmp_path


def content(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_diff_reads_like_one():
    assert diff(PROPOSAL).split("\n") == [
        "change a.py", "--- a.py", "+++ a.py", "@@ -1,3 +1,3 @@", " one", "-two", "+2", " three",
        "delete b.py", "--- b.py", "+++ /dev/null", "@@ -1,1 +1,0 @@", "-bee",
        "change c.py", "--- c.py", "+++ c.py", "@@ -1,1 +1,1 @@", "-sea", "+sea  <no line end>",
        "rename b.py to sub/d.py (executable)", "--- /dev/null", "+++ sub/d.py", "@@ -1,0 +1,1 @@", "+new",
    ]  # fmt: skip
    assert PROPOSAL.title == "change 2, create 1, delete 1: a.py, b.py, c.py, …"


def test_a_diff_says_which_files_are_sensitive():
    proposal = proposal_of([FileChange("Makefile", None, "all:\n\trm -rf /\n"), FileChange("src/x.py", None, "x\n")])
    assert "create Makefile  [a build script, which tools run by themselves]" in diff(proposal)
    assert "+\trm -rf /" in diff(proposal)


def test_a_diff_hides_nothing():
    sneaky = "a\u202eb\u200b\x1b[2K\r\nplain\n"
    proposal = proposal_of([FileChange("x.py", "a<U+202E>b<U+200B><U+001B>[2K<U+000D>\nplain\n", sneaky)])
    shown = diff(proposal)
    assert not set(shown) & set("\u202e\u200b\x1b\r")
    assert shown.count("a<U+202E>b<U+200B><U+001B>[2K<U+000D>") == 2, "what looks alike and differs is a change"


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.text("ab\n\u202e\r\t", max_size=40)
)
def test_every_line_that_would_be_written_is_shown(before: str, after: str):
    proposal = proposal_of([FileChange("x.py", before, after)])
    if before == after:
        assert proposal.changes == ()
        return
    lines = diff(proposal).split("\n")
    assert any(line[:1] in "+-" for line in lines[3:])
    assert sum(line.startswith("+") for line in lines[3:]) <= after.count("\n") + 1


def test_a_huge_diff_is_whole_and_quick():
    before, after = "a\n" * 4_000, "b\na\n" * 4_000
    shown = diff(proposal_of([FileChange("x.py", before, after)]))
    assert "@@ the whole file @@" in shown
    assert shown.count("\n-a") == 4_000
    assert shown.count("\n+") == 8_001


def test_a_fingerprint_covers_everything():
    one = FileChange("a", "x", "y", 0o644, "z")
    others = [
        FileChange("b", "x", "y", 0o644, "z"), FileChange("a", None, "y", 0o644, "z"), FileChange("a", "x",
        None, 0o644, "z"),
        FileChange("a", "x", "y\n", 0o644, "z"), FileChange("a", "x", "y", 0o755, "z"), FileChange("a", "x", "y"),
    ]  # fmt: skip
    prints = {EditProposal((change,)).fingerprint for change in (one, *others)}
    assert len(prints) == 7
    assert EditProposal.from_json(PROPOSAL.to_json()).fingerprint == PROPOSAL.fingerprint


def test_more_than_a_person_can_check_is_refused():
    with pytest.raises(ToolError, match="more than a person can check"):
        proposal_of([FileChange(f"f{n}", None, "x") for n in range(MAX_FILES + 1)])
    with pytest.raises(ToolError, match="more than a person can check"):
        proposal_of([FileChange("f", None, "x" * 2_000_001)])


def test_what_was_approved_is_applied_exactly(folder: Path):
    written: list[str] = []
    edit_apply.apply(PROPOSAL, PROPOSAL.fingerprint, WorkspaceFiles(folder), written.append)
    assert content(folder) == AFTER
    assert (folder / "sub/d.py").stat().st_mode & 0o777 == 0o755
    assert sorted(written) == ["a.py", "b.py", "c.py", "sub/d.py"]


def test_what_was_not_approved_is_not_applied(folder: Path):
    with pytest.raises(EditRefusedError, match="not the edit that was approved"):
        edit_apply.apply(PROPOSAL, EditProposal(PROPOSAL.changes[:2]).fingerprint, WorkspaceFiles(folder))
    assert content(folder) == BEFORE


@pytest.mark.parametrize("path", ["a.py", "b.py", "c.py", "sub/d.py"])
def test_a_conflict_in_one_file_leaves_all(folder: Path, path: str):
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text("typed meanwhile")
    before = content(folder)
    with pytest.raises(EditRefusedError, match="changed since"):
        edit_apply.apply(PROPOSAL, PROPOSAL.fingerprint, WorkspaceFiles(folder))
    assert content(folder) == before


def test_a_conflict_between_check_and_write_puts_all_back(folder: Path):
    def disturb(path: str) -> None:
        if path == "c.py":
            (folder / "sub/d.py").parent.mkdir(exist_ok=True)
            (folder / "sub/d.py").write_text("theirs")

    with pytest.raises(EditRefusedError):
        edit_apply.apply(PROPOSAL, PROPOSAL.fingerprint, WorkspaceFiles(folder), disturb)
    assert content(folder) == {**BEFORE, "sub/d.py": "theirs"}


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", range(5))
def test_a_crash_anywhere_applies_once(folder: Path, after: int):
    steps = itertools.count(1)

    def die(_path: str) -> None:
        if next(steps) == after:
            raise Killed

    files = WorkspaceFiles(folder)
    if after:
        with pytest.raises(Killed):
            edit_apply.apply(PROPOSAL, PROPOSAL.fingerprint, files, die)
    stamps = {path: (folder / path).stat().st_ino for path in content(folder)}
    done = {path for path in content(folder) if AFTER.get(path) == content(folder)[path]}
    edit_apply.apply(PROPOSAL, PROPOSAL.fingerprint, files)
    assert content(folder) == AFTER
    assert all((folder / path).stat().st_ino == stamps[path] for path in done), "not written a second time"


def test_a_link_that_appears_before_applying_is_not_written_through(folder: Path):
    outside = folder.parent / "outside"
    outside.mkdir(exist_ok=True)
    (folder / "sub").symlink_to(outside)
    with pytest.raises((EditRefusedError, ToolError)):
        edit_apply.apply(PROPOSAL, PROPOSAL.fingerprint, WorkspaceFiles(folder))
    assert list(outside.iterdir()) == []
    assert (folder / "a.py").read_text() == BEFORE["a.py"]


def test_a_path_of_a_stored_proposal_is_checked_again(folder: Path):
    evil = EditProposal((FileChange("../evil.py", None, "x"),))
    with pytest.raises(ToolError):
        edit_apply.apply(evil, evil.fingerprint, WorkspaceFiles(folder))
    assert not (folder.parent / "evil.py").exists()


def test_one_task_is_undone_where_it_is_still_ours(folder: Path):
    files = WorkspaceFiles(folder)
    edit_apply.apply(PROPOSAL, PROPOSAL.fingerprint, files)
    (folder / "c.py").write_text("a person went on here\n")
    undone = edit_apply.revert(PROPOSAL, files)
    assert undone.kept == ("c.py",)
    assert undone.undone == ("a.py", "b.py", "sub/d.py")
    assert content(folder) == {**BEFORE, "c.py": "a person went on here\n"}
    assert edit_apply.revert(PROPOSAL, files).kept == ("c.py",), "twice is once"
