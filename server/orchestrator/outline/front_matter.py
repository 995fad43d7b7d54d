"""The YAML between `---` lines at the very beginning: the outline's own settings.

Apart from `parse` because it reads a second language that strangers wrote: only a mapping of plain values is taken,
without aliases (which can grow without bound), without tags, bounded in size and depth.

Invariant: whatever stands there, reading it ends in settings or in a problem, never in an exception
(test_front_matter_is_total).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn, cast

import yaml
from yaml.composer import ComposerError
from yaml.events import AliasEvent

from orchestrator.outline.text import Text

FORMAT = 1
"""The version of the outline format that we read and write (`orchestrator: 1`)."""

MAX_CHARACTERS = 64 * 1024
MAX_NESTING = 20

_CLOSING = {"---", "..."}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Empty when there is none, or when it is bad."""
    problem: str | None = None
    """What is wrong with it and what to do, for a person."""
    end_line: int = 0
    """The first line behind it; 0 when there is none."""
    problem_line: int = 0
    """Where the problem is."""

    @property
    def newer(self) -> bool:
        """Written for a later version of the format: read-only for us."""
        version = self.settings.get("orchestrator")
        return isinstance(version, int) and version > FORMAT


def front_matter(text: Text) -> FrontMatter:
    if text.line(0).removeprefix("\ufeff").rstrip(" \t") != "---":
        return FrontMatter()
    for line in range(1, text.line_count):
        if text.line(line).rstrip(" \t") in _CLOSING:
            return _read(text.lines(1, line), line + 1)
    return FrontMatter()


def place_of(text: Text, front: FrontMatter, *keys: str) -> tuple[int, int]:
    """Where the value stands that these keys lead to, or its key where the value is empty."""
    start = text.line_start(1)
    source = text.lines(1, front.end_line - 1)
    node = yaml.compose(source, Loader=_PlainLoader)
    found = (0, text.line_end(1) - start)
    for key in keys:
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value) if isinstance(node, yaml.MappingNode) else []
        for name, value in pairs:
            if name.value == key:
                node = value
                shown = value if value.start_mark.index < value.end_mark.index else name
                found = (shown.start_mark.index, shown.end_mark.index)
    return start + found[0], start + found[1]


def plain_yaml(source: str) -> tuple[object, dict[tuple[str, ...], tuple[int, int]]]:
    """Plain values of another file's front matter, and where each stands.

    By its path of keys; where the key itself stands with `""` at the path's end. Raises ValueError with what is wrong.
    """
    if len(source) > MAX_CHARACTERS:
        raise ValueError(f"it is larger than {MAX_CHARACTERS // 1024} KiB")
    try:
        value: object = yaml.load(source, Loader=_PlainLoader)  # noqa: S506 (a SafeLoader with less in it)
        root = yaml.compose(source, Loader=_PlainLoader)
    except (yaml.YAMLError, OverflowError) as error:
        what = (error.problem if isinstance(error, yaml.MarkedYAMLError) else None) or str(error).splitlines()[0]
        raise ValueError(what) from error
    places: dict[tuple[str, ...], tuple[int, int]] = {}
    waiting: list[tuple[tuple[str, ...], yaml.Node | None]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            for name, below in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
                inner = (*path, str(name.value))
                places[(*inner, "")] = name.start_mark.index, name.end_mark.index
                if isinstance(below, yaml.ScalarNode) and below.start_mark.index < below.end_mark.index:
                    places[inner] = below.start_mark.index, below.end_mark.index
                waiting.append((inner, below))
    return value, places


def _read(source: str, end_line: int) -> FrontMatter:
    if len(source) > MAX_CHARACTERS:
        problem = f"The front matter is larger than {MAX_CHARACTERS // 1024} KiB and is not used; make it shorter."
        return FrontMatter(problem=problem, end_line=end_line)
    try:
        settings: object = yaml.load(source, Loader=_PlainLoader)  # noqa: S506 (a SafeLoader with less in it)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        line = min(mark.line + 1, end_line - 1) if mark else 0
        return FrontMatter(problem=_explain(error), end_line=end_line, problem_line=line)
    if settings is None:
        settings = {}
    if not isinstance(settings, dict):
        problem = "The front matter is not a list of settings; write one `name: value` in each line."
        return FrontMatter(problem=problem, end_line=end_line)
    named = {str(key): value for key, value in cast("dict[Any, Any]", settings).items()}
    return FrontMatter(MappingProxyType(named), end_line=end_line)


def _explain(error: Exception) -> str:
    what = (error.problem if isinstance(error, yaml.MarkedYAMLError) else None) or str(error).splitlines()[0]
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    where = f" in line {mark.line + 2}" if mark else ""
    return f"The front matter cannot be read{where} ({what}) and is not used; correct it."


class _PlainLoader(yaml.SafeLoader):
    """Plain values only. Raises before anything is built from an alias, a tag or a deep nesting."""

    _nesting = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = cast("Any", self.peek_event())  # pyright: ignore[reportUnknownMemberType] (untyped in its stubs)
        if isinstance(event, AliasEvent):
            self._refuse("aliases (`*name`) are not allowed", event)
        if getattr(event, "tag", None) is not None:
            self._refuse("tags (`!name`) are not allowed", event)
        if self._nesting >= MAX_NESTING:
            self._refuse("it is nested too deeply", event)
        self._nesting += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._nesting -= 1

    @staticmethod
    def _refuse(why: str, event: Any) -> NoReturn:
        raise ComposerError(None, None, why, event.start_mark)
