"""Commands beside the outline: history, statistics, prompts, export, models; in a real Neovim with the real server."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.neovim.conftest import Shared

OUTLINE = "# Trip\n\n- [ ] Pack  [model:: fast]\n- [ ] Hotel\n"


@pytest.fixture(scope="module")
def shared(share: Callable[..., Shared]) -> Shared:
    answer = {"when": {"schema": ""}, "answer": "Take the blue suitcase.", "repeat": True}
    after = """
        vim.ui.select = function(items, options, done) asked = { items, options.prompt, done } end
        vim.ui.open = function(path) opened = path end
    """
    return share(script=[answer], after=after)


@pytest.fixture
def editor(shared: Shared) -> Shared:
    shared.open(OUTLINE)
    shared.lua("asked, opened = nil, nil")
    return shared


def asked(editor: Shared) -> list[object]:
    editor.wait("to be asked", lambda: editor.lua("return asked ~= nil"))
    return list(editor.lua("return asked[1]"))


def choose(editor: Shared, index: int) -> None:
    editor.lua("local items, done = asked[1], asked[3]; asked = nil; done(items[...], ...)", index)


def test_the_model_of_a_task(editor: Shared) -> None:
    editor.keys("4G:Orchestrator model strong<CR>")
    editor.wait("the field", lambda: editor.lines()[3] == "- [ ] Hotel  [model:: strong]")
    editor.keys(":3Orchestrator model<CR>")
    assert asked(editor) == ["fast", "balanced", "strong", "inherited"]
    choose(editor, 4)
    editor.wait("no field", lambda: editor.lines()[2] == "- [ ] Pack")
    editor.keys(":Orchestrator model best<CR>")
    editor.wait_for_message("model takes one of fast, balanced, strong, inherited.")


def test_what_was_said_is_found_and_opened(editor: Shared) -> None:
    editor.keys("4G:Orchestrator chat<CR>")
    editor.wait("the chat", lambda: editor.lua("return vim.b.orchestrator_chat ~= nil"))
    editor.keys("GoWhich suitcase?<Esc><C-s>")
    editor.wait("the answer", lambda: "Take the blue suitcase." in editor.lines())
    ended = "return require('orchestrator.chat.stream').of_buffer().writing == nil"
    editor.wait("its end, which is on record", lambda: editor.lua(ended))
    editor.keys(":bwipeout!<CR>:Orchestrator history blue suitcase<CR>")
    hits = asked(editor)
    assert len(hits) == 1
    choose(editor, 1)
    editor.wait("the chat", lambda: "Take the blue suitcase." in editor.lines())
    editor.keys(":Orchestrator history nowhere<CR>")
    editor.wait_for_text('nothing was found for "nowhere".')


def test_statistics_are_a_table_or_a_page(editor: Shared) -> None:
    editor.keys(":Orchestrator stats all<CR>")
    editor.wait("the table", lambda: editor.lua("return vim.fn.bufname()") == "orchestrator://stats")
    assert len(editor.lines()[0]) > 5
    editor.keys(":close<CR>:Orchestrator stats! <CR>")
    editor.wait("the page", lambda: editor.lua("return opened ~= nil"))
    editor.keys(":Orchestrator stats hour<CR>")
    editor.wait_for_message("stats takes one of all, day, model")


def test_a_prompt_is_edited(editor: Shared) -> None:
    editor.keys(":Orchestrator prompts<CR>")
    names = [item["name"] for item in editor.lua("return asked[1]") or []] if asked(editor) else []
    choose(editor, names.index("decide") + 1)
    editor.wait("the prompt", lambda: "You judge one task of a plan." in editor.lines())
    editor.keys("/You judge<CR>cwPlease<Esc>:write<CR>")
    editor.wait_for_text('the prompt "decide" is in use as you wrote it')


def test_an_outline_is_exported(editor: Shared) -> None:
    editor.keys(":Orchestrator export<CR>")
    editor.wait("the export", lambda: editor.lua("return vim.bo.filetype") == "json")
    assert "Pack" in json.dumps(json.loads("\n".join(editor.lines())))
    editor.keys(f":close<CR>:Orchestrator export json {editor.folder}/out.json<CR>")
    editor.wait("the file", (editor.folder / "out.json").exists)
    editor.keys(f":Orchestrator export json {editor.folder}/out.json<CR>")
    editor.wait("a refusal", lambda: "out.json" in editor.messages())


def test_a_document_that_is_in_no_file_is_read(editor: Shared) -> None:
    editor.keys(":edit orchestrator:/prompt/decide.md<CR>")
    editor.wait("the prompt", lambda: any("one task of a plan." in line for line in editor.lines()))
    assert not editor.lua("return vim.bo.modifiable")


def test_a_task_is_found_in_all_outlines(editor: Shared) -> None:
    (editor.folder / "other.tasks.md").write_text("- [ ] Water the plants\n")
    editor.command(f"edit {editor.folder}/other.tasks.md")
    editor.wait_until_attached()
    editor.command("buffer #")
    editor.keys(":Orchestrator find water<CR>")
    assert "Water the plants" in str(asked(editor))
    choose(editor, 1)
    editor.wait("the other outline", lambda: editor.lines() == ["- [ ] Water the plants"])


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("telescope.builtin", "lsp_dynamic_workspace_symbols"),
        ("fzf-lua", "lsp_live_workspace_symbols"),
        ("snacks.picker", "lsp_workspace_symbols"),
    ],
)
def test_a_picker_is_used_where_there_is_one(editor: Shared, module: str, function: str) -> None:
    editor.lua(
        """
        local module, name = ...
        package.loaded[module] = { [name] = function() picked = name end }
        vim.cmd('Orchestrator find')
        package.loaded[module] = nil
        """,
        module,
        function,
    )
    assert editor.lua("return picked") == function


def test_only_what_was_read_is_trusted(editor: Shared) -> None:
    """The page waits for the person; what changes meanwhile is not allowed."""
    settings = editor.folder / ".orchestrator.toml"
    prompt = editor.folder / ".orchestrator" / "prompts" / "execute.md"
    prompt.parent.mkdir(parents=True)
    settings.write_text("[run]\nconcurrency = 1  # \u202e\n")
    prompt.write_text("Do it.\n" * 60)

    def is_shown() -> bool:
        return bool(editor.lua("return vim.fn.bufname() == 'orchestrator://trust'"))

    editor.keys(":Orchestrator trust<CR>")
    editor.wait("the page", is_shown)
    assert editor.lines()[:11] == [
        f"Trust: {editor.folder}",
        "",
        "You do not trust this folder: its settings and prompts do not count, and what your settings "
        "tools.commands and tools.edits allow does not hold in it.",
        "Its tasks are sent to nobody unasked.",
        "",
        ".orchestrator.toml, settings, not allowed (yet):",
        "    [run]",
        "    concurrency = 1  # <U+202E>",
        "",
        ".orchestrator/prompts/execute.md, a prompt, not allowed (yet):",
        "    Do it.",
    ]
    assert editor.lua("return asked == nil and not vim.bo.modifiable")
    prompt.write_text("Do something else.\n")
    editor.keys("<CR>")
    assert asked(editor) == ["Not now", "Trust it as shown"]
    choose(editor, 2)
    editor.wait_for_message("execute.md changed meanwhile and is not allowed")
    editor.keys(":Orchestrator trust<CR>")
    editor.wait("the page", is_shown)
    editor.keys(":Orchestrator trust<CR>")
    assert asked(editor) == ["Not now", "Trust it as shown", "Forget all about it"]
    assert ".orchestrator.toml, settings, allowed as it is:" in editor.lines()
    assert ".orchestrator/prompts/execute.md, a prompt, not allowed (yet):" in editor.lines()
    choose(editor, 1)
    assert not is_shown(), "it is closed, and nothing was said"
    editor.keys(":Orchestrator trust<CR>")
    editor.wait("the page", is_shown)
    editor.keys("<CR>")
    assert asked(editor)
    choose(editor, 2)
    editor.wait_for_text("trusted as it was shown: ")
    editor.keys(":Orchestrator trust<CR>")
    editor.wait("the page", is_shown)
    editor.keys("<CR>")
    assert asked(editor) == ["Leave it so", "Forget all about it"]
    choose(editor, 2)
    editor.wait_for_text("not trusted, and nothing is sent from there: ")
