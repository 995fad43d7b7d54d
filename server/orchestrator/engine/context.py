"""What a model may know of a task: built from the outline, bounded, the same for the same text.

Apart from the prompts because this decides what leaves the computer, and the prompts only how it is worded.
A planner sees the goal (sections), the chain of parents, the task itself, the results it depends on and the
titles of its siblings; never a sibling's description, result or conversation. An executor sees no sibling at all, but
the files that its task names (`attachments`), and who sums up a task sees the results of its subtasks.

Invariant: the size is bounded by depth and dependencies, not by the size of the tree (test_context_is_bounded).
Invariant: no text of a sibling but its title is in it (test_no_sibling_text_but_titles).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from orchestrator.model import json_text
from orchestrator.model.record import record
from orchestrator.model.task import PlannedTask, Status
from orchestrator.outline import inherited
from orchestrator.outline.tree import Node, Outline, Section, Task

OWN_TEXT_LIMIT = 12_000
"""Characters of a task's own description, and of its acceptance: about 3,000 tokens each."""
PARENT_TEXT_LIMIT = 1_500
"""Characters of each parent's description."""
RESULT_LIMIT = 2_000
"""Characters of each result that the task depends on."""
RESULTS = 12
SUBTASK_RESULTS = 40
"""Results of subtasks, when a task is summed up."""
SIBLINGS = 24
"""Titles of siblings, the nearest in the list."""
TITLE_LIMIT = 1_000
"""Characters of any title or heading."""
CUT_MARK = " […]"
FIELDS = ("executor", "model", "type", "prompt", "mode", "files", "budget", "priority")
"""What an executor may know of the fields in force for its task."""


@record
class ParentBrief:
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class ResultBrief:
    """What a task that this one depends on came to."""

    title: str
    result: str


@dataclass(frozen=True, slots=True)
class FileBrief:
    """A file that the task names, or why it is not there."""

    path: str
    """As the task names it."""
    text: str


@record
class Brief:
    title: str
    description: str = ""
    acceptance: str = ""
    sections: tuple[str, ...] = ()
    """Headings that the task stands under, outermost first: the goal."""
    parents: tuple[ParentBrief, ...] = ()
    """Outermost first."""
    results: tuple[ResultBrief, ...] = ()
    siblings: tuple[str, ...] = ()
    """Titles, in the order of the file; for the planner only."""
    files: tuple[FileBrief, ...] = ()
    """For the executor only."""
    subtasks: tuple[ResultBrief, ...] = ()
    """What its subtasks came to; for who sums it up only."""

    def child(self, tasks: tuple[PlannedTask, ...], index: int) -> Brief:
        """The brief of a subtask that is planned but not written yet."""
        task = tasks[index]
        return Brief(
            title=task.title,
            description=_cut(task.description, OWN_TEXT_LIMIT),
            acceptance=_cut(task.acceptance, OWN_TEXT_LIMIT),
            sections=self.sections,
            parents=(*self.parents, ParentBrief(self.title, _cut(self.description, PARENT_TEXT_LIMIT))),
            siblings=_nearest([other.title for other in tasks], index),
        )

    def without_siblings(self) -> Brief:
        return replace(self, siblings=()) if self.siblings else self


@record
class Part:
    """One piece of a context, as `orchestrator/context` will show it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all tasks directly below one node share."""

    sections: tuple[str, ...] = ()
    parents: tuple[ParentBrief, ...] = ()
    needs: tuple[str, ...] = ()
    """Ids that the tasks above depend on, those of the outermost first."""
    settled: bool = False
    """One of the tasks above is completed or cancelled."""


_NOTHING_ABOVE = _Shared()


