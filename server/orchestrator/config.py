"""Every setting: its default, its line of documentation, and who may set it. The one definition.

`package.json`, the Lua types and `docs/reference/settings.md` are generated from here (`server/codegen`).

Precedence, later wins: defaults, the workspace's `.orchestrator.toml` (if trusted; only what its trust level
allows), the user's `config.toml`, the editor's settings, `ORCHESTRATOR_*` environment variables, command line.
The workspace stands below the user: a repository may suggest, never overrule.

Against a default a workspace may lower a limit; a number that the user set stands, lower or higher.

Longer than most files here, because the definition and the reading of it must not drift apart.

Invariant: nothing of trust level USER is ever taken from a workspace (test_workspace_cannot_set_user_options).
Invariant: the order in which layers are given does not matter (test_precedence_does_not_depend_on_order).
Invariant: a workspace's file, whatever it holds, raises nothing and is noted (test_no_workspace_file_stops_the_user).
"""

from __future__ import annotations

import difflib
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from orchestrator.errors import ConfigError

DISTRIBUTION = "orchestrator-ls"
WORKSPACE_FILE = ".orchestrator.toml"
USER_FILE = "config.toml"
KEYS_FILE = ".env.local"
MAX_SETTINGS_BYTES = 256 * 1024
ENVIRONMENT_PREFIX = "ORCHESTRATOR_"
DIRECTORY_VARIABLES = {
    "ORCHESTRATOR_CONFIG_DIR": "config",
    "ORCHESTRATOR_DATA_DIR": "data",
    "ORCHESTRATOR_CACHE_DIR": "cache",
}
"""Environment variables that name a folder, and the field of `Directories` that each replaces."""

_MAX_LINE = 2048
_ENDPOINTS = ("endpoints",)


class Level(StrEnum):
    """Who may set an option."""

    USER = "user"
    """The user's own file, editor (machine scope), environment or command line."""
    WORKSPACE = "workspace"
    """Also a trusted `.orchestrator.toml`."""
    WORKSPACE_LOWER = "workspaceLower"
    """Also a trusted `.orchestrator.toml`, but only to a smaller number than the one in force."""


Alias = Literal["fast", "balanced", "strong"]

_MODEL_PATTERN = r"^[A-Za-z0-9_.-]+/\S+$"
ModelName = Annotated[str, Field(pattern=_MODEL_PATTERN)]
"""`provider/model`."""
_MODEL_IN_WORDS = "`provider/model`"

_PRICE_PATTERN = r"^[A-Za-z0-9_.-]+/\S+( +\d{1,6}(\.\d{1,9})?){2,3}$"
PriceLine = Annotated[str, Field(pattern=_PRICE_PATTERN)]
"""`provider/model` and US dollars for a million tokens: read, written and, if you like, read from a cache."""
_PRICE_IN_WORDS = "`provider/model READ WRITTEN`"


def _check_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if value and (not sound or not value.isprintable() or " " in value):
        raise ValueError("an address that begins with https:// or http://")
    if value and ("@" in urlsplit(value).netloc or "?" in value or "#" in value):
        raise ValueError("an address without a password, `?` or `#`; keys go to `orchestrator auth set NAME`")
    return value


BaseUrl = Annotated[str, AfterValidator(_check_address)]
"""Empty, or where an API is. Without credentials, so that it can be shown."""


def _option(default: Any, doc: str, level: Level = Level.USER, **limits: Any) -> Any:
    """A field whose one-line documentation and trust level travel with it."""
    extra: dict[str, Any] = {"level": level.value}
    if isinstance(default, (list, dict)):
        make = cast("Callable[[], Any]", default.copy)
        return Field(default_factory=make, description=doc, json_schema_extra=extra, **limits)
    return Field(default=default, description=doc, json_schema_extra=extra, **limits)


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, str_max_length=4096
    )


class ModelAliases(_Section):
    fast: list[ModelName] = _option(["local/smollm2"], "Models behind the alias `fast`: the first usable one answers.")
    balanced: list[ModelName] = _option(["local/smollm2"], "Models behind the alias `balanced`.")
    strong: list[ModelName] = _option(["local/smollm2"], "Models behind the alias `strong`.")


