"""Find tasks and sections by what a person remembers of their titles, over all outlines at once.

Apart from the index because it is a ranking, and rankings are a matter of taste. Best first:

1. the id, whole (with or without `^`);
2. the title, whole;
3. titles that begin with the query;
4. titles with a word that begins with it;
5. titles that contain it;
6. titles that contain its characters in this order.

Upper and lower case are the same; blanks count only up to the fifth. Within a rank open work stands before settled,
short titles before long ones, and the rest as it stands in the files. Every rank is one pass over one string for each
file.

Invariant: every answer matches, and the best rank is never missing (test_search_finds_what_brute_force_finds).
Invariant: the cost grows with the titles, not faster (test_hostile_queries_cost_what_they_are_long).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.model.task import Status
from orchestrator.outline.contribution import Column, Contribution, Entry

MAX_QUERY = 200
"""Characters of a query that are looked at."""
_GATHERED = 10
"""Times the limit: so many of one rank are compared before the best are taken."""


@dataclass(frozen=True, slots=True)
class Hit:
    key: str
    """Of the file."""
    entry: Entry
    parent: str | None
    """The title of what it stands directly below."""


def search(files: Iterable[tuple[str, Contribution]], query: str, limit: int) -> list[Hit]:
    """The best, at most so many. For an empty query the first ones of all files."""
    given = dict(files)
    query = query.strip()[:MAX_QUERY]
    found = _Found(limit)
    if not query:
        for key, contribution in given.items():
            found.take(key, contribution, range(min(limit, len(contribution))))
        return found.hits(given)
    task_id, wanted = query.removeprefix("^"), query.lower()
    for key, contribution in given.items():
        found.take(key, contribution, (entry.index for entry in contribution.with_id(task_id)))
    found.next_rank()
    parts = [
        _Searched(key, contribution, first, part.titles, _lowered(part.titles))
        for key, contribution in given.items()
        for first, part in contribution.searched()
    ]
    for rank in (_whole, _beginning):
        for part in parts:
            found.take_part(part, rank(part, wanted))
        found.next_rank()
    inside: list[tuple[_Searched, list[int]]] = []
    for part in parts:
        words, others = _words_and_others(part, wanted, found.room)
        found.take_part(part, words)
        inside.append((part, others))
    found.next_rank()
    for part, others in inside:
        found.take_part(part, others)
    found.next_rank()
    letters = "".join(wanted.split())
    pattern, needed = _letters_in_order(letters), set(letters)
    for part in parts:
        if found.full:
            break
        if all(letter in part.lowered for letter in needed):
            found.take_part(part, _matching(part, pattern))
    found.next_rank()
    return found.hits(given)


@dataclass(frozen=True, slots=True)
class _Searched:
    """A part of a file."""

    key: str
    contribution: Contribution
    first: int
    """The index of its first node in the file."""
    titles: Column
    lowered: str
    """In small letters, at the same offsets."""


class _Found:
    """Fills up rank by rank; within one the best come first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ranked: list[tuple[str, Entry]] = []
        self._rank: list[tuple[str, Entry]] = []
        self._seen: set[tuple[str, int]] = set()

    @property
    def full(self) -> bool:
        """Enough of better ranks."""
        return len(self._ranked) >= self._limit

    @property
    def room(self) -> int:
        """How many more of one rank are compared."""
        return 0 if self.full else self._limit * _GATHERED

    def take(self, key: str, contribution: Contribution, indexes: Iterable[int]) -> None:
        for index in indexes:
            if len(self._rank) >= self.room:
                return
            if (key, index) not in self._seen:
                self._seen.add((key, index))
                self._rank.append((key, contribution.entry(index)))

    def take_part(self, part: _Searched, slots: Iterable[int]) -> None:
        self.take(part.key, part.contribution, (part.first + slot for slot in slots))

    def next_rank(self) -> None:
        self._ranked += sorted(self._rank, key=_order)
        self._rank = []

    def hits(self, given: Mapping[str, Contribution]) -> list[Hit]:
        found = [*self._ranked, *self._rank]
        return [
            Hit(key, entry, None if entry.parent is None else given[key].title(entry.parent))
            for key, entry in found[: self._limit]
        ]


def _order(found: tuple[str, Entry]) -> tuple[bool, int]:
    entry = found[1]
    return isinstance(entry.status, Status) and entry.status.settled, len(entry.title)


def _lowered(titles: Column) -> str:
    """In small letters, at the same offsets."""
    lowered = titles.string.lower()
    if len(lowered) == len(titles.string):
        return lowered
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in titles.string)


def _whole(part: _Searched, wanted: str) -> Iterator[int]:
    return _at_line_starts(part, f"\n{wanted}\n")


def _beginning(part: _Searched, wanted: str) -> Iterator[int]:
    return _at_line_starts(part, f"\n{wanted}")


def _at_line_starts(part: _Searched, wanted: str) -> Iterator[int]:
    at = part.lowered.find(wanted)
    while at >= 0:
        yield part.titles.index_at(at + 1)
        at = part.lowered.find(wanted, at + 1)


def _words_and_others(part: _Searched, wanted: str, room: int) -> tuple[list[int], list[int]]:
    """The titles in which a word begins so, and those that only contain it; of each no more than there is room for."""
    lowered = part.lowered
    words: list[int] = []
    others: list[int] = []
    at = lowered.find(wanted)
    while at >= 0 and len(words) < room:
        line_end = lowered.index("\n", at)
        index, word = part.titles.index_at(at), False
        while 0 <= at < line_end and not word:
            before = lowered[at - 1]
            word = not (before.isalnum() or before == "_")
            at = lowered.find(wanted, at + 1, line_end)
        if word:
            words.append(index)
        elif len(others) < room:
            others.append(index)
        at = lowered.find(wanted, line_end)
    return words, others


def _letters_in_order(letters: str) -> re.Pattern[str]:
    """Each class leaves out the very letter that follows, so that there is one way to match and no going back."""
    steps = (rf"[^{re.escape(letter)}\n]*+{re.escape(letter)}" for letter in letters)
    return re.compile("^" + "".join(steps), re.MULTILINE)


def _matching(part: _Searched, pattern: re.Pattern[str]) -> Iterator[int]:
    for match in pattern.finditer(part.lowered, 1):
        yield part.titles.index_at(match.start())
