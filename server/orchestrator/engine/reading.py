"""Read what a model answered to execute, verify and aggregate: tolerant of the form, strict about the content.

Apart from `answers`, which reads decisions and plans. What cannot be read is told back to the model as a `Flaw`.

Invariant: a criterion counts as met only with words that stand in the delivered work (test_evidence_must_be_quoted).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from orchestrator.engine.answers import Flaw
from orchestrator.model.record import record
from orchestrator.providers.base import AnswerSchema

MAX_ANSWER = 400_000
"""Characters; a longer answer is not read."""
MAX_RESULT = 1_000
"""Characters of the short result that goes into the outline."""
MAX_QUESTION = 500
LEAST_QUOTE = 3
"""Characters: a shorter quote would be found in any text."""

Status = Literal["done", "question", "failed"]

EXECUTE_SCHEMA = AnswerSchema(
    "execute",
    "The work, or why it cannot be done.",
    {
        "type": "object",
        "properties": {
            "status": {"type": "string", "enum": ["done", "question", "failed"]},
            "answer": {"type": "string", "description": "The work itself, in Markdown."},
            "result": {"type": "string", "description": "One short paragraph of plain text."},
            "question": {"type": "string", "description": "What only a person can say; else empty."},
        },
        "required": ["status", "answer", "result", "question"],
        "additionalProperties": False,
    },
)

VERIFY_SCHEMA = AnswerSchema(
    "verify",
    "Whether each criterion is met, with the words that show it.",
    {
        "type": "object",
        "properties": {
            "criteria": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "criterion": {"type": "string"},
                        "met": {"type": "boolean"},
                        "evidence": {"type": "string", "description": "Words from the delivered work."},
                    },
                    "required": ["criterion", "met", "evidence"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["criteria"],
        "additionalProperties": False,
    },
)

AGGREGATE_SCHEMA = AnswerSchema(
    "aggregate",
    "What the task came to.",
    {
        "type": "object",
        "properties": {
            "answer": {"type": "string", "description": "In Markdown."},
            "result": {"type": "string", "description": "One short paragraph of plain text."},
        },
        "required": ["answer", "result"],
        "additionalProperties": False,
    },
)


@record
class Work:
    """What an executing or summing-up model delivered."""

    status: Status
    answer: str
    result: str
    """Short; never empty when done."""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    criterion: str
    met: bool
    evidence: str
    """A quote when it is met, else what is missing."""


@dataclass(frozen=True, slots=True)
class Verification:
    criteria: tuple[Criterion, ...]

    @property
    def passed(self) -> bool:
        return all(one.met for one in self.criteria)

    @property
    def missing(self) -> str:
        """For the next try and for a person: one line for each criterion that is not met."""
        return "\n".join(f"- {one.criterion}: {one.evidence}" for one in self.criteria if not one.met)


def read_work(answer: str) -> Work | Flaw:
    """For execute and aggregate. Prose without JSON is a flaw: nobody knows then whether it is done."""
    if len(answer) > MAX_ANSWER:
        return Flaw((f"The answer is longer than {MAX_ANSWER:,} characters.",))
    for value in _objects(answer):
        if "answer" not in value and "result" not in value and "question" not in value:
            continue
        work = _work(value)
        if problems := tuple(_work_problems(work)):
            return Flaw(problems)
        return work
    return Flaw(('There is no JSON object with "answer" and "result" in it.',))


def read_verification(answer: str, delivered: str) -> Verification | Flaw:
    """What the model says about each criterion; a quote that does not stand in `delivered` shows nothing."""
    for value in _objects(answer):
        found = value.get("criteria")
        if not isinstance(found, list):
            continue
        criteria = tuple(_criterion(item, delivered) for item in cast("list[object]", found))
        sound = tuple(one for one in criteria if one is not None)
        if sound and len(sound) == len(criteria):
            return Verification(sound)
    return Flaw(('"criteria" must be a list with at least one object of "criterion", "met" and "evidence".',))


def short(text: str, limit: int = MAX_RESULT) -> str:
    """One paragraph of plain words, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    return (cut.rsplit(" ", 1)[0] or cut).rstrip() + "…"


def first_paragraph(text: str) -> str:
    return next((part for part in re.split(r"\n\s*\n", text.strip()) if part.strip()), "").strip()


def _work(value: dict[str, Any]) -> Work:
    answer, result = _text(value.get("answer")), short(_text(value.get("result")))
    question = short(_text(value.get("question")), MAX_QUESTION)
    said = value.get("status")
    status: Status = "question" if said == "question" else "failed" if said == "failed" else "done"
    if status == "done":
        result = result or short(first_paragraph(answer))
        answer = answer or result
    return Work(status, answer, result, question)


def _work_problems(work: Work) -> Iterator[str]:
    if work.status == "question" and not work.question:
        yield '"status" is "question", but "question" is empty.'
    if work.status == "failed" and not work.result:
        yield '"status" is "failed", but "result" does not say why.'
    if work.status == "done" and not work.answer:
        yield '"status" is "done", but "answer" is empty.'


def _criterion(item: object, delivered: str) -> Criterion | None:
    if not isinstance(item, dict):
        return None
    fields = cast("dict[str, Any]", item)
    criterion, evidence = short(_text(fields.get("criterion"))), short(_text(fields.get("evidence")))
    met = fields.get("met")
    if not criterion or not isinstance(met, bool):
        return None
    if met and not _is_quoted(evidence, delivered):
        return Criterion(criterion, False, f"the quote “{short(evidence, 200)}” does not stand in the work")
    return Criterion(criterion, met, evidence or "nothing shows it")


def _is_quoted(evidence: str, delivered: str) -> bool:
    """Quotes may be shortened in the middle; case, blanks and Markdown's own signs do not count."""
    pieces = [piece for part in re.split(r"…|\.\.\.|\[…\]", evidence) if len(piece := _folded(part)) >= LEAST_QUOTE]
    text = _folded(delivered)
    return bool(pieces) and all(piece in text for piece in pieces)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", " ", plain).strip()


def _objects(answer: str) -> Iterator[dict[str, Any]]:
    """JSON objects in the text, from the front."""
    text, position = answer[:MAX_ANSWER], 0
    for _ in range(50):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            value, position = _read_json(text, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        if isinstance(value, dict):
            yield cast("dict[str, Any]", value)


_read_json = json.JSONDecoder(strict=False).raw_decode


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
