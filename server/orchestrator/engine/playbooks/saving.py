"""Save a branch as a playbook: an outline of its own in the person's configuration folder, in our own format.

Apart from reading them because this writes a file, and only when a person says so.

Invariant: what is saved is read back as the same steps (test_a_saved_branch_is_a_playbook).
"""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.engine import atomic_file
from orchestrator.engine.experience import PLAYBOOK_FOLDER
from orchestrator.engine.playbooks import SAVED, read_playbook
from orchestrator.errors import FileError, TaskError
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.body import escaped
from orchestrator.outline.edits import apply
from orchestrator.outline.inline import escape
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Task
from orchestrator.outline.writer import add_subtasks

FEWEST = 2


def playbook_text(task: Task) -> str:
    """Raises TaskError for a task with too few subtasks, EditRefusedError for one that cannot be written down."""
    if len(task.children) < FEWEST:
        raise TaskError(f"“{task.title}” has no split to save.", hint="A playbook has at least two subtasks.")
    ordered = task.children[0].ordered
    body = "".join(f"  {line}\n" if line else "\n" for line in escaped(task.description.rstrip("\n")).split("\n"))
    head = f"---\norchestrator: 1\nplaybook: {{ordered: {str(ordered).lower()}}}\n---\n- [ ] {escape(task.title)}\n"
    text = head + (body if task.description else "")
    outline = parse(text)
    (root,) = outline.tasks()
    steps = tuple(PlannedTask(child.title, child.description, child.acceptance) for child in task.children)
    return apply(text, add_subtasks(outline, root, Plan(steps, ordered), lambda: "playbook"))


def save_playbook(config_folder: Path, task: Task, *, replace: bool = False) -> Path:
    """Raises FileError when there is one of that name, unless it may be replaced."""
    text = playbook_text(task)
    read_playbook(text, task.title, SAVED)
    folder = config_folder / PLAYBOOK_FOLDER
    name = "-".join(re.findall(r"[^\W_]+", task.title.lower()))[:60] or "playbook"
    path = folder / f"{name}.tasks.md"
    if path.exists() and not replace:
        raise FileError(
            f"There is a playbook {path.name} already.", hint="Replace it with --replace, or rename the task."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        atomic_file.replace(path, text.encode("utf-8"), 0o600)
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}).", hint="Check the folder.") from error
    return path
