"""Nothing costs more than the text is long. Compared with itself, four times as much: linear is 4, quadratic is 16."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time

import pytest

from orchestrator.outline.delta import delta
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import problems
from orchestrator.outline.progress import progress
from orchestrator.outline.reparse import reparse

MOST = 9
"""Between linear and quadratic, with room for a busy machine."""


def check_growth(size: int, prepare: Callable[[int], Callable[[], object]]) -> None:
    small, large = prepare(size), prepare(4 * size)
    ratio = min(spent(large) / spent(small) for _ in range(3))
    assert ratio < MOST


def spent(work: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = process_time()
        work()
        return process_time() - start
    finally:
        gc.enable()


SHAPES = {
    "flat": lambda n: "- [ ] a  [mode:: auto]  ^x1\n" * n,
    "sections": lambda n: "# A\n\n- [ ] a\n" * n,
    "bodies": lambda n: "- [ ] a\n  text\n\n  Accept: b\n  > Result: c\n" * n,
    "deep": lambda n: "".join(f"{'  ' * (i % 40)}- [ ] a\n" for i in range(n)),
    "one body": lambda n: "- [ ] a\n" + "  text\n\n" * n,
    "one paragraph": lambda n: "- [ ] a\n" + "  Accept: text\n" * n,
    "children and body": lambda n: "- [ ] a\n" + "  - [ ] b\n\n  text\n\n" * n,
    "one line": lambda n: "- [ ] " + "word `code` [a:: b] \\* &amp; " * n,
    "backticks": lambda n: "- [ ] " + "`" * n + " " + "` `` ``` " * n,
    "brackets": lambda n: "- [ ] " + "[a:: [" * n + "]" * n,
    "carriage returns": lambda n: "\r" * n + "- [ ] a",
    "references": lambda n: "- [ ] a\n\n" + "  [a\n" * n,
    "open quotes": lambda n: "> - [ ] a\n" * n + "b\n" * n,
    "tags": lambda n: "- [ ] a\n  <a b='\n" * n,
    "fences": lambda n: "- [ ] a\n  ```\n" * n,
    "blank lines": lambda n: "- [ ] a\n" + "  - [ ] b\n" + "\n" * (20 * n) + "x",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_parse_grows_with_the_text(shape: str):
    check_growth(400, lambda size: lambda: parse(SHAPES[shape](size)))


def test_a_line_of_a_million_characters():
    source = "- [ ] " + "a`[b:: \\" * 125_000 + "\n- [ ] b\n"
    assert len(list(parse(source).tasks())) == 2


def test_what_is_asked_of_an_outline_grows_with_it():
    def prepare(size: int) -> Callable[[], object]:
        source = "".join(f"{'  ' * (i % 5)}- [~] t{i}  ^x{i % 7}\n" for i in range(size))
        edits = (TextEdit(0, 0, "# A\n\n"), TextEdit(len(source), len(source), "- [ ] z\n"))
        old = parse(source)

        def ask() -> None:
            problems(old)
            for task in old.tasks():
                old.path(task)
                old.task_at_line(task.line)
                progress(task)
            for task_id in {task.task_id or "" for task in old.tasks()}:
                old.by_id(task_id)
            delta(old, reparse(old, edits))

        return ask

    check_growth(500, prepare)
