"""A message of a conversation becomes part of its task: subtasks, description or result, as one edit.

Apart from the chat because it writes: a model's words are data, so they go through the same writers as everything that
a model says, and what they would make of the file is read back first. A description is added to, never replaced; a
result stands beside one that a person wrote.

Invariant: no field, status, id or task appears that the message does not name as a step (test_extracting_writes_data).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from orchestrator.engine.answers import Flaw, read_plan
from orchestrator.engine.editor import Place
from orchestrator.engine.new_ids import id_source
from orchestrator.engine.plans import granted
from orchestrator.engine.reading import first_paragraph
from orchestrator.engine.split import inherited_of
from orchestrator.errors import EditRefusedError
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.outcome import Mark, Outcome, write_outcome
from orchestrator.outline.rewrite import Wording, reword
from orchestrator.outline.writer import add_subtasks

MOST_SUBTASKS = 40
_MARKS: dict[str, Mark] = {"x": "x", "X": "x", "!": "!", "?": "?", "-": "-"}


class Part(StrEnum):
    SUBTASKS = "subtasks"
    DESCRIPTION = "description"
    RESULT = "result"


def extracted(place: Place, text: str, part: Part) -> tuple[TextEdit, ...]:
    """Edits against the outline of `place`. Raises EditRefusedError."""
    if place.outline.front_matter.newer:
        raise EditRefusedError("This outline is in a later version of the format.", hint="Update Orchestrator.")
    if not text.strip():
        raise EditRefusedError("The message is empty.", hint="Choose another one.")
    return _WRITERS[part](place, text)


def _subtasks(place: Place, text: str) -> tuple[TextEdit, ...]:
    plan = read_plan(text, place.task.title, MOST_SUBTASKS)
    if isinstance(plan, Flaw):
        raise EditRefusedError(
            "The message has no list of steps that can become subtasks.",
            hint="Ask for the steps as a list, one step an item, and try again with that answer.",
        )
    new_id = id_source(place.outline, place.ids_elsewhere, place.tasks_elsewhere)
    return add_subtasks(place.outline, place.task, granted(plan, inherited_of(place), accepted=False), new_id)


def _description(place: Place, text: str) -> tuple[TextEdit, ...]:
    parts = (place.task.description, text.strip())
    return reword(place.outline, place.task, Wording(description="\n\n".join(part for part in parts if part)))


def _result(place: Place, text: str) -> tuple[TextEdit, ...]:
    task = place.task
    mark = _MARKS.get(task.mark, " ")
    if task.mark not in {mark, "X"}:
        raise EditRefusedError(f"“{task.title}” has a mark of its own.", hint="Write the result by hand.")
    outcome = Outcome(mark, task.fields.get("reason", ""), first_paragraph(text))
    edits = write_outcome(place.outline, task, outcome)
    return tuple(edit for edit in edits if "> Result: " in edit.text)  # the first line stays as a person wrote it


_WRITERS: dict[Part, Callable[[Place, str], tuple[TextEdit, ...]]] = {
    Part.SUBTASKS: _subtasks,
    Part.DESCRIPTION: _description,
    Part.RESULT: _result,
}
