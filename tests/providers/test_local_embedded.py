"""The real embedded model in its own process. The weights are fetched by `make test`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.patience import PATIENCE

from orchestrator.config import Directories, LocalOptions
from orchestrator.errors import ProviderDownError, ProviderUnavailableError
from orchestrator.model.message import Message, Speaker
from orchestrator.providers import local_door, weights
from orchestrator.providers.base import Finished, FinishReason, Request, TextDelta
from orchestrator.providers.local import LocalProvider
from orchestrator.providers.local_door import Address

pytestmark = pytest.mark.embedded

REQUEST = Request(
    "smollm2", "", (Message(Speaker.USER, "Name three things that one needs to bake bread."),), 40, temperature=0.0
)
LONG = replace(REQUEST, messages=(Message(Speaker.USER, "Write a very long story about the sea."),), max_tokens=3000)
GRAMMAR = 'root ::= ("red" | "green" | "blue") " " ("cat" | "dog")\n'


@pytest.fixture(scope="module")
def gguf() -> Path:
    path = weights.path_of(weights.known("smollm2"), Directories.default())
    assert path.exists(), "run `orchestrator models pull smollm2` first (`make test` does)"
    return path


@pytest.fixture
def folder(tmp_path) -> Path:
    """The cache folder, so that these children are nobody else's."""
    return tmp_path / "cache"


def provider_in(folder: Path, gguf: Path) -> LocalProvider:
    options = LocalOptions.model_validate({"weights": str(gguf), "threads": 2})
    return LocalProvider(options, 60, Directories(folder, folder, folder))


@pytest.fixture
async def provider(folder, gguf):
    made = provider_in(folder, gguf)
    yield made
    await made.aclose()


async def run(provider: LocalProvider, request: Request = REQUEST) -> list:
    return [event async for event in provider.stream(request)]


async def run_out(stream) -> None:
    async for _ in stream:
        pass


def text_of(events: list) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def address_in(folder: Path) -> Address:
    (rendezvous,) = (folder / "local").glob("child-*.json")
    address = local_door.read_address(rendezvous)
    assert address is not None
    return address


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


async def test_real_tokens_stream(provider):
    events = await run(provider)
    assert len(events) > 5, "in pieces, not at once"
    assert isinstance(events[-1], Finished)
    assert events[-1].reason is FinishReason.MAX_TOKENS
    assert events[-1].usage.output_tokens == 40
    assert not events[-1].usage.estimated
    assert text_of(events).strip()
    assert text_of(await run(provider)) == text_of(events), "greedy: the same again"


async def test_a_grammar_is_kept_to(provider):
    events = await run(provider, replace(REQUEST, grammar=GRAMMAR))
    assert text_of(events) in {f"{colour} {pet}" for colour in ("red", "green", "blue") for pet in ("cat", "dog")}


async def test_cancelling_frees_the_slots(provider):
    """Two long calls fill both slots. Left early, they must not hold them for the minutes that they would take."""
    await run(provider)

    async def begin_and_leave() -> None:
        async with aclosing(provider.stream(LONG)) as events:
            async for _ in events:
                return

    async def begin_and_be_cancelled() -> None:
        task = asyncio.ensure_future(run(provider, LONG))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    await asyncio.gather(begin_and_leave(), begin_and_be_cancelled())
    async with asyncio.timeout(PATIENCE):
        await run(provider, replace(REQUEST, max_tokens=3))


async def test_two_calls_at_once(provider):
    first, second = await asyncio.gather(run(provider), run(provider, replace(REQUEST, grammar=GRAMMAR)))
    assert text_of(first)
    assert text_of(second)


async def test_a_crash_is_retryable_and_mended(provider, folder):
    await run(provider)
    pid = address_in(folder).pid
    stream = provider.stream(LONG)
    assert await anext(stream)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ProviderDownError) as caught:
        await run_out(stream)
    assert caught.value.retryable
    assert "starts anew" in caught.value.hint
    assert text_of(await run(provider))
    assert address_in(folder).pid != pid


