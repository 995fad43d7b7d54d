"""spec-kit's `tasks.md`: `T012 [P] [US1] Title`, in phases.

What its rules mean for the order becomes dependencies: a task without `[P]` waits for what stands before it in its
phase, one with `[P]` for the last one without; a phase waits for the phases before it, but phases of user stories not
for each other. The numbers stay in the titles, since the text refers to them.

Invariant: a file of spec-kit's runs in the order that its rules say (test_a_file_of_spec_kit).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.engine.exchange import Foreign, Imported
from orchestrator.engine.exchange.dependencies import Waiting, refuse_cycles
from orchestrator.engine.exchange.markdown_items import Item, nested, parts_of
from orchestrator.engine.exchange.markdown_list import FRONT
from orchestrator.model.portable import PortableOutline, PortableSection, PortableTask

_TASK = re.compile(r"(T\d{3,})\b[ \t]*((?:\[[A-Za-z0-9]+\][ \t]*)*)")
_LABEL = re.compile(r"\[([A-Za-z0-9]+)\]")
_SIGN = re.compile(r"^[ \t]*[-*+] \[[^\]\n]\][ \t]+T\d{3,}\b", re.MULTILINE)
_BOX = re.compile(r"^[ \t]*[-*+][ \t]+\[[^\]\n]\]", re.MULTILINE)
_DEPENDS = re.compile(r"\(depends on ([^()]*)\)", re.IGNORECASE)
_NUMBER = re.compile(r"T\d{3,}")
_STORY = re.compile(r"US\d+")


@dataclass(slots=True)
class _Task:
    key: str
    """Its number, or where it stands if it has none."""
    number: str
    parallel: bool
    story: str
    item: Item
    waits_for: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class _Phase:
    heading: int
    """Index of the part that is its heading."""
    tasks: list[_Task] = field(default_factory=list[_Task])
    waits_for: list[str] = field(default_factory=list[str])

    @property
    def of_story(self) -> bool:
        return any(task.story for task in self.tasks)

    @property
    def last(self) -> list[str]:
        """Who has ended when the phase has."""
        tail: list[str] = []
        for task in self.tasks:
            tail = [*tail, task.key] if task.parallel else [task.key]
        return tail


class SpecKit:
    @property
    def name(self) -> str:
        return "spec-kit"

    def recognises(self, foreign: Foreign) -> bool:
        boxes = len(_BOX.findall(foreign.text))
        return boxes > 0 and 2 * len(_SIGN.findall(foreign.text)) >= boxes

    def read(self, foreign: Foreign) -> Imported:
        parts = parts_of(foreign.text)
        phases: list[_Phase] = []
        of_part: dict[int, list[_Task]] = {}
        top = min((part.level for part in parts[1:] if part.level > 1), default=1)
        for index, part in enumerate(parts):
            if not phases or part.level <= top:
                phases.append(_Phase(index))
            for item in part.items:
                task = _read(item)
                of_part.setdefault(index, []).append(task)
                phases[-1].tasks.append(task)
        phases = [phase for phase in phases if phase.tasks]
        _order(phases)
        known = {task.key: task for phase in phases for task in phase.tasks}
        notes = _told(known)
        wanted = [Waiting(task.key, task.key, tuple(task.waits_for)) for task in known.values()]
        refuse_cycles(foreign.name, [*wanted, *_through_phases(phases)])
        named = {key for task in known.values() for key in task.waits_for}
        named |= {key for phase in phases for key in phase.waits_for}
        ids = {key: foreign.new_id() for key in known if key in named}
        tasks = {
            index: tuple(_portable(task, ids, first=task is found[0]) for task in found)
            for index, found in of_part.items()
        }
        outline = nested(parts, tasks, FRONT)
        heads = {phase.heading: tuple(ids[key] for key in phase.waits_for) for phase in phases}
        return Imported(_with_heads(outline, heads), tuple(notes), what=f"{len(known):,} tasks of spec-kit")


def _read(item: Item) -> _Task:
    match = _TASK.match(item.title)
    labels = _LABEL.findall(match.group(2)) if match else []
    story = next((label for label in labels if _STORY.fullmatch(label)), "")
    number = match.group(1) if match else ""
    key = number or f"line {item.line + 1}"
    return _Task(key, number, "P" in labels, story, item)


def _order(phases: Sequence[_Phase]) -> None:
    before: list[str] = []
    """Who must have ended before the next phase."""
    stories: list[str] = []
    for phase in phases:
        if phase.of_story:
            phase.waits_for = before
            stories += phase.last
        else:
            phase.waits_for = stories or before
            before, stories = phase.last, []
        barrier: list[str] = []
        running: list[str] = []
        for task in phase.tasks:
            task.waits_for = list(barrier if task.parallel or not running else running)
            if task.parallel:
                running.append(task.key)
            else:
                barrier, running = [task.key], []


def _told(known: dict[str, _Task]) -> list[str]:
    """What the text of a task says that it depends on."""
    notes: list[str] = []
    for task in known.values():
        for match in _DEPENDS.finditer(task.item.title):
            for number in _NUMBER.findall(match.group(1)):
                if number not in known:
                    notes.append(f"{task.key} depends on {number}, which is not in the file; that was left out.")
                elif number not in task.waits_for:
                    task.waits_for.append(number)
    return notes


def _through_phases(phases: Sequence[_Phase]) -> Iterator[Waiting]:
    for phase in phases:
        for task in phase.tasks:
            if phase.waits_for:
                yield Waiting(task.key, task.key, tuple(phase.waits_for))


def _portable(task: _Task, ids: dict[str, str], *, first: bool) -> PortableTask:
    title = task.item.title
    match = _TASK.match(title)
    if match:
        title = f"{task.number} {title[match.end() :]}".strip()
    waits = ", ".join(ids[key] for key in task.waits_for)
    return PortableTask(
        title=title,
        mark=task.item.mark,
        task_id=ids.get(task.key),
        fields=(*([("dependsOn", waits)] if waits else []), *([("story", task.story)] if task.story else [])),
        description=task.item.body,
        new_list=task.item.new_list and not first,
        children=tuple(_child(child) for child in task.item.children),
    )


def _child(item: Item) -> PortableTask:
    return PortableTask(
        item.title, item.mark, description=item.body, ordered=item.ordered, children=tuple(map(_child, item.children))
    )


def _with_heads(outline: PortableOutline, heads: dict[int, tuple[str, ...]]) -> PortableOutline:
    """Headings of phases get what the phase waits for. They are counted as the parts were: in document order."""
    index = 0

    def visit(section: PortableSection) -> PortableSection:
        nonlocal index
        index += 1
        waits = ", ".join(heads.get(index, ()))
        fields = (("dependsOn", waits),) if waits else ()
        return replace(section, fields=fields, sections=tuple(map(visit, section.sections)))

    return replace(outline, sections=tuple(map(visit, outline.sections)))
