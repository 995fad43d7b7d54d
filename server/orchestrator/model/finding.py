"""What a review found: a fault at a line of a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Finding:
    path: str
    """Relative to the workspace, with `/`."""
    line: int
    """From 1."""
    severity: Severity
    message: str
    """As a model wrote it: data, shown as plain text."""
    text: str = ""
    """The line as it was read, so that whoever shows it knows where it ends, and whether it is still that line."""
