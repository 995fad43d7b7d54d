"""`kill -9` at random moments within the work, again and again, until the plan is done.

    KILLS=200 python -m pytest tests/engine/test_kills.py tests/engine/test_tool_kills.py -s

is what a release is tested with: a few minutes, mostly of processor time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("KILLS", "25"))
PATIENCE = 120 + 5 * KILLS
ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.timeout(PATIENCE + 10),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    command = [sys.executable, "-m", "tests.support.kills", str(folder), str(KILLS), "7"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ORCHESTRATOR_")}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    print(f"{found['kills']} kills, {found['calls']} calls, {found['inFlight']} repeated in flight")
    return found


def test_kills_repeat_no_finished_call(report):
    assert report["kills"] == KILLS
    assert report["repeated"] == []
    assert report["inFlight"] <= 4 * report["kills"], "at most the one in flight of each stream"


def test_kills_apply_no_edit_twice(report):
    assert report["wrong"] == []
