"""CommonMark's own examples, and documents as GitHub's dialect has them, read by us and by markdown-it.

The examples come from npm's `commonmark-spec`, which `make test` installs.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.reparse import reparse
from tests.outline.strategies import LINES
from tests.outline.test_reading import check_agrees, described

SPEC = Path(__file__).parents[1] / "support" / "node" / "node_modules" / "commonmark-spec" / "spec.txt"
FENCE = "`" * 32
GITHUB = (
    "- [ ] foo\n- [x] bar\n",
    "- [x] foo\n  - [ ] bar\n  - [x] baz\n- [ ] bim\n",
    "1. [ ] one\n2. [X] two\n   * [ ] a | b\n",
    "| a | b |\n| - | - |\n| [ ] c | d |\n\n- [ ] e\n  | f | g |\n  | --- | --- |\n  | h | i |\n  - [ ] j\n",
    "- [ ] ~~struck~~ and www.example.org\n  https://example.org/?a=b\n- [x] [link](there)  [^1]\n\n[^1]: note\n",
    "> [!NOTE]\n> - [ ] quoted\n\n- [ ] a\n  > [!WARNING]\n  > text\n",
    "- [ ]\n- [ ] \n- [x]no\n- [ ]\u00a0no\n- [y] other\n",
    "* [ ] <details>\n  <summary>more</summary>\n\n  - [ ] inside\n\n  </details>\n* [ ] after\n",
)


def examples() -> list[str]:
    found = re.findall(rf"^{FENCE} example\n(.*?)^\.\n.*?^{FENCE}$", SPEC.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [source.replace("→", "\t") for source in found]


def inside(source: str) -> str:
    """As the body of a task that stands between two others."""
    body = "".join(f"  {line}" if line.strip() else line for line in source.splitlines(keepends=True))
    return f"- [ ] above\n- [ ] around\n{body}- [ ] below\n  1. [ ] last\n"


@pytest.fixture(scope="module")
def documents() -> list[str]:
    found = examples()
    assert len(found) > 600, "the examples could not be read"
    return [*found, *GITHUB]


def test_examples_are_read_as_markdown_it_reads_them(documents: list[str]):
    for source in documents:
        check_agrees(source)
        check_agrees(inside(source))


def test_edited_examples_are_read_as_new_ones(documents: list[str]):
    rng = random.Random(7)
    written = ["", "x", " ", "\n", "  ", "- [ ] ", "\n- [ ] new", "\t", *LINES]
    for source in documents:
        outline = parse(inside(source))
        for _ in range(4):
            start = rng.randrange(len(outline.text) + 1)
            end = min(start + rng.choice((0, 0, 0, 1, 3, 9)), len(outline.text))
            outline = reparse(outline, (TextEdit(start, end, rng.choice(written)),))
            assert described(outline) == described(parse(outline.text.string))
