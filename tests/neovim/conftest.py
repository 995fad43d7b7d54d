"""Editors for the tests of the plugin: one with the fake server, one with the real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.neovim import Neovim, init_file

HERE = Path(__file__).parent

OUTLINE = """\
# Ship login

- [ ] Build the login page
  Plain and fast.
- [ ] Tell the team
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.neovim)


class FakeServed(Neovim):
    """An editor whose server does what the test says."""

    def tell(self, method: str, params: dict[str, Any]) -> None:
        self.lua("fake:tell(...)", method, params)

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        return self.lua("return fake:ask(...)", method, params)

    def answer(self, method: str, result: Any) -> None:
        self.lua("local method, result = ...; fake.answers[method] = function() return result end", method, result)

    def refuse(self, method: str, message: str) -> None:
        self.lua(
            """
            local method, message = ...
            fake.answers[method] = function() error({ code = -32803, message = message }) end
            """,
            method,
            message,
        )

    def sent(self, method: str) -> list[Any]:
        """The params of all messages of this method, the newest first."""
        return list(self.lua("return fake:sent(...)", method))

    @property
    def uri(self) -> str:
        return str(self.lua("return vim.uri_from_bufnr(...)", self.outline))

    @property
    def outline(self) -> int:
        return int(self.lua("return vim.fn.bufnr('plan.tasks.md')"))

    def version(self) -> int:
        """Of the text that the server has been told."""
        self.lua("vim.lsp.get_clients({ name = 'orchestrator' })[1]:notify('$/setTrace', { value = 'off' })")
        return int(self.lua("return fake:version()"))

    def start_split(self, *, first: int = 2, last: int = 3, run: str = "r1", command: str = "split") -> None:
        """`:Orchestrator split` on a task whose own lines are `first` to `last` (from 0, both included)."""
        self.answer(
            "orchestrator/split/start",
            {
                "runId": run,
                "nodeId": "n1",
                "documentVersion": 0,
                "range": {"start": {"line": first, "character": 0}, "end": {"line": last + 1, "character": 0}},
            },
        )
        before = self._marks()
        self.keys(f"{first + 1}G:Orchestrator {command}<CR>")
        self.wait("the split to begin", lambda: self._marks() > before)

    def _marks(self) -> int:
        return int(
            self.lua(
                """
                local namespace = vim.api.nvim_get_namespaces()['orchestrator.ghosts']
                return namespace and #vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {}) or 0
                """
            )
        )

    def preview(
        self, state: str, titles: list[str] | None = None, *, seq: int = 1, run: str = "r1", **more: Any
    ) -> None:
        children = more.pop("children", [{"title": title} for title in titles or []])
        self.tell(
            "orchestrator/split/preview",
            {
                "runId": run,
                "uri": self.uri,
                "nodeId": "n1",
                "documentVersion": 0,
                "seq": seq,
                "state": state,
                "title": "Build the login page",
                "children": children,
                "ordered": False,
                "message": "",
                "source": "scripted/demo",
                **more,
            },
        )

    def apply(self, edits: list[tuple[int, int, int, int, str]], *, version: int | None = None) -> Any:
        """`workspace/applyEdit` with (line, character, line, character, text)."""
        return self.ask(
            "workspace/applyEdit",
            {
                "label": "Split",
                "edit": {
                    "documentChanges": [
                        {
                            "textDocument": {
                                "uri": self.uri,
                                "version": self.version() if version is None else version,
                            },
                            "edits": [
                                {
                                    "range": {
                                        "start": {"line": line, "character": character},
                                        "end": {"line": end_line, "character": end_character},
                                    },
                                    "newText": text,
                                }
                                for line, character, end_line, end_character, text in edits
                            ],
                        }
                    ]
                },
            },
        )


