"""What was found in a document, in groups, with places that move with the text.

Apart from `check`, which knows what to ask again after an edit, because this knows nothing of problems: it keeps what
it is given, and finds the segments of all places again when pages are made anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from orchestrator.outline.identity import index_of_key
from orchestrator.outline.problems.problem import Found, Problem, Related
from orchestrator.outline.segments import Page, Segment
from orchestrator.outline.tree import Outline

Group = tuple[str, Hashable]
"""The kind of a group, and whose it is: a segment's, an id's, nobody's."""


class Groups:
    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._groups: dict[Group, tuple[Found, ...]] = {}
        self._uses: Counter[Segment] = Counter()
        """How many places of problems each segment has."""
        self._by_page: dict[Page, dict[Segment, int]] = {}
        """The segments that have places, with their slots, of every page that has any."""

    def __len__(self) -> int:
        """How many problems there are."""
        return sum([len(group) for group in self._groups.values()])

    def __contains__(self, group: Group) -> bool:
        return group in self._groups

    def of_kind(self, kind: str) -> list[Group]:
        return [group for group in self._groups if group[0] == kind]

    def use(self, segment: Segment) -> bool:
        """Whether a problem is at this segment or names it."""
        return segment in self._uses

    def put(self, group: Group, found: Iterable[Found], index: int | None = None) -> None:
        """Replace what a group found. `index` is where the segment of its places most likely is."""
        before = self._groups.pop(group, ())
        after = tuple(found)
        if not before and not after:
            return
        if after:
            self._groups[group] = after
        for segment in _segments_of(after):
            if segment not in self._uses:
                self._find(segment, index)
            self._uses[segment] += 1
        for segment in _segments_of(before):
            self._uses[segment] -= 1
            if not self._uses[segment]:
                del self._uses[segment]

    def _find(self, segment: Segment, index: int | None) -> None:
        segments = self._outline.segments
        if index is None or segments[index] is not segment:
            index = index_of_key(self._outline, segment.key) if segment.key else list(segments).index(segment)
        assert index is not None, "a problem is in its outline"
        page, slot = segments.spot(index)
        self._by_page.setdefault(segments.pages[page], {})[segment] = slot

    def move(self, outline: Outline) -> None:
        """Go on with the next outline: find the segments again that stand in pages which were made anew."""
        old, self._outline = self._outline, outline
        known = set(old.segments.pages)
        current = set(self._outline.segments.pages)
        for page in known - current:
            self._by_page.pop(page, None)
        for page in current - known:
            slots = {segment: slot for slot, segment in enumerate(page.segments) if segment in self._uses}
            if slots:
                self._by_page[page] = slots

    def problems(self, more: Iterable[Problem], most: int | None) -> tuple[Problem, ...]:
        """With these, in document order. At most so many, the worst: an error at the end must not hide behind hints."""
        starts = self._starts()
        found: list[tuple[int, int, Found | Problem]] = [(problem.start, problem.end, problem) for problem in more]
        for group in self._groups.values():
            for one in group:
                at = starts[one.place.segment]
                found.append((at + one.place.start, at + one.place.end, one))
        if most is not None and len(found) > most:
            found.sort(key=lambda place: (place[2].severity.rank, place[0], place[1]))
            del found[most:]
        found.sort(key=lambda place: (place[0], place[1], place[2].code))
        return tuple([_problem(one, start, end, starts) for start, end, one in found])

    def _starts(self) -> dict[Segment, int]:
        """The offset of every segment that has a place."""
        starts: dict[Segment, int] = {}
        offset = 0
        for page in self._outline.segments.pages:
            for segment, slot in self._by_page.get(page, _NONE).items():
                starts[segment] = offset + page.starts[slot]
            offset += page.length
        return starts


def _problem(one: Found | Problem, start: int, end: int, starts: dict[Segment, int]) -> Problem:
    if isinstance(one, Problem):
        return one
    related = [
        Related(at + also.place.start, at + also.place.end, also.message)
        for also in one.related
        for at in (starts[also.place.segment],)
    ]
    return Problem(one.code, one.severity, start, end, one.message, tuple(related), one.tags, one.choices)


_NONE: dict[Segment, int] = {}


def _segments_of(found: Iterable[Found]) -> Iterator[Segment]:
    for one in found:
        yield one.place.segment
        for also in one.related:
            yield also.place.segment
