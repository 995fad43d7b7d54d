"""`:checkhealth orchestrator`: says what is in place, and for the rest what mends it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.neovim.conftest import OUTLINE, FakeServed
from tests.support.neovim import Neovim, init_file


def health(editor: Neovim) -> list[str]:
    editor.keys(":checkhealth orchestrator<CR>")
    editor.wait("the report", lambda: editor.lua("return vim.bo.filetype") == "checkhealth" and len(editor.lines()) > 9)
    return editor.lines()


def line_with(report: list[str], text: str) -> str:
    found = [line for line in report if text in line]
    assert found, "\n".join(report)
    return found[0]


def test_all_is_well_with_a_model_that_works(start_served: Callable[..., Neovim]) -> None:
    report = health(start_served())
    assert "OK Neovim 0.11" in line_with(report, "Neovim ")
    assert "OK" in line_with(report, "vim.lsp.enable('orchestrator')")
    assert "OK Program: /" in line_with(report, "orchestrator serve")
    assert "version 0.1.0, protocol 1" in line_with(report, "Running for")
    assert "OK Orchestrator 0.1.0 on Python" in line_with(report, "on Python")
    assert not [line for line in report if "ERROR" in line]


def test_every_bad_line_says_how_to_mend_it(tmp_path: Path) -> None:
    """A new computer: no weights, no key, a wrong option."""
    (tmp_path / "plan.tasks.md").write_text(OUTLINE)
    init = init_file(tmp_path, options="{ modle = 'x', settings = { model = 'anthropic/claude-sonnet-5-5' } }")
    with Neovim(tmp_path / "home", [str(tmp_path / "plan.tasks.md")], init=init) as editor:
        editor.wait_until_attached()
        report = health(editor)
    for number, line in enumerate(report):
        if "ERROR" in line or "WARNING" in line:
            advice = report[number + 1 : number + 3]
            assert any("ADVICE" in near for near in advice), line
    assert line_with(report, "no model can be used")
    assert line_with(report, "Run `:helptags ALL` once")
    assert line_with(report, "orchestrator auth set anthropic")
    assert line_with(report, "vim.g.orchestrator.modle: there is no such option")


def test_keys_are_named_and_never_shown(start_served: Callable[..., Neovim], tmp_path: Path) -> None:
    editor = start_served()
    editor.lua("vim.env.ANTHROPIC_API_KEY = 'sk-ant-secret-value'")
    report = "\n".join(health(editor))
    assert "ANTHROPIC_API_KEY" in report
    assert "secret-value" not in report


def test_a_missing_program_and_a_forgotten_enable_are_errors(tmp_path: Path) -> None:
    init = init_file(tmp_path, options="{ cmd = { 'no-such-program' } }", after="vim.lsp.enable('orchestrator', false)")
    with Neovim(tmp_path / "home", [], init=init) as editor:
        report = health(editor)
    assert "ERROR" in line_with(report, "The server is not enabled.")
    assert "ERROR" in line_with(report, "The program no-such-program is not in $PATH.")
    assert line_with(report, "Put vim.lsp.enable('orchestrator') into your init.lua")


def test_another_protocol_is_an_error(start_fake: Callable[..., FakeServed]) -> None:
    report = health(start_fake(protocol=2))
    assert "ERROR" in line_with(report, "speaks protocol 2, this plugin 1.")
    assert line_with(report, "Update the program and the plugin to the same version.")
