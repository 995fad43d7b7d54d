"""The outline after an edit: reads only the lines that the edit can have changed.

Apart from `parse` because it may be wrong where `parse` may only be slow. Reading begins at the last segment before the
edit that starts whatever stands before it, and ends at the first old segment behind the edit that is found again at its
place, in the same surroundings: from there on everything would be read as it was.

Invariant: `reparse(outline, edits)` equals `parse(apply(text, edits))` (test_reparse_equals_parse,
test_reparse_equals_parse_after_many_edits).
Invariant: it costs what the edit touches, not what the document holds (benchmarks/typing.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from orchestrator.outline.edits import TextEdit, apply, in_order
from orchestrator.outline.front_matter import front_matter
from orchestrator.outline.parse import made
from orchestrator.outline.reading import Reader
from orchestrator.outline.record import Event
from orchestrator.outline.scan import BYTE_ORDER_MARK
from orchestrator.outline.segments import ROOT, TOP_TASK, Kind, Segment, Segments, Shape
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline

MOST = 32
"""Edits of one batch that are looked at one by one; more are taken for one edit from the first to the last."""

NEAR = 400
"""Characters between two edits that `merged` takes for one."""

T = TypeVar("T")

_HEADING_START = re.compile(r"[ \t]*#{1,6}")


def reparse(outline: Outline, edits: Sequence[TextEdit]) -> Outline:
    """The edits are one batch against the outline's text, as for `edits.apply`."""
    foreseen, outline.foreseen = outline.foreseen, None
    if foreseen is not None and foreseen[0] == tuple(edits):
        return foreseen[1]
    return _read_after(outline, edits)


def foresee(outline: Outline, edits: Sequence[TextEdit]) -> Outline:
    """The same, for whoever looks at what edits lead to before making them: then that is not read again."""
    changed = reparse(outline, edits)
    outline.foreseen = tuple(edits), changed
    return changed


def _read_after(outline: Outline, edits: Sequence[TextEdit]) -> Outline:
    ordered = in_order(edits)
    many = len(ordered) > MOST
    if many:
        ordered = [_together(outline.text, ordered)]
    changed = outline
    lost: list[_Known] = []
    # From the last to the first, so that the places of the others stay true.
    for edit in reversed(ordered):
        edit = _shrunk(changed.text, edit)  # noqa: PLW2901 - the same edit, smaller
        if edit.start < edit.end or edit.text:
            changed = _after(changed, edit, lost, many=many)
    if len(ordered) > 1 and lost:
        changed = _found_again(changed, outline.next_key, lost)
    if changed is not outline:
        changed.follow(outline)
    return changed


def _after(outline: Outline, edit: TextEdit, lost: list[_Known], *, many: bool = False) -> Outline:
    """After one edit, or `many` that were taken for one; adds to `lost` the nodes that are not found again."""
    old_text, text = outline.text, outline.text.replace(edit.start, edit.end, edit.text)
    segments, front = outline.segments, outline.front_matter
    first = _first(segments, old_text, edit.start)
    if _may_have_front_matter(old_text, text) and old_text.line_of(edit.start) < (
        front.end_line or old_text.line_count
    ):
        newer = front_matter(text)
        if newer != front or front.end_line:
            front, first = newer, None
    known = _Old(segments, text, edit)
    if first is None:
        first, line, shape = 0, front.end_line, None
        reader = Reader(text, outline.interner, line, ROOT, known.shape_at)
    else:
        line, shape = segments.line(first), segments[first].shape
        reader = Reader(text, outline.interner, line, shape.outer, known.shape_at)
        reader.start_at(shape)
    events, end_line = reader.read()
    if shape is None and (not events or events[0][0] > 0):
        start: Event = (0, outline.interner.shape(Kind.TEXT, TOP_TASK, ROOT, False), None)
        events.insert(0, start)
    last = len(segments) if end_line is None else known.index_at(end_line)
    new = made(text, events, text.line_count if end_line is None else end_line)
    new, next_key = _named(outline, text, edit, (first, last), new, lost, many=many)
    return Outline(text, front, segments.splice(first, last, new), outline.interner, next_key)


def _may_have_front_matter(*texts: Text) -> bool:
    return any(text.line(0).removeprefix(BYTE_ORDER_MARK).startswith("---") for text in texts)


