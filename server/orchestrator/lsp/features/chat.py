"""`orchestrator/chat/*`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from orchestrator.lsp.protocol_chat import (
    ChatCancelParams,
    ChatCancelResult,
    ChatExtractParams,
    ChatExtractResult,
    ChatFindParams,
    ChatFindResult,
    ChatForkParams,
    ChatInfo,
    ChatListParams,
    ChatListResult,
    ChatMessageParams,
    ChatModelParams,
    ChatOpenParams,
    ChatOpenResult,
    ChatPageParams,
    ChatPageResult,
    ChatParams,
    ChatRenameParams,
    ChatRetryParams,
    ChatSendParams,
    ChatSendResult,
)
from orchestrator.lsp.validation import validated
from orchestrator.lsp.wire import Done

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


@validated(ChatOpenParams)
def open_chat(server: Server, params: ChatOpenParams) -> Coroutine[Any, Any, ChatOpenResult]:
    return server.chats.open(params)


@validated(ChatPageParams)
def page(server: Server, params: ChatPageParams) -> Coroutine[Any, Any, ChatPageResult]:
    return server.chats.page(params)


@validated(ChatFindParams)
def find(server: Server, params: ChatFindParams) -> Coroutine[Any, Any, ChatFindResult]:
    return server.chats.find(params)


@validated(ChatParams)
def close(server: Server, params: ChatParams) -> Done:
    server.chats.close(params)
    return Done()


@validated(ChatSendParams)
def send(server: Server, params: ChatSendParams) -> Coroutine[Any, Any, ChatSendResult]:
    return server.chats.send(params)


@validated(ChatRetryParams)
def retry(server: Server, params: ChatRetryParams) -> Coroutine[Any, Any, ChatSendResult]:
    return server.chats.retry(params)


@validated(ChatCancelParams)
def cancel(server: Server, params: ChatCancelParams) -> Coroutine[Any, Any, ChatCancelResult]:
    return server.chats.cancel(params)


@validated(ChatListParams)
def chats(server: Server, params: ChatListParams) -> Coroutine[Any, Any, ChatListResult]:
    return server.chats.list(params)


@validated(ChatRenameParams)
def rename(server: Server, params: ChatRenameParams) -> Coroutine[Any, Any, ChatInfo]:
    return server.chats.rename(params)


@validated(ChatModelParams)
def use_model(server: Server, params: ChatModelParams) -> Coroutine[Any, Any, ChatInfo]:
    return server.chats.use_model(params)


@validated(ChatParams)
async def delete(server: Server, params: ChatParams) -> Done:
    await server.chats.delete(params)
    return Done()


@validated(ChatForkParams)
def fork(server: Server, params: ChatForkParams) -> Coroutine[Any, Any, ChatInfo]:
    return server.chats.fork(params)


@validated(ChatMessageParams)
def select(server: Server, params: ChatMessageParams) -> Coroutine[Any, Any, ChatInfo]:
    return server.chats.select(params)


@validated(ChatParams)
def restart(server: Server, params: ChatParams) -> Coroutine[Any, Any, ChatSendResult]:
    return server.chats.restart(params)


@validated(ChatExtractParams)
def extract(server: Server, params: ChatExtractParams) -> Coroutine[Any, Any, ChatExtractResult]:
    return server.chats.extract(params)
