"""What the extension costs a real VS Code: at its start, at a key in 10,000 tasks, and while a conversation streams.

Limits in milliseconds are held against processor time, which does not count what else the machine does: of the thread
that all extensions share when it starts, and of the whole extension host, with ours and without, when somebody types.
Frames are counted in the page of the conversation, against those of the same page while nothing happens. Memory is that
of the whole window behind a collection, since the page shares it with VS Code.

    python -m benchmarks vscode [--quick]
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, expect
from tests.support.vscode import PATIENCE, VSCode, npm

from benchmarks.outlines import Shape, sample
from benchmarks.report import Figure

STARTS = 5
TASKS = 10_000
BURSTS = 3
KEYS = 100
"""In a burst: twenty words."""
UNCOMPRESSED = {"NODE_OPTIONS": f"--require {Path(__file__).with_name('uncompressed.cjs')}"}
"""As the desktop application's windows are: a browser's are talked to through zlib, which costs more than our work."""
OTHERS = ("markdown-language-features", "markdown-math", "mermaid-markdown-features", "merge-conflict")
"""What VS Code brings for Markdown and for git reads all of the document at every pause, which costs it more than our
limit, and more in that window in which the pauses happen to be longer."""
PAUSE = 100
"""Milliseconds between two keys: a fast typist."""
REST = 2_000
"""Milliseconds behind a burst, in which what waits for a pause is asked and drawn."""
PER_SECOND = 200
SECONDS = 15
PIECE = 6
"""Characters: a token of a model and a half."""
MESSAGES = (1_000, 10_000)
SECTION = """\
## What comes next

The order form asks for **three** things, and each of them is checked before it is sent: the name, the address and the
size. See `ui/form.py` for the rules, and [the plan](plan.tasks.md) for what is left to do.

- the name has at least two letters
- the address is looked up once, and kept
- the size is one of *small*, *medium* and *large*

```python
def check(form: Form) -> list[Problem]:
    problems = [problem for field in form.fields for problem in field.problems()]
    return sorted(problems, key=lambda problem: problem.line)
```

| field | kind | needed |
| --- | --- | --- |
| name | text | yes |
| size | choice | no |

