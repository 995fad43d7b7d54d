"""`orchestrator check`: what it finds where, how it writes it, and what the exit code says."""

import json
import os

import pytest

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.problem_formats import as_annotation, as_line
from orchestrator.outline.identity import LONGER_FROM
from orchestrator.outline.problems import Code, Problem, Severity
from orchestrator.outline.text import Text

BAD = "- [ ] a  [mode:: wild]\n"
HINT = "- [~] a\n"
WARNING = "- [!] a\n"


def checked(inside, *arguments):
    """The files that were checked, and the number of problems in each."""
    code, out, _ = inside("check", *arguments, "--format", "json")
    return code, [(file["file"], len(file["problems"])) for file in json.loads(out)["files"]]


def test_a_line_names_the_place(inside, command):
    file = command.outline("# é😀 [mode:: wild]\n")
    code, out, err = inside("check", file)
    assert code == 1
    assert (
        out
        == f"{file}:1:14: error: `wild` is no mode. Write interactive or auto, or remove the field. [bad-field-value]\n"
    )
    assert err == "1 outline: 1 error\n"


def test_an_outline_without_problems(inside, command):
    assert inside("check", command.outline("- [ ] a\n")) == (0, "", "1 outline: no problem that is warning or worse\n")


@pytest.mark.parametrize(
    ("threshold", "shown"),
    [("error", 1), ("warning", 2), ("information", 2), ("hint", 3)],
)
def test_the_threshold_decides_both(inside, command, threshold, shown):
    file = command.outline(BAD + WARNING + HINT)
    code, out, _ = inside("check", file, "--severity", threshold)
    assert (code, out.count("\n")) == (1, shown)
    file.write_text(HINT)
    assert inside("check", file, "--severity", threshold)[0] == (threshold == "hint")


def test_json_is_the_documented_schema(inside, command):
    file = command.outline("- [ ] a  ^x\n- [ ] b  ^x\n")
    code, out, _ = inside("check", file, command.work / "gone.md", "--format", "json", "--severity", "error")
    assert code == ExitCode.FILE
    message = "The id ^x is not unique: another task has it too. Remove or change it in all but one."
    places = [{"line": line, "column": 10, "endLine": line, "endColumn": 12} for line in (1, 2)]
    assert json.loads(out) == {
        "schema": 1,
        "severity": "error",
        "files": [
            {
                "file": str(file),
                "problems": [
                    {
                        "code": "duplicate-id",
                        "severity": "error",
                        **places[index],
                        "message": message,
                        "related": [{**places[1 - index], "message": f"Also here: “{'ba'[index]}”"}],
                    }
                    for index in (0, 1)
                ],
            }
        ],
        "unreadable": [
            {
                "file": str(command.work / "gone.md"),
                "message": f"There is no file {command.work / 'gone.md'}.",
                "hint": "Check the path.",
            }
        ],
    }


def test_a_folder_is_searched_for_outlines(inside, command):
    for name, text in {
        "plan.tasks.md": BAD,
        "Tasks.md": BAD,
        "README.md": BAD,
        "notes.md": "---\norchestrator: 1\n---\n" + BAD,
        "mark.markdown": "\ufeff---\r\norchestrator: 1\r\n---\r\n" + BAD,
        "blog.md": "---\ntitle: x\n---\n" + BAD,
        "notes.txt": "---\norchestrator: 1\n---\n" + BAD,
        "below/deep/a.tasks.md": BAD,
        ".hidden.tasks.md": BAD,
        ".kiro/specs/login/tasks.md": BAD,
        ".git/a.tasks.md": BAD,
        "node_modules/a.tasks.md": BAD,
        "env/pyvenv.cfg": "",
        "env/a.tasks.md": BAD,
    }.items():
        (command.work / name).parent.mkdir(parents=True, exist_ok=True)
        (command.work / name).write_bytes(text.encode())
    here = [".hidden.tasks.md", "Tasks.md", "mark.markdown", "notes.md", "plan.tasks.md"]
    found = [(name, 1) for name in [*here, ".kiro/specs/login/tasks.md", "below/deep/a.tasks.md"]]
    assert checked(inside) == (1, found)
    assert checked(inside, "README.md", "README.md") == (1, [("README.md", 1)])
    assert checked(inside, ".", "README.md")[1] == [*found, ("README.md", 1)]
    assert checked(inside, ".git", "below")[1] == [(".git/a.tasks.md", 1), ("below/deep/a.tasks.md", 1)]


