"""Documents that are too large to be read as outlines (`outline.maxBytes`): the person is told, once for each opening.

Apart from `documents`, which knows neither settings nor persons. The limit must be in force before a large text is
read for the first time, so whoever opens one makes the settings be read; for all others that waits until they are
needed.

Invariant: nobody wonders why a document has no symbols, and nobody is told twice
(test_a_document_that_grows_too_large).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.lsp import uris

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document
    from orchestrator.lsp.server import Server

LOWEST_LIMIT = 10_000
"""No setting makes a smaller document too large (test_no_limit_is_lower)."""


class Oversize:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._told: set[int] = set()
        """Generations of documents."""

    def look(self, document: Document) -> None:
        """At a document that was opened or changed, or whose limit was."""
        text = document.text
        length = text.line_end(text.line_count - 1)  # behind the last line there is no line break
        if length < LOWEST_LIMIT:
            return
        limit = self._server.settings.outline.max_bytes
        if length <= limit or document.generation in self._told:
            return
        self._told.add(document.generation)
        name = uris.document_name(document.uri) or "This document"
        self._server.warn(
            f"{name} is larger than {limit:,} characters (`outline.maxBytes`), so it is treated as plain text: no "
            "tasks, symbols, folding, problems, lenses or hints. Split the file in two, or raise the setting."
        )
