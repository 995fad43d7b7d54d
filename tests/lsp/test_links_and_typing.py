"""Document links and formatting while typing, called as functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.errors import FileError
from orchestrator.outline.text import Encoding
from tests.lsp.in_process import URI, call, document, make_server, open_document


async def linked(tmp_path: Path, text: str, uri: str = URI, folders: list[str] | None = None) -> list[tuple[str, str]]:
    """(what is a link, where it leads)"""
    server, _ = make_server(tmp_path)
    server.folders = folders or []
    open_document(server, text, uri)
    found = await call(server, "textDocument/documentLink", types.DocumentLinkParams(document(uri)))
    snapshot = server.documents.snapshot(uri)

    def written(place: types.Range) -> str:
        line = snapshot.text.line(place.start.line)
        return line[place.start.character : place.end.character]

    return [(written(link.range), link.target) for link in found]


def real(path: Path) -> Path:
    return path.resolve()


async def test_only_addresses_and_files_of_the_workspace_are_links(tmp_path: Path) -> None:
    root = real(tmp_path) / "w"
    (root / "plans").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "src" / "a b.py").touch()
    (root / "plans" / "note.md").touch()
    (tmp_path / "secret.md").touch()
    (root / "plans" / "out").symlink_to(tmp_path)
    (root / "plans" / "in").symlink_to(root / "src")
    uri = (root / "plans" / "plan.tasks.md").as_uri()
    text = """\
        - [ ] [a](https://a.example/x) [b](HTTP://b.example)  [files:: ../src/a b.py, note.md, ../../secret.md, no.md]
          [c](note.md#L3) [d](<../src/a b.py>) [e](../src/a%20b.py) [f](in/a%20b.py)
          [1](command:evil) [2](file:///etc/passwd) [3](javascript:x) [4](../../secret.md) [5](out/secret.md)
          [6](/etc/passwd) [7](~/x) [8](\\\\host\\x) [9](//host/x) [10](#here) [11](vscode://x) [12](http://)
          [13](C:/x) [14](data:text/html,x) [15](none.md) [16](note.md%00) [17](http://[) [18](note.md?x)
    """
    code = (root / "src" / "a b.py").as_uri()
    note = (root / "plans" / "note.md").as_uri()
    assert await linked(tmp_path, text, uri, [root.as_uri()]) == [
        ("../src/a b.py", code),
        ("note.md", note),
        ("https://a.example/x", "https://a.example/x"),
        ("HTTP://b.example", "HTTP://b.example"),
        ("note.md#L3", f"{note}#L3"),
        ("../src/a b.py", code),
        ("../src/a%20b.py", code),
        ("in/a%20b.py", code),
    ]


async def test_a_document_that_is_no_file_has_addresses_only(tmp_path: Path) -> None:
    text = "- [ ] https://a.example [b](etc/passwd)\n"
    assert await linked(tmp_path, text, "untitled:plan.tasks.md") == [("https://a.example", "https://a.example")]


async def test_no_links_in_other_markdown(tmp_path: Path) -> None:
    assert await linked(tmp_path, "- [ ] https://a.example\n", "file:///w/TODO.md") == []


async def test_links_behind_wide_characters(tmp_path: Path) -> None:
    for encoding, start in ((Encoding.UTF8, 11), (Encoding.UTF16, 9), (Encoding.UTF32, 8)):
        server, _ = make_server(tmp_path, encoding=encoding)
        open_document(server, "- [ ] 😀 https://a.example\n")
        (link,) = await call(server, "textDocument/documentLink", types.DocumentLinkParams(document()))
        assert link.range == types.Range(types.Position(0, start), types.Position(0, start + 17))


# --- typing -----------------------------------------------------------------------------------------------------


def typed(tmp_path: Path, text: str, line: int, character: int = 0, *, uri: str = URI, key: str = "\n") -> Any:
    server, _ = make_server(tmp_path)
    open_document(server, text, uri)
    options = types.FormattingOptions(tab_size=4, insert_spaces=True)
    params = types.DocumentOnTypeFormattingParams(document(uri), types.Position(line, character), key, options)
    return call(server, "textDocument/onTypeFormatting", params)


def test_enter_goes_on_with_the_list(tmp_path: Path) -> None:
    place = types.Position(1, 0)
    assert typed(tmp_path, "- [x] 😀\n\n", 1) == [types.TextEdit(types.Range(place, place), "- [ ] ")]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("- [ ] a\n\n", {"uri": "file:///w/TODO.md"}),
        ("- [ ] a\n\n", {"key": "}"}),
        ("---\norchestrator: 99\n---\n- [ ] a\n\n", {"line": 4}),
        ("- [ ] a\n\n", {"line": 77, "character": 9000}),
        ("", {}),
    ],
)
def test_nothing_is_typed_elsewhere(tmp_path: Path, text: str, more: dict[str, Any]) -> None:
    assert typed(tmp_path, text, **{"line": 1, **more}) == []


async def test_a_closed_document_is_refused_with_what_to_do(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    with pytest.raises(FileError, match="Open it"):
        await call(server, "textDocument/documentLink", types.DocumentLinkParams(document()))
    options = types.FormattingOptions(tab_size=4, insert_spaces=True)
    params = types.DocumentOnTypeFormattingParams(document(), types.Position(0, 0), "\n", options)
    with pytest.raises(FileError, match="Open it"):
        call(server, "textDocument/onTypeFormatting", params)
