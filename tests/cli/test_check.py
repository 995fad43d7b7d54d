"""`orchestrator check`: what it finds where, how it writes it, and what the exit code says."""

import json
import os

import pytest

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.problem_formats import as_annotation, as_line
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
        ".git/a.tasks.md": BAD,
        "node_modules/a.tasks.md": BAD,
        "env/pyvenv.cfg": "",
        "env/a.tasks.md": BAD,
    }.items():
        (command.work / name).parent.mkdir(parents=True, exist_ok=True)
        (command.work / name).write_bytes(text.encode())
    found = [(name, 1) for name in ["Tasks.md", "mark.markdown", "notes.md", "plan.tasks.md", "below/deep/a.tasks.md"]]
    assert checked(inside) == (1, found)
    assert checked(inside, "README.md", "README.md") == (1, [("README.md", 1)])
    assert checked(inside, ".", "README.md")[1] == [*found, ("README.md", 1)]
    assert checked(inside, ".git", "below")[1] == [(".git/a.tasks.md", 1), ("below/deep/a.tasks.md", 1)]


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
    assert "pipe.tasks.md is not a plain file" in err


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
