"""`workspace/didChangeConfiguration`, and asking the client for our section."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from orchestrator.lsp.features import watched_files
from orchestrator.lsp.settings import SECTION

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

CONFIGURATION_SECONDS = 5.0
"""How long what depends on the settings waits for the client to say them."""


def did_change(server: Server, params: types.DidChangeConfigurationParams) -> None:
    """Clients that can be asked send nothing of use here; the others send all settings, or our section alone."""
    if server.client.configuration:
        server.start_alone(refresh(server))
        return
    given: Any = params.settings
    if isinstance(given, Mapping):
        settings = cast("Mapping[str, Any]", given)
        use(server, settings.get(SECTION, settings))


async def refresh(server: Server) -> None:
    if not server.client.configuration:
        use(server, server.client.options.get("settings"))
        return
    wanted = types.ConfigurationParams(items=[types.ConfigurationItem(section=SECTION)])
    asking = cast("asyncio.Task[Any]", asyncio.current_task())
    server.asking_settings.add(asking)
    try:
        answer = await server.protocol.ask(types.WORKSPACE_CONFIGURATION, wanted)
    except JsonRpcException:
        return  # what was in force stays so
    finally:
        server.asking_settings.discard(asking)
    values = answer[0] if answer else None
    use(server, values or server.client.options.get("settings"))


async def answered(server: Server) -> None:
    """When the client has said the settings that it was asked for; or does not say them."""
    if server.asking_settings:
        await asyncio.wait(tuple(server.asking_settings), timeout=CONFIGURATION_SECONDS)


def use(server: Server, values: Any) -> None:
    if not server.settings_in_force.use_editor(values):
        return
    server.documents.use_limit(server.settings.outline.max_bytes)
    if server.running_index is not None:
        watched_files.register(server)
        server.running_index.use_settings()
    if server.running_session is not None:
        server.running_session.configure(server.settings)
    for document in server.documents:
        server.changed(document)
    if server.client.refresh_lenses:
        server.suggest(types.WORKSPACE_CODE_LENS_REFRESH, None)
    if server.client.refresh_hints:
        server.suggest(types.WORKSPACE_INLAY_HINT_REFRESH, None)
    if server.client.refresh_tokens:
        server.suggest(types.WORKSPACE_SEMANTIC_TOKENS_REFRESH, None)
    if server.client.refresh_diagnostics:
        server.suggest(types.WORKSPACE_DIAGNOSTIC_REFRESH, None)
