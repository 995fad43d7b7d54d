"""Exports that hold no key and no formula, and plug-ins that fail."""

from __future__ import annotations

import csv
import dataclasses
import io
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from orchestrator.engine import exchange
from orchestrator.engine.exchange import Subject, exporter, importers
from orchestrator.engine.exchange.calls_csv import CallsAsCsv, defused
from orchestrator.engine.exchange.conversations import ConversationsAsMarkdown
from orchestrator.engine.exchange.doing import StoredHistory, export
from orchestrator.errors import ConfigError
from orchestrator.model.message import Speaker
from orchestrator.outline.parse import parse
from tests.store.samples import a_message, a_run, a_step, an_attempt, finished, opened

KEY = "-".join(("sk", "ant", "Ab1" * 12))
URI = "file:///projects/site/a.tasks.md"


async def subject_of(store, source: str = "- [ ] a\n") -> Subject:
    async def open_store():
        return store

    return Subject("a.tasks.md", parse(source), "", StoredHistory(URI, open_store))


async def talk(store, *texts: str, error: str = "") -> None:
    await store.begin_run(a_run())
    await store.begin_attempt(*an_attempt())
    for number, text in enumerate(texts):
        step = dataclasses.replace(a_step(number), prompt="=1+1", error=error)
        await store.begin_step(step, [a_message(f"{number}q", "Question?", step=number)])
        answer = a_message(f"{number}a", text, speaker=Speaker.ASSISTANT, step=number)
        await store.end_step(dataclasses.replace(finished(step), error=error), answer)


async def test_no_key_leaves():
    async with opened() as store:
        await talk(store, f"The key is {KEY}, and hunter22 too.", error=f"refused {KEY}")
        for name in ("json", "markdown", "csv", "metrics"):
            given = await subject_of(store, f"- [ ] use {KEY} and hunter22\n")
            found = await export(exporter(name), given, ["hunter22"])
            assert KEY not in found.text
            assert "hunter22" not in found.text
            assert found.removed > 0 or name == "metrics"


async def test_words_about_secrets_stay():
    source = "- [ ] secret: rotate it; api_key=os.environ['X'], pk_user_id, sk-learning-rate, hf_hub_download\n"
    async with opened() as store:
        found = await export(exporter("json"), await subject_of(store, source), [])
    assert found.removed == 0


async def test_a_message_stays_in_its_place():
    async with opened() as store:
        await talk(store, "# Title\n\n```\nopen", "<!-- open\n\nSetext\n---\n\x1b[31mred", "end")
        text = (await export(ConversationsAsMarkdown(), await subject_of(store), [])).text
    headings = [section.title.split(",")[0] for section in parse(text).walk() if section.title]
    assert headings == ["Conversations about a.tasks.md", "Build the login page", *["You", "Model"] * 3]
    assert "\x1b" not in text
    assert "**Title**" in text


async def test_no_cell_starts_a_formula():
    async with opened() as store:
        await talk(store, "x", error="@SUM(1)\r\n=2")
        text = (await export(CallsAsCsv(), await subject_of(store), [])).text
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["prompt"], row["error"], row["inputTokens"]) == ("'=1+1", "'@SUM(1) =2", "0")
    for cell in ("=1", " =1", "+1", "-1", "@a", "\t=1", "|cmd", "\uff1d1"):
        assert str(defused(cell)).startswith("'")
    assert defused(-1) == -1


async def test_metrics_are_those_of_the_outline():
    async with opened() as store:
        await talk(store, "x", "y")
        (row,) = csv.DictReader(io.StringIO((await export(exporter("metrics"), await subject_of(store), [])).text))
        assert (row["calls"], row["completedCalls"]) == ("2", "2")
        other = dataclasses.replace(await subject_of(store), history=StoredHistory("file:///b.md", None))
        other.history._store = (await subject_of(store)).history._store
        assert len(list(csv.DictReader(io.StringIO((await export(exporter("metrics"), other, [])).text)))) == 0


def test_a_broken_form_says_so(monkeypatch):
    broken = EntryPoint("broken", "no.such.module:Form", "orchestrator.exporters")
    monkeypatch.setattr(exchange, "_points", lambda group: [broken])
    with pytest.raises(ConfigError, match=r"exporter broken .* cannot be loaded"):
        exporter("broken")
    with pytest.raises(ConfigError, match="There is no exporter “nope”") as caught:
        exporter("nope")
    assert "json, markdown, csv, metrics, broken" in caught.value.hint
    assert [one.name for one in importers()] == ["json", "task-master", "spec-kit", "kiro", "markdown"]


async def test_an_exporter_that_fails_is_named():
    async def export_it(subject):
        raise ZeroDivisionError

    form = SimpleNamespace(name="mine", suffix=".x", export=export_it)
    async with opened() as store:
        with pytest.raises(ConfigError, match="exporter mine failed: ZeroDivisionError"):
            await export(form, await subject_of(store), [])
