"""All versions of all prompts: which is in use, what a person is editing, what a workspace suggests.

Three places hold prompts. The package holds the built-in ones. The person's configuration folder holds the files they
edit, `prompts/NAME.md`: saving a sound one makes a new version in the store and puts it in use, also when it was saved
without us and is found later. A workspace may hold `.orchestrator/prompts/NAME.md`, which counts for that folder when
the person trusts exactly that content and has decided nothing else about the name.

Invariant: a prompt with an error never replaces one that works (test_a_broken_prompt_never_replaces_a_working_one).
Invariant: a workspace's prompt is used only while its content is the one that was allowed
(test_a_changed_workspace_prompt_asks_again).
Invariant: no name leads out of the folder (test_hostile_names_are_refused).
"""

from __future__ import annotations

import asyncio
import difflib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.config import read_capped
from orchestrator.engine import atomic_file
from orchestrator.engine.prompt_set import PromptSet, as_prompt
from orchestrator.engine.prompting import (
    Prompt,
    PromptReading,
    broken,
    built_in_names,
    load_prompt,
    name_fault,
    read_prompt,
    unified,
    version_of,
)
from orchestrator.engine.templates import Fault
from orchestrator.engine.trust import Trust, fingerprint
from orchestrator.errors import ConfigError, FileError
from orchestrator.model.prompt import BUILT_IN, EDITED, IMPORTED, WORKSPACE, PromptUse, PromptVersion
from orchestrator.store.store import Store

FOLDER = "prompts"
"""Below the person's configuration folder."""
WORKSPACE_FOLDER = (".orchestrator", "prompts")
MOST_FILES = 200
"""Prompts of one folder; further ones are left alone."""
SUFFIX = ".md"
EXPORT_SCHEMA = 1

Allowed = Callable[[str, str], bool]
"""Whether a workspace's file (path in the folder, SHA-256) is trusted."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A file of the person's folder, as it is."""

    name: str
    path: Path
    text: str
    reading: PromptReading
    problem: str = ""
    """Why it could not be read; empty when it was."""


