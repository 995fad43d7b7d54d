"""`orchestrator export FILE`: an outline as JSON, its conversations as Markdown, its calls as CSV, or a plug-in's."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.editors import Editors
from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.file_editor import IN_EDITOR, read
from orchestrator.cli.surroundings import Surroundings, surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.model.safe_text import one_line
from orchestrator.outline.parse import parse

if TYPE_CHECKING:
    from orchestrator.engine.exchange import Exporter
    from orchestrator.engine.exchange.doing import Exported
    from orchestrator.engine.file_outline import Content
    from orchestrator.store.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the outline")
    parser.add_argument(
        "--format",
        default="json",
        metavar="FORMAT",
        help="json (the outline, if left out), markdown (its conversations), csv (its calls), metrics, or a plug-in's",
    )
    parser.add_argument("--to", metavar="PATH", type=Path, help="write to this new file instead of standard output")
    parser.add_argument("--replace", action="store_true", help="write over the file")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    from orchestrator.engine.exchange import exporter

    around = surroundings(arguments, terminal, arguments.file)
    form = exporter(arguments.format, around.workspace)
    content = read(arguments.file, around.configuration.settings.outline.max_bytes)
    uri = Path(os.path.realpath(arguments.file)).as_uri()
    exported = asyncio.run(_export(arguments, around, form, content, uri))
    if exported.removed:
        terminal.say(f"note: {exported.removed:,} keys were taken out.", "warning")
    if arguments.to is None:
        terminal.document(exported.text)
    else:
        max_bytes = around.configuration.settings.outline.max_bytes
        with Editors(around.directories) as editors:
            in_editor = editors.write(arguments.to, exported.text, max_bytes, "Export", replacing=arguments.replace)
        terminal.say(f"Wrote {one_line(str(arguments.to))}{IN_EDITOR if in_editor else ''}.")
    return ExitCode.OK


async def _export(
    arguments: argparse.Namespace, around: Surroundings, form: Exporter, content: Content, uri: str
) -> Exported:
    from orchestrator.engine.exchange import Subject
    from orchestrator.engine.exchange.doing import StoredHistory, export, secrets_of
    from orchestrator.engine.session import STORE_FILE
    from orchestrator.store.store import Store

    opened: list[Store] = []

    async def store() -> Store:
        if not opened:
            opened.append(await Store.open(around.directories.data / STORE_FILE))
        return opened[0]

    endpoints = around.configuration.settings.endpoints.values()
    names = [endpoint.key_name for endpoint in endpoints if endpoint.key_name]
    secrets = await asyncio.to_thread(secrets_of, around.keys(), names)
    subject = Subject(arguments.file.name, parse(content.text), content.mark.decode(), StoredHistory(uri, store))
    try:
        return await export(form, subject, secrets)
    finally:
        for one in opened:
            await one.aclose()