async def test_a_crash_between_calls_is_not_even_seen(provider, folder):
    await run(provider)
    pid = address_in(folder).pid
    os.kill(pid, signal.SIGKILL)
    (seat,) = provider._seats.values()
    assert wait_until(lambda: not seat.taken)
    assert text_of(await run(provider))


async def test_the_port_wants_the_key_and_serves_no_web_page(provider, folder):
    await run(provider)
    address = address_in(folder)

    def post(headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        body = json.dumps({"model": "embedded", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1})
        request = urllib.request.Request(
            f"{address.base_url}/chat/completions", body.encode(), {"Content-Type": "application/json", **headers}
        )
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
                return answer.status, dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers)

    stranger = {"Origin": "https://evil.example"}
    for headers in ({}, {"Authorization": "Bearer wrong"}, stranger):
        status, answered = await asyncio.to_thread(post, headers)
        assert status == 401
        assert "evil" not in str(answered)
    status, answered = await asyncio.to_thread(post, {"Authorization": f"Bearer {address.key}", **stranger})
    assert status == 200
    assert "evil" not in str(answered)
    assert "true" not in str(answered.get("Access-Control-Allow-Credentials", "")).lower()


async def test_no_key_in_argv_or_environment(provider, folder, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-our-secret")
    await run(provider)
    address = address_in(folder)
    process = Path(f"/proc/{address.pid}")
    for file in ("cmdline", "environ"):
        content = (process / file).read_bytes()
        assert address.key.encode() not in content
        assert b"sk-our-secret" not in content
    assert b"-P" in (process / "cmdline").read_bytes().split(b"\0")
    assert (process / "cwd").resolve() == (folder / "local").resolve()


def test_the_child_prints_one_line(tmp_path, gguf):
    order = {"weights": str(gguf), "threads": 1, "context": 512, "rendezvous": str(tmp_path / "child.json")}
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "orchestrator.providers.local_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(order).encode() + b"\n")
        child.stdin.close()
        lease = local_door.knock(Address(**json.loads(child.stdout.readline())["ready"]))
        assert lease is not None
        assert child.stdout.read() == b"", "and then stdout is closed to it"
        lease.close()
        assert child.wait(60) == 0
    assert not (tmp_path / "child.json").exists()


USER = """
import asyncio, sys
from pathlib import Path
from tests.providers.test_local_embedded import REQUEST, provider_in, run
async def main():
    provider = provider_in(Path(sys.argv[1]), Path(sys.argv[2]))
    await run(provider)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


def start_user(folder: Path, gguf: Path) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(folder), str(gguf)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    )


def test_processes_share_a_child(folder, gguf):
    """Three start at the same moment; one child serves them, until the last of them was killed."""
    users = [start_user(folder, gguf) for _ in range(3)]
    try:
        for user in users:
            assert user.stdout is not None
            assert user.stdout.readline() == b"ready\n"
        pid = address_in(folder).pid
        users[0].kill()
        users[1].kill()
        users[0].wait()
        time.sleep(4)  # longer than the grace
        assert runs(pid), "one user is left"
    finally:
        for user in users:
            user.kill()
            user.communicate()
    assert wait_until(lambda: not runs(pid))


async def test_child_ends_with_its_last_user(folder, gguf):
    user = start_user(folder, gguf)
    assert user.stdout is not None
    assert await asyncio.to_thread(user.stdout.readline) == b"ready\n"
    pid = address_in(folder).pid
    user.send_signal(signal.SIGKILL)
    user.communicate()
    assert await asyncio.to_thread(wait_until, lambda: not runs(pid))
    assert not list((folder / "local").glob("child-*.json"))


async def test_weights_that_do_not_load_say_so(folder, tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(4096))
    provider = provider_in(folder, broken)
    with pytest.raises(ProviderUnavailableError, match=r"could not load broken\.gguf"):
        await run(provider)
    await provider.aclose()