"""
_WATCH = """() => {
  const watch = { frames: [], long: [], going: true };
  new PerformanceObserver((list) => watch.long.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: 'longtask' });
  const frame = (now) => { watch.frames.push(now); if (watch.going) requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  window.watch = watch;
}"""
_SEEN = "() => { window.watch.going = false; return { frames: window.watch.frames, long: window.watch.long }; }"


def measure(quick: bool) -> Iterator[Figure]:
    built = npm("build", "--", "--tests")
    if built.returncode:
        raise RuntimeError(built.stdout + built.stderr)
    with tempfile.TemporaryDirectory() as folder:
        yield from activation(Path(folder) / "start", 1 if quick else STARTS)
        yield from typing(Path(folder), 500 if quick else TASKS, 2 if quick else BURSTS)
        yield from conversation(Path(folder) / "chat", quick)


def activation(home: Path, rounds: int) -> Iterator[Figure]:
    home.mkdir()
    samples: list[dict[str, float]] = []
    with VSCode(home) as window:
        window.open()
        for turn in range(rounds):
            if turn:
                window.again()
            samples.append(window.inside("activation"))
    wall, read, called = (statistics.median(one[name] for one in samples) for name in ("wall", "read", "called"))
    yield Figure("VS Code starts: reading the extension's code", read, "ms", note="processor time")
    yield Figure("VS Code starts: activating it", called, "ms", note="processor time")
    yield Figure("  both", read + called, "ms", 50.0, f"{wall:.0f} ms with VS Code's own part, by the clock")


def typing(folder: Path, tasks: int, bursts: int) -> Iterator[Figure]:
    """Two windows in turns: one without the extension, one with everything that it brings, its tree in view."""
    outline = sample(Shape.HEADINGS, tasks)
    each: dict[bool, list[float]] = {False: [], True: []}
    behind: dict[bool, list[float]] = {False: [], True: []}
    homes = {ours: folder / ("with" if ours else "without") for ours in each}
    for home in homes.values():
        (home / "work").mkdir(parents=True)
        (home / "work" / "plan.tasks.md").write_text(outline.text)
    with (
        VSCode(homes[False], installed=False, without=OTHERS, environment=UNCOMPRESSED) as bare,
        VSCode(homes[True], script=[], beside=bare, without=OTHERS, environment=UNCOMPRESSED) as full,
    ):
        windows = {False: bare, True: full}
        for ours, window in windows.items():
            page = window.open()
            if ours:
                page.locator('.activitybar a[aria-label^="Orchestrator"]').click()
                window.until("the server", lambda window=window: window.inside("state") == "ready")
            window.inside("show", "plan.tasks.md", outline.text.splitlines()[outline.line])
            if ours:
                page.locator(".codelens-decoration").first.wait_for(state="attached")
            window.line("Compare the plan").click()
            page.keyboard.press("End")
            page.wait_for_timeout(REST)
        for _ in range(bursts):
            for ours, window in windows.items():
                before = window.inside("processorTime")
                window.page.keyboard.type(" word" * (KEYS // 5), delay=PAUSE)
                typed = window.inside("processorTime")
                window.page.wait_for_timeout(REST)
                rested = window.inside("processorTime")
                each[ours].append((typed - before) / KEYS)
                behind[ours].append(rested - typed)
    nothing, everything = statistics.median(each[False]), statistics.median(each[True])
    still, drawn = statistics.median(behind[False]), statistics.median(behind[True])
    yield Figure(f"a key in {tasks:,} tasks, extension host, without ours", nothing, "ms", note="processor time")
    yield Figure(f"a key in {tasks:,} tasks, extension host, with ours", everything, "ms", note="processor time")
    yield Figure("  added by ours", everything - nothing, "ms", 2.0)
    yield Figure(
        f"  added once, by the pause behind {KEYS} keys", drawn - still, "ms", note="symbols, folds, lenses, colours"
    )


def conversation(home: Path, quick: bool) -> Iterator[Figure]:
    seconds = 2 if quick else SECONDS
    length = seconds * PER_SECOND * PIECE
    answer = (SECTION * (length // len(SECTION) + 1))[:length]
    (home / "work").mkdir(parents=True)
    (home / "work" / "plan.tasks.md").write_text("- [ ] Talk\n")
    script = [{"when": {"schema": ""}, "answer": answer, "chunk": PIECE, "delay": 1 / PER_SECOND, "repeat": True}]
    with VSCode(home, script=script) as window:
        window.open()
        window.inside("show", "plan.tasks.md", "Talk")
        window.until("the server", lambda: window.inside("state") == "ready")
        window.inside("command", "orchestrator.chat")
        window.webview().locator("#box").wait_for()
        page = next(one for one in window.page.frames if one.name == "active-frame" or "fake.html" in one.url)
        window.page.wait_for_timeout(REST)
        yield from _frames(window, page, seconds)
        yield from _growth(window, (50, 700) if quick else MESSAGES)


def _frames(window: VSCode, page: Frame, seconds: int) -> Iterator[Figure]:
    page.evaluate(_WATCH)
    window.page.wait_for_timeout(seconds * 1000 / 2)
    idle = page.evaluate(_SEEN)
    chat = window.webview()
    browser = window.page.context.new_cdp_session(window.page)
    browser.send("Performance.enable")
    chat.locator("#box").fill("Go")
    chat.locator("#box").press("Enter")
    expect(chat.locator("article.assistant .tail, article.assistant .body").first).to_contain_text(
        "order", timeout=PATIENCE
    )
    before = _busy(browser)
    page.evaluate(_WATCH)
    expect(chat.locator("#stop")).to_be_hidden(timeout=4 * PATIENCE)
    seen = page.evaluate(_SEEN)
    busy = _busy(browser) - before
    took = (seen["frames"][-1] - seen["frames"][0]) / 1000
    quiet, streaming = _times(idle["frames"]), _times(seen["frames"])
    rates = [1000 / statistics.mean(times) for times in (quiet, streaming)]
    yield Figure("a stream: pieces a second", seconds * PER_SECOND / took, "", note="as the provider came to it")
    yield Figure("  frames a second while nothing happens", rates[0], "", note=_quantiles(quiet))
    yield Figure("  frames a second while it streams", rates[1], "", note=_quantiles(streaming))
    yield Figure("  times those of the idle page", rates[1] / rates[0], "", 0.95, at_least=True)
    yield Figure("  the window's main thread is busy", 100 * busy / took, "%", note="VS Code's own part included")
    yield Figure("  tasks of 50 ms and more", len(seen["long"]), "", note=f"idle: {len(idle['long'])}")


def _times(frames: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(frames)]


def _quantiles(times: list[float]) -> str:
    ordered = sorted(times)
    at = {share: ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)}
    return ", ".join(f"p{share} {value:.1f} ms" for share, value in at.items()) + f", longest {ordered[-1]:.1f} ms"


def _busy(browser: Any) -> float:
    metrics = {one["name"]: one["value"] for one in browser.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"]


def _growth(window: VSCode, counts: tuple[int, int]) -> Iterator[Figure]:
    browser: Any = window.page.context.new_cdp_session(window.page)
    heaps: list[float] = []
    nodes: list[int] = []
    told = 0
    for count in counts:
        last = window.inside("fillChat", count - told)
        told = count
        window.webview().locator(f'article[data-id="f{last}"]').wait_for()
        for _ in range(3):  # what the first leaves to finalizers is gone after the next
            browser.send("HeapProfiler.collectGarbage")
        heaps.append(browser.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
        nodes.append(browser.send("Memory.getDOMCounters")["nodes"])
    few, many = (f"{count:,}" for count in counts)
    yield Figure(f"memory of the window with {few} messages in a chat", heaps[0], "MB", note=f"{nodes[0]:,} nodes")
    yield Figure(f"memory of the window with {many} messages", heaps[1], "MB", note=f"{nodes[1]:,} nodes")
    yield Figure("  grown by", heaps[1] - heaps[0], "MB", 3.0)
    yield Figure("  nodes, times those before", nodes[1] / nodes[0], "times", 1.1)


if __name__ == "__main__":
    print(*measure("--quick" in sys.argv), sep="\n")
