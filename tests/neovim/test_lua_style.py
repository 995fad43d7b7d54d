"""The Lua of the plugin is formatted and has no warnings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.neovim import PLUGIN, ROOT

NODE_TOOLS = ROOT / "tests" / "support" / "node" / "node_modules" / ".bin"


def run(program: str, *arguments: str, mend: str) -> None:
    found = shutil.which(program) or shutil.which(program, path=str(NODE_TOOLS))
    assert found, f"{program} is needed for this test. {mend}"
    done = subprocess.run([found, *arguments], cwd=PLUGIN, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lua_is_formatted() -> None:
    fake = Path(__file__).with_name("fake_server.lua")
    mend = "Install it with: make test, or npm install @johnnymorganz/stylua-bin"
    run("stylua", "--check", "--config-path", "stylua.toml", ".", str(fake), mend=mend)


def test_lua_has_no_warnings() -> None:
    run("luacheck", "--quiet", "--no-color", ".", mend="Install it with: make test, or apt-get install lua-check")
