"""What the plug-in costs in Neovim: at its start, at a key in an outline of 10,000 tasks, at a piece of a chat.

All by the clock, since that is what a person waits for. What else the machine does must not decide, so each is taken in
turns with what it is compared to, and in rounds: a figure is the median over rounds, and a burst of other work spoils
the few that it falls into. Processor time stands beside it: where the two are far apart, the machine was busy.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
from tests.support.neovim import PLUGIN, binary, clean_environment

from benchmarks.outlines import Shape, sample
from benchmarks.report import Figure

FAKE_SERVER = Path(__file__).parents[1] / "tests" / "neovim" / "fake_server.lua"
TASKS = 10_000
ROUNDS = 6
KEYS = 80
"""In each round."""
PAUSE = 0.03
"""Seconds between two keys: a fast typist."""
SETTLING = 5.0
"""Seconds for what is asked behind an opening: this is about typing."""
STARTS = 40
CHUNKS = 1_000
CHUNKS_PER_SECOND = 200

_OTHER = """
vim.opt.swapfile = false
vim.lsp.config('other', { cmd = { 'true' }, filetypes = { 'markdown' } })
vim.lsp.enable('other')
"""
"""Somebody with another server: what Neovim loads for any of them is not ours."""

_WITH_EVERYTHING = """
vim.lsp.inlay_hint.enable()
vim.api.nvim_create_autocmd({ 'InsertLeave', 'BufEnter' }, {
  callback = function() vim.lsp.codelens.refresh({ bufnr = 0 }) end,
})
"""


_STREAM = """
local count, pause = ...
local long = {}
for number = 1, 10000 do
  long[number] = number % 7 == 0 and '' or ('Line %d says **something** about `it`.'):format(number)
end
local function message(id, text, ending)
  return { messageId = id, parentId = vim.NIL, speaker = 'assistant', text = text, created = 1, ending = ending }
end
local info = { conversationId = 'c1', uri = vim.uri_from_bufnr(0), title = 'Long', model = '', kind = 'chat' }
fake.answers['orchestrator/chat/open'] = function()
  local messages = { message('m1', table.concat(long, '\\n'), 'end'), message('m2', '', 'open') }
  return { conversation = info, messages = messages, earlier = 0, seq = 0 }
end
vim.cmd('Orchestrator chat')
vim.wait(10000, function() return vim.b.orchestrator_chat ~= nil end)
vim.cmd('only')
vim.wait(500)
local taken = {}
for seq = 1, count do
  local due = vim.uv.hrtime() + pause
  local text = seq % 12 == 0 and 'and on.\\n' or 'more words '
  local update = { kind = 'text', text = text }
  local begun, worked = vim.uv.hrtime(), os.clock()
  fake:tell('orchestrator/chat/update', { conversationId = 'c1', messageId = 'm2', seq = seq, update = update })
  vim.cmd.redraw()
  taken[seq] = { (vim.uv.hrtime() - begun) / 1e6, (os.clock() - worked) * 1e3 }
  vim.wait(math.max(0, (due - vim.uv.hrtime()) / 1e6), function() return false end, 1)