@pytest.fixture
def start_fake(tmp_path: Path) -> Iterator[Callable[..., FakeServed]]:
    """Start an editor with the fake server: `start_fake(text, options="{…}", before="lua", encoding="utf-16")`."""
    with ExitStack() as stack:

        def start(
            text: str | bytes = OUTLINE,
            *,
            options: str = "{}",
            before: str = "",
            encoding: str = "utf-8",
            protocol: int = 1,
        ) -> FakeServed:
            outline = tmp_path / "plan.tasks.md"
            outline.write_bytes(text.encode() if isinstance(text, str) else text)
            load = f"dofile('{HERE / 'fake_server.lua'}')\nfake.encoding = '{encoding}'\nfake.protocol = {protocol}"
            init = init_file(tmp_path, options=options, before=before, after=load)
            editor = stack.enter_context(FakeServed(tmp_path / "home", [str(outline)], init=init))
            editor.wait_until_attached()
            return editor

        yield start


@pytest.fixture
def fake(start_fake: Callable[..., FakeServed]) -> FakeServed:
    return start_fake()


class Shared(Neovim):
    """One editor and one real server for all tests of a module: each test opens a file of its own."""

    folder: Path
    opened = 0

    def open(self, text: str | bytes = OUTLINE, name: str = "") -> Path:
        """Write a new outline, forget everything before it, and show it."""
        Shared.opened += 1
        path = self.folder / (name or f"plan{Shared.opened}.tasks.md")
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        self.tidy()
        self.lua("vim.cmd.edit(...)", str(path))
        self.wait_until_attached()
        return path

    def tidy(self) -> None:
        """As a new editor, whose server is up. A buffer without a file keeps that server from ending."""
        # Keys of the test before may still wait for an answer of the server.
        self.keys(rf"<C-\><C-n>:<C-u>let g:idle = {Shared.opened}<CR>")
        self.wait("all keys to be read", lambda: self.lua("return vim.g.idle") == Shared.opened)
        self.lua(
            """
            vim.cmd('silent! tabonly! | silent! only!')
            vim.cmd.enew()
            for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
              if buffer ~= vim.api.nvim_get_current_buf() then
                vim.api.nvim_buf_delete(buffer, { force = true })
              end
            end
            vim.cmd('messages clear')
            """
        )


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Shared]]:
    """Start one editor with the real server for a module: `share(script=[…], after="lua")`."""
    with ExitStack() as stack:

        def start(*, script: list[dict[str, Any]] | None = None, before: str = "", after: str = "") -> Shared:
            folder = tmp_path_factory.mktemp("shared")
            (folder / "work").mkdir()
            scripted = ""
            if script is not None:
                (folder / "script.json").write_text(json.dumps(script))
                scripted = f", scripted = {{ script = '{folder / 'script.json'}' }}"
            options = f"{{ settings = {{ model = 'scripted/demo'{scripted} }} }}"
            # What Neovim says of a file that is opened by RPC, and what comes at once after it, would be a prompt.
            quiet = "vim.opt.shortmess:append('F')\n"
            init = init_file(folder, options=options, before=quiet + before, after=after)
            editor = stack.enter_context(Shared(folder / "home", [], init=init))
            editor.folder = folder / "work"
            return editor

        yield start


@pytest.fixture
def start_served(tmp_path: Path) -> Iterator[Callable[..., Neovim]]:
    """Start an editor with the real server and the scripted provider: `start_served(text, script=[…])`."""
    with ExitStack() as stack:

        def start(
            text: str | bytes = OUTLINE,
            *,
            script: list[dict[str, Any]] | None = None,
            options: str = "",
            before: str = "",
            after: str = "",
            name: str = "work/plan.tasks.md",
            wait: bool = True,
        ) -> Neovim:
            outline = tmp_path / name
            outline.parent.mkdir(exist_ok=True)
            outline.write_bytes(text.encode() if isinstance(text, str) else text)
            scripted = ""
            if script is not None:
                path = tmp_path / "script.json"
                path.write_text(json.dumps(script))
                scripted = f", scripted = {{ script = '{path}' }}"
            chosen = options or f"{{ settings = {{ model = 'scripted/demo'{scripted} }} }}"
            init = init_file(tmp_path, options=chosen, before=before, after=after)
            editor = stack.enter_context(Neovim(tmp_path / "home", [str(outline)], init=init))
            if wait:
                editor.wait_until_attached()
            return editor

        yield start
