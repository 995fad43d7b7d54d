"""`docs/reference/store.md` describes the tables that there are."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.model.message import Role, Speaker
from orchestrator.model.run import AttemptState, ConversationKind, Ending, RunKind, RunState, StepState
from orchestrator.model.task import Status
from orchestrator.store import LEASE_SECONDS, inspection, records
from tests.store.samples import opened

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "store.md").read_text(encoding="utf-8")


def described() -> dict[str, dict[str, str]]:
    """Table to column to meaning, in the order of the page."""
    sections = re.split(r"^### (\w+)$", PAGE.partition("## Tables")[2].partition("## Formats")[0], flags=re.MULTILINE)
    return {
        name: dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, flags=re.MULTILINE))
        for name, text in zip(sections[1::2], sections[2::2], strict=True)
    }


async def test_page_names_every_table_and_column() -> None:
    async with opened() as store:
        tables = await store._writing.run(inspection.tables)
        columns = {
            table: [
                row[0]
                for row in await store._writing.execute_fetchall(f"SELECT name FROM pragma_table_info('{table}')")
            ]
            for table in tables
        }
    page = described()
    assert sorted(page) == tables
    assert {table: list(meanings) for table, meanings in page.items()} == columns


def test_page_names_every_word_that_a_column_can_hold() -> None:
    page = described()
    for table, column, words in (
        ("runs", "kind", RunKind),
        ("runs", "state", RunState),
        ("attempts", "state", AttemptState),
        ("steps", "state", StepState),
        ("steps", "role", Role),
        ("messages", "speaker", Speaker),
        ("messages", "ending", Ending),
        ("conversations", "kind", ConversationKind),
        ("tasks", "status", Status),
    ):
        assert re.findall(r"`(\w+)`", page[table][column]) == [word.value for word in words]
    assert f"{LEASE_SECONDS:.0f} seconds" in PAGE
    assert f'"{records.ORPHANED}"' in PAGE


async def test_examples_of_the_page_run() -> None:
    queries = re.findall(r'orchestrator\.db \\\n  "(.+?)"\n```', PAGE, flags=re.DOTALL)
    assert len(queries) == 2
    async with opened() as store:
        for query in queries:
            await store._writing.execute_fetchall(query)