@dataclass(frozen=True, slots=True)
class Suggested:
    """A file of a workspace."""

    name: str
    relative: str
    text: str
    sha256: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A prompt as it is listed."""

    name: str
    in_use: Prompt
    versions: tuple[PromptVersion, ...]
    """Stored ones, the oldest first."""
    draft: Path | None = None
    faults: tuple[Fault, ...] = ()
    """Errors of the draft, which is not used for them."""
    outdated: bool = False
    """The built-in one that it was made from has changed since."""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    version: PromptVersion
    is_new: bool
    """False: this very text was a version before, and is in use again."""
    warnings: tuple[Fault, ...] = ()


class PromptLibrary:
    """Made for one use; holds nothing but where things are."""

    def __init__(self, store: Store, config_folder: Path) -> None:
        self._store = store
        self.folder = config_folder / FOLDER

    # --- what a run uses ----------------------------------------------------------------------------------------

    async def in_force(self, workspace: Path | None = None, allowed: Allowed | None = None) -> PromptSet:
        """What a run uses that begins now. Sound files that were saved without us become versions."""
        drafts = await asyncio.to_thread(lambda: tuple(read_drafts(self.folder)))
        suggested = await asyncio.to_thread(suggestions, workspace) if workspace and allowed else ()
        versions = {(one.name, one.version): one for one in await self._store.prompt_versions()} if drafts else {}
        uses = {use.name: use.version for use in await self._store.prompts_in_use()}
        notes: list[str] = []
        for draft in drafts:
            saved = await self._adopt(draft, versions, uses)
            if saved is not None:
                uses[draft.name] = saved.version
            elif draft.problem or draft.reading.errors:
                why = draft.problem or draft.reading.errors[0].message
                notes.append(f"Your prompt {draft.path.name} is not used, the last sound version is: {why}")
        by_name: dict[str, Prompt] = {}
        for one in suggested:
            if one.name not in uses:
                prompt, note = _suggested_prompt(one, allowed)
                by_name |= {one.name: prompt} if prompt else {}
                notes += [note] if note else []
        for name, version in uses.items():
            if not version:
                continue
            found = await self._version(name, version)
            prompt = as_prompt(found) if found else None
            if prompt is not None:
                by_name[name] = prompt
            else:
                fallback = "the built-in one is" if name in built_in_names() else "there is no other"
                notes.append(f"Version {version} of the prompt “{name}” cannot be used any more; {fallback}.")
        return PromptSet(by_name, notes=tuple(notes))

    async def _adopt(
        self, draft: Draft, versions: Mapping[tuple[str, str], PromptVersion], uses: Mapping[str, str]
    ) -> PromptVersion | None:
        """A file that was saved without us.

        One whose text was a version before is left as it is: the person may have chosen another since.
        """
        if draft.problem or draft.reading.prompt is None:
            return None
        version = version_of(draft.text)
        if (draft.name, version) in versions or self._is_built_in(draft.name, version):
            return None
        return (await self._keep(draft.name, draft.text, uses.get(draft.name, ""), EDITED)).version

    # --- looking ------------------------------------------------------------------------------------------------

    async def entries(self, workspace: Path | None = None, allowed: Allowed | None = None) -> list[Entry]:
        """Every prompt there is, by name."""
        force = await self.in_force(workspace, allowed)
        drafts = {draft.name: draft for draft in await asyncio.to_thread(lambda: tuple(read_drafts(self.folder)))}
        stored: dict[str, list[PromptVersion]] = {}
        for one in await self._store.prompt_versions():
            stored.setdefault(one.name, []).append(one)
        names = sorted({*built_in_names(), *force.by_name, *(name for name in stored if name in force.by_name)})
        listed: list[Entry] = []
        for name in names:
            in_use = force.find(name)
            if in_use is None:
                continue
            draft, versions = drafts.get(name), tuple(stored.get(name, ()))
            faults = draft.reading.errors if draft else ()
            outdated = _outdated(name, in_use.version, versions)
            listed.append(Entry(name, in_use, versions, draft.path if draft else None, faults, outdated))
        return listed

    async def entry(self, name: str, workspace: Path | None = None, allowed: Allowed | None = None) -> Entry:
        """Raises ConfigError when there is none of that name."""
        entries = await self.entries(workspace, allowed)
        for entry in entries:
            if entry.name == name:
                return entry
        raise _unknown(name, [entry.name for entry in entries])

    async def version(self, name: str, version: str = "") -> PromptVersion:
        """A version by the beginning of its name, `built-in`, or (empty) the one in use. Raises ConfigError."""
        if not version:
            used = (await self.entry(name)).in_use
            stored = await self._version(name, used.version)
            return stored or PromptVersion(name, used.version, used.text, 0.0, origin=used.origin)
        shipped = load_prompt(name) if name in built_in_names() else None
        if version == BUILT_IN:
            if shipped is None:
                raise ConfigError(f"The prompt “{name}” is not built in.", hint="Name one of its versions.")
            return PromptVersion(name, shipped.version, shipped.text, 0.0)
        known = {one.version: one for one in await self._store.prompt_versions(name)}
        if shipped is not None:
            known.setdefault(shipped.version, PromptVersion(name, shipped.version, shipped.text, 0.0))
        found = [one for key, one in known.items() if key.startswith(version)]
        if len(found) != 1:
            what = "several versions" if found else "no version"
            raise ConfigError(
                f"There is {what} “{version[:40]}” of the prompt “{name[:60]}”.",
                hint=f"`orchestrator prompts show {name[:60]}` lists them.",
            )
        return found[0]

    async def diff(self, name: str, old: str = "", new: str = "") -> str:
        """From its parent (or `old`) to the version in use (or `new`), as a unified diff; empty: no difference."""
        after = await self.version(name, new)
        before = await self.version(name, old or after.parent or (BUILT_IN if name in built_in_names() else ""))
        lines = difflib.unified_diff(
            before.text.splitlines(),
            after.text.splitlines(),
            f"{name} {before.version}",
            f"{name} {after.version}",
            lineterm="",
        )
        return "\n".join(lines)

    # --- changing -----------------------------------------------------------------------------------------------

    async def edit(self, name: str) -> Path:
        """The file to edit, made from the version in use where there is none."""
        path = self.path_of(name)
        used = await self.version(name)
        if path.exists():
            await self._settle(used)
        else:
            await asyncio.to_thread(self._write, path, used.text)
        return path

    async def new(self, name: str, base: str) -> Path:
        """The file of a new prompt, a copy of another one under its own name. Raises ConfigError, FileError."""
        path = self.path_of(name)
        known = {entry.name for entry in await self.entries()}
        if name in known or path.exists():
            raise ConfigError(f"There is a prompt “{name}” already.", hint=f"`orchestrator prompts edit {name}`.")
        source = await self.version(base)
        await asyncio.to_thread(self._write, path, _renamed(source.text, base, name))
        return path

    async def save(self, name: str, text: str) -> Saved:
        """A sound text becomes a version in use; ConfigError says what is wrong with another."""
        if why := name_fault(name):
            raise ConfigError(f"“{name[:60]}” cannot be a prompt. {why}", hint="Give it another name.")
        reading = read_prompt(unified(text), name, origin=EDITED)
        if reading.prompt is None:
            raise broken(reading, f"The prompt “{name}”")
        uses = {use.name: use.version for use in await self._store.prompts_in_use()}
        saved = await self._keep(name, unified(text), uses.get(name, ""), EDITED)
        return replace(saved, warnings=reading.faults)

    async def use(self, name: str, version: str) -> PromptVersion:
        """Put another version in use. Raises ConfigError when there is none, or it cannot be used any more."""
        chosen = await self.version(name, version)
        reading = read_prompt(chosen.text, name)
        if reading.prompt is None:
            raise broken(reading, f"Version {chosen.version} of the prompt “{name}”")
        await self._put_in_use(chosen)
        return chosen

    async def roll_back(self, name: str) -> PromptVersion:
        """Back to what was in use before the last decision. Raises ConfigError when there is nothing to take back."""
        await self.version(name)  # whether there is one
        uses = await self._store.prompts_in_use()
        if not await self._store.roll_back_prompt(name, time.time()):
            raise ConfigError(
                f"The prompt “{name}” was never changed.", hint=f"`orchestrator prompts edit {name}` changes it."
            )
        now = {use.name: use.version for use in await self._store.prompts_in_use()}.get(name, "")
        if now:
            chosen = await self.version(name, now)
        elif name in built_in_names():
            chosen = await self.version(name, BUILT_IN)
        else:
            await self._store.use_prompts([use for use in uses if use.name == name])
            raise ConfigError(
                f"This is the first version of the prompt “{name}”.", hint="Remove its file if you want it gone."
            )
        await self._settle(chosen)
        return chosen

    # --- moving to another computer -----------------------------------------------------------------------------

    async def export(self, names: Sequence[str] = ()) -> dict[str, object]:
        """JSON: every version that is not built in of these prompts (or all), and which is in use."""
        uses = {use.name: use.version for use in await self._store.prompts_in_use()}
        known = await self._store.prompt_versions()
        if unknown := set(names) - {one.name for one in known} - set(built_in_names()):
            raise _unknown(min(unknown), sorted({one.name for one in known}))
        listed = [
            {
                "name": one.name,
                "version": one.version,
                "parent": one.parent,
                "origin": one.origin,
                "created": one.created,
                "inUse": uses.get(one.name) == one.version,
                "text": one.text,
            }
            for one in known
            if one.origin in {EDITED, IMPORTED} and (not names or one.name in names)
        ]
        return {"schema": EXPORT_SCHEMA, "prompts": listed}

    async def take(self, text: str, name: str = "") -> list[Saved]:
        """Import what `export` made, or one prompt file; all of it or (ConfigError) nothing.

        Versions that were in use there are in use here; a single file is.
        """
        given = exported(text) if text.lstrip().startswith("{") else [_single(unified(text), name)]
        for one, _ in given:
            if why := name_fault(one.name):
                raise ConfigError(f"“{one.name[:60]}” cannot be a prompt. {why}", hint="Nothing was imported.")
            reading = read_prompt(one.text, one.name)
            if reading.prompt is None:
                raise broken(reading, f"Version {one.version} of the prompt “{one.name}” was not imported: it")
        known = {(one.name, one.version) for one in await self._store.prompt_versions()}
        uses = [PromptUse(one.name, one.version, time.time()) for one, used in given if used]
        await self._store.use_prompts(uses, [one for one, _ in given])
        for one, used in given:
            if used:
                await self._settle(one)
        return [Saved(one, (one.name, one.version) not in known) for one, _ in given]

    # --- files --------------------------------------------------------------------------------------------------

    def path_of(self, name: str) -> Path:
        """Raises ConfigError for what cannot be a prompt's name."""
        if why := name_fault(name):
            raise ConfigError(f"“{name[:60]}” cannot be a prompt. {why}", hint="Give it another name.")
        return self.folder / f"{name}{SUFFIX}"

    def _write(self, path: Path, text: str) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            atomic_file.replace(path, text.encode("utf-8"), 0o600)
        except OSError as error:
            raise FileError(f"{path} cannot be written ({error.strerror}).", hint="Check the folder.") from error

    async def _settle(self, chosen: PromptVersion) -> None:
        """The person's file shows what is in use, unless it holds work that is no version yet."""
        path = self.path_of(chosen.name)
        if not path.exists():
            return
        draft = await asyncio.to_thread(read_draft, path)
        version = version_of(draft.text)
        stored = self._is_built_in(chosen.name, version) or await self._version(chosen.name, version) is not None
        if not draft.problem and stored and version != chosen.version:
            await asyncio.to_thread(self._write, path, chosen.text)

    # --- versions -----------------------------------------------------------------------------------------------

    async def _keep(self, name: str, text: str, parent: str, origin: str) -> Saved:
        version, now = version_of(text), time.time()
        if self._is_built_in(name, version):
            chosen = PromptVersion(name, version, text, now)
            await self._store.use_prompts([PromptUse(name, "", now)])
            return Saved(chosen, is_new=False)
        known = {one.version: one for one in await self._store.prompt_versions(name)}
        shipped: list[PromptVersion] = []
        if not parent and name in built_in_names():
            built_in = load_prompt(name)
            parent = built_in.version
            shipped = [PromptVersion(name, built_in.version, built_in.text, now)]
        chosen = known.get(version) or PromptVersion(name, version, text, now, parent, origin)
        await self._store.use_prompts([PromptUse(name, version, now)], [*shipped, chosen])
        return Saved(chosen, is_new=version not in known)

    async def _put_in_use(self, chosen: PromptVersion) -> None:
        version = "" if self._is_built_in(chosen.name, chosen.version) else chosen.version
        await self._store.use_prompts([PromptUse(chosen.name, version, time.time())])
        await self._settle(chosen)

    async def _version(self, name: str, version: str) -> PromptVersion | None:
        return next((one for one in await self._store.prompt_versions(name) if one.version == version), None)

    @staticmethod
    def _is_built_in(name: str, version: str) -> bool:
        return name in built_in_names() and load_prompt(name).version == version


