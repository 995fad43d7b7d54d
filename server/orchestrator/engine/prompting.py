"""Prompts: Markdown files with front matter, a system part and a user part.

A parameter stands as `{{name}}`. Values are put in once and never read again, so that a task's text cannot
smuggle in a parameter. A prompt's version is a hash of its text: what a step records stays true for ever.

Invariant: a parameter that is unknown or not given is an error, never an empty string (test_prompt_parameters).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from orchestrator.errors import ConfigError
from orchestrator.model.message import Role

_PARAMETER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_PARTS = re.compile(r"\s*^# System$(.*?)^# User$(.*)\Z", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompt:
    name: str
    role: Role
    parameters: Mapping[str, str]
    """Name and meaning."""
    system: str
    user: str
    text: str
    """The file as it is; the version is its hash."""

    @property
    def version(self) -> str:
        return _version(self.text)

    def render(self, **values: str) -> tuple[str, str]:
        """The system and the user text.

        Raises ConfigError when the values are not exactly the parameters.
        """
        if values.keys() != self.parameters.keys():
            wanted = ", ".join(self.parameters)
            raise ConfigError(
                f"The prompt “{self.name}” takes the parameters {wanted}.",
                hint="Give each of them exactly once.",
            )
        return _fill(self.system, values), _fill(self.user, values)


@lru_cache
def _version(text: str) -> str:
    """Each step of a run asks for it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_prompt(text: str) -> Prompt:
    """Read a prompt file; ConfigError says what is wrong with it."""
    import yaml

    front, parts = _FRONT_MATTER.match(text), None
    if front:
        parts = _PARTS.match(text, front.end())
    if not front or not parts:
        raise _broken("it needs front matter, then “# System” and “# User”")
    try:
        head: Any = yaml.safe_load(front[1])
        name, role = str(head["name"]), Role(head["role"])
        parameters = {str(key): str(value) for key, value in cast("dict[Any, Any]", head["parameters"]).items()}
    except (yaml.YAMLError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise _broken(f"its front matter is wrong ({error})") from error
    system, user = parts[1].strip(), parts[2].strip()
    if unknown := set(_PARAMETER.findall(system + user)) - parameters.keys():
        raise _broken(f"it uses parameters that its front matter does not name: {', '.join(sorted(unknown))}")
    return Prompt(name, role, parameters, system, user, text)


@lru_cache
def load_prompt(name: str) -> Prompt:
    """A prompt that ships with the package."""
    return parse_prompt(files("orchestrator.engine").joinpath("prompts", f"{name}.md").read_text("utf-8"))


def _fill(template: str, values: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda match: values[match[1]], template)


def _broken(what: str) -> ConfigError:
    return ConfigError(f"This prompt cannot be used: {what}.", hint="Compare it with the built-in prompts.")
