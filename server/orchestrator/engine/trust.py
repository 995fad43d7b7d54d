"""What the person has allowed: which folders are trusted, and which provider may see a folder's text.

Apart from settings because it is never merged, never in a workspace, and asked about instead of configured.
One record per real folder path, in `trust.json` of the user's config folder. A record covers that folder as a
workspace, not the folders below it.

Every question reads the file anew: a server must notice at once what `orchestrator trust remove` did.
Whatever is wrong with the file, the answer is no.

Invariant: a damaged file grants nothing and is kept beside the new one (test_damaged_file_grants_nothing_and_is_kept).
Invariant: consent is for one folder, provider and host (test_consent_is_per_folder_provider_and_host).
Invariant: a changed workspace file is not allowed any more (test_changed_file_asks_again).
Invariant: two processes that write at once both count (test_writers_do_not_undo_each_other).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.config import WORKSPACE_FILE, Layer, Source, expanded, parse_toml, read_capped
from orchestrator.engine import atomic_file
from orchestrator.errors import ConfigError, TrustError

TRUST_FILE = "trust.json"
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Consent:
    provider: str
    host: str
    """As in `Destination.host`: another base URL is another host, and asks again."""


@dataclass(frozen=True, slots=True)
class Record:
    folder: str
    """A real path."""
    trusted: bool = False
    since: str = ""
    """When it was last changed: UTC, ISO 8601."""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """SHA-256 of each workspace file that was allowed, by its path in the folder."""
    consents: tuple[Consent, ...] = ()


class Trust:
    """All methods are synchronous and short: one small local file."""

    def __init__(self, path: Path) -> None:
        """`path` is usually `directories.config / TRUST_FILE`. Reads nothing yet."""
        self._path = path

    def is_trusted(self, folder: Path) -> bool:
        return self._record(folder).trusted

    def trust(self, folder: Path) -> None:
        self._change(folder, lambda record: replace(record, trusted=True))

    def revoke(self, folder: Path) -> None:
        """Forget all about the folder: trust, allowed files and consents."""
        self._change(folder, lambda _: None)

    def record(self, folder: Path) -> Record:
        """All that was said about the folder."""
        return self._record(folder)

    def records(self) -> tuple[Record, ...]:
        records, _ = self._read()
        return tuple(records[folder] for folder in sorted(records))

    def problem(self) -> str:
        """What is wrong with the file, for a person; empty when nothing is."""
        _, problem = self._read()
        return problem

    def consented(self, folder: Path, provider: str, host: str) -> bool:
        return Consent(provider, host) in self._record(folder).consents

    def consent(self, folder: Path, provider: str, host: str) -> None:
        given = Consent(provider, host)

        def add(record: Record) -> Record:
            others = tuple(consent for consent in record.consents if consent != given)
            return replace(record, consents=(*others, given))

        self._change(folder, add)

    def withdraw(self, folder: Path, provider: str, host: str | None = None) -> None:
        """Take consent back, for one host or (None) for all of the provider's."""

        def drop(record: Record) -> Record:
            kept = (c for c in record.consents if c.provider != provider or host not in {None, c.host})
            return replace(record, consents=tuple(kept))

        self._change(folder, drop)

    def allows_file(self, folder: Path, relative: str | PurePath, sha256: str) -> bool:
        """Whether this very content of a workspace file was allowed. The folder must be trusted too."""
        record = self._record(folder)
        return record.trusted and record.files.get(PurePath(relative).as_posix()) == sha256

    def trust_file(self, folder: Path, relative: str | PurePath, sha256: str) -> None:
        name = PurePath(relative).as_posix()
        self._change(folder, lambda record: replace(record, files={**record.files, name: sha256}))

    def _record(self, folder: Path) -> Record:
        records, _ = self._read()
        key = _real(folder)
        return records.get(key, Record(key))

    def _change(self, folder: Path, change: Callable[[Record], Record | None]) -> None:
        key = _real(folder)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(self._path.with_name(self._path.name + ".lock")):
                records, problem = self._read()
                if problem:
                    self._keep_damaged(problem)
                changed = change(records.get(key, Record(key)))
                records.pop(key, None)
                if changed is not None and (changed.trusted or changed.files or changed.consents):
                    now = datetime.now(UTC).isoformat(timespec="seconds")
                    records[key] = replace(changed, since=now)
                atomic_file.replace(self._path, _encode(records), 0o600)
        except OSError as error:
            raise TrustError(
                f"What you allowed cannot be written to {self._path} ({error.strerror}).",
                hint="Make that folder writable for you, or free some space; nothing was changed.",
            ) from error

    def _read(self) -> tuple[dict[str, Record], str]:
        """The records, and what is wrong with the file (then there are none)."""
        try:
            status = self._path.stat()
            content = self._path.read_bytes() if status.st_size <= _MAX_BYTES else b""
        except FileNotFoundError:
            return {}, ""
        except OSError as error:
            return {}, f"{self._path} cannot be read ({error.strerror}), so nothing is trusted."
        if os.name == "posix" and status.st_mode & 0o022:
            return {}, f"{self._path} can be changed by other users, so nothing in it counts (`chmod 600` mends it)."
        try:
            stored = _File.model_validate_json(content)
        except ValidationError:
            return {}, f"{self._path} is damaged or of a later version, so nothing is trusted."
        records = (entry.record(_as_path(name)) for name, entry in stored.folders.items())
        return {record.folder: record for record in records}, ""

    def _keep_damaged(self, problem: str) -> None:
        for number in range(1, 100):
            copy = self._path.with_name(f"{self._path.name}.damaged-{number}")
            if not copy.exists():
                self._path.replace(copy)
                return
        raise TrustError(problem, hint=f"Remove the files {self._path}.damaged-… and try again.")


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    layer: Layer | None
    """For `config.load_user`; what of it weighs too much is refused there."""
    reasons: tuple[str, ...] = ()
    """Why the workspace's file is not used, for a person; empty when it is used or there is none."""


