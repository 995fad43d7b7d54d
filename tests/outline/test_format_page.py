"""docs/reference/outline-format.md is held to its word: each line of its tables is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.errors import OrchestratorError
from orchestrator.outline import actions
from orchestrator.outline.edits import apply
from orchestrator.outline.inherited import INHERITED, value
from orchestrator.outline.parse import parse
from orchestrator.outline.references import references
from orchestrator.outline.tree import Section, Task
from orchestrator.outline.waiting import Waiting
from tests.outline.actions.test_laws import ACTIONS, bare
from tests.outline.checks import task_of

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "outline-format.md").read_text("utf-8")


def table(header: str) -> list[list[str]]:
    """The cells of the table with this header, without their backticks."""
    body = PAGE.split(header + "\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[code(cell) for cell in row.strip().strip("|").split("|")] for row in body]


def code(cell: str) -> str:
    cell = cell.strip()
    match = re.fullmatch(r"(`+)(.*)\1", cell)
    if match is None:
        return cell
    # As Markdown has it: with longer fences one blank at both ends is not part of the code.
    inner = match.group(2)
    return inner[1:-1] if len(match.group(1)) > 1 and inner.startswith(" ") else inner.rstrip(" ")


GRAMMAR = table("| written | title | fields | id |")
PRECEDENCE = table("| the task | a task above | a heading above | `defaults` | holds |")
FIELDS = table("| field | comes down |")
FOREIGN = table("| written | from | read as |")


@pytest.mark.parametrize(("written", "title", "fields", "task_id"), GRAMMAR)
def test_the_grammar_is_as_the_page_says(written: str, title: str, fields: str, task_id: str) -> None:
    (node,) = parse(written).nodes
    found = "".join(f"{key}={value}" for key, value in node.fields.items())
    assert (node.title, found) == (title, fields)
    assert (node.task_id if isinstance(node, Task) else None) == (task_id or None)


@pytest.mark.parametrize(("own", "above", "heading", "defaults", "holds"), PRECEDENCE)
def test_the_nearest_value_holds_as_the_page_says(
    own: str, above: str, heading: str, defaults: str, holds: str
) -> None:
    def field(written: str) -> str:
        return f"  [priority:: {written}]" if written else ""

    front = f"---\ndefaults: {{priority: {defaults}}}\n---\n" if defaults else ""
    outline = parse(f"{front}# H{field(heading)}\n- [ ] p{field(above)}\n  - [ ] here{field(own)}\n")
    assert value(outline, task_of(outline, "here"), "priority") == (holds or None)


@pytest.mark.parametrize(("key", "comes_down"), FIELDS)
def test_what_comes_down_is_as_the_page_says(key: str, comes_down: str) -> None:
    allowed = {"mode": "auto", "priority": "low", "budget": "2", "dependsOn": "dep"}
    outline = parse(f"- [ ] other  ^dep\n- [ ] p  [{key}:: {allowed.get(key, 'x')}]\n  - [ ] here\n")
    here = task_of(outline, "here")
    assert (value(outline, here, key) is not None) == (comes_down == "yes")
    assert (key in INHERITED) == (comes_down == "yes")
    waiting = Waiting(outline, references(outline))
    assert waiting.in_sequence(here, task_of(outline, "other"), 100) == comes_down.startswith("adds up")


def test_every_field_and_dialect_is_on_the_page() -> None:
    assert {row[0] for row in FIELDS} >= {*INHERITED, "budget", "reason", "files", "dependsOn"}
    assert {row[1] for row in FOREIGN} == {"Obsidian Tasks", "Dataview", "spec-kit", "Kiro", "several"}


# --- other tools' marks -------------------------------------------------------------------------------------------


def around(written: str) -> str:
    """An outline with this line, with tasks before, below and after it."""
    above = "- [ ] of another tool\n" if written.startswith(" ") else ""
    return f"# Plan\n\n- [ ] first\n  - [x] done\n  - [ ] open\n{above}{written}\n  Its text.\n- [ ] last\n"


@pytest.mark.parametrize("written", [row[0] for row in FOREIGN])
@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_leaves_other_tools_marks_as_found(name: str, written: str) -> None:
    source = around(written)
    outline = parse(source)
    line = source.splitlines().index(written)
    for task in outline.tasks():
        try:
            edits = ACTIONS[name](outline, (task,))
        except OrchestratorError:
            continue
        after = apply(source, edits).splitlines()
        own = task.line == line or (written.startswith(" ") and task.title == "of another tool")
        if own and name in {"complete", "fail"}:
            continue  # the person chose a status for this very task
        # Indented with its branch, numbered with its list, or with something of ours behind it: but all there.
        kept = bare(written).removeprefix("[ ] ")
        assert any(kept in found for found in after), (name, task.title)
        if not own and name not in {"demote", "sequence", "down", "up", "far down", "sort"}:
            assert written in after, (name, task.title)


@pytest.mark.parametrize("written", [row[0] for row in FOREIGN if not row[0].startswith(" ")])
def test_other_tools_marks_are_read_as_the_page_says(written: str) -> None:
    (task,) = parse(written).nodes
    assert isinstance(task, Task)
    assert not isinstance(task, Section)
    assert task.task_id is None
    assert written.startswith(f"- [{task.mark}] {task.title}")


def test_a_mark_of_another_tool_is_changed_only_alone() -> None:
    outline = parse("- [~] a\n- [ ] b\n")
    edits = actions.cycle_status(outline, tuple(outline.tasks()))
    assert apply(outline.text.string, edits) == "- [~] a\n- [/] b\n"
