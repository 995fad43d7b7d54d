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

from array import array
from collections.abc import Iterator
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
    keys = count(1)
    segments = made(text, events, text.line_count, keys)
    return Outline(text, front, Segments.of(segments), interner, next(keys))


def made(text: Text, events: list[Event], end: int, keys: Iterator[int] | None = None) -> list[Segment]:
    """The segments that start so, up to the line `end`. Those of nodes get the next of the keys, or 0.

    The events are used up, so that the memory of those of a large file serves the segments.
    """
    lines = array("L", [event[0] for event in events])
    starts = text.line_starts(lines)
    lines.append(end)
    starts.append(len(text) if end >= text.line_count else text.line_start(end))
    segments: list[Segment] = []
    events.reverse()
    while events:
        _, shape, task_id = events.pop()
        index = len(segments)
        key = 0 if keys is None or shape.kind is Kind.TEXT else next(keys)
        line_count, length = lines[index + 1] - lines[index], starts[index + 1] - starts[index]
        segments.append(Segment(shape, line_count, length, task_id, key))
    return segments
