"""What one run cost, by task and branch and, if asked, by call: `orchestrator runs RUN`.

Apart from `runs`, which lists them.

Invariant: a task's own cost and that of its branch are told apart (test_a_run_shows_what_each_task_cost).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from orchestrator.cli.terminal import Terminal
from orchestrator.engine.bills import in_tree, money, own_bill, spent
from orchestrator.errors import ProtocolError
from orchestrator.model.run import Run, Step
from orchestrator.model.safe_text import one_line
from orchestrator.model.usage import Bill
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Outline

if TYPE_CHECKING:
    from orchestrator.store.store import Store

TITLE = 60
ELSEWHERE = "subtasks of a split"
"""They have no id before it is accepted."""


@dataclass(frozen=True, slots=True)
class Row:
    depth: int
    task_id: str
    title: str
    own: Bill
    branch: Bill


@dataclass(frozen=True, slots=True)
class RunBill:
    """One run, as the store and its file know it."""

    run: Run
    bills: Mapping[str, Bill]
    steps: list[tuple[str | None, Step]]
    titles: Mapping[str, str]
    outline: Outline | None
    """None where the file is gone."""

    @property
    def total(self) -> Bill:
        return sum(self.bills.values(), Bill())

    def rows(self) -> Iterator[Row]:
        """As the file orders them; a task that it has no more stands at the end."""
        seen: set[str] = set()
        if self.outline is not None:
            roots = [task for task in self.outline.tasks() if not self.outline.ancestors(task)]
            for depth, task, branch in in_tree(roots, self.bills):
                seen.add(task.task_id or "")
                yield Row(depth, task.task_id or "", task.title, own_bill(task, self.bills), branch)
        for task_id, bill in self.bills.items():
            if task_id not in seen:
                yield Row(0, task_id, self.titles.get(task_id, ELSEWHERE), bill, bill)


async def read_bill(store: Store, run_id: str) -> RunBill:
    """Raises ProtocolError when there is no such run."""
    run = await store.run(run_id)
    if run is None:
        raise ProtocolError(f"There is no run {run_id}.", hint="`orchestrator runs --all` lists them.")
    titles = {each.task_id: each.task_title for each in await store.attempts(run_id) if each.task_id}
    return RunBill(run, await store.bills_of_run(run_id), await store.spent(run_id), titles, _outline(run.uri))


def _outline(uri: str) -> Outline | None:
    try:
        return parse(Path(url2pathname(urlsplit(uri).path)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def show(found: RunBill, arguments: argparse.Namespace, terminal: Terminal) -> None:
    run, total = found.run, found.total
    why = f": {one_line(run.reason, 80)}" if run.reason else ""
    terminal.result(f"{one_line(run.task_title, 80)}: {run.state.value}{why}", "strong")
    calls = f"{total.calls} call{'s' if total.calls != 1 else ''}"
    terminal.result(f"{money(total.cost)} in {calls}, {spent(total.usage)}")
    shown = [
        (money(row.branch.cost), money(row.own.cost), "  " * row.depth + one_line(row.title, TITLE))
        for row in found.rows()
    ]
    lines = [("branch", "itself", ""), *shown]
    wide, narrow = (max(len(line[place]) for line in lines) for place in (0, 1))
    for branch, own, title in lines if len(lines) > 1 else ():
        terminal.result(f"{branch:>{wide}}  {own:>{narrow}}  {title}".rstrip())
    for task_id, step in found.steps if arguments.calls else ():
        terminal.result(_call(found.titles.get(task_id or "", ELSEWHERE), step))


def as_json(found: RunBill, arguments: argparse.Namespace) -> dict[str, Any]:
    tasks = [
        {
            "taskId": row.task_id,
            "title": row.title,
            "depth": row.depth,
            "own": bill_as_json(row.own),
            "branch": bill_as_json(row.branch),
        }
        for row in found.rows()
    ]
    calls = [
        {
            "taskId": task_id,
            "role": step.role.value,
            "model": f"{step.provider}/{step.model}",
            "started": step.started,
            "ended": step.ended,
            "state": step.state.value,
            **bill_as_json(Bill(1, step.usage, step.cost)),
        }
        for task_id, step in found.steps
    ]
    return {"tasks": tasks, **({"calls": calls} if arguments.calls else {})}


def bill_as_json(bill: Bill) -> dict[str, Any]:
    return {
        "calls": bill.calls,
        "inputTokens": bill.usage.input_tokens,
        "outputTokens": bill.usage.output_tokens,
        "cachedTokens": bill.usage.cache_read_tokens,
        "estimated": bill.usage.estimated,
        "costUsd": None if bill.cost is None else float(bill.cost),
    }


def _call(title: str, step: Step) -> str:
    when = time.strftime("%H:%M:%S", time.localtime(step.started))
    cost = "no call" if step.provider == "classifier" else f"{money(step.cost)}, {spent(step.usage)}"
    model = one_line(f"{step.provider}/{step.model}", 60)
    return f"{when}  {step.role.value}  {model}  {cost}  {step.state.value}  {one_line(title, TITLE)}"
