"""How long a person waits for the first answer: `initialize` against a bare pygls server, `--help` against Python."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Figure

ROUNDS = 15
BARE = "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '1').start_io()"
COMMAND = str(Path(sys.executable).with_name("orchestrator"))


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "ORCHESTRATOR_DATA_DIR": f"{folder}/data",
            "ORCHESTRATOR_CONFIG_DIR": f"{folder}/config",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        bare, ours, nothing, helping = [], [], [], []
        for turn in range(ROUNDS + 1):  # in turns, so that a slow moment of the machine meets all; the first warms up
            samples = (
                (bare, _initialize([sys.executable, "-P", "-c", BARE], environment)),
                (ours, _initialize([COMMAND, "serve"], environment)),
                (nothing, _run([sys.executable, "-c", "pass"], environment)),
                (helping, _run([COMMAND, "--help"], environment)),
            )
            if turn:
                for collected, seconds in samples:
                    collected.append(seconds)
        middle = [statistics.median(samples) for samples in (bare, ours, nothing, helping)]
    return [
        Figure("start to `initialize`, bare pygls server", middle[0] * 1000, "ms"),
        Figure("start to `initialize`, orchestrator serve", middle[1] * 1000, "ms"),
        Figure("  ratio", middle[1] / middle[0], "times", 1.3),
        Figure("python -c pass", middle[2] * 1000, "ms"),
        Figure("orchestrator --help", middle[3] * 1000, "ms"),
        Figure("  ratio", middle[3] / middle[2], "times", 5),
    ]


def _run(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _initialize(command: list[str], environment: dict[str, str]) -> float:
    message = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {"processId": None, "rootUri": None, "capabilities": {}},
        }
    ).encode()
    begun = time.perf_counter()
    server = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert server.stdin
    assert server.stdout
    server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(message), message))
    server.stdin.flush()
    length = int(server.stdout.readline().split(b":")[1])
    answer = server.stdout.read(length + 2)
    while b'"result"' not in answer:  # a header of another kind, or a notification before the answer
        answer += server.stdout.read(1)
    taken = time.perf_counter() - begun
    server.kill()
    server.communicate()
    return taken


if __name__ == "__main__":
    print(*measure(), sep="\n")
