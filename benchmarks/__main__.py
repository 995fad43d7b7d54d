"""`make bench`: every measurement in one run; exits 1 when a ratio is over its limit."""

from __future__ import annotations

import platform
import sys

from benchmarks import split, startup, store
from benchmarks.report import Figure


def main() -> int:
    print(f"{platform.platform()}, Python {platform.python_version()}, {platform.processor() or platform.machine()}")
    figures: list[Figure] = []
    for part in (startup.measure, split.measure, _store):
        for figure in part():
            print(figure, flush=True)
            figures.append(figure)
    failed = [figure for figure in figures if figure.failed]
    print(f"{len(failed)} of {sum(figure.limit is not None for figure in figures)} limits exceeded")
    return 1 if failed else 0


def _store() -> list[Figure]:
    return [Figure(f"store: {name}", value, "") for name, value in store.measure().items()]


if __name__ == "__main__":
    sys.exit(main())