class Roles(_Section):
    decide: Alias = _option("fast", "Alias that decides whether a task is simple.", Level.WORKSPACE)
    plan: Alias = _option("balanced", "Alias that plans subtasks.", Level.WORKSPACE)
    execute: Alias = _option("balanced", "Alias that does a task.", Level.WORKSPACE)
    verify: Alias = _option("balanced", "Alias that holds a result against its acceptance.", Level.WORKSPACE)
    aggregate: Alias = _option("fast", "Alias that makes a task's result from those of its subtasks.", Level.WORKSPACE)
    chat: Alias = _option("balanced", "Alias that answers in conversations.", Level.WORKSPACE)


class Split(_Section):
    preview: bool = _option(True, "Show subtasks before they are written; off: write at once (undo takes them back).")
    max_depth: int = _option(2, "Levels that a recursive split may add.", Level.WORKSPACE_LOWER, ge=1, le=8)
    max_children: int = _option(8, "Subtasks that one split may add to a task.", Level.WORKSPACE_LOWER, ge=2, le=20)
    examples: int = _option(
        2, "Playbooks and splits of yours that a planner is shown; 0: none is sent.", Level.WORKSPACE_LOWER, ge=0, le=2
    )


class RunOptions(_Section):
    concurrency: int = _option(4, "Tasks of one run under way at once.", Level.WORKSPACE_LOWER, ge=1, le=64)
    decide: bool = _option(
        False, "Ask before each task whether it needs subtasks; off: it is split when doing it fails.", Level.WORKSPACE
    )
    verify: bool = _option(True, "Hold each result against the task's acceptance before the task is completed.")
    max_depth: int = _option(
        2, "Levels of subtasks that a run may add below a task.", Level.WORKSPACE_LOWER, ge=0, le=8
    )
    grace: float = _option(
        10.0,
        "How long a running task may be missing from the text, as in a move, before it is stopped (seconds).",
        ge=0.1,
        le=600,
    )


class OutlineFiles(_Section):
    globs: list[str] = _option(
        ["*.tasks.md", "tasks.md"], "File names that are outlines (others: `orchestrator:` in the front matter)."
    )
    max_bytes: int = _option(20_000_000, "Larger files are opened as plain text (bytes).", ge=10_000, le=100_000_000)


class Calls(_Section):
    timeout: float = _option(60.0, "Give up when a model sends nothing for so long (seconds).", ge=0.1, le=3600)
    retries: int = _option(2, "How often a failed call is tried again.", ge=0, le=10)
    concurrency: int = _option(2, "Calls under way at once at one provider.", Level.WORKSPACE_LOWER, ge=1, le=64)
    per_minute: int = _option(
        0, "Calls that may begin at one provider within a minute; 0: as many as it takes.", ge=0, le=100_000
    )


class Tools(_Section):
    edits: Literal["ask", "allow"] = _option(
        "ask", "Whether edits of ordinary files in a trusted folder are shown first, or written at once."
    )
    commands: list[str] = _option(
        [], "Beginnings of commands that run in trusted folders without asking, such as `pytest` or `npm test`."
    )
    programs: list[str] = _option(
        [], "Absolute paths of programs that may be started although they lie in a workspace."
    )
    timeout: float = _option(300.0, "Stop a command after so long (seconds).", ge=1, le=86_400)
    turns: int = _option(
        40, "Answers that a model may give for one task with tools.", Level.WORKSPACE_LOWER, ge=1, le=500
    )
    tokens: int = _option(
        1_000_000, "Tokens that one task with tools may use.", Level.WORKSPACE_LOWER, ge=1_000, le=1_000_000_000
    )


class AnthropicOptions(_Section):
    base_url: BaseUrl = _option("", "Address of the API; empty: ANTHROPIC_BASE_URL, else Anthropic's own.")


class OpenAIOptions(_Section):
    base_url: BaseUrl = _option("", "Address of the API; empty: OPENAI_BASE_URL, else OpenAI's own.")


