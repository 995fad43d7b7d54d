"""Which task of a branch may start now, and why another one may not. Pure: no clock, no task, no text is changed.

Apart from `outline.waiting`, which finds cycles in a plan as it is written, and `outline.blocked`, which says what one
task waits for in the text, because a run asks again after each task that ends. The rules, each with its test:

- each contiguous list is a group; groups under one parent run in parallel (test_lists_run_in_parallel);
- an ordered group runs in sequence, and one that did not end well holds the rest (test_an_ordered_list_runs_in_order);
- a child inherits what its ancestors and headings depend on (test_a_child_waits_for_what_its_parents_wait_for);
- `dependsOn` is met by `[x]` on that task alone; `[!]`, `[?]`, `[-]` or a missing task blocks with that reason
  (test_a_dependency_is_met_by_completion_alone);
- what stands outside the branch is never pulled in (test_nothing_outside_the_branch_is_pulled_in);
- a cycle over order and dependencies refuses the run (test_a_cycle_is_refused);
- settled tasks are left alone with all below them, and for those behind them it is as if they were not there
  (test_settled_tasks_are_left_alone);
- a failure holds only what builds on it (test_a_failure_holds_only_what_builds_on_it).

Whoever runs it takes keys with `pop`, and tells how each ended. A key is a task's id.

Invariant: every task of the branch is popped at most once, never before what it waits for, and when nothing is under
way each is done or has a reason (test_every_task_ends_or_has_a_reason).
Invariant: what may start at once is what nothing blocks in the text (test_what_starts_at_once_is_what_nothing_blocks).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.errors import TaskError
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import SETTLED, Status
from orchestrator.outline import inherited
from orchestrator.outline.blocked import Worth, dependency
from orchestrator.outline.references import Reference, references
from orchestrator.outline.segments import Kind as SegmentKind
from orchestrator.outline.segments import Segment
from orchestrator.outline.tree import Node, Outline, Task
from orchestrator.outline.waiting import Waiting, is_branch_of

_PRIORITIES = {"high": 0, "medium": 1, "low": 2}
_TITLE = 60
"""Characters of a title in a reason: it has to fit into a `reason` field."""


class End(StrEnum):
    """How a task of the branch ended, as far as others have to know."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Kind(StrEnum):
    LEAF = "leaf"
    """To be done itself."""
    PARENT = "parent"
    """Opened: its subtasks may start."""
    GATHER = "gather"
    """All its subtasks are done: make its result of theirs."""


@dataclass(frozen=True, slots=True)
class Start:
    key: str
    kind: Kind


@dataclass(slots=True)
class _Item:
    key: str
    title: str
    rank: tuple[int, int]
    """Priority, then place in the document."""
    parent: str | None
    gates: int = 0
    """What is still to happen before it may start."""
    children: int = 0
    """Subtasks that have not ended."""
    has_children: bool = False
    unfinished: int = 0
    """Subtasks that ended, but not well."""
    started: bool = False
    ended: End | None = None
    reason: str = ""
    """Why it cannot be done, once that is known."""

    @property
    def final(self) -> bool:
        return self.ended is not None or bool(self.reason)


