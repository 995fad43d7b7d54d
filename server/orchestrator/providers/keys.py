"""Where keys come from: the environment, `.env.local` in the user's config folder, the system's keyring.

Apart from settings because a key is no setting: it is never printed, logged, stored or sent over LSP.

The first of the three that has a key wins. All three use one name per key: `anthropic` is ANTHROPIC_API_KEY in
the environment and in the file, and the user `anthropic` of the service `orchestrator-ls` in the keyring.

Every method is synchronous. The environment and the file answer at once; a keyring may ask the person for a
password, so each question to it runs in a thread of its own and is given up after a few seconds: call from an
event loop through `asyncio.to_thread`, but nothing hangs if you did not.

Invariant: no text form of a `Key` or of `Keys` shows a value (test_no_text_form_shows_a_key).
Invariant: a file that others can read is refused, and says how to mend it (test_a_file_open_to_others_is_refused).
Invariant: only the user's config folder is read, never a workspace (test_a_workspace_file_is_never_read).
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from orchestrator.config import DISTRIBUTION, KEYS_FILE
from orchestrator.errors import ConfigError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

VENDORS = ("anthropic", "openai")
"""The key names that `names` always asks for."""

KEYRING_PATIENCE = 5.0
"""Seconds to wait for a keyring to answer a question."""
KEYRING_WRITE_PATIENCE = 60.0
"""Seconds to wait while a person may be typing the keyring's password."""

_MAX_FILE_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class Key:
    value: SecretStr
    """`get_secret_value()` reads it; every other way to look at it shows asterisks."""
    source: str
    """For people: "environment (ANTHROPIC_API_KEY)", "file /home/…/.env.local", "keyring (macOS Keychain)"."""


class Keys:
    """Finds, keeps and forgets keys. Reads the sources anew at each question, so a new key is seen at once."""

    def __init__(self, file: Path, environment: Mapping[str, str], keyring: _Keyring) -> None:
        self._file = file
        self._keyring = keyring
        self.environment: Mapping[str, str] = environment
        """As given to `load`; providers look here for the address that a person exported."""

    @classmethod
    def load(cls, config_dir: Path, environ: Mapping[str, str]) -> Keys:
        return cls(config_dir / KEYS_FILE, dict(environ), _Keyring())

    def __repr__(self) -> str:
        return f"Keys(file={str(self._file)!r})"

    def find(self, name: str) -> Key | None:
        """Raises ConfigError when the file is there but must not be used."""
        variable = variable_name(name)
        if value := self.environment.get(variable, "").strip():
            return Key(SecretStr(value), f"environment ({variable})")
        if value := self._read_file().get(variable):
            return Key(SecretStr(value), f"file {self._file}")
        if value := self._keyring.get(name):
            return Key(SecretStr(value), f"keyring ({self._keyring.title})")
        return None

    def set(self, name: str, value: str) -> str:
        """Keep a key in the keyring, or else in the file; answers where. Replaces what the file had."""
        variable, value = variable_name(name), _checked_value(value)
        if self._keyring.set(name, value):
            self._drop_line(variable)  # the file comes first when a key is looked for: an old key there would win
            return f"keyring ({self._keyring.title})"
        lines = [line for line in self._lines() if _variable_of(line) != variable]
        self._write_file([*lines, f"{variable}={value}"])
        return f"file {self._file}"

    def remove(self, name: str) -> list[str]:
        """Forget a key; answers where it was. The environment is not ours to change: ask `find` afterwards."""
        removed: list[str] = []
        if self._drop_line(variable_name(name)):
            removed.append(f"file {self._file}")
        if self._keyring.remove(name):
            removed.append(f"keyring ({self._keyring.title})")
        return removed

    def names(self, known: Iterable[str] = VENDORS) -> list[tuple[str, str]]:
        """The names that have a key, and where it comes from: those in `known` and those in the file.

        A keyring does not list its entries, so pass the key names of the settings' endpoints in `known`.
        """
        by_variable = {variable_name(name): name for name in (*VENDORS, *known)}
        for variable in self._read_file():
            if variable.endswith("_API_KEY"):
                by_variable.setdefault(variable, variable.removesuffix("_API_KEY").lower())
        found = ((name, self.find(name)) for name in sorted(by_variable.values()))
        return [(name, key.source) for name, key in found if key is not None]

    def _drop_line(self, variable: str) -> bool:
        lines = self._lines()
        kept = [line for line in lines if _variable_of(line) != variable]
        if len(kept) == len(lines):
            return False
        self._write_file(kept)
        return True

    def _read_file(self) -> dict[str, str]:
        entries = (_LINE.fullmatch(line) for line in self._lines() if not line.lstrip().startswith("#"))
        return {entry[1]: _unquoted(entry[2]) for entry in entries if entry is not None}

    def _lines(self) -> list[str]:
        try:
            with self._file.open("rb") as stream:
                if os.name == "posix" and os.fstat(stream.fileno()).st_mode & 0o077:
                    raise ConfigError(
                        f"The keys in {self._file} can be read by other users of this computer, so they are not used.",
                        hint=f"Run `chmod 600 {self._file}`.",
                    )
                content = stream.read(_MAX_FILE_BYTES + 1)
            if len(content) > _MAX_FILE_BYTES:
                raise ConfigError(f"{self._file} is too large to hold keys.", hint="Keep only lines NAME_API_KEY=….")
            return content.decode("utf-8-sig").splitlines()
        except FileNotFoundError:
            return []
        except UnicodeDecodeError:
            raise ConfigError(f"{self._file} is not UTF-8 text.", hint="Keep only lines NAME_API_KEY=….") from None
        except OSError as error:
            raise ConfigError(
                f"{self._file} cannot be read ({error.strerror}).", hint="Make it a file that you own, mode 600."
            ) from error

    def _write_file(self, lines: list[str]) -> None:
        """Replace the file in one step, through a link, readable by nobody else."""
        target = Path(os.path.realpath(self._file))
        temporary: str | None = None
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(prefix=".env.local-", dir=target.parent)  # created with mode 600
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(line + "\n" for line in lines)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).replace(target)
            temporary = None
        except OSError as error:
            raise ConfigError(
                f"The key cannot be written to {self._file} ({error.strerror}).",
                hint="Free some space or make the folder writable; or put the key into the environment.",
            ) from error
        finally:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)


