"""`initialized`, `shutdown`, `exit`."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def initialized(server: Server, _: Any) -> None:
    """The client has its answer: now there is time for what start-up left out."""
    server.start_alone(_settle_in(server))


async def _settle_in(server: Server) -> None:
    await asyncio.to_thread(server.warm_up)
    await asyncio.to_thread(_move_to, str(server.directories.data))
    if server.client.register_configuration:
        registration = types.Registration(
            id="configuration",
            method=types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            register_options={"section": "orchestrator"},
        )
        server.suggest(types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams([registration]))
    from orchestrator.lsp.features import configuration

    # A client that never answers has an index all the same.
    configured = server.start(configuration.refresh(server))
    await asyncio.wait([configured], timeout=configuration.CONFIGURATION_SECONDS)
    from orchestrator.lsp.features import watched_files

    watched_files.register(server)
    server.index.begin()
    await configured


def _move_to(folder: str) -> None:
    """Out of any workspace, to a folder of the user's own. One that cannot be made is the store's to report."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - os.chdir below has no other form either
        os.chdir(folder)
    except OSError:
        pass


async def shutdown(server: Server, _: Any) -> None:
    server.exit_code = 0
    if server.running_index is not None:
        server.running_index.stop()
    await server.close_session()
    server.protocol.refuse_from_now_on()


def leave(server: Server, _: Any) -> None:
    server.leave()
