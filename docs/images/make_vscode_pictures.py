"""Cut the pictures of the VS Code extension from what its tests photograph.

TEST_SCREENSHOTS=/tmp/shots make test ARGS=tests/vscode
.venv/bin/python docs/images/make_vscode_pictures.py /tmp/shots
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402
from tests.support.vscode import chromium  # noqa: E402

PICTURES = {
    "tree": ("tree", 0, 36, 720, 520),
    "split": ("ghosts", 352, 36, 924, 636),
    "run": ("running", 0, 36, 1000, 800),
    "approve": ("approval", 0, 36, 1280, 800),
    "chat": ("chat", 352, 36, 924, 832),
    "apply": ("apply", 352, 36, 924, 832),
    "filter": ("filter", 0, 0, 944, 420),
}
"""Name: screenshot, left, top, width, height."""


def main(shots: Path) -> int:
    target = ROOT / "editors" / "vscode" / "walkthrough"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        for name, (source, left, top, width, height) in PICTURES.items():
            data = base64.b64encode((shots / f"{source}.png").read_bytes()).decode()
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(
                f"<style>* {{ margin: 0 }} div {{ height: {height}px; "
                f"background: url(data:image/png;base64,{data}) -{left}px -{top}px }}</style><div></div>"
            )
            page.screenshot(path=target / f"{name}.png")
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
