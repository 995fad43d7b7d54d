"""What a new user meets first: enabling, options, finding the program, the command, the help."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.neovim.conftest import OUTLINE, FakeServed
from tests.support.neovim import PLUGIN, Neovim, init_file

SUBCOMMANDS = sorted(path.stem for path in (PLUGIN / "lua" / "orchestrator" / "commands").glob("*.lua"))


def loaded(editor: Neovim) -> list[str]:
    names = editor.lua("return vim.tbl_keys(package.loaded)")
    return sorted(name for name in names if name.startswith("orchestrator"))


def editor_in(tmp_path: Path, *arguments: str, **init: str) -> Neovim:
    return Neovim(tmp_path / "home", arguments, init=init_file(tmp_path, **init))


def test_nothing_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("text\n")
    with editor_in(tmp_path, str(tmp_path / "notes.txt")) as editor:
        editor.wait("the file type", lambda: editor.lua("return vim.bo.filetype") == "text")
        assert editor.lua("return vim.fn.exists(':Orchestrator')") == 2
        assert loaded(editor) == []
        assert editor.lua("return #vim.lsp.get_clients()") == 0
        assert editor.messages() == ""


def test_it_works_with_no_configuration_at_all(tmp_path: Path) -> None:
    """`-u NONE`: no init file, no plugin was loaded by itself."""
    (tmp_path / "plan.tasks.md").write_text(OUTLINE)
    with Neovim(tmp_path / "home", [], init=None) as editor:
        editor.command(f"set runtimepath^={PLUGIN} | runtime plugin/orchestrator.lua | filetype on")
        editor.command("lua vim.lsp.enable('orchestrator')")
        editor.command(f"edit {tmp_path / 'plan.tasks.md'}")
        editor.wait_until_attached()
        symbols = editor.lua(
            """
            local params = { textDocument = { uri = vim.uri_from_bufnr(0) } }
            local client = vim.lsp.get_clients({ name = 'orchestrator' })[1]
            return client:request_sync('textDocument/documentSymbol', params, 20000, vim.fn.bufnr()).result
            """
        )
        assert [symbol["name"] for symbol in symbols[0]["children"]] == ["Build the login page", "Tell the team"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("{ commands = {} }", "vim.g.orchestrator.commands: there is no such option; there are chat, cmd"),
        ("{ cmd = 'orchestrator' }", "vim.g.orchestrator.cmd: must be a list"),
        ("{ cmd = { 'orchestrator', 1 } }", "vim.g.orchestrator.cmd: must hold only non-empty strings"),
        ("{ log_file = true }", "vim.g.orchestrator.log_file: must be a path"),
        ("{ settings = { 'a' } }", "vim.g.orchestrator.settings: must be a table"),
        ("{ ghost_keys = { acept = 'a' } }", "vim.g.orchestrator.ghost_keys: has no action 'acept'"),
        ("{ ghost_keys = { accept = 1 } }", "vim.g.orchestrator.ghost_keys: needs a key for 'accept'"),
        ("{ tree = { layout = 'top' } }", "vim.g.orchestrator.tree: layout must be 'split' or 'float'"),
        ("{ tree = { widht = 3 } }", "vim.g.orchestrator.tree: has no option 'widht': there are follow, keys, layout"),
        ("{ tree = { keys = { splt = 'a' } } }", "vim.g.orchestrator.tree: keys has no action 'splt'"),
        ("{ notify = 'yes' }", "vim.g.orchestrator.notify: must be true or false"),
        ("{ chat = { layout = 'left' } }", "vim.g.orchestrator.chat: layout must be 'right', 'below', 'tab' or 'here'"),
        ("{ chat = { input = 'top' } }", "vim.g.orchestrator.chat: input must be 'end' or 'split'"),
        ("{ chat = { keys = { sned = 'a' } } }", "vim.g.orchestrator.chat: keys has no action 'sned'"),
        ("'yes'", "vim.g.orchestrator must be a table"),
    ],
)
def test_wrong_options_are_reported_by_name(tmp_path: Path, options: str, complaint: str) -> None:
    (tmp_path / "plan.tasks.md").write_text(OUTLINE)
    with editor_in(tmp_path, str(tmp_path / "plan.tasks.md"), options=options) as editor:
        editor.wait_for_message(complaint)
        editor.wait_until_attached()  # and it works on with the default
        assert editor.messages().count("vim.g.orchestrator") == 1


def fake_program(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "orchestrator"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    return program


def find(editor: Neovim, program: str, workspace: Path, path: list[Path | str]) -> list[str | None]:
    return editor.lua(
        """
        local program, workspace, path = ...
        vim.env.PATH = path
        local found, problem = require('orchestrator.server').find(program, workspace)
        return { found or vim.NIL, problem or vim.NIL }
        """,
        program,
        str(workspace),
        ":".join(str(folder) for folder in path),
    )


def test_a_server_inside_the_workspace_is_not_started(tmp_path: Path) -> None:
    workspace, outside = tmp_path / "work", tmp_path / "bin"
    inside = fake_program(workspace / ".venv" / "bin")
    own = fake_program(outside)
    linked = tmp_path / "links"
    linked.mkdir()
    (linked / "orchestrator").symlink_to(inside)
    with editor_in(tmp_path) as editor:
        assert find(editor, "orchestrator", workspace, [inside.parent, outside]) == [str(own), None]
        assert find(editor, "orchestrator", workspace, [linked, outside]) == [str(own), None]
        found, problem = find(editor, "orchestrator", workspace, [inside.parent])
        assert found is None
        assert f"{inside} is inside the workspace" in str(problem)
        assert "vim.g.orchestrator" in str(problem)
        # Named in the user's own configuration, it is the user's decision.
        assert find(editor, str(inside), workspace, []) == [str(inside), None]
        editor.lua("vim.cmd.cd(...)", str(workspace / ".venv"))
        assert find(editor, "orchestrator", workspace, ["bin", ".", ""])[0] is None
        assert "relative path" in str(find(editor, "bin/orchestrator", workspace, [])[1])


def test_a_missing_program_is_told_once(tmp_path: Path) -> None:
    for name in ("one.md", "two.md"):
        (tmp_path / name).write_text(OUTLINE)
    options = "{ cmd = { 'no-such-program', 'serve' } }"
    with editor_in(tmp_path, str(tmp_path / "one.md"), options=options) as editor:
        editor.wait_for_message("The program no-such-program is not in $PATH.")
        editor.keys(f":edit {tmp_path / 'two.md'}<CR>")
        editor.wait("the other file", lambda: editor.lua("return vim.fn.expand('%:t')") == "two.md")
        assert editor.messages().count("no-such-program") == 1
        editor.keys(":Orchestrator split<CR>")
        editor.wait_for_message("No server runs for this buffer; see :checkhealth orchestrator.")


def test_working_directory_is_outside(tmp_path: Path) -> None:
    with editor_in(tmp_path) as editor:
        ask = "return require('orchestrator.server').working_directory(...)"
        state = editor.lua("return vim.fn.stdpath('state')")
        Path(state).mkdir(parents=True, exist_ok=True)
        assert editor.lua(ask, str(tmp_path / "work")) == state
        assert editor.lua(ask, str(tmp_path)) == "/"


def test_the_running_server_is_outside_the_workspace(start_served: Callable[..., Neovim], tmp_path: Path) -> None:
    served = start_served()
    served.lua("started = vim.uv.os_getpid()")
    children = Path(f"/proc/{served.lua('return started')}/task/{served.lua('return started')}/children")
    for child in children.read_text().split():
        assert not Path(f"/proc/{child}/cwd").resolve().is_relative_to(tmp_path / "work")
        assert b"PYTHONSAFEPATH=1" in Path(f"/proc/{child}/environ").read_bytes()


@pytest.mark.parametrize(
    ("name", "root"),
    [("/tmp/notes/plan.md", "/tmp/notes"), ("oil:///tmp/plan.md", None), ("", None)],
    ids=["file", "other scheme", "no name"],
)
def test_only_files_get_a_server(tmp_path: Path, name: str, root: str | None) -> None:
    with editor_in(tmp_path) as editor:
        chosen = editor.lua(
            """
            vim.api.nvim_buf_set_name(0, ...)
            local chosen
            require('orchestrator.server').root(vim.api.nvim_get_current_buf(), function(root) chosen = root end)
            return chosen
            """,
            name,
        )
        assert chosen == root


def test_the_nearest_marker_is_the_root(tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    outline = tmp_path / "repository" / "docs" / "plan.md"
    outline.parent.mkdir()
    outline.write_text(OUTLINE)
    with editor_in(tmp_path, str(outline)) as editor:
        editor.wait_until_attached()
        assert editor.lua("return vim.lsp.get_clients()[1].root_dir") == str(tmp_path / "repository")


def test_another_protocol_is_told(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(protocol=2)
    fake.wait_for_message("the server speaks protocol 2 and this plugin 1: update both")


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("Orchestrator splt", "There is no subcommand 'splt'. There are split, replan"),
        ("Orchestrator discard!", "discard takes no !."),
        ("Orchestrator stop now", "stop takes no arguments."),
    ],
)
def test_a_wrong_command_says_what_is_right(fake: FakeServed, typed: str, complaint: str) -> None:
    fake.keys(f":{typed}<CR>")
    fake.wait_for_message(complaint)


def test_every_subcommand_is_complete(fake: FakeServed) -> None:
    complete = "return vim.fn.getcompletion('Orchestrator ' .. ..., 'cmdline')"
    assert sorted(fake.lua(complete, "")) == SUBCOMMANDS
    assert fake.lua(complete, "sp") == ["split"]
    assert fake.lua(complete, "status c") == ["cancelled", "completed", "cycle"]
    assert fake.lua(complete, "accept ") == []
    fake.start_split()
    fake.preview("ready", children=[{"title": "a"}, {"title": "b", "children": [{"title": "c"}]}])
    assert fake.lua(complete, "accept ") == ["1", "2", "2.1"]
    assert fake.lua(complete, "accept 1 2") == ["2", "2.1"]
    help_text = (PLUGIN / "doc" / "orchestrator.txt").read_text()
    for name in SUBCOMMANDS:
        summary = fake.lua("return require('orchestrator.command').subcommand(...).summary", name)
        assert 0 < len(summary) <= 66, "a row of the list that `:Orchestrator` alone shows"
        assert f"*:Orchestrator-{name}*" in help_text


def test_the_command_alone_lets_choose(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(before="vim.ui.select = function(items, o, done) shown = o.format_item(items[1]); done(nil) end")
    fake.keys(":Orchestrator<CR>")
    fake.wait("the choice", lambda: fake.lua("return shown"))
    assert fake.lua("return shown") == "split    Split the task under the cursor; with ! its subtasks too"


def test_every_subcommand_has_a_map_that_the_help_describes(fake: FakeServed) -> None:
    help_text = (PLUGIN / "doc" / "orchestrator.txt").read_text()
    for name in [*SUBCOMMANDS, "split-recursive"]:
        plug = f"<Plug>(orchestrator-{name})"
        assert fake.lua("return not vim.tbl_isempty(vim.fn.maparg(..., 'n', false, true))", plug), plug
        assert f"*{plug}*" in help_text


def test_the_help_has_every_option_event_highlight_and_key(fake: FakeServed) -> None:
    text = (PLUGIN / "doc" / "orchestrator.txt").read_text()
    source = "\n".join(path.read_text() for path in (PLUGIN / "lua").rglob("*.lua"))
    options = fake.lua(
        """
        local options = require('orchestrator.options').get()
        local names = { 'log_file' }
        for name, value in pairs(options) do
          table.insert(names, name)
        end
        return names
        """
    )
    events = {f"Orchestrator{name}" for name in re.findall(r"announce\('(\w+)'", source)}
    events |= set(re.findall(r"pattern = '(Orchestrator\w+)', modeline", source))
    fake.lua("require('orchestrator.highlights').define()")
    groups = fake.lua("return vim.fn.getcompletion('Orchestrator', 'highlight')")
    assert len(options) == 7
    assert len(events) == 6
    assert len(groups) > 15
    for tag in [
        *(f"vim.g.orchestrator.{name}" for name in options),
        *events,
        *(f"hl-{name}" for name in groups),
    ]:
        assert f"*{tag}*" in text, tag
    for group in re.findall(r"\['(@orchestrator[.\w]+)'\]", source):
        assert f"`{group.removeprefix('@orchestrator.status')}`" in text or f"`{group}`" in text, group
    for module in ("tree').actions", "chat.acting').keys"):
        for action in fake.lua(
            f"return vim.tbl_map(function(a) return {{ a.name, a.key }} end, require('orchestrator.{module})"
        ):
            name, key = action
            shown = key.replace("<lt>", "<")
            assert re.search(rf"^{name} +`{re.escape(shown)}` ", text, re.MULTILINE), action


def test_help_tags_can_be_built_and_found(tmp_path: Path) -> None:
    copy = tmp_path / "plugin"
    shutil.copytree(PLUGIN, copy)
    with editor_in(tmp_path, before=f"vim.opt.runtimepath:prepend('{copy}')") as editor:
        editor.command(f"helptags {copy / 'doc'}")
        for tag in ("orchestrator", "orchestrator-options", "orchestrator-install", ":Orchestrator"):
            editor.command(f"help {tag}")
            assert editor.lua("return vim.fn.expand('%:t')") == "orchestrator.txt"
        text = (copy / "doc" / "orchestrator.txt").read_text()
        assert max(len(line) for line in text.splitlines()) <= 78


def test_log_opens_the_servers_own_log(start_served: Callable[..., Neovim], tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    served = start_served(options=f"{{ log_file = '{log}', settings = {{ model = 'scripted/demo' }} }}")
    served.wait("the log", log.exists)
    served.keys(":Orchestrator log<CR>")
    served.wait("the log's buffer", lambda: served.lua("return vim.fn.expand('%:p')") == str(log))
    assert served.lua("return vim.bo.readonly")


def test_highlights_are_links_that_survive_a_colour_scheme(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", ["a"])
    fake.lua("vim.api.nvim_set_hl(0, 'OrchestratorGhostTitle', { link = 'Error' })")
    assert fake.lua("return vim.api.nvim_get_hl(0, { name = 'OrchestratorGhostBody' }).link") == "Comment"
    fake.command("highlight clear | colorscheme habamax")
    assert fake.lua("return vim.api.nvim_get_hl(0, { name = 'OrchestratorGhostBody' }).link") == "Comment"


@pytest.mark.parametrize(
    "screen",
    [{"rgb": True}, {"rgb": False, "term_colors": 256}, {"rgb": False, "term_colors": 8}],
    ids=["24 bit", "256 colours", "8 colours"],
)
def test_every_colour_scheme_can_be_read(tmp_path: Path, screen: dict[str, object]) -> None:
    """All that Neovim brings, dark and light: no text in the colour of what is behind it."""
    with editor_in(tmp_path) as editor:
        editor.rpc.request("nvim_ui_detach")
        editor.rpc.request("nvim_ui_attach", 80, 24, {"ext_linegrid": True, **screen})
        editor.command(f"set {'' if screen['rgb'] else 'no'}termguicolors")
        unreadable, schemes = editor.lua(
            """
            local highlights = require('orchestrator.highlights')
            highlights.define()
            local groups = vim.fn.getcompletion('Orchestrator', 'highlight')
            vim.list_extend(groups, vim.fn.getcompletion('@orchestrator', 'highlight'))
            local unreadable, schemes = {}, 0
            for _, scheme in ipairs(vim.fn.getcompletion('', 'color')) do
              for _, background in ipairs({ 'dark', 'light' }) do
                vim.o.background = background
                vim.cmd.colorscheme(scheme)
                schemes = schemes + (vim.o.background == background and 1 or 0)
                for _, group in ipairs(vim.o.background == background and groups or {}) do
                  if not highlights.is_readable(group) then
                    table.insert(unreadable, scheme .. ' ' .. background .. ' ' .. group)
                  end
                end
              end
            end
            return { unreadable, schemes }
            """
        )
        assert schemes > 20
        assert unreadable == []
