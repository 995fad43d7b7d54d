"""`textDocument/documentLink`: addresses, and files of the workspace. Only in outlines.

Invariant: no link leads to anything but http, https, or a file whose real path is in the workspace folder and is there
(test_only_addresses_and_files_of_the_workspace_are_links).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from orchestrator.lsp import convert, uris
from orchestrator.lsp.threads import in_thread
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.outline.document_links import Link, links

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

MOST = 1_000
"""Links in one answer: for each path the disk is asked."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PLACE = re.compile(r"[\w-]{1,100}")


async def document_link(server: Server, params: types.DocumentLinkParams) -> list[types.DocumentLink]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    if not snapshot.is_outline(server.settings.outline.globs):
        return []
    found = [link for _, link in zip(range(MOST), links(snapshot.outline), strict=False)]
    folders = tuple(server.folders)
    targets = await in_thread(lambda: _targets(snapshot.uri, folders, found))
    encoding = server.client.encoding
    return [
        types.DocumentLink(range=convert.span(snapshot.text, link.start, link.end, encoding), target=target)
        for link, target in zip(found, targets, strict=True)
        if target is not None
    ]


def _targets(uri: str, folders: Sequence[str], found: Sequence[Link]) -> list[str | None]:
    path = uris.file_path(uri)
    here = None if path is None else Path(os.path.realpath(path)).parent
    workspace = None if here is None else _open_folder(here, folders) or workspace_folder(uri, folders)
    return [_target(link, here, workspace) for link in found]


def _open_folder(here: Path, folders: Sequence[str]) -> Path | None:
    """The workspace folder of the editor that holds the document: all of it, also where trust ends earlier."""
    opened = [Path(os.path.realpath(path)) for folder in folders if (path := uris.file_path(folder))]
    return next((folder for folder in opened if here.is_relative_to(folder)), None)


def _target(link: Link, here: Path | None, workspace: Path | None) -> str | None:
    """Where it leads, or None where it leads nowhere that may be followed."""
    if not link.target.isprintable():
        return None
    if not link.path and link.target.lower().startswith(("http://", "https://")):
        return link.target if _is_address(link.target) else None
    if here is None or workspace is None or (not link.path and _SCHEME.match(link.target)):
        return None
    return _file(link, here, workspace)


def _is_address(target: str) -> bool:
    try:
        return bool(urlsplit(target).hostname) and " " not in target
    except ValueError:
        return False


def _file(link: Link, here: Path, workspace: Path) -> str | None:
    path, _, place = (link.target, "", "") if link.path else link.target.partition("#")
    written = path if link.path else unquote(path, errors="surrogateescape")
    if not written or written.startswith(("/", "\\", "~")) or "\0" in written:
        return None
    try:
        real = Path(os.path.realpath(here / written))
        if not real.is_relative_to(workspace) or not real.exists():
            return None
        return uris.from_path(real) + (f"#{place}" if _PLACE.fullmatch(place) else "")
    except (OSError, ValueError):
        return None