class Schedule:
    """Made by `schedule`. Costs what the branch is long, however many tasks end in which order."""

    def __init__(self) -> None:
        self._items: dict[str, _Item] = {}
        self._ready: list[tuple[tuple[int, int], str, Kind]] = []
        self._after: dict[str, list[str]] = {}
        """Those that come after a key in an ordered list."""
        self._dependents: dict[str, list[str]] = {}
        self._below: dict[str, list[str]] = {}
        self._blocking: deque[tuple[str, str]] = deque()
        self._draining = False
        self._blocked: dict[str, str] = {}
        self._open = 0
        """Tasks that have neither ended nor a reason."""

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    @property
    def done(self) -> bool:
        """Whether each task has ended or has a reason why it cannot be done."""
        return self._open == 0

    @property
    def blocked(self) -> Mapping[str, str]:
        """Reasons, by key, of the tasks that cannot be done in this run; changes with it."""
        return self._blocked

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def reason(self, key: str) -> str:
        return self._items[key].reason

    def title(self, key: str) -> str:
        return self._items[key].title

    def parent(self, key: str) -> str | None:
        """The task of the branch that it stands directly below."""
        return self._items[key].parent

    def children(self, key: str) -> Sequence[str]:
        """Those of the branch that stand directly below."""
        return tuple(self._below.get(key, ()))

    def above(self, key: str) -> Iterator[str]:
        """The tasks of the branch that it stands below, nearest first."""
        parent = self._items[key].parent
        while parent is not None:
            yield parent
            parent = self._items[parent].parent

    def pop(self) -> Start | None:
        """What may start now, the most urgent first, then in the order of the document."""
        while self._ready:
            _, key, kind = heapq.heappop(self._ready)
            item = self._items[key]
            if item.final:
                continue
            return Start(key, kind)
        return None

    def end(self, key: str, end: End) -> None:
        """A task has ended."""
        item = self._items[key]
        if item.ended is not None:
            return
        known = bool(item.reason)
        item.ended = end
        if not known:
            self._settle(item)
        if end is not End.COMPLETED:
            self._block_below(key, f"“{_short(item.title)}” above it {_WORDS[end]}")

    def block(self, key: str, reason: str) -> None:
        """It cannot be done in this run, and neither can what stands below it or builds on it."""
        self._block_all([(key, reason)])

    def expand(self, outline: Outline, key: str) -> None:
        """The task got subtasks while it ran: they are part of the branch now, and it waits for them."""
        task = outline.by_id(key)[0]
        item = self._items[key]
        new = [child for child in task.children if not child.status.settled and child.task_id not in self._items]
        item.has_children = True
        item.started = True
        _Builder(self, outline, references(outline)).add(new, key)
        if item.children == 0 and not item.final:
            self._gather(item)

    # --- what follows from it ----------------------------------------------------------------------------------

    def add(self, item: _Item) -> None:
        """For the builder."""
        self._items[item.key] = item
        self._open += 1
        if item.parent is not None:
            parent = self._items[item.parent]
            parent.children += 1
            parent.has_children = True
            self._below.setdefault(item.parent, []).append(item.key)

    def wait(self, key: str, on: str, *, order: bool) -> None:
        """For the builder: `key` starts after `on`."""
        other = self._items[on]
        if other.ended is End.COMPLETED or (order and other.ended is End.CANCELLED):
            return
        if other.final:
            why = f"“{_short(other.title)}” before it is not done" if order else _unmet(other)
            self.block(key, why)
            return
        self._items[key].gates += 1
        (self._after if order else self._dependents).setdefault(on, []).append(key)

    def item(self, key: str) -> _Item:
        return self._items[key]

    def open(self, item: _Item) -> None:
        """Nothing keeps it any more."""
        if item.started or item.final:
            return
        item.started = True
        if not item.has_children:
            heapq.heappush(self._ready, (item.rank, item.key, Kind.LEAF))
            return
        heapq.heappush(self._ready, (item.rank, item.key, Kind.PARENT))
        for child in list(self._below.get(item.key, ())):
            self._release(child)
        if item.children == 0 and not item.final:
            self._gather(item)

    def _release(self, key: str) -> None:
        item = self._items[key]
        item.gates -= 1
        if item.gates == 0:
            self.open(item)

    def _settle(self, item: _Item) -> None:
        """It has ended, or never will: tell who waits for it."""
        self._open -= 1
        well = item.ended is End.COMPLETED
        for key in self._after.pop(item.key, ()):
            if item.ended in {End.COMPLETED, End.CANCELLED}:
                self._release(key)
            else:
                self.block(key, f"“{_short(item.title)}” before it {_WORDS[item.ended] if item.ended else 'waits'}")
        for key in self._dependents.pop(item.key, ()):
            if well:
                self._release(key)
            else:
                self.block(key, _unmet(item))
        if item.parent is None:
            return
        parent = self._items[item.parent]
        parent.children -= 1
        parent.unfinished += item.ended not in {End.COMPLETED, End.CANCELLED}
        if parent.children == 0 and parent.started and not parent.final:
            self._gather(parent)

    def _gather(self, item: _Item) -> None:
        if item.unfinished:
            several = f"{item.unfinished} of its subtasks are" if item.unfinished > 1 else "one of its subtasks is"
            self.block(item.key, f"{several} not done")
        else:
            heapq.heappush(self._ready, (item.rank, item.key, Kind.GATHER))

    def _block_all(self, reasons: Iterable[tuple[str, str]]) -> None:
        self._blocking.extend(reasons)
        if self._draining:  # one reason leads to the next: in a queue, because a list may be longer than the stack
            return
        self._draining = True
        while self._blocking:
            one, why = self._blocking.popleft()
            item = self._items[one]
            if item.final:
                continue
            item.reason = self._blocked[one] = why
            self._block_below(one, f"“{_short(item.title)}” above it waits")
            self._settle(item)
        self._draining = False

    def _block_below(self, key: str, why: str) -> None:
        self._block_all((child, why) for child in self._below.get(key, ()))


