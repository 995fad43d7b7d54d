"""Prompts: Markdown files with front matter, a system part and a user part, each a template (`templates`).

A prompt's version is a hash of its text: what a step records stays true for ever. The prompts that ship with the
package are also the contract: they say which parameters the engine gives to a prompt of that name, so a person's own
version is checked against them before it is used. Which version is in use is not known here (`prompt_library`).

Invariant: a parameter that is unknown or not given is an error, never an empty string (test_prompt_parameters).
Invariant: whatever a prompt file holds, reading it ends in a prompt or in faults (test_prompt_files_are_total).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast

from orchestrator.engine.templates import Fault, Template, read_template
from orchestrator.errors import ConfigError
from orchestrator.model.message import Role

MAX_CHARACTERS = 64 * 1024
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
LONGEST_NAME = 40
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d|tasks")
"""Names of devices on Windows, and of a file that is an outline."""

_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PARTS = re.compile(r"\s*^# System[ \t]*$(.*?)^# User[ \t]*$(.*)\Z", re.DOTALL | re.MULTILINE)
_KEYS = ("name", "role", "parameters", "about")
_PARAMETER_KEYS = ("type", "about", "optional")
_TAKEN_ALONE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Type(StrEnum):
    """Of a parameter."""

    TEXT = "text"
    LINE = "line"
    """Text without line breaks."""
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Parameter:
    about: str
    type: Type = Type.TEXT
    optional: bool = False
    """It may be empty."""


@dataclass(frozen=True, slots=True)
class Prompt:
    name: str
    role: Role
    parameters: Mapping[str, Parameter]
    system: Template
    user: Template
    text: str
    """The file as it is; the version is its hash."""
    given: frozenset[str] = field(default_factory=frozenset[str])
    """What the engine gives: the parameters and, where a person's version leaves some out, those too."""
    origin: str = "built-in"
    """Who wrote it: `built-in`, `edited`, `imported` or `workspace`."""

    @property
    def version(self) -> str:
        return version_of(self.text)

    def render(self, **values: str) -> tuple[str, str]:
        """The system and the user text.

        Raises ConfigError when the values are not exactly the parameters, or one is not of its type.
        """
        if not self.parameters.keys() <= values.keys() <= (self.given or self.parameters.keys()):
            wanted = ", ".join(self.parameters)
            raise ConfigError(
                f"The prompt “{self.name}” takes the parameters {wanted}.",
                hint="Give each of them exactly once.",
            )
        for name, parameter in self.parameters.items():
            if parameter.type is not Type.TEXT and not _is_of(parameter.type, values[name]):
                raise ConfigError(
                    f"The parameter “{name}” of the prompt “{self.name}” is no {parameter.type.value}.",
                    hint="Give it a value of that type.",
                )
        return self.system.render(values), self.user.render(values)


@dataclass(frozen=True, slots=True)
class PromptReading:
    """What a prompt file comes to."""

    prompt: Prompt | None
    """None where there is an error."""
    faults: tuple[Fault, ...] = ()
    """In the order of the text."""
    declared: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    """Parameters that the front matter names, also in a broken prompt."""
    role: Role | None = None

    @property
    def errors(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if fault.severity == "error")


@lru_cache(256)
def version_of(text: str) -> str:
    """Each step of a run asks for it."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def unified(text: str) -> str:
    """With one kind of line end and no byte order mark, so that an editor's habit makes no other version."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def name_fault(name: str) -> str:
    """Why this cannot be a prompt's name; empty when it can."""
    if len(name) <= LONGEST_NAME and NAME.fullmatch(name) and not _RESERVED.fullmatch(name):
        return ""
    return (
        f"A prompt's name is lowercase letters, digits and single hyphens, begins with a letter, has at most "
        f"{LONGEST_NAME} characters, and is none that systems reserve."
    )


def parse_prompt(text: str) -> Prompt:
    """Read a prompt file by itself; ConfigError says what is wrong with it."""
    reading = read_prompt(text)
    if reading.prompt is None:
        raise broken(reading)
    return reading.prompt


def broken(reading: PromptReading, what: str = "This prompt") -> ConfigError:
    said = " ".join(fault.message for fault in reading.errors[:3])
    more = f" ({len(reading.errors) - 3} more)" if len(reading.errors) > 3 else ""
    return ConfigError(f"{what} cannot be used: {said}{more}", hint="Compare it with the built-in prompts.")


