"""The metrics of an outline as CSV: a row for each day, with the columns of `orchestrator stats --csv`.

Apart from `calls_csv`, which has what these are computed from.
"""

from __future__ import annotations

from orchestrator.engine.exchange import Subject
from orchestrator.engine.metrics_report import as_csv
from orchestrator.model.metrics import GroupBy


class MetricsAsCsv:
    @property
    def name(self) -> str:
        return "metrics"

    @property
    def suffix(self) -> str:
        return ".csv"

    async def export(self, subject: Subject) -> str:
        return as_csv(await subject.history.metrics(GroupBy.DAY))
