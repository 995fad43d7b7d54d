"""Read a whole Markdown text as an outline.

Apart from `reading`, which goes from line to line, because this file knows where a document begins: front matter is
cut off before anybody looks, and a byte order mark is not part of the first line.

- A task is a list item whose first block is a paragraph on the item's first line that starts with `[c]`, followed by a
  blank, a tab or the line's end. Items inside a block quote are text; fences, HTML and comments hold no items.
- Its title is the rest of that line. Only headings of the document itself are sections.
- `Accept:` at the start of a line of a paragraph in the task's own body starts its acceptance, up to the
  paragraph's end; with nothing behind the colon the list that follows is its criteria; a list whose first item starts
  with `Accept:` is an acceptance as a whole. Check boxes in it are not tasks.
- A block quote whose first paragraph starts with `Result:` is the result; the last one counts.

Invariant: every string is an outline (test_every_string_is_an_outline).
Invariant: the cost grows with the text, not faster (test_parse_grows_with_the_text).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from orchestrator.outline.front_matter import front_matter
from orchestrator.outline.reading import Reader
from orchestrator.outline.record import Event
from orchestrator.outline.segments import ROOT, TOP_TASK, Interner, Kind, Segment, Segments
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline


def parse(text: str | Text) -> Outline:
    text = text if isinstance(text, Text) else Text(text)
    front = front_matter(text)
    interner = Interner()
    events, _ = Reader(text, interner, front.end_line, ROOT, None).read()
    if not events or events[0][0] > 0:
        start = interner.shape(Kind.TEXT, TOP_TASK, ROOT, False)
        events.insert(0, (0, start, None))
    segments = made(text, events, text.line_count)
    keys = count(1)
    named = [segment if segment.shape.kind is Kind.TEXT else segment.named(next(keys)) for segment in segments]
    return Outline(text, front, Segments.of(named), interner, next(keys))


def made(text: Text, events: Sequence[Event], end: int) -> list[Segment]:
    """The segments that start so, up to the line `end`; those of nodes have no key yet."""
    segments: list[Segment] = []
    behind_line = end
    behind = len(text) if end >= text.line_count else text.line_start(end)
    for line, shape, task_id in reversed(events):
        start = text.line_start(line)
        segments.append(Segment(shape, behind_line - line, behind - start, task_id, 0))
        behind_line, behind = line, start
    segments.reverse()
    return segments
