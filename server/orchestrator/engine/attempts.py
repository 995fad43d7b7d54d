"""One attempt of a split: its conversation, its states, and its end, whatever that is.

Apart from `split`, which says what is thought in it.

Invariant: whatever ends an attempt, the store knows how (test_every_attempt_ends).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from orchestrator.engine.decompose import Decomposer
from orchestrator.engine.machine import Signal, next_attempt
from orchestrator.errors import OrchestratorError, StoreError
from orchestrator.model.run import Attempt, AttemptState
from orchestrator.store.store import Store

Emit = Callable[[str, dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Thinking:
    """An attempt under way."""

    decomposer: Decomposer
    store: Store
    attempt: Attempt
    emit: Emit
    state: AttemptState = AttemptState.PENDING

    async def advance(self, signal: Signal, reason: str = "") -> None:
        """Store the next state, then tell it."""
        self.state = next_attempt(self.state, signal)
        live = self.state in {AttemptState.PENDING, AttemptState.DECIDING, AttemptState.PLANNING}
        ended = None if live else time.time()
        await self.store.set_attempt(self.attempt.attempt_id, self.state, reason, ended)
        detail = {"title": self.attempt.task_title, "state": self.state.value, "reason": reason}
        await self.emit("attempt.state", {"attemptId": self.attempt.attempt_id, **detail})

    @asynccontextmanager
    async def to_its_end(self, why_stopped: Callable[[], str]) -> AsyncGenerator[None]:
        """Whoever leaves this block early has ended the attempt."""
        try:
            yield
        except asyncio.CancelledError:
            await self.advance(Signal.CANCEL, why_stopped())
            raise
        except OrchestratorError as error:
            with suppress(StoreError):
                await self.advance(Signal.FAIL, str(error))
            raise
