"""An example of a plug-in: an executor that counts words, and a task type that uses it."""

from orchestrator.engine.executors import Hands, Outcome, TaskContext
from orchestrator.engine.task_types import TaskType


class CountingExecutor:
    """Answers how long a task's description is. It calls no model, so it costs nothing."""

    @property
    def name(self) -> str:
        return "count"

    async def execute(self, task: TaskContext, hands: Hands) -> Outcome:
        words = len(task.brief.description.split())
        hands.tell(f"counted {words} words")
        return Outcome(f"{words} words")


CHORE = TaskType(executor="count", instructions="Be quick.", acceptance="the number is right")
