"""Plug-ins of executors and task types: an installed package, and one that a repository brings along."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from orchestrator.engine import exchange, executors, plugins, task_types
from orchestrator.engine.exchange import doing
from orchestrator.errors import ConfigError
from tests.support.hands import Hands, task_in

EXAMPLE = Path(__file__).resolve().parents[1] / "data" / "plugin"


def install(site: Path) -> Path:
    """As a package manager would: the package, and what it says about itself."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    shutil.copytree(EXAMPLE / "orchestrator_example", site / "orchestrator_example")
    about = site / "orchestrator_example-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    groups = project["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in points.items()) for group, points in groups.items()]
    (about / "entry_points.txt").write_text("\n".join(lines))
    return site


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(site))
    sys.modules.pop("orchestrator_example", None)
    return site


async def test_an_installed_executor_works(installed: Path, tmp_path: Path):
    assert "count" in executors.names()
    assert "orchestrator_example" not in sys.modules, "a list imports nothing"
    task, hands = task_in(tmp_path / "ws", description="three words here"), Hands()
    outcome = await executors.find("count", task.workspace).execute(task, hands)
    assert outcome.result == "3 words"
    assert hands.told == ["counted 3 words"]


def test_an_installed_task_type_works(installed: Path, tmp_path: Path):
    assert task_types.names() == ("chore",)
    name, task = task_types.resolve(task_in(tmp_path / "ws", description="Sweep.", fields={"type": "chore"}))
    assert name == "count"
    assert (task.brief.description, task.brief.acceptance) == ("Be quick.\n\nSweep.", "the number is right")


def test_the_task_goes_before_its_type(installed: Path, tmp_path: Path):
    fields = {"type": "chore", "executor": "answer"}
    name, task = task_types.resolve(task_in(tmp_path / "ws", acceptance="mine", fields=fields))
    assert (name, task.brief.acceptance) == ("answer", "mine")


def test_a_type_that_nobody_has_installed_changes_nothing(tmp_path: Path):
    task = task_in(tmp_path, fields={"type": "epic"})
    assert task_types.resolve(task) == ("answer", task)


async def test_installed_forms_work(installed: Path):
    assert "todo.txt" in exchange.exporter_names()
    assert "todo.txt" in exchange.importer_names()
    assert "orchestrator_example" not in sys.modules, "a list imports nothing"
    foreign = exchange.Foreign("todo.txt", "x sweep\ncall [mode:: auto] Mum\n", lambda: "new1")
    found = doing.convert(foreign, None, None, 10_000)
    assert (found.form, found.text) == (
        "todo.txt", "---\norchestrator: 1\n---\n- [x] sweep\n- [ ] call \\[mode:: auto] Mum\n",
    )  # fmt: skip
    subject = exchange.Subject("a.tasks.md", found.outline, "", None)
    exported = await doing.export(exchange.exporter("todo.txt"), subject, [])
    assert exported.text == foreign.text


@pytest.mark.parametrize("way", ["environment", "editable", "package link"])
def test_a_plugin_of_the_folder_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str):
    workspace = tmp_path / "ws"
    if way == "environment":
        site = install(workspace / ".venv" / "lib" / "site-packages")
    else:
        site = install(tmp_path / "site")
        shutil.move(site / "orchestrator_example", workspace / "src" / "orchestrator_example")
        if way == "editable":
            monkeypatch.syspath_prepend(str(workspace / "src"))
        else:
            (site / "orchestrator_example").symlink_to(workspace / "src" / "orchestrator_example")
    monkeypatch.syspath_prepend(str(site))
    sys.modules.pop("orchestrator_example", None)
    with pytest.raises(ConfigError, match=r"not loaded, because it lies inside the workspace.*outside"):
        executors.find("count", workspace)
    with pytest.raises(ConfigError, match="inside the workspace"):
        exchange.exporter("todo.txt", workspace)
    assert "todo.txt" not in [form.name for form in exchange.importers(workspace)]
    with pytest.raises(ConfigError, match="inside the workspace"):
        task_types.resolve(task_in(workspace, fields={"type": "chore"}))
    assert "orchestrator_example" not in sys.modules


def test_a_plugin_that_is_broken_or_something_else_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    points = [
        EntryPoint("gone", "no.such.module:X", task_types.ENTRY_POINTS),
        EntryPoint("odd", "tests.engine.test_plugins:EXAMPLE", task_types.ENTRY_POINTS),
    ]
    monkeypatch.setattr(task_types, "entry_points", lambda group: points)
    for name, words in (("gone", "cannot be loaded: ModuleNotFoundError"), ("odd", "is a PosixPath")):
        with pytest.raises(ConfigError, match=words):
            task_types.resolve(task_in(tmp_path, fields={"type": name}))
    with pytest.raises(ConfigError, match="cannot be loaded"):
        plugins.load(EntryPoint("x", "tests.engine.test_plugins:nothing", "g"), "executor", None)


def test_the_example_is_a_package_that_can_be_built():
    """Its own metadata is sound; nothing is built here, since that would fetch a build backend."""
    done = subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(EXAMPLE / "orchestrator_example")],
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0
    text = (EXAMPLE / "pyproject.toml").read_text()
    assert re.findall(r'"(orchestrator\.\w+)"\]', text) == [
        executors.ENTRY_POINTS, task_types.ENTRY_POINTS, exchange.EXPORTERS, exchange.IMPORTERS,
    ]  # fmt: skip