def read_prompt(text: str, name: str = "", *, origin: str = "built-in") -> PromptReading:
    """`name`: what it must be called, so that it is held against what the engine gives to a prompt of that name."""
    if len(text) > MAX_CHARACTERS:
        message = f"A prompt is at most {MAX_CHARACTERS // 1024} KiB. Move what is not instruction into the task."
        return PromptReading(None, (Fault("prompt-too-large", message, MAX_CHARACTERS, len(text)),))
    return _Reader(text, name, origin).read()


@cache
def built_in_names() -> tuple[str, ...]:
    """Of the prompts that ship with the package."""
    found = files("orchestrator.engine").joinpath("prompts").iterdir()
    return tuple(sorted(entry.name.removesuffix(".md") for entry in found if entry.name.endswith(".md")))


@lru_cache
def load_prompt(name: str) -> Prompt:
    """A prompt that ships with the package."""
    return parse_prompt(files("orchestrator.engine").joinpath("prompts", f"{name}.md").read_text("utf-8"))


def contract(name: str, role: Role | None) -> Prompt | None:
    """The built-in prompt that says which parameters there are: of that name, else the one for that role."""
    known = built_in_names()
    if name in known:
        return load_prompt(name)
    return load_prompt(role.value) if role is not None and role.value in known else None


