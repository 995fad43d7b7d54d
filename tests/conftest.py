"""For every test: no key, no setting and no store of the person who runs them; laws without a clock or a die."""

import atexit
import gc
import os
import shutil
import tempfile
from itertools import islice
from pathlib import Path

import pytest

from tests.support.laws import choose_profile

_PRIVATE = ("ANTHROPIC_", "OPENAI_", "ORCHESTRATOR_")
for _name in [name for name in os.environ if name.startswith(_PRIVATE) and name != "ORCHESTRATOR_CACHE_DIR"]:
    del os.environ[_name]
_folder = Path(tempfile.mkdtemp(prefix="orchestrator-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["ORCHESTRATOR_CONFIG_DIR"] = str(_folder / "config")
os.environ["ORCHESTRATOR_DATA_DIR"] = str(_folder / "data")

choose_profile()

DEAR = ("vscode", "neovim", "e2e", "cli")
"""Folders whose tests start programs and wait for them, the longest first."""


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors: a third of the time a test waits for a program that it started."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + processors // 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is dear begins at once, each kind in one worker; what is cheap comes at the end, where it evens them out.

    Every worker takes an equal part of the list as it stands, and later from the end of what another one has left.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    folders = [config.rootpath / "tests" / name for name in DEAR]
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    rest = items[:]
    for place, folder in enumerate(folders):
        parts[place % workers] += [item for item in items if folder in item.path.parents]
        rest = [item for item in rest if folder not in item.path.parents]
    if max(map(len, parts)) > len(items) // workers:
        return  # only a part of the tests was asked for
    cheap = iter(rest)
    for part in parts:
        part.extend(islice(cheap, len(items) // workers - len(part)))
    items[:] = [*(item for part in parts for item in part), *cheap]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector need not look at it ever again."""
    gc.collect()
    gc.freeze()
