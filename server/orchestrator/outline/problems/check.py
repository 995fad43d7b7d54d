"""The problems of one document, kept up to date from one outline to the next.

Apart from the checkers, which are pure functions of a node, an id or a branch, because this knows which of them an edit
can have changed. What was found is kept in groups: those of one node, of one id, of one branch. An edit drops the
groups that it touches and asks again for these alone. Places are kept by segment, so that they move with the text.
Long, because what an edit can have changed is decided in one place.

Invariant: after any edits it finds what it finds in the new outline alone (test_checking_goes_on_as_it_begins).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from orchestrator.outline.delta import Difference, difference, with_new_parents
from orchestrator.outline.identity import index_of_key
from orchestrator.outline.inherited import default, own
from orchestrator.outline.problems import document, statuses, values
from orchestrator.outline.problems.dependencies import cycles, in_branch, missing
from orchestrator.outline.problems.groups import Groups
from orchestrator.outline.problems.ids import duplicate_elsewhere, duplicate_id, may_be_misplaced, misplaced_id
from orchestrator.outline.problems.problem import Found, Place, Problem
from orchestrator.outline.problems.prompts import unknown_prompt
from orchestrator.outline.problems.running import NamedFile, files_of, missing_acceptances, shared_files
from orchestrator.outline.problems.splits import stale_split
from orchestrator.outline.references import Known, Reference, named_by
from orchestrator.outline.scan import MAX_DEPTH
from orchestrator.outline.segments import TOP_TASK, Kind, Segment
from orchestrator.outline.tree import Node, Outline, Task
from orchestrator.outline.waiting import Waiting

DOCUMENT: tuple[Callable[[Outline], Iterable[Problem]], ...] = (
    document.unreadable_front_matter,
    document.later_format,
    values.default_values,
)
"""Checkers of the document's beginning."""

NODE: tuple[Callable[[Node], Iterable[Found]], ...] = (
    document.lost_task,
    statuses.unknown_status,
    statuses.missing_reason,
    values.field_values,
    misplaced_id,
)
"""Checkers of what a node itself says."""

FAMILY: tuple[Callable[[Node], Iterable[Found]], ...] = (
    statuses.completed_with_open_subtasks,
    statuses.open_with_completed_subtasks,
)
"""Checkers of a node and its children."""


