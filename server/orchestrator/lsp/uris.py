"""Document URIs: which file they name, and what the document is called.

Apart from `pathlib`, because an editor's URI may belong to another system than the one that runs the server
(`file:///c%3A/plans/plan.tasks.md`), to no file at all (`untitled:Untitled-1`), or be no URI. Pure: looks at no disk.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

_DRIVE = re.compile(r"/[A-Za-z]:(?=/|$)")


def file_path(uri: str, *, windows: bool = os.name == "nt") -> str | None:
    """The path that a `file:` URI names, in the notation of the system; None for any other URI."""
    try:
        parts = urlsplit(uri)
        path = unquote(parts.path, errors="surrogateescape")
        host = unquote(parts.netloc)
    except ValueError:
        return None
    if parts.scheme.lower() != "file" or not path or "\0" in path:
        return None
    if windows:
        if _DRIVE.match(path):
            path = path[1].upper() + path[2:]
            path = path + "/" if path.endswith(":") else path
        elif host and host.lower() != "localhost":
            path = f"//{host}{path}"
        return path.replace("/", "\\")
    if host and host.lower() != "localhost":
        return None  # another computer's file
    return path


def sibling(uri: str, name: str) -> str:
    """Of a file of this name in the same folder."""
    return f"{uri.rpartition('/')[0]}/{quote(name)}"


def document_name(uri: str) -> str:
    """The last part of the path: what the outline globs are matched against. Empty if there is none."""
    try:
        path = unquote(urlsplit(uri).path)
    except ValueError:
        return ""
    return path.rsplit("/", 1)[-1]


def same_document(first: str, second: str) -> bool:
    """Whether two spellings (`c%3A` or `C:`, escaped or not) name one document."""
    return normal(first) == normal(second)


def normal(uri: str) -> str:
    """One spelling for all: what documents are kept under."""
    try:
        parts = urlsplit(uri)
        path = unquote(parts.path, errors="surrogateescape")
    except ValueError:
        return uri
    if parts.scheme.lower() != "file":
        return uri
    if _DRIVE.match(path):
        path = "/" + path[1].lower() + path[2:]
    host = "" if parts.netloc.lower() == "localhost" else parts.netloc.lower()
    return f"file://{host}{quote(path, errors='surrogateescape')}"


def from_path(path: Path) -> str:
    return path.as_uri()
