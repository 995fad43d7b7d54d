"""`python -m codegen` writes every generated file; `--check` only compares, and exits 1 when one is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from codegen import lua, package_json, protocol_page, settings_page, typescript
from codegen.shapes import protocol_shapes
from orchestrator.engine.exchange import json_outline

ROOT = Path(__file__).resolve().parents[2]


def generated() -> dict[str, str]:
    """Path below the repository, and text, of every generated file."""
    shapes = protocol_shapes()
    return {
        "editors/vscode/src/generated/protocol.ts": typescript.protocol(shapes),
        "editors/neovim/lua/orchestrator/protocol.lua": lua.protocol(shapes),
        "docs/reference/protocol.md": protocol_page.protocol(shapes),
        "docs/reference/settings.md": settings_page.settings(),
        "docs/reference/orchestrator-outline.schema.json": json.dumps(json_outline.schema(), indent=2) + "\n",
        "editors/vscode/package.json": package_json.manifest(),
    }


def main(arguments: list[str]) -> int:
    stale = [
        path
        for path, text in generated().items()
        if not (ROOT / path).exists() or (ROOT / path).read_text("utf-8") != text
    ]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is stale: run `make generate`", file=sys.stderr)
        return 1 if stale else 0
    for path, text in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
    print(f"{len(stale)} of {len(generated())} generated files changed", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
