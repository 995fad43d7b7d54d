"""`orchestrator history QUERY`: search conversations, results and splits, and say where their tasks stand."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.surroundings import Surroundings, current_folder, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.errors import ConfigError
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.engine.history import Found

SCHEMA = 1
_DAYS = re.compile(r"(\d{1,5})\s*(d|w|m|y)")
_LENGTHS = {"d": 1, "w": 7, "m": 30, "y": 365}
_WHAT = {"message": "said", "result": "result", "split": "split"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="QUERY", nargs="+", help='words; "a phrase"; -word leaves out')
    parser.add_argument("--outline", metavar="FILE", type=Path, help="only what was about this outline")
    parser.add_argument(
        "--since", metavar="WHEN", help="from this date (2026-11-27) on, or for so long (7d, 4w, 6m, 1y)"
    )
    parser.add_argument("--until", metavar="WHEN", help="before this date, or longer ago")
    parser.add_argument("--model", default="", metavar="MODEL", help="only of this provider/model, model or provider")
    parser.add_argument(
        "--meaning", action="store_true", help="find what means something like it; reads what was not read yet, first"
    )
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most N, 20 if left out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    around = surroundings(arguments, terminal, arguments.outline or current_folder())
    found = asyncio.run(_search(arguments, around, terminal))
    if arguments.json:
        terminal.result(json.dumps({"schema": SCHEMA, "hits": [_as_json(one) for one in found]}, indent=2))
        return ExitCode.OK
    if not found:
        terminal.say("Nothing was found.")
    for one in found:
        _show(terminal, one)
    return ExitCode.OK


def moment(text: str, now: datetime) -> float:
    """Raises ConfigError."""
    if match := _DAYS.fullmatch(text.strip()):
        return (now - timedelta(days=int(match.group(1)) * _LENGTHS[match.group(2)])).timestamp()
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            f"“{one_line(text, 40)}” is no date.", hint="Write a date such as 2026-11-27, or 7d, 4w, 6m, 1y."
        ) from error


async def _search(arguments: argparse.Namespace, around: Surroundings, terminal: Terminal) -> list[Found]:
    from orchestrator.engine.history import by_words, placed
    from orchestrator.engine.meaning import Meanings
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.history import Filters
    from orchestrator.store.store import Store

    now = datetime.now().astimezone()
    filters = Filters(
        uri=_uri(arguments.outline) if arguments.outline else None,
        since=moment(arguments.since, now) if arguments.since else None,
        until=moment(arguments.until, now) if arguments.until else None,
        model=arguments.model,
    )
    store = await Store.open(around.directories.data / STORE_FILE)
    try:
        query, limit = " ".join(arguments.query), max(1, arguments.limit)
        if arguments.meaning:
            meanings = Meanings()
            await meanings.build(store, lambda known, total: terminal.status(f"Reading {known:,} of {total:,} texts"))
            terminal.clear_status()
            found = await meanings.search(store, query, filters, limit)
        else:
            found = await by_words(store, query, filters, limit)
        return await placed(store, found, lambda _uri: None, around.configuration.settings.outline.max_bytes)
    finally:
        await store.aclose()


def _uri(path: Path) -> str:
    return Path(os.path.realpath(path)).as_uri()


def _where(one: Found) -> str:
    from orchestrator.engine.history import path_of

    path = path_of(one.uri or one.hit.uri)
    return str(path) if path is not None else one.uri or one.hit.uri


def _show(terminal: Terminal, one: Found) -> None:
    hit = one.hit
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(hit.created))
    place = f"{_where(one)}:{one.line + 1}" if one.line is not None else f"{_where(one)} (the task is gone)"
    terminal.result(f"{when}  {one_line(hit.title, 70) or '(no title)'}", "strong")
    model = f", {one_line(hit.model)}" if hit.model else ""
    near = f", {one.nearness:.0%} near" if one.nearness is not None else ""
    terminal.result(f"  {one_line(place)}  {_WHAT[hit.kind]}{model}{near}", "faint")
    terminal.result(f"  {one.excerpt.text}")


def _as_json(one: Found) -> dict[str, Any]:
    hit = one.hit
    return {
        "kind": hit.kind,
        "title": hit.title,
        "taskId": hit.task_id,
        "file": _where(one),
        "line": None if one.line is None else one.line + 1,
        "gone": one.line is None,
        "created": hit.created,
        "model": hit.model,
        "excerpt": one.excerpt.text,
        "matches": [list(span) for span in one.excerpt.matches],
        "nearness": one.nearness,
        "conversationId": hit.conversation_id,
        "runId": hit.run_id,
        "messageId": hit.record_id if hit.kind == "message" else None,
    }
