"""Run the real command as a person does: a process of its own, with folders of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE

ORCHESTRATOR = Path(sys.executable).with_name("orchestrator")
EXAMPLE = """\
# Ship login

- [ ] Build the login page  [mode:: auto]  ^b7c2d
  Free Markdown.

  1. [x] Write the form
  2. [!] Wire the API  [reason:: the registry answered 401]
- [ ] Build the logout page
- [ ] Write the handbook
"""


@dataclass
class Command:
    home: Path
    work: Path
    """The current folder."""

    @property
    def environ(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "PYTHONUTF8": "1",
            "ORCHESTRATOR_CONFIG_DIR": str(self.config),
            "ORCHESTRATOR_DATA_DIR": str(self.home / "data"),
            "ORCHESTRATOR_CACHE_DIR": str(self.home / "cache"),
        }

    @property
    def config(self):
        return self.home / "config"

    def __call__(self, *arguments, env=None, stdin="", cwd=None):
        return subprocess.run(
            [ORCHESTRATOR, *map(str, arguments)],
            env={**self.environ, **(env or {})},
            cwd=cwd or self.work,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )

    def start(self, *arguments):
        """Without waiting for its end."""
        return subprocess.Popen(
            [ORCHESTRATOR, *map(str, arguments)],
            env=self.environ,
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def settings(self, text):
        self.config.mkdir(exist_ok=True, mode=0o700)
        (self.config / "config.toml").write_text(text)

    def script(self, text):
        """Answer from these instead of a model."""
        file = self.home / "script.json"
        file.write_text(text)
        self.settings(f"model = 'scripted/demo'\n[scripted]\nscript = '{file}'\n")

    def outline(self, text=EXAMPLE, name="plan.tasks.md"):
        file = self.work / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file


@pytest.fixture
def command(tmp_path):
    """Called with arguments, answers with `returncode`, `stdout` and `stderr`."""
    for name in ("home", "work"):
        (tmp_path / name).mkdir()
    return Command(tmp_path / "home", tmp_path / "work")


@pytest.fixture
def inside(command, monkeypatch, capsys):
    """The same within this process, for breadth: `(code, stdout, stderr)`."""
    from orchestrator.cli.main import main

    for name in list(os.environ):
        if name.startswith("ORCHESTRATOR_") or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    for name, value in command.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(command.work)

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run