def schedule(outline: Outline, roots: Sequence[Task]) -> Schedule:
    """The branches of these tasks, as they are to be done. Every task in them that is not settled has an id.

    Raises TaskError for a cycle that touches them, and for an id that stands there twice.
    """
    found = tuple(references(outline))
    refuse(outline, roots, found)
    made = Schedule()
    _Builder(made, outline, found).add(roots, None)
    return made


def refuse(outline: Outline, roots: Sequence[Task], found: Sequence[Reference] | None = None) -> None:
    """Raises TaskError when these branches cannot be run as they are written."""
    written = outline.repeated_ids()
    seen: set[str] = set()
    for segment in open_segments(roots):
        task_id = segment.task_id
        if task_id is not None:
            if task_id in seen or task_id in written:
                raise TaskError(
                    f"Two tasks have the id ^{task_id}.", hint="Remove one of the two; tasks are told apart by it."
                )
            seen.add(task_id)
    known = tuple(references(outline)) if found is None else found
    for cycle in Waiting(outline, known).cycles() if known else ():
        if any(is_branch_of(step.node, root) for step in cycle.steps for root in roots):
            names = [f"“{_short(step.node.title)}”" for step in cycle.steps[:5]]
            more = [f"{len(cycle.steps) - 5} more"] if len(cycle.steps) > 5 else []
            way = " → ".join([*names, *more, names[0]])
            raise TaskError(
                f"These wait for each other, so none of them can be done: {way}.",
                hint="Remove one of the dependencies, or change the order of the list.",
            )


def runnable(roots: Sequence[Task]) -> Iterator[Task]:
    """The tasks of the branches that are not settled, nor below a settled one, in document order."""
    return (task for root in roots for task, settled in _tasks(root) if not settled)


def open_segments(roots: Sequence[Task]) -> Iterator[Segment]:
    """Those of the same tasks, for whoever does not read what they say."""
    return (segment for root in roots for _, segment, settled in _places(root) if not settled)


def _tasks(root: Task) -> Iterator[tuple[Task, bool]]:
    """Those of one branch that are open, and the settled ones that end it (True), in one pass over its lines.

    Not by `children`, which looks for each task anew: a run goes through its branch several times before it begins.
    """
    outline = root.outline
    places = {index: settled for index, _, settled in _places(root)}
    for node in outline.nodes_between(root.index, outline.segments.branch_end(root.index)):
        if isinstance(node, Task) and (settled := places.get(node.index)) is not None:
            yield node, settled


def _places(root: Task) -> Iterator[tuple[int, Segment, bool]]:
    """The same, each with its place, and nothing read."""
    below: int | None = None
    """The rank of the settled task that this stands below."""
    segments, task_kind = root.outline.segments, SegmentKind.TASK
    for index, segment in enumerate(segments.between(root.index, segments.branch_end(root.index)), root.index):
        shape = segment.shape
        if shape.kind is not task_kind or (below is not None and shape.rank > below):
            continue
        settled = shape.mark in SETTLED
        below = shape.rank if settled else None
        yield index, segment, settled


