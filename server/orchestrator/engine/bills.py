"""What a task cost with all that stands below it, from the bills of single tasks. Pure.

Apart from the store, which knows tasks by their ids and no tree.

Invariant: a branch costs what its tasks cost together (test_a_branch_costs_what_its_tasks_cost).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.model.usage import Bill, Cost, Usage
from orchestrator.outline.tree import Task


def own_bill(task: Task, bills: Mapping[str, Bill]) -> Bill:
    return bills.get(task.task_id or "-", Bill())


def branch_bill(task: Task, bills: Mapping[str, Bill]) -> Bill:
    """Its own and that of each task below it."""
    total, waiting = Bill(), [task]
    while waiting:
        each = waiting.pop()
        total += own_bill(each, bills)
        waiting += each.children
    return total


def in_tree(roots: Sequence[Task], bills: Mapping[str, Bill]) -> Iterator[tuple[int, Task, Bill]]:
    """Depth, task and the bill of its branch, in the order of the document; only what cost a call."""
    waiting = [(0, root) for root in reversed(roots)]
    while waiting:
        depth, task = waiting.pop()
        bill = branch_bill(task, bills)
        if bill.calls:
            yield depth, task, bill
            waiting += [(depth + 1, child) for child in reversed(task.children)]


def money(cost: Cost) -> str:
    """Unknown is never shown as nothing."""
    if cost is None:
        return "cost unknown"
    if cost == 0:
        return "no cost"
    return f"${cost:.4f}" if cost >= 1 / 10_000 else "less than $0.0001"


def spent(usage: Usage) -> str:
    about = "about " if usage.estimated else ""
    cached = f" ({usage.cache_read_tokens:,} from a cache)" if usage.cache_read_tokens else ""
    return f"{about}{usage.input_tokens:,} tokens read{cached}, {about}{usage.output_tokens:,} written"
