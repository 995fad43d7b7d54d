"""`orchestrator prompts`, mostly within this process."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from orchestrator.engine.prompting import load_prompt
from tests.cli.screen import Screen

PLAN = "- [ ] Build the login page  ^b7c2d\n  For members.\n  - [ ] Write the form\n"
CALM = load_prompt("execute").text.replace("You do one task of a plan.", "You calmly do one task.")


def edited(inside, name="execute", text=CALM):
    code, out, _ = inside("prompts", "edit", name, "--path")
    assert code == 0
    Path(out.strip()).write_text(text, encoding="utf-8")
    return out.strip()


def test_a_prompt_from_edit_to_rollback(inside):
    code, out, err = inside("prompts")
    assert (code, "execute" in out, "prompts edit NAME" in err) == (0, True, True)
    path = edited(inside)
    code, out, _ = inside("prompts", "list", "--json")
    (mine,) = (one for one in json.loads(out)["prompts"] if one["path"])
    assert (mine["name"], mine["origin"], mine["versions"], mine["path"]) == ("execute", "edited", 2, path)
    assert "+You calmly do one task." in inside("prompts", "diff", "execute")[1]
    code, out, err = inside("prompts", "show", "execute")
    assert out.rstrip() == CALM.rstrip()
    assert err.splitlines()[0].startswith(f"* {mine['version']}")
    assert "is in use" in inside("prompts", "rollback", "execute")[1]
    assert json.loads(inside("prompts", "use", "execute", mine["version"][:5], "--json")[1])["origin"] == "edited"
    assert inside("prompts", "use", "execute", "0000")[0] == 3
    assert inside("prompts", "rollback", "decide")[0] == 3


def test_a_broken_file_is_named_with_its_line(inside):
    edited(inside, text=CALM.replace("{{context}}", "{{contxt}}"))
    code, _out, err = inside("prompts", "list")
    assert code == 0
    assert "execute.md:" in err
    assert "does not name: contxt" in err
    assert "the last sound version is" in err


def test_edit_opens_the_editor(command):
    editor = command.home / "editor"
    editor.write_text(f'#!/bin/sh\ncat > "$1" <<"EOF"\n{CALM}\nEOF\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    screen = Screen(command, "prompts", "edit", "execute", env={"EDITOR": str(editor)})
    try:
        screen.wait_for("is in use")
    finally:
        screen.kill()


def test_a_trial_shows_what_is_sent(inside, command):
    command.script(json.dumps([{"when": {"contains": "Build the login page"}, "answer": "A page."}]))
    file = command.outline(PLAN)
    edited(inside)
    code, out, err = inside("prompts", "test", "execute", file, "--task", "b7c2d", "--answer")
    assert code == 0, err
    assert out.startswith("# System\n\nYou calmly do one task.")
    assert "Build the login page" in out.split("# User")[1]
    assert out.rstrip().endswith("A page.")
    for name in ("plan", "replan", "verify", "aggregate", "decide", "repair", "chat"):
        code, out, err = inside("prompts", "test", name, file, "--task", "b7c2d", "--json")
        assert code == 0, err
        assert "{{" not in json.loads(out)["user"]
    assert file.read_text() == PLAN
    code, out, _ = inside("runs", "--all", "--json")
    assert [one["kind"] for one in json.loads(out)["runs"]] == ["trial"]


def test_a_trial_whose_call_fails_says_why_and_is_on_record(inside, command):
    command.script(json.dumps([{"error": "RequestRejectedError"}]))
    file = command.outline(PLAN)
    code, out, err = inside("prompts", "test", "execute", file, "--task", "b7c2d", "--answer")
    assert code != 0
    assert "Traceback" not in err
    reason = " ".join(err.split())
    code, out, _ = inside("runs", "--all", "--json")
    (run,) = json.loads(out)["runs"]
    assert (run["kind"], run["state"]) == ("trial", "failed")
    assert run["reason"] in reason
    assert len(run["reason"]) > 10


def test_prompts_move_to_another_computer(inside, command, monkeypatch):
    edited(inside)
    inside("prompts", "list")
    file = command.work / "prompts.json"
    assert inside("prompts", "export", "--to", file)[0] == 0
    assert inside("prompts", "export", "--to", file)[0] == 4
    monkeypatch.setenv("ORCHESTRATOR_DATA_DIR", str(command.home / "other"))
    monkeypatch.setenv("ORCHESTRATOR_CONFIG_DIR", str(command.home / "elsewhere"))
    code, _out, err = inside("prompts", "import", file)
    assert (code, "1 new versions" in err) == (0, True), err
    assert inside("prompts", "show", "execute")[1].rstrip() == CALM.rstrip()
    file.write_text("{}")
    code, _, err = inside("prompts", "import", file)
    assert (code, "no export of prompts" in err) == (3, True)


def test_trust_shows_the_prompts_of_a_workspace(inside, command):
    folder = command.work / ".orchestrator" / "prompts"
    folder.mkdir(parents=True)
    (command.work / ".git").mkdir()
    (folder / "execute.md").write_text(CALM)
    assert "orchestrator trust add" in inside("prompts")[2]
    assert "You calmly do one task." in inside("trust", "add")[2]
    _code, out, _ = inside("prompts", "list", "--json")
    (theirs,) = (one for one in json.loads(out)["prompts"] if one["origin"] == "workspace")
    assert theirs["name"] == "execute"


def test_hostile_words_are_refused(inside):
    for words in (("new", "../../x"), ("edit", "a/b"), ("show", "\x1b[2J"), ("use", "plan", "'; drop table prompts")):
        code, _, err = inside("prompts", *words)
        assert code == 3, err
        assert "\x1b" not in err
