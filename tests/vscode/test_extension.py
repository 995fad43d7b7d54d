"""What can be said of the extension without an editor: its unit tests, and the package."""

from __future__ import annotations

import json
import zipfile

from tests.support.vscode import EXTENSION, npm


def test_unit_tests_of_the_extension():
    done = npm("test")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_is_small_whole_and_without_warnings():
    done = npm("package")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    version = json.loads((EXTENSION / "package.json").read_text("utf-8"))["version"]
    package = EXTENSION / f"orchestrator-{version}.vsix"
    assert package.stat().st_size < 1_000_000
    with zipfile.ZipFile(package) as opened:
        names = set(opened.namelist())
    assert {
        "extension/dist/extension.js",
        "extension/package.json",
        "extension/readme.md",
        "extension/icon.png",
    } <= names
    assert not [name for name in names if "node_modules" in name or "/src/" in name or "/test/" in name]


def test_lock_files_name_no_host():
    for folder in (EXTENSION, EXTENSION.parents[1] / "tests" / "support" / "vscode"):
        assert '"resolved"' not in (folder / "package-lock.json").read_text("utf-8")
