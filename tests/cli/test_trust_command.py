import json
import shutil

import pytest


def test_trust_is_added_listed_and_removed(inside, command):
    assert inside("trust")[2] == "No folder is trusted, and nothing may be sent from any.\n"
    assert inside("trust", "add")[0] == 0
    assert inside("trust", "list")[1] == f"{command.work}: trusted\n"
    assert inside("trust", "remove")[0] == 0
    assert json.loads(inside("trust", "list", "--json")[1])["folders"] == []


def test_adding_shows_what_is_allowed(inside, command):
    (command.work / ".orchestrator.toml").write_text("[split]\nmaxDepth = 1\n# \x1b[2J\n")
    code, out, err = inside("trust", "add")
    assert (code, out) == (0, f"{command.work} is trusted.\n")
    assert "maxDepth = 1" in err
    assert "\x1b" not in err
    record = json.loads(inside("trust", "--json")[1])["folders"][0]
    assert set(record["files"]) == {".orchestrator.toml"}


def test_a_folder_within_a_workspace_means_the_workspace(inside, command):
    (command.work / ".git").mkdir()
    (command.work / "plans").mkdir()
    assert inside("trust", "add", command.work / "plans")[1] == f"{command.work} is trusted.\n"


def test_a_folder_that_is_gone_can_be_forgotten(inside, command):
    folder = command.home / "project"
    folder.mkdir()
    inside("trust", "add", folder)
    shutil.rmtree(folder)
    assert inside("trust", "add", folder)[0] == 4
    assert inside("trust", "remove", folder)[0] == 0
    assert inside("trust")[1] == ""


def test_providers_are_allowed_and_withdrawn(inside, command):
    code, out, err = inside("trust", "allow", "openai")
    assert code == 0
    assert out == f"OpenAI at api.openai.com may be sent tasks of {command.work}.\n"
    assert "privacy" in err
    consents = json.loads(inside("trust", "--json")[1])["folders"][0]["consents"]
    assert consents == [{"provider": "openai", "host": "api.openai.com"}]
    assert inside("trust", "withdraw", "openai")[0] == 0
    assert json.loads(inside("trust", "--json")[1])["folders"] == []


@pytest.mark.parametrize("provider", ["local", "scripted"])
def test_what_stays_on_this_computer_needs_no_consent(inside, provider):
    code, out, _ = inside("trust", "allow", provider)
    assert code == 0
    assert "nothing is sent" in out
    assert inside("trust")[1] == ""


def test_an_unknown_provider_is_told(inside):
    code, _, err = inside("trust", "allow", "nonsense")
    assert code == 3
    assert "There are: local, anthropic, openai" in err


def test_a_damaged_record_is_told(inside, command):
    command.config.mkdir()
    (command.config / "trust.json").write_text("{")
    assert "damaged" in inside("trust")[2]
    assert "damaged" in inside("outline", command.outline())[2]


def test_trust_can_be_taken_back_though_the_settings_are_broken(inside, command):
    inside("trust", "add")
    command.settings("nonsense = 1\n")
    assert inside("trust", "remove")[0] == 0
    command.settings("")
    assert inside("trust")[1] == ""


def test_taking_back_what_was_never_given_says_so(inside, command):
    assert "It was so before" in inside("trust", "withdraw", "nobody")[2]
    code, out, talk = inside("trust", "remove", command.work / "gone")
    assert (code, out) == (0, f"{command.work / 'gone'} is not trusted, and nothing may be sent from it.\n")
    assert "It was so before" in talk
    inside("trust", "add")
    assert "It was so before" not in inside("trust", "remove")[2]
