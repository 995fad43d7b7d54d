"""Records to rows and back.

Apart from the statements because here is decided what a column can hold.

Invariant: a record comes back as it was stored, but for what a column cannot hold (test_records_come_back):
text loses NUL and lone surrogates, each becomes U+FFFD (test_text_that_sqlite_cannot_hold); a cost is rounded to a
billionth of a dollar (test_cost_is_exact_to_a_billionth).
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from orchestrator.model.run import Approval, Attempt, Conversation, Event, OutboxEntry, Run, Step, StoredMessage
from orchestrator.model.usage import Cost, Usage

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")

Row = dict[str, Any]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NANO = 9
"""Decimal places of a cost: SQLite has no decimal numbers, so a cost is a whole number of billionths."""


def clean_text(text: str) -> str:
    """SQLite text is UTF-8, which has no lone surrogates, and its tools take NUL for the end."""
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def clean_optional(text: str | None) -> str | None:
    return None if text is None else clean_text(text)


def nano_usd(cost: Cost) -> int | None:
    return None if cost is None else int(cost.scaleb(_NANO).to_integral_value())


def cost_from(nano: int | None) -> Cost:
    return None if nano is None else Decimal(nano).scaleb(-_NANO)


def json_text(detail: dict[str, Any] | list[dict[str, Any]]) -> str:
    return clean_text(_ENCODER.encode(detail))


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
"""Made once: `json.dumps` makes one for each text that is written in another way than usual."""


class Columns(Generic[T]):
    """Records of one kind as rows: a column for each field, named like it, held as the field's type says.

    Text is cleaned, an enumeration is its value, a dictionary or a tuple of records is JSON.
    """

    def __init__(self, kind: type[T], *, leave_out: frozenset[str] = frozenset()) -> None:
        """`leave_out`: fields that are not one column."""
        types = get_type_hints(kind)
        self._kind = kind
        self._names = tuple(one.name for one in fields(kind) if one.name not in leave_out)
        self._values = attrgetter(*self._names)
        to = [(place, _to_column(types[name])) for place, name in enumerate(self._names)]
        self._texts = tuple(place for place, convert in to if convert is clean_text)
        self._others = tuple((place, convert) for place, convert in to if convert not in {clean_text, _as_it_is})
        self._from = {name: _from_column(types[name]) for name in self._names}

    def row(self, record: T) -> Row:
        values = list(self._values(record))
        for place in self._texts:  # most are clean, and a run writes a hundred of them for each of its steps
            if not values[place].isascii() or "\0" in values[place]:
                values[place] = clean_text(values[place])
        for place, convert in self._others:
            values[place] = convert(values[place])
        return dict(zip(self._names, values, strict=True))

    def record(self, row: sqlite3.Row, **left_out: Any) -> T:
        return self._kind(**{name: convert(row[name]) for name, convert in self._from.items()}, **left_out)


def _to_column(kind: Any) -> Callable[[Any], Any]:
    if kind is str:
        return clean_text
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _value
    if kind is bool:
        return int
    if get_origin(kind) is dict:
        return json_text
    if get_origin(kind) is tuple:
        return _json_of_records
    return clean_optional if str in get_args(kind) else _as_it_is


def _from_column(kind: Any) -> Callable[[Any], Any]:
    if kind is bool or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind
    if get_origin(kind) is dict:
        return json.loads
    if get_origin(kind) is tuple:
        part = get_args(kind)[0]
        assert isinstance(part, type), "tuples of records are what is kept"
        assert is_dataclass(part), "tuples of records are what is kept"
        return partial(_records_of, part)
    return _as_it_is


def _value(member: Enum) -> Any:
    return member.value


def _as_it_is(value: Any) -> Any:
    return value


def _json_of_records(records: tuple[Any, ...]) -> str:
    return json_text([asdict(record) for record in records]) if records else "[]"


def _records_of(kind: Callable[..., Any], stored: str) -> tuple[Any, ...]:
    return () if stored == "[]" else tuple(kind(**one) for one in json.loads(stored))


_runs = Columns(Run)
run_row, run_from = _runs.row, _runs.record
_attempts = Columns(Attempt)
attempt_row, attempt_from = _attempts.row, _attempts.record
_conversations = Columns(Conversation)
conversation_row, conversation_from = _conversations.row, _conversations.record
_messages = Columns(StoredMessage)
message_row, message_from = _messages.row, _messages.record
_approvals = Columns(Approval)
approval_row, approval_from = _approvals.row, _approvals.record
_entries = Columns(OutboxEntry)
outbox_row, outbox_from = _entries.row, _entries.record
event_from = Columns(Event).record
_steps = Columns(Step, leave_out=frozenset(("usage", "cost")))


def step_row(step: Step) -> Row:
    return {
        **_steps.row(step),
        "input_tokens": step.usage.input_tokens,
        "output_tokens": step.usage.output_tokens,
        "cache_read_tokens": step.usage.cache_read_tokens,
        "cache_write_tokens": step.usage.cache_write_tokens,
        "usage_estimated": int(step.usage.estimated),
        "cost_nano_usd": nano_usd(step.cost),
    }


def step_from(row: sqlite3.Row) -> Step:
    usage = Usage(
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_tokens=row["cache_write_tokens"],
        estimated=bool(row["usage_estimated"]),
    )
    return _steps.record(row, usage=usage, cost=cost_from(row["cost_nano_usd"]))
