import json

import pytest

PLAN = {
    "when": {"schema": "plan", "contains": "Hold a street party"},
    "answer": {"ordered": True, "tasks": [{"title": "Ask the neighbours"}, {"title": "Set the date"}]},
    "repeat": True,
}
OUTLINE = "---\norchestrator: 1\n---\n# Hold a street party\n\n1. [ ] Ask the neighbours\n2. [ ] Set the date\n"


@pytest.fixture
def scripted(command):
    command.script(json.dumps([PLAN]))


def test_an_idea_becomes_an_outline(command, scripted):
    file = command.work / "party.tasks.md"
    shown = command("expand", "Hold a street party", "--to", file, "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "+1. [ ] Ask the neighbours" in shown.stdout
    assert not file.exists()
    done = command("expand", "Hold a street party", "--to", file, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Added 2 subtasks to ")
    assert file.read_text() == OUTLINE
    assert command("check", file).returncode == 0


def test_a_file_that_is_there_is_left(command, scripted):
    file = command.outline("mine\n")
    done = command("expand", "Hold a street party", "--to", file, "--yes")
    assert done.returncode == 4
    assert "is there already" in done.stderr
    assert file.read_text() == "mine\n"
