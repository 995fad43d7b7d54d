"""The outline as JSON: `docs/reference/exchange.md` describes it, `orchestrator-outline.schema.json` is its schema.

Apart from `orchestrator outline --json`, which is for looking: this one can be read again. It holds the Markdown, and
what stands in it as values. Whoever changes the values leaves the Markdown behind: then the values count.

Invariant: what was exported is imported byte for byte (test_an_export_is_imported_byte_for_byte).
Invariant: values that were changed, or came without Markdown, count (test_changed_values_count).
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from orchestrator.engine.exchange import Foreign, Imported, Subject
from orchestrator.engine.exchange.strict_json import as_model, read_json
from orchestrator.errors import FileError
from orchestrator.model.portable import PortableOutline, PortableSection, PortableTask
from orchestrator.model.task import MARKS, Status
from orchestrator.outline.parse import parse
from orchestrator.outline.portable import portable

FORMAT = "orchestrator-outline"
VERSION = 1

StatusWord = Literal["pending", "inProgress", "completed", "cancelled", "failed", "asking", "other"]
_UNREADABLE = re.compile("[\0\ud800-\udfff]")
_MARK_OF: dict[str, str] = {status.value: mark for mark, status in reversed(MARKS.items())}


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class TaskPart(_Part):
    """One task."""

    title: str
    """Plain text of one line."""
    status: StatusWord = "pending"
    """`other` together with `mark`."""
    mark: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """The character in the check box; left out where the status says it."""
    id: str | None = None
    """Letters, digits and hyphens, without the `^`."""
    ordered: bool = False
    """An item of a numbered list: it runs after the one before it."""
    new_list: bool = False
    """A list begins here, though the task before it stands in one of the same kind."""
    fields: dict[str, str] = Field(default_factory=dict[str, str])
    """As they stand in `[key:: value]`."""
    description: str = ""
    """Markdown."""
    acceptance: str = ""
    """Markdown, without the word `Accept:`."""
    result: str = ""
    """Without the word `Result:`."""
    children: list[TaskPart] = Field(default_factory=list["TaskPart"])

    @model_validator(mode="after")
    def _other_has_a_mark(self) -> Self:
        if self.status == "other" and self.mark is None:
            raise ValueError("the status other needs a mark")
        return self


class SectionPart(_Part):
    """A heading and what stands below it."""

    title: str
    level: Annotated[int, Field(ge=1, le=6)]
    """Higher than that of the section around it."""
    fields: dict[str, str] = Field(default_factory=dict[str, str])
    text: str = ""
    """Markdown below the heading that belongs to no task."""
    tasks: list[TaskPart] = Field(default_factory=list[TaskPart])
    sections: list[SectionPart] = Field(default_factory=list["SectionPart"])


class OutlinePart(_Part):
    """One outline."""

    format: Literal["orchestrator-outline"]
    version: Literal[1]
    source: str | None = None
    """The Markdown, exactly. It counts where it says what the rest says, else the rest counts."""
    front_matter: str | None = None
    """The YAML between the lines `---`."""
    text: str = ""
    """Markdown that belongs to no task and no section."""
    tasks: list[TaskPart] = Field(default_factory=list[TaskPart])
    """Those that stand below no heading."""
    sections: list[SectionPart] = Field(default_factory=list[SectionPart])


class JsonOutline:
    """Both ways."""

    @property
    def name(self) -> str:
        return "json"

    @property
    def suffix(self) -> str:
        return ".json"

    async def export(self, subject: Subject) -> str:
        return as_json(portable(subject.outline), subject.mark + subject.outline.text.string)

    def recognises(self, foreign: Foreign) -> bool:
        head = foreign.text[:4096].lstrip()
        return head.startswith("{") and FORMAT in head

    def read(self, foreign: Foreign) -> Imported:
        value: object = read_json(foreign.name, foreign.text)
        version = cast("dict[str, object]", value).get("version") if isinstance(value, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise FileError(
                f"{foreign.name} has version {version} of the format, and {VERSION} is known.",
                hint="Update Orchestrator.",
            )
        part = as_model(foreign.name, value, OutlinePart)
        outline = _outline(part)
        source = part.source
        if source is not None and _UNREADABLE.search(source):
            raise FileError(
                f"{foreign.name} cannot be read: source holds characters that no text file has.",
                hint="Remove them, or leave `source` out; nothing was written.",
            )
        said = source is not None and _canonical(portable(parse(source))) == _canonical(outline)
        notes = () if said or source is None else ("The values were changed, so that the Markdown is written anew.",)
        return Imported(outline, notes, source if said else None, "an outline as JSON")


def as_json(outline: PortableOutline, source: str | None) -> str:
    part: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if source is not None:
        part["source"] = source
    if outline.front_matter is not None:
        part["frontMatter"] = outline.front_matter
    part |= _given({"text": outline.text})
    part["tasks"] = [_task_part(task) for task in outline.tasks]
    part["sections"] = [_section_part(section) for section in outline.sections]
    return json.dumps(part, indent=2) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema of the format."""
    return OutlinePart.model_json_schema()


def _section_part(section: PortableSection) -> dict[str, Any]:
    return {
        "title": section.title,
        "level": section.level,
        **_given({"fields": dict(section.fields), "text": section.text}),
        **_given({"tasks": [_task_part(task) for task in section.tasks]}),
        **_given({"sections": [_section_part(below) for below in section.sections]}),
    }


def _task_part(task: PortableTask) -> dict[str, Any]:
    status = MARKS.get(task.mark, Status.OTHER).value
    return {
        "title": task.title,
        "status": status,
        **_given(
            {
                "mark": task.mark if _MARK_OF.get(status) != task.mark else None,
                "id": task.task_id,
                "ordered": task.ordered,
                "newList": task.new_list,
                "fields": dict(task.fields),
                "description": task.description,
                "acceptance": task.acceptance,
                "result": task.result,
                "children": [_task_part(child) for child in task.children],
            }
        ),
    }


def _given(parts: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty."""
    return {key: value for key, value in parts.items() if value}


def _outline(part: OutlinePart) -> PortableOutline:
    return PortableOutline(
        part.front_matter,
        part.text,
        tuple(_task(task) for task in part.tasks),
        tuple(_section(section) for section in part.sections),
    )


def _section(part: SectionPart) -> PortableSection:
    return PortableSection(
        part.title,
        part.level,
        tuple(part.fields.items()),
        part.text,
        tuple(_task(task) for task in part.tasks),
        tuple(_section(section) for section in part.sections),
    )


def _task(part: TaskPart) -> PortableTask:
    mark = _MARK_OF.get(part.status, " ")
    if part.mark is not None and MARKS.get(part.mark, Status.OTHER).value == part.status:
        mark = part.mark
    return PortableTask(
        title=part.title,
        mark=mark,
        task_id=part.id,
        fields=tuple(part.fields.items()),
        description=part.description,
        acceptance=part.acceptance,
        result=part.result,
        ordered=part.ordered,
        new_list=part.new_list,
        children=tuple(_task(child) for child in part.children),
    )


def _canonical(outline: PortableOutline) -> str:
    """Two that are equal in everything that the values say have the same."""
    return as_json(outline, None)
