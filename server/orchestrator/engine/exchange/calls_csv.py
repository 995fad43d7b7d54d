"""The calls for an outline as CSV: one row each, for a spreadsheet.

Cells that a spreadsheet would compute are defused with an apostrophe before them: a title may be `=HYPERLINK(…)`.

Invariant: no cell starts a formula (test_no_cell_starts_a_formula).
"""

from __future__ import annotations

import csv
import io
import time

from orchestrator.engine.exchange import Subject
from orchestrator.model.safe_text import one_line
from orchestrator.store.past import Call

_COLUMNS = (
    "started", "seconds", "run", "kind", "task", "title", "role", "provider", "model", "prompt", "promptVersion",
    "state", "repair", "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "estimated", "costUsd",
    "error",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for the beginning of one, full-width forms included."""


class CallsAsCsv:
    @property
    def name(self) -> str:
        return "csv"

    @property
    def suffix(self) -> str:
        return ".csv"

    async def export(self, subject: Subject) -> str:
        return table(_COLUMNS, [_row(call) for call in await subject.history.calls()])


def table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """As RFC 4180 writes it, with every cell defused."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[defused(cell) for cell in row] for row in rows])
    return out.getvalue()


def defused(cell: object) -> object:
    """Numbers stay, and so that negative ones too; text is one line."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return cell
    shown = one_line(cell)
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA) else shown


def _row(call: Call) -> tuple[object, ...]:
    step, usage = call.step, call.step.usage
    return (
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(step.started)),
        None if step.ended is None else round(step.ended - step.started, 3),
        call.run_id,
        call.kind,
        call.task_id,
        call.task_title,
        step.role.value,
        step.provider,
        step.model,
        step.prompt,
        step.prompt_version,
        step.state.value,
        int(step.repair),
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        int(usage.estimated),
        None if step.cost is None else f"{step.cost.normalize():f}",
        step.error,
    )
