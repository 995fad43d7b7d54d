"""Take keys and control characters out of what a provider says about an error.

Apart from the vendors because every text that is shown, logged or stored goes through it: some servers repeat the
request's key in their error message, and any of them may send escape sequences to a terminal.

Invariant: no known key survives, whatever stands around or inside it (test_no_known_key_survives).
Invariant: redacting again changes nothing (test_redacting_twice_is_redacting_once).
Invariant: a text in pieces, wherever it is cut, is the text without its keys (test_a_key_in_pieces_is_removed).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

REMOVED = "[key removed]"
MAX_CHARACTERS = 400
"""Of a provider's text that are shown: the first sentences say what is wrong, the rest is a page of HTML."""

_SHORTEST_SECRET = 4
"""Shorter "keys" are placeholders such as "x"; removing them would only garble the text."""

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![A-Za-z0-9])(?:sk|pk|rk|gsk|xai|hf|ghp|gho|glpat|nvapi|tgp|fw|r8|pplx|csk)[-_][A-Za-z0-9*._-]{6,}",
        r"\bAIza[A-Za-z0-9_-]{20,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?",  # a JSON web token
        r"(?<=bearer )[^\s\"',;<>\[\]]+",
        r"(?<=basic )[A-Za-z0-9+/=]{8,}",
        r"(?<=://)[^/\s@\"']+(?=@)",
        r"(?:x-api-key|api[-_ ]?key|authorization|access[-_]?token|secret)[\"']?\s*[:=]\s*(?:bearer |basic )?[\"']?"
        r"[^\s\"',;<>\[\]]{4,}",
    )
)

_SHAPES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![A-Za-z0-9])(?:sk|pk|rk|gsk|xai|hf|ghp|gho|ghu|ghs|glpat|github_pat|nvapi|tgp|fw|r8|pplx|csk)[-_]"
        r"(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{20,}",
        r"\bAIza[A-Za-z0-9_-]{30,}",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]|-(?!----END))*(?:-----END [A-Z ]*PRIVATE KEY-----)?",
    )
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """One line of at most MAX_CHARACTERS, without keys, control, bidirectional or invisible characters."""
    line = " ".join(_visible(text).split())
    line = remove_secrets(line, secrets)
    for pattern in _PATTERNS:
        line = pattern.sub(REMOVED, line)
    return line if len(line) <= MAX_CHARACTERS else line[: MAX_CHARACTERS - 1].rstrip() + "…"


def without_keys(text: str, secrets: Iterable[str] = ()) -> str:
    """Texts of people and models, to be kept or given away: known keys and what has the shape of one are removed.

    More careful with other words than `redact`: an outline may speak of secrets.
    """
    text = remove_secrets(text, secrets)
    for pattern in _SHAPES:
        text = pattern.sub(REMOVED, text)
    return text


def remove_secrets(text: str, secrets: Iterable[str]) -> str:
    """Only the known keys, as they are and as they stand in a URL; everything else stays."""
    for form in _forms(secrets):
        text = text.replace(form, REMOVED)
    return text


def _forms(secrets: Iterable[str]) -> list[str]:
    """Of the keys, as they are and as they stand in a URL, the longest first."""
    forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in (secret, quote(secret, ""))}
    return sorted(forms, key=len, reverse=True)


class SecretFilter:
    """As `remove_secrets`, for a text that comes in pieces: what may be the beginning of a key is held back."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = _forms(secrets)
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be given away by now; it may be empty."""
        text = self._held + piece
        for form in self._forms:
            if form in text:
                text = text.replace(form, REMOVED)
        keep = max((_begun(text, form) for form in self._forms), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def rest(self) -> str:
        """At the end."""
        held, self._held = self._held, ""
        return held


def _begun(text: str, form: str) -> int:
    """How many characters at the end of the text are the beginning of this key."""
    at = text.find(form[0], max(0, len(text) - len(form) + 1))
    while at >= 0:
        if form.startswith(text[at:]):
            return len(text) - at
        at = text.find(form[0], at + 1)
    return 0


def _visible(text: str) -> str:
    """Line ends and tabs become blanks; what cannot be seen goes, so that it cannot hide a key or a command."""
    spaced = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]", " ", text)
    return "".join(character for character in spaced if unicodedata.category(character)[0] != "C")
