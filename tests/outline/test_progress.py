from __future__ import annotations

from orchestrator.outline.parse import parse
from orchestrator.outline.progress import progress
from tests.outline.checks import task_of, text


def test_progress_counts_what_is_below_and_not_cancelled():
    outline = parse(
        text("""
        - [x] all
          - [x] a
            - [X] b
          - [-] c
            - [ ] not counted
          - [/] d
          - plain
            - [!] e
        """)
    )
    assert progress(task_of(outline, "all")) == (2, 4)
    assert progress(task_of(outline, "a")) == (1, 1)
    assert progress(task_of(outline, "b")) == (0, 0)
