"""One VS Code for the tests of a module, and the outline that each of them works on."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.vscode import BIN, EXTENSION, VSCode, alone

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.vscode)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A picture of what was on the screen when a test failed."""
    report = yield
    window = getattr(item, "funcargs", {}).get("code")
    if report.failed and window is not None and call.when != "teardown":
        with contextlib.suppress(Exception):
            report.sections.append(("picture", str(window.shot(f"failed-{item.name}"))))
    return report


def npm(*argv: str) -> subprocess.CompletedProcess[str]:
    """One of the extension's own commands, with the Node of the wheel."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1"}
    with alone():
        return subprocess.run(
            [str(BIN / "npm"), "run", "--silent", *argv],
            cwd=EXTENSION,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def built() -> None:
    """The extension as it is packaged, and its tests for inside the extension host."""
    done = npm("build", "--", "--tests")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def code(built: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VSCode]:
    """Started with what the module's `WINDOW` says. Playwright's loop does not bear another one: module scope."""
    home = tmp_path_factory.mktemp("vscode")
    options = dict(request.module.WINDOW)
    for name, text in options.pop("files", {}).items():
        (home / "work" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "work" / name).write_text(text)
    with VSCode(home, **options) as window:
        yield window
