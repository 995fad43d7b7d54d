"""What mends a problem: for each code the ways there are, the best one first, computed only when chosen.

Apart from `problems` because finding is done at every key, and mending when somebody asks. One function a code, named
in `_MENDERS`; codes that are not there have no fix that we could know.

A fix is *safe* when it changes nothing that anybody could have meant: only those are made without asking, all at once
(`source.fixAll`, `check --fix`).

Invariant: what a fix writes has no longer the problem that it is for, or it says so in its title: fields that a person
has to fill in (test_a_fix_mends_its_problem).
Invariant: safe fixes come to an end, lose no task and make no new problem (test_safe_fixes_end_and_lose_nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from orchestrator.errors import OrchestratorError
from orchestrator.outline.edits import TextEdit, between, in_order
from orchestrator.outline.fixes.dependencies import cycle, in_branch, missing_dependency
from orchestrator.outline.fixes.document import merge_conflict, unreadable_front_matter
from orchestrator.outline.fixes.fix import Fix, NewId
from orchestrator.outline.fixes.ids import duplicate_id, misplaced_id
from orchestrator.outline.fixes.running import missing_acceptance, shared_file
from orchestrator.outline.fixes.statuses import (
    completed_with_open_subtasks,
    missing_reason,
    open_with_completed_subtasks,
    unknown_status,
)
from orchestrator.outline.fixes.values import bad_field_value, unknown_prompt
from orchestrator.outline.problems import Code, Problem, problems
from orchestrator.outline.reparse import reparse
from orchestrator.outline.tree import Outline

__all__ = ["Fix", "fix_all", "fixes"]

MAX_ROUNDS = 20
"""One fix may uncover the next problem of the same place."""

_MENDERS: Mapping[Code, Callable[[Outline, Problem, NewId], Iterator[Fix]]] = {
    Code.UNREADABLE_FRONT_MATTER: unreadable_front_matter,
    Code.MERGE_CONFLICT: merge_conflict,
    Code.UNKNOWN_STATUS: unknown_status,
    Code.MISSING_REASON: missing_reason,
    Code.COMPLETED_WITH_OPEN_SUBTASKS: completed_with_open_subtasks,
    Code.OPEN_WITH_COMPLETED_SUBTASKS: open_with_completed_subtasks,
    Code.BAD_FIELD_VALUE: bad_field_value,
    Code.DUPLICATE_ID: duplicate_id,
    Code.MISPLACED_ID: misplaced_id,
    Code.MISSING_DEPENDENCY: missing_dependency,
    Code.DEPENDENCY_IN_BRANCH: in_branch,
    Code.DEPENDENCY_CYCLE: cycle,
    Code.SHARED_FILE: shared_file,
    Code.MISSING_ACCEPTANCE: missing_acceptance,
    Code.UNKNOWN_PROMPT: unknown_prompt,
}


def fixes(outline: Outline, problem: Problem, new_id: NewId) -> tuple[Fix, ...]:
    """None for an outline that we may not change."""
    mender = _MENDERS.get(problem.code)
    if mender is None or outline.front_matter.newer:
        return ()
    return tuple(mender(outline, problem, new_id))


def fix_all(outline: Outline, new_id: NewId) -> tuple[tuple[TextEdit, ...], tuple[str, ...]]:
    """All safe fixes, as edits of this outline, and what each does."""
    current = outline
    told: list[str] = []
    refused: set[tuple[Code, str]] = set()
    for _ in range(MAX_ROUNDS):
        made = tuple(_without_overlaps(_safe(current, new_id, refused)))
        if not made:
            break
        told += (f"line {current.text.line_of(at) + 1}: {title}" for at, title, _ in made)
        current = reparse(current, [edit for _, _, edits in made for edit in edits])
    return between(outline.text.string, current.text.string), tuple(told)


def _safe(
    outline: Outline, new_id: NewId, refused: set[tuple[Code, str]]
) -> Iterator[tuple[int, str, tuple[TextEdit, ...]]]:
    for problem in problems(outline):
        key = (problem.code, outline.text.line(outline.text.line_of(problem.start)))
        if key in refused:
            continue
        for fix in fixes(outline, problem, new_id):
            if fix.safe:
                try:
                    yield problem.start, fix.title, fix.edits()
                except OrchestratorError:
                    refused.add(key)
                break


def _without_overlaps(
    found: Iterable[tuple[int, str, tuple[TextEdit, ...]]],
) -> Iterator[tuple[int, str, tuple[TextEdit, ...]]]:
    """Those that touch what an earlier one touches wait for the next round."""
    taken: list[tuple[int, int]] = []
    for at, title, edits in found:
        spans = [(edit.start, edit.end) for edit in in_order(edits)]
        if edits and not any(start <= end_of and start_of <= end for start, end in spans for start_of, end_of in taken):
            taken += spans
            yield at, title, edits
