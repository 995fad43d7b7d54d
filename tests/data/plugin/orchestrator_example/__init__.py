"""An example of a plug-in: an executor that counts words, a task type that uses it, a form of outlines."""

from orchestrator.engine.exchange import Foreign, Imported, Subject
from orchestrator.engine.executors import Hands, Outcome, TaskContext
from orchestrator.engine.task_types import TaskType
from orchestrator.errors import FileError
from orchestrator.model.portable import PortableOutline, PortableTask


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


class TodoTxt:
    """todo.txt, both ways: a line a task, `x` before those that are done. See https://github.com/todotxt/todo.txt."""

    @property
    def name(self) -> str:
        return "todo.txt"

    @property
    def suffix(self) -> str:
        return ".txt"

    async def export(self, subject: Subject) -> str:
        tasks = subject.outline.tasks()
        return "".join(f"{'x ' if task.status.settled else ''}{task.title}\n" for task in tasks)

    def recognises(self, foreign: Foreign) -> bool:
        return foreign.name == "todo.txt"

    def read(self, foreign: Foreign) -> Imported:
        lines = [line for line in foreign.text.splitlines() if line.strip()]
        if not lines:
            raise FileError(f"{foreign.name} has no line.", hint="Write a task in each line.")
        tasks = [PortableTask(line.removeprefix("x "), "x" if line.startswith("x ") else " ") for line in lines]
        return Imported(PortableOutline("orchestrator: 1", tasks=tuple(tasks)), what=f"{len(tasks)} lines of todo.txt")