class _Old:
    """The old segments behind the edit, by their new lines."""

    def __init__(self, segments: Segments, text: Text, edit: TextEdit) -> None:
        self._segments = segments
        self._text = text
        self._end = edit.end
        self._shift = len(edit.text) - (edit.end - edit.start)

    def shape_at(self, line: int) -> Shape | None:
        """Of the segment that started at this line, if it stands behind the edit."""
        offset = self._text.line_start(line) - self._shift
        if offset < self._end:
            return None
        index = self._segments.at_offset(offset)
        return self._segments[index].shape if self._segments.start(index) == offset else None

    def index_at(self, line: int) -> int:
        return self._segments.at_offset(self._text.line_start(line) - self._shift)


def _first(segments: Segments, text: Text, start: int) -> int | None:
    """The last segment whose beginning an edit from this offset on leaves as it is; None for the document's."""
    index = segments.at_offset(start)
    while index >= 0:
        shape = segments[index].shape
        if shape.restart and start - segments.start(index) >= _beginning(shape, segments, text, index):
            return index
        index -= 1
    return None


def _beginning(shape: Shape, segments: Segments, text: Text, index: int) -> int:
    """How many characters make the segment start where it does and be what it is."""
    if shape.kind is Kind.TASK:
        return shape.mark_at + 3
    line = text.line(segments.line(index))
    if shape.kind is Kind.SECTION:
        match = _HEADING_START.match(line.removeprefix(BYTE_ORDER_MARK))
        return len(line) if match is None else match.end() + 2
    return len(line) + 1


# --- which node is which ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """What tells a node from others."""

    key: int
    kind: Kind
    task_id: str | None
    line: str
    """Its first line, without the blanks around it."""
    place: int | None
    """The new offset of its first line, None where that was replaced."""


def _named(
    outline: Outline,
    text: Text,
    edit: TextEdit,
    window: tuple[int, int],
    new: list[Segment],
    lost: list[_Known],
    *,
    many: bool,
) -> tuple[list[Segment], int]:
    """The new segments with the keys of the old ones that they are, or new keys; and the next key that is free.

    What stands apart from the edit as it was is the old segment itself.
    """
    first, last = window
    old = outline.segments.between(first, last)
    shift = len(edit.text) - (edit.end - edit.start)
    old_places: dict[int, Segment] = {}
    offset, line = outline.segments.start(first) if old else 0, outline.segments.line(first) if old else 0
    left: dict[Segment, tuple[int, int | None]] = {}
    begin = offset
    for segment in old:
        end = offset + segment.length
        place = offset if offset < edit.start else offset + shift if offset >= edit.end else None
        if place is not None and (end < edit.start or offset > edit.end):
            old_places[place] = segment
        if segment.shape.kind is not Kind.TEXT:
            left[segment] = line, place
        offset, line = end, line + segment.lines
    result: list[Segment] = []
    fresh: dict[int, tuple[Segment, int, int]] = {}
    offset = begin
    line = text.line_of(begin)
    for segment in new:
        same = old_places.get(offset)
        if same is not None and _alike(same, segment):
            left.pop(same, None)
            result.append(same)
        else:
            if segment.shape.kind is not Kind.TEXT:
                fresh[len(result)] = segment, line, offset
            result.append(segment)
        offset, line = offset + segment.length, line + segment.lines
    keys = _same_ids(left, fresh)
    known = [
        _Known(segment.key, segment.shape.kind, segment.task_id, outline.text.line(line).strip(" \t"), place)
        for segment, (line, place) in left.items()
    ]
    unknown = [
        _Known(index, segment.shape.kind, segment.task_id, text.line(line).strip(" \t"), place)
        for index, (segment, line, place) in fresh.items()
        if index not in keys
    ]
    others, gone = _match(known, unknown, many=many)
    keys |= others
    lost += gone
    next_key = outline.next_key
    for index in fresh:
        key = keys.get(index)
        if key is None:
            key, next_key = next_key, next_key + 1
        result[index] = result[index].named(key)
    return result, next_key


def _same_ids(
    left: dict[Segment, tuple[int, int | None]], fresh: Mapping[int, tuple[Segment, int, int]]
) -> dict[int, int]:
    """New nodes to the keys of the old ones of their ids, which are taken from `left`.

    The surest sign, and after most edits of a run the only one that is needed: so nothing else is looked at for it.
    """
    old = _unique(left, _TASK_ID)
    new = _unique([segment for segment, _, _ in fresh.values()], _TASK_ID)
    keys: dict[int, int] = {}
    for index, (segment, _, _) in fresh.items():
        known = old.get(segment.task_id)
        if known is not None and segment.task_id in new:
            keys[index] = known.key
            del left[known]
    return keys


_TASK_ID = attrgetter("task_id")


