"""All outlines of one workspace as one: which ids there are and who names them, without opening a file.

Apart from who reads the files, so that it can be asked and tested without a disk. It changes one file at a time, at
the cost of what is different in that file; who holds it calls `put` when somebody asks, not at every key.

Invariant: what it says does not depend on the order in which files came (test_index_is_the_sum_of_its_files).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType

from orchestrator.outline.contribution import Contribution, Entry, Part, named_in

_generations = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """A task of a file."""

    key: str
    """Of its file."""
    entry: Entry


class Index:
    def __init__(self) -> None:
        self._files: dict[str, Contribution] = {}
        self._defined: dict[str, str | tuple[str, ...]] = {}
        """By id the file that has a task of it, or the several that have."""
        self._named: dict[str, str | tuple[str, ...]] = {}
        """By id the file that names it in a `dependsOn`, or the several that do."""
        self.task_count = 0
        self.node_count = 0
        self.generation = 0
        """Another number whenever an id came, went or moved to another file; no two states of any index share one."""

    @property
    def files(self) -> Mapping[str, Contribution]:
        return MappingProxyType(self._files)

    def put(self, key: str, new: Contribution | None) -> frozenset[str]:
        """This is what the file contributes now, None: nothing. The ids that it has now and had not, or the reverse."""
        old = self._files.pop(key, None)
        if new is not None:
            self._files[key] = new
        self.task_count += (new.task_count if new else 0) - (old.task_count if old else 0)
        self.node_count += (len(new) if new else 0) - (len(old) if old else 0)
        old_parts, new_parts = _different(old, new)
        gone, come = _exchanged(_ids_in(old_parts), _ids_in(new_parts), lambda task_id: _defines(new, task_id))
        # What comes may have been there before, in a part that is the same.
        come = frozenset(task_id for task_id in come if key not in _keys(self._defined, task_id))
        _exchange(self._defined, key, gone, come)
        changed = gone | come
        gone, come = _exchanged(named_in(old_parts), named_in(new_parts), lambda task_id: _names(new, task_id))
        _exchange(self._named, key, gone, come)
        if changed:
            self.generation = next(_generations)
        return changed

    def defining(self, task_id: str) -> tuple[str, ...]:
        """The files that have a task of this id, in alphabetical order."""
        return _keys(self._defined, task_id)

    def naming(self, task_id: str) -> tuple[str, ...]:
        """The files in which a `dependsOn` names this id, in alphabetical order."""
        return _keys(self._named, task_id)

    def places(self, task_id: str) -> Iterator[Place]:
        """The tasks of this id, file by file."""
        for key in self.defining(task_id):
            for entry in self._files[key].with_id(task_id):
                yield Place(key, entry)

    def __contains__(self, task_id: object) -> bool:
        return task_id in self._defined

    def elsewhere(self, key: str, *, complete: bool = True) -> Elsewhere:
        return Elsewhere(self, key, complete)


class Elsewhere:
    """The ids of all files but one, as they are now. Costs nothing to make; a container, as `fresh_id` wants it."""

    def __init__(self, index: Index, key: str, complete: bool) -> None:
        self._index = index
        self._key = key
        self.complete = complete
        """False while files are still being read: what is not here may yet turn up."""
        self.generation = index.generation

    def __contains__(self, task_id: object) -> bool:
        return isinstance(task_id, str) and any(key != self._key for key in self._index.defining(task_id))

    def places(self, task_id: str) -> tuple[Place, ...]:
        return tuple(place for place in self._index.places(task_id) if place.key != self._key)

    def with_ids(self) -> Iterator[Place]:
        """All their tasks that have an id, file by file."""
        for key, found in self._index.files.items():
            if key != self._key:
                yield from (Place(key, entry) for entry in found.with_ids())

    @property
    def task_count(self) -> int:
        own = self._index.files.get(self._key)
        return self._index.task_count - (own.task_count if own else 0)


def _different(old: Contribution | None, new: Contribution | None) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The parts that only one of them has: none but a few after an edit."""
    before, after = old.parts if old else (), new.parts if new else ()
    kept = {id(part) for part in before} & {id(part) for part in after}
    return tuple(part for part in before if id(part) not in kept), tuple(part for part in after if id(part) not in kept)


def _exchanged(
    before: frozenset[str], after: frozenset[str], still_there: Callable[[str], bool]
) -> tuple[frozenset[str], frozenset[str]]:
    """What went and what came."""
    return frozenset(one for one in before - after if not still_there(one)), after - before


def _ids_in(parts: Iterable[Part]) -> frozenset[str]:
    return frozenset(task_id for part in parts for task_id in part.ids if task_id)


def _defines(found: Contribution | None, task_id: str) -> bool:
    return found is not None and any(f"\n{task_id}\n" in part.ids.string for part in found.parts)


def _names(found: Contribution | None, task_id: str) -> bool:
    """In commas, because an id is also a part of a longer one."""
    if found is None:
        return False
    lines = (part.depends.string for part in found.parts if task_id in part.depends.string)
    return any(task_id in line.split(",") for string in lines for line in string.split("\n"))


def _exchange(holders: dict[str, str | tuple[str, ...]], key: str, gone: Iterable[str], come: Iterable[str]) -> None:
    for task_id in gone:
        left = tuple(other for other in _keys(holders, task_id) if other != key)
        if len(left) > 1:
            holders[task_id] = left
        elif left:
            holders[task_id] = left[0]
        else:
            holders.pop(task_id, None)
    for task_id in come:
        there = _keys(holders, task_id)
        holders[task_id] = tuple(sorted({*there, key})) if there else key


def _keys(holders: dict[str, str | tuple[str, ...]], task_id: str) -> tuple[str, ...]:
    found = holders.get(task_id)
    if found is None:
        return ()
    return (found,) if isinstance(found, str) else found
