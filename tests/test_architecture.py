"""What the documentation says about the tree, and what the layers promise, holds."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "server" / "orchestrator"


def test_the_architecture_page_names_files_that_exist():
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_invariant_names_a_test_that_exists():
    """A docstring that says *Invariant:* is worth what its test is worth."""
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    named = {
        name: path.relative_to(ROOT)
        for path in PACKAGE.rglob("*.py")
        for invariant in re.findall(r"Invariant:.*?\)\.", path.read_text("utf-8"), re.DOTALL)
        for name in re.findall(r"\b(test_\w+)\b(?!\.py|/)", invariant)
    }
    assert len(named) > 15
    assert {name: str(path) for name, path in named.items() if f"def {name}(" not in tests} == {}


def test_every_module_says_what_it_is():
    silent = [
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*.py")
        if path.read_text("utf-8").strip() and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_asyncio_tasks_have_two_owners():
    """Runs belong to the engine's runner, the language server's own answers to its task set; nobody else makes one."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\b(create_task|ensure_future)\(", path.read_text("utf-8"))
    }
    assert found == {"engine/runner.py", "lsp/tasks.py"}


HEAVY = ["anthropic", "openai", "genai_prices", "keyring", "numpy", "rich", "xllamacpp"]


@pytest.mark.parametrize("module", ["orchestrator.cli.main", "orchestrator.lsp.server", "orchestrator.engine.session"])
def test_heavy_packages_are_imported_at_first_use(module: str):
    """Start-up is felt; an SDK costs a second or two."""
    script = f"import sys, {module}; print(*sorted(sys.modules.keys() & set({HEAVY})))"
    run = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert run.stdout.split() == []


def test_webviews_let_in_nothing_from_elsewhere():
    """Every page of the VS Code extension has a policy, and no policy has an exception."""
    sources = {path: path.read_text("utf-8") for path in (ROOT / "editors" / "vscode" / "src").rglob("*.ts")}
    pages = [text for text in sources.values() if "<html" in text]
    policies = [found for text in sources.values() for found in re.findall(r"`(default-src[^`]*)`", text)]
    assert len(pages) == len(policies) == 2
    assert all('http-equiv="Content-Security-Policy"' in text for text in pages)
    for policy in policies:
        assert policy.startswith("default-src 'none'; style-src ${")
        assert not re.search(r"unsafe|https?:|data:|\*", policy)
    assert not [path.name for path, text in sources.items() if "enableCommandUris: true" in text]