class Endpoint(_Section):
    base_url: BaseUrl = Field(description="Address of an OpenAI-compatible API, usually ending in /v1.")
    key_name: str = Field("", description="Name of its key, as in `orchestrator auth set NAME`; empty: it needs none.")


class LocalOptions(_Section):
    weights: str = _option("", "A GGUF file to use instead of the downloaded model.")
    threads: int = _option(0, "Processor threads; 0: as many as there are cores, 4 at most.", ge=0, le=256)
    context: int = _option(4096, "Tokens of context per conversation.", ge=512, le=131_072)


class ScriptedOptions(_Section):
    script: str = _option("", "A JSON file of answers for the scripted provider; empty: its built-in demo.")
    log: str = _option("", "A file that gets a line of JSON when a scripted call begins and when it ends; empty: none.")


class Settings(_Section):
    """All settings. Frozen: a change makes a new value."""

    model: str = _option("", "Use this `provider/model` (or alias) for every role.", Level.USER)
    models: ModelAliases = Field(default_factory=ModelAliases)
    roles: Roles = Field(default_factory=Roles)
    split: Split = Field(default_factory=Split)
    run: RunOptions = Field(default_factory=RunOptions)
    outline: OutlineFiles = Field(default_factory=OutlineFiles)
    calls: Calls = Field(default_factory=Calls)
    tools: Tools = Field(default_factory=Tools)
    anthropic: AnthropicOptions = Field(default_factory=AnthropicOptions)
    openai: OpenAIOptions = Field(default_factory=OpenAIOptions)
    endpoints: dict[str, Endpoint] = _option({}, "More OpenAI-compatible services by name; use as `NAME/model`.")
    prices: list[PriceLine] = _option(
        [],
        "Prices that no table knows, such as `house/big 3 15`: US dollars for a million tokens read, and written; "
        "a third number is for those read from a cache, and `house/*` means all models.",
    )
    local: LocalOptions = Field(default_factory=LocalOptions)
    scripted: ScriptedOptions = Field(default_factory=ScriptedOptions)


@dataclass(frozen=True, slots=True)
class Directories:
    """Where things of the user live. All are outside any workspace."""

    config: Path
    """`config.toml`, `.env.local`, `trust.json`."""
    data: Path
    """`orchestrator.db` and its backups."""
    cache: Path
    """Weights of the embedded model."""

    @classmethod
    def default(cls, environ: Mapping[str, str] | None = None, *, data_dir: str | Path | None = None) -> Directories:
        """The platform's folders, or what `ORCHESTRATOR_…_DIR` and `--data-dir` say. Creates nothing.

        A variable with a relative path is an error: it would mean another folder in every workspace.
        """
        environ = os.environ if environ is None else environ
        chosen: dict[str, Path] = {}
        for variable, name in DIRECTORY_VARIABLES.items():
            if name == "data" and data_dir:  # an empty one, as of an unset shell variable, counts as not given
                chosen[name] = expanded(data_dir).absolute()
            elif value := environ.get(variable, ""):
                chosen[name] = expanded(value)
                if not chosen[name].is_absolute():
                    raise ConfigError(f"{variable} is not an absolute path.", hint="Give the complete path.")
            else:
                chosen[name] = _platform_folder(name, variable)
        return cls(**chosen)


def _platform_folder(name: str, variable: str) -> Path:
    import platformdirs

    try:
        path: Path = getattr(platformdirs, f"user_{name}_path")("orchestrator", appauthor=False)
    except RuntimeError:
        path = Path()
    if not path.is_absolute():  # it would be in whatever folder is current
        raise ConfigError("There is no home folder.", hint=f"Set HOME, or {variable}.")
    return path


def expanded(path: str | Path) -> Path:
    """With `~` replaced, as far as there is such a home: unlike `Path.expanduser` this never raises."""
    return Path(os.path.expanduser(path))  # noqa: PTH111


