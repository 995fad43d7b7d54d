"""Outlines of any size, always the same ones: realistic titles, some ids, fields, descriptions, and twenty problems.

Four shapes, because what is cheap in one may be dear in another: many items at the top level, one item that holds all
others, sections of twenty tasks, and chains that go a hundred levels down.

    python -m benchmarks.outlines SHAPE TASKS > plan.tasks.md
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

PROBLEMS = 20
"""In every outline, whatever its shape and size; the tasks that have one are spread over all of it."""
PER_SECTION = 20
CHAIN = 100
"""Levels: as deep as a list may go (`outline/scan.py`)."""

_VERBS = ("Write", "Review", "Measure", "Translate", "Book", "Test", "Draft", "Replace", "Publish", "Check", "Sketch")
_THINGS = (
    "the login form", "the pricing page", "a summary for the team", "the index of events", "the release notes",
    "the opening hours of the café", "three interviews", "the deployment script", "the error messages of the parser",
    "the garden plan", "the invoice template", "the retry logic", "the reading list",
)  # fmt: skip
_ENDS = (
    "", " before the demo", " with two people who have never seen it", " for the second milestone",
    " on a slow machine", " and say what is missing", " again", " (see `docs/plan.md`)",
)  # fmt: skip
_DESCRIPTIONS = (
    "Keep it short; the long version is in the wiki and nobody reads it.",
    "Ask first who owns it, then change one thing at a time.",
    "The numbers of last year are good enough to begin with.",
)
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


class Shape(StrEnum):
    TOP = "top"
    ROOT = "root"
    HEADINGS = "headings"
    CHAINS = "chains"


@dataclass(frozen=True)
class Sample:
    text: str
    line: int
    """Of the task in the middle, which has no problem and nothing but a title."""
    character: int
    """In the middle of its title. All of this line is ASCII, so it is the same in every encoding."""
    tasks: int

    @property
    def line_length(self) -> float:
        """Bytes per line, on average, with the line break."""
        return len(self.text.encode()) / (self.text.count("\n") or 1)


def sample(shape: Shape, tasks: int) -> Sample:
    """As many tasks as asked for, of which PROBLEMS have a problem."""
    lines: list[str] = []
    middle = 0
    middle_task = tasks // 2 + (CHAIN // 2 + 1 if shape is Shape.CHAINS else 0)
    ill = {round((place + 0.25) * tasks / PROBLEMS): place for place in range(PROBLEMS)}
    for number, indent in enumerate(_INDENTS[shape](tasks)):
        if shape is Shape.HEADINGS and number % PER_SECTION == 0:
            lines += ["", f"## Part {number // PER_SECTION + 1}: {_THINGS[number // PER_SECTION % len(_THINGS)]}", ""]
        if number == middle_task:
            middle = len(lines)
            lines.append(f"{indent}- [ ] Compare the plan with what was promised")
        elif number in ill:
            lines.append(indent + _with_problem(number, ill[number]))
        else:
            lines += (indent + line for line in _well(number, shape))
    return Sample("\n".join(lines) + "\n", middle, len(lines[middle]) - 20, tasks)


def headings(count: int) -> str:
    """What a Markdown server has symbols for: as many headings as asked for, with the titles of the tasks."""
    return "".join(f"## {_title(number)}\n\n" for number in range(count))


def _top(tasks: int) -> Iterator[str]:
    return ("" for _ in range(tasks))


def _root(tasks: int) -> Iterator[str]:
    return ("  " if number else "" for number in range(tasks))


def _chains(tasks: int) -> Iterator[str]:
    return ("  " * (number % CHAIN) for number in range(tasks))


_INDENTS: dict[Shape, Callable[[int], Iterator[str]]] = {
    Shape.TOP: _top,
    Shape.ROOT: _root,
    Shape.HEADINGS: _top,
    Shape.CHAINS: _chains,
}


def _title(number: int) -> str:
    verb, thing = _VERBS[number % len(_VERBS)], _THINGS[number // 3 % len(_THINGS)]
    return f"{verb} {thing}{_ENDS[number // 7 % len(_ENDS)]}"


def _well(number: int, shape: Shape) -> Iterator[str]:
    """A task's lines, without problems: nothing completed above something open or below it alone."""
    leaf = shape is not Shape.CHAINS and number > 0
    line = f"- [{'x' if leaf and number % 7 == 3 else ' '}] {_title(number)}"
    if number % 10 == 4:
        line += f"  [priority:: {('low', 'medium', 'high')[number % 3]}]"
    if leaf and number % 50 == 9:
        line += f"  [dependsOn:: {_id(number - 4)}]"
    if number % 5 == 0:
        line += f"  ^{_id(number)}"
    yield line
    if number % 8 == 6:
        yield f"  {_DESCRIPTIONS[number // 8 % len(_DESCRIPTIONS)]}"


def _with_problem(number: int, kind: int) -> str:
    """One problem of a single code, for each of four codes in turn."""
    title = _title(number)
    return (
        f"- [~] {title}",
        f"- [?] {title}",
        f"- [ ] {title}  [priority:: urgent]",
        f"- [ ] {title}  [dependsOn:: nowhere{number}]",
    )[kind % 4]


def _id(number: int) -> str:
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits


if __name__ == "__main__":
    sys.stdout.write(sample(Shape(sys.argv[1]), int(sys.argv[2])).text)
