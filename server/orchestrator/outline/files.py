"""Which Markdown files are outlines: by name, or because their front matter says so.

Only outlines are decorated, so that nobody's README or TODO is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from orchestrator.outline.tree import Outline


def is_outline(name: str, outline: Outline, globs: Sequence[str]) -> bool:
    """`name` may be a path; its last part is compared, without regard to case."""
    last = name.replace("\\", "/").rpartition("/")[2].lower()
    return any(fnmatchcase(last, glob.lower()) for glob in globs) or "orchestrator" in outline.front_matter.settings