class Source(StrEnum):
    """Where a value comes from, in order of precedence: a later one wins."""

    DEFAULT = "default"
    WORKSPACE = "workspace"
    USER = "user"
    EDITOR = "editor"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says, unchecked, in either spelling (`maxDepth`, `max_depth`)."""

    source: Source
    name: str
    """For messages: the path of a file, "the editor's settings", …"""
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings, with where each of them comes from."""

    settings: Settings
    sources: Mapping[str, str]
    """By key ("split.maxDepth"): the layer's name; an option that is not listed has its default."""
    notes: tuple[str, ...]
    """What was left out and why, for a person. Never silently dropped: every edge shows them."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting, for listings and for what is generated."""

    key: str
    """As in files and editors: "split.maxDepth"."""
    path: tuple[str, ...]
    """The attributes that lead to it from `Settings`: ("split", "max_depth")."""
    doc: str
    level: Level
    allowed: str
    """For a person: "a whole number from 1 to 8"."""
    default: Any


def load_user(
    directories: Directories,
    environ: Mapping[str, str],
    *,
    workspace: Layer | None = None,
    editor: Mapping[str, Any] | None = None,
    command_line: Mapping[str, Any] | None = None,
) -> Configuration:
    """The configuration in force for this user. `workspace` is what `engine.trust.workspace_settings` let through.

    Raises ConfigError for anything wrong that the user wrote; what is wrong in a workspace is left out and noted.
    """
    layers = [read_user_file(directories), environment_layer(environ)]
    if workspace is not None:
        layers.append(workspace)
    if editor is not None:
        layers.append(Layer(Source.EDITOR, "the editor's settings", editor))
    if command_line is not None:
        layers.append(Layer(Source.COMMAND_LINE, "the command line", command_line))
    return load(layers)


def load(layers: Iterable[Layer]) -> Configuration:
    """Merge, whatever the order of `layers`. Pure."""
    chosen: dict[tuple[str, ...], Any] = {}
    sources: dict[str, str] = {}
    notes: list[str] = []
    for layer in sorted(layers, key=lambda layer: tuple(Source).index(layer.source)):
        check = _Check(layer)
        for fault in check.faults:
            if layer.source is not Source.WORKSPACE and not fault.ignorable:
                raise ConfigError(f"{layer.name}: {fault.message}.", hint=fault.hint)
            notes.append(f"{layer.name}: {fault.message}; it was left out. {fault.hint}")
        for path, value in check.values.items():
            refusal = _refusal(path, value) if layer.source is Source.WORKSPACE else ""
            if refusal:
                notes.append(f"{layer.name}: {_key(path)} was left out: {refusal}")
                continue
            chosen[path] = value
            sources[_key(path)] = _variable(path) if layer.source is Source.ENVIRONMENT else layer.name
    nested: dict[str, Any] = {}
    for path, value in chosen.items():
        inner = nested
        for part in path[:-1]:
            inner = inner.setdefault(part, {})
        inner[path[-1]] = value
    return Configuration(Settings.model_validate(nested), sources, tuple(notes))


@cache
def options() -> tuple[Option, ...]:
    """Every setting, in the order of its definition."""
    return tuple(_options(Settings, ()))


def read_user_file(directories: Directories) -> Layer:
    path = directories.config / USER_FILE
    content = read_capped(path)
    return Layer(Source.USER, str(path), {} if content is None else parse_toml(content, str(path)))


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """`ORCHESTRATOR_SPLIT__MAX_DEPTH=1` sets `split.maxDepth`; a list is JSON or divided by commas; empty: not set."""
    values: dict[str, Any] = {}
    for variable in sorted(environ):
        name = variable.upper()
        if not name.startswith(ENVIRONMENT_PREFIX) or name in DIRECTORY_VARIABLES or not environ[variable]:
            continue
        *sections, last = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        inner = values
        for section in sections:
            below = inner.setdefault(section, {})
            inner = cast("dict[str, Any]", below) if isinstance(below, dict) else {}
        inner.setdefault(last, environ[variable])
    return Layer(Source.ENVIRONMENT, "the environment", values)


