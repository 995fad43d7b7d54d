"""`orchestrator export` and `orchestrator import` as a person uses them."""

import json

import pytest

from tests.cli.conftest import EXAMPLE


def test_an_outline_goes_out_and_comes_back(inside, command):
    source = EXAMPLE.replace("\n", "\r\n").encode() + b"- [ ] last without a line end"
    command.outline(b"\xef\xbb\xbf" + source)
    assert inside("export", "plan.tasks.md", "--to", "plan.json")[0] == 0
    code, out, err = inside("import", "plan.json", "--to", "again.tasks.md")
    assert (code, out) == (0, "Wrote again.tasks.md: 6 tasks.\n"), err
    assert (command.work / "again.tasks.md").read_bytes() == b"\xef\xbb\xbf" + source


def test_export_prints_what_a_program_reads(command):
    command.outline("- [ ] a \N{SNOWMAN}\r\n")
    ran = command("export", "plan.tasks.md", "--format", "json")
    assert json.loads(ran.stdout)["source"] == "- [ ] a \N{SNOWMAN}\r\n"


def test_what_never_ran_has_no_history(inside, command):
    command.outline()
    for form, head in (
        ("csv", "started,seconds,run"),
        ("markdown", "# Conversations about plan.tasks.md\n\nThere are"),
    ):
        assert inside("export", "plan.tasks.md", "--format", form, "--to", f"plan.{form}")[0] == 0
        assert (command.work / f"plan.{form}").read_text().startswith(head)


def test_import_never_overwrites_unasked(inside, command):
    list_file = command.outline("- milk\n", name="todo.md")
    kept = command.outline("- [ ] mine\n")
    code, _, err = inside("import", list_file, "--to", kept)
    assert code == 4
    assert "is there already" in err
    assert kept.read_text() == "- [ ] mine\n"
    (command.work / "link.tasks.md").symlink_to(command.work / "nowhere")
    assert inside("import", list_file, "--to", "link.tasks.md")[0] == 4
    assert not (command.work / "nowhere").exists()
    assert inside("import", list_file, "--to", kept, "--replace")[0] == 0
    assert "- [ ] milk" in kept.read_text()
    assert inside("export", kept, "--to", list_file)[0] == 4
    assert list_file.read_text() == "- milk\n"


def test_import_can_be_looked_at_first(inside, command):
    command.outline("- milk\n", name="todo.md")
    code, out, _ = inside("import", "todo.md", "--to", "new.tasks.md", "--dry-run")
    assert (code, out) == (0, "---\norchestrator: 1\n---\n- [ ] milk\n")
    code, out, _ = inside("import", "todo.md", "--to", "new.tasks.md", "--dry-run", "--json")
    assert json.loads(out) == {
        "schema": 1, "file": "new.tasks.md", "written": False, "inEditor": False, "format": "markdown",
        "what": "a Markdown list of 1 item", "tasks": 1, "notes": [],
    }  # fmt: skip
    assert [file.name for file in command.work.iterdir()] == ["todo.md"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("- a\n".encode("utf-16"), "another encoding"),
        (b"- a\n- \xff\n", "line 2"),
        (b'{"tasks": [{"id": 1, "title": []}]}', "tasks[0].title"),
        (b'{"tasks": ' + b"[" * 100_000, "nested"),
        (b"{", "line 1, column 2"),
        (b"", "no tasks.json"),
        (b'{"tasks": [{"id": 1, "title": "a"}]}' + b" " * 20_000_000, "larger than"),
    ],
)
def test_bad_sources_write_nothing(inside, command, content, said):
    (command.work / "tasks.json").write_bytes(content)
    code, out, err = inside("import", "tasks.json", "--to", "new.tasks.md", "--format", "task-master")
    assert (code, out) == (4, "")
    assert said in err or (content == b"" and "column 1" in err)
    assert [file.name for file in command.work.iterdir()] == ["tasks.json"]


@pytest.mark.parametrize("name", ["missing/new.tasks.md", "x" * 300])
def test_bad_targets_are_named(inside, command, name):
    command.outline("- milk\n", name="todo.md")
    code, _, err = inside("import", "todo.md", "--to", name)
    assert code == 4
    assert "cannot be written" in err


def test_hostile_names_are_shown_safely(inside, command):
    name = "todo\u202e\x1b[2J.md"
    (command.work / name).write_text("words")
    code, _, err = inside("import", name, "--to", "new.tasks.md")
    assert code == 4
    assert "<U+202E><U+001B>" in err


def test_a_form_that_is_not_there_is_named(inside, command):
    command.outline()
    assert inside("export", "plan.tasks.md", "--format", "docx")[0] == 3
    assert inside("import", "plan.tasks.md", "--to", "a.tasks.md", "--format", "docx")[0] == 3
