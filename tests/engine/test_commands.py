"""Running an approved command: what is found, what it sees, and that it ends."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from orchestrator.engine import commands
from orchestrator.engine.commands import find_program, run, scrubbed, search_path
from orchestrator.errors import ToolError

PYTHON = Path(sys.executable)


async def python(code: str, folder: Path, seconds: float = 20.0, environ: dict[str, str] | None = None, **more):
    environ = {"PATH": os.environ["PATH"]} if environ is None else environ
    return await run(PYTHON, ("python", "-c", code), folder, environ, seconds, **more)


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho owned\n")
    path.chmod(0o755)
    return path


def test_programs_of_the_folder_are_not_found(tmp_path: Path):
    folder = tmp_path / "ws"
    for place in ("pytest", "bin/pytest", ".venv/bin/pytest", "node_modules/.bin/pytest", "rg", "git", "python3"):
        program(folder / place)
    link_farm = tmp_path / "elsewhere"
    link_farm.mkdir()
    (link_farm / "pytest").symlink_to(folder / "pytest")
    (link_farm / "into").symlink_to(folder / "bin")
    path = ":".join(
        [str(folder), str(folder / "bin"), ".", "", "bin", str(link_farm), str(link_farm / "into"), "/usr/bin"]
    )
    environ = {"PATH": path}
    with pytest.raises(ToolError, match="only inside the workspace"):
        find_program("pytest", folder, environ)
    assert find_program("git", folder, environ) == Path("/usr/bin/git")
    assert search_path(folder, environ) == [str(link_farm), "/usr/bin"]
    with pytest.raises(ToolError, match="not installed"):
        find_program("no-such-program", folder, environ)


def test_only_the_users_own_setting_names_a_program_of_the_folder(tmp_path: Path):
    named = program(tmp_path / "ws" / ".venv" / "bin" / "pytest")
    assert find_program("pytest", tmp_path / "ws", {"PATH": "/usr/bin"}, [str(named)]) == named
    for entry in (str(named.parent), "pytest", ".venv/bin/pytest", str(named) + "-other"):
        with pytest.raises(ToolError):
            find_program("pytest", tmp_path / "ws", {"PATH": "/nowhere"}, [entry])


def test_a_folder_that_differs_in_case_only_is_the_folder(tmp_path: Path):
    program(tmp_path / "WS" / "bin" / "tool")
    assert search_path(tmp_path / "ws", {"PATH": str(tmp_path / "WS" / "bin")}) == []


def test_no_key_is_in_the_environment(tmp_path: Path):
    key = "sk-ant-0123456789"
    environ = {
        "PATH": f"{tmp_path}/bin:/usr/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "EDITOR": "vi",
        "ANTHROPIC_API_KEY": key, "openai_api_key": "x", "MY_SERVER_API_KEY": "y", "GITHUB_TOKEN": "z",
        "DB_PASSWORD": "p",
        "AWS_PROFILE": "a", "SSH_AUTH_SOCK": "/tmp/agent", "ORCHESTRATOR_MODEL": "m",
        "INNOCENT": f"prefix {key} suffix",
        "HTTPS_PROXY": "http://me:pass@proxy", "HTTP_PROXY": "http://proxy:80", "LD_PRELOAD": "/evil.so",
        "PYTHONPATH": "/evil", "OPENAI_CUSTOM_HEADERS": "h", "GH_PAT": "t", "SHORT": "abc",
    }  # fmt: skip
    kept = scrubbed(environ, [key, "abc"], tmp_path)
    assert kept == {
        "PATH": "/usr/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "EDITOR": "vi", "HTTP_PROXY": "http://proxy:80",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SHORT": "abc",
    }  # fmt: skip


async def test_a_command_runs_in_the_folder_without_a_shell(tmp_path: Path):
    code = "import os, sys; print(os.getcwd(), sys.argv[1:], sys.stdin.read()); sys.stderr.write('err'); sys.exit(3)"
    argv = ("python", "-c", code, "a b", "$(touch pwned)", "; touch pwned", "*")
    outcome = await run(PYTHON, argv, tmp_path, {}, 20)
    assert outcome.exit_code == 3
    assert not outcome.passed
    assert outcome.output == f"{tmp_path} ['a b', '$(touch pwned)', '; touch pwned', '*'] \nerr"
    assert not (tmp_path / "pwned").exists()
    assert commands.CommandOutcome.from_json(outcome.to_json()) == outcome


async def test_a_giant_output_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    outcome = await python("print('start'); print('x' * 10_000_000); print('the end')", tmp_path)
    assert outcome.passed
    assert outcome.output.startswith("start")
    assert outcome.output.endswith("the end\n")
    assert len(outcome.output) < 40_000
    assert "bytes left out" in outcome.output
    monkeypatch.setattr(commands, "MAX_OUTPUT_BYTES", 1_000_000)
    endless = await python("while True: print('y' * 9999)", tmp_path)
    assert endless.exit_code is None
    assert "wrote more than" in endless.summary


async def test_output_that_is_no_text_is_text(tmp_path: Path):
    outcome = await python("import sys; sys.stdout.buffer.write(b'\\xff\\x00ok')", tmp_path)
    assert outcome.output == "\N{REPLACEMENT CHARACTER}\0ok"


async def test_a_key_that_is_printed_is_taken_out(tmp_path: Path):
    outcome = await python("print('sk-' + 'secret-0123456789')", tmp_path, secrets=["sk-secret-0123456789"])
    assert outcome.output == "[key removed]\n"


def alive(marker: Path) -> bool:
    """Whether the process that wrote its number there is still running."""
    number = int(marker.read_text())
    try:
        return "Z" not in Path(f"/proc/{number}/stat").read_text().split(")")[1].split()[0]
    except OSError:
        return False


STAY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c",
"import time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"])
open("child", "w").write(str(child.pid))
"""


def is_written(path: Path) -> bool:
    return path.exists() and path.read_text() != ""


async def until_there(path: Path) -> None:
    while not is_written(path):
        await asyncio.sleep(0.02)


async def test_a_command_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commands, "GRACE_SECONDS", 0.2)
    done = await python(STAY, tmp_path)
    assert done.passed, "it ended; what it left in the background holds its output open"
    assert done.seconds < 45, "not after the minute that it would have taken"
    assert not alive(tmp_path / "child")


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commands, "GRACE_SECONDS", 0.2)
    outcome = await python(STAY + "print('begun', flush=True)\ntime.sleep(60)", tmp_path, seconds=2)
    assert (outcome.exit_code, outcome.summary) == (None, "stopped after 2 seconds")
    assert outcome.output == "begun\n"
    assert not alive(tmp_path / "child")


async def test_stopping_the_task_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commands, "GRACE_SECONDS", 0.2)
    task = asyncio.ensure_future(python(STAY + "time.sleep(60)", tmp_path))
    await until_there(tmp_path / "child")
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started < 45, "not after the minute that it would have taken"
    assert not alive(tmp_path / "child")


async def test_what_cannot_be_started_is_said(tmp_path: Path):
    (tmp_path / "odd").write_text("no program")
    with pytest.raises(ToolError, match="cannot be started"):
        await run(tmp_path / "odd", ("odd",), tmp_path, {}, 5)
