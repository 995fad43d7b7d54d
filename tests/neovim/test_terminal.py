"""The whole job in a real terminal: open, split, see the ghosts, accept, undo with one u, quit."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config import Directories
from tests.neovim.conftest import OUTLINE
from tests.neovim.test_split import QUICK, SLOW, SPLIT_LINES, plan, without_ids
from tests.support.neovim import binary, clean_environment, init_file
from tests.support.terminal import Terminal


def terminal(
    tmp_path: Path, *, options: str, environment: dict[str, str] | None = None, columns: int = 80, lines: int = 24
) -> Terminal:
    init = init_file(tmp_path, options=options)
    (tmp_path / "plan.tasks.md").write_text(OUTLINE)
    return Terminal(
        [str(binary()), "-i", "NONE", "-u", str(init), "plan.tasks.md"],
        folder=tmp_path,
        environment=clean_environment(tmp_path / "home", environment),
        columns=columns,
        lines=lines,
    )


def scripted(tmp_path: Path, script: list[dict[str, Any]]) -> str:
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    return f"{{ settings = {{ model = 'scripted/demo', scripted = {{ script = '{path}' }} }} }}"


def command(shown: Terminal, line: str) -> None:
    shown.type(f":{line}")
    shown.press("Enter")


def wait_until_served(shown: Terminal) -> None:
    """Until the server has answered: its code lens or diagnostics are not shown by themselves, so ask."""
    command(shown, "lua vim.wait(20000, function() local c = vim.lsp.get_clients()[1] return c and c.initialized end)")
    command(shown, "echo 'served: ' .. len(v:lua.vim.lsp.get_clients())")
    shown.wait_for("served: 1")


def text_rows(screen: list[str]) -> list[str]:
    """Rows of the buffer: without the tildes, the status line and the command line."""
    return [row for row in screen[:-2] if row != "~"]


def test_the_whole_job_in_a_terminal(tmp_path: Path) -> None:
    with terminal(tmp_path, options=scripted(tmp_path, SLOW)) as shown:
        shown.wait_for("- [ ] Tell the team")
        wait_until_served(shown)
        shown.type("3G")
        command(shown, "Orchestrator split")
        shown.wait_for("planning…")
        screen = shown.wait_for("3 subtasks proposed")
        assert text_rows(screen) == [
            *OUTLINE.splitlines()[:4],
            "  ╭ Split: 3 subtasks proposed, one after the other",
            "  │ scripted/demo · planned with the playbook “Build a login page” and the",
            "  │ playbook “Build something new” as examples",
            "  │ :Orchestrator accept (or accept 2) · edit · discard",
            "  │ 1 Write the form",
            "  │ 2 Wire the API",
            "  │ 3 Style it",
            "  ╰",
            "- [ ] Tell the team",
        ]
        command(shown, "Orchestrator accept")
        screen = shown.wait_for("3 subtasks written; u takes them back.")
        assert without_ids(text_rows(screen)) == SPLIT_LINES
        shown.type("u")
        screen = shown.wait_until("one undo", lambda rows: text_rows(rows) == OUTLINE.splitlines())
        command(shown, "wq")
        assert shown.wait_for_end() == 0
    assert (tmp_path / "plan.tasks.md").read_text() == OUTLINE


@pytest.mark.parametrize(
    ("answer", "said"),
    [("accept", "8 subtasks written; u takes them back."), ("discard", "Discarded; nothing was written.")],
)
def test_a_proposal_higher_than_the_screen_leaves_it_whole(tmp_path: Path, answer: str, said: str) -> None:
    tall = plan(*(f"Step {number}" for number in range(1, 9)))
    for step in tall["answer"]["tasks"]:
        step["description"] = "How it is done."
    with terminal(tmp_path, options=scripted(tmp_path, [QUICK[0], tall])) as shown:
        shown.wait_for("- [ ] Tell the team")
        wait_until_served(shown)
        shown.type("3G")
        command(shown, "Orchestrator split")
        screen = shown.wait_for("8 subtasks proposed")
        assert "  │ descriptions: :Orchestrator edit" in screen
        assert "  │ 8 Step 8" in screen
        command(shown, f"Orchestrator {answer}")
        screen = shown.wait_for(said)
        assert not any(mark in row for row in screen for mark in "╭│╰")
        if answer == "discard":
            assert text_rows(screen) == OUTLINE.splitlines()
        command(shown, "qa!")
        assert shown.wait_for_end() == 0


def test_quitting_during_a_split_ends_at_once_and_writes_nothing(tmp_path: Path) -> None:
    endless = [QUICK[0], {**QUICK[1], "chunk": 1, "delay": 2.0}]
    with terminal(tmp_path, options=scripted(tmp_path, endless)) as shown:
        shown.wait_for("- [ ] Tell the team")
        wait_until_served(shown)
        shown.type("3G")
        command(shown, "Orchestrator split")
        shown.wait_for("planning…")
        command(shown, "qa")
        assert shown.wait_for_end() == 0
    assert (tmp_path / "plan.tasks.md").read_text() == OUTLINE


def test_a_narrow_terminal_without_colours(tmp_path: Path) -> None:
    environment = {"TERM": "vt100", "NO_COLOR": "1"}
    options = scripted(tmp_path, QUICK)
    with terminal(tmp_path, options=options, environment=environment, columns=44, lines=20) as shown:
        shown.wait_for("- [ ] Tell the team")
        wait_until_served(shown)
        shown.type("3G")
        command(shown, "Orchestrator split")
        screen = shown.wait_for("3 subtasks proposed")
        start = screen.index("  Plain and fast.") + 1
        assert screen[start : start + 3] == [
            "  ╭ Split: 3 subtasks proposed, one after",
            "  │ the other",
            "  │ scripted/demo · planned with the",
        ]


@pytest.mark.embedded
def test_the_whole_job_with_the_embedded_model(tmp_path: Path) -> None:
    """Real tokens: what they say is not known, so the shape is checked, and that u takes all of it back."""
    cache = Directories.default(os.environ).cache
    options = "{ settings = { model = 'local/smollm2' } }"
    with terminal(tmp_path, options=options, environment={"ORCHESTRATOR_CACHE_DIR": str(cache)}, lines=50) as shown:
        shown.wait_for("- [ ] Tell the team")
        wait_until_served(shown)
        shown.type("3G")
        command(shown, "Orchestrator split")
        shown.wait_for("Split: ")
        screen = shown.wait_for("subtasks proposed")
        assert any("basic offline model" in row for row in screen)
        command(shown, "Orchestrator accept")
        screen = shown.wait_for("subtasks written; u takes them back.")
        rows = text_rows(screen)
        assert re.fullmatch(r"- \[ \] Build the login page  \^[0-9a-z]{5}", rows[2])
        children = [row for row in rows if re.match(r"  (- |\d\. )\[ \] \S", row)]
        assert 2 <= len(children) <= 8
        shown.type("u")
        shown.wait_until("one undo", lambda screen: text_rows(screen) == OUTLINE.splitlines())
        command(shown, "write | Orchestrator chat")
        shown.wait_for("## You")
        command(shown, "only")
        shown.type("iTell me all that you know of the sea.")
        shown.press("Escape", "C-s")
        shown.wait_until("the first words", lambda rows: bool(answered(rows)))
        shown.press("C-c")
        # It is quick: the answer may be over before it can be stopped.
        shown.wait_until("an end", lambda rows: any("■ stopped" in row or "nothing is being" in row for row in rows))
        command(shown, "wqall")
        assert shown.wait_for_end() == 0
    text = (tmp_path / "plan.tasks.md").read_text()
    assert re.sub(r"  \^[0-9a-z]{5}$", "", text, flags=re.MULTILINE) == OUTLINE


def answered(rows: list[str]) -> list[str]:
    """What stands below the heading of an answer, as far as it is seen."""
    below = rows[rows.index("## Model") + 1 :] if "## Model" in rows else []
    return [row for row in below[: below.index("## You")] if row] if "## You" in below else []