class Surroundings:
    """What the tasks of one text have from what stands above them, read once for each node that has some below it."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self._fields = inherited.Known(outline, FIELDS)
        self._shared: dict[int, _Shared] = {}
        self._nodes: dict[int, Node] = {}
        """Those that tasks stand directly below, by place: one view of each, which keeps what it read."""
        self._asked: tuple[Task, Node | None] | None = None
        """The task that was asked for last, and its parent: a task is asked for several times when it starts."""

    def above(self, task: Task) -> _Shared:
        parent = self._parent(task)
        return _NOTHING_ABOVE if parent is None else self._below(parent)

    def fields(self, task: Task) -> dict[str, str]:
        """Those in force for the task."""
        return self._fields.of_child(task, self._parent(task))

    def _parent(self, task: Task) -> Node | None:
        if self._asked is not None:
            asked, parent = self._asked
            if asked is task:
                return parent
            if asked.index + 1 == task.index and asked.segment.shape.rank == task.segment.shape.rank:
                self._asked = task, parent  # right behind it on the same level
                return parent
        index = self.outline.segments.parent(self.outline.index_of(task))
        if index is not None and index not in self._nodes:
            self._nodes[index] = self.outline.node(index)
        parent = None if index is None else self._nodes[index]
        self._asked = task, parent
        return parent

    def _below(self, node: Node) -> _Shared:
        if (known := self._shared.get(node.index)) is None:
            parent = self.outline.parent(node)
            above = _Shared() if parent is None else self._below(parent)
            if isinstance(node, Section):
                known = replace(above, sections=(*above.sections, _title(node)))
            else:
                shown = ParentBrief(_title(node), _cut(node.description, PARENT_TEXT_LIMIT))
                needs = (*above.needs, *self.outline.dependencies(node))
                known = _Shared(above.sections, (*above.parents, shown), needs, above.settled or node.status.settled)
            self._shared[node.index] = known
        return known


def build_brief(
    outline: Outline,
    task: Task,
    fresh: Mapping[str, str] | None = None,
    *,
    siblings: bool = True,
    around: Surroundings | None = None,
) -> Brief:
    """`fresh` are results, by id, that are not in the text yet. Siblings cost what their list is long.

    `around` remembers what stands above the tasks of this very outline: to read a parent takes as long as its own text.
    """
    above, below = (around or Surroundings(outline)).above(task), task.contents
    return Brief(
        title=_title(task),
        description=_cut(below.description, OWN_TEXT_LIMIT),
        acceptance=_cut(below.acceptance, OWN_TEXT_LIMIT),
        sections=above.sections,
        parents=above.parents,
        results=_results(outline, (*outline.dependencies(task), *above.needs), fresh or {}),
        siblings=_siblings(outline, task) if siblings else (),
    )


def _siblings(outline: Outline, task: Task) -> tuple[str, ...]:
    parent = outline.parent(task)
    siblings = [node for node in (parent.children if parent else outline.nodes) if isinstance(node, Task)]
    return _nearest([_title(sibling) for sibling in siblings], siblings.index(task))


def parts(brief: Brief) -> tuple[Part, ...]:
    """The context of a call in the order in which the model reads it; empty pieces are left out."""
    pieces = [
        ("Goal", " / ".join(brief.sections) if brief.sections else ""),
        ("Part of", "\n".join(_parent_lines(brief.parents)) if brief.parents else ""),
        ("Task", brief.title),
        ("Description", brief.description),
        ("Accept", brief.acceptance),
        ("Results it builds on", _listed(brief.results)),
        ("Attached files", "\n\n".join([f"{each.path}:\n{_indent(each.text)}" for each in brief.files])),
        ("Results of its subtasks", _listed(brief.subtasks)),
        ("Tasks beside it, planned separately", "\n".join([f"- {title}" for title in brief.siblings])),
    ]
    return tuple([Part(name, text) for name, text in pieces if text])


def _listed(results: Sequence[ResultBrief]) -> str:
    return "\n".join([f"- {item.title}: {item.result}" for item in results]) if results else ""


def as_text(brief: Brief) -> str:
    """The parts as one text. Every value is indented, so that no line of a task can pass for a heading of ours."""
    return "\n\n".join([f"{part.name}:\n{_indent(part.text)}" for part in parts(brief)])


def as_json(brief: Brief) -> str:
    """For the journal: an attempt that is resumed goes on with what it began with."""
    return _as_json(
        {
            "title": brief.title,
            "description": brief.description,
            "acceptance": brief.acceptance,
            "sections": brief.sections,
            "parents": [{"title": one.title, "description": one.description} for one in brief.parents],
            "results": [{"title": one.title, "result": one.result} for one in brief.results],
            "siblings": brief.siblings,
            "files": [{"path": one.path, "text": one.text} for one in brief.files],
            "subtasks": [{"title": one.title, "result": one.result} for one in brief.subtasks],
        }
    )


_as_json = json_text.writer(ensure_ascii=False)


def from_json(stored: str) -> Brief:
    fields = json.loads(stored)
    return Brief(
        title=fields["title"],
        description=fields["description"],
        acceptance=fields["acceptance"],
        sections=tuple(fields["sections"]),
        parents=tuple(ParentBrief(**parent) for parent in fields["parents"]),
        results=tuple(ResultBrief(**result) for result in fields["results"]),
        siblings=tuple(fields["siblings"]),
        files=tuple(FileBrief(**file) for file in fields["files"]),
        subtasks=tuple(ResultBrief(**result) for result in fields["subtasks"]),
    )


def text_hash(task: Task) -> str:
    """Of what the task itself says: whether a person changed it meanwhile."""
    below = task.contents
    said = f"{task.title}\0{below.description}\0{below.acceptance}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def results_of(subtasks: Sequence[Task], fresh: Mapping[str, str]) -> list[ResultBrief]:
    """As many as a brief shows; `fresh` are results, by id, that are not in the text yet."""
    done = islice((child for child in subtasks if child.status is not Status.CANCELLED), SUBTASK_RESULTS)
    return [ResultBrief(child.title, fresh.get(child.task_id or "") or child.result or "done") for child in done]


def summed_up(brief: Brief, children: Sequence[ResultBrief]) -> Brief:
    """The brief for making a task's result of those of its subtasks: results, never transcripts."""
    shown = tuple(ResultBrief(_cut(one.title, TITLE_LIMIT), _cut(one.result, RESULT_LIMIT)) for one in children)
    return replace(brief, siblings=(), files=(), subtasks=shown[:SUBTASK_RESULTS])


