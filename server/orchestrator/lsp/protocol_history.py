"""The wire types of the history; `protocol` names their methods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orchestrator.lsp.wire import Uint, Uri, Wire


class HistorySearchParams(Wire):
    """Search conversations, results and splits."""

    query: Annotated[str, Field(min_length=1, max_length=1000)]
    """Words, all of which must be there; `"a phrase"`; `-word` leaves out. Nothing else is syntax."""
    by: Literal["words", "meaning"] = "words"
    """`meaning`: what means something like it, of what was read so far; the rest is read in the background then."""
    uri: Uri | None = None
    """Only what was about this outline."""
    since: float | None = None
    """Seconds since 1970, UTC."""
    until: float | None = None
    model: Annotated[str, Field(max_length=200)] = ""
    """Only of this `provider/model`, model or provider."""
    limit: Annotated[int, Field(ge=1, le=200)] = 20


class HistoryMatch(Wire):
    start: Uint
    end: Uint


class HistoryHit(Wire):
    kind: Literal["message", "result", "split"]
    title: str
    """Of the task, or as a person named the conversation."""
    task_id: str | None
    uri: Uri
    """Of the outline: where the task stands now, else where it stood."""
    line: Uint | None
    """Of the task, in the open text where there is one; null: the task is gone."""
    created: float
    """Seconds since 1970, UTC."""
    model: str
    """`provider/model`, empty where it is not known."""
    excerpt: str
    """One line, safe to show."""
    matches: list[HistoryMatch]
    """Where the words stand in the excerpt, in characters."""
    nearness: float | None
    """By meaning: 1 is the same."""
    conversation_id: str | None
    run_id: str | None
    message_id: str | None


class HistorySearchResult(Wire):
    hits: list[HistoryHit]
    """The best first; where very many fit by words, the newest."""
    read: Uint | None
    """By meaning: how many texts were read."""
    total: Uint | None
    """Of how many."""
