"""Prompts that a task names and that there are none of."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from orchestrator.model.safe_text import one_line
from orchestrator.outline import fields
from orchestrator.outline.inline import plain
from orchestrator.outline.problems.problem import Code, Found, Severity, place_in
from orchestrator.outline.tree import Node

MOST_CHOICES = 3


def unknown_prompt(node: Node, names: Collection[str]) -> Iterator[Found]:
    """`names`: those of all prompts that there are."""
    field = fields.place(node.outline.text, node, "prompt")
    name = plain(field.raw).strip() if field is not None else ""
    if field is None or not name or name in names:
        return
    near = tuple(difflib.get_close_matches(name.lower(), sorted(names), n=MOST_CHOICES, cutoff=0.5))
    meant = f"Is it “{near[0]}”?" if near else "Name another one, or make it with `orchestrator prompts new`."
    message = f"There is no prompt “{one_line(name, 40)}”. {meant}"
    place = place_in(node, (field.value_start, field.value_start + len(field.raw)))
    yield Found(Code.UNKNOWN_PROMPT, Severity.ERROR, place, message, choices=near)
