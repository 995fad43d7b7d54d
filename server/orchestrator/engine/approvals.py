"""What a person is asked before a tool acts, as values: everything that would be done, and what an answer covers.

Apart from the policy, which decides whether to ask, and from the engine, which keeps the questions in the inbox. A
question's `detail` is JSON that holds the whole action, so that a person approves exactly that and a resumed run does
exactly that.

Invariant: what is decided about a stored question is decided from the action in it, never from its words
(test_the_words_of_a_question_decide_nothing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator.config import Settings
from orchestrator.engine import policy
from orchestrator.engine.edit_proposal import EditProposal, diff
from orchestrator.model.safe_text import many_lines, one_line

EDIT = "edit"
COMMAND = "command"
MAY_EXECUTE = "It may execute code of this folder."
"""Said with every command: a test runner runs what stands in the tests."""


class Leave(StrEnum):
    """A person's answer, in the words of the question."""

    REFUSE = "Refuse"
    ONCE = "Allow"
    RUN = "Allow for this run"
    """Also for what its scope covers in this run."""


def choices(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """The careful one first. "For this run" only where there is something that it would cover."""
    offered = (Leave.REFUSE, Leave.ONCE, Leave.RUN) if detail.get("scope") else (Leave.REFUSE, Leave.ONCE)
    return tuple(leave.value for leave in offered)


def outline_names(settings: Settings) -> tuple[str, ...]:
    return tuple(settings.outline.globs)


def edit_detail(proposal: EditProposal, outlines: Sequence[str]) -> dict[str, Any]:
    """`changes` is what is done, `fingerprint` names it, the rest is for reading. Whoever asks adds `why`."""
    return {
        "fingerprint": proposal.fingerprint,
        "changes": proposal.to_json(),
        "diff": diff(proposal, outlines),
        "scope": _scope_text(proposal.action, outlines),
    }


def command_detail(argv: Sequence[str], program: Path, folder: Path, purpose: str) -> dict[str, Any]:
    action = policy.Command(tuple(argv))
    return {
        "argv": list(argv),
        "program": str(program),
        "folder": str(folder),
        "shown": policy.shown(argv),
        "purpose": one_line(purpose, 300),
        "note": MAY_EXECUTE,
        "scope": _scope_text(action, ()),
    }


def readable(kind: str, detail: Mapping[str, Any]) -> str:
    """All that a person has to read before they answer, in lines; empty for other kinds of questions."""
    if kind == EDIT:
        lines = [str(detail["diff"])]
    elif kind == COMMAND:
        lines = [f"$ {detail['shown']}", f"{detail['program']}, in {detail['folder']}. {detail['note']}"]
        if detail["purpose"]:
            lines.append(f"What for, as the model says: {detail['purpose']}")
    else:
        return ""
    if why := detail.get("why"):
        lines.append(f"Asked because: {why}.")
    if detail["scope"]:
        lines.append(f"“{Leave.RUN}” would be leave to {detail['scope']}.")
    return many_lines("\n".join(lines))


def what(detail: Mapping[str, Any]) -> list[Any]:
    """What is done after a yes: another edit, argv or program under the same words is another question."""
    return [detail.get(name) for name in ("fingerprint", "argv", "program", "folder")]


def for_window(kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """What an editor is sent: all of it for reading (`text`), without the files' whole texts."""
    sent = {name: value for name, value in detail.items() if name != "changes"}
    if text := readable(kind, detail):
        sent["text"] = text
    return sent


def action_of(kind: str, detail: Mapping[str, Any]) -> policy.Action | None:
    """What would be done; None for a kind that no rule is about (a plug-in's own): that is always asked."""
    if kind == COMMAND:
        return policy.Command(tuple(detail["argv"]))
    if kind == EDIT:
        return EditProposal.from_json(detail["changes"]).action
    return None


def decide(kind: str, detail: Mapping[str, Any], standing: policy.Standing) -> policy.Decision:
    action = action_of(kind, detail)
    if action is None:
        return policy.Decision(False, "a person has not seen this")
    return policy.decide(action, standing)


def standing(
    settings: Settings,
    *,
    trusted: bool,
    yes: bool = False,
    given: Iterable[tuple[str, Mapping[str, Any], str]] = (),
) -> policy.Standing:
    """What was said in advance, and in this run: `given` are kind, detail and answer of its answered questions."""
    outlines = outline_names(settings)
    scopes = [
        scope
        for kind, detail, answer in given
        if answer == Leave.RUN and (action := action_of(kind, detail)) and (scope := policy.scope_of(action, outlines))
    ]
    prefixes = [prefix for text in settings.tools.commands if (prefix := policy.command_in(text))]
    return policy.Standing(
        trusted=trusted,
        commands=tuple(prefixes),
        edits=settings.tools.edits == "allow",
        yes=yes,
        scopes=tuple(scopes),
        outlines=outlines,
    )


def _scope_text(action: policy.Action, outlines: Sequence[str]) -> str:
    """What "allow for this run" would cover; empty where it is not offered."""
    scope = policy.scope_of(action, outlines)
    return scope.text if scope is not None else ""
