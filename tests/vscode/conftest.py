"""One VS Code with one window for all tests of this folder: a page costs ten seconds, and much more on a busy machine.

Each module says in `WINDOW` which files and answers it needs; it has outlines of its own, so that no test depends on
another module, and each test has tasks of its own. They begin in a workspace that nobody trusts, and go on when it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.branches import done, sums_up, verdict
from tests.support.vscode import VSCode, npm
from tests.vscode.answers import DECIDE, plan

HERE = Path(__file__).parent
ORDER = tuple(
    f"test_{name}"
    for name in (
        "untrusted",
        "window",
        "tree",
        "chat",
        "list",
        "themes",
        "keyboard",
        "host",
        "embedded",
        "windows",
        "library",
        "restart",
    )
)
"""Trust is given once, and the last leaves a window with another server."""
ANSWERS = [
    DECIDE,
    plan("Draft the message", "Ask Ana to read it", "Send it on Monday", chunk=12, delay=0.01),
    done(),
    sums_up("All packed."),
    verdict(),
    {"when": {"schema": ""}, "answer": "Yes.", "repeat": True},
]
"""To whatever no module has an answer for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In their order, and before all others: a worker that has nothing left takes tests from the end of another's."""
    ours = [item for item in items if HERE in item.path.parents]
    places = {name: number for number, name in enumerate(ORDER)}
    for item in ours:
        item.add_marker(pytest.mark.vscode)
    ours.sort(key=lambda item: places.get(item.path.stem, len(ORDER)))
    items[:] = ours + [item for item in items if HERE not in item.path.parents]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """A picture of what was on the screen when a test failed."""
    report = yield
    given = getattr(item, "funcargs", {})
    for name in ("code", "other"):
        if report.failed and name in given and call.when != "teardown":
            with contextlib.suppress(Exception):
                report.sections.append(("picture", str(given[name].shot(f"failed-{name}-{item.name}"))))
    return report


@pytest.fixture(scope="session")
def built() -> None:
    """The extension as it is packaged, and its tests for inside the extension host."""
    done = npm("build", "--", "--tests")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="package")
def code(built: None, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VSCode]:
    """Not trusted yet. Playwright's loop does not bear another one: it is gone when this folder is done."""
    home = tmp_path_factory.mktemp("vscode")
    ours = [item for item in request.session.items if HERE in item.path.parents]
    modules = dict.fromkeys(getattr(item, "module", None) for item in ours)
    windows: list[dict[str, Any]] = [found for module in modules if (found := getattr(module, "WINDOW", None))]
    for window in windows:
        for name, text in window["files"].items():
            (home / "work" / name).parent.mkdir(parents=True, exist_ok=True)
            (home / "work" / name).write_text(text)
    script = [answer for window in windows for answer in window.get("script", ())]
    environment: dict[str, str] = {}
    for window in windows:
        environment |= window.get("environment", {})
    with VSCode(home, trusted=False, script=[*script, *ANSWERS], environment=environment) as window:
        window.open()
        window.page.locator('.activitybar a[aria-label^="Orchestrator"]').click()
        yield window


@pytest.fixture(scope="package")
def page(code: VSCode) -> Page:
    """The page of the window, which is trusted, with a server that runs."""
    if not code.trusted:
        code.trust()
    code.until("the server", lambda: code.inside("state") == "ready")
    return code.page
