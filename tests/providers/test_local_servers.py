"""A model server on this computer is found, whatever else listens there."""

import asyncio
import json

import pytest
from tests.support.fault_server import Bytes, FaultServer, Page, Redirect, Silence, Status

from orchestrator.providers.local_servers import MAX_MODELS, LocalServer, probe_local_servers


async def test_a_server_is_found_with_its_models():
    async with FaultServer() as server:
        server.models = ["llama3.2:3b", "qwen"]
        port = int(server.host.partition(":")[2])
        found = await probe_local_servers({"ollama": port, "nobody": 9})
        assert found == (LocalServer("ollama", server.openai, ("llama3.2:3b", "qwen")),)
        assert server.calls[0].path == "/v1/models"
        assert "authorization" not in server.calls[0].headers


@pytest.mark.parametrize(
    "behaviour",
    [
        Page(),
        Page(200, "[]", "application/json"),
        Page(200, '{"data": {"id": "x"}}', "application/json"),
        Page(200, "[" * 100_000, "application/json"),
        Page(200, "x" * 3_000_000),
        Status(401),
        Redirect("http://evil.example/"),
        Silence(),
        Bytes(b"+PONG\r\n"),
        Bytes(b""),
    ],
)
async def test_a_strange_server_is_no_model(behaviour):
    async with FaultServer() as server:
        server.then(behaviour)
        port = int(server.host.partition(":")[2])
        assert await asyncio.wait_for(probe_local_servers({"strange": port}), 5) == ()


async def test_names_are_shown_without_escapes_and_not_endlessly():
    names = [{"id": "\x1b[31mred"}, {"id": 3}, "x", *({"id": f"m{number}"} for number in range(500))]
    async with FaultServer() as server:
        server.then(Page(200, json.dumps({"data": names}), "application/json"))
        [found] = await probe_local_servers({"it": int(server.host.partition(":")[2])})
        assert found.models[0] == "[31mred"
        assert len(found.models) == MAX_MODELS
