"""Look for a model server that the person runs on this computer already.

Apart from the registry because it opens connections: only `orchestrator models` asks, and what is found is offered,
never chosen. Only this computer's own address is tried.

Invariant: whatever listens there, the answer is a list and comes in time (test_a_strange_server_is_no_model).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from orchestrator.providers.redaction import redact

TIMEOUT = 0.7
"""Seconds for all of them together: a server on this computer answers at once or is not there."""
MAX_MODELS = 50
MAX_BYTES = 1_000_000

USUAL_PORTS: Mapping[str, int] = {"ollama": 11434, "lmstudio": 1234, "llamacpp": 8080}
"""Where these programs listen if nobody told them otherwise."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    name: str
    """Of the program that usually listens there; good as the name of an endpoint."""
    base_url: str
    models: tuple[str, ...]


async def probe_local_servers(ports: Mapping[str, int] = USUAL_PORTS) -> tuple[LocalServer, ...]:
    """Those that answer as OpenAI's protocol says, with the models that they have."""
    found = await asyncio.gather(*(_probe(name, port) for name, port in ports.items()))
    return tuple(server for server in found if server is not None)


async def _probe(name: str, port: int) -> LocalServer | None:
    import httpx2

    base_url = f"http://127.0.0.1:{port}/v1"
    try:
        async with (
            asyncio.timeout(TIMEOUT),
            httpx2.AsyncClient(trust_env=False, timeout=TIMEOUT) as client,
            client.stream("GET", f"{base_url}/models") as response,
        ):
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    return None
            models = _model_names(json.loads(body)) if response.status_code == 200 else None
    except (httpx2.HTTPError, TimeoutError, OSError, ValueError, RecursionError):
        return None
    return LocalServer(name, base_url, models) if models is not None else None


def _model_names(body: Any) -> tuple[str, ...] | None:
    """None where this is no list of models."""
    entries = cast("dict[str, Any]", body).get("data") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        return None
    named = [cast("dict[str, Any]", entry).get("id") for entry in cast("list[Any]", entries) if isinstance(entry, dict)]
    names = [redact(name) for name in named if isinstance(name, str)]
    return tuple(names[:MAX_MODELS])
