"""Code actions of export and import: an outline in another form beside it, another program's list as an outline.

Apart from `code_action`, which is about tasks, because these are about a whole document: they are offered where no task
stands, or to who asks for actions of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.lsp import uris
from orchestrator.lsp.protocol_exchange import ExportParams, ImportParams
from orchestrator.lsp.wire import Wire

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

EXPORT, IMPORT = "orchestrator/export", "orchestrator/import"
_FORMS = {
    "json": "this outline as JSON",
    "markdown": "its conversations as Markdown",
    "csv": "its calls as CSV",
    "metrics": "its metrics as CSV",
}
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]", re.MULTILINE)


def offers(server: Server, snapshot: Snapshot) -> Iterator[tuple[str, str, Wire]]:
    """Title, method and parameters."""
    if uris.file_path(snapshot.uri) is None:
        return
    outline = snapshot.is_outline(server.settings.outline.globs)
    if outline:
        for form, what in _FORMS.items():
            yield f"Export {what}", EXPORT, ExportParams(uri=snapshot.uri, format=form)
    if (_is_of_others if outline else _ITEM.search)(snapshot.text.string):
        name = stem(uris.document_name(snapshot.uri))
        name = f"{name or 'imported'}{'-imported' if outline and name else ''}.tasks.md"
        target = uris.sibling(snapshot.uri, name)
        yield f"Import as a new outline, {name}", IMPORT, ImportParams(source=snapshot.uri, to=target)


def stem(name: str) -> str:
    """Of the file of an outline."""
    return re.sub(r"(?:\.?tasks)?\.(?:md|markdown)$", "", name, flags=re.IGNORECASE)


def _is_of_others(text: str) -> bool:
    """Whether an outline is one of spec-kit or Kiro, whose files have a name of ours."""
    from orchestrator.engine.exchange import Foreign
    from orchestrator.engine.exchange.kiro import Kiro
    from orchestrator.engine.exchange.spec_kit import SpecKit

    foreign = Foreign("tasks.md", text, lambda: "")
    return any(form.recognises(foreign) for form in (SpecKit(), Kiro()))
