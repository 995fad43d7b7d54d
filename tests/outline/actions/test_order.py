from __future__ import annotations

from tests.outline.checks import check_action, check_refused


def test_sort_puts_what_is_open_first_and_keeps_the_rest_in_order():
    check_action(
        "sort",
        """
        - [ ] $0a
          1. [x] done
             Body.
          2. [ ] one
          3. [-] never
          4. [/] now
          5. [ ] two
        """,
        """
        - [ ] $0a
          1. [/] now
          2. [ ] one
          3. [ ] two
          4. [x] done
             Body.
          5. [-] never
        """,
    )


def test_lists_are_sorted_by_themselves():
    check_action(
        "sort",
        "- [ ] $0a\n  - [x] one\n  - [ ] two\n\n  text\n\n  - [x] three\n  - [ ] four\n",
        "- [ ] a\n  - [ ] two\n  - [x] one\n\n  text\n\n  - [ ] four\n  - [x] three\n",
    )


def test_blank_lines_stay_in_their_places():
    check_action("sort", "- [ ] $0a\n  - [x] b\n\n  - [ ] c", "- [ ] a\n  - [ ] c\n\n  - [x] b")


def test_nothing_to_sort():
    check_refused("sort", "- [ ] $0a\n  - [ ] b\n  - [x] c\n", "sorted already")


def test_bullets_become_a_sequence():
    check_action(
        "into sequence",
        "- [ ] p\n  - [ ] $0a\n    Body.\n\n        code\n  - [x] b\n\n  text\n\n  - [ ] c\n",
        "- [ ] p\n  1. [ ] a\n     Body.\n\n         code\n  2. [x] b\n\n  text\n\n  - [ ] c\n",
    )
    check_refused("into sequence", "1. [ ] $0a\n", "sequence already")


def test_ids_for_those_without():
    check_action(
        "assign ids",
        "- [ ] $<a  \n- [x] b ^b1\n$>- [ ] c [k:: v]",
        "- [ ] a  ^new1  \n- [x] b ^b1\n- [ ] c [k:: v]  ^new2",
    )
    check_refused("assign ids", "- [ ] $0a ^b1\n", "has an id")
