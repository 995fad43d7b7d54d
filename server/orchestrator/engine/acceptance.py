"""Which criteria of an `Accept:` are commands, to be judged by their exit code, and which are words.

Pure, and careful: only what plainly says that a command has to pass is one. A command in `Accept:` is a request of
whoever wrote the file; whether it runs is the policy's affair.

Invariant: nothing of an acceptance is lost between the two kinds (test_every_criterion_is_one_or_the_other).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.engine.policy import command_in

MOST_COMMANDS = 8
_CODE = r"(?<!`)`([^`\n]+)`(?!`)"
_PASSES = (
    r"(?:pass(?:es)?|succeeds?|works?|runs?(?:\s+(?:through|clean(?:ly)?|without\s+(?:an?\s+)?errors?))?"
    r"|(?:is|are|stays?)\s+(?:green|clean)|finds?\s+nothing|(?:ends?|exits?)\s+with\s+(?:exit\s+)?(?:code\s+)?0"
    r"|reports?\s+no\s+(?:errors?|problems?|failures?)|without\s+(?:an?\s+|any\s+)?(?:errors?|failures?))"
)
_COMMAND = re.compile(rf"(?:run(?:ning)?\s+)?{_CODE}(\s+(?:still\s+)?{_PASSES})?\s*[.!]?", re.IGNORECASE)
_ITEM = re.compile(r"\A\s*(?:[-*+]|\d+[.)])\s+(?:\[[^\]]\]\s+)?")


@dataclass(frozen=True, slots=True)
class Acceptance:
    commands: tuple[tuple[str, ...], ...]
    """Each must end with exit code 0."""
    words: str
    """The criteria that a model or a person has to judge; empty when there are none."""


def read(acceptance: str) -> Acceptance:
    commands: list[tuple[str, ...]] = []
    words: list[str] = []
    for criterion in _criteria(acceptance):
        match = _COMMAND.fullmatch(criterion)
        argv = command_in(match[1]) if match else None
        if match and argv and len(argv) == 1 and not match[2]:
            argv = None  # a single word alone may be anything
        if argv is None or (argv not in commands and len(commands) == MOST_COMMANDS):
            words.append(criterion)
        elif argv not in commands:
            commands.append(argv)
    return Acceptance(tuple(commands), "; ".join(words))


def _criteria(acceptance: str) -> list[str]:
    """Items of a list, or what stands between semicolons outside code."""
    found: list[str] = []
    for line in acceptance.splitlines():
        body = _ITEM.sub("", line, count=1).strip()
        found += [part.strip() for part in re.findall(r"(?:`[^`]*`|[^;`]|`)+", body)]
    return [part for part in found if part]
