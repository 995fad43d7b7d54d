"""The tests of `editors/vscode/test/host`, inside the real extension host with the whole API and the real server."""

from __future__ import annotations

import re
from typing import Any

from tests.support.vscode import VSCode

WINDOW: dict[str, Any] = {
    "files": {"plan.tasks.md": "- [ ] One\n"},
    "driver": True,
    "script": [
        {"when": {"schema": "decide"}, "answer": {"verdict": "DECOMPOSE", "reason": "Several."}, "repeat": True},
        {
            "when": {"schema": "plan"},
            "answer": {
                "ordered": True,
                "tasks": [
                    {"title": title, "description": "", "acceptance": "", "dependsOn": []}
                    for title in ("Socks", "Shirts")
                ],
            },
            "repeat": True,
        },
    ],
}


def test_inside_the_extension_host(code: VSCode) -> None:
    status, said = code.run_inside("dist/test/index.js")
    told = "\n".join(said + [text for text in code.console if "passed" in text or "FAILED" in text])
    code.shot("host")
    assert status == 0, told
    assert re.search(r"all \d+ passed", told), told
    print("\n".join(text for text in said if " ms " in text))
