"""Tool calls as vendors stream them, gathered; and tool calls as they are sent back.

Apart from the vendors' files because servers get this wrong in the same ways whichever protocol they speak: ids that
are missing or given twice, pieces without an index, arguments that are no JSON, names that no vendor would take back.

Invariant: whatever a server sends, the ids of an answer's calls differ and can be sent back, and so can the names
(test_ids_and_names_can_be_sent_back).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from orchestrator.model.message import ToolCall
from orchestrator.providers.answer import Growing, malformed, string
from orchestrator.providers.base import Event, ToolCallDelta

MAX_CALLS = 64
"""In one answer: far more than any model asks for at once."""
MAX_ARGUMENTS_CHARACTERS = 4_000_000
_LONGEST_NAME = 64
_LONGEST_ID = 64


@dataclass(slots=True)
class _Call:
    given_id: str
    name: str
    arguments: Growing = field(default_factory=Growing)


class GrowingCalls:
    """The calls of one answer so far. Each vendor's reader feeds one."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_place: dict[int, _Call] = {}
        self._length = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    @property
    def text(self) -> str:
        """All that was written for calls, for counting."""
        return "".join(call.name + call.arguments.text for call in self._calls)

    def add(self, place: int, call_id: object, name: object, piece: object) -> Iterable[Event]:
        """The next piece of the call at `place`, as the server numbers them; only the first needs an id and a name.

        Another id at the same place is another call: some servers give every call the number 0.
        """
        given_id, given_name = string(call_id), string(name)
        call = self._by_place.get(place)
        started = call is None or (bool(given_id) and call.given_id not in {"", given_id})
        if started or call is None:
            if len(self._calls) == MAX_CALLS:
                raise malformed(f"it calls more than {MAX_CALLS} tools at once")
            call = _Call(given_id, given_name)
            self._calls.append(call)
            self._by_place[place] = call
        call.given_id, call.name = call.given_id or given_id, call.name or given_name
        shown = call.arguments.add(string(piece))
        self._length += len(shown)
        if self._length > MAX_ARGUMENTS_CHARACTERS:
            raise malformed(f"the arguments of tools are longer than {MAX_ARGUMENTS_CHARACTERS:,} characters")
        if started or shown:
            yield ToolCallDelta(self._calls.index(call), call.name if started else "", shown)

    def finish(self) -> tuple[ToolCall, ...]:
        found: list[ToolCall] = []
        taken: set[str] = set()
        for number, call in enumerate(self._calls, 1):
            call_id = _cleaned(call.given_id, _LONGEST_ID) or f"call_{number}"
            if call_id in taken:
                call_id = f"{call_id[: _LONGEST_ID - 8]}_{number}"
            while call_id in taken:
                call_id += "x"
            taken.add(call_id)
            found.append(ToolCall(call_id, _cleaned(call.name, _LONGEST_NAME) or "unnamed", call.arguments.text))
        return tuple(found)


def arguments_object(call: ToolCall) -> dict[str, Any]:
    """The arguments as vendors take them back: an object, whatever the model wrote.

    A model that sees its own broken JSON quoted can mend it; a server that is sent broken JSON refuses the request.
    """
    try:
        value: Any = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        value = None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {"unreadable": call.arguments}


def place_of(index: object) -> int:
    """Where a server says that a piece belongs; the first place where it does not say."""
    return index if isinstance(index, int) else 0


def _cleaned(name: str, longest: int) -> str:
    """Every other character as `_`: a name that is not a tool's stays one that is not."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:longest]
