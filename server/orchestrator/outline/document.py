"""Write a whole outline from values that came from elsewhere: another program's tasks become Markdown, nothing else.

Beside `writer`, which adds to a text that is there, under the same law: foreign text is data, so it is brought into its
normal form (`model_text`), and the document is read back before it is given away. Only what stands in `fields`,
`mark` and `task_id` of the values becomes a field, a mark or an id.

Invariant: the written document has exactly these tasks, sections and texts in their normal form
(test_portable_outlines_are_read_back).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from orchestrator.errors import EditRefusedError
from orchestrator.model.portable import PortableOutline, PortableSection, PortableTask
from orchestrator.model.safe_text import one_line
from orchestrator.outline.actions.values import escaped_value
from orchestrator.outline.body import MARK, escaped
from orchestrator.outline.front_matter import MAX_CHARACTERS
from orchestrator.outline.inline import escape
from orchestrator.outline.model_text import (
    OTHER_MARKUP,
    acceptance_lines,
    clean_acceptance,
    clean_body,
    clean_lines,
    clean_title,
    fenced,
    list_markup,
    starts_with_text,
)
from orchestrator.outline.parse import parse
from orchestrator.outline.portable import portable
from orchestrator.outline.writer import DEEPEST

_KEY = re.compile(r"[A-Za-z][\w-]*")
_ID = re.compile(r"[A-Za-z0-9-]+")
_CLOSING = re.compile(r"(?<![^ \t])(#+)\Z")
_RULE = re.compile(r"---[ \t]*(?:\n|\Z)")


def document(given: PortableOutline) -> str:
    """The Markdown. Raises EditRefusedError where the values cannot be written so that they read back."""
    cleaned = _Cleaner().outline(given)
    for texts in (_as_it_is, clean_body, fenced):
        wanted = _with_texts(cleaned, texts)
        for spaced in (False, True):
            written = "\n".join(_Writer(spaced).document(wanted)) + "\n"
            if portable(parse(written)) == wanted:
                return written
    raise EditRefusedError(
        "The tasks cannot be written as Markdown so that they are read back as they are.",
        hint="Look for a code fence, a comment or an HTML tag that is left open in a description, and close that.",
    )


def _as_it_is(text: str) -> str:
    return text


def _with_texts(given: PortableOutline, clean: Callable[[str], str]) -> PortableOutline:
    def section(one: PortableSection) -> PortableSection:
        return replace(one, text=one.text and clean(one.text), sections=tuple(map(section, one.sections)))

    return replace(given, text=given.text and clean(given.text), sections=tuple(map(section, given.sections)))


class _Cleaner:
    """Values in their normal form; EditRefusedError names the place of one that has none."""

    def __init__(self) -> None:
        self._path: list[str] = []

    def outline(self, given: PortableOutline) -> PortableOutline:
        front = given.front_matter
        if front is not None:
            front = clean_lines(front)
            if len(front) > MAX_CHARACTERS or any(line.rstrip(" \t") in {"---", "..."} for line in front.split("\n")):
                raise EditRefusedError(
                    "The front matter is too long, or ends before its end.", hint="Write it as YAML of a few lines."
                )
        return PortableOutline(
            front_matter=front,
            text=clean_lines(given.text),
            tasks=self._tasks(given.tasks, 1),
            sections=tuple(self._section(section, 0) for section in given.sections),
        )

    def _section(self, given: PortableSection, around: int) -> PortableSection:
        title = clean_title(given.title)
        self._path.append(title)
        if not around < given.level <= 6:
            self._refuse(f"its level is {given.level}", f"Sections in it have a level of {around + 1} to 6.")
        cleaned = PortableSection(
            title=title,
            level=given.level,
            fields=self._fields(given.fields),
            text=clean_lines(given.text),
            tasks=self._tasks(given.tasks, 1),
            sections=tuple(self._section(section, given.level) for section in given.sections),
        )
        self._path.pop()
        return cleaned

    def _tasks(self, given: Sequence[PortableTask], depth: int) -> tuple[PortableTask, ...]:
        cleaned: list[PortableTask] = []
        for task in given:
            before = cleaned[-1] if cleaned else None
            cleaned.append(self._task(task, depth, before is not None and before.ordered == task.ordered))
        return tuple(cleaned)

    def _task(self, given: PortableTask, depth: int, follows: bool) -> PortableTask:
        title = clean_title(given.title)
        self._path.append(title)
        if depth > DEEPEST:
            self._refuse("it stands too deep", f"Tasks cannot stand deeper than {DEEPEST} lists: move it up.")
        if not MARK.fullmatch(f"[{given.mark}]") or not given.mark.isprintable():
            self._refuse("its mark cannot stand in a check box", "A mark is one character, such as x.")
        if given.task_id is not None and not _ID.fullmatch(given.task_id):
            self._refuse("its id is none", "Ids have letters, digits and hyphens.")
        cleaned = PortableTask(
            title=title,
            mark=given.mark,
            task_id=given.task_id,
            fields=self._fields(given.fields),
            description=given.description and clean_body(given.description),
            acceptance=given.acceptance and clean_acceptance(given.acceptance),
            result=clean_title(given.result),
            ordered=given.ordered,
            new_list=given.new_list and follows,
            children=self._tasks(given.children, depth + 1),
        )
        self._path.pop()
        return cleaned

    def _fields(self, given: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        cleaned: dict[str, str] = {}
        for key, value in given:
            if not _KEY.fullmatch(key):
                self._refuse(f"its field “{one_line(key, 40)}” has no name of a field", "Use letters, digits and -.")
            cleaned.setdefault(key, clean_title(value))
        return tuple(cleaned.items())

    def _refuse(self, what: str, hint: str) -> None:
        where = " / ".join(one_line(title, 40) or "(no title)" for title in self._path[-4:])
        raise EditRefusedError(f"“{where}” cannot be written: {what}.", hint=hint)


class _Writer:
    def __init__(self, spaced: bool) -> None:
        self._spaced = spaced
        """An empty line before each part of a task."""

    def document(self, given: PortableOutline) -> Iterator[str]:
        parts: list[list[str]] = []
        if given.front_matter is not None:
            parts.append(["---", *(given.front_matter.split("\n") if given.front_matter else []), "---"])
        elif _RULE.match(given.text):
            parts.append([])
        parts += self._contents(given)
        first = given.front_matter is not None
        for index, part in enumerate(parts):
            # Nothing between the front matter and what follows, as people write it.
            if index > (1 if first else 0):
                yield ""
            yield from part

    def _contents(self, given: PortableOutline | PortableSection) -> Iterator[list[str]]:
        if given.text:
            yield given.text.split("\n")
        if given.tasks:
            yield list(self._lists(given.tasks, "", ""))
        for section in given.sections:
            title = _CLOSING.sub(r"\\\1", escape(section.title))
            yield [f"{'#' * section.level} {title}{_fields(section.fields)}".rstrip(" ")]
            yield from self._contents(section)

    def _lists(self, tasks: Sequence[PortableTask], indent: str, before: str) -> Iterator[str]:
        """`before` is the markup of a list that these tasks must not continue."""
        markup, number, was = "", 0, None
        for task in tasks:
            if was is None or task.ordered != was.ordered or task.new_list:
                plain = "." if task.ordered else "-"
                markup, number = OTHER_MARKUP[plain] if plain in {markup, before} else plain, 0
            number += 1
            marker = f"{number}{markup}" if task.ordered else markup
            yield from self._task(task, indent, marker)
            was = task

    def _task(self, task: PortableTask, indent: str, marker: str) -> Iterator[str]:
        title = f" {escape(task.title)}" if task.title else ""
        task_id = f"  ^{task.task_id}" if task.task_id else ""
        yield f"{indent}{marker} [{task.mark}]{title}{_fields(task.fields)}{task_id}"
        inner = indent + " " * (len(marker) + 1)
        yield from (line and inner + line for line in self._body(task))
        if task.children:
            if self._spaced:
                yield ""
            yield from self._lists(task.children, inner, list_markup(task.acceptance) if task.acceptance else "")

    def _body(self, task: PortableTask) -> Iterator[str]:
        if task.description:
            if self._spaced or not starts_with_text(task.description):
                yield ""
            yield from escaped(task.description).split("\n")
        if task.acceptance:
            if self._spaced or task.description:
                yield ""
            yield from acceptance_lines(task.acceptance)
        if task.result:
            if self._spaced:
                yield ""
            yield f"> Result: {task.result}"


def _fields(fields: Sequence[tuple[str, str]]) -> str:
    return "".join(f"  [{key}:: {escaped_value(value)}]" for key, value in fields)
