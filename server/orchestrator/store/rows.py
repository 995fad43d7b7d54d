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
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import partial
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from orchestrator.model.json_text import writer as json_text_writer
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
    return None if cost is None else int(cost.scaleb(_NANO).to_integral_value()) if cost else 0


def cost_from(nano: int | None) -> Cost:
    return None if nano is None else Decimal(nano).scaleb(-_NANO)


def json_text(detail: dict[str, Any] | list[dict[str, Any]]) -> str:
    return clean_text(_as_json(detail))


def comes_back(detail: dict[str, Any], text: str) -> bool:
    """Whether reading the text, which is its `json_text`, gives just this."""
    return text.isascii() and set(map(type, detail.values())) <= _ONLY_TEXT


_ONLY_TEXT: set[type] = {str}
_as_json = json_text_writer(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Columns(Generic[T]):
    """Records of one kind as rows: a column for each field, named like it, held as the field's type says.

    Text is cleaned, an enumeration is its value, a dictionary or a tuple of records is JSON.
    """

    def __init__(
        self, kind: type[T], *, leave_out: frozenset[str] = frozenset(), mostly_unset: tuple[str, ...] = ()
    ) -> None:
        """`leave_out`: fields that are not one column.

        `mostly_unset`: fields whose default their column has, too (test_a_column_has_the_default_of_its_field), and
        which few records set; they come last.
        """
        types = get_type_hints(kind)
        self._kind = kind
        known = {one.name: one.default for one in fields(kind) if one.name not in leave_out}
        self.names = (*(name for name in known if name not in mostly_unset), *mostly_unset)
        self.unset = [_to_column(types[name])(known[name]) for name in mostly_unset]
        """What the last columns of a row are where nothing is set."""
        to = [(place, _to_column(types[name])) for place, name in enumerate(self.names)]
        words = {place for place, convert in to if convert is _value}
        self._values = attrgetter(
            *(f"{name}._value_" if place in words else name for place, name in enumerate(self.names))
        )
        self._texts = tuple(place for place, convert in to if convert in {clean_text, clean_optional})
        self._text: Callable[[list[Any]], Iterable[str | None]] = itemgetter(*self._texts)
        self._others = tuple((place, convert) for place, convert in to if convert in _CONVERTED)
        self._from = {name: _from_column(types[name]) for name in self.names}

    def values(self, record: T) -> list[Any]:
        """In the order of `names`."""
        values = list(self._values(record))
        together = "".join(filter(None, self._text(values)))
        if not together.isascii() or "\0" in together:  # most are clean, and a run writes a hundred for each step
            for place in self._texts:
                values[place] = clean_optional(values[place])
        for place, convert in self._others:
            values[place] = convert(values[place])
        return values

    def row(self, record: T) -> Row:
        return dict(zip(self.names, self.values(record), strict=True))

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


_CONVERTED = {int, json_text, _json_of_records}

_runs = Columns(Run)
run_row, run_from = _runs.row, _runs.record
attempts = Columns(Attempt, mostly_unset=("reason", "ended", "result", "answer", "executor"))
attempt_row, attempt_from = attempts.row, attempts.record
conversations = Columns(Conversation, mostly_unset=("kind", "head_id", "named", "model", "forked_from", "merged"))
conversation_row, conversation_from = conversations.row, conversations.record
messages = Columns(
    StoredMessage,
    mostly_unset=(
        *("parent_id", "ending", "reason", "depth", "tokens"),
        *("attached", "tools", "copied_from", "thoughts"),
    ),
)
message_row, message_from = messages.row, messages.record
_approvals = Columns(Approval)
approval_row, approval_from = _approvals.row, _approvals.record
entries = Columns(OutboxEntry, mostly_unset=("reason", "closed"))
outbox_row, outbox_from = entries.row, entries.record
event_from = Columns(Event).record
_steps = Columns(Step, leave_out=frozenset(("usage", "cost")), mostly_unset=("ended", "finish"))

_USAGE = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("usage_estimated", "cost_nano_usd"),
)
STEP_NAMES = (*_USAGE[:-1], *_steps.names, _USAGE[-1])
STEP_UNSET = [*_steps.unset, None]
"""What the last of these columns are in a call that has not ended."""
STEP_ENDING = ("started", "state", "raw_answer", "error", "ended", "finish", *_USAGE)
"""Columns that the end of a step says; it is known then when it was sent, which may be later than it was stored."""
ATTEMPT_STATE = ("state", "reason", "ended", "result", "answer", "executor")
"""Columns that change while an attempt is under way."""


def step_values(step: Step) -> list[Any]:
    """In the order of STEP_NAMES."""
    *usage, cost = _usage_values(step)
    return [*usage, *_steps.values(step), cost]


def step_row(step: Step) -> Row:
    return dict(zip(STEP_NAMES, step_values(step), strict=True))


def step_ending(step: Step) -> tuple[Any, ...]:
    """In the order of STEP_ENDING."""
    return (
        step.started,
        step.state.value,
        clean_text(step.raw_answer),
        clean_text(step.error),
        step.ended,
        clean_text(step.finish),
        *_usage_values(step),
    )


def attempt_state(attempt: Attempt) -> tuple[Any, ...]:
    """In the order of ATTEMPT_STATE."""
    return (
        attempt.state.value,
        clean_text(attempt.reason),
        attempt.ended,
        clean_text(attempt.result),
        clean_text(attempt.answer),
        clean_text(attempt.executor),
    )


def _usage_values(step: Step) -> tuple[Any, ...]:
    usage = step.usage
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        int(usage.estimated),
        nano_usd(step.cost),
    )


def step_from(row: sqlite3.Row) -> Step:
    usage = Usage(
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_tokens=row["cache_write_tokens"],
        estimated=bool(row["usage_estimated"]),
    )
    return _steps.record(row, usage=usage, cost=cost_from(row["cost_nano_usd"]))
