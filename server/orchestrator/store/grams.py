"""Words of scripts that put no blank between them: found by pairs of characters, which stand in a second index.

Apart from `history` because SQLite takes a whole Japanese sentence for one word. Here such a run of characters, with
the Latin letters and digits in it, becomes its overlapping pairs, written as numbers; what is looked for becomes pairs
that stand in a row. Texts in other scripts are not in this index, and cost nothing.

Invariant: what is in such a run, from any character of it on, is found (test_any_part_of_a_run_is_found).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_CHARACTER = re.compile(f"[{_UNSPACED}\uff66-\uffdc]")
_RUN = re.compile(rf"[\w{_UNSPACED}]*[{_UNSPACED}][\w{_UNSPACED}]*")
_PARTS = re.compile(rf"[\w{_UNSPACED}]+")


def has_grams(text: str) -> bool:
    return not text.isascii() and _CHARACTER.search(text) is not None


def grams(text: str) -> str:
    """What the index holds of a text; empty for one without such runs."""
    if not has_grams(text):
        return ""
    # Between two runs stands what no query has, so that no phrase goes across.
    return " x ".join(" ".join(_pairs(run)) for run in _RUN.findall(_folded(text)))


def phrase(word: str) -> str:
    """For FTS5: what finds this word within runs, any characters. Empty: nothing could."""
    parts = [" ".join(_pairs(part)[:-1]) if len(part) > 1 else f"{_token(part)}*" for part in _words(word)]
    return " AND ".join(part if part.endswith("*") else f'"{part}"' for part in parts)


def place(text: str, word: str) -> tuple[int, int] | None:
    """Where the word stands in the text, however it is written; None: not so that it could be shown."""
    start = text.lower().find(word.lower())
    return None if start < 0 or not word else (start, start + len(word))


def _words(word: str) -> Iterator[str]:
    yield from _PARTS.findall(_folded(word))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _pairs(run: str) -> list[str]:
    """Overlapping ones, and the last character by itself: a prefix finds each single one."""
    return [_token(run[place : place + 2]) for place in range(len(run))]


def _token(characters: str) -> str:
    return "".join(f"{ord(character):05x}" for character in characters)
