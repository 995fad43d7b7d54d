import pytest

from orchestrator.engine.ideas import drafted, expanded, new_outline
from orchestrator.errors import TaskNotFoundError
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.parse import parse
from orchestrator.outline.text import Text
from orchestrator.outline.writer import add_subtasks

PLAN = Plan(
    (
        PlannedTask("Ask the neighbours", "Ring\n\n- all bells\n- twice", "they know"),
        PlannedTask("Set the date", depends_on=(0,), plan=Plan((PlannedTask("Look at the calendar"),))),
    )
)


def expand(text: str, line: int) -> str:
    draft = drafted(Text(text), line)
    ids = iter(["aaaaa", "bbbbb", "ccccc", "ddddd"])
    return expanded(draft, add_subtasks(draft.outline, draft.task, PLAN, lambda: next(ids)))


def lines(*written: str) -> str:
    return "\n".join(written) + "\n"


BODY = ("Ring", "", "- all bells", "- twice", "", "Accept: they know")


def test_a_line_of_text_becomes_a_task():
    assert expand("Before.\n\nHold a street party.\n\nAfter.\n", 2) == lines(
        "Before.",
        "",
        "- [ ] Hold a street party  ^aaaaa",
        "  - [ ] Ask the neighbours  ^bbbbb",
        *(line and f"    {line}" for line in BODY),
        "  - [ ] Set the date  [dependsOn:: bbbbb]",
        "    - [ ] Look at the calendar",
        "",
        "After.",
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_below_a_heading_the_tasks_stand_alone(newline):
    text = "# Street party\n\nSome day.\n".replace("\n", newline)
    assert expand(text, 0) == lines(
        "# Street party",
        "",
        "- [ ] Ask the neighbours  ^bbbbb",
        *(line and f"  {line}" for line in BODY),
        "- [ ] Set the date  [dependsOn:: bbbbb]",
        "  - [ ] Look at the calendar",
        "",
        "Some day.",
    ).replace("\n", newline)


def test_an_idea_changes_no_other_line():
    text = "# Party\n\nSing\n\n- [x] Eat  ^a1b2c\n\n```\ncode\n```\n"
    after = expand(text, 2)
    assert after.startswith("# Party\n\n- [ ] Sing  ^aaaaa\n")
    assert after.endswith("\n\n- [x] Eat  ^a1b2c\n\n```\ncode\n```\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        ("a\n\n   \n", 2),
        ("```\ncode\n```\n", 1),
        ("- one\n- two\n", 0),
        ("- [ ] a task\n", 0),
        ("two lines\nof one paragraph\n", 0),
        ("> quoted\n", 0),
        ("---\norchestrator: 1\n---\n", 1),
        ("<!--\ncomment\n-->\n", 1),
        ("| a | b |\n|---|---|\n", 0),
    ],
)
def test_what_is_no_idea(text, line):
    with pytest.raises(TaskNotFoundError):
        drafted(Text(text), line)


def test_a_new_outline():
    draft = new_outline("  Hold a *street*\nparty [mode:: auto] ^abcde ")
    after = expanded(draft, add_subtasks(draft.outline, draft.task, PLAN, lambda: "aaaaa"))
    outline = parse(after)
    assert outline.front_matter.settings == {"orchestrator": 1}
    assert [node.title for node in outline.nodes] == ["Hold a *street* party [mode:: auto] ^abcde"]
    assert not outline.nodes[0].fields
    assert [task.title for task in outline.nodes[0].children] == ["Ask the neighbours", "Set the date"]
