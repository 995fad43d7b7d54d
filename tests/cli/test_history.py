"""`orchestrator history` as a person uses it."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from orchestrator.cli.history import moment
from orchestrator.errors import ConfigError
from tests.store.samples import opened
from tests.store.test_history import chat


def fill(command, *texts):
    async def write():
        (command.home / "data").mkdir(mode=0o700, exist_ok=True)
        async with opened(command.home / "data" / "orchestrator.db") as store:
            await chat(store, 1, *texts, uri=(command.work / "plan.tasks.md").as_uri(), title="Build \x1b[2Jit")

    asyncio.run(write())


def test_history_leads_to_the_line(inside, command):
    command.outline("- [ ] other\n- [ ] Build it  ^id1\n")
    fill(command, "We chose argon2.\n\nIt is slow.", "Nothing else")
    code, out, err = inside("history", "argon2")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].endswith("  Build <U+001B>[2Jit")
    assert out.splitlines()[1:] == [
        f"  {command.work / 'plan.tasks.md'}:2  said, local/smollm2",
        "  We chose argon2. It is slow.",
    ]
    code, out, _ = inside("history", "argon2", "--outline", "plan.tasks.md", "--since", "1970-01-01", "--json")
    (hit,) = json.loads(out)["hits"]
    assert (hit["line"], hit["gone"], hit["messageId"], hit["matches"]) == (2, False, "message_1.0", [[9, 15]])
    command.outline("- [ ] other\n")
    assert "(the task is gone)" in inside("history", "argon2")[1]


def test_nothing_is_found(inside, command):
    fill(command, "words")
    assert inside("history", "elsewhere") == (0, "", "Nothing was found.\n")
    assert inside("history", "words", "--since", "1d")[2] == "Nothing was found.\n"
    assert inside("history", "***")[0] == 3
    assert inside("history", "words", "--since", "soon")[0] == 3


def test_dates():
    now = datetime(2026, 11, 27, tzinfo=UTC)
    assert moment("2w", now) == datetime(2026, 11, 13, tzinfo=UTC).timestamp()
    assert moment("2026-11-27T00:00+00:00", now) == now.timestamp()
    with pytest.raises(ConfigError):
        moment("99999999d", now)


def test_by_meaning(inside, command):
    fill(command, "We hash every password with argon2.", "The tomatoes need water each morning.")
    code, out, err = inside("history", "--meaning", "how do we store passwords", "--limit", "1")
    assert (code, err) == (0, "")
    assert "argon2" in out.splitlines()[2]
    assert "% near" in out
