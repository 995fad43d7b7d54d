"""Benchmarks that look inside of what they measure: a change there breaks them without a word.

Their figures are not judged here, since other tests run beside them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["chat", "metrics"])
def test_a_benchmark_runs_to_its_end(name: str) -> None:
    command = [sys.executable, "-m", "benchmarks", name, "--quick"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=250)
    assert "limits exceeded" in done.stdout, done.stderr
