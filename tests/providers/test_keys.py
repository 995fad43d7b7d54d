"""Keys are found in order, kept privately, and never shown."""

import logging
import os
import stat
import sys
import threading
import time
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, NoKeyringError, PasswordDeleteError

from orchestrator.config import KEYS_FILE
from orchestrator.errors import ConfigError
from orchestrator.providers import keys as keys_module
from orchestrator.providers.keys import Keys, variable_name

SECRET = "sk-ant-api03-very-secret"
posix = pytest.mark.skipif(os.name != "posix", reason="file modes")


class Memory(KeyringBackend):
    priority = 5  # type: ignore[assignment]
    name = "memory"

    def __init__(self, *, failure: Exception | None = None, slow: float = 0) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.failure = failure
        self.slow = slow
        self.asked = 0

    def _work(self) -> None:
        self.asked += 1
        time.sleep(self.slow)
        if self.failure:
            raise self.failure

    def get_password(self, service: str, username: str) -> str | None:
        self._work()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._work()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._work()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import fail

    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    backend = Memory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    return backend


def write(folder: Path, content: str, mode: int = 0o600) -> Path:
    file = folder / KEYS_FILE
    file.write_text(content, encoding="utf-8")
    file.chmod(mode)
    return file


def value_of(keys: Keys, name: str) -> str | None:
    key = keys.find(name)
    return key.value.get_secret_value() if key else None


def test_the_environment_comes_first_then_the_file_then_the_keyring(tmp_path: Path, memory: Memory):
    memory.kept["orchestrator-ls", "anthropic"] = "from-keyring"
    assert value_of(Keys.load(tmp_path, {}), "anthropic") == "from-keyring"
    write(tmp_path, "ANTHROPIC_API_KEY=from-file\n")
    assert value_of(Keys.load(tmp_path, {}), "anthropic") == "from-file"
    exported = Keys.load(tmp_path, {"ANTHROPIC_API_KEY": "from-env"})
    assert value_of(exported, "anthropic") == "from-env"
    key = exported.find("anthropic")
    assert key
    assert key.source == "environment (ANTHROPIC_API_KEY)"


def test_a_key_of_an_endpoint_has_its_own_variable(tmp_path: Path, no_keyring: None):
    assert variable_name("my-server.2") == "MY_SERVER_2_API_KEY"
    assert value_of(Keys.load(tmp_path, {"MY_SERVER_2_API_KEY": "k"}), "my-server.2") == "k"


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 65, "é", "-x"])
def test_a_bad_name_is_refused(tmp_path: Path, name: str):
    with pytest.raises(ConfigError, match="name of a key"):
        Keys.load(tmp_path, {}).find(name)


@pytest.mark.parametrize(
    "line",
    [
        "ANTHROPIC_API_KEY=abc",
        " export ANTHROPIC_API_KEY = 'abc' ",
        'ANTHROPIC_API_KEY="abc"\r',
        "\ufeffANTHROPIC_API_KEY=abc",
        "# ANTHROPIC_API_KEY=no\nANTHROPIC_API_KEY=abc",
    ],
)
def test_the_file_is_read_as_people_write_it(tmp_path: Path, no_keyring: None, line: str):
    write(tmp_path, line + "\n")
    assert value_of(Keys.load(tmp_path, {}), "anthropic") == "abc"


def test_setting_without_a_keyring_writes_a_private_file(tmp_path: Path, no_keyring: None):
    folder = tmp_path / "config"
    keys = Keys.load(folder, {})
    source = keys.set("anthropic", f"  {SECRET}\n")
    assert source == f"file {folder / KEYS_FILE}"
    assert value_of(keys, "anthropic") == SECRET
    if os.name == "posix":
        assert stat.S_IMODE((folder / KEYS_FILE).stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [entry.name for entry in folder.iterdir()] == [KEYS_FILE], "no temporary file stays"


def test_setting_keeps_the_other_lines(tmp_path: Path, no_keyring: None):
    file = write(tmp_path, "# mine\nOTHER=1\nANTHROPIC_API_KEY=old\nexport ANTHROPIC_API_KEY=older\n")
    keys = Keys.load(tmp_path, {})
    keys.set("anthropic", "new")
    assert file.read_text() == "# mine\nOTHER=1\nANTHROPIC_API_KEY=new\n"
    assert keys.remove("anthropic") == [f"file {file}"]
    assert file.read_text() == "# mine\nOTHER=1\n"
    assert keys.remove("anthropic") == []


@posix
def test_setting_writes_through_a_link(tmp_path: Path, no_keyring: None):
    target = tmp_path / "dotfiles"
    target.mkdir()
    write(target, "A=1\n")
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / KEYS_FILE).symlink_to(target / KEYS_FILE)
    Keys.load(folder, {}).set("anthropic", "k")
    assert (folder / KEYS_FILE).is_symlink()
    assert "ANTHROPIC_API_KEY=k" in (target / KEYS_FILE).read_text()


