"""What happens before the first task of a run may start: it is refused, or agreed with its person, and gets its ids.

Apart from `run`, which goes on from there, because all of this happens once, and most of it can end the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.engine.branch import BranchRequest
from orchestrator.engine.editor import Holder, Person, Question, View
from orchestrator.engine.money import budget_of
from orchestrator.engine.new_ids import require_no_misplaced_id, seeded_source
from orchestrator.engine.schedule import open_segments, runnable
from orchestrator.errors import EditRefusedError, TaskError, TrustError
from orchestrator.outline import inherited
from orchestrator.outline.outcome import give_ids
from orchestrator.outline.tree import Outline, Task
from orchestrator.store.store import Store

TRIES = 5
HOW = ("Ask before each", "Run all by themselves")
NOT_NOW, RUN = "Not now", "Run"
NOT_STARTED = "it was not started"


class Roots:
    """The tasks that a person chose, found again in every later text."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.ids = [task.task_id or "" for task in tasks]
        self._lines = [task.line for task in tasks]

    def find(self, outline: Outline) -> list[Task]:
        """By id, else by the line where they stood when the person chose them: only our own ids came in between."""
        roots: list[Task] = []
        for task_id, line in zip(self.ids, self._lines, strict=True):
            found = outline.by_id(task_id) if task_id else ()
            task = found[0] if found else outline.task_at_line(line) if line < outline.text.line_count else None
            if task is None or (not found and task.line != line):
                raise EditRefusedError("The text has changed since.", hint="Choose the task again.")
            roots.append(task)
        return roots


async def refuse_second(store: Store, uri: str, outline: Outline, roots: Sequence[Task]) -> None:
    """Of another process; the session looks at its own."""
    running = await store.running(uri)
    if not running:
        return
    ours = {task.task_id for task in runnable(roots)} | above(outline, roots)
    for run in running:
        theirs = [found[0] for root in run.request.get("roots", ()) if (found := outline.by_id(str(root)))]
        if any(task.task_id in ours for root in theirs for task in (root, *outline.ancestors(root)) if task.task_id):
            raise TaskError(
                f"“{run.task_title}” of this outline is being run by another program.",
                hint="Wait until it ends, or stop it with `orchestrator stop`.",
            )


def above(outline: Outline, roots: Sequence[Task]) -> set[str | None]:
    """Ids of the tasks above these."""
    return {task.task_id for root in roots for task in outline.ancestors(root)}


class NotStartedError(Exception):
    """The person saw what it may take, and did not want it."""


async def ask_before(
    person: Person, outline: Outline, roots: Sequence[Task], price: str, request: BranchRequest
) -> bool:
    """In one question: what it may take (`price`; empty: nothing to ask), and how interactive tasks are to be run.

    Answers whether all run by themselves. Raises NotStartedError, and TrustError when nobody is here to ask.
    """
    some = "" if request.auto else _interactive(outline, roots)
    if not (price or some):
        return request.auto
    careful = (NOT_NOW,) if price else ()
    asked = (
        f"{some} interactive. How {'is it' if some.startswith('One ') else 'are they'} to be run?"
        if some
        else "Run it?"
    )
    choices = (*careful, *HOW) if some else (*careful, RUN)
    answer = await person.ask(Question(f"{price} {asked}".strip(), choices))
    if answer == HOW[1]:
        return True
    if price and answer in {None, NOT_NOW}:
        raise NotStartedError
    if answer is None and not request.wait:
        raise TrustError(
            f"{some} interactive, and nobody is here to ask.",
            hint="`--auto` runs them by themselves; or write `mode: auto` into the front matter's `defaults`.",
        )
    return request.auto


def _interactive(outline: Outline, roots: Sequence[Task]) -> str:
    """The beginning of a sentence about the tasks that want a person; empty when none does."""
    tasks = [task for task in runnable(roots) if not any(not child.status.settled for child in task.children)]
    if len(tasks) == 1 and tasks == list(roots):
        return ""
    modes = inherited.values(outline, "mode")
    waiting = sum(modes[task.index] != "auto" for task in tasks)
    if not waiting:
        return ""
    return f"{waiting} of {len(tasks)} tasks are" if waiting > 1 else f"One of {len(tasks)} tasks is"


async def with_ids(holder: Holder, find: Callable[[Outline], list[Task]], seed: str) -> tuple[View, list[Task]]:
    """Every task of the branches gets an id, and each above them whose budget counts, in one edit."""
    for tries_left in reversed(range(TRIES)):
        view = await holder.look()
        roots = find(view.outline)
        paying = [node for root in roots for node in view.outline.ancestors(root) if budget_of(node.fields) is not None]
        tasks = runnable(roots) if any(segment.task_id is None for segment in open_segments(roots)) else ()
        missing = {task.index: task for task in (*tasks, *paying) if task.task_id is None}
        if not missing:
            return view, roots
        require_no_misplaced_id(missing.values())
        try:
            edits = give_ids(missing.values(), seeded_source(view, seed))
            await holder.apply(view, edits, "Give ids to the tasks of a run")
        except EditRefusedError:
            if not tries_left:
                raise
    raise EditRefusedError("The tasks could not be given ids.", hint="Look at the outline and run it again.")
