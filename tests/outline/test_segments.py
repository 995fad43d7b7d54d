from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.outline import segments as module
from orchestrator.outline.segments import ROOT, TOP_TASK, Kind, Segment, Segments, Shape

SHAPES = [Shape(kind, TOP_TASK + rank, ROOT, restart=True) for kind in (Kind.TASK, Kind.TEXT) for rank in range(4)]

made = st.builds(
    lambda shape, lines, length: Segment(SHAPES[shape], lines, length, None, 1),
    st.integers(0, 7),
    st.integers(0, 3),
    st.integers(0, 9),
)


@settings(deadline=None)
@given(
    st.lists(made, max_size=30), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9), st.lists(made, max_size=12)))
)
def test_spliced_pages_are_whole(first: list[Segment], changes: list[tuple[int, int, list[Segment]]]):
    page, module.PAGE = module.PAGE, 4
    try:
        sequence, expected = Segments.of(first), list(first)
        for place, length, new in changes:
            start = place % (len(expected) + 1)
            end = min(start + length, len(expected))
            sequence = sequence.splice(start, end, new)
            expected[start:end] = new
        check_is(sequence, expected)
    finally:
        module.PAGE = page


@settings(deadline=None)
@given(st.lists(made, min_size=1, max_size=30), st.data())
def test_as_many_as_before_stay_in_their_pages(first: list[Segment], data: st.DataObject):
    """What is known of where an id stands is true again, so a run need not look through all of a large outline."""
    page, module.PAGE = module.PAGE, 4
    try:
        before = Segments.of(first)
        start = data.draw(st.integers(0, len(first)))
        new = data.draw(st.lists(made, max_size=len(first) - start))
        after = before.splice(start, start + len(new), new)
        assert [len(one.segments) for one in after.pages] == [len(one.segments) for one in before.pages]
    finally:
        module.PAGE = page


def check_is(sequence: Segments, expected: list[Segment]) -> None:
    assert list(sequence) == expected
    assert len(sequence) == len(expected)
    assert sequence.between(0, len(expected)) == expected
    line = start = 0
    for index, segment in enumerate(expected):
        assert sequence[index] is segment
        assert (sequence.line(index), sequence.start(index)) == (line, start)
        if segment.lines:
            assert sequence.at_line(line) == index
        if segment.length:
            assert sequence.at_offset(start) == index
        rank = segment.shape.rank
        lower = [at for at, other in enumerate(expected[:index]) if other.shape.rank < rank]
        assert sequence.parent(index) == (lower[-1] if lower else None)
        behind = [at for at, other in enumerate(expected) if at > index and other.shape.rank <= rank]
        end = behind[0] if behind else len(expected)
        assert sequence.branch_end(index) == end
        below = [(at, expected[at].shape) for at in range(index + 1, end)]
        texts = [at for at, shape in below if shape.kind is Kind.TEXT and shape.rank == rank + 1]
        assert sequence.last_text(index + 1, end, rank + 1) == (texts[-1] if texts else None)
        line, start = line + segment.lines, start + segment.length
    assert (sequence.line(len(expected)), sequence.start(len(expected))) == (line, start)
