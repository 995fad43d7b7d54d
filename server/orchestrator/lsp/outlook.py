"""Whether a task needs subtasks, and what planning them would cost: for hovers, which must not wait.

Apart from the engine because a hover answers at once: the classifier takes two seconds to load, so the first hover
begins that and says nothing yet, and every later one takes milliseconds.

Invariant: a hover never waits for the classifier (test_a_hover_does_not_wait_for_the_classifier).
"""

from __future__ import annotations

import asyncio
import importlib
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from orchestrator.errors import OrchestratorError
from orchestrator.lsp.threads import in_thread
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.engine.outlook import Judge
    from orchestrator.lsp.server import Server

FRESH_SECONDS = 30.0
"""So long what the person's own splits teach is not looked up again."""


class Outlook:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._judge: Judge | None = None
        self._loaded = -FRESH_SECONDS
        self._loading = False

    def of(self, task: Task) -> str:
        """For a person, one sentence or two; empty while nothing can be said."""
        if not self._loading and time.monotonic() - self._loaded > FRESH_SECONDS:
            with suppress(RuntimeError):  # no loop: there is nobody to answer either
                asyncio.get_running_loop()
                self._loading = True
                self._server.start_alone(self._load())
        return "" if self._judge is None else self._judge.say(task.title)

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(importlib.import_module, "orchestrator.engine.outlook")
            from orchestrator.engine.experience import note_taken_back
            from orchestrator.engine.outlook import judge_of
            from orchestrator.lsp.server import STORE_FILE
            from orchestrator.lsp.split_history import spellings

            server = self._server
            store = None  # a hover makes none
            if server.running_session is not None or (server.directories.data / STORE_FILE).exists():
                store = await (await server.session()).store()
                for document in list(server.documents):
                    for uri in spellings(document.uri):
                        await note_taken_back(store, uri, document.snapshot().outline)
            self._judge = await judge_of(server.settings, server.directories.config, store, in_thread)
        except OrchestratorError:
            self._judge = None  # a split says what is wrong
        finally:
            self._loaded, self._loading = time.monotonic(), False