def test_setting_prefers_the_keyring_and_drops_the_old_line(tmp_path: Path, memory: Memory):
    write(tmp_path, "ANTHROPIC_API_KEY=old\n")
    keys = Keys.load(tmp_path, {})
    assert keys.set("anthropic", "new") == "keyring (memory)"
    assert value_of(keys, "anthropic") == "new"
    assert keys.remove("anthropic") == ["keyring (memory)"]
    assert keys.find("anthropic") is None


@pytest.mark.parametrize(
    "value", ["", "   ", "two words", "line\nbreak", "sch\u00fcssel", "'quoted'", "x" * 9000, "a\x1bb"]
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(tmp_path: Path, no_keyring: None, value: str):
    with pytest.raises(ConfigError) as caught:
        Keys.load(tmp_path, {}).set("anthropic", value)
    assert not value.strip() or value not in str(caught.value)
    assert not (tmp_path / KEYS_FILE).exists()


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o606])
def test_a_file_open_to_others_is_refused(tmp_path: Path, no_keyring: None, mode: int):
    file = write(tmp_path, f"ANTHROPIC_API_KEY={SECRET}\n", mode)
    with pytest.raises(ConfigError, match=f"chmod 600 {file}") as caught:
        Keys.load(tmp_path, {}).find("anthropic")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 100_000])
def test_a_file_that_holds_no_keys_is_named(tmp_path: Path, no_keyring: None, content: bytes):
    file = write(tmp_path, "")
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=KEYS_FILE):
        Keys.load(tmp_path, {}).find("anthropic")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path, no_keyring: None):
    (tmp_path / KEYS_FILE).mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="cannot be read"):
        Keys.load(tmp_path, {}).find("anthropic")


@pytest.mark.parametrize(
    "failure", [NoKeyringError("none"), KeyringLocked("locked"), OSError("no bus"), RuntimeError("?"), KeyError("x")]
)
def test_a_keyring_that_fails_is_as_good_as_none(tmp_path: Path, memory: Memory, failure: Exception):
    memory.failure = failure
    keys = Keys.load(tmp_path, {})
    assert keys.find("anthropic") is None
    assert keys.set("anthropic", "k").startswith("file ")
    assert value_of(keys, "anthropic") == "k"
    assert keys.remove("anthropic") == [f"file {tmp_path / KEYS_FILE}"]


def test_a_keyring_that_forgets_is_not_trusted(tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "set_password", lambda *_: None)
    assert Keys.load(tmp_path, {}).set("anthropic", "k").startswith("file ")


def test_a_plain_text_keyring_is_not_used(tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Memory, "priority", 0.5)
    assert Keys.load(tmp_path, {}).set("anthropic", "k").startswith("file ")
    assert memory.asked == 0


def test_a_keyring_that_hangs_is_given_up(tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keys_module, "KEYRING_PATIENCE", 0.05)
    memory.slow = 0.5
    keys = Keys.load(tmp_path, {})
    assert keys.find("anthropic") is None
    assert keys.find("openai") is None
    assert memory.asked == 1, "it is not asked again, or every look would wait"
    assert any(thread.daemon for thread in threading.enumerate() if thread.name == "keyring")


def test_the_keyring_is_not_even_imported_when_a_key_is_found_before(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from orchestrator.providers.keys import Keys;"
        f"k = Keys.load(Path({str(tmp_path)!r}), {{'ANTHROPIC_API_KEY': 'x'}}); assert k.find('anthropic');"
        "assert 'keyring' not in sys.modules"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0


def test_names_are_listed_with_their_source(tmp_path: Path, memory: Memory):
    write(tmp_path, "GROQ_API_KEY=x\nUNRELATED=1\n")
    memory.kept["orchestrator-ls", "my-server"] = "k"
    keys = Keys.load(tmp_path, {"OPENAI_API_KEY": "x", "SOMEONES_API_KEY": "y"})
    assert keys.names(["my-server"]) == [
        ("groq", f"file {tmp_path / KEYS_FILE}"),
        ("my-server", "keyring (memory)"),
        ("openai", "environment (OPENAI_API_KEY)"),
    ]


def test_no_text_form_shows_a_key(tmp_path: Path, no_keyring: None, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    write(tmp_path, f"ANTHROPIC_API_KEY={SECRET}\n")
    keys = Keys.load(tmp_path, {"OPENAI_API_KEY": SECRET})
    key = keys.find("anthropic")
    assert key
    shown = f"{key} {key!r} {key.value} {key.value!r} {keys} {keys!r} {keys.names()} {caplog.text}"
    assert SECRET not in shown


def test_a_workspace_file_is_never_read(tmp_path: Path, no_keyring: None, monkeypatch: pytest.MonkeyPatch):
    workspace = tmp_path / "repository"
    workspace.mkdir()
    write(workspace, "ANTHROPIC_API_KEY=stolen\nANTHROPIC_BASE_URL=http://evil.example\n")
    (workspace / ".env").write_text("ANTHROPIC_API_KEY=stolen\n")
    monkeypatch.chdir(workspace)
    keys = Keys.load(tmp_path / "config", {})
    assert keys.find("anthropic") is None
    assert keys.names() == []