def test_a_folder_is_searched_to_its_end(inside, command, monkeypatch):
    """A build must not be green for what was never read; an editor's index has its bounds."""
    monkeypatch.setattr("orchestrator.engine.outline_files.MAX_ENTRIES", 2)
    top = folder = command.work / "deep"
    for name in ["0"] * 70:
        folder /= name
    folder.mkdir(parents=True)
    for number in range(5):
        (folder / f"{number}.tasks.md").write_text(BAD)
    code, found = checked(inside, top)
    assert (code, [count for _, count in found]) == (1, [1] * 5)


def test_links_are_not_followed(inside, command):
    command.outline(BAD)
    (command.work / "circle").symlink_to(command.work, target_is_directory=True)
    (command.work / "again.tasks.md").symlink_to(command.work / "plan.tasks.md")
    (command.work / "zero.tasks.md").symlink_to("/dev/zero")
    assert checked(inside) == (1, [("plan.tasks.md", 1)])
    assert checked(inside, "again.tasks.md", "plan.tasks.md") == (1, [("again.tasks.md", 1)])
    assert checked(inside, "circle")[1] == [("circle/plan.tasks.md", 1)]


def test_what_cannot_be_read_is_told_and_the_rest_is_checked(inside, command):
    command.outline(BAD)
    command.outline(b"\xff\xfe", "latin.tasks.md")
    os.mkfifo(command.work / "pipe.tasks.md")
    os.mkfifo(command.work / "pipe.md")
    code, out, err = inside("check")
    assert code == ExitCode.FILE
    assert out.startswith("plan.tasks.md:1:")
    assert "latin.tasks.md: " in err
    assert "pipe" not in err
    assert "pipe.tasks.md is not a plain file" in inside("check", "pipe.tasks.md")[2]


def test_a_folder_without_outlines_is_no_failure(inside, command):
    code, out, err = inside("check")
    assert (code, out) == (0, "")
    assert "No outline found" in err


def test_annotations_are_escaped(inside, command):
    file = command.outline("- [ ] a  [mode:: 5%,\u202e::x]\n", "a,b:c%.tasks.md")
    code, out, _ = inside("check", file.name, "--format", "github")
    assert code == 1
    assert out == (
        "::error file=a%2Cb%3Ac%25.tasks.md,line=1,col=18,endLine=1,endColumn=25,title=bad-field-value::"
        "`5%25,<U+202E>::x` is no mode. Write interactive or auto, or remove the field.\n"
    )


def test_an_annotation_of_several_lines_has_no_columns():
    problem = Problem(Code.TOO_DEEP, Severity.HINT, 1, 4, "a\n::error::b")
    line = as_annotation("x.md", Text("ab\ncd"), problem)
    assert line == "::notice file=x.md,line=1,endLine=2,title=too-deep::a ::error::b"


@pytest.mark.parametrize("name", ["::error::x.md", "##[group]x.md", "a\n::error::x.md"])
def test_a_path_is_no_command_to_the_build(name):
    line = as_line(name, Text("a"), Problem(Code.TOO_DEEP, Severity.HINT, 0, 1, "m"))
    assert "\n" not in line
    assert not line.startswith(("::", "##"))


def test_the_whole_command(command):
    command.outline(BAD)
    done = command("check", ".", "--format", "text")
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert command("check", "--severity", "bad").returncode == ExitCode.USAGE


# --- fixing -----------------------------------------------------------------------------------------------------

TWICE = "\ufeff- [ ] a  [mode:: ]  ^x1\r\n- [!] b  ^x1"


