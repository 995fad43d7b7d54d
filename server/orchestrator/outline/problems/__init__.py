"""What is wrong in an outline: values with a stable code, never exceptions. A type checker for plans.

Apart from `parse` because a problem never changes how an outline is read. One checker is one function of a node, an id,
a branch or the document; `check` lists them and knows which an edit can have changed. docs/reference/problems.md has a
section for every code.

Invariant: whatever the text, checking it ends in problems whose places are inside it
(test_problems_of_any_text_lie_inside_it).
Invariant: the cost grows with the text, not faster (test_checking_grows_with_the_outline).
"""

from __future__ import annotations

from orchestrator.outline.problems.check import Check
from orchestrator.outline.problems.problem import MAX_RELATED, Code, Problem, Related, Severity, Tag
from orchestrator.outline.tree import Outline

__all__ = ["MAX_RELATED", "Check", "Code", "Problem", "Related", "Severity", "Tag", "problems"]


def problems(outline: Outline) -> tuple[Problem, ...]:
    """In document order."""
    return Check(outline).problems()
