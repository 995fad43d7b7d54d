import json

import pytest

from tests.cli.conftest import EXAMPLE

OPERATIONS = [
    {"op": "keep", "id": "n1"},
    {"op": "obsolete", "id": "n2", "reason": "There is no API any more."},
    {"op": "add", "title": "Read the form in the page", "mode": "auto"},
]
AFTER = """\
# Ship login

- [ ] Build the login page  [mode:: auto]  ^b7c2d
  Free Markdown.

  1. [x] Write the form
  2. [-] Wire the API  [reason:: the registry answered 401]
  3. [ ] Read the form in the page
- [ ] Build the logout page
- [ ] Write the handbook
"""


@pytest.fixture
def scripted(command):
    answer = {"when": {"schema": "replan"}, "answer": {"operations": OPERATIONS}, "repeat": True}
    command.script(json.dumps([answer]))


def test_a_new_plan_is_shown_then_written_then_nothing_is_left_to_do(command, scripted):
    file = command.outline()
    shown = command("replan", file, "--task", "login", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "-  2. [!] Wire the API" in shown.stdout
    assert "+  2. [-] Wire the API" in shown.stdout
    assert file.read_text() == EXAMPLE
    done = command("replan", file, "--task", "login", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Made 2 changes in ")
    assert file.read_text() == AFTER
    again = command("replan", file, "--task", "login", "--yes")
    assert "needs no new plan" in again.stdout
    assert file.read_text() == AFTER


def test_json(command, scripted):
    file = command.outline()
    shown = json.loads(command("replan", file, "--task", "login", "--json").stdout)
    assert [(change["op"], change["was"], change["title"]) for change in shown["changes"]] == [
        ("obsolete", "Wire the API", ""),
        ("add", "", "Read the form in the page"),
    ]
    assert (shown["written"], file.read_text()) == (False, EXAMPLE)


def test_a_task_without_subtasks_is_no_plan(command, scripted):
    done = command("replan", command.outline(), "--task", "handbook", "--yes")
    assert done.returncode == 5
    assert "Split it." in done.stderr
