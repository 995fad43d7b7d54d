"""Which Markdown files are outlines: by name, or because their front matter says so.

Only outlines are decorated, so that nobody's README or TODO is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from orchestrator.outline.front_matter import MAX_CHARACTERS, front_matter
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline

SUFFIXES = (".md", ".markdown")
"""Of files that may be outlines by their front matter."""
KEY = "orchestrator"


def is_outline(name: str, outline: Outline, globs: Sequence[str]) -> bool:
    """`name` may be a path; its last part is compared, without regard to case."""
    return is_named(name, globs) or KEY in outline.front_matter.settings


def is_named(name: str, globs: Sequence[str]) -> bool:
    last = name.replace("\\", "/").rpartition("/")[2].lower()
    return any(fnmatchcase(last, glob.lower()) for glob in globs)


def says_so(head: str) -> bool:
    """Whether the front matter at the beginning of a file makes it an outline, as `is_outline` will find."""
    if not head.removeprefix("\ufeff").startswith("---") or KEY not in head:
        return False
    return KEY in front_matter(Text(head)).settings


HEAD_CHARACTERS = MAX_CHARACTERS + 1024
"""So much of a file is enough for `says_so`."""
