"""What a crash, a reload and a server that is gone leave behind. The last: the server is another one afterwards."""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.branches import does
from tests.support.vscode import BIN, PATIENCE, VSCode

MOVE = """\
- [ ] Move house  [mode:: auto]
  1. [ ] Pack boxes
  2. [ ] Carry boxes
  3. [ ] Clean the rooms
"""
WINDOW: dict[str, Any] = {
    # Python as the tests were installed with, and no `orchestrator`: that is named in the person's own settings.
    "environment": {"PATH": f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"},
    "files": {"house.tasks.md": MOVE},
    # Long enough that the second is under way whenever somebody looks, and no test waits for all of it.
    "script": [does("Pack boxes"), does("Carry boxes", delay=4.0), does("Clean the rooms")],
}


def asked(code: VSCode, title: str) -> int:
    """How often the model was asked to do a task, over all servers."""
    lines = [json.loads(line) for line in code.asked.read_text().splitlines()]
    begun = [line["asked"] for line in lines if line["what"] == "begun" and line["schema"] == "execute"]
    return sum(f"Task:\n  {title}\n" in text for text in begun)


def resume(code: VSCode) -> None:
    """By the question that the server asks when it finds the run."""
    told = code.message("was cut off while it ran")
    told.get_by_role("button", name="Resume").click()


@pytest.fixture(scope="module")
def running(code: VSCode, page: Page) -> None:
    """The first task is paid, the second under way; a conversation is open beside it, with half a thought."""
    code.inside("tidy")
    code.inside("show", "house.tasks.md", "Clean the rooms")
    code.inside("command", "orchestrator.chat")
    chat = code.webview()
    chat.locator("#title", has_text="Clean the rooms").wait_for()
    chat.locator("#box").fill("Who has the key?")
    chat.locator("#box").press("Enter")
    expect(chat.locator("article.assistant")).to_contain_text("Yes.", timeout=PATIENCE)
    chat.locator("#box").fill("half a thought")
    code.kept("half a thought")
    code.kept("Clean the rooms")  # the panel
    code.cursor("Move house")
    code.inside("command", "orchestrator.run")
    code.line("[x] Pack boxes").wait_for()
    code.until("the second task", lambda: asked(code, "Carry boxes") == 1)


def test_a_run_goes_on_when_its_server_was_killed(code: VSCode, page: Page, running: None) -> None:
    code.inside("killServer")
    expect(code.row("Move house", "Runs").first).to_contain_text("paused", timeout=PATIENCE)
    code.message("was cut off while it ran").wait_for()
    code.shot("killed")
    resume(code)
    code.until("the second task, again", lambda: asked(code, "Carry boxes") == 2)


def test_it_goes_on_when_the_window_was_left(code: VSCode, page: Page, running: None) -> None:
    code.inside("command", "workbench.action.files.saveAll")
    code.again()
    expect(code.webview().locator("article.assistant").last).to_contain_text("Yes.", timeout=PATIENCE)
    expect(code.webview().locator("article.assistant .foot").last).to_contain_text("scripted/test · ")
    expect(code.webview().locator("#box")).to_have_value("half a thought")
    assert [text for text in code.console if "Content Security Policy" in text and "orchestrator" in text] == []
    code.shot("restored")
    resume(code)
    page.locator('.activitybar a[aria-label^="Orchestrator"]').click()
    code.line("[x] Move house").wait_for()
    expect(code.row("Move house", "Runs").first).to_contain_text("completed", timeout=PATIENCE)
    code.shot("resumed")
    # What was done is not paid again; what was under way when somebody pulled the plug is, at most once for each time.
    assert (asked(code, "Pack boxes"), asked(code, "Clean the rooms")) == (1, 1)
    assert asked(code, "Carry boxes") <= 3


def test_nothing_of_the_extension_went_wrong(code: VSCode, page: Page) -> None:
    assert [text for text in code.console if "orchestrator.orchestrator" in text and "ERR" in text] == []


def test_a_program_that_is_no_server_is_said_once(code: VSCode, page: Page) -> None:
    code.inside("show", "house.tasks.md")  # who looks at no outline is not disturbed
    code.inside("command", "notifications.clearAll")
    code.set_machine(server__path="/bin/false")
    expect(page.locator(".statusbar-item", has_text="Orchestrator: not running")).to_be_visible(timeout=PATIENCE)
    told = page.locator(".notification-list-item")
    expect(told.filter(has_text="/bin/false ended, or did not answer")).to_have_count(1, timeout=PATIENCE)
    expect(told.get_by_role("button", name="Show Log")).to_be_visible()
    code.shot("failed")
    code.set_machine(server__path="/nowhere/orchestrator")
    page.locator(".pane-body .welcome-view-content", has_text="that your settings name").wait_for()
    expect(page.locator(".statusbar-item", has_text="Orchestrator: not found")).to_be_visible(timeout=PATIENCE)
    librarys = re.compile("Code: -|create connection|Restarting server")
    expect(told.filter(has_text=librarys)).to_have_count(0)
    code.inside("command", "notifications.clearAll")


def test_a_server_that_is_missing_is_installed(code: VSCode, page: Page) -> None:
    """By a real pip into a real environment, from a wheel on the disk that starts the server of the tests."""
    before = sorted(path.name for path in code.workspace.iterdir())
    code.set_machine(server__path=None, server__distribution=str(stand_in(code.home)))
    page.locator(".pane-body .welcome-view-content", has_text="language server is not installed").wait_for()
    expect(page.locator(".statusbar-item", has_text="not installed")).to_be_visible(timeout=PATIENCE)
    code.shot("missing")
    page.locator(".welcome-view-content").get_by_role("button", name="Install Server").click()
    code.message("Orchestrator server").wait_for()
    code.shot("installing")
    code.row("house").wait_for()
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
