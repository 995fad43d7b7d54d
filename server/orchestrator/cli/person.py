"""The person at the terminal: the engine's questions, and signals that mean "stop".

Apart from the commands because every one that runs the engine asks and stops in the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable

from orchestrator.cli.terminal import Terminal
from orchestrator.engine.editor import Question
from orchestrator.model.safe_text import many_lines, one_line

Around = Callable[[], contextlib.AbstractContextManager[None]]


class TerminalPerson:
    """The engine's questions, on the terminal. Enter is the careful answer; the end of input is none."""

    def __init__(self, terminal: Terminal, around: Around | None = None) -> None:
        """`around` gives the screen free while a question stands."""
        self._terminal = terminal
        self._around = around or contextlib.nullcontext

    async def ask(self, question: Question) -> str | None:
        if not self._terminal.can_ask:
            return None
        with self._around():
            self._terminal.say(many_lines(question.text), "strong")
            for number, choice in enumerate(question.choices, 1):
                self._terminal.say(f"  {number}. {one_line(choice)}")
            answer = await self._terminal.ask(f"Your choice, 1 to {len(question.choices)} [1]: ")
        if answer is None:
            return None
        if answer.isascii() and answer.isdecimal() and 1 <= int(answer[:3]) <= len(question.choices):
            return question.choices[int(answer[:3]) - 1]
        return question.choices[0]

    async def answer(self, question: str) -> str:
        """Free text; empty when nobody answers now."""
        with self._around():
            self._terminal.say(many_lines(question), "strong")
            return await self._terminal.ask("Your answer (Enter: later): ") or ""


def cancel_on_signals() -> None:
    """Ask to stop as Ctrl-C does, so that children end and nothing stays half done."""
    task = asyncio.current_task()
    assert task is not None
    on_signals(task.cancel)


def on_signals(stop: Callable[[], object], *, interrupt: bool = False) -> None:
    """Call this, in the event loop, when somebody asks the program to end; `interrupt`: at Ctrl-C too."""
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGHUP, *((signal.SIGINT,) if interrupt else ())):
            with contextlib.suppress(NotImplementedError, RuntimeError):
                asyncio.get_running_loop().add_signal_handler(number, stop)
