"""The list of providers: complete, cheap, and unbreakable."""

import importlib.metadata
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from orchestrator.config import Settings
from orchestrator.errors import ConfigError, ProviderUnavailableError
from orchestrator.providers import registry, scripted
from orchestrator.providers.keys import Keys

PLUGIN = replace(scripted.SPEC, name="mine", title="Mine")
CLASHING = replace(scripted.SPEC, name="openai", title="Clashing")


def _raise(*_args: object) -> None:
    raise RuntimeError("the plug-in is \x1b[31mbroken, sk-abcdef123456")


RAISING = replace(scripted.SPEC, name="raising", availability=_raise, models=_raise)
NOT_A_SPEC = object()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.load(tmp_path, {})


def with_plugins(monkeypatch: pytest.MonkeyPatch, **plugins: str) -> None:
    points = [EntryPoint(name, value, registry.ENTRY_POINTS) for name, value in plugins.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.ENTRY_POINTS else [])


def test_the_embedded_model_comes_first():
    assert [spec.name for spec in registry.specs(Settings())][:4] == ["local", "anthropic", "openai", "scripted"]


def test_specs_import_no_sdk():
    code = (
        "import sys; from orchestrator.config import Settings; from orchestrator.providers import registry;"
        "names = [s.name for s in registry.specs(Settings())]; assert 'openai' in names;"
        "heavy = {'anthropic', 'openai', 'httpx2', 'genai_prices', 'keyring', 'numpy', 'xllamacpp'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_availability_and_listing_import_no_sdk(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from orchestrator.config import Settings;"
        "from orchestrator.providers import registry; from orchestrator.providers.keys import Keys;"
        f"keys = Keys.load(Path({str(tmp_path)!r}), {{'OPENAI_API_KEY': 'k', 'ANTHROPIC_API_KEY': 'k'}});"
        "[(s.availability(Settings(), keys), s.destination(Settings(), keys)) for s in registry.specs(Settings())];"
        "sys.exit(', '.join({'anthropic', 'openai', 'httpx2'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_missing_key_names_the_command(keys: Keys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.providers.keys._Keyring.get", lambda *_: None)
    for name in ("anthropic", "openai"):
        spec = registry.spec(name, Settings())
        available = spec.availability(Settings(), keys)
        assert not available.usable
        assert available.mend == f"orchestrator auth set {name}"
        with pytest.raises(ProviderUnavailableError, match=f"orchestrator auth set {name}"):
            spec.create(Settings(), keys)


def test_an_endpoint_is_a_provider(keys: Keys):
    settings = Settings.model_validate(
        {
            "endpoints": {
                "box": {"baseUrl": "http://localhost:11434/v1"},
                "paid": {"baseUrl": "https://p.example", "keyName": "paid"},
            }
        }
    )
    box = registry.spec("box", settings)
    assert box.availability(settings, keys).usable
    assert box.destination(settings, keys).host == "localhost:11434"
    assert box.destination(settings, keys).source == "setting endpoints.box.baseUrl"
    paid = registry.spec("paid", settings)
    assert paid.availability(settings, keys).mend == "orchestrator auth set paid"
    assert paid.availability(settings, Keys.load(Path("/nowhere"), {"PAID_API_KEY": "k"})).usable


@pytest.mark.parametrize("name", ["openai", "a b"])
def test_an_endpoint_with_a_bad_name_says_so(keys: Keys, name: str):
    settings = Settings.model_validate({"endpoints": {name: {"baseUrl": "http://localhost:1/v1"}}})
    last = registry.specs(settings)[-1]
    assert not last.availability(settings, keys).usable
    assert "name" in last.availability(settings, keys).detail
    assert registry.spec("openai", settings).title == "OpenAI"


def test_a_bad_address_makes_a_provider_unusable(keys: Keys):
    settings = Settings.model_validate({"endpoints": {"box": {"baseUrl": "http://b\u00fccher.example/v1"}}})
    box = registry.spec("box", settings)
    assert "characters" in box.availability(settings, keys).detail
    with pytest.raises(ConfigError):
        box.create(settings, keys)
    exported = Keys.load(Path("/nowhere"), {"OPENAI_BASE_URL": "localhost:11434", "OPENAI_API_KEY": "k"})
    openai = registry.spec("openai", Settings())
    assert "environment OPENAI_BASE_URL is not a web address" in openai.availability(Settings(), exported).detail
    with pytest.raises(ConfigError):
        openai.create(Settings(), exported)


def test_a_plugin_is_a_provider(keys: Keys, monkeypatch: pytest.MonkeyPatch):
    with_plugins(monkeypatch, mine=f"{__name__}:PLUGIN")
    spec = registry.spec("mine", Settings())
    assert spec.availability(Settings(), keys).usable
    assert spec.create(Settings(), keys).name == "scripted"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no_such_module:SPEC", "ModuleNotFoundError"),
        (f"{__name__}:MISSING", "AttributeError"),
        (f"{__name__}:NOT_A_SPEC", "no ProviderSpec"),
        (f"{__name__}:CLASHING", "another provider is called openai"),
        (f"{__name__}:RAISING", "RuntimeError"),
    ],
)
def test_a_broken_plugin_says_so(keys: Keys, monkeypatch: pytest.MonkeyPatch, value: str, words: str):
    with_plugins(monkeypatch, broken=value)
    last = registry.specs(Settings())[-1]
    available = last.availability(Settings(), keys)
    assert not available.usable
    assert words in available.detail
    assert "sk-abcdef" not in available.detail
    assert "\x1b" not in available.detail
    assert last.models(Settings(), keys) == ()
    assert registry.spec("openai", Settings()).title == "OpenAI"
    if words != "RuntimeError":
        with pytest.raises(ProviderUnavailableError):
            last.create(Settings(), keys)


def test_the_real_entry_points_are_asked():
    assert registry.entry_points is importlib.metadata.entry_points


def test_an_unknown_provider_names_the_known_ones():
    with pytest.raises(ConfigError, match="local, anthropic, openai, scripted"):
        registry.spec("gemini", Settings())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("local/smollm2", ("local", "smollm2")),
        ("box/org/model:7b", ("box", "org/model:7b")),
        ("a.b-c_d/x", ("a.b-c_d", "x")),
    ],
)
def test_a_model_is_provider_and_name(text: str, parts: tuple[str, str]):
    assert registry.split_model(text) == parts


@pytest.mark.parametrize("text", ["", "gpt-5", "/x", "local/", "a b/x"])
def test_what_names_no_model_is_refused(text: str):
    with pytest.raises(ConfigError, match="provider/model"):
        registry.split_model(text)
