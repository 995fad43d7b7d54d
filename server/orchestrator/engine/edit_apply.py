"""Apply exactly what was approved, undo exactly what was applied.

Apart from the proposal because this is the only place that writes files of a workspace for a model.

Each file is checked against what the proposal was made for and replaced in one step; before anything is written all
of them are checked. A file that is already as the proposal wants it counts as done: so after a crash applying again
does nothing twice.

Synchronous: call it in a thread, and hold the workspace's lock.

Invariant: either every file is as proposed, or every file is as it was, as long as nobody else writes meanwhile
(test_a_conflict_in_one_file_leaves_all).
Invariant: applying again after a crash anywhere changes nothing twice (test_a_crash_anywhere_applies_once).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.engine import policy
from orchestrator.engine.edit_proposal import EditProposal, FileChange
from orchestrator.engine.workspace_files import WorkspaceFiles, changed, fingerprint
from orchestrator.errors import EditRefusedError, OrchestratorError, ToolError


@dataclass(frozen=True, slots=True)
class Reverted:
    undone: tuple[str, ...]
    kept: tuple[str, ...]
    """Changed since, by a person or another task: they stay as they are."""


def apply(
    proposal: EditProposal,
    approved: str,
    files: WorkspaceFiles,
    on_written: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the proposal whose fingerprint was approved.

    Raises EditRefusedError when it is not the approved one or a file changed meanwhile, ToolError when a file cannot
    be written; then nothing is changed.
    """
    if proposal.fingerprint != approved:
        raise EditRefusedError(
            "This is not the edit that was approved, so nothing was changed.", hint="Run the task again."
        )
    for change in proposal.changes:
        _check(change, files)
    done: list[FileChange] = []
    try:
        # What is new before what goes: a rename that stops half-way leaves two files, never none.
        for change in sorted(proposal.changes, key=lambda change: change.after is None):
            if _write(change, files):
                done.append(change)
            on_written(change.path)
    except OrchestratorError:
        for change in reversed(done):
            _put_back(change, files)
        raise


def revert(proposal: EditProposal, files: WorkspaceFiles) -> Reverted:
    """Undo an applied proposal, file by file, where it is still what the proposal wrote."""
    undone: list[str] = []
    kept: list[str] = []
    for change in proposal.reverted().changes:
        try:
            _check(change, files)
            _write(change, files)
            undone.append(change.path)
        except (EditRefusedError, ToolError):
            kept.append(change.path)
    return Reverted(tuple(undone), tuple(kept))


def _check(change: FileChange, files: WorkspaceFiles) -> None:
    if policy.relative(change.path) != change.path or files.locate(change.path) != change.path:
        raise changed(change.path)  # a link appeared on the way
    if _found(change.path, files) not in {change.expected, change.result}:
        raise changed(change.path)


def _write(change: FileChange, files: WorkspaceFiles) -> bool:
    """Whether there was anything to do."""
    found = _found(change.path, files)
    if found == change.result:
        return False
    if found != change.expected:
        raise changed(change.path)
    if change.after is None:
        assert change.expected is not None, "a change that changes nothing is in no proposal"
        files.remove(change.path, change.expected)
    else:
        files.replace(change.path, change.after.encode(), change.mode, change.expected)
    return True


def _put_back(change: FileChange, files: WorkspaceFiles) -> None:
    """As far as nobody wrote the file meanwhile."""
    undo = FileChange(change.path, change.after, change.before, change.mode)
    try:
        _write(undo, files)
    except OrchestratorError:
        return


def _found(path: str, files: WorkspaceFiles) -> str | None:
    content = files.find(path)
    return None if content is None else fingerprint(content.data)
