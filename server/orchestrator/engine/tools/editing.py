"""The tools that propose edits: they change the draft, nothing else. A person sees all of it before it is written."""

from __future__ import annotations

from pydantic import Field

from orchestrator.engine import policy
from orchestrator.engine.edit_proposal import MAX_CHARACTERS, FileChange
from orchestrator.engine.tools import Arguments, Output, Tool, in_thread
from orchestrator.engine.tools.draft import Draft, decoded
from orchestrator.errors import ToolError

_PATH = "Relative to the workspace"


class CreateFile(Arguments):
    path: str = Field(description=_PATH)
    content: str = Field(description="The whole text of the new file")


class ChangeFile(Arguments):
    path: str = Field(description=_PATH)
    old: str = Field(min_length=1, description="Text that stands in the file exactly once, without line numbers")
    new: str = Field(description="What it becomes; empty deletes it")


class RenameFile(Arguments):
    path: str = Field(description=_PATH)
    new_path: str = Field(description=_PATH)


class DeleteFile(Arguments):
    path: str = Field(description=_PATH)


def editing_tools(draft: Draft) -> tuple[Tool, ...]:
    return (
        Tool(
            "change_file",
            "Propose to replace one text in a file. Read the file first; give enough of `old` to make it unique.",
            ChangeFile,
            in_thread(_change, draft),
        ),
        Tool("create_file", "Propose a new text file.", CreateFile, in_thread(_create, draft)),
        Tool("rename_file", "Propose another path for a text file.", RenameFile, in_thread(_rename, draft)),
        Tool("delete_file", "Propose to delete a text file.", DeleteFile, in_thread(_delete, draft)),
    )


def _create(arguments: CreateFile, draft: Draft) -> Output:
    path = _writable(arguments.path, draft)
    if draft.exists(path):
        raise ToolError(f"{path} is there already.", hint="Use change_file, or another path.")
    _check_text(arguments.content)
    change = _changed(draft, path, None, arguments.content, 0o644)
    return Output(f"Proposed: create {path}.", changes=(change,))


def _change(arguments: ChangeFile, draft: Draft) -> Output:
    path = draft.readable(arguments.path)
    before, mode = _current(draft, path)
    old, new = _with_line_ends(arguments.old, before), _with_line_ends(arguments.new, before)
    _check_text(new)
    found = before.count(old)
    if found == 0:
        raise ToolError(
            f"The old text is not in {path}.", hint="Read the file again and copy the text exactly, without numbers."
        )
    if found > 1:
        raise ToolError(f"The old text stands {found} times in {path}.", hint="Give more of the lines around it.")
    after = before.replace(old, new)
    if len(after) > MAX_CHARACTERS:
        raise ToolError(f"{path} would become too large.", hint="Write less.")
    return Output(f"Proposed: change {path}.", changes=(_changed(draft, path, before, after, mode),))


def _rename(arguments: RenameFile, draft: Draft) -> Output:
    path, new_path = draft.readable(arguments.path), _writable(arguments.new_path, draft)
    if draft.exists(new_path):
        raise ToolError(f"{new_path} is there already.", hint="Use another path.")
    text, mode = _current(draft, path)
    gone = _changed(draft, path, text, None, mode)
    made = _changed(draft, new_path, None, text, mode)
    named = FileChange(made.path, made.before, made.after, made.mode, renamed_from=path)
    return Output(f"Proposed: rename {path} to {new_path}.", changes=(gone, named))


def _delete(arguments: DeleteFile, draft: Draft) -> Output:
    path = draft.readable(arguments.path)
    text, mode = _current(draft, path)
    return Output(f"Proposed: delete {path}.", changes=(_changed(draft, path, text, None, mode),))


def _writable(path: str, draft: Draft) -> str:
    """Where a new file would be. A name that may not be read may be proposed all the same: a person is asked."""
    found = draft.files.locate(path)
    if found == "." or draft.files.is_folder(found):
        raise ToolError(f"{found} is a folder.", hint="Name a file.")
    if policy.private_reason(found) and draft.files.find(found, 0) is not None:
        raise ToolError(f"{found} is private and is there already.", hint="Ask the person to change it.")
    return found


def _current(draft: Draft, path: str) -> tuple[str, int]:
    """The text as the draft has it, and the permissions that the file has or will have."""
    change = draft.change(path)
    if change is not None:
        return draft.text(path), change.mode
    content = draft.files.read(path)
    return decoded(content, path), content.mode


def _changed(draft: Draft, path: str, before: str | None, after: str | None, mode: int) -> FileChange:
    """Against what is on the disk: what the draft had in between does not count."""
    earlier = draft.change(path)
    if earlier is not None:
        renamed = earlier.renamed_from if after is not None else ""
        return FileChange(path, earlier.before, after, earlier.mode if earlier.before is not None else mode, renamed)
    return FileChange(path, before, after, mode)


def _with_line_ends(text: str, file: str) -> str:
    """Models write plain line ends; in a file that has only the other kind they are meant as those."""
    pairs = file.count("\r\n")
    if pairs and pairs == file.count("\n") and "\r" not in text:
        return text.replace("\n", "\r\n")
    return text


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ToolError("The text holds a character that text files do not hold.", hint="Only text can be written.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ToolError("The text holds half a character.", hint="Write ordinary text.")
    if len(text) > MAX_CHARACTERS:
        raise ToolError("The text is too large.", hint=f"At most {MAX_CHARACTERS:,} characters.")
