"""From what was found to the line of its task."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.engine.history import by_words, excerpt_of, path_of, placed
from orchestrator.errors import ConfigError
from orchestrator.outline.parse import parse
from orchestrator.store.history import CLOSE, OPEN, Filters
from tests.store.samples import opened
from tests.store.test_history import chat


def test_an_excerpt_is_safe_to_show():
    excerpt = excerpt_of(f"…a\n\n {OPEN}b\x1b[2J{CLOSE}\t\u202ec {OPEN}{OPEN}d{CLOSE} ")
    assert excerpt.text == "…a b<U+001B>[2J <U+202E>c d"
    assert [excerpt.text[start:end] for start, end in excerpt.matches] == ["b<U+001B>[2J", "d"]


async def test_a_task_is_found_where_it_stands_now(tmp_path: Path):
    file = tmp_path / "a b.tasks.md"
    file.write_text("# Plan\n\n- [ ] Title  ^id1\n")
    async with opened() as store:
        await chat(store, 1, "words about it", uri=file.as_uri())
        found = await by_words(store, "words", Filters(), 5)
        (one,) = await placed(store, found, lambda _uri: None, 10_000)
        assert (one.uri, one.line) == (file.as_uri(), 2)
        (one,) = await placed(store, found, lambda _uri: parse("- [ ] new\n- [ ] a  ^id1"), 10_000)
        assert one.line == 1, "the open text counts"


async def test_a_task_that_is_gone(tmp_path: Path):
    file = tmp_path / "a.tasks.md"
    async with opened() as store:
        await chat(store, 1, "words about it", uri=file.as_uri())
        found = await by_words(store, "words", Filters(), 5)
        assert (await placed(store, found, lambda _uri: None, 10_000))[0].line is None
        file.write_text("- [ ] Title  ^other\n")
        assert (await placed(store, found, lambda _uri: None, 10_000))[0].line is None


async def test_a_query_needs_a_word():
    async with opened() as store:
        for query in ("", "---", "x" * 2000):
            with pytest.raises(ConfigError, match="no word"):
                await by_words(store, query, Filters(), 5)


def test_only_files_are_read():
    assert path_of("file:///a%20b") == Path("/a b")
    assert path_of("untitled:1") is None
    assert path_of("file:///a%00b") is None
