"""Metrics as one page of HTML with charts: one file, no network, nothing loaded.

The charts are Chartist's (`charts/`, with its licence): SVG whose colours are the style sheet's, so that light, dark
and print need no script. Every chart has its numbers in a table of the page. The Content-Security-Policy allows exactly
the scripts and the style sheet that are in the page, by hash.

Invariant: no name that a file, a model or a provider gave becomes markup or script (test_hostile_names_stay_text).
Invariant: the charts library is the one that was looked at (test_the_chart_library_is_the_one_we_checked).
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.resources import files

from orchestrator.engine.metrics_report import COLUMNS, columns
from orchestrator.model.metrics import GroupBy, Metrics
from orchestrator.model.safe_text import one_line

Tables = Mapping[GroupBy, Sequence[Metrics]]

MARK = "<!-- orchestrator stats -->"
"""Stands in every page: only such a file is replaced."""
DAYS = 92
"""Days in a chart, the newest; the table has all."""
BARS = 10
"""Models, executors or versions in a chart: those with most calls."""
LONGEST = 60
_SHOWN = (GroupBy.MODEL, GroupBy.EXECUTOR, GroupBy.PROMPT, GroupBy.OUTLINE, GroupBy.ROLE, GroupBy.DAY)
_TITLES = {
    GroupBy.MODEL: "Models",
    GroupBy.EXECUTOR: "Executors",
    GroupBy.PROMPT: "Prompts, by version",
    GroupBy.OUTLINE: "Outlines",
    GroupBy.ROLE: "What the calls were for",
    GroupBy.DAY: "Days",
}


@dataclass(frozen=True, slots=True)
class Series:
    title: str
    value: Callable[[Metrics], float]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    by: GroupBy
    series: tuple[Series, ...]
    stacked: bool = False
    prefix: str = ""
    whole: bool = False
    """Its values are counts."""


CHARTS = (
    Chart("Cost by day, US dollars", GroupBy.DAY, (Series("cost", lambda m: m.cost_usd),), prefix="$"),
    Chart(
        "Calls by day",
        GroupBy.DAY,
        (
            Series("completed", lambda m: m.completed_calls),
            Series("failed", lambda m: m.failed_calls),
            Series("stopped", lambda m: m.cancelled_calls),
        ),
        stacked=True,
        whole=True,
    ),
    Chart(
        "Tokens by day",
        GroupBy.DAY,
        (Series("sent", lambda m: m.input_tokens), Series("received", lambda m: m.output_tokens)),
        stacked=True,
        whole=True,
    ),
    Chart(
        "Seconds to an answer, by model",
        GroupBy.MODEL,
        (
            Series("half of them within", lambda m: m.latency_p50 or 0),
            Series("95 of 100 within", lambda m: m.latency_p95 or 0),
        ),
    ),
    Chart("Cost by model, US dollars", GroupBy.MODEL, (Series("cost", lambda m: m.cost_usd),), prefix="$"),
    Chart(
        "Tasks by executor",
        GroupBy.EXECUTOR,
        (
            Series("completed", lambda m: m.completed_tasks),
            Series("failed", lambda m: m.failed_tasks),
            Series("cancelled", lambda m: m.cancelled_tasks),
        ),
        stacked=True,
        whole=True,
    ),
    Chart(
        "Splits by prompt version",
        GroupBy.PROMPT,
        (Series("applied", lambda m: m.splits_applied), Series("discarded", lambda m: m.splits_discarded)),
        stacked=True,
        whole=True,
    ),
)


def page(tables: Tables, now: float, since: float | None = None, until: float | None = None) -> str:
    """The page; `tables` for every group. Blocks for milliseconds."""
    drawn = [(f"chart-{number}", chart, rows) for number, chart in enumerate(CHARTS) if (rows := _rows(tables, chart))]
    style = f"{_asset('chartist.css')}\n{_asset('page.css')}"
    scripts = (_asset("chartist.umd.js"), _asset("page.js")) if drawn else ()
    allowed = " ".join(map(_hash, scripts)) or "'none'"
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {allowed}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    data = json.dumps([_data(name, chart, rows) for name, chart, rows in drawn], ensure_ascii=True)
    data = data.replace("<", "\\u003c")
    body = [*_head(tables, now, since, until), *_figures(drawn), *_tables(tables), *_foot()]
    if drawn:
        body += [f'<script type="application/json" id="data">{data}</script>']
        body += [f"<script>{script}</script>" for script in scripts]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            MARK,
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            "<title>Orchestrator: what was done and what it took</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def _head(tables: Tables, now: float, since: float | None, until: float | None) -> Iterable[str]:
    days = [one.name for one in tables.get(GroupBy.DAY, ())]
    first = _day(since) if since is not None else days[0] if days else ""
    last = _day(until) if until is not None else _day(now)
    yield "<header><h1>What was done and what it took</h1>"
    period = f"{first} to {last}" if first else f"up to {last}"
    yield f'<p class="period">{escape(period)}, computed on this computer from its own journal.</p></header>'
    yield "<main>"
    whole = next(iter(tables.get(GroupBy.ALL, ())), None)
    if whole is None or not (whole.calls or whole.tasks):
        yield "<p>Nothing was measured yet: no run, split or chat in that time.</p>"
        return
    yield '<dl class="totals">'
    for title, value in _totals(whole):
        if value:
            yield f"<div><dt>{escape(title)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"


def _totals(whole: Metrics) -> Iterable[tuple[str, str]]:
    shown = {column.title: column.value(whole) for column in COLUMNS}
    yield "Calls to models", shown["calls"]
    yield "Cost", shown["cost"]
    yield "Tokens sent", shown["in"]
    yield "Tokens received", shown["out"]
    yield "Tasks completed", f"{shown['done']} of {shown['tasks']}" if shown["done"] else ""
    yield "Splits accepted", f"{shown['accepted']} of {shown['splits']}" if shown["accepted"] else ""
    yield "Edits allowed", shown["edits"]
    yield "Messages, on average", shown["length"]


def _figures(drawn: Sequence[tuple[str, Chart, Sequence[Metrics]]]) -> Iterable[str]:
    if not drawn:
        return
    yield '<h2 id="charts">Charts</h2><div class="charts">'
    for name, chart, _ in drawn:
        yield f'<figure aria-labelledby="{name}-title"><figcaption id="{name}-title">{escape(chart.title)}</figcaption>'
        if len(chart.series) > 1:
            yield '<ul class="legend">'
            for letter, series in zip("abc", chart.series, strict=False):
                swatch = f'<svg aria-hidden="true"><rect class="swatch-{letter}" width="100%" height="100%"/></svg>'
                yield f"<li>{swatch}{escape(series.title)}</li>"
            yield "</ul>"
        told = f"{chart.title}. The numbers are in the table {_TITLES[chart.by]}."
        wide = "" if chart.by is GroupBy.DAY else " wide"
        yield f'<div class="chart{wide}" id="{name}" role="img" aria-label="{escape(told)}"></div></figure>'
    yield "</div>"


def _tables(tables: Tables) -> Iterable[str]:
    for by in _SHOWN:
        rows = tables.get(by, ())
        if not any(one.calls or one.tasks for one in rows):
            continue
        shown = columns(rows)
        title = _TITLES[by]
        yield f'<h2 id="by-{by.value}">{title}</h2>'
        yield f'<div class="scroll" tabindex="0" role="region" aria-labelledby="by-{by.value}"><table><thead><tr>'
        yield f'<th scope="col">{by.value}</th>'
        yield from (f'<th scope="col" title="{escape(column.about)}">{escape(column.title)}</th>' for column in shown)
        yield "</tr></thead><tbody>"
        for one in rows:
            cells = "".join(f"<td>{escape(column.value(one))}</td>" for column in shown)
            yield f'<tr><th scope="row">{escape(_label(by, one, 2 * LONGEST))}</th>{cells}</tr>'
        yield "</tbody></table></div>"


def _foot() -> Iterable[str]:
    yield "</main><footer><p>"
    yield " · ".join(f"<b>{escape(column.title)}</b>: {escape(column.about)}" for column in COLUMNS)
    yield "</p><p>Charts: Chartist 1.5.0, MIT licence, © 2013 Gion Kunz. This page loads nothing and sends nothing.</p>"
    yield "</footer>"


def _rows(tables: Tables, chart: Chart) -> Sequence[Metrics]:
    """What a chart draws; nothing where all of it is zero."""
    rows = [one for one in tables.get(chart.by, ()) if one.name]
    if chart.by is GroupBy.DAY:
        rows = rows[-DAYS:]
    else:
        rows = [one for one in rows if any(series.value(one) for series in chart.series)]
        rows = sorted(rows, key=lambda one: (-one.calls, one.name))[:BARS]
    return rows if any(series.value(one) for one in rows for series in chart.series) else ()


def _data(name: str, chart: Chart, rows: Sequence[Metrics]) -> dict[str, object]:
    longest = 10 if chart.by is GroupBy.DAY else 22
    return {
        "id": name,
        "labels": [_label(chart.by, one, longest) for one in rows],
        "series": [[round(series.value(one), 6) for one in rows] for series in chart.series],
        "stacked": chart.stacked,
        "across": chart.by is not GroupBy.DAY,
        "prefix": chart.prefix,
        "whole": chart.whole,
    }


def _label(by: GroupBy, one: Metrics, limit: int) -> str:
    name = one.name[5:] if by is GroupBy.DAY and limit <= LONGEST else one.name
    if limit <= LONGEST and by in {GroupBy.MODEL, GroupBy.OUTLINE}:
        name = name.rsplit("/", 1)[-1]
    if limit <= LONGEST and by is GroupBy.PROMPT:
        prompt, _, version = name.rpartition(" ")
        name = f"{prompt} {version[:6]}"
    return one_line(name, limit) or "-"


def _day(when: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(when))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@lru_cache
def _asset(name: str) -> str:
    return files("orchestrator.engine").joinpath("charts", name).read_text("utf-8").strip()