def _parent_lines(parents: tuple[ParentBrief, ...]) -> list[str]:
    lines: list[str] = []
    for depth, parent in enumerate(parents):
        lines.append("  " * depth + f"- {parent.title}")
        if parent.description:
            lines.extend("  " * (depth + 1) + line for line in parent.description.splitlines() if line.strip())
    return lines


def _results(outline: Outline, needs: Sequence[str], fresh: Mapping[str, str]) -> tuple[ResultBrief, ...]:
    """Results of its dependencies and of its ancestors' dependencies, each once."""
    found: dict[str, ResultBrief] = {}
    for task_id in needs:
        for other in outline.by_id(task_id):
            if result := fresh.get(task_id) or other.result:
                found.setdefault(task_id, ResultBrief(_title(other), _cut(result, RESULT_LIMIT)))
    return tuple(found.values())[:RESULTS]


def _title(node: Task | Section) -> str:
    return _cut(node.title, TITLE_LIMIT)


def _nearest(titles: list[str], index: int) -> tuple[str, ...]:
    """At most SIBLINGS titles around `index`, without it."""
    half = SIBLINGS // 2
    start = max(0, min(index - half, len(titles) - SIBLINGS - 1))
    window = range(start, min(len(titles), start + SIBLINGS + 1))
    return tuple(titles[position] for position in window if position != index)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - len(CUT_MARK)] + CUT_MARK


def _indent(text: str) -> str:
    return "\n".join([f"  {line}" for line in text.splitlines()])