def workspace_of(path: Path) -> Path:
    """The folder that trust and consent for this file (or folder) belong to: a real path.

    The nearest folder at or above it that holds `.git` or `.orchestrator.toml`, else its own folder.
    The home folder and the root count only for what lies directly in them: dotfiles kept in git, or a file that
    somebody put into `/`, must not make one workspace of everything a person owns, where one yes covers all.
    """
    real = Path(os.path.realpath(path))
    start = real if os.path.isdir(real) else real.parent  # noqa: PTH112  # Path.is_dir raises for some paths
    home = Path(os.path.realpath(expanded("~")))
    for folder in (start, *start.parents):
        if folder in {home, Path(folder.anchor)}:
            break
        if any(os.path.lexists(folder / mark) for mark in (".git", WORKSPACE_FILE)):
            return folder
    return start


def workspace_settings(folder: Path, trust: Trust) -> WorkspaceSettings:
    """What `.orchestrator.toml` of a trusted folder says, if the person allowed exactly this content."""
    path = folder / WORKSPACE_FILE
    try:
        content = read_workspace_file(folder)
        if content is None:
            return WorkspaceSettings(None)
        if not trust.is_trusted(folder):
            reason = f"{path} is not used, because this folder is not trusted."
            return WorkspaceSettings(None, (f"{reason} Read it, then run `orchestrator trust add`.",))
        if not trust.allows_file(folder, WORKSPACE_FILE, fingerprint(content)):
            reason = f"{path} is not used, because it is new or changed since you trusted this folder."
            return WorkspaceSettings(None, (f"{reason} Read it, then run `orchestrator trust add`.",))
        return WorkspaceSettings(Layer(Source.WORKSPACE, str(path), parse_toml(content, str(path))))
    except ConfigError as error:
        return WorkspaceSettings(None, (f"{error.message} It is not used. {error.hint}",))


def read_workspace_file(folder: Path) -> bytes | None:
    """`.orchestrator.toml` as it is, None when there is none. ConfigError when it is a link or no small plain file."""
    return read_capped(folder / WORKSPACE_FILE, follow_links=False)


def fingerprint(content: bytes) -> str:
    """The SHA-256 that `allows_file` and `trust_file` take."""
    return hashlib.sha256(content).hexdigest()


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _StoredConsent(_Stored):
    provider: str
    host: str


class _StoredRecord(_Stored):
    trusted: bool = False
    since: str = ""
    files: dict[str, str] = {}
    consents: list[_StoredConsent] = []

    def record(self, folder: str) -> Record:
        consents = tuple(Consent(consent.provider, consent.host) for consent in self.consents)
        return Record(folder, self.trusted, self.since, self.files, consents)


class _File(_Stored):
    version: Literal[1]
    folders: dict[str, _StoredRecord]
    """By path, as `_written` spells it."""


def _encode(records: Mapping[str, Record]) -> bytes:
    folders: dict[str, Any] = {
        _written(folder): {
            "trusted": record.trusted,
            "since": record.since,
            "files": dict(record.files),
            "consents": [{"provider": consent.provider, "host": consent.host} for consent in record.consents],
        }
        for folder, record in sorted(records.items())
    }
    return (json.dumps({"version": 1, "folders": folders}, indent=2) + "\n").encode()


def _written(folder: str) -> str:
    """A path need not be Unicode, and JSON must be: such bytes are written as in a URL, and `%` with them."""
    return re.sub(r"[%\udc80-\udcff]", lambda match: f"%{ord(match[0]) & 0xFF:02X}", folder)


def _as_path(written: str) -> str:
    return unquote_to_bytes(written).decode("utf-8", "surrogateescape")


def _real(folder: Path) -> str:
    return os.path.normcase(os.path.realpath(folder))


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    """Wait for other writers. The lock is the system's: it is gone when its holder is."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
