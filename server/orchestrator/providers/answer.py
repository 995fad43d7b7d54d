"""What both vendors' streams have in common: text that grows, and counts that may be missing or wrong.

Apart from the vendors' files because a server that claims to speak a protocol can get all of this wrong in the same
ways, whichever protocol it is.

Invariant: the deltas joined are the answer, and hold no half of a character (test_deltas_join_to_the_answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from orchestrator.errors import AnswerCutError, AnswerMalformedError
from orchestrator.model.usage import Usage
from orchestrator.providers.base import Event, Request, TextDelta, ThoughtDelta
from orchestrator.providers.tokens import estimated_usage

MAX_ANSWER_CHARACTERS = 4_000_000
"""Far above any `max_tokens`: a server that sends more does not keep to what was asked."""
MAX_TOKENS_BELIEVED = 100_000_000

_TRY_AGAIN = "Try again; if it stays so, choose another model with `orchestrator models`."


class Growing:
    """Text that arrives in pieces, cut anywhere, also between the halves of a surrogate pair."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._half = ""
        self.length = 0

    def add(self, piece: str) -> str:
        """What can be shown now: a trailing half of a character waits for its other half."""
        piece = self._half + piece
        self._half = ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        if not piece:
            return ""
        whole = _without_halves(piece)
        self._pieces.append(whole)
        self.length += len(whole)
        return whole

    @property
    def text(self) -> str:
        return "".join(self._pieces)


class Answer:
    """The answer so far. Each vendor's reader feeds one."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._text = Growing()
        self._thoughts = Growing()

    @property
    def text(self) -> str:
        return self._text.text

    @property
    def thoughts(self) -> str:
        return self._thoughts.text

    def add_text(self, piece: object) -> Iterable[Event]:
        if shown := self._text.add(string(piece)):
            self._check_length()
            yield TextDelta(shown)

    def add_thought(self, piece: object) -> Iterable[Event]:
        if shown := self._thoughts.add(string(piece)):
            self._check_length()
            yield ThoughtDelta(shown)

    def usage(
        self, input_tokens: object, output_tokens: object, cache_read: object, cache_write: object, calls: str = ""
    ) -> Usage:
        """The counts if they can be true, else an estimate. `input_tokens` includes the cached ones.

        `calls` is what was written for tools.
        """
        given, made = _count(input_tokens), _count(output_tokens)
        read, written = _count(cache_read) or 0, _count(cache_write) or 0
        impossible = given is None or made is None or read + written > given or (made == 0 and self._text.length > 0)
        if impossible or given is None or made is None:
            return estimated_usage(self._request, self.text + self.thoughts + calls)
        return Usage(given, made, read, written)

    def cut(self, title: str) -> AnswerCutError:
        return AnswerCutError(f"The answer of {title} stopped before it was finished.", hint=_TRY_AGAIN)

    def _check_length(self) -> None:
        if self._text.length + self._thoughts.length > MAX_ANSWER_CHARACTERS:
            raise malformed(f"the answer is longer than {MAX_ANSWER_CHARACTERS:,} characters")


def malformed(what: str) -> AnswerMalformedError:
    return AnswerMalformedError(
        f"The server did not answer as its protocol says: {what}.",
        hint="Check the base address in the settings; `orchestrator models` shows which is used.",
    )


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object, or nothing where none was sent."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise malformed(f"an object was expected, not {type(value).__name__}")
    return cast("dict[str, Any]", value)


def sequence(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise malformed(f"a list was expected, not {type(value).__name__}")
    return cast("list[Any]", value)


def string(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise malformed(f"text was expected, not {type(value).__name__}")
    return value


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS_BELIEVED:
        return value
    return None


def _without_halves(text: str) -> str:
    """Join surrogate pairs; a half without its other half becomes U+FFFD, since it cannot be stored or shown."""
    if not re.search("[\ud800-\udfff]", text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
