"""The tools that only look: list, read, search. They see the draft, so that a model finds what it proposed."""

from __future__ import annotations

from collections import Counter

from pydantic import Field

from orchestrator.engine.tools import Arguments, Output, Tool, in_thread
from orchestrator.engine.tools.draft import Draft, Walk
from orchestrator.engine.tools.search import Found, Search, glob_matcher, matcher
from orchestrator.errors import ToolError
from orchestrator.model.safe_text import visible

MOST_LISTED = 500
MOST_LINES = 1_000
"""Of one `read_file`."""
MOST_CHARACTERS = 40_000
LONGEST_LINE = 2_000
MOST_FOUND = 100
"""Lines of one search."""
LONGEST_FOUND = 300
_GLOB = "Only files that fit this pattern, as in .gitignore: *.py, src/**/test_*"


class ListFiles(Arguments):
    folder: str = Field(".", description="Relative to the workspace; . is the workspace itself")
    glob: str = Field("", description=_GLOB)


class ReadFile(Arguments):
    path: str = Field(description="Relative to the workspace")
    first_line: int = Field(1, ge=1, description="Number of the first line, from 1")
    lines: int = Field(400, ge=1, description=f"How many lines; at most {MOST_LINES}")


class SearchFiles(Arguments):
    text: str | list[str] = Field(description="The exact text within one line, or several of which any may occur")
    folder: str = Field(".", description="Relative to the workspace")
    glob: str = Field("", description=_GLOB)
    ignore_case: bool = False


def looking_tools(draft: Draft, search: Search) -> tuple[Tool, ...]:
    return (
        Tool("list_files", "List the text and other files of the workspace.", ListFiles, in_thread(_list, draft)),
        Tool("read_file", "Read lines of a text file, with their numbers.", ReadFile, in_thread(_read, draft)),
        Tool(
            "search_files",
            "Find lines that hold an exact text (no regular expression), with their files and numbers.",
            SearchFiles,
            in_thread(lambda arguments, draft: _search(arguments, draft, search), draft),
        ),
    )


def _list(arguments: ListFiles, draft: Draft) -> Output:
    walk = _fitting(draft.walk(arguments.folder), arguments.glob)
    if not walk.paths:
        return Output("No files." + _noted(walk))
    shown = "\n".join(walk.paths[:MOST_LISTED])
    if len(walk.paths) <= MOST_LISTED:
        return Output(shown + _noted(walk))
    inside = 0 if arguments.folder.strip("./") == "" else len(draft.locate(arguments.folder)) + 1
    folders = Counter(path[: path.find("/", inside) + 1] for path in walk.paths if "/" in path[inside:])
    shown_folders = "\n".join(f"{folder}  {count:,} files" for folder, count in folders.most_common(MOST_LISTED))
    return Output(f"{shown}\n[{MOST_LISTED} of {len(walk.paths):,} files. List one of:]\n{shown_folders}{_noted(walk)}")


def _read(arguments: ReadFile, draft: Draft) -> Output:
    path = draft.readable(arguments.path)
    note = ""
    change = draft.change(path)
    if change is not None:
        text = draft.text(path)
        note = "\n[as in your proposal]"
    else:
        content = draft.files.read(path)
        if content.binary:
            return Output(f"{path} is a binary file ({content.size:,} bytes).")
        text = content.data.decode("utf-8", "replace")
        if text.encode() != content.data:
            note += "\n[not UTF-8: what could not be read shows as \N{REPLACEMENT CHARACTER}; it cannot be edited]"
        if not content.whole:
            note += f"\n[the file has {content.size:,} bytes; only the first {len(content.data):,} can be read]"
    lines = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").split("\n")
    if lines[-1] == "":
        del lines[-1]
    first, wanted = arguments.first_line, min(arguments.lines, MOST_LINES)
    if not lines:
        return Output(f"{path} is empty.{note}")
    if first > len(lines):
        raise ToolError(f"{path} has only {len(lines)} lines.", hint="Ask for earlier ones.")
    shown: list[str] = []
    length = 0
    for number, line in enumerate(lines[first - 1 : first - 1 + wanted], first):
        body = line.removesuffix("\r")
        cut = f"{body[:LONGEST_LINE]} [cut: {len(body):,} characters]" if len(body) > LONGEST_LINE else body
        shown.append(f"{number}\t{cut}")
        length += len(shown[-1])
        if length > MOST_CHARACTERS:
            break
    last = first + len(shown) - 1
    if first > 1 or last < len(lines):
        note += f"\n[lines {first} to {last} of {len(lines):,}]"
    return Output("\n".join(shown) + note)


def _search(arguments: SearchFiles, draft: Draft, search: Search) -> Output:
    texts = [arguments.text] if isinstance(arguments.text, str) else arguments.text
    wanted = matcher(texts, ignore_case=arguments.ignore_case)
    walk = _fitting(draft.walk(arguments.folder), arguments.glob)
    found = search.find(wanted, walk.paths, draft, MOST_FOUND)
    if not found.lines:
        return Output(f"Nothing found in {len(walk.paths):,} files.{_noted(walk)}")
    shown = "\n".join(f"{visible(line.path)}:{line.number}\t{_clipped(line.text)}" for line in found.lines)
    return Output(shown + _more(found) + _noted(walk))


def _more(found: Found) -> str:
    return f"\n[the first {len(found.lines)} lines; search for something rarer, or in a folder]" if found.more else ""


def _clipped(line: str) -> str:
    return line if len(line) <= LONGEST_FOUND else line[:LONGEST_FOUND] + " […]"


def _noted(walk: Walk) -> str:
    return f"\n[{walk.note}]" if walk.note else ""


def _fitting(walk: Walk, glob: str) -> Walk:
    if not glob.strip():
        return walk
    fits = glob_matcher(glob)
    return Walk(tuple(path for path in walk.paths if fits(path)), walk.note)