class Check:
    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self._groups = Groups(outline)
        self._references: dict[Segment, tuple[Reference, ...]] = {}
        """As they were when they were read: only names and places in the node count."""
        self._named: dict[str, set[Segment]] = {}
        """Who depends on an id."""
        self._dataview: dict[Segment, str] = {}
        """Ids as Dataview writes them (`[id:: x]`): nobody's problem."""
        self._files: dict[Segment, tuple[NamedFile, ...]] = {}
        self._marks: dict[Segment, tuple[tuple[Place, str], ...]] = {}
        """Lines of merge conflicts."""
        self._modes: dict[Segment, str] = {}
        """Nodes whose own mode is `auto`."""
        self._accepts: dict[Segment, bool] = {}
        self._elsewhere: Callable[[str], Sequence[Known]] | None = None
        """The tasks of other files that have an id; None while only this file is looked at."""
        self._elsewhere_state = (0, False)
        self._split_by: Mapping[str, str] = {}
        """By id what a task was split by, as `_hash_of` says it."""
        self._hash_of: Callable[[Task], str] = _title_of
        self._prompts: dict[Segment, None] = {}
        """Nodes that name a prompt."""
        self._prompt_names: frozenset[str] | None = None
        """Of all prompts; None while nobody knows them."""
        self._places: dict[Segment, int] = {}
        """Where segments are, and where ids stand first: known while the whole outline is read for the first time."""
        self._first: dict[str, int] | None = None
        self._reading_all = True
        self._suspicious = any(may_be_misplaced(chunk.string) for chunk in outline.text.chunks)
        """Nearly no outline is: its tasks are not looked at one by one for that when it is opened."""
        self._begin()
        self._suspicious = True
        self._reading_all = False

    # --- what is found -----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many problems there are."""
        return len(self._of_document()) + len(self._groups)

    def problems(self, most: int | None = None) -> tuple[Problem, ...]:
        """In document order. At most so many, the worst: an error at the end must not hide behind hints."""
        return self._groups.problems(self._of_document(), most)

    def _of_document(self) -> list[Problem]:
        return [problem for checker in DOCUMENT for problem in checker(self.outline)]

    # --- the first time ----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        outline = self.outline
        first: dict[str, int] = {}
        twice: dict[str, None] = {}
        for node in outline.walk():
            self._take(node)
            task_id = node.segment.task_id
            if task_id is not None and first.setdefault(task_id, node.index) != node.index:
                twice[task_id] = None
        for index in statuses.families_to_check(outline):
            self._check_family(outline.node(index))
        for task_id in twice:
            self._groups.put(("id", task_id), duplicate_id(outline, task_id))
        self._first = first
        for segment in self._references:
            self._check_references(segment)
        if any(document.may_conflict(chunk.string) for chunk in outline.text.chunks):
            line = 0
            for segment in outline.segments:
                self._take_marks(segment, line)
                line += segment.lines
            self._check_marks()
        self._check_waiting()
        self._check_acceptances(0, len(outline.segments))
        self._places, self._first = {}, None

    # --- after an edit -----------------------------------------------------------------------------------------

    def after(self, outline: Outline) -> None:
        """Go on with the next outline of the same document."""
        old, self.outline = self.outline, outline
        exact = difference(old.segments, outline.segments)
        if exact is None:
            return
        found = with_new_parents(old, outline, exact)
        removed, added = (
            old.segments.between(exact.start, exact.old_end),
            outline.segments.between(exact.start, exact.new_end),
        )
        known, fresh = set(removed), set(added)
        gone = [segment for segment in removed if segment not in fresh]
        new = [segment for segment in added if segment not in known]
        self._groups.move(outline)
        calm = self._is_calm(old, outline, exact, gone, new)
        judged = [(self._accepts.get(segment), ("acceptance", segment) in self._groups) for segment in gone]
        ids = {segment.task_id for segment in (*gone, *new) if segment.task_id is not None}
        ids |= {self._dataview[segment] for segment in gone if segment in self._dataview}
        for segment in gone:
            self._drop(segment)
        region = list(outline.nodes_between(found.start, found.new_end))
        fresh = set(new)
        for node in region:
            if node.segment in fresh:
                self._take(node)
        same_marks = [_marks(segment) for segment in removed] == [_marks(segment) for segment in added]
        text_changed = any(segment.shape.kind is Kind.TEXT for segment in (*gone, *new))
        for node in region:
            self._check_family(node)
        for node in self._above(found.start):
            # With the same marks below it nothing is new, but what is told of it may name a child.
            if not same_marks or ("family", node.segment) in self._groups:
                self._check_family(node)
            if text_changed and node.segment in self._accepts and isinstance(node, Task):
                # Read, not forgotten: of what is not known it is taken that nobody asked for it.
                self._accepts[node.segment] = bool(node.acceptance)
        ids |= {self._dataview[segment] for segment in new if segment in self._dataview}
        self._check_ids(ids, region)
        if self._split_by:
            around = self._above(found.start) if text_changed or not same_marks else []
            for task_id in ids | {node.segment.task_id or "" for node in (*region, *around)}:
                if task_id in self._split_by or ("split", task_id) in self._groups:
                    self._check_split(task_id)
        self._update_marks(exact, gone, new)
        if outline.front_matter != old.front_matter:
            self._check_acceptances(0, len(outline.segments))
        elif not self._is_judged_the_same(gone, new, judged):
            self._check_acceptances(found.start, found.new_end)
        # What names a node that is another one now is said anew, with its title.
        if not calm or any(self._groups.use(segment) for segment in gone):
            self._check_waiting()

    def _check_ids(self, ids: set[str], region: list[Node]) -> None:
        """`ids`: those that came or went; `region`: nodes that may stand in other branches now."""
        for task_id in ids:
            self._groups.put(("id", task_id), duplicate_id(self.outline, task_id))
            self._check_abroad(task_id)
        asking = {node.segment for node in region if node.segment in self._references}
        for task_id in ids | {node.segment.task_id or "" for node in region}:
            asking |= self._named.get(task_id, _NOBODY)
        for segment in asking:
            self._check_references(segment)

    def _is_judged_the_same(
        self, gone: list[Segment], new: list[Segment], judged: list[tuple[bool | None, bool]]
    ) -> bool:
        """Whether this edit left as it was how one sees that tasks are done. `judged`: what was known of `gone`."""
        if not self._modes and default(self.outline, "mode") != "auto":
            return not self._groups.of_kind("acceptance")
        return (
            [_kinship(segment) for segment in gone] == [_kinship(segment) for segment in new]
            and all(segment.shape.kind is Kind.TASK and not segment.shape.fields for segment in (*gone, *new))
            and not any(had for _, had in judged)
            and not any(self._groups.use(segment) for segment in gone)
            and all(
                accepted is None or accepted == self._has_acceptance(node)
                for (accepted, _), node in zip(judged, map(self._node, new), strict=True)
                if isinstance(node, Task)
            )
        )

    def look_elsewhere(self, known: Callable[[str], Sequence[Known]], generation: int, *, complete: bool) -> None:
        """Look at the other files of the workspace too.

        `known` gives the tasks there that have an id, `generation` is another number when it may give others. Until it
        is `complete` nothing is said to be missing: it may yet turn up.
        """
        before = self._elsewhere is not None and self._elsewhere_state
        self._elsewhere, self._elsewhere_state = known, (generation, complete)
        if before == self._elsewhere_state:
            return
        for task_id in {segment.task_id for segment in self.outline.segments if segment.task_id is not None}:
            self._check_abroad(task_id)
        for segment in self._references:
            self._check_references(segment)

    def _check_abroad(self, task_id: str) -> None:
        others = self._elsewhere(task_id) if self._elsewhere is not None else ()
        tasks = self.outline.by_id(task_id) if others else ()
        self._groups.put(("abroad", task_id), (one for task in tasks for one in duplicate_elsewhere(task, others)))

    def look_back(self, split_by: Mapping[str, str], hash_of: Callable[[Task], str]) -> None:
        """Compare tasks with what they said when they were split: by id, what `hash_of` gave then."""
        if split_by is self._split_by:
            return
        before, self._split_by, self._hash_of = self._split_by, split_by, hash_of
        for task_id in before.keys() | split_by.keys():
            self._check_split(task_id)

    def _check_split(self, task_id: str) -> None:
        holders = self.outline.by_id(task_id) if task_id in self._split_by else ()
        # Where an id stands twice nobody knows which task was split.
        changed = [task for task in holders[:1] if self._hash_of(task) != self._split_by[task_id]]
        found = stale_split(changed[0]) if changed and len(holders) == 1 else ()
        self._groups.put(("split", task_id), found)

    @property
    def names_prompts(self) -> bool:
        return bool(self._prompts)

    def look_for_prompts(self, names: frozenset[str]) -> None:
        """Say which of the prompts that are named there are none of."""
        if names == self._prompt_names:
            return
        self._prompt_names = names
        for segment in self._prompts:
            self._check_prompt(self._node(segment))

    def _check_prompt(self, node: Node) -> None:
        if self._prompt_names is not None:
            self._groups.put(("prompt", node.segment), unknown_prompt(node, self._prompt_names), node.index)

    def _is_calm(
        self, old: Outline, new: Outline, exact: Difference, gone: list[Segment], added: list[Segment]
    ) -> bool:
        """Whether nothing changed that could make or end a cycle, or let tasks run at the same time."""
        if not self._references and not self._files:
            return all(not segment.shape.fields for segment in added)
        if any(segment.shape.fields or segment.task_id in self._named for segment in (*gone, *added)):
            return False
        if [_kinship(segment) for segment in gone] == [_kinship(segment) for segment in added]:
            return True
        # Nodes without anything below them behind the change matter to nobody.
        return all(
            outline.segments.branch_end(index) <= end
            for outline, end in ((old, exact.old_end), (new, exact.new_end))
            for index in range(exact.start, end)
            if outline.segments[index].shape.kind is not Kind.TEXT
        )

    def _drop(self, segment: Segment) -> None:
        for kind in ("node", "family", "depends", "acceptance", "prompt"):
            self._groups.put((kind, segment), ())
        for reference in self._references.pop(segment, ()):
            waiting = self._named.get(reference.task_id)
            if waiting is not None:
                waiting.discard(segment)
                if not waiting:
                    del self._named[reference.task_id]
        self._files.pop(segment, None)
        self._prompts.pop(segment, None)
        self._modes.pop(segment, None)
        self._accepts.pop(segment, None)
        self._dataview.pop(segment, None)

    # --- single nodes ------------------------------------------------------------------------------------------

    def _take(self, node: Node) -> None:
        """Read what a node says, once."""
        segment, shape = node.segment, node.segment.shape
        if (
            shape.fields
            or shape.mark not in _QUIET
            or shape.outer.lists + 1 >= MAX_DEPTH
            or (segment.task_id is None and self._is_suspicious(node))
        ):
            self._groups.put(("node", segment), (one for checker in NODE for one in checker(node)), node.index)
        if not shape.fields:
            return
        named = tuple(named_by(self.outline, node))
        if self._reading_all:
            self._places[segment] = node.index
        if named:
            self._references[segment] = named
            for reference in named:
                self._named.setdefault(reference.task_id, set()).add(segment)
        files = files_of(node)
        if files:
            self._files[segment] = files
        if own(node, "mode") == "auto":
            self._modes[segment] = "auto"
        if "prompt" in node.fields:
            self._prompts[segment] = None
            self._check_prompt(node)
        if "id" in node.fields:
            self._dataview[segment] = node.fields["id"]

    def _is_suspicious(self, node: Node) -> bool:
        """Whether something in its first line looks like an id that is none."""
        return self._suspicious and may_be_misplaced(self.outline.text.line(node.line))

    def _above(self, index: int) -> list[Node]:
        """The node in front of a segment, and those above it."""
        outline = self.outline
        nodes: list[Node] = []
        step = index - 1 if index > 0 else None
        if step is not None and outline.segments[step].shape.kind is Kind.TEXT:
            step = outline.segments.parent(step)
        while step is not None:
            nodes.append(outline.node(step))
            step = outline.segments.parent(step)
        return nodes

    def _check_family(self, node: Node) -> None:
        self._groups.put(("family", node.segment), (one for checker in FAMILY for one in checker(node)), node.index)

    # --- dependencies ------------------------------------------------------------------------------------------

    def _check_references(self, segment: Segment) -> None:
        node = self._node(segment)
        found: list[Found] = []
        for reference in named_by(self.outline, node):
            other = self._task(reference.task_id)
            if other is not None:
                found += in_branch(reference, other)
            elif reference.task_id not in self._dataview.values() and not self._may_be_elsewhere(reference.task_id):
                found += missing(reference, everywhere=self._elsewhere is not None)
        self._groups.put(("depends", segment), found, node.index)

    def _may_be_elsewhere(self, task_id: str) -> bool:
        if self._elsewhere is None:
            return False
        _, complete = self._elsewhere_state
        return not complete or bool(self._elsewhere(task_id))

    def _check_waiting(self) -> None:
        waiting: list[Waiting | None] = []

        def graph() -> Waiting | None:
            if not waiting:
                waiting.append(self._waiting())
            return waiting[0]

        known = graph() if self._references else None
        self._groups.put(("cycles", None), cycles(known) if known else ())
        nodes = sorted([self._node(segment) for segment in self._files], key=lambda node: node.index)
        tasks = [(node, self._files[node.segment]) for node in nodes if isinstance(node, Task)]
        self._groups.put(("files", None), shared_files(tasks, graph))

    def _waiting(self) -> Waiting | None:
        """Of the nodes that depend, are depended on, or name files, and those above them."""
        if not self._references:
            return None
        outline = self.outline
        wanted: dict[int, Node] = {}
        asked: list[Reference] = []
        for segment in self._references:
            node = self._node(segment)
            wanted[node.index] = node
            asked += named_by(self.outline, node)
        for reference in asked:
            task = self._task(reference.task_id)
            if task is not None:
                wanted[task.index] = task
        for segment in self._files:
            node = self._node(segment)
            wanted[node.index] = node
        for index in list(wanted):
            step = outline.segments.parent(index)
            while step is not None and step not in wanted:
                wanted[step] = outline.node(step)
                step = outline.segments.parent(step)
        asked.sort(key=lambda reference: reference.start)
        return Waiting(outline, asked, [wanted[index] for index in sorted(wanted)])

    # --- what is seldom ----------------------------------------------------------------------------------------

    def _take_marks(self, segment: Segment, line: int) -> None:
        string = self.outline.text.lines(line, line + segment.lines)
        marks = tuple((Place(segment, start, end), mark) for start, end, mark in document.conflict_marks(string))
        if marks:
            self._marks[segment] = marks

    def _check_marks(self) -> None:
        if not self._marks:
            self._groups.put(("conflicts", None), ())
            return
        ordered = [mark for segment in self.outline.segments for mark in self._marks.get(segment, ())]
        self._groups.put(("conflicts", None), document.conflicts(ordered))

    def _update_marks(self, exact: Difference, gone: list[Segment], new: list[Segment]) -> None:
        had = bool(self._marks)
        for segment in gone:
            self._marks.pop(segment, None)
        fresh = set(new)
        line = self.outline.segments.line(exact.start)
        for index in range(exact.start, exact.new_end):
            segment = self.outline.segments[index]
            if segment in fresh:
                self._take_marks(segment, line)
            line += segment.lines
        if had or self._marks:
            self._check_marks()

    # --- acceptances -------------------------------------------------------------------------------------------

    def _check_acceptances(self, start: int, end: int) -> None:
        """Of the branches, each below no other task, that these segments are in."""
        outline, segments = self.outline, self.outline.segments
        if not self._modes and default(outline, "mode") != "auto":
            for group in self._groups.of_kind("acceptance"):
                self._groups.put(group, ())
            return
        if start < len(segments) and segments[start].shape.rank > TOP_TASK:
            start = segments.before(start, TOP_TASK) or 0
        for node in outline.top_level(start, end):
            self._check_acceptance(node)

    def _check_acceptance(self, node: Node) -> None:
        if isinstance(node, Task):
            self._groups.put(("acceptance", node.segment), missing_acceptances(node, self._has_acceptance), node.index)
            return
        for child in node.children:
            self._check_acceptance(child)

    def _has_acceptance(self, task: Task) -> bool:
        found = self._accepts.get(task.segment)
        if found is None:
            found = self._accepts[task.segment] = bool(task.acceptance)
        return found

    # --- finding -----------------------------------------------------------------------------------------------

    def _task(self, task_id: str) -> Task | None:
        """The first one that has this id."""
        if self._first is None:
            return next(iter(self.outline.by_id(task_id)), None)
        index = self._first.get(task_id)
        node = None if index is None else self.outline.node(index)
        return node if isinstance(node, Task) else None

    def _node(self, segment: Segment) -> Node:
        index = self._places.get(segment)
        if index is None:
            index = index_of_key(self.outline, segment.key)
        assert index is not None, "what was dropped is not asked for"
        return self.outline.node(index)


def _title_of(task: Task) -> str:
    return task.title


_NOBODY: frozenset[Segment] = frozenset()
_QUIET = frozenset(" xX-/")
"""Marks that no checker of single nodes has anything to say of."""


def _kinship(segment: Segment) -> tuple[object, ...]:
    """What decides how a node stands to others."""
    shape = segment.shape
    return shape.kind, shape.rank, shape.outer, shape.marker, shape.joined, shape.mark, shape.column


def _marks(segment: Segment) -> tuple[int, str]:
    return segment.shape.rank, segment.shape.mark
