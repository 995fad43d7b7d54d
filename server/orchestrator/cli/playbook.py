"""`orchestrator playbook FILE --task …`: save a branch as an example for the planners."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from orchestrator.cli import split
from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.file_editor import read
from orchestrator.cli.selector import select
from orchestrator.cli.surroundings import surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.model.safe_text import one_line
from orchestrator.outline.parse import parse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the outline")
    split.add_task_argument(parser)
    parser.add_argument("--replace", action="store_true", help="replace a playbook of the same name")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    from orchestrator.engine.playbooks.saving import save_playbook

    around = surroundings(arguments, terminal, arguments.file)
    content = read(arguments.file, around.configuration.settings.outline.max_bytes)
    task = select(parse(content.text), arguments.task)
    path = save_playbook(around.directories.config, task, replace=arguments.replace)
    if arguments.json:
        terminal.result(json.dumps({"schema": 1, "path": str(path), "title": task.title}, indent=2))
    else:
        terminal.result(f"Saved {one_line(str(path))}.")
        terminal.say("Planners are shown it where a task resembles it, in every workspace.")
    return ExitCode.OK
