"""Export and import as an editor asks for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import ConfigError, FileError
from tests.lsp.in_process import call, make_server, open_document


async def ask(server, method: str, **params):
    return await call(server, f"orchestrator/{method}", params)


async def test_an_open_outline_goes_out_and_comes_back(tmp_path: Path):
    server, _ = make_server(tmp_path)
    folder = tmp_path / "w"
    folder.mkdir()
    uri = (folder / "plan.tasks.md").as_uri()
    open_document(server, "- [ ] not saved yet\n", uri)
    found = await ask(server, "export", uri=uri)
    assert json.loads(found.text)["source"] == "- [ ] not saved yet\n"
    assert (found.suffix, found.removed) == (".json", 0)
    out = folder / "plan.json"
    assert (await ask(server, "export", uri=uri, to=out.as_uri())).text is None
    again = folder / "again.tasks.md"
    result = await ask(server, "import", source=out.as_uri(), to=again.as_uri())
    assert (result.tasks, result.format, result.notes) == (1, "json", [])
    assert again.read_text() == "- [ ] not saved yet\n"
    for method, params in (
        ("import", {"source": out.as_uri(), "to": again.as_uri()}),
        ("import", {"source": out.as_uri(), "to": uri, "replace": True}),
        ("export", {"uri": uri, "to": out.as_uri()}),
        ("export", {"uri": "untitled:nothing"}),
        ("import", {"source": "untitled:nothing", "to": (folder / "b.md").as_uri()}),
    ):
        with pytest.raises(FileError):
            await ask(server, method, **params)
    with pytest.raises(ConfigError):
        await ask(server, "export", uri=uri, format="docx")
    assert sorted(path.name for path in folder.iterdir()) == ["again.tasks.md", "plan.json"]


async def test_ids_of_an_import_are_free_in_the_workspace(tmp_path: Path):
    server, _ = make_server(tmp_path)
    source = tmp_path / "tasks.json"
    tasks = [{"id": 1, "title": "a"}, {"id": 2, "title": "b", "dependencies": [1]}]
    source.write_text(json.dumps({"tasks": tasks}))
    target = tmp_path / "new.tasks.md"
    result = await ask(server, "import", source=source.as_uri(), to=target.as_uri())
    assert result.format == "task-master"
    first, second = (line for line in target.read_text().splitlines() if line.startswith("- "))
    assert f"[dependsOn:: {first.rpartition('^')[2]}]" in second
