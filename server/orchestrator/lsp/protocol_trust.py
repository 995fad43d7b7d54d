"""The wire types of trust; `protocol` names their methods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orchestrator.lsp.wire import Uri, Wire

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class TrustParams(Wire):
    uri: Uri
    """Of a document, or of a folder: its workspace is meant."""


class SuggestedEntry(Wire):
    path: str
    """Below the workspace folder, with `/`: `.orchestrator.toml` or a prompt."""
    text: str
    """To be read before it is allowed; what cannot be seen is spelled out."""
    sha256: str
    """Of exactly this content; empty where it cannot be used."""
    allowed: bool
    problem: str
    """Why it cannot be used; mostly empty."""


class ConsentEntry(Wire):
    provider: str
    host: str


class TrustResult(Wire):
    """What the person said about the workspace, and what it suggests."""

    folder: str
    trusted: bool
    editor: bool
    """False: the editor does not trust the workspace, so nothing runs in it, whatever `trusted` says."""
    files: list[SuggestedEntry]
    consents: list[ConsentEntry]
    """To whom its text may be sent."""


class TrustSetParams(Wire):
    """A person's word, asked for by the window after it showed `folder` and every file of `trust/get`."""

    uri: Uri
    trusted: bool
    """False: forget all about the folder, consents too."""
    files: Annotated[dict[str, Sha256], Field(max_length=200)] = {}
    """The `sha256` of each file that was shown, by its `path`: only that content counts."""
