"""`make bench`: every measurement in one run; exits 1 when a ratio is over its limit.

    python -m benchmarks [NAME …] [--quick]

A name chooses one part. `--quick` makes the outlines small and the rounds few: it shows that everything runs, and its
figures say nothing.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterable

from benchmarks import (
    chat,
    growth,
    history,
    keystroke,
    markdown_server,
    memory,
    metrics,
    neovim,
    prompts,
    run,
    split,
    startup,
    store,
    streams,
    vendors,
    vscode,
)
from benchmarks.report import Figure

PARTS: dict[str, Callable[[bool], Iterable[Figure]]] = {
    "startup": lambda _: startup.measure(),
    "run": run.measure,
    "streams": streams.measure,
    "prompts": prompts.measure,
    "chat": chat.measure,
    "vendors": vendors.measure,
    "split": lambda _: split.measure(),
    "store": lambda _: (Figure(f"store: {name}", value, "") for name, value in store.measure().items()),
    "history": history.measure,
    "keystroke": keystroke.measure,
    "growth": growth.measure,
    "markdown-server": markdown_server.measure,
    "memory": memory.measure,
    "neovim": neovim.measure,
    "vscode": vscode.measure,
    "metrics": metrics.measure,
}


def main(arguments: list[str]) -> int:
    names = [argument for argument in arguments if argument != "--quick"] or list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        print(f"There is no benchmark {' or '.join(unknown)}. There is: {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}, {platform.processor() or platform.machine()}")
    figures: list[Figure] = []
    for name in names:
        for figure in PARTS[name]("--quick" in arguments):
            print(figure, flush=True)
            figures.append(figure)
    failed = [figure for figure in figures if figure.failed]
    print(f"{len(failed)} of {sum(figure.limit is not None for figure in figures)} limits exceeded")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
