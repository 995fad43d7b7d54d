"""The outline as a tree of sections and tasks, each with its exact place in the text.

Apart from `parse` so that whoever reads an outline needs to know only this. Nothing here changes: an edit makes a new
outline. Nodes are compared by identity, because two equal lines are two tasks.

Invariant: nodes lie inside their parents, in document order, and no two share a first line
(test_nodes_nest_and_never_overlap).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from orchestrator.model.task import Status
from orchestrator.outline.front_matter import FrontMatter
from orchestrator.outline.text import Text


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Task:
    """A list item with a check box."""

    title: str
    """Plain text of the first line: escapes and character references undone outside code spans, no fields, no id."""
    status: Status
    mark: str
    """The character between the brackets."""
    task_id: str | None
    """Without the `^`."""
    fields: Mapping[str, str]
    """In order of appearance; keys that nobody knows are kept."""
    ordered: bool
    """It is an item of an ordered list."""
    description: str
    """The rest of its own body, dedented to the item's text; lines end in `\\n`."""
    acceptance: str
    """Without the word `Accept:`; several such paragraphs or lists are separated by an empty line."""
    result: str | None
    """Without the word `Result:`; the last one counts."""
    children: tuple[Task, ...] = field(repr=False)
    """Also those below items without a check box."""
    start: int
    """Offset of the list marker."""
    title_span: tuple[int, int]
    """The title as written; fields that stand between its words lie inside."""
    mark_span: tuple[int, int]
    id_span: tuple[int, int] | None
    """With the `^`."""
    line: int
    own_end_line: int
    """Exclusive: behind the last line that is its own and not blank. Children lie before it where body follows them."""
    end_line: int
    """Exclusive: behind the last line of the whole branch that is not blank."""
    content_column: int
    """Tabs expanded: where the item's text starts, and its body is indented to."""
    depth: int
    """In how many lists it stands, items without a check box counted: 1 at the top."""
    list_line: int
    """The first line of its list: tasks of one list share it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Section:
    """A heading of the document, and what stands below it up to the next one of its level."""

    title: str
    level: int
    fields: Mapping[str, str]
    """Inherited by the tasks below."""
    line: int
    end_line: int
    """Exclusive: behind the last line that is not blank."""
    title_span: tuple[int, int]
    start: int
    """Offset of the first `#`, or of the first character of an underlined heading."""
    children: tuple[Node, ...] = field(repr=False)


Node: TypeAlias = Task | Section


@dataclass(frozen=True, eq=False)
class Outline:
    """Without slots: the indexes are made when first asked for, and kept."""

    text: Text
    front_matter: FrontMatter
    nodes: tuple[Node, ...]
    """The top level."""

    def tasks(self) -> Iterator[Task]:
        """All of them, in document order."""
        return (node for node in self._order if isinstance(node, Task))

    def walk(self) -> Iterator[Node]:
        """All nodes in document order: parents before their children."""
        return iter(self._order)

    def parent(self, node: Node) -> Node | None:
        return self._parents[node]

    def path(self, node: Node) -> tuple[Node, ...]:
        """From the top level down to the node itself."""
        path: list[Node] = []
        step: Node | None = node
        while step is not None:
            path.append(step)
            step = self._parents[step]
        return tuple(reversed(path))

    def ancestors(self, task: Task) -> tuple[Task, ...]:
        """The tasks above it, outermost first."""
        return tuple(node for node in self.path(task)[:-1] if isinstance(node, Task))

    def node_at_line(self, line: int) -> Node | None:
        """The innermost node that holds the line."""
        index = bisect_right(self._lines, line) - 1
        node = self._order[index] if index >= 0 else None
        while node is not None and node.end_line <= line:
            node = self._parents[node]
        return node

    def task_at_line(self, line: int) -> Task | None:
        """The innermost task that holds the line."""
        node = self.node_at_line(line)
        return node if isinstance(node, Task) else None

    def by_id(self, task_id: str) -> tuple[Task, ...]:
        """More than one where an id was written twice."""
        return self._by_id.get(task_id, ())

    def dependencies(self, task: Task) -> tuple[str, ...]:
        """The ids of its `dependsOn` field, each once, in order."""
        names = (name.strip().removeprefix("^") for name in task.fields.get("dependsOn", "").split(","))
        return tuple(dict.fromkeys(name for name in names if name))

    @cached_property
    def _order(self) -> tuple[Node, ...]:
        return tuple(self._parents)

    @cached_property
    def _lines(self) -> tuple[int, ...]:
        return tuple(node.line for node in self._order)

    @cached_property
    def _parents(self) -> dict[Node, Node | None]:
        """In document order."""
        parents: dict[Node, Node | None] = {}
        waiting: list[tuple[Node, Node | None]] = [(node, None) for node in reversed(self.nodes)]
        while waiting:
            node, parent = waiting.pop()
            parents[node] = parent
            waiting.extend((child, node) for child in reversed(node.children))
        return parents

    @cached_property
    def _by_id(self) -> dict[str, tuple[Task, ...]]:
        found: dict[str, list[Task]] = {}
        for task in self.tasks():
            if task.task_id is not None:
                found.setdefault(task.task_id, []).append(task)
        return {task_id: tuple(tasks) for task_id, tasks in found.items()}
