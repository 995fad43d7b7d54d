"""One try at a task by its executor: which one that is, and what came of it whatever it did.

Apart from `attempt`, which moves states by it, because an executor is anybody's code.

Invariant: an executor that raises anything fails its task only (test_a_broken_executor_fails_its_task).
"""

from __future__ import annotations

import asyncio

from orchestrator.engine import executors, task_types
from orchestrator.engine.executors import Executor, Hands, Outcome, TaskContext
from orchestrator.errors import (
    AuthenticationError,
    BudgetError,
    ConsentRequiredError,
    OrchestratorError,
    ProviderError,
    ProviderUnavailableError,
    StoreError,
)

FATAL = (ConsentRequiredError, ProviderUnavailableError, AuthenticationError, StoreError)
"""Errors that every other task would meet as well: the run pauses, and no task is called failed for them."""


def met_by_all(error: OrchestratorError) -> bool:
    """Whether other tasks would meet it now as well."""
    return isinstance(error, FATAL) or (isinstance(error, ProviderError) and error.everywhere)


async def prepared(task: TaskContext) -> tuple[Executor, TaskContext]:
    """The executor, and the task with what its type adds.

    Plug-ins are looked for on the disk, in a thread; most tasks need none.
    """

    def look() -> tuple[Executor, TaskContext]:
        name, typed = task_types.resolve(task)
        return executors.find(name, task.workspace), typed

    if "type" not in task.fields and task.fields.get("executor", executors.DEFAULT) in executors.BUILT_IN:
        return look()
    return await asyncio.to_thread(look)


async def outcome_of(executor: Executor, task: TaskContext, hands: Hands) -> Outcome:
    """Raises FATAL and BudgetError, which are not about this task alone, and whatever a plug-in raises.

    Also ProviderError: that a model was not to be had says nothing about the task, which is not split for it.
    """
    try:
        outcome = await executor.execute(task, hands)
    except (*FATAL, BudgetError, ProviderError):
        raise
    except OrchestratorError as error:
        return Outcome(failed=error.message)
    if not isinstance(outcome, Outcome):  # pyright: ignore[reportUnnecessaryIsInstance] - a plug-in may do anything
        return Outcome(failed=f"the executor {executor.name} gave no outcome")
    return outcome
