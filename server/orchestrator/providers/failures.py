"""What went wrong in a call, in our own words and with what mends it.

Apart from the vendors because they fail in the same ways: each SDK's classes are listed in its own file, one by one,
and meet here. A text of the server is shown only redacted.

Invariant: no exception of an SDK, of its HTTP library or of JSON is unmapped (test_every_sdk_error_is_mapped).
Invariant: no message holds the key, whatever the server repeats (test_an_echoed_key_is_never_shown).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, cast

from orchestrator.errors import (
    AnswerCutError,
    AnswerMalformedError,
    AuthenticationError,
    ConnectionFailedError,
    ContextTooLongError,
    ProviderDownError,
    ProviderError,
    RateLimitedError,
    RequestRejectedError,
)
from orchestrator.providers.redaction import redact

_TOO_LONG = (
    "context_length",
    "context length",
    "prompt is too long",
    "exceed_context",
    "context size",
    "context window",
)
_NO_CREDIT = ("insufficient_quota", "credit balance", "billing_error", "spend_limit_reached")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that may fail: whom to name, and what must not be shown."""

    title: str
    """The vendor, for people."""
    host: str
    key_name: str
    """Empty where no key is used."""
    secrets: tuple[str, ...] = field(repr=False)
    timeout: float
    answering: bool = False
    """Whether part of the answer had arrived."""

    @property
    def mend_key(self) -> str:
        if not self.key_name:
            return "Set `keyName` of this endpoint in your settings, then run `orchestrator auth set` with that name."
        valid = f"Run `orchestrator auth set {self.key_name}` with a key that is valid"
        return f"{valid}; one in the environment goes before it."


Mapped = Callable[[Any, Call], ProviderError]


def map_error(error: BaseException, call: Call, table: Mapping[str, Mapped]) -> ProviderError:
    """Look up the nearest class in the vendor's table, then in the one of the libraries below it."""
    for cls in type(error).__mro__:
        name = f"{cls.__module__.partition('.')[0]}.{cls.__name__}"
        mapped = table.get(name) or BELOW_THE_SDK.get(name)
        if mapped is not None:
            return mapped(error, call)
    return unexpected(error, call)


def from_response(error: Any, call: Call) -> ProviderError:
    """An error that the server sent with a status (`error.response`)."""
    headers: Mapping[str, str] = error.response.headers
    if 300 <= error.status_code < 400:
        target = redact(headers.get("location", ""), call.secrets)
        return RequestRejectedError(
            f"{call.host} redirects to {target or 'another address'}, which is not followed: your text goes only where "
            "you agreed.",
            hint="Set the base address to the new one if you trust it.",
            other_form=False,
        )
    wait = retry_after(headers)
    kind = " ".join(str(inner_body(error).get(name)) for name in ("type", "code", "details"))
    return from_status(error.status_code, said(error, call), call, kind=kind, wait=wait)


def from_status(status: int, said: str, call: Call, *, kind: str = "", wait: float | None = None) -> ProviderError:
    lowered = f"{kind} {said}".lower()
    detail = f": {said.rstrip('.')}." if said else "."
    if (status in {400, 413, 422} and any(word in lowered for word in _TOO_LONG)) or status == 413:
        return ContextTooLongError(
            f"The request does not fit the model's window{detail}",
            hint="Shorten the task or its parents' descriptions, or choose a model with a larger window.",
        )
    if status == 402 or (status in {400, 403, 429} and any(word in lowered for word in _NO_CREDIT)):
        return RequestRejectedError(
            f"{call.title} does not answer for want of credit{detail}",
            hint="Add credit or raise the limit in your account there, or choose another model.",
            other_form=False,
        )
    if status == 401:
        return AuthenticationError(f"{call.title} refused the key{detail}", hint=call.mend_key)
    if status == 403:
        return AuthenticationError(
            f"{call.title} does not allow this{detail}",
            hint=f"The key may lack this model, or the service your region. {call.mend_key}",
        )
    if status == 404:
        return RequestRejectedError(
            f"{call.title} does not know that model or address{detail}",
            hint="See `orchestrator models` for names and addresses.",
            other_form=False,
        )
    if status == 429:
        return RateLimitedError(
            f"{call.title} has had too many requests{detail}",
            hint=f"Wait {_in_words(wait)}, or lower the setting `calls.concurrency`.",
            retry_after=wait,
        )
    if status in {408, 409, 425, 499} or (status >= 500 and status not in {501, 505}):
        return ProviderDownError(
            f"{call.title} failed or is overloaded (status {status}){detail}",
            hint="Try again later, or choose another model.",
            retry_after=wait,
        )
    return RequestRejectedError(
        f"{call.title} rejected the request (status {status}){detail}",
        hint="Check the model's name with `orchestrator models`, or choose another model.",
    )


