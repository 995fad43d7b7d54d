from __future__ import annotations

import pytest

from tests.outline.checks import check_action, check_refused, run_action


def test_promote_moves_the_whole_branch():
    check_action(
        "promote",
        """
        - [ ] a
          - [ ] $0b
            Body of b.
            - [ ] c
        """,
        """
        - [ ] a
        - [ ] $0b
          Body of b.
          - [ ] c
        """,
    )


def test_promote_leaves_the_siblings_where_they_are():
    check_action(
        "promote",
        """
        - [ ] a
          - [ ] $0b
            - [ ] c
          - [ ] d
        - [ ] e
        """,
        """
        - [ ] a
          - [ ] d
        - [ ] $0b
          - [ ] c
        - [ ] e
        """,
    )


def test_promote_in_a_loose_list():
    check_action(
        "promote",
        """
        - [ ] a

          - [ ] $0b

          - [ ] d

        - [ ] e
        """,
        """
        - [ ] a

          - [ ] d

        - [ ] $0b

        - [ ] e
        """,
    )


def test_promote_takes_the_marker_of_the_list_it_comes_into():
    check_action(
        "promote",
        """
        9. [ ] a
           - [ ] $0b

             ```
             code
               deeper
             ```
        12. [ ] e
        """,
        """
        9. [ ] a
        10. [ ] $0b

            ```
            code
              deeper
            ```
        12. [ ] e
        """,
    )


def test_promote_several():
    check_action(
        "promote",
        """
        - [ ] a
          - [ ] $<b
            - [ ] below
          - [ ] $>c
          - [ ] d
        """,
        """
        - [ ] a
          - [ ] d
        - [ ] $<b
          - [ ] below
        - [ ] $>c
        """,
    )


def test_promote_several_branches_at_once():
    check_action(
        "promote",
        """
        - [ ] a
          - [ ] x
            - [ ] $<b
          - [ ] $>y
          - [ ] z
        """,
        """
        - [ ] a
          - [ ] x
          - [ ] $<b
          - [ ] z
        - [ ] $>y
        """,
    )


def test_promote_out_of_the_last_line_without_a_line_break():
    check_action("promote", "- [ ] a\n  - [ ] $0b\n  - [ ] c", "- [ ] a\n  - [ ] c\n- [ ] $0b")
    check_action("promote", "- [ ] a\n  - [ ] $0b", "- [ ] a\n- [ ] $0b")


def test_promote_with_tabs():
    check_action("promote", "- [ ] a\n\t- [ ] $0b\n\t\t- [ ] c\n\t  body\n", "- [ ] a\n- [ ] $0b\n\t- [ ] c\n  body\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_promote_keeps_line_breaks(newline: str):
    source = newline.join(["\ufeff- [ ] a", "  - [ ] $0b  ", "  - [ ] c\t", ""])
    expected = newline.join(["\ufeff- [ ] a", "  - [ ] c\t", "- [ ] b  ", ""])
    assert run_action("promote", source) == expected


def test_promote_leaves_lazy_lines():
    check_action("promote", "- [ ] a\n  - [ ] $0b\nlazy\n", "- [ ] a\n- [ ] $0b\nlazy\n")


def test_promote_over_the_text_of_the_parent():
    check_action(
        "promote",
        """
        - [ ] a
          - [ ] $0b

          More of a.
        - [ ] e
        """,
        """
        - [ ] a

          More of a.
        - [ ] $0b
        - [ ] e
        """,
    )


def test_nothing_to_promote_out_of():
    check_refused("promote", "# H\n- [ ] $0a\n", "stands below no other task")
    check_refused("promote", "- plain\n  - [ ] $0a\n", "stands below no other task")
    check_refused("promote", "text $0\n", "no task here")


def test_tasks_that_share_their_line_are_not_moved():
    check_refused("promote", "- [ ] a\n  - - [ ] $0b\n", "line of its own")


def test_demote_below_the_task_before():
    check_action(
        "demote",
        """
        - [ ] a
        - [ ] $0b
          Body.
          1. [ ] c
        - [ ] d
        """,
        """
        - [ ] a
          - [ ] $0b
            Body.
            1. [ ] c
        - [ ] d
        """,
    )


def test_demote_into_a_sequence():
    check_action(
        "demote",
        """
        - [ ] a
          1. [ ] x
          2. [ ] y
        - [ ] $<b
        - [ ] $>c
        """,
        """
        - [ ] a
          1. [ ] x
          2. [ ] y
          3. [ ] $<b
          4. [ ] $>c
        """,
    )


def test_demote_starts_a_sequence_anew():
    check_action("demote", "1. [ ] a\n2. [ ] $0b\n", "1. [ ] a\n   1. [ ] $0b\n")


def test_demote_as_the_document_indents():
    check_action("demote", "- [ ] a\n\t- [ ] x\n- [ ] c\n- [ ] $0b\n", "- [ ] a\n\t- [ ] x\n- [ ] c\n\t- [ ] $0b\n")
    check_action(
        "demote", "- [ ] a\n    - [ ] x\n- [ ] c\n- [ ] $0b\n", "- [ ] a\n    - [ ] x\n- [ ] c\n    - [ ] $0b\n"
    )


def test_demote_beside_criteria():
    check_action(
        "demote",
        """
        - [ ] a
          Accept:
          - one
        - [ ] $0b
        """,
        """
        - [ ] a
          Accept:
          - one
          * [ ] $0b
        """,
    )


def test_demote_several_levels():
    check_action(
        "demote",
        """
        - [ ] x
        - [ ] $<a
          - [ ] p
          - [ ] q
        - [ ] $>b
        """,
        """
        - [ ] x
          - [ ] $<a
            - [ ] p
            - [ ] q
          - [ ] $>b
        """,
    )


def test_nothing_to_demote_below():
    check_refused("demote", "- [ ] $0a\n", "no task before")
    check_refused("demote", "- [ ] a\n\ntext\n\n- [ ] $0b\n", "Text stands between")


def test_an_open_fence_swallows_nobody():
    check_refused("demote", "- [ ] a\n  ```\n- [ ] $0b\n", "code fence")


def test_a_newer_outline_is_left_alone():
    for action in ("promote", "demote"):
        check_refused(
            action, "---\norchestrator: 99\n---\n- [ ] a\n- [ ] b\n  - [ ] $0c\n", "newer version|no task before"
        )
