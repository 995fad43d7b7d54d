"""Cards as Markdown or as plain text, as the client declared it.

Apart from the features because hovers, completions and hints show the same, and because this is the one place where
strings of a file become Markdown: all of them go through `model/safe_text.py`.

Invariant: no string of a file is HTML, emphasis or a link of its own in what is shown
(test_cards_show_strings_of_a_file_as_they_are).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lsprotocol import types

from orchestrator.model.safe_text import markdown, one_line
from orchestrator.outline.hover import Card


@dataclass(frozen=True, slots=True)
class CommandLink:
    title: str
    command: str
    arguments: Any
    """JSON."""


def markup(card: Card, *, as_markdown: bool, links: Sequence[CommandLink] = ()) -> types.MarkupContent:
    """Links are shown in Markdown only; whoever gives them has checked that the client allows their commands."""
    if as_markdown:
        return types.MarkupContent(types.MarkupKind.Markdown, "\n".join(_markdown(card, links)))
    return types.MarkupContent(types.MarkupKind.PlainText, "\n".join(_plain(card)))


def _markdown(card: Card, links: Sequence[CommandLink]) -> Iterator[str]:
    yield f"**{markdown(card.title)}**"
    if card.text:
        yield ""
        yield markdown(card.text)
    if card.rows:
        yield ""
    for row in card.rows:
        yield f"- {row.name}: {markdown(row.value)}".rstrip()
        yield from (f"  - {markdown(item)}" for item in row.items)
    if links:
        yield ""
        yield " · ".join(_link(link) for link in links)


def _link(link: CommandLink) -> str:
    arguments = quote(json.dumps([link.arguments], separators=(",", ":")), safe="")
    return f"[{markdown(link.title)}](command:{link.command}?{arguments})"


def _plain(card: Card) -> Iterator[str]:
    yield one_line(card.title)
    if card.text:
        yield one_line(card.text)
    for row in card.rows:
        yield f"{row.name}: {one_line(row.value)}".rstrip()
        yield from (f"  {one_line(item)}" for item in row.items)
