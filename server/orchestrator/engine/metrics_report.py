"""Metrics as other programs and people read them: JSON names, CSV, and which columns a table has.

Apart from the numbers (`model.metrics`) because this is about words; shared by the command line, the language server
and the page.

Invariant: no cell of a CSV begins a formula (test_csv_cells_start_no_formula).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from orchestrator.model.metrics import RATES, Metrics

FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    value: Callable[[Metrics], str]
    """Empty where there is nothing to say."""
    about: str


def as_json(one: Metrics) -> dict[str, str | int | float | None]:
    """In the words of the wire."""
    names = [*(each.name for each in fields(Metrics)), *RATES]
    return {_camel(name): getattr(one, name) for name in names}


def as_csv(found: Sequence[Metrics]) -> str:
    """With all numbers; a name that a spreadsheet would compute is quoted with `'`."""
    names = [*(each.name for each in fields(Metrics)), *RATES]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_camel(name) for name in names)
    for one in found:
        writer.writerow("" if (value := getattr(one, name)) is None else _cell(value) for name in names)
    return text.getvalue()


def _cost(one: Metrics) -> str:
    if not one.cost_usd and not one.unpriced_calls:
        return ""
    digits = 2 if one.cost_usd >= 1 else 4
    return f"${one.cost_usd:,.{digits}f}{'+' if one.unpriced_calls else ''}"


COLUMNS: tuple[Column, ...] = (
    Column("calls", lambda m: _number(m.calls), "calls to models"),
    Column("failed", lambda m: _number(m.failed_calls + m.cancelled_calls), "calls that failed or were stopped"),
    Column("repairs", lambda m: _number(m.repairs), "answers that a model had to mend"),
    Column("in", lambda m: _tokens(m.input_tokens), "tokens sent"),
    Column("out", lambda m: _tokens(m.output_tokens), "tokens received"),
    Column("cost", _cost, "US dollars; `+` where the price of some calls is not known"),
    Column("p50", lambda m: _seconds(m.latency_p50), "seconds within which half of the answers were complete"),
    Column("p95", lambda m: _seconds(m.latency_p95), "seconds within which 95 of 100 were"),
    Column("tasks", lambda m: _number(m.tasks), "tasks that runs tried"),
    Column("done", lambda m: _share(m.completion), "of those, completed"),
    Column("fell", lambda m: _share(m.failure), "of those, failed"),
    Column("stopped", lambda m: _share(m.cancellation), "of those, cancelled"),
    Column("splits", lambda m: _number(m.splits_applied + m.splits_discarded), "splits that you judged"),
    Column("accepted", lambda m: _share(m.acceptance), "of those, applied"),
    Column("changed", lambda m: _share(m.edited_after), "subtasks that you renamed or removed after that"),
    Column("edits", lambda m: _share(m.edit_acceptance), "proposed edits and commands that you allowed"),
    Column("length", lambda m: "" if m.conversation_mean is None else f"{m.conversation_mean:.1f}", "messages"),
)


def columns(found: Sequence[Metrics]) -> list[Column]:
    """Those that say anything about these rows."""
    return [column for column in COLUMNS if any(column.value(one) for one in found)]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def _cell(value: str | int | float) -> str | int | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _number(value: int) -> str:
    return f"{value:,}" if value else ""


def _tokens(value: int) -> str:
    if value < 10_000:
        return _number(value)
    return f"{value / 1000:,.0f}k" if value < 10_000_000 else f"{value / 1_000_000:,.1f}M"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
