"""The tests of `editors/vscode/test/host/cases.ts`, inside the real extension host with the whole API."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.support.vscode import VSCode
from tests.vscode.answers import plan

# A task that is plainly not simple: the tests before these took back and discarded splits, and that is learned from.
WINDOW: dict[str, Any] = {"files": {}, "script": [plan("The shoes", "The coat", contains="Organise the conference")]}


def test_inside_the_extension_host(code: VSCode, page: Page) -> None:
    told = code.inside("cases")
    assert told["failed"] == []
    assert len(told["passed"]) >= 7
