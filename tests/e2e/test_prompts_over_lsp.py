"""A prompt from an editor's buffer to a call, over stdio."""

from __future__ import annotations

import asyncio

from orchestrator.engine.prompting import load_prompt
from tests.support.lsp_client import serving

MINE = load_prompt("execute").text.replace("You do one task of a plan.", "You do one task with care.")
PLAN = "- [ ] Name the colours  ^b7c2d\n"


async def test_a_prompt_is_edited_saved_and_measured(tmp_path):
    script = [{"when": {"contains": "Name the colours"}, "answer": "Red."}]
    async with serving(tmp_path / "home", script=script) as client:
        answer = await client.initialize({"window": {"showMessage": {}}})
        assert answer["capabilities"]["textDocumentSync"]["save"]
        uri = (await client.request("orchestrator/prompts/edit", {"name": "execute"}))["uri"]
        await client.open(MINE, uri)
        await client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        async with asyncio.timeout(30):
            while (shown := await client.request("orchestrator/prompts/show", {"name": "execute"}))["text"] != MINE:
                await asyncio.sleep(0.05)
        outline = (tmp_path / "plan.tasks.md").as_uri()
        await client.open(PLAN, outline)
        asked = {"name": "execute", "uri": outline, "position": {"line": 0, "character": 0}, "answer": True}
        tried = await client.request("orchestrator/prompts/test", asked)
        assert tried["system"].startswith("You do one task with care.")
        assert (tried["answer"], tried["model"]) == ("Red.", "scripted/script")
        (table,) = (await client.request("orchestrator/metrics/get", {"by": ["prompt"]}))["tables"]
        assert [(row["name"], row["calls"]) for row in table["rows"]] == [(f"execute {shown['version']}", 1)]
