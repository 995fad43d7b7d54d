from __future__ import annotations

import pytest

from orchestrator.outline.parse import parse
from orchestrator.outline.scan import MAX_DEPTH, MAX_QUOTES, Block, blocks, strip_columns
from tests.outline.checks import show


def nested(depth: int, width: int = 2) -> str:
    return "".join(f"{' ' * width * level}- [ ] {level}\n" for level in range(depth))


def test_lists_nest_as_deep_as_stated():
    outline = parse(nested(MAX_DEPTH))
    assert [task.depth for task in outline.tasks()] == list(range(1, MAX_DEPTH + 1))


def test_lists_deeper_than_the_limit_are_text():
    outline = parse(nested(1000) + "- [ ] behind\n\n# Heading\n- [ ] last\n")
    titles = [task.title for task in outline.tasks()]
    assert titles == [*map(str, range(MAX_DEPTH)), "behind", "last"]
    deepest = next(task for task in outline.tasks() if task.depth == MAX_DEPTH)
    assert deepest.description.startswith("- [ ] 100\n")
    assert deepest.end_line == 1000


def test_lists_in_one_line_are_bounded_too():
    outline = parse("- " * 3000 + "[ ] deep\n- [ ] a\n")
    assert show(outline) == "- [ ] a\n"


def test_quotes_deeper_than_the_limit_are_text():
    def depth(found: tuple[Block, ...]) -> int:
        return max((1 + depth(block.children) for block in found if block.kind == "quote"), default=0)

    source = ">" * 3000 + " a\n\n- [ ] behind\n  " + "> " * 300 + "b\n"
    assert depth(blocks(source)) == MAX_QUOTES
    assert [task.title for task in parse(source).tasks()] == ["behind"]


def test_quotes_and_lists_at_both_limits_fit_the_stack():
    source = "- " * (MAX_DEPTH - 1) + "[ ] a\n" + "  " * (MAX_DEPTH - 1) + ">" * 500 + "Result: b\n"
    (task,) = parse(source).tasks()
    assert task.title == "a"


@pytest.mark.parametrize(
    ("line", "columns", "expected"),
    [
        ("    a", 2, "  a"),
        (" a", 2, "a"),
        ("\ta", 2, "  a"),
        ("  \ta", 2, "\ta"),
        ("  \ta", 3, " a"),
        ("\t", 2, "  "),
        ("", 2, ""),
        (" ", 4, ""),
        ("\xa0a", 2, "\xa0a"),
    ],
)
def test_strip_columns_counts_tabs_as_markdown_does(line: str, columns: int, expected: str):
    assert strip_columns(line, columns) == expected


def test_link_destinations_are_not_looked_at():
    """markdown-it rewrites them, which can fail on what is no URL; and a definition is one whatever it points to."""
    assert [block.kind for block in blocks("[a]: javascript:x\n[b]: http://[\ud800]\n\n[c]: <\0>\n\ntext\n")] == [
        "paragraph"
    ]
