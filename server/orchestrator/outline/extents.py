"""Where every branch of an outline ends, found in one pass.

Apart from `tree`, where one node is asked, because whoever shows all nodes must not look behind each of them for the
next one of its rank.

Invariant: the ends are those that the nodes give (test_folds_are_those_of_each_node_also_after_edits).
"""

from __future__ import annotations

from array import array

from orchestrator.outline.segments import Page
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline


class _Written:
    """How many lines of each segment there are up to the last one that is not blank. Filled in when first asked."""

    def __init__(self, page: Page) -> None:
        self.lines = array("I", [1 if segment.lines == 1 else 0 for segment in page.segments])


def written_lines(text: Text, page: Page, slot: int, line: int) -> int:
    """Of one segment, which starts in this line: its lines up to the last one that is not blank."""
    known = page.derived(_Written).lines
    if not known[slot]:
        written = text.lines(line, line + page.segments[slot].lines).rstrip(" \t\r\n")
        breaks = written.count("\n")
        if "\r" in written:
            breaks += written.count("\r") - written.count("\r\n")
        known[slot] = breaks + 1
    return known[slot]


def end_lines(outline: Outline) -> list[int]:
    """For every segment, exclusive: behind the last line of its branch that is not blank."""
    ends: list[int] = []
    above: list[tuple[int, int]] = []
    """(rank, index) of what is open."""
    line = end = 0
    for page in outline.segments.pages:
        for slot, segment in enumerate(page.segments):
            rank = segment.shape.rank
            while above and above[-1][0] >= rank:
                ends[above.pop()[1]] = end
            above.append((rank, len(ends)))
            ends.append(0)
            end = line + (1 if segment.lines == 1 else written_lines(outline.text, page, slot, line))
            line += segment.lines
    for _, index in above:
        ends[index] = end
    return ends
