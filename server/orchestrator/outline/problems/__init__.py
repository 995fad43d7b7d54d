"""What is wrong in an outline: values with a stable code, never exceptions. A type checker for plans.

Apart from `parse` because a problem never changes how an outline is read. One checker is one function, CHECKERS lists
them all, and docs/reference/problems.md has a section for every code. Only one text is looked at: what stands in other
files of the workspace is not known here.

Invariant: whatever the text, checking it ends in problems whose places are inside it
(test_problems_of_any_text_lie_inside_it).
Invariant: the cost grows with the text, not faster (test_checking_grows_with_the_outline).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from orchestrator.outline.problems.dependencies import cycles, in_branch, missing
from orchestrator.outline.problems.document import (
    conflicts,
    later_format,
    lost_tasks,
    unreadable_front_matter,
)
from orchestrator.outline.problems.ids import duplicate_ids
from orchestrator.outline.problems.problem import MAX_RELATED, Code, Problem, Related, Severity, Subject, Tag
from orchestrator.outline.problems.running import missing_acceptances, shared_files
from orchestrator.outline.problems.statuses import (
    completed_with_open_subtasks,
    missing_reasons,
    open_with_completed_subtasks,
    unknown_statuses,
)
from orchestrator.outline.problems.values import default_values, field_values
from orchestrator.outline.tree import Outline

__all__ = ["CHECKERS", "MAX_RELATED", "Code", "Problem", "Related", "Severity", "Tag", "problems"]

CHECKERS: tuple[Callable[[Subject], Iterable[Problem]], ...] = (
    unreadable_front_matter,
    later_format,
    default_values,
    conflicts,
    lost_tasks,
    unknown_statuses,
    missing_reasons,
    completed_with_open_subtasks,
    open_with_completed_subtasks,
    field_values,
    duplicate_ids,
    missing,
    in_branch,
    cycles,
    shared_files,
    missing_acceptances,
)


def problems(outline: Outline) -> tuple[Problem, ...]:
    """In document order."""
    subject = Subject(outline)
    found = [problem for checker in CHECKERS for problem in checker(subject)]
    return tuple(sorted(found, key=lambda problem: (problem.start, problem.end)))
