"""The Lua of the plugin is formatted and has no warnings."""

from __future__ import annotations

import re
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


def test_every_public_function_says_what_it_takes_and_gives() -> None:
    """As LuaCATS annotations, which language servers of Lua read."""
    wrong: list[str] = []
    for path in sorted((PLUGIN / "lua").rglob("*.lua")):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            found = re.match(r"function \w+[.:](\w+)\((.*)\)$", line)
            if found is None:
                continue
            start = number
            while start and lines[start - 1].startswith("---"):
                start -= 1
            above = "\n".join(lines[start:number])
            body = lines[number + 1 : lines.index("end", number)]
            names = (
                [] if "---@type" in above else [name for name in re.split(r", ?", found[2]) if name not in ("", "_")]
            )
            missing = [
                name for name in names if not re.search(rf"@param {re.escape(name)}\b|@param {re.escape(name)} ", above)
            ]
            gives = any(re.match(r"  return \S", row) for row in body) and "---@type" not in above
            if not above or missing or (gives and "@return" not in above):
                wrong.append(f"{path.relative_to(PLUGIN)}: {found[1]} {missing}")
    assert wrong == []
