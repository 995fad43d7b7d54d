"""Make the pictures of the documentation from the real thing: `.venv/bin/python docs/images/make_pictures.py`.

The real Neovim runs in a real terminal (tmux) with the embedded model; the screen is captured with its colours, set
as HTML and photographed by a headless Chromium. Needs what `make test` installs, and Debian's `chromium`.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.neovim import binary, clean_environment, init_file  # noqa: E402
from tests.support.terminal import Terminal  # noqa: E402

from orchestrator.config import Directories  # noqa: E402

COLUMNS, LINES = 96, 37
TASK = "Build the sign-up page"
BACKGROUND, FOREGROUND = (20, 22, 27), (224, 226, 234)
"""Neovim's own dark colours."""
READY = "vim.wait(20000, function() local client = vim.lsp.get_clients()[1] return client and client.initialized end)"
PAGE = """<!doctype html><meta charset="utf-8">
<style>
  body {{ margin: 0; background: transparent; display: inline-block; padding: 28px; }}
  figure {{ margin: 0; border-radius: 12px; overflow: hidden; background: {background};
           box-shadow: 0 8px 24px rgb(0 0 0 / 35%); }}
  header {{ display: flex; gap: 9px; padding: 13px 16px; background: #2c2e33; color: #9b9ea4; align-items: center;
           font: 15px 'DejaVu Sans', sans-serif; }}
  i {{ width: 13px; height: 13px; border-radius: 50%; background: #4f5258; }}
  b {{ font-weight: normal; margin-left: 10px; }}
  pre {{ margin: 0; padding: 14px 18px 12px; color: {foreground};
        font: 16px/18.6px 'DejaVu Sans Mono', monospace; font-variant-ligatures: none; }}
</style>
<figure><header><i></i><i></i><i></i><b>TITLE</b></header><pre>{code}</pre></figure>
"""


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("This needs chromium: apt-get install chromium", file=sys.stderr)
        return 1
    screen = split_in_neovim()
    photograph(chromium, html(screen, "nvim launch.tasks.md"), HERE / "neovim-split.png")
    return 0


def split_in_neovim() -> str:
    """A proposal of the embedded model below its task."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "examples" / "launch.tasks.md", folder)
        cache = Directories.default(os.environ).cache
        init = init_file(folder, before="vim.o.number = false vim.o.ruler = false vim.o.laststatus = 0")
        environment = clean_environment(folder / "home", {"ORCHESTRATOR_CACHE_DIR": str(cache)})
        argv = [str(binary()), "-i", "NONE", "-u", str(init), "launch.tasks.md"]
        with Terminal(argv, folder=folder, environment=environment, columns=COLUMNS, lines=LINES) as shown:
            shown.wait_for(TASK)
            for line in (f"/{TASK}", ":nohlsearch", f":lua {READY}"):
                shown.type(line)
                shown.press("Enter")
            shown.type("zt3")
            shown.press("C-y")
            shown.type(":Orchestrator split")
            shown.press("Enter")
            shown.wait_for("subtasks proposed")
            shown.wait_for("ready: :Orchestrator accept")
            return shown.screen_with_colours()


def html(screen: str, title: str) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print(Text.from_ansi(screen.rstrip("\n"), no_wrap=True), end="")
    theme = TerminalTheme(BACKGROUND, FOREGROUND, [FOREGROUND] * 8)
    return console.export_html(theme=theme, code_format=PAGE.replace("TITLE", title), inline_styles=True)


def photograph(chromium: str, page: str, picture: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "page.html"
        source.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                *(chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={name}/profile"),
                *("--hide-scrollbars", "--force-device-scale-factor=2", "--default-background-color=00000000"),
                *("--window-size=1016,806", f"--screenshot={picture}", source.as_uri()),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    sys.exit(main())
