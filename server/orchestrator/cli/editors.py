"""Editors of this person that have open what a command is about to write: they make the change then.

Apart from `Session`, which brings providers, runs and chats along: for commands that call no model. Where there is no
store, and no editor that says what it has open, none is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from orchestrator.config import Directories
from orchestrator.outline.edits import TextEdit

if TYPE_CHECKING:
    from orchestrator.engine.handover import Elsewhere
    from orchestrator.store.store import Store


class Editors:
    """A context; blocks while an editor is waited for."""

    def __init__(self, directories: Directories) -> None:
        self._data = directories.data
        self._runner = asyncio.Runner()
        self._store: Store | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._store is not None:
            self._runner.run(self._store.aclose())
        self._runner.close()

    def change(self, path: Path, base: str, edits: Sequence[TextEdit], label: str) -> bool:
        """Whether an editor has the file open, and made these edits of `base`, the file's text, in one undoable step.

        Raises EditRefusedError where it could not make them, StoreError.
        """
        from orchestrator.engine.file_outline import uri_of

        return self._runner.run(self._elsewhere.changes(uri_of(path), base, edits, label))

    def write(self, path: Path, text: str, max_bytes: int, label: str, *, replacing: bool) -> bool:
        """Write a whole file, or have it written where it is open: then True. Raises as `write_there`."""
        from orchestrator.engine.exchange.doing import write_there

        return self._runner.run(write_there(self._elsewhere, path, text, max_bytes, label, replacing=replacing))

    @cached_property
    def _elsewhere(self) -> Elsewhere:
        from orchestrator.engine.handover import Elsewhere
        from orchestrator.engine.session import STORE_FILE
        from orchestrator.store.store import Store

        database = self._data / STORE_FILE

        async def opened() -> Store:
            if self._store is None:
                self._store = await Store.open(database)
            return self._store

        return Elsewhere(opened, database)
