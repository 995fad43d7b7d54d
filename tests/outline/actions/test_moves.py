from __future__ import annotations

import pytest

from tests.outline.checks import check_action, check_refused


def test_move_up_with_the_whole_branch():
    check_action(
        "move up",
        """
        - [ ] a
          Body of a.
        - [ ] $0b
          - [ ] c
        - [ ] d
        """,
        """
        - [ ] $0b
          - [ ] c
        - [ ] a
          Body of a.
        - [ ] d
        """,
    )


def test_move_down_keeps_the_lines_between():
    check_action(
        "move down",
        """
        - [ ] $0a

        - plain
        - [ ] b
        """,
        """
        - [ ] b

        - plain
        - [ ] $0a
        """,
    )


def test_numbers_belong_to_places():
    check_action(
        "move up",
        """
        8. [ ] x
        9. [ ] a
           Body of a.
        10. [ ] $0b
            Body of b.
        11. [ ] c
        """,
        """
        8. [ ] x
        9. [ ] $0b
           Body of b.
        10. [ ] a
            Body of a.
        11. [ ] c
        """,
    )


def test_several_move_together():
    check_action("move up", "- [ ] a\n\n- [ ] $<b\n- [ ] $>c\n", "- [ ] b\n\n- [ ] c\n- [ ] a\n")
    check_action("move down", "1. [ ] $<b\n2. [ ] $>c\n3. [ ] d\n", "1. [ ] d\n2. [ ] $<b\n3. [ ] $>c\n")


def test_without_a_last_line_break():
    check_action("move down", "- [ ] $0a\n- [ ] b", "- [ ] b\n- [ ] $0a")
    check_action("move up", "\ufeff- [ ] a\r\n- [ ] $0b", "\ufeff- [ ] $0b\r\n- [ ] a")


def test_by_several_places_and_no_further_than_there_are():
    check_action("move", "- [ ] a\n- [ ] b\n- [ ] c\n- [ ] $0d\n", "- [ ] a\n- [ ] $0d\n- [ ] b\n- [ ] c\n", -2)
    check_action("move", "- [ ] a\n- [ ] $0b\n- [ ] c\n", "- [ ] a\n- [ ] c\n- [ ] $0b\n", 9)


def test_across_a_heading():
    above = """
        # One

        - [ ] a
        {}
        # Two

        {}- [ ] c
        """
    check_action("move up", above.format("", "- [ ] $0b\n        "), above.format("- [ ] $0b\n", ""))
    check_action("move down", above.format("- [ ] $0b\n", ""), above.format("", "- [ ] $0b\n        "))


def test_across_a_heading_into_a_section_without_tasks():
    check_action("move up", "# One\n\nText.\n\n# Two\n\n- [ ] $0b\n", "# One\n\nText.\n\n- [ ] $0b\n\n# Two\n")
    check_action("move down", "- [ ] $0b\n\n# One\n\nText.\n\n# Two\n", "# One\n\nText.\n\n- [ ] $0b\n\n# Two\n")
    check_action("move up", "# One\n- [ ] $0b\n", "- [ ] $0b\n\n# One\n")
    check_action("move up", "---\na: 1\n---\n# One\n- [ ] $0b\n", "---\na: 1\n---\n- [ ] $0b\n\n# One\n")


def test_across_headings_of_several_levels():
    check_action("move down", "# A\n- [ ] $0b\n## C\n- [ ] d\n", "# A\n## C\n- [ ] $0b\n- [ ] d\n")
    check_action("move up", "# A\n## B\n- [ ] c\n# D\n- [ ] $0e\n", "# A\n## B\n- [ ] c\n- [ ] $0e\n# D\n")


def test_across_the_border_of_a_parent():
    check_action(
        "move up",
        """
        - [ ] p
          1. [ ] x
        - [ ] q
          - [ ] $0b
            Body.
          - [ ] c
        """,
        """
        - [ ] p
          1. [ ] x
          2. [ ] $0b
             Body.
        - [ ] q
          - [ ] c
        """,
    )
    check_action(
        "move down",
        """
        - [ ] p
          - [ ] $0b
        - [ ] q
          Body of q.
          - [ ] c
        """,
        """
        - [ ] p
        - [ ] q
          Body of q.
          - [ ] $0b
          - [ ] c
        """,
    )
    check_action("move down", "- [ ] p\n  - [ ] $0b\n- [ ] q\n", "- [ ] p\n- [ ] q\n  - [ ] $0b\n")


def test_across_text_into_the_list_before_it():
    check_action(
        "move up",
        """
        Monday

        - [ ] a

        Tuesday

        1. [ ] $0b
        """,
        """
        Monday

        - [ ] a
        - [ ] $0b

        Tuesday
        """,
    )


def test_no_further():
    check_refused("move up", "- [ ] $0a\n- [ ] b\n", "first one of the outline")
    check_refused("move down", "- [ ] a\n- [ ] $0b\n", "last one of the outline")
    check_refused("move up", "- [ ] a\n  - [ ] $0b\n", "Promote it")
    check_refused("move up", "- [ ] $<a\n  - [ ] b\n\ntext\n\n- [ ] $>c\n", "do not stand together")


@pytest.mark.parametrize("source", ["- [ ] a\n- [ ] $0b\n", "\t- [ ] a\n"])
def test_a_newer_outline_is_left_alone(source: str):
    if "$0" in source:
        check_refused("move up", "---\norchestrator: 2\n---\n" + source, "newer version")
