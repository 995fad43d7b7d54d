"""The whole job in a real terminal: tree, chat and stop, a run, an answer, quitting while it runs and coming back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.neovim.test_terminal import command, scripted, wait_until_served
from tests.support.branches import asks, does, done
from tests.support.neovim import binary, clean_environment, init_file
from tests.support.terminal import Terminal

OUTLINE = """\
# Ship login

- [ ] Choose a name  [mode:: auto]
- [ ] Draw the form  [mode:: auto]
- [ ] Tell the team
"""
WORDS = " ".join(f"word{number}" for number in range(200))


def script() -> list[dict[str, object]]:
    answered = does("Choose a name", "It is called Gate.")
    answered["when"]["contains"] = "Gate it is"
    talk = {"when": {"schema": ""}, "answer": WORDS, "chunk": 4, "delay": 0.05, "repeat": True}
    slow = {**done("It is drawn."), "delay": 0.5, "chunk": 4}
    return [answered, {**asks("Choose a name", "Which name?"), "repeat": True}, slow, talk]


def editor(tmp_path: Path, *, term: str = "xterm-256color", before: str = "") -> Terminal:
    init = init_file(tmp_path, options=scripted(tmp_path, script()), before=before)
    return Terminal(
        [str(binary()), "-i", "NONE", "-u", str(init), "plan.tasks.md"],
        folder=tmp_path,
        environment=clean_environment(tmp_path / "home", {"TERM": term}),
        columns=110,
        lines=30,
    )


def test_tree_chat_run_answer_quit_and_come_back(tmp_path: Path) -> None:
    (tmp_path / "plan.tasks.md").write_text(OUTLINE)
    with editor(tmp_path) as shown:
        shown.wait_for("- [ ] Tell the team")
        wait_until_served(shown)
        # Talk about a task, and stop the answer.
        shown.type("5G")
        command(shown, "Orchestrator chat")
        shown.wait_for("## You")
        shown.type("iWhom?")
        shown.press("Escape", "C-s")
        shown.wait_for("word5 ")
        shown.press("C-c")
        shown.wait_for("■ stopped")
        command(shown, "bwipeout!")
        # The tree beside the outline, and a run that asks.
        shown.type("3G")
        command(shown, "Orchestrator tree")
        shown.wait_for("[ ] Choose a name")
        command(shown, "wincmd p")
        command(shown, "3Orchestrator run")
        shown.wait_for("- [?] Choose a name")
        shown.wait_for("● waiting")
        command(shown, "Orchestrator inbox")
        shown.wait_for("asks: Which name?")
        command(shown, "Orchestrator answer")
        shown.wait_until("the prompt", lambda screen: '"Choose a name" asks: Which name?' in screen)
        shown.type("Gate it is")
        shown.press("Enter")
        shown.wait_for("> Result: It is called Gate.")
        shown.wait_for("[x] Choose a name")
        command(shown, "cclose")
        # Leave while it runs.
        shown.type("gg/Draw the form")
        shown.press("Enter")
        command(shown, "Orchestrator run")
        shown.wait_for("● executing")
        command(shown, "wqall")
        assert shown.wait_for_end() == 0
    assert "[ ] Draw the form" in (tmp_path / "plan.tasks.md").read_text()
    with editor(tmp_path) as shown:
        shown.wait_for("- [ ] Tell the team")
        shown.wait_for("“Draw the form” was cut off while it ran.")
        shown.type("2")
        shown.press("Enter")
        shown.wait_for("- [x] Draw the form")
        command(shown, "wqall")
        assert shown.wait_for_end() == 0
    assert "> Result: It is drawn." in (tmp_path / "plan.tasks.md").read_text()


@pytest.mark.parametrize(
    ("term", "background"), [("xterm-256color", "light"), ("xterm", "dark")], ids=["light", "8 colours"]
)
def test_it_is_readable_in_every_terminal(tmp_path: Path, term: str, background: str) -> None:
    text = OUTLINE.replace("- [ ] Tell", "- [x] Tell").replace("- [ ] Draw", "- [!] Draw")
    (tmp_path / "plan.tasks.md").write_text(text)
    with editor(tmp_path, term=term, before=f"vim.o.background = '{background}'; vim.o.termguicolors = false") as shown:
        shown.wait_for("Choose a name")
        wait_until_served(shown)
        shown.type("3G")
        command(shown, "Orchestrator tree")
        screen = shown.wait_for("    [!] Draw the form")
        assert "    [x] Tell the team" in "\n".join(screen)
        coloured = shown.screen_with_colours()
        assert "\x1b[" in coloured
        if term == "xterm":
            assert "38;5;" not in coloured
            assert "38;2;" not in coloured
        (tmp_path / "screen").write_text(coloured)
        command(shown, "qall!")
        assert shown.wait_for_end() == 0
