from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings

from orchestrator.model.task import Status
from orchestrator.outline.inline import read_line
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import problems
from orchestrator.outline.tree import Section, Task
from tests.outline.checks import check_parse, show, task_of
from tests.outline.strategies import documents, outlines
from tests.support.laws import examples

DATA = Path(__file__).parents[1] / "data" / "outline"


def test_the_example_of_the_design():
    outline = check_parse(
        (DATA / "design.tasks.md").read_text("utf-8"),
        """
        # Ship login
          - [ ] Build the login page [mode:: auto] [dependsOn:: q4w5e] ^b7c2d
            | Free Markdown, indented to the item's text: lists, code, links.
            accept | a wrong password shows an error; `pytest tests/login` passes
            1. [x] Write the form ^k3f9x
              result | the form is in `ui/login.py`, three fields
            1. [!] Wire the API [executor:: code] [model:: strong] [reason:: the registry answered 401] ^m2p7q
            1. [ ] Deploy to staging ^z9y8x
          - [x] Choose the identity provider ^q4w5e
          - [-] The old OAuth idea
        """,
    )
    assert problems(outline) == ()
    assert outline.front_matter.settings["defaults"]["budget"] == 2.0
    task = task_of(outline, "Build the login page")
    assert (task.line, task.own_end_line, task.end_line) == (6, 10, 14)
    assert outline.text.string[slice(*task.title_span)] == "Build the login page"
    assert outline.text.string[task.start : task.mark_span[1]] == "- [ "
    assert task.id_span
    assert outline.text.string[slice(*task.id_span)] == "^b7c2d"


def test_a_task_needs_a_check_box_and_a_blank():
    outline = check_parse(
        """
        - [ ] a
        - [x]
        - [ ]\tb
        - [ ]c
        - [xx] d
        - [] e
        - \\[ ] f
        - [\\] g
        - [[] h
        - x [ ] i
        + [~] j
        * [👩] k
        12) [/] l
        """,
        """
        - [ ] a
        - [x]
        - [ ] b
        - [~] j
        - [👩] k
        1. [/] l
        """,
    )
    other = [task.title for task in outline.tasks() if task.status is Status.OTHER]
    assert other == ["j", "k"]


def test_text_that_looks_like_a_task():
    check_parse(
        """
        > - [ ] in a quote

        ```
        - [ ] in a fence
        ```
        <!--
        - [ ] in a comment
        -->
        <div>
        - [ ] in HTML
        </div>

        -     [ ] in code

        -
          [ ] not on the item's first line
        - [ ] a heading
          ---
        - ```
          - [ ] in a fence of an item
          ```
          - [ ] a

        paragraph
        2. [ ] cannot interrupt it
        """,
        """
        - [ ] a
        """,
    )


def test_tasks_below_items_without_a_check_box_belong_to_the_task_above():
    outline = check_parse(
        """
        - plain
          - - [ ] a
              1. note
                 - [ ] b
              2. note
            - [ ] c
        """,
        """
        - [ ] a
          | 1. note
          | 2. note
          - [ ] b
        - [ ] c
        """,
    )
    a, b, c = outline.tasks()
    assert [(task.depth, task.content_column, task.list_line) for task in (a, b, c)] == [
        (3, 6, 1),
        (5, 11, 3),
        (3, 6, 1),
    ]
    assert outline.text.string[a.start :].startswith("- [ ] a")


def test_sections_nest_by_level():
    check_parse(
        """
        - [ ] before
        ## Two [mode:: auto] ##
        - [ ] a
        # One \\# #
        ### Three

        > # quoted

        - # in an item

        - [ ] b
          # in a task
        A *heading*
        of [priority:: high] two lines
        ---
        - [ ] c

        #

        """,
        """
        - [ ] before
        ## Two [mode:: auto]
          - [ ] a
        # One #
          ### Three
            - [ ] b
              | # in a task
          ## A *heading* of two lines [priority:: high]
            - [ ] c
        #
        """,
    )


def test_a_body_is_dedented_and_keeps_its_shape():
    check_parse(
        """
        - [ ] a
          first
           second
        lazy

          ```py
          def f():
          \treturn 1
          ```

              code
          - item

        - [ ] b
        \ttabbed
          [ref]: somewhere
        """,
        """
        - [ ] a
          | first
          |  second
          | lazy
          |
          | ```py
          | def f():
          | \treturn 1
          | ```
          |
          |     code
          | - item
        - [ ] b
          |   tabbed
          | [ref]: somewhere
        """,
    )


def test_acceptance_is_a_paragraph_a_list_or_a_line():
    check_parse(
        """
        - [ ] a
          text
          Accept: one
          two

          more
        - [ ] b
          Accept:

          - [ ] first
          - [x] second

          - third

          text
        - [ ] c
          - Accept: first
          - [ ] second
          1. [ ] child
        - [ ] d
          Accept:
          below
        - [ ] e

          Accept: one
          Accept: the same

          Accept: another
          - [ ] child
        - [ ] f
          accept: no
          Acceptance: no
          - item

            Accept: not the task's own
          - [ ] Accept: a title
        - [ ] g
          Accept:

          > a quote is no list

          - [ ] child
        """,
        """
        - [ ] a
          | text
          |
          | more
          accept | one
          accept | two
        - [ ] b
          | text
          accept | - [ ] first
          accept | - [x] second
          accept |
          accept | - third
        - [ ] c
          accept | - first
          accept | - [ ] second
          1. [ ] child
        - [ ] d
          accept | below
        - [ ] e
          accept | one
          accept | Accept: the same
          accept |
          accept | another
          - [ ] child
        - [ ] f
          | accept: no
          | Acceptance: no
          | - item
          |
          |   Accept: not the task's own
          - [ ] Accept: a title
        - [ ] g
          | > a quote is no list
          - [ ] child
        """,
    )


