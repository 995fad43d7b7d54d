from __future__ import annotations

import pytest

from orchestrator.lsp import uris


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/ada/plan.tasks.md", "/home/ada/plan.tasks.md"),
        ("file:///home/a%20b/%C3%BC.md", "/home/a b/ü.md"),
        ("file://localhost/x.md", "/x.md"),
        ("file:///a%23b%3Fc.md", "/a#b?c.md"),
        ("FILE:///x.md", "/x.md"),
        ("untitled:Untitled-1", None),
        ("untitled:/home/ada/new.tasks.md", None),
        ("vscode-notebook-cell:/x#1", None),
        ("file://server/share/x.md", None),
        ("file:", None),
        ("file:///a%00b", None),
        ("", None),
        ("plan.tasks.md", None),
        ("file://[broken", None),
    ],
)
def test_paths_on_posix(uri: str, path: str | None) -> None:
    assert uris.file_path(uri, windows=False) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///c%3A/work/plan.tasks.md", "C:\\work\\plan.tasks.md"),
        ("file:///C:/work/plan.tasks.md", "C:\\work\\plan.tasks.md"),
        ("file:///d%3a/a%20b.md", "D:\\a b.md"),
        ("file:///c%3A", "C:\\"),
        ("file://server/share/x.md", "\\\\server\\share\\x.md"),
    ],
)
def test_paths_on_windows(uri: str, path: str) -> None:
    assert uris.file_path(uri, windows=True) == path


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("file:///c%3A/a.md", "file:///C:/a.md"),
        ("file:///c%3a/a.md", "file:///c:/a.md"),
        ("file:///a%20b.md", "file:///a b.md"),
        ("file://localhost/a.md", "file:///a.md"),
        ("file:///%C3%BC.md", "file:///ü.md"),
        ("file:///%FF.md", "file:///%ff.md"),
    ],
)
def test_spellings_of_one_document(first: str, second: str) -> None:
    assert uris.normal(first) == uris.normal(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("file:///a.md", "file:///A.md"),
        ("file:///a%2Fb.md", "untitled:///a/b.md"),
        ("untitled:Untitled-1", "untitled:Untitled-2"),
        ("untitled:a%20b", "untitled:a b"),
    ],
)
def test_different_documents(first: str, second: str) -> None:
    assert uris.normal(first) != uris.normal(second)


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("file:///c%3A/work/plan.tasks.md", "plan.tasks.md"),
        ("untitled:Untitled-1", "Untitled-1"),
        ("untitled:/home/ada/tasks.md", "tasks.md"),
        ("file:///a/b%20c.tasks.md", "b c.tasks.md"),
        ("file:///a/", ""),
        ("file://[broken", ""),
    ],
)
def test_names(uri: str, name: str) -> None:
    assert uris.document_name(uri) == name
