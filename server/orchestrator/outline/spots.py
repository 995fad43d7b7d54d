"""What a place in an unfinished line asks for: a mark, a field, a value, an id, a setting of the front matter.

Apart from `completion`, which knows what can stand there, because here lines are read that are no outline yet: a check
box without its second bracket, a field without its end, front matter that nobody closed.

Invariant: what an answer takes the place of is within the line, and holds the place
(test_every_place_of_every_text_can_be_completed).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.outline.inline import around, plain
from orchestrator.outline.own_text import all_blocks, blocks_of, column_of, first_body_line, outside, runs
from orchestrator.outline.tree import Node, Outline, Section, Task
from orchestrator.outline.vocabulary import DEFAULTS, SETTINGS

LISTS = ("dependsOn", "files")
"""Fields with several values."""

_BOX_BEGUN = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[([^\[\]]?)(\]?)[ \t]*\Z")
_KEY = re.compile(r"[A-Za-z][\w-]*|")
_NEW_KEY = re.compile(r"(?<=[^ \t])(?:  +|[ \t]*\t[ \t]*)([A-Za-z]*)\Z")
_NEW_ID = re.compile(r"(?<=[ \t])\^([A-Za-z0-9-]*)\Z")
_SETTING = re.compile(r"([A-Za-z]*)\Z")
_SETTING_VALUE = re.compile(r"([A-Za-z]+):[ \t]+([^\s,{}\[\]]*)\Z")
_FLOW = re.compile(r"defaults:[ \t]*\{")
_WORD = re.compile(r"[\w-]*")
_FLOW_KEY = re.compile(r"[{,][ \t]*([A-Za-z]+):")


class Kind(StrEnum):
    """What the place asks for."""

    STATUS = "status"
    FIELD = "field"
    VALUE = "value"
    ID = "id"
    """A new one, behind the title."""
    SETTING = "setting"
    SETTING_VALUE = "settingValue"


@dataclass(frozen=True, slots=True)
class Spot:
    kind: Kind
    start: int
    place: int
    end: int
    """What is replaced; an editor that inserts replaces up to `place`."""
    key: str = ""
    """Of the field or the setting whose value is asked for; of a setting, "defaults" where it stands below that."""
    before: str = ""
    after: str = ""
    """What must stand around an answer that is not there yet."""
    node: Node | None = None
    bare: bool = False
    """Only the word itself is asked for: what follows it is there."""
    taken: frozenset[str] = frozenset()
    """What stands there already, and is not offered again."""


def spot_at(outline: Outline, offset: int) -> Spot | None:
    """None where nothing can be completed."""
    text = outline.text
    line = text.line_of(offset)
    written, at = text.line(line), text.line_start(line)
    place = min(offset - at, len(written))
    spot = None
    front_end = _front_end(outline)
    if line < front_end:
        spot = _in_front_matter(outline, line, written, place) if line > 0 else None
    else:
        node = outline.node_at_line(line)
        if node is not None and line < first_body_line(text, node):
            spot = _in_first_line(node, written, place, at)
        elif begun := _BOX_BEGUN.match(written):
            inside = begun.start(1) <= place <= begun.end(1)
            if inside and not _in_code(outline, node, line):
                spot = Spot(Kind.STATUS, begun.start(1), place, begun.end(1), after="" if begun.group(2) else "] ")
    if spot is None:
        return None
    return replace(spot, start=at + spot.start, place=at + spot.place, end=at + spot.end)


def _in_first_line(node: Node, written: str, place: int, at: int) -> Spot | None:
    """Offsets are within the line."""
    if isinstance(node, Section):
        start = 0
    else:
        mark_start, mark_end = node.mark_span[0] - at, node.mark_span[1] - at
        if mark_start <= place <= mark_end:
            return Spot(Kind.STATUS, mark_start, place, mark_end)
        if place <= mark_end + 1:
            return None
        start = mark_end + 1
    held = around(written, start, place, len(written))
    if held.in_code:
        return None
    if held.key is not None:
        return _in_value(node, written, place, held.key, held.value_start, held.value_end)
    before, after = written[start:place], written[place:]
    word = _word_end(after)
    if held.bracket is not None and written[held.bracket - 1 : held.bracket] in {" ", "\t"}:
        typed = written[held.bracket + 1 : place]
        if _KEY.fullmatch(typed):
            return _key_in_bracket(node, held.bracket, place, after, word)
    new_key = _NEW_KEY.search(before)
    rest = after[word:].lstrip(" \t")
    if new_key and (not rest or rest[0] in "[^"):
        start = place - len(new_key.group(1))
        behind = "  " if rest and not after[word:].startswith("  ") else ""
        return Spot(Kind.FIELD, start, place, place + word, after=behind, node=node, taken=frozenset(node.fields))
    new_id = _NEW_ID.search(before)
    if new_id and isinstance(node, Task) and not rest:
        return Spot(Kind.ID, place - len(new_id.group()), place, place + word, node=node)
    return None


def _key_in_bracket(node: Node, bracket: int, place: int, after: str, word: int) -> Spot:
    """`[`, `[mo`, `[mo]`, and `[mo:: auto]` whose key is to be another one."""
    if after.startswith("::", word):
        return Spot(Kind.FIELD, bracket + 1, place, place + word, node=node, bare=True, taken=frozenset(node.fields))
    end = word + 1 if after.startswith("]", word) else word
    return Spot(Kind.FIELD, bracket, place, place + end, node=node, taken=frozenset(node.fields))


def _in_value(node: Node, written: str, place: int, key: str, start: int, closing: int | None) -> Spot:
    end = place if closing is None else closing
    taken: set[str] = set()
    if key in LISTS:
        others = [*written[start:end].split(",")]
        first = written.rfind(",", start, place) + 1 or start
        last = written.find(",", place, end)
        own = written[first : end if last < 0 else last].strip(" \t")
        taken = {plain(other.strip(" \t")).removeprefix("^") for other in others} - {own.removeprefix("^")}
        start, end = first, end if last < 0 else last
    blanks = len(written[start:place]) - len(written[start:place].lstrip(" \t"))
    end = max(place, start + len(written[start:end].rstrip(" \t")))
    return Spot(
        Kind.VALUE,
        start + blanks,
        place,
        end,
        key=key,
        before="" if blanks else " ",
        after="]" if closing is None else "",
        node=node,
        taken=frozenset(taken),
    )


def _front_end(outline: Outline) -> int:
    """Behind the last line of the front matter, also while nobody has closed it."""
    if outline.front_matter.end_line:
        return outline.front_matter.end_line - 1
    text = outline.text
    if text.line(0).removeprefix("\ufeff").rstrip(" \t") != "---":
        return 0
    line = 2
    while line < text.line_count and text.line(line).strip(" \t") and not text.line(line).startswith(("#", "- ")):
        line += 1
    return line


def _in_front_matter(outline: Outline, line: int, written: str, place: int) -> Spot | None:
    before, after = written[:place], written[place:]
    indented = written[:1] in {" ", "\t"}
    if flow := _FLOW.match(before):
        inner = before[max(before.rfind(",") + 1, flow.end()) :].lstrip(" \t")
        taken = frozenset(_FLOW_KEY.findall(written))
        return None if "}" in inner else _setting(inner, place, after, "defaults", end=",}", taken=taken)
    if indented:
        above = line - 1
        while above > 0 and outline.text.line(above)[:1] in {" ", "\t", ""}:
            above -= 1
        if outline.text.line(above).rstrip(" \t") != "defaults:":
            return None
        return _setting(before.lstrip(" \t"), place, after, "defaults", end="", taken=frozenset())
    taken = frozenset(outline.text.line(other).partition(":")[0] for other in range(1, _front_end(outline)))
    return _setting(before, place, after, "", end="", taken=taken)


def _setting(typed: str, place: int, after: str, below: str, end: str, taken: frozenset[str]) -> Spot | None:
    word = _word_end(after)
    rest = after[word:].lstrip(" \t")
    if found := _SETTING_VALUE.fullmatch(typed):
        words = DEFAULTS if below else SETTINGS
        if found.group(1) not in words or (rest and rest[0] not in end):
            return None
        start = place - len(found.group(2))
        return Spot(Kind.SETTING_VALUE, start, place, place + word, key=found.group(1))
    if not _SETTING.fullmatch(typed):
        return None
    bare = rest.startswith(":")
    if rest and not bare and rest[0] not in end:
        return None
    return Spot(Kind.SETTING, place - len(typed), place, place + word, key=below, bare=bare, taken=taken)


def _in_code(outline: Outline, node: Node | None, line: int) -> bool:
    """Whether the line is code, HTML or something else that is no list."""
    text = outline.text
    own = runs(text, node) if node is not None else outside(outline)
    for start, end in own:
        if start <= line < end:
            nested = blocks_of(text, start, end, column_of(node) if node is not None else 0)
            return any(
                block.kind in {"fence", "code", "html"} and start + block.line <= line < start + block.end_line
                for block in all_blocks(nested)
            )
    return False


def _word_end(after: str) -> int:
    """How far the word goes on behind the place."""
    match = _WORD.match(after)
    return match.end() if match else 0
