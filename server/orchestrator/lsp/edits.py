"""Edits that a person asks for, by a request of ours, a command or a code action: computed here, made by the client.

Apart from the features because code actions, commands and requests are three doors to the same edits.

Invariant: an edit is computed from the newest text, or refused because it was asked for in an older one
(test_an_edit_for_an_older_text_is_refused).
Invariant: two edits of one document never cross: the second is computed from what the first left
(test_edits_of_one_document_wait_for_each_other).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from orchestrator.errors import EditRefusedError, ProtocolError, TaskNotFoundError
from orchestrator.lsp import convert
from orchestrator.lsp.editor import change
from orchestrator.lsp.protocol import EditFixParams, EditParams, EditResult, Position, Range
from orchestrator.model.task import Status
from orchestrator.outline import actions
from orchestrator.outline.actions.following import offset_after
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fixes import fix_all, fixes
from orchestrator.outline.tree import Outline, Section, Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document, Snapshot
    from orchestrator.lsp.server import Server

Made = tuple[TextEdit, ...]
NewId = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One edit, computed."""

    snapshot: Snapshot
    edits: Made
    task: Task | None
    """The first that it is about."""


@dataclass(frozen=True, slots=True)
class _Action:
    """What a method does with tasks."""

    label: str
    """As a list of undo steps may show it."""
    run: Callable[[Outline, tuple[Task, ...], Any, NewId], Made]
    """Outline, tasks, params, and where fresh ids come from."""


_ACTIONS: Mapping[str, _Action] = {
    "orchestrator/edit/status/set": _Action(
        "Set status",
        lambda outline, tasks, params, _: actions.set_status(outline, tasks, Status(params.status), params.reason),
    ),
    "orchestrator/edit/status/cycle": _Action(
        "Cycle status", lambda outline, tasks, _, __: actions.cycle_status(outline, tasks)
    ),
    "orchestrator/edit/value/set": _Action(
        "Set field", lambda outline, tasks, params, _: actions.set_value(outline, tasks, params.key, params.value)
    ),
    "orchestrator/edit/promote": _Action("Promote", lambda outline, tasks, _, __: actions.promote(outline, tasks)),
    "orchestrator/edit/demote": _Action("Demote", lambda outline, tasks, _, __: actions.demote(outline, tasks)),
    "orchestrator/edit/move": _Action(
        "Move", lambda outline, tasks, params, _: actions.move(outline, tasks, params.steps)
    ),
    "orchestrator/edit/subtask/add": _Action(
        "Add subtask", lambda outline, tasks, params, _: actions.add_subtask(outline, tasks[0], params.title)
    ),
    "orchestrator/edit/sibling/add": _Action(
        "Add task", lambda outline, tasks, params, _: actions.add_sibling(outline, tasks[0], params.title)
    ),
    "orchestrator/edit/acceptance/add": _Action(
        "Add acceptance", lambda outline, tasks, params, _: actions.add_acceptance(outline, tasks[0], params.text)
    ),
    "orchestrator/edit/sequence": _Action(
        "Make a sequence", lambda outline, tasks, _, __: actions.into_sequence(outline, tasks[0])
    ),
    "orchestrator/edit/ids/assign": _Action(
        "Assign ids", lambda outline, tasks, _, new_id: actions.assign_ids(outline, tasks, new_id)
    ),
}
_OTHER_LABELS = {
    "orchestrator/edit/sort": "Sort by status",
    "orchestrator/edit/extract": "Extract subtask",
    "orchestrator/edit/into": "Move",
    "orchestrator/edit/fix": "Fix",
    "orchestrator/edit/fixAll": "Fix all",
}


def compute(server: Server, method: str, params: Any) -> Asked:
    """The edit that a request of this method means. Raises FileError, EditRefusedError, TaskError, ProtocolError."""
    snapshot = server.documents.snapshot(params.uri)
    if params.version is not None and params.version != snapshot.version:
        raise EditRefusedError("The text has changed meanwhile.", hint="Try again.")
    outline = snapshot.outline
    if method == "orchestrator/edit/fixAll":
        return Asked(snapshot, fix_all(outline, id_source(server, snapshot))[0], None)
    if method == "orchestrator/edit/fix":
        return Asked(snapshot, _fix(server, snapshot, params), None)
    if method == "orchestrator/edit/extract":
        first, last = lines_of(_range_of(params))
        return Asked(snapshot, actions.extract(outline, first, last), None)
    if method == "orchestrator/edit/into":
        moved = _tasks(snapshot, params)
        return Asked(snapshot, actions.move_into(outline, moved, snapshot.node(params.parent_id)), moved[0])
    if method == "orchestrator/edit/sort":
        parents = _parents(snapshot, params)
        first_task = next((node for node in parents if isinstance(node, Task)), None)
        return Asked(snapshot, actions.sort_by_status(outline, parents), first_task)
    tasks = _tasks(snapshot, params)
    return Asked(snapshot, _ACTIONS[method].run(outline, tasks, params, id_source(server, snapshot)), tasks[0])


