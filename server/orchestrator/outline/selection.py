"""Growing a selection: what holds a place, from the word to the document.

word, part of a value, field, title, first line (or line, paragraph of the body), own text, branch, its list; then the
same of each node above; the document.

Apart from the tree because half of these spans are no nodes.

Invariant: each span holds the one before it and is larger, the first holds the place, the last is the document
(test_selections_grow).
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.outline import fields
from orchestrator.outline.own_text import first_body_line, outside, runs, trimmed
from orchestrator.outline.scan import is_blank
from orchestrator.outline.segments import Kind
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Node, Outline, Task

Span = tuple[int, int]

LONGEST_WORD = 200
"""What goes on longer in both directions is no word."""


def selection(outline: Outline, offset: int) -> list[Span]:
    """The innermost first."""
    text = outline.text
    end = text.line_end(text.line_count - 1)
    offset = min(max(offset, 0), end)
    grown: list[Span] = []
    for span in _spans(outline, offset):
        if not span[0] <= offset <= span[1]:
            continue
        if not grown or (span[0] <= grown[-1][0] and grown[-1][1] <= span[1] and span != grown[-1]):
            grown.append(span)
    if not grown or grown[-1] != (0, end):
        grown.append((0, end))
    return grown


def _spans(outline: Outline, offset: int) -> Iterator[Span]:
    """From the inside outwards; some do not hold the place, and some are no larger."""
    text = outline.text
    line = text.line_of(offset)
    node = outline.node_at_line(line)
    yield _word(text, line, offset)
    written = text.line(line)
    indented = len(written) - len(written.lstrip(" \t"))
    in_body = node is None or line >= first_body_line(text, node)
    if node is not None and not in_body:
        yield from _first_line(text, node)
    yield text.line_start(line) + indented, text.line_start(line) + len(written.rstrip(" \t"))
    if in_body:
        yield text.line_start(line), text.line_end(line)
    own = runs(text, node) if node is not None else outside(outline)
    if line < outline.front_matter.end_line:
        yield text.line_start(0), text.line_end(outline.front_matter.end_line - 1)
    elif not is_blank(written):
        yield from (_paragraph(text, run, line) for run in own if run[0] <= line < run[1])
    while node is not None:
        yield node.start, _end(text, _own_end(text, node))
        yield node.start, _end(text, node.end_line)
        parent = outline.parent(node)
        if isinstance(node, Task):
            yield _list_of(outline, node, parent)
        node = parent


def _first_line(text: Text, node: Node) -> Iterator[Span]:
    """What stands in it. Spans that do not hold the place are passed over later."""
    if isinstance(node, Task):
        yield node.mark_span
        yield node.mark_span[0] - 1, node.mark_span[1] + 1
        if node.id_span is not None:
            yield node.id_span[0] + 1, node.id_span[1]
            yield node.id_span
    for field in fields.places(text, node):
        yield from ((start, end) for _, start, end in field.parts())
        yield field.value_start, field.value_end
        yield field.start, field.end
    yield node.title_span


def _word(text: Text, line: int, offset: int) -> Span:
    written, at = text.line(line), text.line_start(line)
    start = end = offset - at
    while start > 0 and offset - at - start < LONGEST_WORD and _in_word(written[start - 1]):
        start -= 1
    while end < len(written) and end - offset + at < LONGEST_WORD and _in_word(written[end]):
        end += 1
    return at + start, at + end


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _paragraph(text: Text, run: tuple[int, int], line: int) -> Span:
    """The lines around this one up to a blank one."""
    first, last = line, line
    while first > run[0] and not is_blank(text.line(first - 1)):
        first -= 1
    while last + 1 < run[1] and not is_blank(text.line(last + 1)):
        last += 1
    written = text.line(first)
    return text.line_start(first) + len(written) - len(written.lstrip(" \t")), text.line_end(last)


def _own_end(text: Text, node: Node) -> int:
    """Behind its first line and the body up to its first child."""
    first = first_body_line(text, node)
    end = min(node.line + node.segment.lines, text.line_count)
    return max(first, trimmed(text, first, max(end, first))[1])


def _list_of(outline: Outline, task: Task, parent: Node | None) -> Span:
    """From the first to the last item of the list that it stands in."""
    segments, shape = outline.segments, task.segment.shape
    end = len(segments) if parent is None else segments.branch_end(parent.index)
    last = task.index
    for index, segment in enumerate(segments.between(task.index + 1, end), task.index + 1):
        other = segment.shape
        if other.rank < shape.rank:
            break
        if other.kind is Kind.TASK and other.rank == shape.rank and other.outer is shape.outer:
            if not other.joined:
                break
            last = index
    return outline.node(outline.list_start(task.index)).start, _end(outline.text, outline.node(last).end_line)


def _end(text: Text, end_line: int) -> int:
    return text.line_end(end_line - 1)
