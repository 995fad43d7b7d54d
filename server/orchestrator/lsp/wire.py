"""What every wire type is made of.

Apart from `protocol`, which lists the methods, so that a family of types can have a file of its own.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from orchestrator.model.usage import Cost, Usage

Uint = Annotated[int, Field(ge=0, le=2**31 - 1)]
Uri = Annotated[str, Field(min_length=1, max_length=8192)]
Identifier = Annotated[str, Field(min_length=1, max_length=128)]


class Wire(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", strict=True, alias_generator=to_camel, populate_by_name=True, use_enum_values=False
    )


class Position(Wire):
    line: Uint
    character: Uint


class Range(Wire):
    start: Position
    end: Position


class UsageReport(Wire):
    input_tokens: Uint = 0
    output_tokens: Uint = 0
    cost_usd: float | None = None
    """Null: the price is not known."""

    @classmethod
    def of(cls, usage: Usage, cost: Cost) -> UsageReport:
        return cls(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=None if cost is None else float(cost),
        )


class Done(Wire):
    """An empty answer."""
