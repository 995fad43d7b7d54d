"""Editing an outline without a model: what a person does with tasks, as minimal edits.

Each action is a pure function `(outline, tasks, arguments) -> tuple[TextEdit, ...]`. It says what the tree shall be
afterwards, writes that, and reads it back (`intent`): an edit that would say anything else is refused, because a fence
that is left open or a lazy line can make one line change what a hundred others mean.

Apart from `writer`, which writes what a model said, because here only text that people wrote is moved and marked.

Invariant: an action is refused with an EditRefusedError, or its result is read as exactly the tree that was meant
(test_an_action_gives_the_tree_it_means_or_is_refused).
Invariant: no task is lost or made twice, and what the action is not about keeps its bytes
(test_no_task_is_lost_or_made_twice, test_other_lines_keep_their_bytes).
"""

from __future__ import annotations

from orchestrator.outline.actions.additions import add_acceptance, add_sibling, add_subtask, extract
from orchestrator.outline.actions.chosen import tasks_in
from orchestrator.outline.actions.ids import assign_ids
from orchestrator.outline.actions.into import move_into
from orchestrator.outline.actions.levels import demote, promote
from orchestrator.outline.actions.moves import move
from orchestrator.outline.actions.order import into_sequence, sort_by_status
from orchestrator.outline.actions.status import cycle_status, set_status
from orchestrator.outline.actions.values import set_value

__all__ = [
    "add_acceptance",
    "add_sibling",
    "add_subtask",
    "assign_ids",
    "cycle_status",
    "demote",
    "extract",
    "into_sequence",
    "move",
    "move_into",
    "promote",
    "set_status",
    "set_value",
    "sort_by_status",
    "tasks_in",
]
