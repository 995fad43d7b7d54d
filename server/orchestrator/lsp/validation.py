"""Parameters of our own methods: raw JSON in, a wire type out, or an error that names the bad field.

Apart from `rpc` because it needs pydantic, which is not imported before `initialize` is answered.

Invariant: each method of `protocol.REQUESTS` is registered with its own parameter type
(test_every_method_is_registered).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from orchestrator.errors import ProtocolError
from orchestrator.lsp.protocol import Wire

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

P = TypeVar("P", bound=Wire)
R = TypeVar("R")

MAX_FIELDS = 5
"""Bad fields that one message names."""


def validated(params_type: type[P]) -> Callable[[Callable[[Server, P], R]], Callable[[Server, Any], R]]:
    """Make a handler of raw parameters out of one of typed ones. Raises ProtocolError, which is answered as -32602."""

    def decorate(handler: Callable[[Server, P], R]) -> Callable[[Server, Any], R]:
        def handle(server: Server, raw: Any) -> R:
            return handler(server, read(params_type, raw))

        handle.params_type = params_type  # pyright: ignore[reportFunctionMemberAccess] - read by tests and commands
        return handle

    return decorate


def read(params_type: type[P], raw: Any) -> P:
    try:
        return params_type.model_validate({} if raw is None else raw, by_alias=True, by_name=False)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        named = "; ".join(f"{_path(fault['loc'])}: {fault['msg']}" for fault in faults[:MAX_FIELDS])
        raise ProtocolError(
            f"The parameters are not of the method's shape: {named}.",
            hint="Compare them with docs/reference/protocol.md.",
        ) from None


def _path(location: tuple[int | str, ...]) -> str:
    """`params.items[2][0]`, in the words of the wire."""
    return "params" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
