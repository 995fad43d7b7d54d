"""The tasks of a run on the screen while it goes on: a tree that is drawn again in its place.

Apart from `run` because this only looks. On a screen that is too low it shows what matters: what is under way, waits or
failed, with its parents, and says how much it leaves out. Where lines cannot be replaced, each ending is one line.

Invariant: a state is told in words, never by colour alone (test_the_tree_says_states_in_words).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.cli.terminal import Terminal
from orchestrator.engine.bills import money
from orchestrator.engine.branch import BranchView, TaskView
from orchestrator.model.run import AttemptState, Event, RunState
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.engine.run import BranchRun

_WORDS = {
    AttemptState.PENDING: "begins",
    AttemptState.DECIDING: "deciding",
    AttemptState.PLANNING: "planning",
    AttemptState.EXPANDED: "waits for its subtasks",
    AttemptState.EXECUTING: "at work",
    AttemptState.AGGREGATING: "summing up",
    AttemptState.VERIFYING: "checking",
    AttemptState.WAITING: "waits for you",
    AttemptState.COMPLETED: "done",
    AttemptState.FAILED: "failed",
    AttemptState.CANCELLED: "stopped",
    AttemptState.SIMPLE: "simple",
}
_SIGNS = {
    AttemptState.COMPLETED: "x",
    AttemptState.FAILED: "!",
    AttemptState.WAITING: "?",
    AttemptState.CANCELLED: "-",
    AttemptState.EXPANDED: " ",
}
_STYLES = {
    AttemptState.COMPLETED: "dim",
    AttemptState.FAILED: "red",
    AttemptState.WAITING: "yellow",
    AttemptState.CANCELLED: "dim",
    AttemptState.EXPANDED: "",
}
_QUIET = {AttemptState.COMPLETED, AttemptState.CANCELLED, None}
_ENDS = {AttemptState.COMPLETED, AttemptState.FAILED, AttemptState.CANCELLED, AttemptState.WAITING}
_MARGIN = 4
_PER_SECOND = 8


class LiveTree:
    """Used as a context: the tree stands on the screen within it."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._run: BranchRun | None = None
        self._live: Any = None
        self._aside = False
        self._held: list[str] = []
        """What came while the person was asked, to be shown after that."""

    def watch(self, run: BranchRun) -> None:
        self._run = run

    def on_event(self, event: Event) -> None:
        if event.kind == "attempt.state" and not self._terminal.redraws:
            self._tell(event)
        if event.kind == "attempt.findings":
            for finding in event.detail.get("findings", ()):
                place = f"{finding['path']}:{finding['line']}"
                self.note(f"{place}: {finding['severity']}: {finding['message']}")

    def note(self, text: str) -> None:
        if self._aside:
            self._held.append(text)
        elif self._live is not None:
            self._live.console.print(one_line(text), style="yellow", markup=False, highlight=False)
        else:
            self._terminal.say(one_line(text), "warning")

    def __enter__(self) -> LiveTree:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    @contextmanager
    def aside(self) -> Generator[None]:
        """The screen without the tree, while a person is asked."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        self._aside = True
        try:
            yield
        finally:
            self._aside = False
            if live is not None:
                self._start()
            held, self._held = self._held, []
            for text in held:
                self.note(text)

    def _start(self) -> None:
        """Below what is on the screen: one that was stopped and started again would draw over the question."""
        if self._terminal.redraws:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, no_color=not self._terminal.coloured, highlight=False, soft_wrap=False)
            self._live = Live(
                get_renderable=self._render, console=console, refresh_per_second=_PER_SECOND, transient=True
            )
            self._live.start()

    def _render(self) -> Any:
        from rich.text import Text

        if self._run is None:
            return Text("starting …")
        height = max(6, self._live.console.size.height - _MARGIN) if self._live else 40
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(headline(self._run.view), style="bold")
        for line, style in tree_lines(self._run.tasks(), height):
            text.append(f"\n{line}", style=style)
        return text

    def _tell(self, event: Event) -> None:
        state = AttemptState(event.detail["state"])
        if state in _ENDS:
            reason = one_line(str(event.detail.get("reason", "")), 160)
            why = f": {reason}" if reason else ""
            self._terminal.say(f"{one_line(str(event.detail['title']), 70)} · {_WORDS[state]}{why}")


def headline(view: BranchView) -> str:
    parts = [f"{one_line(view.title, 50)}", f"{view.done} of {view.total} done"]
    if view.failed:
        parts.append(f"{view.failed} failed")
    if view.waiting:
        parts.append(view.waiting_words)
    if view.blocked:
        parts.append(f"{view.blocked} not possible")
    if view.usage.input_tokens:
        parts.append(money(view.cost))
    return " · ".join(parts)


def tree_lines(tasks: list[TaskView], height: int) -> Iterator[tuple[str, str]]:
    """Lines with their styles, parents before children, at most `height`."""
    below: dict[str | None, list[TaskView]] = {}
    for task in tasks:
        below.setdefault(task.parent, []).append(task)
    shown = None if len(tasks) <= height else _important(tasks, height - 1)
    count = 0
    waiting = [(task, 1) for task in reversed(below.get(None, []))]
    while waiting:
        task, depth = waiting.pop()
        waiting += [(child, depth + 1) for child in reversed(below.get(task.task_id, []))]
        if shown is not None and task.task_id not in shown:
            continue
        count += 1
        yield task_line(task, depth), _STYLES.get(task.state, "bold") if task.state else "dim"
    if count < len(tasks):
        yield f"  … and {len(tasks) - count:,} more", "dim"


def task_line(task: TaskView, depth: int) -> str:
    sign = "·" if task.state is None else _SIGNS.get(task.state, ">")
    word = "" if task.state is None else _WORDS[task.state]
    if task.state is None and task.reason:
        word = "not possible"
    reason = f": {one_line(task.reason, 90)}" if task.reason and task.state is not AttemptState.EXPANDED else ""
    told = f"  {word}{reason}" if word else ""
    return f"{'  ' * depth}[{sign}] {one_line(task.title, 60)}{told}"


def _important(tasks: list[TaskView], height: int) -> set[str]:
    parents = {task.task_id: task.parent for task in tasks}
    ranked = sorted(tasks, key=_rank)
    shown: set[str] = set()
    for task in ranked:
        way: list[str] = []
        step: str | None = task.task_id
        while step is not None and step not in shown:
            way.append(step)
            step = parents.get(step)
        if len(shown) + len(way) <= height:
            shown.update(way)
        if len(shown) >= height:
            break
    return shown


def _rank(task: TaskView) -> int:
    if task.state is AttemptState.WAITING:
        return 0
    if task.state is AttemptState.FAILED:
        return 2
    return 1 if task.state not in _QUIET else 3


def final_lines(view: BranchView, tasks: list[TaskView]) -> Iterator[str]:
    """What a person reads when it is over: what is not done, and why."""
    for task in tasks:
        if task.state is AttemptState.FAILED or (task.state not in _QUIET and view.state is not RunState.RUNNING):
            stands = task.state is None or task.state in _SIGNS
            word = _WORDS[task.state or AttemptState.PENDING] if stands else "not finished"  # nobody is at it any more
            yield f"  {one_line(task.title, 60)}: {word}" + (f": {one_line(task.reason, 200)}" if task.reason else "")
        elif task.state is None and task.reason:
            yield f"  {one_line(task.title, 60)}: not possible: {one_line(task.reason, 160)}"
