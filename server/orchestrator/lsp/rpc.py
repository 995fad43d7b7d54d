"""JSON-RPC as we want it spoken: pygls' protocol, with its messages taken apart and put together by us.

Apart from the server because it is the one place that overrides pygls, for these measured reasons: a typed request
with bad parameters gets no reply from it at all, custom parameters arrive as tuples with renamed keys, an error in
a handler reaches the user as a message with a traceback, and its text sync rebuilds the whole text at each key.

Invariant: every request gets exactly one reply, whatever its parameters are (test_every_request_is_answered).
"""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import enum
import inspect
import json
import logging
import re
import traceback
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from functools import partial
from typing import Any, cast

import attrs
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol, lsp_method

from orchestrator.errors import DocumentClosedError, OrchestratorError, ProtocolError
from orchestrator.lsp.encoded import Encoded

logger = logging.getLogger(__name__)

MAX_REPLY_PATHS = 5
"""Bad fields that one error names."""

OURS = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.WORKSPACE_EXECUTE_COMMAND,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
    types.INITIALIZED,
    types.SHUTDOWN,
    types.EXIT,
)
"""Methods that pygls would handle by itself before (or instead of) asking us."""

WITH_TEXTS = frozenset({types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE})
"""What the server believes to be the text comes from these."""


def kind_of(error: OrchestratorError) -> str:
    """The word in `error.data.kind`: the class name without "Error", for example `editRefused`."""
    name = type(error).__name__.removesuffix("Error")
    return name[:1].lower() + name[1:]


def as_rpc_error(error: BaseException) -> JsonRpcException:
    """What the client is told. Of an error that nobody foresaw it learns only that there was one."""
    if isinstance(error, JsonRpcException):
        return error
    if isinstance(error, asyncio.CancelledError):
        return JsonRpcRequestCancelled("The request was cancelled.")
    if isinstance(error, OrchestratorError):
        code = types.LSPErrorCodes.RequestFailed.value
        if isinstance(error, ProtocolError):
            code = JsonRpcInvalidParams.CODE
        elif isinstance(error, DocumentClosedError):
            code = types.LSPErrorCodes.ContentModified.value  # which no client shows to anybody
        return JsonRpcException(str(error), code=code, data={"kind": kind_of(error), "hint": error.hint})
    log_defect(error)
    hint = "Start the server with `--log FILE`, try again, and report what the file says."
    return JsonRpcException(f"Orchestrator has a defect. {hint}", data={"kind": "defect", "hint": hint})


def log_defect(error: BaseException) -> None:
    """Where it happened and of what class it is, without its text: that may hold what the user wrote."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s\n%s", type(error).__qualname__, frames)


def unstructure_wire(value: Any) -> Any:
    """Hook for pydantic models: by their wire names."""
    return value.model_dump(mode="json", by_alias=True)


def refuse_dataclass(value: Any) -> Any:
    """Hook for dataclasses: they would go out with Python's names for the fields."""
    raise TypeError(f"{type(value).__name__} is no wire type: convert it to one of lsp/protocol.py")


