"""A one-line idea as a task that is split: where its line stands there is, for the split, a task of that title.

Apart from the targets that hold the text, because both need the same two steps: `drafted` makes the text with the task
in it, which nobody ever sees, and `expanded` makes what is written of the text with its subtasks. Below a heading the
subtasks stand by themselves; a line of text becomes the task above them.

Invariant: all other lines are as they were (test_an_idea_changes_no_other_line).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.errors import EditRefusedError, TaskNotFoundError
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.inline import escape
from orchestrator.outline.model_text import clean_title
from orchestrator.outline.parse import parse
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Outline, Task

MAX_LINES = 5_000
"""Of a document in which a line is looked at: whoever expands an idea begins."""
_MARKED = re.compile(r"[ \t]*(?:[-*+>|]|\d{1,9}[.)])(?:[ \t]|$)")
"""An item of a list, a quote, a row of a table: a part of something."""
_INDENT = 2
"""Columns from the task's marker to its text."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The text with the idea as a task."""

    outline: Outline
    task: Task
    lifted: bool
    """Whether the task itself is left out again: a heading says it already."""


def drafted(text: Text, line: int) -> Draft:
    """Raises TaskNotFoundError where the line is no idea: blank, a task, a part of a list or of a code block."""
    string = text.string
    written = text.line(line)
    before = parse(string) if text.line_count <= MAX_LINES else None
    heading = before.node_at_line(line) if before is not None and written.startswith("#") else None
    title = clean_title(heading.title if heading is not None else written.strip().removesuffix("."))
    refusal = TaskNotFoundError(
        "There is no idea in this line.", hint="Write it as a line of its own, or as a heading."
    )
    if not title or before is None or _MARKED.match(written) or (heading is not None and heading.line != line):
        raise refusal
    start, end = text.line_start(line), text.line_end(line)
    item = f"- [ ] {escape(title)}"
    if heading is not None:
        gap = text.newline * 2
        after = string[:end] + gap + item + string[end:]
        at = line + 2
    else:
        after = string[:start] + item + string[end:]
        at = line
    outline = parse(after)
    task = outline.task_at_line(at)
    others = [(other.title, other.mark, other.depth) for other in before.tasks()]
    now = [(other.title, other.mark, other.depth) for other in outline.tasks() if other != task]
    alone = task is not None and task.line == at and task.end_line == at + 1
    if task is None or not alone or (task.title, task.depth) != (title, 1) or others != now:
        raise refusal
    return Draft(outline, task, lifted=heading is not None)


def new_outline(idea: str) -> Draft:
    """The draft of a file that holds nothing but an idea."""
    title = clean_title(idea)
    text = Text(f"---\norchestrator: 1\n---\n# {escape(title)}\n")
    draft = drafted(text, 3)
    if draft.task.title != title:
        raise TaskNotFoundError("This cannot be the title of an outline.", hint="Write the idea in plain words.")
    return draft


def expanded(draft: Draft, edits: Sequence[TextEdit]) -> str:
    """The text that is written, from the edits of the split. Raises EditRefusedError."""
    after = apply(draft.outline.text.string, edits)
    if not draft.lifted:
        return after
    branch = parse(after).task_at_line(draft.task.line)
    assert branch is not None, "the split was written below it"
    text = Text(after)
    body = [text.line(line)[_INDENT:] for line in range(branch.line + 1, branch.end_line)]
    start, end = text.line_start(branch.line), text.line_end(branch.end_line - 1)
    lifted = after[:start] + text.newline.join(body) + after[end:]
    tasks = [task for task in parse(lifted).tasks() if branch.line <= task.line < branch.end_line - 1]
    top = [task for task in tasks if task.depth == 1]
    if [_said(task) for task in top] != [_said(child) for child in branch.children]:
        raise EditRefusedError("The subtasks cannot stand below this heading.", hint="Expand a line of text instead.")
    return lifted


def _said(task: Task) -> tuple[object, ...]:
    below = tuple(_said(child) for child in task.children)
    return task.title, task.mark, task.task_id, tuple(task.fields.items()), task.description, task.acceptance, below
