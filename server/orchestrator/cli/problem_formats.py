"""A problem as the commands write it: a line for a person, JSON for a program, an annotation for GitHub.

Apart from the commands because two of them show problems, and both must name the same place: lines and columns count
from 1, columns in characters.

Invariant: no title, path or message can become a second line, or a command to the build that reads the output
(test_annotations_are_escaped, test_a_path_is_no_command_to_the_build).
"""

from __future__ import annotations

from typing import Any

from orchestrator.model.safe_text import one_line
from orchestrator.outline.problems import Problem, Severity
from orchestrator.outline.text import Encoding, Text

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
"""What GitHub calls them; the others are notices."""


def as_line(name: str, text: Text, problem: Problem) -> str:
    line, column = _place(text, problem.start)
    return f"{shown_path(name)}:{line}:{column}: {problem.severity}: {one_line(problem.message)} [{problem.code}]"


def as_json(text: Text, problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code.value,
        "severity": problem.severity.value,
        **_span(text, problem.start, problem.end),
        "message": problem.message,
        "related": [{**_span(text, other.start, other.end), "message": other.message} for other in problem.related],
    }


def as_annotation(name: str, text: Text, problem: Problem) -> str:
    """A workflow command of GitHub Actions: it shows the message at the line of the pull request."""
    span = _span(text, problem.start, problem.end)
    if span["line"] != span["endLine"]:  # GitHub takes columns only within one line
        del span["column"], span["endColumn"]
    names = {"line": "line", "column": "col", "endLine": "endLine", "endColumn": "endColumn"}
    places = "".join(f",{names[key]}={value}" for key, value in span.items())
    level = _LEVELS.get(problem.severity, "notice")
    file, title = _property(one_line(name)), _property(problem.code)
    return f"::{level} file={file}{places},title={title}::{_escaped(one_line(problem.message))}"


def shown_path(name: str) -> str:
    """A line that starts with `::` or `##[` is a command to some builds, and a file may be called so."""
    shown = one_line(name)
    return f"./{shown}" if shown.startswith((":", "#")) else shown


def _place(text: Text, offset: int) -> tuple[int, int]:
    line, character = text.position(offset, Encoding.UTF32)
    return line + 1, character + 1


def _span(text: Text, start: int, end: int) -> dict[str, int]:
    line, column = _place(text, start)
    end_line, end_column = _place(text, end)
    return {"line": line, "column": column, "endLine": end_line, "endColumn": end_column}


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