def connection_failed(error: BaseException, call: Call) -> ProviderError:
    if call.answering:
        return answer_cut(error, call)
    root = _root(error)
    if type(root).__name__ in {"RemoteProtocolError", "ReadError", "WriteError"}:
        return ConnectionFailedError(
            f"{call.host} broke the connection before it answered.", hint="Try again, or check the base address."
        )
    reason = redact(str(root), call.secrets) or type(root).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return ConnectionFailedError(
            f"The certificate of {call.host} is not trusted.",
            hint="Behind a company's proxy, set SSL_CERT_FILE to its certificates.",
        )
    return ConnectionFailedError(
        f"{call.host} could not be reached ({reason}).", hint="Check the network and the address, then try again."
    )


def silent(_error: object, call: Call) -> ProviderError:
    if call.answering:
        return AnswerCutError(
            f"{call.title} stopped answering for {call.timeout:g} seconds.",
            hint="Try again, or raise the setting `calls.timeout`.",
        )
    return ConnectionFailedError(
        f"{call.host} sent nothing for {call.timeout:g} seconds.",
        hint="Try again, or raise the setting `calls.timeout`.",
    )


def timed_out(error: BaseException, call: Call) -> ProviderError:
    """An SDK's timeout: to connect, or to hear anything."""
    root = _root(error)
    return connection_failed(error, call) if type(root).__name__ == "ConnectTimeout" else silent(error, call)


def answer_cut(_error: object, call: Call) -> ProviderError:
    return AnswerCutError(
        f"The connection to {call.host} broke before the answer was finished.",
        hint="Try again; if it stays so, choose another model with `orchestrator models`.",
    )


def not_sendable(_error: object, call: Call) -> ProviderError:
    """No detail: the library's message repeats the header that it could not send, which may be the key."""
    return RequestRejectedError(
        f"The request to {call.host} has a key or an address with characters that cannot be sent.",
        hint=call.mend_key,
        other_form=False,
    )


def not_the_protocol(error: BaseException, call: Call) -> ProviderError:
    return AnswerMalformedError(
        f"{call.host} did not answer as its protocol says ({type(error).__name__}).",
        hint="Check the base address in the settings; `orchestrator models` shows which is used.",
    )


def no_credentials(error: BaseException, call: Call) -> ProviderError:
    return AuthenticationError(
        f"{call.title} could not be given a key ({redact(str(error), call.secrets)}).", hint=call.mend_key
    )


def unexpected(error: BaseException, call: Call) -> ProviderError:
    """The last resort: a fault of ours or of a library, told as such and never let through."""
    detail = redact(str(error), call.secrets)
    return AnswerMalformedError(
        f"The call to {call.title} failed in a way that we do not know ({type(error).__name__}: {detail}).",
        hint="Try again or choose another model, and please report this.",
    )


BELOW_THE_SDK: Mapping[str, Mapped] = {
    "httpx2.TimeoutException": silent,
    "httpx2.ConnectTimeout": connection_failed,
    "httpx2.PoolTimeout": connection_failed,
    "httpx2.NetworkError": connection_failed,
    "httpx2.ProxyError": connection_failed,
    "httpx2.RemoteProtocolError": connection_failed,
    "httpx2.ProtocolError": connection_failed,
    "httpx2.LocalProtocolError": not_sendable,
    "httpx2.UnsupportedProtocol": not_sendable,
    "httpx2.InvalidURL": not_sendable,
    "httpx2.DecodingError": not_the_protocol,
    "httpx2.TooManyRedirects": connection_failed,
    "httpx2.TransportError": connection_failed,
    "httpx2.RequestError": connection_failed,
    "httpx2.HTTPStatusError": not_the_protocol,
    "httpx2.HTTPError": connection_failed,
    "httpx2.CookieConflict": not_the_protocol,
    "httpx2.StreamError": answer_cut,
    "json.JSONDecodeError": not_the_protocol,
    "builtins.UnicodeDecodeError": not_the_protocol,
    "builtins.UnicodeEncodeError": not_sendable,
    "builtins.RecursionError": not_the_protocol,
    "builtins.TimeoutError": silent,
    "builtins.OSError": connection_failed,
    "pydantic_core.ValidationError": not_the_protocol,
}
"""Exceptions of the libraries under both SDKs, nearest class first wins."""


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Seconds to wait, from a number or a date; None when the server did not say, or not clearly."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(parsedate_to_datetime(value).timestamp() - now(), 0.0)
    except (ValueError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _in_words(wait: float | None) -> str:
    if wait is None or wait <= 60:
        return "a minute"
    minutes = math.ceil(wait / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{math.ceil(minutes / 60)} hours"


def said(error: Any, call: Call) -> str:
    """The sentence inside the server's error body, redacted; nothing for a page of HTML."""
    message = inner_body(error).get("message", error.body)
    if not isinstance(message, str) or message.lstrip().startswith("<"):
        return ""
    return redact(message, call.secrets)


def inner_body(error: Any) -> Mapping[str, Any]:
    """The object that describes the error; OpenAI's SDK has taken it out of its envelope already."""
    body: Any = error.body
    if not isinstance(body, dict):
        return {}
    outer = cast("dict[str, Any]", body)
    inner = outer.get("error", outer)
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else {"message": inner}


def _root(error: BaseException) -> BaseException:
    """The first cause: SDKs say only "Connection error."."""
    seen = error
    while seen.__cause__ is not None:
        seen = seen.__cause__
    return seen
