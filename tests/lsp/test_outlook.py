"""Whether a task needs subtasks, as a hover says it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from lsprotocol import types

from orchestrator.config import Settings
from orchestrator.engine.experience import Experience
from orchestrator.engine.outlook import Judge, judge_of
from tests.lsp.in_process import call, document, make_server, open_document


def at(line: int) -> types.HoverParams:
    return types.HoverParams(document(), types.Position(line, 7))


async def test_a_hover_does_not_wait_for_the_classifier(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "- [ ] Organise a conference for two hundred teachers\n- [ ] Buy milk\n- [x] Buy bread\n")
    first = call(server, "textDocument/hover", at(0))
    assert "Subtasks" not in first.contents.value
    async with asyncio.timeout(60):
        while server.outlook._judge is None:
            await asyncio.sleep(0.02)
    shown = [call(server, "textDocument/hover", at(line)).contents.value for line in range(3)]
    assert "Subtasks: needed with a chance of 9" in shown[0]
    assert "It reads like tasks that need several steps. A plan by local/smollm2: no cost." in shown[0]
    assert "done in one go" in shown[1]
    assert "Subtasks" not in shown[2], "it is done"
    assert not (tmp_path / "data").exists(), "a hover makes no store"


async def test_the_expected_cost_is_that_of_the_model_that_would_plan(tmp_path: Path) -> None:
    async def at_once(work):
        return work()

    settings = Settings.model_validate({"models": {"balanced": ["house/big"]}, "prices": ["house/big 10 20"]})
    judge = await judge_of(settings, tmp_path, None, at_once)
    assert judge.cost == Decimal("0.026")
    assert "A plan by house/big: about $0.0260." in judge.say("Organise a conference for two hundred teachers")
    unknown = await judge_of(settings.model_copy(update={"prices": []}), tmp_path, None, at_once)
    assert "A plan by house/big: cost unknown." in unknown.say("Buy milk")
    assert Judge(Experience(), "", None).say("Buy milk").endswith("one go.")
