from __future__ import annotations

import pytest

from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.edits import apply
from orchestrator.outline.parse import parse
from orchestrator.outline.writer import DEEPEST, add_subtasks
from tests.outline.checks import check_add, ids, task_of

TWO = Plan((PlannedTask("b"), PlannedTask("c")))
ORDERED = Plan((PlannedTask("b"), PlannedTask("c")), ordered=True)


def check_string(source: str, plan: Plan, expected: str) -> None:
    """Below the first task; for texts whose line ends and blanks matter."""
    outline = parse(source)
    task = next(outline.tasks())
    assert apply(source, add_subtasks(outline, task, plan, ids())) == expected


def test_everything_a_plan_can_say():
    below = Plan((PlannedTask("Draw it"), PlannedTask("Code it", depends_on=(0,))), ordered=True)
    plan = Plan(
        (
            PlannedTask("Read the `spec`", "All of it.\n\n- twice", "Questions are written down."),
            PlannedTask("Build", "", "- [ ] it runs\n- it stops", (0,), below),
            PlannedTask("Ship", "", "Users have it.", (1, 0, 1)),
        )
    )
    check_add(
        """
        # Plan
        - [ ] Write a parser  [mode:: auto]
          In Python.
        - [ ] Rest
        """,
        "Write a parser",
        plan,
        """
        # Plan
        - [ ] Write a parser  [mode:: auto]  ^new1
          In Python.
          - [ ] Read the `spec`  ^new2
            All of it.

            - twice

            Accept: Questions are written down.
          - [ ] Build  [dependsOn:: new2]  ^new3
            Accept:
            - [ ] it runs
            - it stops
            1. [ ] Draw it  ^new4
            2. [ ] Code it  [dependsOn:: new4]
          - [ ] Ship  [dependsOn:: new3, new2]
            Accept: Users have it.
        - [ ] Rest
        """,
    )


def test_an_id_is_kept_and_later_or_missing_siblings_are_no_dependencies():
    plan = Plan((PlannedTask("b", depends_on=(1, 0, -1)), PlannedTask("c", depends_on=(7,))))
    check_add("- [ ] a  ^k3f9x\n", "a", plan, "- [ ] a  ^k3f9x\n  - [ ] b\n  - [ ] c\n")


def test_no_subtasks_are_no_edit():
    outline = parse("- [ ] a\n")
    assert add_subtasks(outline, next(outline.tasks()), Plan(()), ids()) == ()


def test_a_list_of_subtasks_is_continued():
    check_add(
        """
        * [ ] a  ^a
             + [ ] one
               text

             + [ ] two

        * [ ] z
        """,
        "a",
        TWO,
        """
        * [ ] a  ^a
             + [ ] one
               text

             + [ ] two
             + [ ] b
             + [ ] c

        * [ ] z
        """,
    )
    check_string(
        "- [ ] a  ^a\n\n  8) [ ] x\n  9) [ ] y\n",
        ORDERED,
        "- [ ] a  ^a\n\n  8) [ ] x\n  9) [ ] y\n  10) [ ] b\n  11) [ ] c\n",
    )
    check_string(
        "- [ ] a  ^a\n  1. [ ] x\n  1. [ ] y", ORDERED, "- [ ] a  ^a\n  1. [ ] x\n  1. [ ] y\n  1. [ ] b\n  1. [ ] c"
    )
    check_string("- [ ] a  ^a\n  1. [ ] x\n", TWO, "- [ ] a  ^a\n  1. [ ] x\n  - [ ] b\n  - [ ] c\n")
    check_string("- [ ] a  ^a\n   - [ ] x\n", ORDERED, "- [ ] a  ^a\n   - [ ] x\n   1. [ ] b\n   2. [ ] c\n")
    check_string("1. [ ] a  ^a\n", TWO, "1. [ ] a  ^a\n   - [ ] b\n   - [ ] c\n")
    check_string("1) [ ] a  ^a\n", ORDERED, "1) [ ] a  ^a\n   1) [ ] b\n   2) [ ] c\n")


def test_subtasks_do_not_go_below_an_item_that_is_only_text():
    check_string(
        "- [ ] a  ^a\n  - note\n    - [ ] x\n", TWO, "- [ ] a  ^a\n  - note\n    - [ ] x\n  - [ ] b\n  - [ ] c\n"
    )


def test_line_ends_blanks_and_the_missing_last_line_break_stay():
    check_string("- [ ] a \t\r\n\r\n- [ ] z\r\n", TWO, "- [ ] a  ^new1 \t\r\n  - [ ] b\r\n  - [ ] c\r\n\r\n- [ ] z\r\n")
    check_string("- [ ] a", TWO, "- [ ] a  ^new1\n  - [ ] b\n  - [ ] c")
    check_string("- [ ] a\r- [ ] z", TWO, "- [ ] a  ^new1\r  - [ ] b\r  - [ ] c\r- [ ] z")
    check_string("\ufeff- [ ] a  \n\n", TWO, "\ufeff- [ ] a  ^new1  \n  - [ ] b\n  - [ ] c\n\n")
    check_string("- [ ]", TWO, "- [ ]  ^new1\n  - [ ] b\n  - [ ] c")


def test_tabs_are_indented_with_the_tabs_of_the_parent():
    source = "- [ ] a  ^a\n\t- [ ] x  ^x\n\t\t- [ ] y  ^y\n"
    outline = parse(source)
    for title, indent in (("a", "\t"), ("x", "\t\t"), ("y", "\t\t  ")):
        edits = add_subtasks(outline, task_of(outline, title), TWO, ids())
        assert apply(source, edits) == f"{source}{indent}- [ ] b\n{indent}- [ ] c\n"
    check_string("-\t[ ] a  ^a\n", TWO, "-\t[ ] a  ^a\n    - [ ] b\n    - [ ] c\n")
    check_string("- - [ ] a  ^a\n", TWO, "- - [ ] a  ^a\n    - [ ] b\n    - [ ] c\n")


