from __future__ import annotations

import pytest

from orchestrator.outline.files import is_outline
from orchestrator.outline.parse import parse

GLOBS = ["*.tasks.md", "tasks.md"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("launch.tasks.md", True),
        ("tasks.md", True),
        ("/home/a/Tasks.MD", True),
        ("C:\\work\\x.tasks.md", True),
        ("mytasks.md", False),
        ("tasks.md/readme.md", False),
        ("README.md", False),
    ],
)
def test_outlines_are_known_by_name(name: str, expected: bool):
    assert is_outline(name, parse("- [ ] a"), GLOBS) is expected


def test_or_by_their_front_matter():
    assert is_outline("README.md", parse("---\norchestrator: 1\n---\n"), [])
    assert not is_outline("README.md", parse("---\ntitle: 1\n---\norchestrator: 1"), [])
