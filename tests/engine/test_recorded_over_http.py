"""The recorded answers through both vendors' real SDKs, over real HTTP: what arrives is what was sent."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engine.answers import Flaw
from orchestrator.engine.proposal import Observer, SplitRequest
from orchestrator.engine.session import Workspace
from orchestrator.model.run import SplitState
from tests.engine.test_recorded_answers import RECORDED, TASK, Recorded, read
from tests.providers.support import REQUEST, VENDORS, collect, open_provider, text_of
from tests.support.fault_server import Answer as Sent
from tests.support.fault_server import FaultServer, Wanted
from tests.support.vendors import BOTH, HttpBranch

RUNS_IT = Wanted("run_command", '{"argv": ["rm", "-rf", "/"]}')
SHORT = [each for each in RECORDED if each.about["expect"] != "stopped" and len(each.text) < 100_000]
HOSTILE = (
    "nothing", "html-page", "delete-files-as-prose", "delete-files-as-titles", "path-outside", "unknown-tool",
    "five-hundred", "the-parent-again", "the-same-twice", "other-language", "encoded-twice", "schema-echo",
)  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
async def test_every_recorded_answer_arrives_as_it_was_sent(vendor: str):
    assert len(SHORT) > 100
    async with FaultServer() as server, open_provider(vendor, server) as provider:
        for recorded in SHORT:
            server.then(Sent(recorded.text, chunk=max(7, len(recorded.text) // 20)))
            arrived = text_of(await collect(provider, replace(REQUEST, max_tokens=4_000)))
            assert arrived == recorded.text, recorded.name
            found = read(Recorded(recorded.name, recorded.about, arrived))
            assert isinstance(found, Flaw) is isinstance(read(recorded), Flaw), recorded.name


def named(name: str) -> Recorded:
    return next(each for each in RECORDED if each.name == name)


@pytest.mark.parametrize("model", BOTH)
async def test_a_split_by_hostile_answers_ends_in_a_plan_or_a_refusal(model: str, tmp_path: Path):
    """Nothing is written, and no tool that a model names unasked is run."""
    text = f"- [ ] {TASK}\n"
    async with FaultServer() as server, HttpBranch(tmp_path, text, server, models=(model,)) as branch:
        for name in HOSTILE:
            recorded = named(name)
            server.always(
                Sent(recorded.text, chunk=200, calls=(Wanted("run_command", '{"argv": ["rm", "-rf", "/"]}'),))
            )
            request = SplitRequest(force=True, preview=True)
            observer = Observer(lambda _: None, lambda _: None)
            split = await branch.session.start_split(
                branch.document.target(TASK), Workspace(tmp_path), request, observer, branch.person
            )
            shown = await split.settled()
            wanted = SplitState.FAILED if isinstance(read(recorded), Flaw) else SplitState.READY
            assert shown.state is wanted, (name, shown.message)
            if wanted is SplitState.READY:
                await split.discard()
            await split.ended()
            assert branch.text == text
    assert sorted(os.listdir(tmp_path)) == ["config", "data", "script.json"]  # noqa: PTH208
