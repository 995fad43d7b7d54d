"""Change a branch as a re-plan says: other words for open subtasks, `[-]` for obsolete ones, new ones behind them.

Apart from `writer`, which only adds. What is written comes from a model, so it goes through the same normal forms, and
the whole document is read back before the edits are given away. Settled tasks are never touched, and no task is ever
deleted.

Invariant: only what was to change has changed, in the branch and elsewhere (test_a_rewrite_changes_only_its_tasks).
Invariant: rewriting to what a task says already is no edit (test_the_same_again_is_no_edit).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan, Status
from orchestrator.outline import fields
from orchestrator.outline.body import escaped
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.inline import escape
from orchestrator.outline.model_text import (
    OTHER_MARKUP,
    acceptance_lines,
    clean_acceptance,
    clean_body,
    clean_title,
    list_markup,
    starts_with_text,
)
from orchestrator.outline.parse import parse
from orchestrator.outline.scan import is_blank, skip_blanks
from orchestrator.outline.tree import Outline, Task
from orchestrator.outline.writer import add_subtasks

CANCELLED_MARK = "-"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a task is to say; None leaves a part as it is."""

    title: str | None = None
    description: str | None = None
    acceptance: str | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """By the first line of a subtask at any depth, what becomes of it; `added` comes behind the direct ones."""

    reworded: Mapping[int, Wording]
    obsolete: frozenset[int]
    added: Plan
    below: Mapping[int, Plan] = field(default_factory=dict[int, Plan])
    """By the first line of a subtask, what comes behind those that it has."""

    def touches(self, task: Task) -> bool:
        """Whether anything of its branch changes."""
        lines = (*self.reworded, *self.obsolete, *self.below)
        return any(task.line <= line < task.end_line for line in lines)


def rewrite_branch(outline: Outline, parent: Task, rewrite: Rewrite, new_id: Callable[[], str]) -> tuple[TextEdit, ...]:
    """Edits that do not overlap; none when all is as it should be. Raises EditRefusedError."""
    edits: list[TextEdit] = []
    added: list[TextEdit] = []
    """Of the deepest first: where two end at the same place, the deeper one stands before the other."""
    expected = tuple(_rewritten(outline, child, rewrite, new_id, edits, added) for child in parent.children)
    top = add_subtasks(outline, parent, rewrite.added, new_id) if rewrite.added.tasks else ()
    if (edits or added) and not top and parent.task_id is None:
        id_place = outline.text.line_start(parent.line) + len(outline.text.line(parent.line).rstrip(" \t"))
        edits.append(TextEdit(id_place, id_place, f"  ^{new_id()}"))
    edits += _joined((*added, *top))
    if edits and not _reads_back(outline, parent, edits, expected, len(rewrite.added.tasks)):
        raise EditRefusedError(
            "The new plan cannot be written here without changing what other lines say.",
            hint="Look for a code fence, a comment or an HTML tag that is left open in the task, and close that.",
        )
    return tuple(edits)


def reword(outline: Outline, task: Task, wording: Wording) -> tuple[TextEdit, ...]:
    """Give one task other words, whatever its status is; none when it says them already. Raises EditRefusedError."""
    return _reworded(outline, task, _cleaned(outline, task, wording))


def _rewritten(
    outline: Outline,
    task: Task,
    rewrite: Rewrite,
    new_id: Callable[[], str],
    edits: list[TextEdit],
    added: list[TextEdit],
) -> _Expected:
    """Adds the edits of this subtask and all below it; answers what it must say afterwards."""
    if task.line in rewrite.obsolete:
        edits += _cancelled(task)
        return _Expected.of(task, cancelled=True)
    if not rewrite.touches(task):
        return _Expected.of(task)
    said = _cleaned(outline, task, rewrite.reworded.get(task.line, Wording()))
    new = rewrite.below.get(task.line, Plan(()))
    if task.status.settled and (said != _said(task) or new.tasks):
        raise EditRefusedError(f"“{task.title}” is {task.status.value}.", hint="Plan again without changing it.")
    if said != _said(task):
        edits += _reworded(outline, task, said)
    below = tuple(_rewritten(outline, child, rewrite, new_id, edits, added) for child in task.children)
    if new.tasks:
        added += add_subtasks(outline, task, new, new_id)
    return replace(_Expected.of(task, said=said), below=below, added=len(new.tasks))


