"""`orchestrator stats`, within this process."""

from __future__ import annotations

import csv
import io
import json

import pytest

SCRIPT = json.dumps(
    [
        {"when": {"schema": "execute"}, "answer": {"status": "done", "answer": "A", "result": "A", "question": ""}},
        {"when": {"schema": "execute"}, "answer": {"status": "failed", "answer": "", "result": "no", "question": ""}},
    ]
)


@pytest.fixture
def worked(inside, command):
    """A run with one task done and one failed."""
    command.script(SCRIPT)
    file = command.outline("1. [ ] Name the colours\n2. [ ] Paint\n")
    command.settings((command.config / "config.toml").read_text() + "[run]\nmaxDepth = 0\n")
    inside("run", file, "--auto", "--yes")
    return file


def test_statistics_of_a_run(inside, command, worked):
    code, out, err = inside("stats")
    assert code == 0, err
    assert out.splitlines()[0].split()[0] == "calls"
    code, out, _ = inside("stats", "--by", "executor", "--json", "--here", "--outline", worked)
    (row,) = json.loads(out)["executor"]
    assert (row["name"], row["calls"], row["tasks"], row["completion"]) == ("answer", 2, 2, 0.5)
    code, out, _ = inside("stats", "--csv", "--by", "prompt")
    head, row = csv.reader(io.StringIO(out))
    assert (head[0], row[0].split()[0]) == ("name", "execute")
    assert "Nothing was measured" in inside("stats", "--until", "2001-01-01")[2]
    code, out, _ = inside("stats", "--since", "1d", "--by", "model")
    assert "scripted/demo" in out


def test_the_page_replaces_only_a_page(inside, command, worked):
    page = command.work / "stats.html"
    assert inside("stats", "--html", page)[0] == 0
    assert page.read_text().startswith("<!DOCTYPE html>\n<!-- orchestrator stats -->")
    assert inside("stats", "--html", page)[0] == 0
    before = worked.read_text()
    code, _, err = inside("stats", "--html", worked)
    assert (code, "is no page of statistics" in err, worked.read_text()) == (4, True, before)
    assert inside("stats", "--html", command.work)[0] == 4
    assert inside("stats", "--html", command.work / "none" / "x.html")[0] == 4


def test_an_empty_store_and_a_newer_one(inside, command):
    code, out, err = inside("stats")
    assert (code, out) == (0, "")
    assert "Nothing was measured yet" in err
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(command.home / "data" / "orchestrator.db")) as database:
        database.execute("PRAGMA user_version = 999")
    for words in (("stats",), ("prompts", "list"), ("stats", "--html", command.work / "x.html")):
        code, _, err = inside(*words)
        assert (code, "later version" in err) == (10, True)


@pytest.mark.parametrize("when", ["yesterday", "-3d", "99999999999999d", "2026-13-40", ""])
def test_what_is_no_date_is_refused(inside, when):
    code, _, err = inside("stats", f"--since={when}")
    assert (code, "is no date" in err) == (2, True)
