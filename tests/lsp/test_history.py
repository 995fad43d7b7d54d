"""`orchestrator/history/search`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from orchestrator.engine.meaning import Meanings
from tests.engine.test_meaning import Reader
from tests.lsp.in_process import call, make_server, open_document
from tests.store.test_history import chat


async def test_a_search_leads_to_the_open_text(tmp_path: Path):
    server, _ = make_server(tmp_path)
    uri = (tmp_path / "plan.tasks.md").as_uri()
    open_document(server, "- [ ] not saved\n- [ ] Build it  ^id1\n", uri)
    store = await (await server.session()).store()
    await chat(store, 1, "We chose argon2\x1b[1m", uri=uri)
    found = await call(server, "orchestrator/history/search", {"query": "argon2", "uri": uri})
    (hit,) = found.hits
    assert (hit.uri, hit.line, hit.task_id, hit.kind) == (uri, 1, "id1", "message")
    assert hit.excerpt == "We chose argon2<U+001B>[1m"
    assert (await call(server, "orchestrator/history/search", {"query": "nothing"})).hits == []
    await (await server.session()).aclose()


async def test_a_search_by_meaning_says_how_much_was_read(tmp_path: Path):
    server, _ = make_server(tmp_path)
    session = await server.session()
    session.__dict__["meanings"] = Meanings(Reader())
    store = await session.store()
    await chat(store, 1, "argon2 for every login")
    params = {"query": "password", "by": "meaning"}
    found = await call(server, "orchestrator/history/search", params)
    assert (found.hits, found.read, found.total) == ([], 0, 1)
    while (found := await call(server, "orchestrator/history/search", params)).read < 1:
        await asyncio.sleep(0.01)
    found = await call(server, "orchestrator/history/search", params)
    assert [hit.nearness for hit in found.hits] == [1.0]
    await session.aclose()
