"""What a review found: a fault at a line of a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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

    def to_json(self) -> dict[str, Any]:
        return {"path": self.path, "line": self.line, "severity": self.severity.value, "message": self.message,
                "text": self.text}  # fmt: skip

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Finding:
        """Raises ValueError, KeyError for what `to_json` did not write."""
        severity = Severity(stored["severity"])
        return cls(str(stored["path"]), int(stored["line"]), severity, str(stored["message"]), str(stored["text"]))
