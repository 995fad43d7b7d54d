"""One line of a benchmark's report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    limit: float | None = None
    """A ratio that must not be exceeded; None where the figure is only reported."""
    note: str = ""

    @property
    def failed(self) -> bool:
        return self.limit is not None and self.value > self.limit

    def __str__(self) -> str:
        gate = "" if self.limit is None else f"  (at most {self.limit:g}: {'NO' if self.failed else 'yes'})"
        return f"{self.name:58} {self.value:9.2f} {self.unit:6}{gate}{'  ' + self.note if self.note else ''}"