def read_capped(path: Path, *, follow_links: bool = True) -> bytes | None:
    """The bytes of a settings file, None when there is none. ConfigError for all but a small plain file."""
    mend = "Make it a plain file that you can read, or remove it."
    # Not blocking, because a named pipe would wait for a writer for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | (0 if follow_links else getattr(os, "O_NOFOLLOW", 0))
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).", hint=mend) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigError(f"{path} is not a plain file.", hint=mend)
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_SETTINGS_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}).", hint=mend) from error
    finally:
        os.close(descriptor)
    if len(content) > MAX_SETTINGS_BYTES:
        raise ConfigError(
            f"{path} is larger than {MAX_SETTINGS_BYTES // 1024} KiB.", hint="Remove what does not belong there."
        )
    return content


def parse_toml(content: bytes, name: str) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    if any(len(line) > _MAX_LINE for line in text.splitlines()):
        # tomllib takes time quadratic in the parts of a dotted key, which cannot span lines.
        raise ConfigError(f"{name} has a line of more than {_MAX_LINE} characters.", hint="Break or remove that line.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}.", hint="Correct it (https://toml.io).") from error
    except RecursionError as error:
        raise ConfigError(f"{name} is nested too deeply.", hint="Correct it (https://toml.io).") from error


@dataclass(frozen=True, slots=True)
class _Fault:
    message: str
    hint: str
    ignorable: bool = False
    """True where the fault may be none of ours: another program's ORCHESTRATOR_ variable."""


class _EndpointParts(_Section):
    """`Endpoint` with nothing required, so that its parts can be checked one by one."""

    base_url: BaseUrl = ""
    key_name: str = ""


class _Check:
    """Reads one layer, value by value, so that each fault names its own key."""

    def __init__(self, layer: Layer) -> None:
        self.values: dict[tuple[str, ...], Any] = {}
        """By path, validated; an endpoint is one value."""
        self.faults: list[_Fault] = []
        self._from_environment = layer.source is Source.ENVIRONMENT
        self._section(Settings, (), layer.values)

    def _section(self, section: type[BaseModel], prefix: tuple[str, ...], given: Mapping[Any, Any]) -> None:
        for key, value in given.items():
            name = _field_named(section, key)
            if name is None:
                self._unknown(section, prefix, str(key))
                continue
            path = (*prefix, name)
            if value is None:
                continue  # an editor's way to say "not set"
            inner = _section_type(section, name)
            if inner is None and path != _ENDPOINTS:
                self._value(section, path, value)
            elif not isinstance(value, Mapping):
                self._not_a_group(path)
            elif inner is not None:
                self._section(inner, path, cast("Mapping[Any, Any]", value))
            else:
                for endpoint, entry in cast("Mapping[Any, Any]", value).items():
                    self._endpoint(str(endpoint), entry)

    def _value(self, section: type[BaseModel], path: tuple[str, ...], value: Any) -> None:
        if path in self.values:
            self.faults.append(_Fault(f"{_key(path)} is given twice, in two spellings", "Keep one of them."))
            return
        name = path[-1]
        is_list = get_origin(section.model_fields[name].annotation) is list
        if self._from_environment and is_list and isinstance(value, str):
            value = _split_list(value)
        try:
            checked = section.model_validate({name: value}, strict=not self._from_environment)
        except ValidationError as error:
            contexts = [fault.get("ctx", {}) for fault in error.errors() if fault["type"] == "value_error"]
            must_be = str(contexts[0]["error"]) if contexts else _allowed(section, name)
            where = _variable(path) if self._from_environment else _key(path)
            self.faults.append(_Fault(f"{where} must be {must_be}", "Correct it, or remove it to have the default."))
        else:
            self.values[path] = getattr(checked, name)

    def _endpoint(self, name: str, entry: Any) -> None:
        path = (*_ENDPOINTS, name)
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            fault = "a name in endpoints has a character that a model's name cannot have"
            self.faults.append(_Fault(fault, "Use at most 64 letters, digits, `-`, `_` and `.`."))
            return
        if not isinstance(entry, Mapping):
            self._not_a_group(path)
            return
        known = len(self.faults)
        self._section(_EndpointParts, path, cast("Mapping[Any, Any]", entry))
        parts = {part: self.values.pop((*path, part), "") for part in _EndpointParts.model_fields}
        if len(self.faults) == known and not parts["base_url"]:
            self.faults.append(_Fault(f"{_key(path)}.baseUrl is missing", "Give the address of the service."))
        if len(self.faults) == known:
            self.values[path] = parts

    def _not_a_group(self, path: tuple[str, ...]) -> None:
        fault = f"{_key(path)} is a group of settings, not one value"
        self.faults.append(_Fault(fault, "`orchestrator config` lists them.", ignorable=self._from_environment))

    def _unknown(self, section: type[BaseModel], prefix: tuple[str, ...], key: str) -> None:
        spell = _variable if self._from_environment else _key
        candidates = [spell((*prefix, name)) for name in section.model_fields]
        where = (
            spell((*prefix, key)) if self._from_environment else ".".join([*map(_key, [prefix] if prefix else []), key])
        )
        if re.search(r"key|token|secret|password", key, re.IGNORECASE) and prefix[:1] != _ENDPOINTS:
            hint = "A key does not belong in settings: use `orchestrator auth set NAME`."
        elif close := difflib.get_close_matches(where, candidates, n=1, cutoff=0.7):
            hint = f"Did you mean {close[0]}?"
        else:
            hint = f"There is: {', '.join(candidates)}."
        self.faults.append(_Fault(f"there is no setting {where[:80]!r}", hint, ignorable=self._from_environment))


