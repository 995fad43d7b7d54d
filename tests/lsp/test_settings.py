from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config import Directories, Settings
from orchestrator.engine.trust import Trust, fingerprint
from orchestrator.lsp.features import configuration
from orchestrator.lsp.settings import SettingsInForce
from tests.lsp.in_process import call, make_server


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in os.environ:
        if name.startswith("ORCHESTRATOR_"):
            monkeypatch.delenv(name)


def make(tmp_path: Path) -> tuple[SettingsInForce, list[str]]:
    told: list[str] = []
    directories = Directories(tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    return SettingsInForce(directories, told.append), told


def test_without_an_editor_they_are_the_users(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("[split]\nmaxChildren = 5\n")
    settings, told = make(tmp_path)
    assert settings.current.split.max_children == 5
    assert told == []


def test_the_editor_is_above_the_users_file(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("[split]\nmaxChildren = 5\n")
    settings, _ = make(tmp_path)
    assert settings.use_editor({"split": {"maxChildren": 4, "preview": None}, "model": None})
    assert settings.current.split.max_children == 4
    assert settings.use_editor({})
    assert settings.current.split.max_children == 5
    assert not settings.use_editor(None)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"split": {"maxDepth": "two"}}, "split.maxDepth"),
        ({"splitt": {}, "noSuchThing": 1}, "noSuchThing"),
        ({"calls": {"timeout": -1}}, "calls.timeout"),
    ],
)
def test_wrong_setting_is_reported_once(tmp_path: Path, values: Any, key: str) -> None:
    settings, told = make(tmp_path)
    settings.use_editor({"split": {"maxChildren": 4}})
    for _ in range(3):
        assert not settings.use_editor(values)
    assert len(told) == 1
    assert key in told[0]
    assert settings.current.split.max_children == 4


def test_a_wrong_file_leaves_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("split = [broken")
    settings, told = make(tmp_path)
    assert settings.current == Settings()
    assert len(told) == 1
    assert "config.toml" in told[0]


@pytest.mark.parametrize("values", [5, "x", [1], True])
def test_a_section_that_is_no_object_is_none(tmp_path: Path, values: Any) -> None:
    settings, _ = make(tmp_path)
    assert not settings.use_editor(values)


def test_a_workspace_may_only_say_what_was_allowed(tmp_path: Path) -> None:
    settings, told = make(tmp_path)
    folder = tmp_path / "repo"
    folder.mkdir()
    content = b"[split]\nmaxChildren = 3\n"
    (folder / ".orchestrator.toml").write_bytes(content)
    trust = Trust(tmp_path / "config" / "trust.json")
    assert settings.of_workspace(folder, trust) == settings.current
    assert settings.of_workspace(folder, trust) == settings.current
    assert len(told) == 1
    assert "not trusted" in told[0]
    trust.trust(folder)
    trust.trust_file(folder, ".orchestrator.toml", fingerprint(content))
    assert settings.of_workspace(folder, trust).split.max_children == 3
    assert settings.current.split.max_children == 8


async def test_models_are_listed_as_the_settings_say(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    server.settings_in_force.use_editor({"models": {"strong": ["openai/big", "local/x"]}, "roles": {"plan": "strong"}})
    found = (await call(server, "orchestrator/models/list", {})).model_dump(mode="json", by_alias=True)
    by_role = {one["role"]: one["models"] for one in found["roles"]}
    assert by_role["plan"] == ["openai/big", "local/x"]
    assert by_role["chat"] == ["local/smollm2"]
    assert {one["name"]: one["models"] for one in found["aliases"]}["strong"] == ["openai/big", "local/x"]
    server.settings_in_force.use_editor({"model": "nonsense"})
    assert (await call(server, "orchestrator/models/list", {})).roles[0].models == []


async def test_models_are_listed_by_settings_that_the_client_is_about_to_say(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path, configuration=True)
    asking = asyncio.ensure_future(configuration.refresh(server))
    await asyncio.sleep(0)
    listing = asyncio.ensure_future(call(server, "orchestrator/models/list", {}))
    await asyncio.sleep(0)
    assert not listing.done()
    (question,) = sent.messages
    answer = {"jsonrpc": "2.0", "id": question["id"], "result": [{"model": "openai/big"}]}
    server.protocol.receive(json.dumps(answer).encode())
    await asking
    assert (await listing).roles[0].models == ["openai/big"]


async def test_a_client_that_never_says_its_settings_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "CONFIGURATION_SECONDS", 0.01)
    server, _ = make_server(tmp_path, configuration=True)
    asking = asyncio.ensure_future(configuration.refresh(server))
    await asyncio.sleep(0)
    assert (await call(server, "orchestrator/models/list", {})).roles[0].models == ["local/smollm2"]
    asking.cancel()
