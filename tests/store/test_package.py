"""The package itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

import orchestrator.store


def test_the_package_imports_no_module_of_it() -> None:
    code = "import sys, orchestrator.store; print([name for name in sys.modules if name.startswith('orchestrator.st')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['orchestrator.store']"


def test_its_names_are_there() -> None:
    assert orchestrator.store.Store.__name__ == "Store"
    assert orchestrator.store.LEASE_SECONDS > orchestrator.store.HEARTBEAT_SECONDS
    with pytest.raises(AttributeError):
        orchestrator.store.nothing  # noqa: B018 # pyright: ignore[reportAttributeAccessIssue]