def _refusal(path: tuple[str, ...], value: Any) -> str:
    """Why a workspace may not set this; empty when it may."""
    option = next((option for option in options() if option.path == path), None)
    if option is None or option.level is Level.USER:
        return "only you can set it, in your own settings."
    if option.level is Level.WORKSPACE_LOWER and value > option.default:
        return f"a workspace may only lower it, and {option.default} is in force."
    return ""


def _options(section: type[BaseModel], prefix: tuple[str, ...]) -> Iterator[Option]:
    for name, field in section.model_fields.items():
        path = (*prefix, name)
        inner = _section_type(section, name)
        if inner is not None:
            yield from _options(inner, path)
            continue
        extra = cast("dict[str, str]", field.json_schema_extra)
        level = Level(extra["level"])
        default = field.get_default(call_default_factory=True, validated_data={})
        yield Option(_key(path), path, field.description or "", level, _allowed(section, name), default)


def _section_type(section: type[BaseModel], name: str) -> type[BaseModel] | None:
    kind = section.model_fields[name].annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _field_named(section: type[BaseModel], key: object) -> str | None:
    for name, field in section.model_fields.items():
        if key in {name, field.alias}:
            return name
    return None


def _key(path: tuple[str, ...]) -> str:
    if path[:1] == _ENDPOINTS:
        return ".".join([*path[:2], *map(to_camel, path[2:])])
    return ".".join(map(to_camel, path))


def _variable(path: tuple[str, ...]) -> str:
    return ENVIRONMENT_PREFIX + "__".join(path).upper()


def _split_list(value: str) -> Any:
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _allowed(section: type[BaseModel], name: str) -> str:
    """What a value of this option may be, in words, read from its type."""
    schema = section.model_json_schema()["properties"][section.model_fields[name].alias or name]
    return _in_words(schema)


def _in_words(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    match schema.get("type"):
        case "boolean":
            return "true or false"
        case "integer" | "number" as kind:
            word = "a whole number" if kind == "integer" else "a number"
            return (
                f"{word} from {_number(schema['minimum'])} to {_number(schema['maximum'])}"
                if "minimum" in schema
                else word
            )
        case "array":
            items = _in_words(schema["items"])
            return f"a list of {items}" if items in {_MODEL_IN_WORDS, _PRICE_IN_WORDS} else "a list of texts"
        case "object":
            return "a group of names, each with `baseUrl` and, where needed, `keyName`"
        case _:
            return _PATTERNS.get(schema.get("pattern", ""), "text in quotes")


_PATTERNS = {_MODEL_PATTERN: _MODEL_IN_WORDS, _PRICE_PATTERN: _PRICE_IN_WORDS}


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else str(value)