def test_safe_fixes_are_made_and_the_rest_is_shown(inside, command):
    file = command.outline(TWICE)
    file.chmod(0o640)
    code, out, err = inside("check", file, "--fix")
    assert code == ExitCode.FAILED
    assert [line.rpartition(" ")[2] for line in out.splitlines()] == ["[missing-reason]"]
    assert "line 1: Remove the field mode" in err
    assert "line 2: Give “b” a fresh id" in err
    assert "2 problems fixed" in err
    text = file.read_bytes().decode()
    assert text.startswith("\ufeff- [ ] a  ^x1\r\n- [!] b  ^")
    assert len(text) == len("\ufeff- [ ] a  ^x1\r\n- [!] b  ^abcde")
    assert file.stat().st_mode & 0o777 == 0o640
    assert inside("check", file, "--fix")[2] == "0 problems fixed\n1 outline: 1 warning\n"
    assert file.read_bytes().decode() == text


def test_a_diff_comes_first(inside, command):
    file = command.outline("- [ ] a  [mode:: ]\n- [!] b\n")
    code, out, err = inside("check", "--diff")
    assert code == ExitCode.FAILED
    assert out.splitlines() == [
        "--- plan.tasks.md",
        "+++ plan.tasks.md (fixed)",
        "@@ -1,2 +1,2 @@",
        "-- [ ] a  [mode:: ]",
        "+- [ ] a",
        " - [!] b",
    ]
    assert err == "1 problem would be fixed\n"
    assert file.read_text() == "- [ ] a  [mode:: ]\n- [!] b\n"
    inside("check", "--fix")
    assert inside("check", "--fix", "--diff") == (0, "", "0 problems would be fixed\n")
    assert inside("check", "--diff", "--format", "json")[0] == ExitCode.USAGE


def test_fixes_in_a_folder(inside, command):
    command.outline("- [ ] a  ^00000\n", "a.tasks.md")
    command.outline("- [ ] b  ^x\n- [ ] c  ^x\n", "b.tasks.md")
    code, out, _ = inside("check", "--fix", "--format", "json")
    files = json.loads(out)["files"]
    assert (code, [file.get("fixed") for file in files]) == (0, [None, ["line 2: Give “c” a fresh id"]])


def test_a_fresh_id_is_none_of_the_workspace(inside, command):
    (command.work / ".git").mkdir()
    (command.work / "others.tasks.md").write_text("- [ ] t\n" * LONGER_FROM)
    file = command.outline("- [ ] a  ^x1\n- [ ] b  ^x1\n")
    inside("check", file, "--fix")
    assert len(file.read_text().split("^")[-1].strip()) == 6


def test_a_later_format_is_never_fixed(inside, command):
    text = "---\norchestrator: 2\n---\n- [ ] a  ^x\n- [ ] b  ^x  [mode:: ]\n"
    file = command.outline(text)
    inside("check", file, "--fix")
    assert file.read_text() == text


def test_a_file_that_cannot_be_written_is_told(inside, command):
    file = command.outline("- [ ] a  [mode:: ]\n")
    file.chmod(0o440)
    code, out, err = inside("check", file, "--fix")
    assert (code, out) == (ExitCode.FILE, "")
    assert "read-only" in err
    assert file.read_text() == "- [ ] a  [mode:: ]\n"


def test_a_file_that_changes_meanwhile_is_left_alone(inside, command, monkeypatch):
    from orchestrator.cli import check

    file = command.outline("- [ ] a  [mode:: ]\n")
    really = check.fix_all

    def meanwhile(outline, new_id):
        file.write_text("- [ ] changed  [mode:: ]\n")
        return really(outline, new_id)

    monkeypatch.setattr(check, "fix_all", meanwhile)
    code, _, err = inside("check", file, "--fix")
    assert code == ExitCode.CHANGED
    assert "changed meanwhile" in err
    assert file.read_text() == "- [ ] changed  [mode:: ]\n"