# --- files of folders -----------------------------------------------------------------------------------------------


def read_drafts(folder: Path) -> Iterator[Draft]:
    """The prompt files of the person's folder, by name."""
    for path in _prompt_files(folder):
        yield read_draft(path)


def read_draft(path: Path) -> Draft:
    name = path.name.removesuffix(SUFFIX)
    text, problem = "", ""
    try:
        text = unified((read_capped(path) or b"").decode("utf-8"))
    except ConfigError as error:
        problem = error.message
    except UnicodeDecodeError:
        problem = f"{path.name} is not UTF-8."
    return Draft(name, path, text, read_prompt(text, name, origin=EDITED), problem)


def suggestions(workspace: Path) -> tuple[Suggested, ...]:
    """The prompt files of a workspace, not through links, by name."""
    folder = workspace.joinpath(*WORKSPACE_FOLDER)
    if os.path.realpath(folder) != str(Path(os.path.realpath(workspace)).joinpath(*WORKSPACE_FOLDER)):
        return ()
    found: list[Suggested] = []
    for path in _prompt_files(folder):
        name, relative = path.name.removesuffix(SUFFIX), "/".join((*WORKSPACE_FOLDER, path.name))
        try:
            content = read_capped(path, follow_links=False) or b""
            found.append(Suggested(name, relative, unified(content.decode("utf-8")), fingerprint(content)))
        except ConfigError as error:
            found.append(Suggested(name, relative, "", "", error.message))
        except UnicodeDecodeError:
            found.append(Suggested(name, relative, "", "", f"{relative} is not UTF-8."))
    return tuple(found)


