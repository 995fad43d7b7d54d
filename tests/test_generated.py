"""What is generated from the definitions must not lag behind them."""

import subprocess

from codegen.__main__ import ROOT, generated


def test_generated_files_are_fresh():
    stale = [path for path, text in generated().items() if (ROOT / path).read_text("utf-8") != text]
    assert stale == [], "run `make generate`"


def test_the_generated_typescript_compiles(tmp_path):
    """Strict TypeScript accepts the protocol, and refuses a message that is not of its shape."""
    tools = ROOT / "tests" / "support" / "node" / "node_modules" / ".bin" / "tsc"
    (tmp_path / "protocol.ts").write_text((ROOT / "editors/vscode/src/generated/protocol.ts").read_text("utf-8"))
    (tmp_path / "use.ts").write_text(
        'import type { Requests } from "./protocol";\n'
        'export const params: Requests["orchestrator/run/stop"]["params"] = { runId: 7 };\n'
    )
    check = [str(tools), "--noEmit", "--strict", "--target", "es2022", "--module", "preserve"]
    fine = subprocess.run([*check, "protocol.ts"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (fine.returncode, fine.stdout) == (0, "")
    wrong = subprocess.run([*check, "use.ts"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Type 'number' is not assignable to type 'string'" in wrong.stdout