class _Reader:
    """Reads one file; faults are gathered, not raised."""

    def __init__(self, text: str, name: str, origin: str) -> None:
        self._text, self._name, self._origin = text, name, origin
        self._faults: list[Fault] = []
        self._places: dict[tuple[str, ...], tuple[int, int]] = {}
        """Where keys and values of the front matter stand; a key's has `""` at its end."""
        self._head_end = 0

    def read(self) -> PromptReading:
        front = _FRONT_MATTER.match(self._text)
        if front is None:
            self._fault("prompt-front-matter", "A prompt begins with front matter: `---`, settings, `---`.", 0, 0)
            return PromptReading(None, tuple(self._faults))
        self._head_end = front.end()
        head = self._head(front[1], front.start(1))
        name, role, declared = self._name_of(head), self._role(head), self._parameters(head)
        system, user = self._templates(front.end())
        shipped = contract(name, role) if self._name else None
        given = shipped.parameters if shipped else declared
        if shipped is not None:
            self._against(shipped, role, declared)
        if not self._faults or declared:
            self._uses(system, user, declared, given)
        faults = tuple(sorted(self._faults, key=lambda fault: fault.start))
        prompt = None
        if role is not None and not any(fault.severity == "error" for fault in faults):
            prompt = Prompt(name, role, declared, system, user, self._text, frozenset(given), self._origin)
        return PromptReading(prompt, faults, declared, role)

    def _head(self, source: str, start: int) -> Mapping[str, Any]:
        from orchestrator.outline.front_matter import plain_yaml

        try:
            value, places = plain_yaml(source)
        except ValueError as error:
            self._fault("prompt-front-matter", f"The front matter is wrong ({error}).", start, start + len(source))
            return {}
        self._places = {path: (start + first, start + last) for path, (first, last) in places.items()}
        if not isinstance(value, dict):
            message = "The front matter is wrong: it has `name`, `role` and `parameters`."
            self._fault("prompt-front-matter", message, start, start + len(source))
            return {}
        head = {str(key): each for key, each in cast("dict[Any, Any]", value).items()}
        for key in head.keys() - set(_KEYS):
            message = f"There is no setting “{key}”. There are {', '.join(_KEYS)}."
            self._fault("prompt-setting", message, *self._place(key, ""), severity="warning")
        return head

    def _name_of(self, head: Mapping[str, Any]) -> str:
        name = str(head.get("name", ""))
        if why := name_fault(name):
            self._fault("prompt-name", f"The front matter needs a `name`. {why}", *self._place("name"))
        elif self._name and name != self._name:
            message = f"This file is the prompt “{self._name}”, and its front matter says “{name}”. Write one name."
            self._fault("prompt-name", message, *self._place("name"))
        return name

    def _role(self, head: Mapping[str, Any]) -> Role | None:
        try:
            return Role(str(head.get("role", "")))
        except ValueError:
            message = f"The front matter needs a `role`: {', '.join(Role)}."
            self._fault("prompt-role", message, *self._place("role"))
            return None

    def _parameters(self, head: Mapping[str, Any]) -> dict[str, Parameter]:
        given = head.get("parameters")
        if not isinstance(given, dict):
            message = "The front matter needs `parameters`: each with its name and what it is about."
            self._fault("prompt-front-matter", message, *self._place("parameters"))
            return {}
        found: dict[str, Parameter] = {}
        for key, value in cast("dict[Any, Any]", given).items():
            name = str(key)
            if not _TAKEN_ALONE.fullmatch(name):
                message = f"“{name[:40]}” is no name of a parameter: letters, digits and `_`."
                self._fault("prompt-parameter", message, *self._place("parameters", name, ""))
            else:
                found[name] = self._parameter(name, value)
        return found

    def _parameter(self, name: str, value: Any) -> Parameter:
        if not isinstance(value, dict):
            return Parameter("" if value is None else str(value))
        settings = {str(key): each for key, each in cast("dict[Any, Any]", value).items()}
        for key in settings.keys() - set(_PARAMETER_KEYS):
            message = f"A parameter has no “{key}”. It has {', '.join(_PARAMETER_KEYS)}."
            self._fault("prompt-setting", message, *self._place("parameters", name, key, ""), severity="warning")
        kind, optional = str(settings.get("type", Type.TEXT.value)), settings.get("optional", False)
        if kind not in set(Type):
            message = f"There is no type “{kind[:40]}”. There are {', '.join(Type)}."
            self._fault("prompt-type", message, *self._place("parameters", name, "type"))
            kind = Type.TEXT.value
        if not isinstance(optional, bool):
            message = "`optional` is true or false."
            self._fault("prompt-type", message, *self._place("parameters", name, "optional"))
        return Parameter(str(settings.get("about", "")), Type(kind), bool(optional))

    def _templates(self, start: int) -> tuple[Template, Template]:
        parts = _PARTS.match(self._text, start)
        if parts is None:
            message = "Behind the front matter a prompt has the headings “# System” and “# User”, in this order."
            self._fault("prompt-headings", message, start, len(self._text))
            template, faults = read_template(self._text, start, len(self._text))
            self._faults += faults
            return Template(), template
        system, faults = read_template(self._text, *self._trimmed(*parts.span(1)))
        user, more = read_template(self._text, *self._trimmed(*parts.span(2)))
        self._faults += [*faults, *more]
        return system, user

    def _trimmed(self, start: int, end: int) -> tuple[int, int]:
        part = self._text[start:end]
        if not part.strip():
            return start, start
        return start + len(part) - len(part.lstrip()), start + len(part.rstrip())

    def _against(self, shipped: Prompt, role: Role | None, declared: Mapping[str, Parameter]) -> None:
        """What the engine gives to a prompt of this name."""
        names = ", ".join(shipped.parameters)
        if role is not None and role is not shipped.role:
            message = (
                f"The prompt “{shipped.name}” is for the role {shipped.role.value}. Give another one another name."
            )
            self._fault("prompt-role", message, *self._place("role"))
        for name, parameter in declared.items():
            known = shipped.parameters.get(name)
            if known is None:
                message = f"Nothing gives “{name}” to this prompt. It may have: {names}."
                self._fault("prompt-parameter", message, *self._place("parameters", name, ""))
            elif known.type is not parameter.type and not (known.type is Type.LINE and parameter.type is Type.TEXT):
                message = f"“{name}” is given as {known.type.value}."
                self._fault("prompt-type", message, *self._place("parameters", name, "type"))
        if "context" in shipped.parameters and "context" not in declared:
            message = "This prompt does not take `context`, so the model would not know the task."
            self._fault("prompt-unused-parameter", message, *self._place("parameters", ""), severity="warning")

    def _uses(
        self,
        system: Template,
        user: Template,
        declared: Mapping[str, Parameter],
        given: Mapping[str, Parameter],
    ) -> None:
        used: set[str] = set()
        for use in (*system.uses(), *user.uses()):
            used.add(use.name)
            if use.name not in declared:
                mend = "Add it to `parameters`." if use.name in given else f"There are: {', '.join(given) or 'none'}."
                message = f"It uses a parameter that its front matter does not name: {use.name}. {mend}"
                self._fault("prompt-parameter", message, use.start, use.end)
        for name in declared.keys() - used:
            message = f"“{name}” is not used. Write {{{{{name}}}}} where it belongs, or remove it here."
            place = self._place("parameters", name, "")
            self._fault("prompt-unused-parameter", message, *place, severity="warning")

    def _place(self, *path: str) -> tuple[int, int]:
        """Where a value stands, else its key, else the first line."""
        return self._places.get(path) or self._places.get((*path, "")) or (0, 3)

    def _fault(self, code: str, message: str, start: int, end: int, severity: Any = "error") -> None:
        self._faults.append(Fault(code, message, start, end, severity))


def _is_of(kind: Type, value: str) -> bool:
    if kind is Type.INTEGER:
        return re.fullmatch(r"-?\d{1,18}", value, re.ASCII) is not None
    return kind is Type.TEXT or "\n" not in value
