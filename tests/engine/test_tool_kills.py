"""`kill -9` while tasks edit files and run commands: nothing is written or run twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("KILLS", "12"))
PATIENCE = 120 + 5 * KILLS
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(PATIENCE + 10)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_kills_apply_no_edit_and_run_no_command_twice(tmp_path: Path):
    command = [sys.executable, "-m", "tests.support.tool_kills", str(tmp_path), str(KILLS), "11"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ORCHESTRATOR_")}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    print(f"{report['kills']} kills, {report['tasks']} tasks, {report['cut']} commands cut before they began")
    assert report["kills"] == KILLS
    assert report["wrong"] == []
    assert report["left"] == []