def _alike(one: Segment, other: Segment) -> bool:
    return (
        one.shape is other.shape
        and one.lines == other.lines
        and one.length == other.length
        and one.task_id == other.task_id
    )


def _match(old: list[_Known], new: list[_Known], *, many: bool = False) -> tuple[dict[int, int], list[_Known]]:
    """New key -> old key of the node that it is, and the old ones that are none.

    The surest sign first: its own id, its place with an unchanged line, its line elsewhere (it was moved), its place
    with a changed line (it was edited). After `many` edits at once, as of a word that was replaced everywhere, no place
    is known; then what is left on both sides is the same in order, if it is as much.
    """
    same: dict[int, int] = {}
    remaining_old = {what.key: what for what in old}
    remaining_new = {what.key: what for what in new}

    def pair(key_of: Callable[[_Known], Hashable]) -> None:
        if not remaining_old or not remaining_new:
            return
        candidates = _unique(remaining_old.values(), key_of)
        for sign, what in _unique(remaining_new.values(), key_of).items():
            partner = candidates.get(sign)
            if partner is not None:
                same[what.key] = partner.key
                del remaining_new[what.key], remaining_old[partner.key]

    pair(lambda what: what.task_id)
    pair(lambda what: None if what.place is None else (what.kind, what.place, what.line))
    pair(lambda what: what.line)
    pair(lambda what: None if what.place is None else (what.kind, what.place))
    if many and [what.kind for what in remaining_old.values()] == [what.kind for what in remaining_new.values()]:
        same |= {
            what.key: partner.key for what, partner in zip(remaining_new.values(), remaining_old.values(), strict=True)
        }
        remaining_old = {}
    return same, list(remaining_old.values())


def _unique(nodes: Iterable[T], key_of: Callable[[T], Hashable]) -> dict[Hashable, T]:
    """By sign, without those that have none (None) or share it."""
    found: dict[Hashable, T | None] = {}
    for node in nodes:
        sign = key_of(node)
        found[sign] = None if sign in found else node
    return {sign: node for sign, node in found.items() if node is not None and sign is not None}


def _found_again(outline: Outline, new_from: int, lost: list[_Known]) -> Outline:
    """Nodes that one edit of a batch removed and another one brought back."""
    line = 0
    fresh: dict[int, tuple[int, _Known]] = {}
    for index, segment in enumerate(outline.segments):
        if segment.key >= new_from:
            written = outline.text.line(line).strip(" \t")
            what = _Known(segment.key, segment.shape.kind, segment.task_id, written, None)
            fresh[segment.key] = (index, what)
        line += segment.lines
    # A node that was new for one edit of the batch may be lost to another: it never was in the old outline.
    keys, _ = _match([what for what in lost if what.key < new_from], [what for _, what in fresh.values()])
    segments = outline.segments
    for new_key, old_key in keys.items():
        index, _ = fresh[new_key]
        segments = segments.splice(index, index + 1, [segments[index].named(old_key)])
    return Outline(outline.text, outline.front_matter, segments, outline.interner, outline.next_key)


# --- edits -----------------------------------------------------------------------------------------------------


def merged(text: Text, edits: Sequence[TextEdit]) -> list[TextEdit] | None:
    """The same change with neighbours as one edit, which is faster to read; None when two insert at one place.

    For whoever knows tasks by their ids: nodes between two edits may not be known again as the same ones.
    """
    groups: list[list[TextEdit]] = []
    end = 0
    for edit in in_order(edits):
        if not groups or edit.start - end > NEAR:
            groups.append([edit])
        elif edit.start < end or (edit.start == edit.end == end):
            return None
        else:
            groups[-1].append(edit)
        end = edit.end
    return [_together(text, group) if len(group) > 1 else group[0] for group in groups]


def _together(text: Text, edits: Sequence[TextEdit]) -> TextEdit:
    """One edit that does what all of these do."""
    start, end = edits[0].start, max(edit.end for edit in edits)
    inside = [TextEdit(edit.start - start, edit.end - start, edit.text) for edit in edits]
    return TextEdit(start, end, apply(text.slice(start, end), inside))


def _shrunk(text: Text, edit: TextEdit) -> TextEdit:
    """Without what the old and the new text share at both ends."""
    old, new = text.slice(edit.start, edit.end), edit.text
    limit = min(len(old), len(new))
    before = 0
    while before < limit and old[before] == new[before]:
        before += 1
    after = 0
    while after < limit - before and old[len(old) - 1 - after] == new[len(new) - 1 - after]:
        after += 1
    return TextEdit(edit.start + before, edit.end - after, new[before : len(new) - after])