class _Builder:
    """Adds tasks of an outline to a schedule."""

    def __init__(self, made: Schedule, outline: Outline, found: Sequence[Reference] | Iterator[Reference]) -> None:
        self._made = made
        self._outline = outline
        self._needs: dict[Node, list[str]] = {}
        for reference in found:
            self._needs.setdefault(reference.node, []).append(reference.task_id)
        self._lists: dict[int, int] = {}
        """By place of a task, that of the first one of its list."""
        self._last: dict[tuple[str | None, int, int], str] = {}
        """By ordered list, its last task that is not settled."""

    def add(self, tasks: Sequence[Task], parent: str | None) -> None:
        added = self._add_all(tasks, parent)
        made = self._made
        roots = {_key(task) for task in tasks if not task.status.settled}
        for task in added:
            key = _key(task)
            if parent is None or made.item(key).parent != parent:
                self._wait_for_parent(made.item(key))
        for task in added:
            self._connect(task, is_root=_key(task) in roots)
        for task in added:
            item = made.item(_key(task))
            if item.gates == 0 and not item.final:
                made.open(item)

    def _add_all(self, tasks: Sequence[Task], parent: str | None) -> list[Task]:
        added: list[Task] = []
        priorities = inherited.values(self._outline, "priority")
        for root in tasks:
            above: list[tuple[int, str]] = []
            """Depth and key of those that the task stands below, in this branch."""
            for task, settled in _tasks(root):
                depth = task.segment.shape.rank
                while above and above[-1][0] >= depth:
                    above.pop()
                if settled:
                    if above and task.status is Status.COMPLETED:
                        # What it stands below is summed up, also when nothing is left to do.
                        self._made.item(above[-1][1]).has_children = True
                    continue
                key = _key(task)
                rank = _PRIORITIES.get(priorities[task.index] or "medium", 1)
                self._made.add(_Item(key, task.title, (rank, task.line), above[-1][1] if above else parent))
                above.append((depth, key))
                added.append(task)
        return added

    def _wait_for_parent(self, item: _Item) -> None:
        if item.parent is not None and not self._made.item(item.parent).started:
            item.gates += 1

    def _connect(self, task: Task, *, is_root: bool) -> None:
        key, made = _key(task), self._made
        if task.ordered:
            group = (made.item(key).parent, self._outline.list_start(task.index, self._lists), task.depth)
            before = self._last.get(group)
            self._last[group] = key
            if before is not None:
                made.wait(key, before, order=True)
        if why := _never(task, is_root=is_root):
            made.block(key, why)
            return
        for node in self._holders(task, is_root=is_root):
            for other_id in self._needs.get(node, ()):
                self._need(key, node, other_id)

    def _holders(self, task: Task, *, is_root: bool) -> Iterator[Node]:
        """Whose dependencies count for it and are not waited for by its parent in the branch."""
        yield task
        if is_root:
            yield from self._outline.path(task)[:-1]

    def _need(self, key: str, node: Node, other_id: str) -> None:
        worth, other = dependency(self._outline, node, other_id)
        if other is None:
            self._made.block(key, f"it depends on ^{one_line(other_id, 20)}, which is missing")
        elif worth is Worth.OWN_BRANCH:
            self._made.block(key, f"it depends on “{_short(other.title)}”, which is in its own branch")
        elif worth is Worth.MET:
            return
        elif other_id in self._made:
            self._made.wait(key, other_id, order=False)
        else:
            outside = "outside of this run" if not other.status.settled else "so it is never done"
            self._made.block(key, f"it depends on “{_short(other.title)}”, which {_MARKS[other.status]}, {outside}")


_WORDS = {End.COMPLETED: "is done", End.CANCELLED: "was cancelled", End.FAILED: "failed"}
_MARKS = {
    Status.PENDING: "is open",
    Status.IN_PROGRESS: "is in progress",
    Status.FAILED: "failed",
    Status.ASKING: "waits for an answer",
    Status.CANCELLED: "is cancelled",
    Status.COMPLETED: "is done",
    Status.OTHER: "is open",
}


def _never(task: Task, *, is_root: bool) -> str:
    """Why its own mark keeps it from running, if it does. What a person starts by name runs."""
    if not task.title:
        return "it has no title"
    if task.status is Status.OTHER:
        return f"its mark [{one_line(task.mark)}] is none that runs"
    if task.status is Status.IN_PROGRESS and not is_root:
        return "a person is at work on it"
    return ""


def _unmet(item: _Item) -> str:
    word = _WORDS[item.ended] if item.ended else "is not done in this run"
    return f"it depends on “{_short(item.title)}”, which {word}"


def _key(task: Task) -> str:
    task_id = task.segment.task_id
    assert task_id is not None, "ids are written before a run is scheduled"
    return task_id


def _short(title: str) -> str:
    return one_line(title, _TITLE)
