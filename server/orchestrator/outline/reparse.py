"""The outline after an edit.

Apart from `parse` because it is the seam for reading only the lines that an edit can have changed. Today it reads all
of them.

Invariant: `reparse(outline, edits)` equals `parse(apply(text, edits))` (test_reparse_equals_parse).
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline


def reparse(outline: Outline, edits: Sequence[TextEdit]) -> Outline:
    return parse(apply(outline.text.string, edits)) if edits else outline