def _joined(edits: Sequence[TextEdit]) -> Iterator[TextEdit]:
    """Insertions at one place as one, in their order."""
    places: dict[int, str] = {}
    for edit in edits:
        if edit.start == edit.end:
            places[edit.start] = places.get(edit.start, "") + edit.text
        else:
            yield edit
    for place, text in places.items():
        yield TextEdit(place, place, text)


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a subtask must say afterwards."""

    said: tuple[str, str, str]
    mark: str
    task_id: str | None
    values: tuple[tuple[str, str], ...]
    result: str | None
    below: tuple[_Expected, ...]
    added: int = 0
    """So many open subtasks follow."""

    def fits(self, task: Task) -> bool:
        as_it_is = (_said(task), task.mark, tuple(task.fields.items()), task.result)
        same_id = task.task_id == self.task_id or (self.task_id is None and self.added > 0)
        return (
            as_it_is == (self.said, self.mark, self.values, self.result)
            and same_id
            and _children_fit(task.children, self.below, self.added)
        )

    @classmethod
    def of(cls, task: Task, *, said: tuple[str, str, str] | None = None, cancelled: bool = False) -> _Expected:
        below = tuple(cls.of(child, cancelled=cancelled) for child in task.children)
        mark = CANCELLED_MARK if cancelled and not task.status.settled else task.mark
        return cls(said or _said(task), mark, task.task_id, tuple(task.fields.items()), task.result, below)


def _said(task: Task) -> tuple[str, str, str]:
    return task.title, task.description, task.acceptance


def _cleaned(outline: Outline, task: Task, wording: Wording) -> tuple[str, str, str]:
    acceptance = task.acceptance if wording.acceptance is None else clean_acceptance(wording.acceptance)
    if task.children and wording.acceptance and list_markup(acceptance) == outline.text.string[task.children[0].start]:
        # Criteria with the marker of the subtasks would be one list with them.
        acceptance = re.sub(r"^[-+*](?= )", OTHER_MARKUP[list_markup(acceptance)], acceptance, flags=re.MULTILINE)
    return (
        task.title if wording.title is None else clean_title(wording.title) or task.title,
        task.description if wording.description is None else clean_body(wording.description),
        acceptance,
    )


def _cancelled(task: Task) -> Iterator[TextEdit]:
    """Open work below an obsolete task is obsolete too; what was done stays done."""
    if not task.status.settled:
        yield TextEdit(*task.mark_span, CANCELLED_MARK)
    for child in task.children:
        yield from _cancelled(child)


def _reworded(outline: Outline, task: Task, said: tuple[str, str, str]) -> tuple[TextEdit, ...]:
    title, description, acceptance = said
    edits: list[TextEdit] = []
    if title != task.title:
        start, end = task.title_span
        if any(start <= place.start < end for place in fields.places(outline.text, task)):
            raise _not_changed(task, "fields stand between the words of its title")
        edits.append(TextEdit(start, end, escape(title)))
    if (description, acceptance) == (task.description, task.acceptance):
        return tuple(edits)
    first, last = _head(outline, task)
    for lines in _bodies(description, acceptance):
        candidate = (*edits, _lines_edit(outline, task, first, last, lines))
        after = parse(apply(outline.text.string, candidate)).task_at_line(task.line)
        if after is not None and _Expected.of(after) == _Expected.of(task, said=said):
            return candidate
    raise _not_changed(task, "its description cannot be told from the rest of it")


def _not_changed(task: Task, why: str) -> EditRefusedError:
    return EditRefusedError(f"“{task.title}” cannot be given other words: {why}.", hint="Change it by hand.")


def _head(outline: Outline, task: Task) -> tuple[int, int]:
    """The lines of its description and acceptance: from its first line to its result or its subtasks."""
    end = min((child.line for child in task.children), default=task.end_line)
    if task.own_end_line > end:
        raise _not_changed(task, "text of it stands behind its subtasks")
    for line in range(task.line + 1, end):
        if outline.text.line(line).lstrip(" \t").startswith("> Result:"):
            end = line
            break
    while end > task.line + 1 and is_blank(outline.text.line(end - 1)):
        end -= 1
    return task.line + 1, end


def _bodies(description: str, acceptance: str) -> Iterator[list[str]]:
    """Ways to write the same, the plain one first."""
    for opening in ([], [""]):
        for closing in ([], [""]):
            body = list(opening)
            if description:
                body += [*([] if opening or starts_with_text(description) else [""]), *escaped(description).split("\n")]
            if acceptance:
                body += [*([""] if description else []), *acceptance_lines(acceptance)]
            yield [*body, *closing] if body else []


def _lines_edit(outline: Outline, task: Task, first: int, last: int, lines: Sequence[str]) -> TextEdit:
    text, newline = outline.text, outline.text.newline
    own = text.line(task.line)
    blanks, column = skip_blanks(own, 0, len(own), 0)
    indent = own[:blanks] + " " * (task.content_column - column)
    body = "".join(newline + (line and indent + line) for line in lines)
    return TextEdit(text.line_end(first - 1), text.line_end(last - 1), body)


def _reads_back(
    outline: Outline, parent: Task, edits: Sequence[TextEdit], expected: Sequence[_Expected], added: int
) -> bool:
    after = parse(apply(outline.text.string, edits))
    branch = after.task_at_line(parent.line)
    if branch is None or _said(branch) != _said(parent) or branch.result != parent.result:
        return False
    return _children_fit(branch.children, expected, added) and _elsewhere(after, branch) == _elsewhere(outline, parent)


def _children_fit(children: Sequence[Task], expected: Sequence[_Expected], added: int) -> bool:
    """As they were to be, and behind them those that are new."""
    old, new = children[: len(expected)], children[len(expected) :]
    return (
        len(children) == len(expected) + added
        and all(one.fits(child) for one, child in zip(expected, old, strict=True))
        and all(child.status is Status.PENDING for child in new)
    )


def _elsewhere(outline: Outline, parent: Task) -> list[tuple[object, ...]]:
    """All tasks outside the branch, in order."""
    return [
        (*_said(task), task.mark, task.task_id, tuple(task.fields.items()), task.result, task.depth)
        for task in outline.tasks()
        if not parent.line <= task.line < parent.end_line
    ]