class Protocol(LanguageServerProtocol):
    """See the module. `raw` names the methods whose parameters our own validation reads."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self.raw: frozenset[str] = frozenset()
        self._initialized = False
        self._after_reply: dict[int | str, list[Callable[[], None]]] = {}
        """By id, for every request that is not answered yet."""
        for method in OURS:
            self._builtin.pop(method, None)
        converter.register_unstructure_hook_func(_is_wire, unstructure_wire)
        converter.register_unstructure_hook_func(_is_dataclass, refuse_dataclass)

    @property
    def _builtin(self) -> dict[str, Any]:
        return self.fm.builtin_features  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped in pygls

    def _is_known(self, method: str) -> bool:
        return method in self._builtin or method in self.fm.features  # pyright: ignore[reportUnknownMemberType] - as above

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        result = yield from super().lsp_initialize(params)
        cast("Any", self._server).connected(params, result.capabilities)
        self._initialized = True
        return result

    def refuse_from_now_on(self) -> None:
        """`shutdown` was answered: only `exit` may follow."""
        self._shutdown = True

    # --- in ---------------------------------------------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """One message from the client. Never raises."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            self._refuse(None, JsonRpcParseError("The message is not JSON."))
            return
        if not isinstance(message, dict):
            self._refuse(None, JsonRpcInvalidRequest("A message must be a JSON object."))
            return
        try:
            contextvars.copy_context().run(self._dispatch, cast("dict[str, Any]", message))
        except Exception as error:  # noqa: BLE001 - the outermost boundary: a message must not end the server
            log_defect(error)

    def _dispatch(self, message: dict[str, Any]) -> None:
        method, msg_id = message.get("method"), message.get("id")
        if not isinstance(method, str):
            if "id" in message and ("result" in message or "error" in message):
                self._settle(message)
            else:
                self._refuse(_usable_id(msg_id), JsonRpcInvalidRequest("A message needs a method."))
            return
        if "id" not in message:
            if self._initialized or method == types.EXIT:
                self._dispatch_notification(method, message)
            return
        reply_to = _usable_id(msg_id)
        if reply_to is None:
            self._refuse(None, JsonRpcInvalidRequest("The id of a request must be a number or a string."))
            return
        try:
            self._check_state(method)
            params = self._params(method, message)
        except JsonRpcException as error:
            self._refuse(reply_to, error)
            return
        self._after_reply[reply_to] = []
        self._handle_request(reply_to, method, params)

    def _check_state(self, method: str) -> None:
        if self._shutdown:
            raise JsonRpcInvalidRequest("The server is shutting down.")
        if not self._initialized and method != types.INITIALIZE:
            raise JsonRpcServerNotInitialized("Send `initialize` first.")
        if self._initialized and method == types.INITIALIZE:
            raise JsonRpcInvalidRequest("The server is initialized already.")
        if not self._is_known(method):
            raise JsonRpcMethodNotFound.of(method)

    def _dispatch_notification(self, method: str, message: dict[str, Any]) -> None:
        known = self._is_known(method) or method == types.CANCEL_REQUEST
        if not known or (self._shutdown and method != types.EXIT):
            return
        try:
            params = self._params(method, message)
        except JsonRpcException as error:
            logger.warning("Ignored %s: %s", method, error.message)
            return
        self._handle_notification(method, params)

    def _params(self, method: str, message: dict[str, Any]) -> Any:
        """The parameters in their type; raises JsonRpcInvalidParams that names the bad field."""
        if method in self.raw:
            return message.get("params")
        message_type = self.get_message_type(method)
        if message_type is None:
            return message.get("params")
        if method in WITH_TEXTS:
            _check_texts(message.get("params"))
        try:
            return self._converter.structure(message, message_type).params
        except Exception as error:
            raise JsonRpcInvalidParams(bad_fields(error)) from error

    def _settle(self, message: dict[str, Any]) -> None:
        """A reply of the client to a request of ours; late and unknown ones are dropped."""
        msg_id = _usable_id(message.get("id"))
        if msg_id is None or not isinstance(self._request_futures.get(msg_id), Future):
            return  # what is no Future of a thread is a task that answers a request of the client
        future = self._request_futures.pop(msg_id)
        response_type = self._result_types.pop(msg_id, None)
        if not future.set_running_or_notify_cancel():
            return
        try:
            if message.get("error") is not None:
                reply = self._converter.structure(message, types.ResponseErrorMessage)
                error = reply.error or types.ResponseError(code=0, message="")
                future.set_exception(JsonRpcException.from_error(error))
            elif response_type is None:
                future.set_result(message.get("result"))
            else:
                future.set_result(self._converter.structure(message, response_type).result)
        except Exception as error:  # noqa: BLE001 - whatever the client sent, the waiter must not wait for ever
            if not future.done():
                future.set_exception(JsonRpcException(f"The client's reply is not understood: {bad_fields(error)}"))

    # --- out --------------------------------------------------------------------------------------------------

    def after_reply(self, callback: Callable[[], None]) -> None:
        """Call back when the request that is being handled has been answered; at once if it has been."""
        msg_id = self.msg_id
        waiting = None if msg_id is None else self._after_reply.get(msg_id)
        if waiting is None:
            callback()
        else:
            waiting.append(callback)

    async def ask(self, method: str, params: Any) -> Any:
        """A request to the client. If the asker is cancelled, so is the request."""
        future = self.send_request(method, params)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            for msg_id, pending in list(self._request_futures.items()):
                if pending is future:
                    del self._request_futures[msg_id]
                    self._result_types.pop(msg_id, None)
                    self.notify(types.CANCEL_REQUEST, types.CancelParams(id=msg_id))
            raise

    def _refuse(self, msg_id: int | str | None, error: JsonRpcException) -> None:
        reply = {"code": error.code, "message": error.message}
        if error.data is not None:
            reply["data"] = error.data
        self._send_data({"jsonrpc": self.VERSION, "id": msg_id, "error": reply})

    def _send_handler_result(self, future: Future[Any], *, msg_id: int | str) -> None:
        """Answer a request; a handler that answered with a coroutine is waited for."""
        self._request_futures.pop(msg_id, None)
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is None and inspect.iscoroutine(future.result()):
            coroutine = cast("Coroutine[Any, Any, Any]", future.result())
            task: Any = cast("Any", self._server).start(coroutine)
            self._request_futures[msg_id] = task
            task.add_done_callback(partial(self._send_handler_result, msg_id=msg_id))
            return
        try:
            if error is None:
                self._answer(msg_id, future.result())
            else:
                self._refuse(msg_id, as_rpc_error(error))
        except Exception as defect:  # noqa: BLE001 - an answer that cannot be sent is still owed
            self._refuse(msg_id, as_rpc_error(defect))
        for callback in self._after_reply.pop(msg_id, ()):
            callback()

    def _answer(self, msg_id: int | str, result: Any) -> None:
        if isinstance(result, Encoded):
            self._send_body(f'{{"id":{json.dumps(msg_id)},"jsonrpc":"{self.VERSION}","result":{result.json}}}')
        else:
            self._send_response(msg_id, result)

    def _check_handler_result(self, future: Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            log_defect(error)

    def _send_data(self, data: Any) -> None:
        self._send_body(json.dumps(data, default=self._serialize_message, separators=(",", ":")))

    def _send_body(self, json_text: str) -> None:
        if self.writer is None:
            return
        body = json_text.encode("ascii")
        cast("Any", self.writer).write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def _serialize_message(self, data: Any) -> Any:
        if attrs.has(cast("type[Any]", type(data))) or _is_wire(type(data)):
            return self._converter.unstructure(data)
        if isinstance(data, enum.Enum):
            return data.value
        raise TypeError(f"{type(data).__name__} is no wire type")


def _is_wire(kind: Any) -> bool:
    """Told by its method, because pydantic is not imported before it is needed."""
    return hasattr(kind, "model_dump")


def _is_dataclass(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind) and not _is_wire(kind)


def _check_texts(params: Any) -> None:
    """Left to itself, cattrs makes "7" of 7 and "None" of null: a change of the text that nobody made."""
    given = cast("dict[str, Any]", params if isinstance(params, dict) else {})
    holders: list[tuple[str, Any]] = [("textDocument", given.get("textDocument"))]
    if isinstance(changes := given.get("contentChanges"), list):
        holders += ((f"contentChanges[{index}]", change) for index, change in enumerate(cast("list[Any]", changes)))
    for path, holder in holders:
        if isinstance(holder, dict) and not isinstance(cast("dict[str, Any]", holder).get("text", ""), str):
            raise JsonRpcInvalidParams(f"params.{path}.text: expected a string")


def _usable_id(value: Any) -> int | str | None:
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None


def bad_fields(error: BaseException) -> str:
    """Which fields of a message are wrong, with their paths in the words of the wire."""
    from cattrs.v import transform_error

    faults = (fault.rpartition(" @ ") for fault in transform_error(error, path="")[:MAX_REPLY_PATHS])
    return "; ".join(f"{_camel(path.lstrip('.')) or 'params'}: {what}" for what, _, path in faults)


def _camel(path: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), path)
