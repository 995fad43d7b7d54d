"""`orchestrator replan FILE --task …`: plan the subtasks of a task anew, show the change, ask, and write it.

Apart from `split` only in what is asked of the model: what is shown, asked and written goes the same way.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from orchestrator.cli import split
from orchestrator.cli.terminal import Terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the outline")
    split.add_task_argument(parser)
    split.add_answer_arguments(parser)
    parser.set_defaults(recursive=1, force=False, replan=True)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    return split.run(arguments, terminal)
