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
    at_least: bool = False
    """The limit is one to reach."""

    @property
    def failed(self) -> bool:
        if self.limit is None:
            return False
        return self.value < self.limit if self.at_least else self.value > self.limit

    def __str__(self) -> str:
        gate = ""
        if self.limit is not None:
            gate = f"  (at {'least' if self.at_least else 'most'} {self.limit:.4g}: {'NO' if self.failed else 'yes'})"
        return f"{self.name:58} {self.value:9.2f} {self.unit:6}{gate}{'  ' + self.note if self.note else ''}"
