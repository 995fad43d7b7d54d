"""Install what the tests need and pip does not bring: Debian packages, tools from npm, the small model.

Everything lands in this folder or in the user's cache, the Debian packages excepted: as root they are installed,
otherwise the one line that installs them is printed. A second run finds everything there and starts nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

DEBIAN = {"tmux": "tmux", "luacheck": "lua-check"}
"""A program, and the Debian package that brings it."""
NODE = Path(__file__).with_name("node")
BIN = Path(sys.executable).parent


def main() -> int:
    return _debian_packages() or _node_tools() or _weights()


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


def _node_tools() -> int:
    lock, installed = NODE / "package-lock.json", NODE / "node_modules" / ".installed"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return 0
    status = _run([str(BIN / "npm"), "ci", "--ignore-scripts", "--prefix", str(NODE)])
    if status == 0:
        shutil.copy(lock, installed)
    return status


def _weights() -> int:
    return _run([str(BIN / "orchestrator"), "models", "pull", "smollm2"])


def _run(command: list[str], environment: dict[str, str] | None = None) -> int:
    return subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
