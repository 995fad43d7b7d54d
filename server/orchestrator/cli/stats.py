"""`orchestrator stats`: what was done, how well it went and what it took; as tables, JSON, CSV or one page of HTML."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import Surroundings, current_folder, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.errors import FileError
from orchestrator.model.metrics import GroupBy, Metrics, MetricsQuery
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.engine.metrics_page import Tables
    from orchestrator.engine.metrics_report import Column

SCHEMA = 1
LONGEST_NAME = 44
DROPPED = (
    "length",
    "stopped",
    "edits",
    "changed",
    "splits",
    "fell",
    "repairs",
    "p95",
    "out",
    "in",
    "accepted",
    "failed",
)
"""Titles of columns that a narrow terminal does without, the first that goes first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    groups = [group.value for group in GroupBy]
    parser.add_argument(
        "--by", choices=groups, metavar="WHAT", default=None, help=f"one table only, by {', '.join(groups)}"
    )
    parser.add_argument("--since", metavar="WHEN", type=_when, help="a date (2026-11-01) or a number of days (30d)")
    parser.add_argument("--until", metavar="WHEN", type=_when, help="work that began before; as --since")
    parser.add_argument("--here", action="store_true", help="only of the workspace of the current folder")
    parser.add_argument("--outline", metavar="FILE", type=Path, help="only of this outline")
    parser.add_argument("--prompt", metavar="NAME", help="only calls with this prompt")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print one JSON object")
    how.add_argument("--csv", action="store_true", help="print one table as CSV (--by day, if left out)")
    how.add_argument("--html", metavar="PATH", type=Path, help="write one page with charts, that needs no network")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    around = surroundings(arguments, terminal, arguments.outline or current_folder())
    if arguments.csv:
        from orchestrator.engine.metrics_report import as_csv

        by = GroupBy(arguments.by or GroupBy.DAY)
        terminal.result(as_csv(asyncio.run(_measure(arguments, around, [by]))[by]).rstrip("\r\n"))
        return ExitCode.OK
    if arguments.html:
        return _write_page(arguments, terminal, asyncio.run(_measure(arguments, around, list(GroupBy))))
    default = (GroupBy.ALL, GroupBy.MODEL, GroupBy.EXECUTOR, GroupBy.PROMPT)
    wanted = [GroupBy(arguments.by)] if arguments.by else list(default)
    found = asyncio.run(_measure(arguments, around, wanted))
    if arguments.json:
        from orchestrator.engine.metrics_report import as_json

        shown = {by.value: [as_json(one) for one in rows] for by, rows in found.items()}
        terminal.result(json.dumps({"schema": SCHEMA, **shown}, indent=2))
        return ExitCode.OK
    _show(terminal, found)
    return ExitCode.OK


async def _measure(arguments: argparse.Namespace, around: Surroundings, wanted: Sequence[GroupBy]) -> Tables:
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.store import Store

    uri = await asyncio.to_thread(arguments.outline.resolve) if arguments.outline else None
    store = await Store.open(around.directories.data / STORE_FILE)
    try:
        return {
            by: await store.metrics(
                MetricsQuery(
                    by,
                    arguments.since,
                    arguments.until,
                    str(around.workspace) if arguments.here else None,
                    uri.as_uri() if uri else None,
                    arguments.prompt,
                )
            )
            for by in wanted
        }
    finally:
        await store.aclose()


def _show(terminal: Terminal, found: Tables) -> None:
    from orchestrator.engine.metrics_report import columns

    for position, (by, rows) in enumerate(found.items()):
        if not any(one.calls or one.tasks for one in rows):
            if position == 0:
                terminal.say("Nothing was measured yet: no run, split or chat in that time.")
                return
            continue
        names = [_name(by, one) for one in rows]
        first = max(len(by.value), *map(len, names))
        shown, widths = _fitting(terminal, rows, columns(rows), first)
        if position:
            terminal.result()
        head = "  ".join(f"{column.title:>{width}}" for column, width in zip(shown, widths, strict=True))
        terminal.result(f"{'' if by is GroupBy.ALL else by.value:{first}}  {head}", "strong")
        for name, one in zip(names, rows, strict=True):
            cells = "  ".join(f"{column.value(one):>{width}}" for column, width in zip(shown, widths, strict=True))
            terminal.result(f"{name:{first}}  {cells}".rstrip())
    terminal.say("docs/reference/stats.md explains each column; --by, --since, --html PATH show more.")


def _fitting(
    terminal: Terminal, rows: Sequence[Metrics], shown: list[Column], first: int
) -> tuple[list[Column], list[int]]:
    """On a terminal only what fits its width; the rest is in --json, --csv and --html."""
    widths = [max(len(column.title), *(len(column.value(one)) for one in rows)) for column in shown]
    if terminal.shows_results:
        for title in DROPPED:
            if first + sum(width + 2 for width in widths) <= terminal.width:
                break
            kept = [index for index, column in enumerate(shown) if column.title != title]
            shown, widths = [shown[index] for index in kept], [widths[index] for index in kept]
    return shown, widths


def _name(by: GroupBy, one: Metrics) -> str:
    if by is GroupBy.ALL:
        return "all"
    name = one.name.rsplit("/", 1)[-1] if by is GroupBy.OUTLINE else one.name
    return one_line(name, LONGEST_NAME) or "-"


def _write_page(arguments: argparse.Namespace, terminal: Terminal, found: Tables) -> int:
    from orchestrator.engine import atomic_file
    from orchestrator.engine.metrics_page import MARK, page

    content = page(found, time.time(), arguments.since, arguments.until).encode("utf-8")
    name = one_line(str(arguments.html))
    if arguments.html.is_dir():
        raise FileError(f"{name} is a folder.", hint="Name a file in it.")
    try:
        if arguments.html.exists() and MARK.encode() not in arguments.html.read_bytes()[:200]:
            raise FileError(f"{name} is no page of statistics.", hint="Name another file; this one stays as it is.")
        atomic_file.replace(arguments.html, content, 0o600)
    except OSError as error:
        raise FileError(
            f"{name} cannot be written ({error.strerror}).", hint="Name a file in another folder."
        ) from error
    terminal.result(f"Wrote {name}. Open it in a browser; it needs no network.")
    return ExitCode.OK


def _when(text: str) -> float:
    """In the computer's own time zone."""
    try:
        if text.endswith("d") and text[:-1].isascii() and text[:-1].isdecimal():
            return (datetime.now().astimezone() - timedelta(days=int(text[:-1]))).timestamp()
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        what = f"{text[:40]!r} is no date such as 2026-11-01, and no number of days such as 30d"
        raise argparse.ArgumentTypeError(what) from error