def test_result_is_a_quote_and_the_last_one_counts():
    check_parse(
        """
        - [ ] a
          > Result: old

          > quote

          text
          > Result:
          >   new
          lazy
          >
          > - list
        - [ ] b
          > result: no

          > a
          > Result: no

          - > Result: not the task's own
        - [ ] c
          >
          >Result: yes
        """,
        """
        - [ ] a
          | > quote
          |
          | text
          result |   new
          result | lazy
          result |
          result | - list
        - [ ] b
          | > result: no
          |
          | > a
          | > Result: no
          |
          | - > Result: not the task's own
        - [ ] c
          result | yes
        """,
    )


def test_escaped_spots_lose_one_backslash_in_a_description():
    check_parse(
        """
        - [ ] a
          Accept\\: x
          Accept\\\\: y

          - Accept\\: z
            - \\[ ] b
            - \\\\[x] c
          - [\\ ] d

          > Result\\: e

          \\[ ] f
        """,
        """
        - [ ] a
          | Accept: x
          | Accept\\: y
          |
          | - Accept: z
          |   - [ ] b
          |   - \\[x] c
          | - [\\ ] d
          |
          | > Result: e
          |
          | \\[ ] f
        """,
    )


def test_own_lines_end_where_the_body_behind_the_children_does():
    outline = parse("- [ ] a\n  x\n  - [ ] b\n\n  after\n\n- [ ] c\n  - [ ] d\n\n")
    a, _, c, _ = outline.tasks()
    assert (a.own_end_line, a.end_line, a.description) == (5, 5, "x\n\nafter")
    assert (c.own_end_line, c.end_line) == (7, 8)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("\n\n", ""),
        ("\r\r\r", ""),
        ("- [ ] a", "- [ ] a\n"),
        ("- [ ] a\r- [x] b\r\n  - [ ] c\n\n\r- [ ] d", "- [ ] a\n- [x] b\n  - [ ] c\n- [ ] d\n"),
        ("\ufeff- [ ] a\n  b", "- [ ] a\n  | b\n"),
        ("\ufeff# A\n", "# A\n"),
        ("\ufeff---\na: 1\n---\n- [ ] a", "- [ ] a\n"),
        ("- [ ] a\u2028- [ ] b\x85c\x0bd", "- [ ] a\u2028- [ ] b\x85c\x0bd\n"),
        ("\f\n- [ ] a\f\n\f", "- [ ] a\f\n  | \f\n"),
        ("- [ ] 👩\u200d🚀 e\u0301", "- [ ] 👩\u200d🚀 e\u0301\n"),
        ("- [ ] \ud800 \0", "- [ ] \ud800 \0\n"),
        ("PK\x03\x04\0\0\x7fELF\0\xff\xfe\r\x1a\n\0- [ ] a", ""),
        ("---\n- [ ] a\n---\n- [ ] b", "- [ ] b\n"),
        ("---\n- [ ] a", "- [ ] a\n"),
    ],
)
def test_odd_files(source: str, expected: str):
    assert show(parse(source)) == expected


def test_offsets_are_into_the_text_as_it_is():
    source = "\ufeff---\r\na: 1\r\n---\r\n# \tH\r\n\r\n 1.\t[x] \t t\0  ^id \r\n"
    outline = parse(source)
    section, task = outline.walk()
    assert isinstance(task, Task)
    assert isinstance(section, Section)
    assert source[section.start :].startswith("# \tH")
    assert source[slice(*section.title_span)] == "H"
    assert source[task.start :].startswith("1.\t[x]")
    assert source[slice(*task.title_span)] == "t\0"
    assert source[slice(*task.mark_span)] == "x"
    assert task.id_span
    assert source[slice(*task.id_span)] == "^id"
    assert (task.line, task.end_line, task.content_column) == (5, 6, 4)


every = settings(deadline=None, max_examples=examples(150))


@every
@given(documents | outlines())
@example("-\t\n\t- [ ] a")
@example("> - <!--\n> ")
def test_every_string_is_an_outline(source: str):
    outline = parse(source)
    text = outline.text
    for task in outline.tasks():
        assert source[task.mark_span[0] - 1] == "["
        assert source[task.mark_span[0] : task.mark_span[1]] == task.mark
        assert task.start < task.mark_span[0] <= task.title_span[0] <= task.title_span[1] <= text.line_end(task.line)
        assert task.line < task.own_end_line <= task.end_line
        again = read_line(source, task.mark_span[1] + 1, text.line_end(task.line), with_id=True)
        assert (again.title, again.task_id) == (task.title, task.task_id)
        assert "\r" not in task.description + task.acceptance + (task.result or "")


def test_a_list_goes_on_behind_criteria_that_were_read_twice():
    """markdown-it is asked for more lines where the first ones do not tell: the open lists are as they were then."""
    criteria = "    Accept:\n    - one\n      - [ ] a\n      - [ ] b\n      - [ ] c\n"
    outline = parse(f"- [ ] first\n  - [ ]\n{criteria}- [ ] last\n##\n##\n```text\n# Heading")
    assert [(task.title, task.list_line) for task in outline.tasks()] == [("first", 0), ("", 1), ("last", 0)]


@every
@given(documents | outlines())
def test_nodes_nest_and_never_overlap(source: str):
    outline = parse(source)
    previous = None
    for node in outline.walk():
        assert previous is None or (previous.line < node.line and previous.start < node.start)
        assert outline.text.line_of(node.start) == node.line
        previous = node
        end = node.line + 1
        for child in node.children:
            assert end <= child.line < child.end_line <= node.end_line
            end = child.end_line
