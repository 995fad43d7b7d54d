"""`orchestrator data` as a person uses it."""

import json

import pytest

from tests.cli.test_history import fill


def test_where_and_size(inside, command):
    assert inside("data")[1] == ""
    fill(command, "words", "more words")
    places = json.loads(inside("data", "where", "--json")[1])["places"]
    assert str(command.home / "data" / "orchestrator.db") in [place["path"] for place in places]
    assert "orchestrator.db  the database" in inside("data")[1]
    code, out, _ = inside("data", "size")
    assert code == 0
    assert "/projects/site: 0 runs or splits, 1 chat, 2 messages" in out
    assert json.loads(inside("data", "size", "--json")[1])["workspaces"][0]["messages"] == 2


def test_nothing_is_deleted_unasked(inside, command):
    fill(command, "words")
    for more in ([], ["--json"]):
        code, out, err = inside("data", "delete", "--all", *more)
        assert code == (0 if more else 7), err
        assert "1 chat" in out or json.loads(out)["deleted"] is False
    assert json.loads(inside("data", "size", "--json")[1])["rows"]["messages"] == 1
    code, out, _ = inside("data", "delete", "--workspace", "/projects/site", "--yes")
    assert (code, out.splitlines()[-1]) == (0, "Deleted.")
    assert inside("data", "delete", "--workspace", "/projects/site", "--yes")[2].startswith("There is nothing")
    assert inside("history", "words")[1] == ""


def test_the_cache_is_deleted_only_when_it_is_named(inside, command):
    weights = command.home / "cache" / "models"
    weights.mkdir(parents=True)
    (weights / "a.gguf").write_bytes(b"x" * 1000)
    assert inside("data", "delete", "--older-than", "1d", "--yes")[0] == 0
    assert (weights / "a.gguf").exists()
    code, out, _ = inside("data", "delete", "--cache", "--yes")
    assert (code, "1.0 kB" in out) == (0, True)
    assert list((command.home / "cache").iterdir()) == []


@pytest.mark.parametrize("options", [[], ["--all", "--older-than", "1d"], ["--older-than", "soon"]])
def test_what_is_meant_must_be_said(inside, options):
    assert inside("data", "delete", *options)[0] == 3
