"""The host that a person sees is the host that is called."""

import asyncio
import contextlib

import pytest
from tests.providers.support import VENDORS, collect, open_provider, text_of
from tests.support.fault_server import Answer, FaultServer

from orchestrator.config import Settings
from orchestrator.providers import anthropic, openai
from orchestrator.providers.addresses import Address, checked, is_loopback, vendor_address
from orchestrator.providers.keys import Keys
from orchestrator.providers.sdk_call import http_client

MODULES = {"anthropic": anthropic, "openai": openai}


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_setting_comes_first_then_the_environment_then_the_default(vendor: str, tmp_path):
    spec = MODULES[vendor].SPEC
    variable = f"{vendor.upper()}_BASE_URL"
    plain, exported = Keys.load(tmp_path, {}), Keys.load(tmp_path, {variable: "http://proxy.example:8080/v1/"})
    chosen = Settings.model_validate({vendor: {"baseUrl": "https://mine.example/v1"}})
    assert spec.destination(Settings(), plain).source == "default"
    assert spec.destination(Settings(), plain).host == f"api.{vendor}.com"
    assert spec.destination(Settings(), exported).host == "proxy.example:8080"
    assert spec.destination(Settings(), exported).source == f"environment {variable}"
    assert spec.destination(chosen, exported).host == "mine.example"
    assert spec.destination(chosen, exported).source == f"setting {vendor}.baseUrl"


@pytest.mark.parametrize("vendor", VENDORS)
def test_availability_tells_of_another_address(vendor: str, tmp_path):
    environment = {f"{vendor.upper()}_BASE_URL": "http://proxy.example", f"{vendor.upper()}_API_KEY": "sk-12345678"}
    available = MODULES[vendor].SPEC.availability(Settings(), Keys.load(tmp_path, environment))
    assert available.usable
    assert "proxy.example" in available.detail
    assert "not encrypted" in available.detail
    assert "sk-12345678" not in available.detail


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_is_wrong_in_the_environment_is_mended_there(vendor: str, tmp_path):
    """A key that is set elsewhere would never be used: the environment goes first."""
    name = vendor.upper()
    for environment in ({f"{name}_API_KEY": "two words"}, {f"{name}_BASE_URL": "no address"}):
        available = MODULES[vendor].SPEC.availability(Settings(), Keys.load(tmp_path, environment))
        assert not available.usable
        assert available.mend == f"unset {next(iter(environment))}"


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_host_shown_is_the_host_called(vendor: str, tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Neither the SDK's own variables nor a proxy of the environment lead elsewhere."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with FaultServer() as server:
        base_url = server.anthropic if vendor == "anthropic" else server.openai
        settings = Settings.model_validate({vendor: {"baseUrl": base_url}})
        keys = Keys.load(tmp_path, {f"{vendor.upper()}_API_KEY": "sk-12345678"})
        assert MODULES[vendor].SPEC.destination(settings, keys).host == server.host
        provider = MODULES[vendor].SPEC.create(settings, keys)
        server.then(Answer("here"))
        assert text_of(await collect(provider)) == "here"
        assert server.calls[0].headers["host"] == server.host
        await provider.aclose()


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_redirect_is_not_followed(vendor: str):
    from tests.support.fault_server import Redirect

    from orchestrator.errors import RequestRejectedError

    async with FaultServer() as server, FaultServer() as elsewhere, open_provider(vendor, server) as provider:
        for code in (301, 302, 303, 307, 308):
            server.then(Redirect(f"{elsewhere.openai}/chat/completions", code))
            with pytest.raises(RequestRejectedError, match=elsewhere.host):
                await collect(provider)
        assert not elsewhere.calls


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com",
        "ftp://example.com",
        "http://",
        "http://user:pass@example.com",
        "http://[::1",
        "http://example.com:port",
        "https://example.com/?key=1",
        "https://example.com/\n",
        "https://exa mple.com",
        "https://b\u00fccher.example",
        "https://example.com\\@evil.example",
        "file:///etc/passwd",
    ],
)
def test_a_bad_address_is_not_used(url: str):
    address = checked(url, "setting openai.baseUrl")
    assert "setting openai.baseUrl" in address.problem
    assert "pass@" not in address.problem
    assert address.host == ""


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("LOCALHOST.", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True),
     ("0.0.0.0", False), ("192.168.1.2", False), ("localhost.evil.example", False), ("", False)],
)  # fmt: skip
def test_what_is_this_computer(host: str, expected: bool):
    assert is_loopback(host) is expected


def test_a_trailing_slash_is_no_other_address():
    assert vendor_address("https://x.example/v1/", "o", "V", "d", {}).url == "https://x.example/v1"


async def test_a_call_to_this_computer_has_a_connection_of_its_own():
    """One that was kept may be closed by the other side just when it is used again."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with http_client(Address(f"http://127.0.0.1:{port}/v1", "embedded"), 30) as client:
            for _ in range(3):
                assert (await client.get(f"http://127.0.0.1:{port}/v1")).text == "ok"
    assert connections == 3