def variable_name(name: str) -> str:
    """The environment variable of a key: `my-server` is MY_SERVER_API_KEY."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name[:80]!r} cannot be the name of a key.", hint="Use letters, digits, `-`, `_` and `.`, at most 64."
        )
    return re.sub(r"[.-]", "_", name).upper() + "_API_KEY"


def _checked_value(value: str) -> str:
    value = value.strip()
    if not value or len(value) > 8192 or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigError(
            "That is not a key: it is empty, or has blanks or characters that cannot be sent.",
            hint="Paste the key alone, as the provider shows it.",
        )
    if value[0] in "\"'":
        raise ConfigError("The key starts with a quotation mark.", hint="Paste the key alone, without quotation marks.")
    return value


def _variable_of(line: str) -> str | None:
    match = None if line.lstrip().startswith("#") else _LINE.fullmatch(line)
    return match[1] if match else None


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


class _Keyring:
    """The system's keyring, if it has a safe one. Never raises: a keyring that fails is as good as none."""

    def __init__(self) -> None:
        self._backend: KeyringBackend | None = None
        self._looked = False
        self._silent = False
        """It once did not answer in time: not asked again, or every look at the models would wait."""

    @property
    def title(self) -> str:
        return self._backend.name if self._backend is not None else "none"

    def get(self, name: str) -> str | None:
        return self._ask(lambda backend: backend.get_password(DISTRIBUTION, name), KEYRING_PATIENCE)

    def set(self, name: str, value: str) -> bool:
        def store(backend: KeyringBackend) -> bool:
            backend.set_password(DISTRIBUTION, name, value)  # pyright: ignore[reportUnknownMemberType]  # untyped wrapper
            return backend.get_password(DISTRIBUTION, name) == value  # some backends drop it without a word

        return bool(self._ask(store, KEYRING_WRITE_PATIENCE))

    def remove(self, name: str) -> bool:
        def delete(backend: KeyringBackend) -> bool:
            if backend.get_password(DISTRIBUTION, name) is None:
                return False
            backend.delete_password(DISTRIBUTION, name)
            return True

        return bool(self._ask(delete, KEYRING_WRITE_PATIENCE))

    def _ask(self, question: Callable[[KeyringBackend], Any], patience: float) -> Any:
        if self._silent:
            return None
        answer: list[Any] = []

        def work() -> None:
            try:
                if (backend := self._find_backend()) is not None:
                    answer.append(question(backend))
            except Exception:  # noqa: BLE001 - backends are plug-ins and raise what they like (D-Bus, COM, ctypes)
                answer.append(None)

        thread = threading.Thread(target=work, name="keyring", daemon=True)  # daemon: it must not keep us alive
        thread.start()
        thread.join(patience)
        self._silent = thread.is_alive()
        return answer[0] if answer else None

    def _find_backend(self) -> KeyringBackend | None:
        """The backend, or None where there is only one that fails, forgets or keeps plain text."""
        if not self._looked:
            import keyring

            backend = keyring.get_keyring()
            self._backend = backend if backend.priority >= 1 else None
            self._looked = True
        return self._backend
