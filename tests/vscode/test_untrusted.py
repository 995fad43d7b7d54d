"""A workspace that nobody trusts, until a person does."""

from __future__ import annotations

import json
from typing import Any

from tests.support.vscode import VSCode

TRIP = "# Trip\n\n- [ ] Buy tickets  [mode:: auto]\n  - [ ] Ask for the price\n"
WINDOW: dict[str, Any] = {
    "files": {"trip.tasks.md": TRIP, ".vscode/settings.json": json.dumps({"orchestrator.server.path": "/bin/false"})}
}


def test_what_reads_works_and_nothing_runs_before_it_is_trusted(code: VSCode) -> None:
    code.inside("show", "trip.tasks.md", "Buy tickets")
    code.row("Buy tickets").wait_for()
    run = code.page.locator(".codelens-decoration").get_by_text("Run").first
    told = code.message("not trusted")
    code.click_until(run, told)
    code.shot("untrusted")
    code.page.keyboard.press("Alt+Enter")
    code.line("[/] Buy tickets").wait_for()
    code.page.keyboard.press("Control+z")
    code.line("[ ] Buy tickets").wait_for()
    assert (code.workspace / "trip.tasks.md").read_text() == TRIP
    assert not code.asked.exists()


def test_trust_lets_it_run_without_a_new_window(code: VSCode) -> None:
    code.trust()
    code.until("the server", lambda: code.inside("state") == "ready")
    code.inside("command", "notifications.clearAll")
    code.inside("show", "trip.tasks.md", "Ask for the price")
    code.inside("command", "orchestrator.run")
    code.line("[x] Ask for the price").wait_for()
    assert "- [x] Ask for the price" in code.save("trip.tasks.md")
