"""A workspace that nobody trusts, and a machine without the server."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.vscode import BIN, PATIENCE, VSCode

PLAN = "# Trip\n\n- [ ] Pack  [mode:: auto]\n  - [ ] Socks\n"
WINDOW: dict[str, Any] = {
    "files": {"plan.tasks.md": PLAN, ".vscode/settings.json": json.dumps({"orchestrator.server.path": "/bin/false"})},
    "trusted": False,
    "script": [],
    # Python as the tests were installed with, and no `orchestrator`: that is named in the person's own settings.
    "environment": {"PATH": f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"},
}


@pytest.fixture(scope="module")
def page(code: VSCode) -> Page:
    opened = code.open("plan.tasks.md")
    opened.locator(".editor-instance .view-line", has_text="Pack").wait_for()
    opened.locator('.activitybar a[aria-label="Orchestrator"]').click()
    code.row("Pack").wait_for()
    return opened


def test_what_reads_works_and_nothing_runs(code: VSCode, page: Page) -> None:
    page.locator(".editor-instance .view-line", has_text="Pack").click()
    expect(page.locator(".codelens-decoration").get_by_text("Run").first).to_be_visible(timeout=PATIENCE)
    page.locator(".codelens-decoration").get_by_text("Run").first.click()
    told = page.locator(".notification-list-item", has_text="not trusted")
    expect(told.first).to_be_visible(timeout=PATIENCE)
    code.shot("untrusted")
    page.keyboard.press("Alt+Enter")
    page.locator(".editor-instance .view-line", has_text="[/] Pack").wait_for()
    page.keyboard.press("Control+z")
    assert (code.workspace / "plan.tasks.md").read_text() == PLAN


def test_a_server_that_is_missing_is_installed(code: VSCode, page: Page) -> None:
    """By a real pip into a real environment, from a wheel on the disk that starts the server of the tests."""
    before = sorted(path.name for path in code.workspace.iterdir())
    settings = code.home / "data" / "Machine" / "settings.json"
    settings.write_text(json.dumps({"orchestrator.server.distribution": str(stand_in(code.home))}))
    code.command("Developer: Reload Window")
    page.locator(".pane-body .welcome-view-content", has_text="language server is not installed").wait_for()
    expect(page.locator(".statusbar-item", has_text="not installed")).to_be_visible()
    code.shot("missing")
    page.locator(".welcome-view-content").get_by_role("button", name="Install Server").click()
    expect(page.locator(".notification-list-item", has_text="Orchestrator server")).to_be_visible(timeout=PATIENCE)
    code.shot("installing")
    code.row("Pack").wait_for()
    storage = code.home / "data" / "User" / "globalStorage" / "orchestrator.orchestrator"
    assert (storage / "server" / "bin" / "orchestrator").exists()
    assert sorted(path.name for path in code.workspace.iterdir()) == before


def stand_in(folder: Path) -> Path:
    """A wheel without dependencies whose program hands over to the server in the environment of the tests."""
    name = "orchestrator_ls-9.9.9"
    program = str(BIN / "orchestrator")
    files = {
        "stand_in.py": f"import os, sys\n\ndef main():\n    os.execv({program!r}, [{program!r}, *sys.argv[1:]])\n",
        f"{name}.dist-info/METADATA": "Metadata-Version: 2.1\nName: orchestrator-ls\nVersion: 9.9.9\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}.dist-info/entry_points.txt": "[console_scripts]\norchestrator = stand_in:main\n",
    }
    files[f"{name}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{name}.dist-info/RECORD"))
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as opened:
        for path, text in files.items():
            opened.writestr(path, text)
    return wheel