end
return taken
"""


def measure(quick: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        yield startup(Path(folder), 3 if quick else STARTS)
        yield from typing(Path(folder), 500 if quick else TASKS, 2 if quick else ROUNDS, 20 if quick else KEYS)
        yield from streaming(Path(folder), 40 if quick else CHUNKS)


def startup(folder: Path, pairs: int) -> Figure:
    """What `nvim --startuptime` says with the plug-in and its server enabled, against without, in turns."""
    ours = f"vim.opt.runtimepath:prepend('{PLUGIN}')\n{_OTHER}vim.lsp.enable('orchestrator')"
    inits = {"off": _OTHER, "on": ours}
    for name, init in inits.items():
        (folder / f"{name}.lua").write_text(init)
    environment = clean_environment(folder / "home")
    program, log = str(binary()), folder / "startuptime"

    def started(name: str) -> float:
        log.unlink(missing_ok=True)
        argv = [program, "--headless", "-i", "NONE", "-u", str(folder / f"{name}.lua"), "--startuptime", str(log)]
        subprocess.run([*argv, "+qall"], env=environment, check=True, capture_output=True)
        # Milliseconds of the clock; the editor's own process comes last, and its line is the end of its start.
        lines = [line for line in log.read_text().splitlines() if "NVIM STARTED" in line]
        return float(lines[-1].split()[0])

    samples: dict[str, list[float]] = {"off": [], "on": []}
    for turn in range(pairs + 1):
        order = ("off", "on") if turn % 2 else ("on", "off")
        for name in order:
            taken = started(name)
            if turn:  # The first fills the disk's cache.
                samples[name].append(taken)
    # Other work only ever adds: the quicker ones are those that it left alone.
    off, on = (statistics.quantiles(samples[name], n=4)[0] for name in ("off", "on"))
    note = f"lower quartiles of {pairs} starts each, in turns: {off:.1f} and {on:.1f}"
    return Figure("Neovim starts later with the plug-in, by", on - off, "ms", 1.0, note)


def typing(folder: Path, tasks: int, rounds: int, keys: int) -> Iterator[Figure]:
    outline = sample(Shape.HEADINGS, tasks)
    off = "vim.opt.swapfile = false\nvim.opt.shortmess:append('aoOtTIcF')"
    on = (
        f"{off}\nvim.opt.runtimepath:prepend('{PLUGIN}')\n"
        f"vim.g.orchestrator = {{ settings = {{ model = 'scripted/demo' }} }}\n"
        f"vim.lsp.enable('orchestrator')\n{_WITH_EVERYTHING}"
    )
    with _editor(folder / "off", outline.text, off) as bare, _editor(folder / "on", outline.text, on) as ours:
        ours.until("#vim.lsp.get_clients({ name = 'orchestrator' }) == 1 and vim.lsp.get_clients()[1].initialized")
        ours.command(f"{outline.line + 1}")
        ours.command("Orchestrator tree")
        ours.until("vim.bo.filetype == 'orchestrator-tree' and vim.fn.line('$') > 1")
        ours.command("wincmd p")
        ours.until("#vim.diagnostic.get(0) > 0")
        time.sleep(SETTLING)
        samples: dict[_Editor, list[list[float]]] = {bare: [], ours: []}
        worked = dict.fromkeys(samples, 0.0)
        for editor in samples:
            editor.command(f"normal! {outline.line + 1}G")
            editor.key("o")
        for turn in range(rounds):
            for taken in samples.values():
                taken.append([])
            for number in range(turn * keys, (turn + 1) * keys):
                for editor, taken in samples.items():
                    before = editor.worked()
                    taken[-1].append(1000 * editor.key("word "[number % 5] if number % 40 else "<CR>"))
                    worked[editor] += editor.worked() - before
                time.sleep(PAUSE)
    p95 = {editor: [_p95(taken) for taken in of_editor] for editor, of_editor in samples.items()}
    ratios = [everything / nothing for nothing, everything in zip(p95[bare], p95[ours], strict=True)]
    note = f"median of {rounds} rounds"
    yield Figure(f"a key in {tasks:,} tasks, without the plug-in, p95", statistics.median(p95[bare]), "ms", note=note)
    yield Figure(f"a key in {tasks:,} tasks, with everything on, p95", statistics.median(p95[ours]), "ms", note=note)
    beside = f"median of {rounds} rounds; of processor time {worked[ours] / max(worked[bare], 1e-9):.2f}"
    yield Figure("  ratio", statistics.median(ratios), "times", 1.3, beside)


def streaming(folder: Path, count: int) -> Iterator[Figure]:
    """A provider that emits 200 pieces a second into a chat of 10,000 lines: what each takes until it is drawn."""
    init = (
        f"vim.opt.swapfile = false\nvim.opt.shortmess:append('aoOtTIcF')\nvim.opt.runtimepath:prepend('{PLUGIN}')\n"
        f"vim.lsp.enable('orchestrator')\ndofile('{FAKE_SERVER}')"
    )
    with _editor(folder / "chat", "- [ ] Talk\n", init) as editor:
        editor.until("vim.lsp.get_clients()[1] and vim.lsp.get_clients()[1].initialized or false")
        taken: list[list[float]] = editor.lua(_STREAM, count, 1_000_000_000 // CHUNKS_PER_SECOND)
    size = max(len(taken) // ROUNDS, 2)
    rounds = [taken[start : start + size] for start in range(0, len(taken) - size + 1, size)]
    clock, worked = (statistics.median(_p95([pair[which] for pair in one]) for one in rounds) for which in (0, 1))
    note = f"200 a second, below 10,000 lines; of processor time {worked:.2f}"
    yield Figure("a piece of a streamed answer, drawn, p95", clock, "ms", 8.0, note)


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


class _Editor:
    """Neovim as its screen sees it: what is drawn comes as messages, and the last of a drawing is `flush`."""

    def __init__(self, address: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(60)
        self._socket.connect(str(address))
        self._unpacker: Any = msgpack.Unpacker(raw=False, strict_map_key=False, ext_hook=lambda _code, data: data)
        self._number = 0
        self.request("nvim_ui_attach", 120, 40, {"ext_linegrid": True, "rgb": True})
        pid = self.lua("return vim.uv.os_getpid()")
        self._schedule = Path(f"/proc/{pid}/task/{pid}/schedstat")

    def request(self, method: str, *arguments: Any) -> Any:
        self._number += 1
        self._socket.sendall(msgpack.packb([0, self._number, method, arguments]))
        while True:
            message = self._next()
            if message[0] == 1 and message[1] == self._number:
                if message[2]:
                    raise RuntimeError(str(message[2]))
                return message[3]

    def command(self, line: str) -> None:
        self.request("nvim_command", line)

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.request("nvim_exec_lua", code, list(arguments))

    def until(self, condition: str) -> None:
        end = time.monotonic() + 60
        while True:
            mode = self.request("nvim_get_mode")
            if mode["blocking"]:
                raise RuntimeError(f"Neovim waits for a key in mode {mode['mode']}: {condition}")
            if self.lua(f"return {condition}"):
                return
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def key(self, key: str) -> float:
        """Seconds until what the key did is drawn."""
        self._drain()
        begun = time.perf_counter()
        self._socket.sendall(msgpack.packb([2, "nvim_input", [key]]))
        drawn = False
        while True:
            message = self._next()
            if message[0] != 2 or message[1] != "redraw":
                continue
            for event in message[2]:
                drawn = drawn or event[0] in {"grid_line", "grid_scroll"}
                if event[0] == "flush" and drawn:
                    return time.perf_counter() - begun

    def worked(self) -> float:
        """Milliseconds that its main thread has worked; 0 where the system does not say."""
        return int(self._schedule.read_text().split()[0]) / 1e6 if self._schedule.exists() else 0.0

    def _drain(self) -> None:
        """Forget what was drawn meanwhile."""
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while chunk := self._socket.recv(1 << 20):
                self._unpacker.feed(chunk)
        self._socket.setblocking(True)
        self._socket.settimeout(60)
        for _ in self._unpacker:
            pass

    def _next(self) -> Any:
        while True:
            for message in self._unpacker:
                return message
            chunk = self._socket.recv(1 << 20)
            if not chunk:
                raise ConnectionResetError("Neovim has ended.")
            self._unpacker.feed(chunk)


@contextlib.contextmanager
def _editor(folder: Path, text: str, init: str) -> Iterator[_Editor]:
    folder.mkdir()
    (folder / "init.lua").write_text(init)
    (folder / "plan.tasks.md").write_text(text)
    address = folder / "s"
    argv = [str(binary()), "--headless", "--listen", str(address), "-i", "NONE", "-u", str(folder / "init.lua")]
    process = subprocess.Popen(
        [*argv, "plan.tasks.md"],
        cwd=folder,
        env=clean_environment(folder / "home"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not address.exists():
            time.sleep(0.02)
        editor = _Editor(address)
        yield editor
        with contextlib.suppress(OSError, RuntimeError):
            editor.command("qall!")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    print(*measure("--quick" in sys.argv), sep="\n")
