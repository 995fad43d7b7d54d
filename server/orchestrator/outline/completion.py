"""What can be written at a spot: marks, fields, their values, ids of tasks, settings of the front matter.

Apart from `spots`, which reads the unfinished line. What is outside of the outline (models, files, other outlines)
comes in as `Sources`.

Invariant: a chosen candidate reads back as what it is named after (test_what_is_chosen_reads_back).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.model.safe_text import one_line
from orchestrator.model.task import Status
from orchestrator.outline.actions.ids import id_written
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.identity import fresh_id
from orchestrator.outline.inline import plain
from orchestrator.outline.references import Known, references
from orchestrator.outline.spots import Kind, Spot
from orchestrator.outline.tree import Outline, Task
from orchestrator.outline.vocabulary import DEFAULTS, FIELDS, SETTINGS, STATUSES, WRITTEN_MARKS, Word
from orchestrator.outline.waiting import is_branch_of

MOST = 200
"""Tasks and files that are offered at once."""
LONGEST = 120
"""Characters of a title that are shown."""

_UNFIT = re.compile(r"[,\[\]`\\&]|\A[ \t]|[ \t]\Z")
"""In a path: what would end the value, or be read as something else."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the outline itself does not know."""

    values: dict[str, Sequence[tuple[str, str]]] = field(default_factory=dict[str, Sequence[tuple[str, str]]])
    """By field: its values, each with a note, in place of those that the vocabulary has."""
    files: Callable[[str], Sequence[str]] = lambda _: ()
    """Of a folder ("" or "src/"), relative to the outline's: names; of folders with `/` behind."""
    elsewhere: Callable[[], Iterable[Known]] = tuple
    """Tasks of the other outlines that have an id."""
    taken: Container[str] = ()
    """Ids of the other outlines."""
    count: int = 0
    """Tasks in them."""


@dataclass(frozen=True, slots=True)
class Candidate:
    label: str
    text: str
    detail: str = ""
    filter: str = ""
    """What typed letters are compared with; empty: the label."""
    hole: int | None = None
    """Where in `text` a person goes on writing; None: behind it."""
    choices: tuple[str, ...] = ()
    """What the person may choose from there."""
    without_hole: str = ""
    """The text for an editor that cannot leave the cursor there; empty: the same."""
    word: Word | None = None
    """What explains it."""
    task: Task | None = None
    """The task that it names."""
    also: tuple[TextEdit, ...] = ()
    """Edits elsewhere in the text."""
    folder: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    candidates: tuple[Candidate, ...]
    complete: bool = True
    """False: there are more, for other letters."""


def candidates(outline: Outline, spot: Spot, sources: Sources) -> Offer:
    line = outline.text.line_of(spot.start)
    at = outline.text.line_start(line)
    typed = outline.text.line(line)[spot.start - at : spot.place - at]
    if spot.kind is Kind.STATUS:
        return Offer(tuple(_statuses(spot, typed)))
    if spot.kind is Kind.FIELD:
        return Offer(tuple(_fields(spot, typed)))
    if spot.kind is Kind.ID:
        return Offer(tuple(_ids(outline, sources, typed)))
    if spot.kind is Kind.SETTING:
        return Offer(tuple(_settings(spot)))
    if spot.kind is Kind.SETTING_VALUE:
        words = DEFAULTS if spot.key in DEFAULTS else SETTINGS
        return Offer(tuple(_values(spot, spot.key, words[spot.key], sources)))
    if spot.key == "dependsOn":
        return _limited(_tasks(outline, spot, sources, typed), spot)
    if spot.key == "files":
        return _limited(_files(sources, typed), spot)
    word = FIELDS.get(spot.key)
    return Offer(tuple(_values(spot, spot.key, word, sources)) if word else ())


def _statuses(spot: Spot, typed: str) -> Iterator[Candidate]:
    """All of them, whatever mark stands there: letters are compared behind it."""
    for mark, status in WRITTEN_MARKS.items():
        name, meaning = STATUSES[status]
        yield Candidate(f"[{mark}] {name}", f"{mark}{spot.after}", meaning, filter=f"{typed}{mark} {name}")


def _fields(spot: Spot, typed: str) -> Iterator[Candidate]:
    for key, word in FIELDS.items():
        if key in spot.taken:
            continue
        if spot.bare:
            yield Candidate(key, key, word.form, word=word)
            continue
        opening = f"[{key}:: "
        yield Candidate(
            key,
            f"{opening}]{spot.after}",
            word.form,
            filter=f"[{key}" if typed.startswith("[") else key,
            hole=len(opening),
            choices=tuple(word.values) if word.closed else (),
            without_hole="" if spot.after else opening,
            word=word,
        )


def _values(spot: Spot, key: str, word: Word, sources: Sources) -> Iterator[Candidate]:
    offered = dict(sources.values[key] if key in sources.values else word.values.items())
    for value, note in offered.items():
        yield Candidate(value, f"{spot.before}{value}{spot.after}", note or word.values.get(value, ""))


