"""Many changes, one after the other, as one batch of edits against the text that was parsed last.

Apart from `documents` because it is an algorithm with a law: it is what makes it possible to parse only when
somebody asks, however many keys were typed in between, and still to carry identities along.

Invariant: applying the batch equals applying the changes one by one (test_batch_equals_changes_in_sequence).
"""

from __future__ import annotations

from collections import deque

from orchestrator.outline.edits import TextEdit


class Batch:
    def __init__(self) -> None:
        self._edits: deque[TextEdit] = deque()
        self.growth = 0
        """Characters by which the text is longer after all of the changes."""
        self.looked_at = 0
        """Edits that were gone through to place changes between them: what the batch has cost."""

    @property
    def edits(self) -> tuple[TextEdit, ...]:
        """In order, apart from each other by at least one character."""
        return tuple(self._edits)

    def add(self, change: TextEdit) -> None:
        """One more change, whose offsets are into the text after all the earlier ones.

        A thousand cursors send their changes from one end of the text to the other: those two cases look at one edit.
        """
        edits = self._edits
        if not edits or change.end < edits[0].start:
            edits.appendleft(change)
        elif edits[-1].end + self.growth < change.start:
            edits.append(TextEdit(change.start - self.growth, change.end - self.growth, change.text))
        else:
            self.looked_at += len(edits)
            self._edits = deque(self._with(change))
        self.growth += len(change.text) - (change.end - change.start)

    def _with(self, change: TextEdit) -> tuple[TextEdit, ...]:
        before: list[TextEdit] = []
        touched: list[tuple[TextEdit, int]] = []
        after: list[TextEdit] = []
        shift = shift_at_start = shift_at_end = 0
        for edit in self._edits:
            start = edit.start + shift
            end = start + len(edit.text)
            shift += len(edit.text) - (edit.end - edit.start)
            if end < change.start:
                before.append(edit)
                shift_at_start = shift_at_end = shift
            elif start > change.end:
                after.append(edit)
            else:
                touched.append((edit, start))
                shift_at_end = shift
        merged = TextEdit(change.start - shift_at_start, change.end - shift_at_end, change.text)
        if touched:
            merged = _merge(change, touched, merged)
        return (*before, merged, *after)


def _merge(change: TextEdit, touched: list[tuple[TextEdit, int]], merged: TextEdit) -> TextEdit:
    (first, first_at), (last, last_at) = touched[0], touched[-1]
    start, end, head, tail = merged.start, merged.end, "", ""
    if change.start >= first_at:
        start, head = first.start, first.text[: change.start - first_at]
    if change.end <= last_at + len(last.text):
        end, tail = last.end, last.text[change.end - last_at :]
    return TextEdit(start, end, head + change.text + tail)
