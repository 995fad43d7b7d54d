"""The command line's entry: finds the command, runs it, and turns every ending into a message and an exit code.

Imports almost nothing, and a command's module only when that command runs: `orchestrator --help` and shell completion
must answer at once (benchmarks/startup.py holds it to five times an empty Python).

Invariant: no error of ours shows a traceback, and each has its exit code (test_errors_are_messages).
Invariant: every command and option is in docs/reference/cli.md (test_reference_lists_every_option).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from orchestrator.cli.exit_codes import ExitCode, exit_code, table
from orchestrator.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.cli.terminal import Terminal

COMMANDS: Mapping[str, str] = {
    "split": "split a task of an outline into subtasks",
    "replan": "plan the subtasks of a task anew, keeping what is done",
    "run": "do the tasks of an outline",
    "runs": "list the runs, and what waits for a person",
    "resume": "go on with a run that paused or was stopped",
    "stop": "stop a run of another terminal or an editor",
    "chat": "talk with a model about one task",
    "expand": "make an outline of a one-line idea",
    "prompts": "show, edit, try and exchange the prompts that models get",
    "playbook": "save a branch as an example for the planners",
    "outline": "show the tasks of an outline",
    "history": "search what was said and done, and find its task again",
    "export": "write an outline, its conversations or its calls in another form",
    "import": "make an outline of another program's tasks",
    "check": "find the problems of outlines",
    "data": "say where everything is that is kept, how big it is, and delete it",
    "stats": "what was done, how well it went, and what it took",
    "models": "list the models and why one is not usable; fetch one",
    "doctor": "check the installation and say what mends it",
    "config": "show the settings and where each comes from",
    "trust": "say which folders are trusted and which provider may see them",
    "auth": "keep, list and remove keys",
    "serve": "run the language server on stdin and stdout",
}
"""Each has a module of its name beside this one, with `add_arguments(parser)` and `run(arguments, terminal) -> int`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the console script's entry."""
    words = list(sys.argv[1:] if argv is None else argv)
    terminal: Terminal | None = None
    try:
        arguments = _parse(words)
        from orchestrator.cli.terminal import Terminal

        terminal = Terminal(os.environ, no_color=arguments.no_color)
        code = import_module(f"orchestrator.cli.{arguments.command}").run(arguments, terminal)
        terminal.flush()
        return int(code)
    except SystemExit as ending:  # argparse: --help, --version, a wrong command line
        return ending.code if isinstance(ending.code, int) else ExitCode.USAGE
    except KeyboardInterrupt:
        return _last_words(terminal, "Stopped.", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        _give_up_output()
        return int(ExitCode.BROKEN_PIPE)
    except OrchestratorError as error:
        return _last_words(terminal, _in_full(error), exit_code(error))
    except Exception as error:  # noqa: BLE001 - the outermost frame: nothing may end without a word on what to do
        if isinstance(error, OSError) and error.filename is None:
            _give_up_output()
            return _last_words(terminal, f"The output could not be written ({error.strerror}).", ExitCode.FILE)
        return _bug(terminal)


def parser_of(command: str) -> argparse.ArgumentParser:
    """The command's own parser; the global options are understood there too."""
    parser = argparse.ArgumentParser(
        prog=f"orchestrator {command}", description=f"{COMMANDS[command].capitalize()}.", allow_abbrev=False
    )
    _add_global_options(parser, argparse.SUPPRESS)
    import_module(f"orchestrator.cli.{command}").add_arguments(parser)
    return parser


def top_parser() -> argparse.ArgumentParser:
    listing = "\n".join(f"  {name:9}{what}" for name, what in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="orchestrator",
        description="Orchestrator: a Markdown task outline as work that language models do.",
        epilog=f"commands:\n{listing}\n\n`orchestrator COMMAND --help` explains one.\n\nexit codes:\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_global_options(parser, None)
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="one of the commands below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _parse(words: list[str]) -> argparse.Namespace:
    parser = top_parser()
    arguments = parser.parse_args(words)
    if arguments.version:
        from importlib.metadata import version

        if sys.stdout is not None:  # closed by whoever started us
            sys.stdout.write(f"orchestrator {version('orchestrator-ls')}\n")
        raise SystemExit(0)
    if arguments.command is None:
        parser.print_help(sys.stderr)
        raise SystemExit(ExitCode.USAGE)
    if arguments.command not in COMMANDS:
        parser.error(f"there is no command {arguments.command!r}; the commands are {', '.join(COMMANDS)}")
    own = parser_of(arguments.command).parse_args(arguments.rest)
    return argparse.Namespace(**{**vars(arguments), **vars(own)})


def _add_global_options(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--data-dir", metavar="FOLDER", default=default, help="keep the database here (also: ORCHESTRATOR_DATA_DIR)"
    )
    parser.add_argument(
        "--no-color",
        action="store_true",
        default=default or False,
        help="no colours (also: the environment variable NO_COLOR, or TERM=dumb)",
    )


def _in_full(error: OrchestratorError) -> str:
    from orchestrator.model.safe_text import many_lines

    return many_lines(f"{error.message}\n{error.hint}")


def _last_words(terminal: Terminal | None, message: str, code: ExitCode) -> int:
    try:
        if terminal is None and sys.stderr is not None:
            sys.stderr.write(f"orchestrator: {message}\n")
        elif terminal is not None:
            terminal.say(f"orchestrator: {message}")
            terminal.flush()
    except OSError:
        pass  # nobody listens; the exit code still tells
    return int(code)


def _bug(terminal: Terminal | None) -> int:
    import traceback

    trace = traceback.format_exc()
    return _last_words(terminal, f"{trace}\nThis is a bug. Please report it with the lines above.", ExitCode.FAILED)


def _give_up_output() -> None:
    from orchestrator.cli.terminal import give_up

    if sys.stdout is not None:
        give_up(sys.stdout)