def id_source(server: Server, snapshot: Snapshot) -> NewId:
    """Ids that no task of the workspace has; nothing is looked up before the first is needed."""
    source: list[NewId] = []

    def new_id() -> str:
        if not source:
            source.append(server.index.new_ids(snapshot))
        return source[0]()

    return new_id


def lines_of(span: Range) -> tuple[int, int]:
    """The first and the last line; a selection that ends before the first character of a line is without that."""
    first, last = span.start.line, span.end.line
    return first, last - 1 if last > first and span.end.character == 0 else last


class Edits:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._turns: WeakKeyDictionary[Document, asyncio.Lock] = WeakKeyDictionary()

    async def make(self, method: str, params: Any) -> EditResult:
        """Compute the edit and have the client make it."""
        document = self._server.documents.get(params.uri)
        async with self._turns.setdefault(document, asyncio.Lock()):
            asked = compute(self._server, method, params)
            snapshot = asked.snapshot
            if asked.edits:
                label = _ACTIONS[method].label if method in _ACTIONS else _OTHER_LABELS[method]
                unwilling = await change(self._server, document, snapshot.text, asked.edits, label)
                if unwilling is not None:
                    raise unwilling.refusal()
            return self._result(document, asked)

    def _result(self, document: Document, asked: Asked) -> EditResult:
        offset = None if asked.task is None else offset_after(asked.snapshot.text, asked.task, asked.edits)
        if asked.task is None or offset is None:
            return EditResult(document_version=document.version)
        place = convert.position(document.text, offset, self._server.client.encoding)
        return EditResult(
            document_version=document.version,
            position=Position(line=place.line, character=place.character),
            moved=place.line - asked.task.line,
        )


def tasks_with(snapshot: Snapshot, node_ids: Sequence[str]) -> tuple[Task, ...]:
    """Each once, in the order of the text, without sections. Raises TaskNotFoundError."""
    nodes = [snapshot.node(node_id) for node_id in dict.fromkeys(node_ids)]
    tasks = [node for node in nodes if isinstance(node, Task)]
    if not tasks:
        raise TaskNotFoundError("These are sections and no tasks.", hint="Choose a task.")
    return tuple(sorted(tasks, key=lambda task: task.line))


def _tasks(snapshot: Snapshot, params: EditParams) -> tuple[Task, ...]:
    if params.node_ids is not None:
        return tasks_with(snapshot, params.node_ids)
    if params.node_id is not None:
        node = snapshot.node(params.node_id)
        if not isinstance(node, Task):
            raise TaskNotFoundError("This is a section and no task.", hint="Choose a task.")
        return (node,)
    return actions.tasks_in(snapshot.outline, *lines_of(_range_of(params)))


def _parents(snapshot: Snapshot, params: EditParams) -> tuple[Task | Section, ...]:
    """Whose children are sorted: the tasks, or the section whose heading the range is on."""
    if params.node_id is not None:
        return (snapshot.node(params.node_id),)
    first, last = lines_of(_range_of(params))
    node = snapshot.outline.node_at_line(first) if first < snapshot.text.line_count else None
    return (node,) if isinstance(node, Section) and first == last else _tasks(snapshot, params)


def _range_of(params: EditParams) -> Range:
    if params.range is None or params.node_id is not None:
        raise ProtocolError("Either `nodeId` or `range` must be given.", hint="Give one; to extract lines, `range`.")
    return params.range


def _fix(server: Server, snapshot: Snapshot, params: EditFixParams) -> Made:
    encoding = server.client.encoding
    for problem in snapshot.problems():
        if problem.code.value != params.code:
            continue
        if convert.wire_range(convert.span(snapshot.text, problem.start, problem.end, encoding)) != params.range:
            continue
        for fix in fixes(snapshot.outline, problem, id_source(server, snapshot)):
            if fix.name == params.name:
                return fix.edits()
    raise EditRefusedError("This problem is not there any more.", hint="Look at the problems as they are now.")
