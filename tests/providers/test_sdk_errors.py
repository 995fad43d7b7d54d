"""Every exception class of the SDKs and of the libraries below them has a meaning here."""

import inspect
import json

import anthropic
import httpx2
import openai
import pytest

from orchestrator.errors import ProviderError
from orchestrator.providers import anthropic as our_anthropic
from orchestrator.providers import failures
from orchestrator.providers import openai as our_openai

CALL = failures.Call("Vendor", "host.example", "vendor", ("sk-secret",), 5.0)


def classes(module: object, base: type[BaseException]) -> set[type[BaseException]]:
    return {cls for _, cls in inspect.getmembers(module, inspect.isclass) if issubclass(cls, base)}


def descendants(cls: type) -> set[type]:
    return {cls}.union(*(descendants(child) for child in cls.__subclasses__()))


@pytest.mark.parametrize(("sdk", "ours"), [(anthropic, our_anthropic), (openai, our_openai)])
def test_every_sdk_error_is_mapped(sdk, ours):
    exceptions = sdk._exceptions
    named = classes(exceptions, Exception)
    assert len(named) > 15
    missing = {cls.__name__ for cls in named if f"{sdk.__name__}.{cls.__name__}" not in ours.SDK_ERRORS}
    assert not missing, "name each in SDK_ERRORS, with what it means to a person"


UNUSED = {
    "APIRemovedInV1",
    "MissingDependencyError",
    "MutuallyExclusiveAuthError",
    "StreamAlreadyConsumed",
    "ToolsetClosedError",
    "ToolsetConfigError",
    "ToolsetContractError",
    "ToolsetUsageError",
    "ToolsetsFixedError",
    "WorkloadIdentityError",
    "_AmbiguousModuleClientUsageError",
}
"""Of features that we do not use: told as unexpected if they come all the same."""


@pytest.mark.parametrize(("sdk", "ours"), [(anthropic, our_anthropic), (openai, our_openai)])
def test_no_other_class_of_an_sdk_falls_through_to_its_root(sdk, ours):
    """Also classes elsewhere in the SDK, such as those for one error code of the API."""
    from anthropic import _error_classes

    assert len(_error_classes.ERROR_CLASSES) > 50  # importing it defines them
    root = sdk.AnthropicError if sdk is anthropic else sdk.OpenAIError
    for cls in descendants(root) - {root, sdk.APIError}:
        names = [f"{c.__module__.partition('.')[0]}.{c.__name__}" for c in cls.__mro__]
        nearest = next(name for name in names if name in ours.SDK_ERRORS)
        fell_through = nearest.partition(".")[2] in {root.__name__, "APIError"}
        assert fell_through == (cls.__name__ in UNUSED), cls


def test_every_error_of_the_http_library_is_mapped():
    from httpx2 import _exceptions

    for cls in classes(_exceptions, Exception):
        names = [f"{c.__module__.partition('.')[0]}.{c.__name__}" for c in cls.__mro__]
        assert any(name in failures.BELOW_THE_SDK for name in names) or issubclass(cls, Warning), cls


@pytest.mark.parametrize(
    "error",
    [
        httpx2.RemoteProtocolError("peer closed"),
        httpx2.ReadTimeout("slow"),
        httpx2.StreamClosed(),
        json.JSONDecodeError("bad", "{", 0),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        RecursionError(),
        ConnectionResetError(),
        TimeoutError(),
        ZeroDivisionError("a fault of our own, with sk-secret in it"),
    ],
)
def test_whatever_is_raised_becomes_ours(error: Exception):
    mapped = failures.map_error(error, CALL, {})
    assert isinstance(mapped, ProviderError)
    assert mapped.hint
    assert "sk-secret" not in str(mapped)


def test_a_header_that_cannot_be_sent_is_not_repeated():
    error = httpx2.LocalProtocolError("Illegal header value b'sk-sec\\nret'")
    assert "sk-sec" not in str(failures.map_error(error, CALL, {}))