def allowed_by(trust: Trust, workspace: Path) -> Allowed:
    return lambda relative, sha256: trust.allows_file(workspace, relative, sha256)


def _prompt_files(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for _, entry in zip(range(10 * MOST_FILES), entries, strict=False)]
    except (OSError, ValueError):
        return []
    sound = (name for name in names if name.endswith(SUFFIX) and not name_fault(name.removesuffix(SUFFIX)))
    return [folder / name for name in sorted(sound)[:MOST_FILES]]


def _suggested_prompt(one: Suggested, allowed: Allowed | None) -> tuple[Prompt | None, str]:
    if one.problem:
        return None, f"The workspace's prompt {one.relative} is not used: {one.problem}"
    if allowed is None or not allowed(one.relative, one.sha256):
        return None, (
            f"The workspace's prompt {one.relative} is not used, because it is new or changed since you trusted this "
            "folder. Read it, then run `orchestrator trust add`."
        )
    reading = read_prompt(one.text, one.name, origin=WORKSPACE)
    if reading.prompt is None:
        return None, f"The workspace's prompt {one.relative} is not used: {reading.errors[0].message}"
    return reading.prompt, ""


# --- import and export ----------------------------------------------------------------------------------------------


def exported(text: str) -> list[tuple[PromptVersion, bool]]:
    """What an export holds, and whether each was in use. Raises ConfigError."""
    from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

    class _Entry(BaseModel):
        model_config = ConfigDict(extra="ignore", strict=True)
        name: str = Field(max_length=64)
        text: str = Field(max_length=1_000_000)
        parent: str = Field("", pattern=r"^(?:[0-9a-f]{12})?$")
        created: float = Field(0.0, ge=0.0, le=1e11, allow_inf_nan=False)
        in_use: bool = Field(default=False, alias="inUse")

    class _File(BaseModel):
        model_config = ConfigDict(extra="ignore", strict=True)
        schema_: int = Field(alias="schema", le=EXPORT_SCHEMA, ge=1)
        prompts: list[_Entry] = Field(max_length=10_000)

    try:
        given = TypeAdapter(_File).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ConfigError(
            f"This is no export of prompts ({where}: {first['msg']}).",
            hint="Import what `orchestrator prompts export` wrote, or a prompt file; a later version needs an update.",
        ) from error
    found: list[tuple[PromptVersion, bool]] = []
    for one in given.prompts:
        clean, created = unified(one.text), one.created or time.time()
        found.append((PromptVersion(one.name, version_of(clean), clean, created, one.parent, IMPORTED), one.in_use))
    return found


def _single(text: str, name: str) -> tuple[PromptVersion, bool]:
    reading = read_prompt(text)
    if reading.prompt is None:
        raise broken(reading, "This file")
    return PromptVersion(name or reading.prompt.name, version_of(text), text, time.time(), "", IMPORTED), True


def _renamed(text: str, old: str, new: str) -> str:
    head, mark, rest = text.partition(f"\nname: {old}\n")
    return f"{head}\nname: {new}\n{rest}" if mark else text


def _outdated(name: str, version: str, versions: Sequence[PromptVersion]) -> bool:
    if name not in built_in_names():
        return False
    by_version = {one.version: one for one in versions}
    seen: set[str] = set()
    found = by_version.get(version)
    while found is not None and found.origin != BUILT_IN and found.version not in seen:
        seen.add(found.version)
        found = by_version.get(found.parent)
    return found is not None and found.origin == BUILT_IN and found.version != load_prompt(name).version


def _unknown(name: str, known: Sequence[str]) -> ConfigError:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"Did you mean “{near[0]}”?" if near else "`orchestrator prompts list` shows those that there are."
    return ConfigError(f"There is no prompt “{name[:60]}”.", hint=hint)
