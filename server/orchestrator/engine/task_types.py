"""Task types: a name in the field `type` for an executor, what it has to know, and an acceptance.

Plug-ins, like executors, in the entry-point group `orchestrator.task_types`: so a team says once what "a bug" means
for it. What the task itself says always goes before what its type says.

Invariant: a task's own executor and acceptance stand against its type's (test_the_task_goes_before_its_type).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points

from orchestrator.engine import plugins
from orchestrator.engine.executors import DEFAULT, TaskContext
from orchestrator.errors import ConfigError

ENTRY_POINTS = "orchestrator.task_types"


@dataclass(frozen=True, slots=True)
class TaskType:
    """What a plug-in's entry point names; the name of the entry is what stands in the field `type`."""

    executor: str = DEFAULT
    instructions: str = ""
    """For the model, before the task's own description."""
    acceptance: str = ""
    """Where the task has none: as it would stand behind `Accept:`."""


def resolve(task: TaskContext) -> tuple[str, TaskContext]:
    """The name of the task's executor, and the task with what its type adds.

    Raises ConfigError when the type cannot be loaded. A type that nobody has installed changes nothing: people write
    such fields for themselves.
    """
    name = task.fields.get("type", "")
    kind = find(name, task) if name else None  # most tasks have none, and looking reads many small files
    if kind is None:
        return task.fields.get("executor") or DEFAULT, task
    brief = task.brief
    description = "\n\n".join(part for part in (kind.instructions, brief.description) if part)
    told = replace(brief, description=description, acceptance=brief.acceptance or kind.acceptance)
    return task.fields.get("executor") or kind.executor, replace(task, brief=told)


def find(name: str, task: TaskContext) -> TaskType | None:
    for point in _points():
        if point.name == name:
            loaded = plugins.load(point, "task type", task.workspace)
            if not isinstance(loaded, TaskType):
                raise ConfigError(
                    f"The task type {name} is a {type(loaded).__name__}.", hint="Update or uninstall the plug-in."
                )
            return loaded
    return None


def names() -> tuple[str, ...]:
    """All that are installed; nothing is imported for that."""
    return tuple(dict.fromkeys(point.name for point in _points()))


def _points() -> list[EntryPoint]:
    return sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
