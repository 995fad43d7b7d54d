"""`orchestrator import SOURCE --to FILE`: another program's tasks, or an exported outline, as a new outline.

Invariant: a file that is there is not written over unasked (test_import_never_overwrites_unasked).
Invariant: what an editor has open is written there (test_fixes_and_imports_go_into_the_editor).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.editors import Editors
from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.file_editor import IN_EDITOR
from orchestrator.cli.surroundings import surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.model.safe_text import one_line

if TYPE_CHECKING:
    from orchestrator.engine.exchange.doing import Converted

SCHEMA = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", type=Path, help="what is imported")
    parser.add_argument("--to", dest="file", required=True, metavar="FILE", type=Path, help="the new outline")
    parser.add_argument(
        "--format",
        default="",
        metavar="FORMAT",
        help="json, task-master, spec-kit, kiro, markdown, or a plug-in's; recognised if left out",
    )
    parser.add_argument("--replace", action="store_true", help="write over the file")
    parser.add_argument("--dry-run", action="store_true", help="print the outline and write nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    from orchestrator.engine.exchange import Foreign, importer
    from orchestrator.engine.exchange.doing import convert, read_foreign
    from orchestrator.engine.new_ids import id_source
    from orchestrator.engine.outline_files import taken_below
    from orchestrator.outline.parse import parse

    around = surroundings(arguments, terminal, arguments.file)
    settings = around.configuration.settings
    form = importer(arguments.format, around.workspace) if arguments.format else None
    content = read_foreign(arguments.source, settings.outline.max_bytes)
    taken = taken_below(around.workspace, settings.outline.globs, settings.outline.max_bytes)
    foreign = Foreign(arguments.source.name, content.text, id_source(parse(""), taken.ids, taken.tasks))
    converted = convert(foreign, form, around.workspace, settings.outline.max_bytes)
    in_editor = False
    if not arguments.dry_run:
        target, max_bytes, label = arguments.file, settings.outline.max_bytes, f"Import {foreign.name}"
        with Editors(around.directories) as editors:
            in_editor = editors.write(target, converted.text, max_bytes, label, replacing=arguments.replace)
    if arguments.json:
        terminal.result(json.dumps(_as_json(arguments, converted, in_editor=in_editor), indent=2))
        return ExitCode.OK
    for note in converted.notes:
        terminal.say(f"note: {one_line(note)}", "warning")
    if arguments.dry_run:
        terminal.document(converted.text)
        return ExitCode.OK
    count = sum(1 for _ in converted.outline.tasks())
    where = f"{one_line(str(arguments.file))}{IN_EDITOR if in_editor else ''}"
    terminal.result(f"Wrote {where}: {count:,} task{'s' if count != 1 else ''}.")
    terminal.say(f"It was {one_line(converted.what)}.")
    return ExitCode.OK


def _as_json(arguments: argparse.Namespace, converted: Converted, *, in_editor: bool) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "file": str(arguments.file),
        "written": not arguments.dry_run,
        "inEditor": in_editor,
        "format": converted.form,
        "what": converted.what,
        "tasks": sum(1 for _ in converted.outline.tasks()),
        "notes": list(converted.notes),
    }
