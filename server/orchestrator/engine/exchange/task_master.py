"""Task Master's `tasks.json`: the old form, `{"tasks": […]}`, and the one with tags, `{"master": {"tasks": […]}, …}`.

`details` go below the description, `testStrategy` is the acceptance, a status that we do not have stays as a field.
Tags become sections where there are several. A dependency that leads nowhere, or to the task's own parent or child,
is left out and named; a circle is refused.

Invariant: both forms of the same tasks become the same outline (test_both_forms_of_task_master).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.engine.exchange import Foreign, Imported
from orchestrator.engine.exchange.dependencies import Waiting, refuse_cycles
from orchestrator.engine.exchange.markdown_list import FRONT
from orchestrator.engine.exchange.strict_json import as_model, read_json
from orchestrator.errors import FileError
from orchestrator.model.portable import PortableOutline, PortableSection, PortableTask
from orchestrator.model.safe_text import one_line
from orchestrator.outline.fields import PRIORITIES

_MARKS = {
    "pending": " ", "todo": " ", "": " ", "in-progress": "/", "done": "x", "completed": "x", "cancelled": "-",
}  # fmt: skip
_STATUS_FIELD = "taskMasterStatus"
_USUAL_PRIORITY = "medium"
_MAX_NOTES = 20

Id = Annotated[int | str | float, Field(union_mode="left_to_right")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, populate_by_name=True)

    id: Id
    title: str
    status: str = "pending"
    description: str | None = None
    details: str | None = None
    test_strategy: str | None = Field(None, alias="testStrategy")
    priority: str | None = None
    dependencies: list[Id] | None = None
    subtasks: list[_Entry] | None = None


class _List(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    tasks: list[_Entry]


@dataclass(slots=True)
class _Node:
    key: str
    """`3.1`, with its tag before it where there are several."""
    entry: _Entry
    place: str
    parent: _Node | None
    children: list[_Node] = field(default_factory=list["_Node"])
    waits_for: list[str] = field(default_factory=list[str])


class TaskMaster:
    @property
    def name(self) -> str:
        return "task-master"

    def recognises(self, foreign: Foreign) -> bool:
        return foreign.name.lower().endswith(".json") and '"tasks"' in foreign.text

    def read(self, foreign: Foreign) -> Imported:
        value = read_json(foreign.name, foreign.text)
        tagged = list(_lists(foreign.name, value))
        notes: list[str] = []
        found: list[tuple[str, list[_Node]]] = []
        for tag, path, part in tagged:
            nodes = _nodes(foreign.name, tag if len(tagged) > 1 else "", part.tasks, path, None)
            _settle(nodes, notes)
            found.append((tag, nodes))
        every = [node for _, nodes in found for node in _walk(nodes)]
        refuse_cycles(foreign.name, _with_parents(every))
        named = {key for node in every for key in node.waits_for}
        ids = {node.key: foreign.new_id() for node in every if node.key in named}
        if len(notes) > _MAX_NOTES:
            notes[_MAX_NOTES:] = [f"And {len(notes) - _MAX_NOTES:,} more."]
        tags = f", {len(found)} tags" if len(found) > 1 else ""
        what = f"{len(every):,} tasks of Task Master{tags}"
        if len(found) == 1:
            return Imported(PortableOutline(FRONT, tasks=_tasks(found[0][1], ids)), tuple(notes), what=what)
        sections = tuple(PortableSection(tag, 1, tasks=_tasks(nodes, ids)) for tag, nodes in found)
        return Imported(PortableOutline(FRONT, sections=sections), tuple(notes), what=what)


def _lists(name: str, value: Any) -> Iterator[tuple[str, tuple[str, ...], _List]]:
    """Tag, path in the file, and list; raises FileError when it is no such file."""
    if not isinstance(value, dict):
        raise _no_tasks(name)
    given = cast("dict[str, object]", value)
    if isinstance(given.get("tasks"), list):
        yield "", ("tasks",), as_model(name, given, _List)
        return
    tags = {
        tag: cast("dict[str, object]", part)
        for tag, part in given.items()
        if isinstance(part, dict) and "tasks" in cast("dict[str, object]", part)
    }
    if not tags:
        raise _no_tasks(name)
    for tag, part in tags.items():
        yield tag, (tag, "tasks"), as_model(name, part, _List, (tag,))


def _no_tasks(name: str) -> FileError:
    return FileError(
        f"{one_line(name)} is no tasks.json of Task Master: it has no list `tasks`.",
        hint="Check the file, or say what it is with --format; nothing was written.",
    )


def _nodes(name: str, tag: str, entries: Sequence[_Entry], path: tuple[str, ...], parent: _Node | None) -> list[_Node]:
    found: dict[str, _Node] = {}
    for index, entry in enumerate(entries):
        own = str(entry.id).rpartition(".")[2] if parent else str(entry.id)
        key = f"{parent.key}.{own}" if parent else f"{tag} {own}".strip()
        at = f"{'.'.join(path)}[{index}]" if parent is None else f"{parent.place}.subtasks[{index}]"
        if key in found:
            raise FileError(
                f"{one_line(name)} cannot be imported: {one_line(at)} has the id {one_line(own, 20)} "
                "for the second time.",
                hint="Give each task an id of its own; nothing was written.",
            )
        node = found[key] = _Node(key, entry, at, parent)
        node.children = _nodes(name, tag, entry.subtasks or (), path, node)
    return list(found.values())


def _settle(top: Sequence[_Node], notes: list[str]) -> None:
    """Which tasks the dependencies mean."""
    known = {node.key: node for node in _walk(top)}
    for node in known.values():
        for given in node.entry.dependencies or ():
            target = known.get(_meant(node, str(given), known))
            if target is None:
                notes.append(f"{node.place} depends on {one_line(str(given), 20)}, which is not there; left out.")
            elif target is node or _within(node, target) or _within(target, node):
                notes.append(f"{node.place} cannot wait for itself, its parent or its subtasks; left out.")
            elif target.key not in node.waits_for:
                node.waits_for.append(target.key)


def _meant(node: _Node, given: str, known: dict[str, _Node]) -> str:
    """A number means a subtask beside it first, then a task; `3.1` a subtask of task 3."""
    tag = node.key.rpartition(" ")[0]
    beside = f"{node.parent.key}.{given}" if node.parent is not None else ""
    return beside if beside in known else f"{tag} {given}".strip()


def _within(node: _Node, other: _Node) -> bool:
    step = node.parent
    while step is not None:
        if step is other:
            return True
        step = step.parent
    return False


def _with_parents(nodes: Sequence[_Node]) -> Iterator[Waiting]:
    """A task is done when its subtasks are, and its subtasks wait for what it waits for."""
    for node in nodes:
        yield Waiting(f"end {node.key}", node.key, (f"begin {node.key}", *(f"end {one.key}" for one in node.children)))
        above = (f"begin {node.parent.key}",) if node.parent is not None else ()
        yield Waiting(f"begin {node.key}", node.key, (*above, *(f"end {key}" for key in node.waits_for)))


def _walk(nodes: Sequence[_Node]) -> Iterator[_Node]:
    for node in nodes:
        yield node
        yield from _walk(node.children)


def _tasks(nodes: Sequence[_Node], ids: dict[str, str]) -> tuple[PortableTask, ...]:
    return tuple(_task(node, ids) for node in nodes)


def _task(node: _Node, ids: dict[str, str]) -> PortableTask:
    entry = node.entry
    status = entry.status.strip().lower().replace("_", "-")
    priority = (entry.priority or "").strip().lower()
    fields = [
        ("dependsOn", ", ".join(ids[key] for key in node.waits_for)),
        ("priority", priority if priority in PRIORITIES and priority != _USUAL_PRIORITY else ""),
        (_STATUS_FIELD, "" if status in _MARKS else entry.status),
    ]
    return PortableTask(
        title=entry.title,
        mark=_MARKS.get(status, " "),
        task_id=ids.get(node.key),
        fields=tuple((key, value) for key, value in fields if value.strip()),
        description="\n\n".join(part for part in (entry.description, entry.details) if part and part.strip()),
        acceptance=entry.test_strategy or "",
        children=_tasks(node.children, ids),
    )
