"""What is shown of the place at `$0`: the span in brackets, then the card as plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.task import Status
from orchestrator.outline.hover import LONGEST, MOST, hover
from orchestrator.outline.parse import parse
from orchestrator.outline.references import Known
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines


def check_hover(source: str, expected: str) -> None:
    source = text(source)
    offset = source.index("$0")
    source = source.replace("$0", "")
    found = hover(parse(source), offset)
    lines: list[str] = []
    if found is not None:
        assert found.start <= offset <= found.end
        card = found.card
        lines = [f"<{source[found.start : found.end]}>", card.title, *filter(None, [card.text])]
        for row in card.rows:
            lines += [f"{row.name}: {row.value}".rstrip(), *(f"  {item}" for item in row.items)]
    assert "".join(line + "\n" for line in lines) == text(expected)


PLAN = """
    ---
    defaults: {model: balanced, budget: 2.50, mode: interactive}
    ---
    # Ship  [mode:: auto]

    1. [x] Choose  ^q4
    2. [ ] Build it  [dependsOn:: q4, z9, no]  [priority:: high]  ^b7
       1. [x] Form
       2. [-] Old
       3. [ ] Wire
    - [!] Zip  [reason:: no such command]  [budget:: 1]  ^z9
      - [~] Odd
"""


def test_a_task():
    check_hover(
        PLAN.replace("Build it", "Bu$0ild it"),
        """
        <Build it>
        Build it
        Status: pending
        Mode: auto (from “Ship”)
        Progress: 1 of 2
        Model: balanced (from the front matter)
        Priority: high
        Budget: 2.5 for each run of this outline
        Depends on:
          q4 “Choose”: completed
          z9 “Zip”: failed
          no: no task has this id
        Blocked:
          “Zip” is failed
          no task has the id no
        """,
    )


def test_a_subtask_is_blocked_by_what_stands_above():
    check_hover(
        PLAN.replace("Wire", "Wi$0re"),
        """
        <Wire>
        Wire
        Status: pending
        Mode: auto (from “Ship”)
        Model: balanced (from the front matter)
        Priority: high (from “Build it”)
        Budget: 2.5 for each run of this outline
        Blocked:
          “Zip” is failed (as part of “Build it”)
          no task has the id no (as part of “Build it”)
        """,
    )


def test_the_budget_and_the_reason():
    check_hover(
        PLAN.replace("Odd", "$0Odd"),
        """
        <Odd>
        Odd
        Status: another mark (~)
        Mode: auto (from “Ship”)
        Model: balanced (from the front matter)
        Budget: 1 for all of “Zip”
        """,
    )
    check_hover(
        PLAN.replace("Zip  ", "Zip$0  "),
        """
        <Zip>
        Zip
        Status: failed: no such command
        Mode: auto (from “Ship”)
        Progress: 0 of 1
        Model: balanced (from the front matter)
        Budget: 1
        """,
    )


def test_a_heading():
    check_hover(
        PLAN.replace("# Ship", "# Sh$0ip"),
        """
        <Ship>
        Ship
        Progress: 2 of 6
        Mode: auto
        Model: balanced (from the front matter)
        """,
    )


def test_an_id_says_who_needs_it():
    check_hover(
        PLAN.replace("^q4", "^q$04"),
        """
        <^q4>
        ^q4
        The id of “Choose”.
        Needed by:
          Build it
        """,
    )
    check_hover("- [ ] a  ^b$07", "<^b7>\n^b7\nThe id of “a”.\nNeeded by: no task of this outline\n")


def test_a_name_of_another_task_shows_that_task():
    check_hover(
        "- [ ] a  [dependsOn:: b, x$01]\n- [x] other  ^x1\n", "<x1>\nother\nStatus: completed\nMode: interactive\n"
    )
    check_hover("- [ ] a  [dependsOn:: x$02]\n", "<x2>\nx2\nNo task of this workspace's outlines has this id.\n")


def test_a_field_and_its_values():
    check_hover(
        "- [ ] a  [mo$0de:: auto]",
        """
        <[mode>
        mode
        Whether the task waits for a person or runs by itself.
        Values:
          interactive: Waits for a person.
          auto: Runs by itself.
        Default: interactive
        """,
    )
    check_hover("- [ ] a  [mode:: au$0to]", "<auto>\nmode: auto\nRuns by itself.\n")
    check_hover(
        "- [ ] a  [mode:: wi$0ld]",
        "<[mode:: wild]>\nmode\n`wild` is no mode. Write interactive or auto, or remove the field.\n",
    )
    check_hover("- [ ] a  [bu$0dget:: 1]", "<[budget>\nbudget\nWhat this task and those below it may cost in one run.\n"
                "Value: US dollars, such as 2.50\n")  # fmt: skip
    check_hover("- [ ] a  [theirs:: wi$0ld]", "")


@pytest.mark.parametrize("mark", ["$0[x]", "[$0x]", "[x$0]"])
def test_a_check_box(mark):
    check_hover(f"- {mark} a", "<[x]>\n[x] completed\nDone.\n")


def test_the_front_matter():
    check_hover(
        "---\norchestrator: 1\ndefaults: {mo$0de: auto}\n---\n",
        """
        <mode>
        mode
        Whether the task waits for a person or runs by itself.
        Values:
          interactive: Waits for a person.
          auto: Runs by itself.
        Default: interactive
        """,
    )
    check_hover("---\nauto$0: 1\n---\n", "")
    check_hover("---\nx: mo$0de\n---\n", "")


@pytest.mark.parametrize("source", ["- [ ] a\n  bo$0dy", "te$0xt\n\n- [ ] a", "$0", "- pl$0ain", "```\n- [ ] a$0\n```"])
def test_nothing_where_there_is_no_task(source):
    check_hover(source, "")


def test_a_task_without_a_title():
    check_hover("-$0 [ ] \n", "<>\n(no title)\nStatus: pending\nMode: interactive\n")


def test_what_a_stranger_wrote_is_shown_and_short():
    source = "- [ ] \x1b[2J<b>\u202e" + "x" * 1000 + "  [dependsOn:: " + ", ".join(f"n{n}" for n in range(50)) + "]"
    found = hover(parse(source), 8)
    assert found is not None
    assert found.card.title.startswith("<U+001B>[2J<b><U+202E>x")
    assert len(found.card.title) == LONGEST
    (needs, blocked) = found.card.rows[-2:]
    assert len(needs.items) == len(blocked.items) == MOST
    assert needs.items[-1] == "and 41 more"


@given(documents | outlines(), st.data())
def test_every_place_can_be_hovered(source, data):
    offset = data.draw(st.integers(0, len(source)))
    found = hover(parse(source), offset)
    assert found is None or found.start <= offset <= found.end


def test_tasks_of_other_outlines():
    known = {
        "x1": Known("x1", "Other \x07", Status.FAILED, "other.tasks.md"),
        "x2": Known("x2", "Done", Status.COMPLETED, "o.md"),
    }
    source = "- [ ] a  [dependsOn:: x1, x2]\n"

    def elsewhere(task_id: str) -> list[Known]:
        return [known[task_id]] if task_id in known else []

    found = hover(parse(source), 6, elsewhere)
    assert found is not None
    assert [item for row in found.card.rows for item in row.items] == [
        "x1 “Other <U+0007>” in other.tasks.md: failed",
        "x2 “Done” in o.md: completed",
        "“Other <U+0007>” in other.tasks.md is failed",
    ]
    found = hover(parse(source), source.index("x2"), elsewhere)
    assert found is not None
    assert (found.card.title, found.card.text) == ("Done", "In o.md.")
