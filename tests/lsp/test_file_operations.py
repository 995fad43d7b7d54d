"""Files and folders that move or go, called as functions over real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from orchestrator.outline.text import Encoding
from tests.lsp.in_process import call, open_document, replace_text
from tests.lsp.test_ids_across_files import applied
from tests.lsp.workspace import Workspace, workspace

PLAN = "- [ ] 😀 Mend  [files:: src/a.py, src/b.py]  ^m1\n  See [Ä](src/a.py#L1).\n"


async def rename(work: Workspace, *pairs: tuple[str, str]) -> Any:
    files = [types.FileRename(work.uri(old), work.uri(new)) for old, new in pairs]
    return await call(work.server, "workspace/willRenameFiles", types.RenameFilesParams(files))


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("opened", [True, False])
async def test_paths_follow_a_file(tmp_path: Path, encoding: Encoding, opened: bool) -> None:
    async with workspace(tmp_path, encoding=encoding, document_changes=True) as work:
        work.write("plan.tasks.md", PLAN)
        work.write("other.tasks.md", "- [ ] x  [files:: src/b.py]\n")
        await work.begin()
        if opened:
            open_document(work.server, PLAN + "\n", work.uri("plan.tasks.md"))
            replace_text(work.server, 2, PLAN, work.uri("plan.tasks.md"))
        edit = await rename(work, ("src/a.py", "lib/x y.py"))
        assert applied(work, edit) == {
            "plan.tasks.md": PLAN.replace("src/a.py#", "lib/x%20y.py#").replace("src/a.py", "lib/x y.py")
        }
        (change,) = edit.document_changes
        assert change.text_document.version == (2 if opened else None)
        assert await rename(work, ("src/nobody.py", "lib/nobody.py")) is None


async def test_paths_follow_a_folder_and_the_outline(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("plan.tasks.md", PLAN)
        work.write("sub/p.tasks.md", "[up](../plan.tasks.md) [here](x.md)\n- [ ] t\n")
        await work.begin()
        assert applied(work, await rename(work, ("src", "lib"))) == {"plan.tasks.md": PLAN.replace("src/", "lib/")}
        assert applied(work, await rename(work, ("plan.tasks.md", "old/plan.tasks.md"))) == {
            "plan.tasks.md": PLAN.replace("src/", "../src/"),
            "p.tasks.md": "[up](../old/plan.tasks.md) [here](x.md)\n- [ ] t\n",
        }
        assert applied(work, await rename(work, ("sub", "a/b"))) == {
            "p.tasks.md": "[up](../../plan.tasks.md) [here](x.md)\n- [ ] t\n"
        }


async def test_a_later_format_is_left_as_it_is(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("later.md", "---\norchestrator: 9\n---\n- [ ] x  [files:: a.py]\n")
        await work.begin()
        assert await rename(work, ("a.py", "b.py")) is None


@pytest.mark.parametrize("uri", ["untitled:x", "http://x/y", "file:///", "not a uri", "file://%zz/%", ""])
async def test_odd_uris_are_left_alone(tmp_path: Path, uri: str) -> None:
    async with workspace(tmp_path) as work:
        work.write("plan.tasks.md", PLAN)
        await work.begin()
        for pair in ((uri, work.uri("x")), (work.uri("x"), uri), (uri, uri)):
            params = types.RenameFilesParams([types.FileRename(*pair)])
            assert await call(work.server, "workspace/willRenameFiles", params) is None
            call(work.server, "workspace/didRenameFiles", params)
        call(work.server, "workspace/didDeleteFiles", types.DeleteFilesParams([types.FileDelete(uri)]))
        await work.settled()
        assert list(work.titles()) == ["plan.tasks.md"]


async def test_the_index_follows(tmp_path: Path) -> None:
    async with workspace(tmp_path) as work:
        work.write("a/plan.tasks.md", PLAN)
        await work.begin()
        (work.folder / "a").rename(work.folder / "b")
        renamed = types.RenameFilesParams([types.FileRename(work.uri("a"), work.uri("b"))])
        call(work.server, "workspace/didRenameFiles", renamed)
        await work.settled()
        assert work.titles() == {"b/plan.tasks.md": ["😀 Mend"]}
        (work.folder / "b" / "plan.tasks.md").unlink()
        call(work.server, "workspace/didDeleteFiles", types.DeleteFilesParams([types.FileDelete(work.uri("b"))]))
        await work.settled()
        assert work.titles() == {}
        work.write("c.tasks.md", PLAN)
        created = types.CreateFilesParams([types.FileCreate(work.uri("c.tasks.md"))])
        call(work.server, "workspace/didCreateFiles", created)
        await work.settled()
        assert work.titles() == {"c.tasks.md": ["😀 Mend"]}