def _ids(outline: Outline, sources: Sources, typed: str) -> Iterator[Candidate]:
    """A fresh one, and those that other tasks name and no task has."""
    named = dict.fromkeys(
        reference.task_id for reference in references(outline) if not outline.by_id(reference.task_id)
    )
    for task_id in list(named)[:MOST]:
        if task_id not in sources.taken:
            yield Candidate(f"^{task_id}", f"^{task_id}", "tasks depend on it, and no task has it")
    if typed == "^":
        task_id = _NewIds(outline, sources).make()
        yield Candidate(f"^{task_id}", f"^{task_id}", "a new id", filter=f"^{task_id} new")


def _tasks(outline: Outline, spot: Spot, sources: Sources, typed: str) -> Iterator[Candidate]:
    """What the node can depend on: the nearest first, what is done last, and other outlines behind."""
    caret = "^" if typed.startswith("^") else ""
    wanted = typed.removeprefix("^").lower()
    new_ids = _NewIds(outline, sources)
    done: list[Task] = []
    for task in _possible(outline, spot):
        if not _letters(wanted, f"{task.task_id or ''} {task.title}".lower()):
            continue
        if task.status is Status.COMPLETED:
            done.append(task)
        else:
            yield _task(outline, task, spot, caret, wanted, new_ids)
    yield from (_task(outline, task, spot, caret, wanted, new_ids) for task in done)
    for known in sources.elsewhere():
        title, file = one_line(known.title, LONGEST), one_line(known.file, LONGEST)
        if known.task_id not in spot.taken and _letters(wanted, f"{known.task_id} {title}".lower()):
            text = f"{spot.before}{known.task_id}{spot.after}"
            shown = caret + _filter(known.task_id, title, wanted)
            yield Candidate(known.task_id, text, f"{title} ({file})", filter=shown)


def _possible(outline: Outline, spot: Spot) -> Iterator[Task]:
    """Tasks that the node may depend on, those of its own list first; each once."""
    node = spot.node
    parent = None if node is None else outline.parent(node)
    beside = outline.nodes if parent is None else parent.children
    seen: set[int] = set()
    for tasks in (beside, outline.tasks()):
        for task in tasks:
            if not isinstance(task, Task) or task.line in seen:
                continue
            seen.add(task.line)
            related = node is not None and (is_branch_of(task, node) or is_branch_of(node, task))
            if not related and task.status is not Status.CANCELLED and task.task_id not in spot.taken:
                yield task


def _task(outline: Outline, task: Task, spot: Spot, caret: str, wanted: str, new_ids: _NewIds) -> Candidate:
    """A task that has no id gets one when it is chosen."""
    title = one_line(task.title, LONGEST) or "(no title)"
    task_id, also = task.task_id, ()
    if task_id is None:
        task_id = new_ids.make()
        also = (id_written(outline.text, task, task_id),)
    text = f"{spot.before}{task_id}{spot.after}"
    return Candidate(task_id, text, title, caret + _filter(task_id, title, wanted), task=task, also=also)


def _filter(task_id: str, title: str, wanted: str) -> str:
    """Some editors compare beginnings only, so the one that was typed comes first."""
    by_title = wanted and not task_id.lower().startswith(wanted) and title.lower().startswith(wanted)
    return f"{title} {task_id}" if by_title else f"{task_id} {title}"


def _files(sources: Sources, typed: str) -> Iterator[Candidate]:
    folder = typed[: typed.rfind("/") + 1]
    for name in sources.files(folder):
        path = folder + name
        if not _UNFIT.search(path) and path.isprintable() and plain(path) == path:
            yield Candidate(path, path, folder=path.endswith("/"))


def _settings(spot: Spot) -> Iterator[Candidate]:
    for key, word in (DEFAULTS if spot.key else SETTINGS).items():
        if key in spot.taken:
            continue
        if key == "defaults" and not spot.bare:
            yield Candidate(key, "defaults: {}", word.form, hole=len("defaults: {"), word=word)
        else:
            yield Candidate(key, key if spot.bare else f"{key}: ", word.form, word=word)


def _limited(found: Iterator[Candidate], spot: Spot) -> Offer:
    offered: list[Candidate] = []
    for candidate in found:
        if len(offered) == MOST:
            return Offer(tuple(offered), complete=False)
        offered.append(candidate)
    # Each folder that is typed holds other files.
    return Offer(tuple(offered), complete=spot.key != "files")


def _letters(wanted: str, text: str) -> bool:
    """Whether the letters stand in the text in this order, as editors compare."""
    rest = iter(text)
    return all(letter in rest for letter in wanted)


class _NewIds(Container[str]):
    """Makes ids that nobody has, and that it has not made before."""

    def __init__(self, outline: Outline, sources: Sources) -> None:
        self._outline = outline
        self._sources = sources
        self._made: set[str] = set()
        self._count = -1

    def make(self) -> str:
        if self._count < 0:
            self._count = self._sources.count + sum(1 for _ in self._outline.tasks())
        task_id = fresh_id(self, self._count)
        self._made.add(task_id)
        return task_id

    def __contains__(self, task_id: object) -> bool:
        if not isinstance(task_id, str):
            return False
        return task_id in self._made or task_id in self._sources.taken or bool(self._outline.by_id(task_id))