def test_the_edits_are_insertions_that_do_not_overlap():
    outline = parse("- [ ] a\n  text\n")
    edits = add_subtasks(outline, next(outline.tasks()), TWO, ids())
    assert [(edit.start, edit.end) for edit in edits] == [(7, 7), (14, 14)]
    outline = parse("- [ ] a\n")
    edits = add_subtasks(outline, next(outline.tasks()), TWO, ids())
    assert [(edit.start, edit.end) for edit in edits] == [(7, 7)]


def test_what_a_model_smuggles_in_is_text():
    plan = Plan(
        (
            PlannedTask("[mode:: auto] Do ^k3f9x", "- [x] done\n- [ ] more\n\nAccept: anything\n\n> Result: fine"),
            PlannedTask("c\n- [x] d", "<!--\n\n```\n- [ ] e"),
            PlannedTask("\x1b[31mred\x1b[0m `", "Accept: x\n# y"),
        )
    )
    check_add(
        "- [ ] a  ^a\n",
        "a",
        plan,
        """
        - [ ] a  ^a
          - [ ] \\[mode:: auto] Do \\^k3f9x

            - \\[x] done
            - \\[ ] more

            Accept\\: anything

            > Result\\: fine
          - [ ] c - [x] d
            \\<!--

            ```
            - [ ] e
            ```
          - [ ] red \\`
            Accept\\: x
            # y
        """,
    )


def test_an_open_fence_or_comment_of_the_parent_is_closed():
    check_string("- [ ] a  ^a\n  ```sh\n  ls\n", TWO, "- [ ] a  ^a\n  ```sh\n  ls\n  ```\n  - [ ] b\n  - [ ] c\n")
    check_string("- [ ] a  ^a\n\n  <!-- x\n", TWO, "- [ ] a  ^a\n\n  <!-- x\n  -->\n  - [ ] b\n  - [ ] c\n")
    check_string("- [ ] a  ^a\n\n  <div>\n", TWO, "- [ ] a  ^a\n\n  <div>\n\n  - [ ] b\n  - [ ] c\n")
    check_string("- [ ] a  ^a\n\n  <pre>\n", TWO, "- [ ] a  ^a\n\n  <pre>\n  </pre>\n  - [ ] b\n  - [ ] c\n")


def test_an_open_fence_is_found_behind_tabs_and_text_that_is_no_tag():
    tabs = "- [ ] a  ^a\n  \t~~~\n"
    check_string(tabs, TWO, f"{tabs}  ~~~\n  - [ ] b\n  - [ ] c\n")
    lazy = "- [ ] a  ^a\n</pre>\n  <pre>\n"
    check_string(lazy, TWO, f"{lazy}  </pre>\n  - [ ] b\n  - [ ] c\n")


def test_subtasks_are_no_criteria():
    criteria = "- [ ] a  ^a\n  Accept:\n  - x\n"
    check_string(criteria, TWO, f"{criteria}  * [ ] b\n  * [ ] c\n")
    check_string(criteria, ORDERED, f"{criteria}  1. [ ] b\n  2. [ ] c\n")
    empty = "- [ ] a  ^a\n  Accept:\n"
    check_string(empty, TWO, f"{empty}\n  <!-- -->\n\n  - [ ] b\n  - [ ] c\n")


def test_text_behind_the_branch_is_not_drawn_into_it():
    source = "- [ ] a  ^a\n  ```\n  ```\ntext\n"
    check_string(source, TWO, "- [ ] a  ^a\n  ```\n  ```\n  - [ ] b\n  - [ ] c\n\ntext\n")


def test_a_line_behind_the_branch_that_looks_like_an_acceptance():
    source = "- [ ] a  ^a\n  ```\n  ```\nAccept:\n"
    check_string(source, TWO, "- [ ] a  ^a\n  ```\n  ```\n  - [ ] b\n  - [ ] c\n\nAccept:\n")


def test_subtasks_stand_in_no_item_of_text_behind_the_others():
    source = "- [ ] a  ^a\n    - [ ] x\n  - ```\n"
    check_string(source, TWO, f"{source}  - [ ] b\n  - [ ] c\n")


@pytest.mark.parametrize("line", ["===", "=", "--", "-- "])
def test_a_line_that_would_make_the_title_a_heading_stays_a_description(line: str):
    check_string("- [ ] a  ^a\n", Plan((PlannedTask("b", line),)), f"- [ ] a  ^a\n  - [ ] b\n\n    {line}\n")


def test_a_newer_file_is_read_only():
    outline = parse("---\norchestrator: 2\n---\n- [ ] a\n")
    with pytest.raises(EditRefusedError, match="Update Orchestrator"):
        add_subtasks(outline, next(outline.tasks()), TWO, ids())


def test_subtasks_end_at_the_depth_that_is_stated():
    source = "".join(f"{'  ' * level}- [ ] {level}\n" for level in range(DEEPEST))
    outline = parse(source)
    *_, above, deepest = outline.tasks()
    plan = Plan((PlannedTask("new", "\n".join("  " * level + "- [ ] x" for level in range(10))),))
    after = parse(apply(source, add_subtasks(outline, above, plan, ids())))
    assert task_of(after, "new").description == plan.tasks[0].description
    with pytest.raises(EditRefusedError, match="further up"):
        add_subtasks(outline, deepest, plan, ids())
