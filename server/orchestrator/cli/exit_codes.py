"""What the command's exit code says: the one table, shown by `--help` and in docs/reference/cli.md.

Invariant: every error class has a code of its own meaning (test_every_error_has_an_exit_code).
Invariant: the page in docs lists exactly these (test_reference_lists_every_exit_code).
"""

from __future__ import annotations

from enum import IntEnum

from orchestrator import errors


class ExitCode(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    FILE = 4
    TASK = 5
    CHANGED = 6
    NEEDS_PERSON = 7
    PROVIDER = 8
    ANSWER = 9
    STORE = 10
    BUDGET = 11
    UNFINISHED = 12
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "done; also when the task needs no subtasks, or you declined the change",
    ExitCode.FAILED: "`doctor` or `check` found something to mend, or the program has a bug",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.CONFIG: "a setting or a settings file is wrong",
    ExitCode.FILE: "a file cannot be read or written",
    ExitCode.TASK: "the task is not in the file, several match, or it cannot have subtasks",
    ExitCode.CHANGED: "the change does not fit the file (any more), so nothing was written",
    ExitCode.NEEDS_PERSON: "needs a person: a confirmation, trust or consent is missing",
    ExitCode.PROVIDER: "no model could be asked, or it did not answer",
    ExitCode.ANSWER: "the model's answer could not be used",
    ExitCode.STORE: "the local database cannot be used",
    ExitCode.BUDGET: "the budget or the number of calls that was allowed is used up",
    ExitCode.UNFINISHED: "the run is over, and tasks failed or could not be done",
    ExitCode.INTERRUPTED: "stopped with Ctrl-C or `stop`; it says what became of the file",
    ExitCode.BROKEN_PIPE: "whoever read the output stopped reading",
    ExitCode.TERMINATED: "stopped by a signal; it says whether the file is as it was",
}

_BY_ERROR: dict[type[errors.OrchestratorError], ExitCode] = {
    errors.ConfigError: ExitCode.CONFIG,
    errors.FileError: ExitCode.FILE,
    errors.TaskError: ExitCode.TASK,
    errors.EditRefusedError: ExitCode.CHANGED,
    errors.TrustError: ExitCode.NEEDS_PERSON,
    errors.BudgetError: ExitCode.BUDGET,
    errors.ProviderError: ExitCode.PROVIDER,
    errors.AnswerUnusableError: ExitCode.ANSWER,
    errors.ToolError: ExitCode.ANSWER,
    errors.StoreError: ExitCode.STORE,
    errors.ProtocolError: ExitCode.FAILED,
}


def exit_code(error: errors.OrchestratorError) -> ExitCode:
    """The code of the nearest class in the tree."""
    return next((_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR), ExitCode.FAILED)


def table() -> str:
    """For `--help`."""
    return "\n".join(f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items())
