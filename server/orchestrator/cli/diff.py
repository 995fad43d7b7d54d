"""A change of a file as a unified diff, for a person to read. Pure.

Apart from `difflib.unified_diff` because that compares the whole of both texts, which takes minutes for a large file,
and breaks lines where LSP does not. Characters that hide or act are spelled out, so it is not meant for `patch`;
programs take `--json`.

Invariant: the lines without `+` are the old text, those without `-` the new one (test_diff_holds_both_texts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from orchestrator.cli.terminal import Style
from orchestrator.model.safe_text import many_lines, one_line
from orchestrator.outline.text import Text

CONTEXT = 3
"""Unchanged lines around a change."""

Line = tuple[str, Style | None]


def unified(old: str, new: str, name: str, made_by: str = "split") -> Iterator[Line]:
    """Nothing when the texts are equal."""
    if old == new:
        return
    before, after = _lines(old), _lines(new)
    same = _common_prefix(before, after)
    start = max(0, same - CONTEXT)
    tail = max(0, _common_prefix(before[same:][::-1], after[same:][::-1]) - CONTEXT)
    old_part, new_part = before[start : len(before) - tail], after[start : len(after) - tail]
    yield f"--- {one_line(name)}", "strong"
    yield f"+++ {one_line(name)} ({made_by})", "strong"
    for group in SequenceMatcher(None, old_part, new_part, autojunk=False).get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        old_range = _range(start + first[1], start + last[2])
        yield f"@@ -{old_range} +{_range(start + first[3], start + last[4])} @@", "faint"
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                yield from _marked(" ", old_part[old_from:old_to], None)
                continue
            yield from _marked("-", old_part[old_from:old_to], "removed")
            yield from _marked("+", new_part[new_from:new_to], "added")


def _lines(text: str) -> list[str]:
    """With their line breaks, so that a missing one at the end is a difference."""
    indexed = Text(text)
    starts = [indexed.line_start(line) for line in range(indexed.line_count)]
    lines = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    return lines if lines[-1] else lines[:-1]


def _common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _range(start: int, end: int) -> str:
    """As diff writes it: an empty range names the line before it."""
    return f"{start + 1}" if end - start == 1 else f"{start + (end > start)},{end - start}"


def _marked(sign: str, lines: Sequence[str], style: Style | None) -> Iterator[Line]:
    for line in lines:
        text = line.rstrip("\r\n")
        yield sign + many_lines(text), style
        if text == line:
            yield "\\ No newline at end of file", "faint"
