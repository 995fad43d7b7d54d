"""`orchestrator split` as it is typed: each way to ask for it, to answer it, to refuse it and to leave it.

As long as those ways; a test that needs a terminal has one of its own.
"""

import json
import signal
import sqlite3
import stat
import subprocess
import time
from contextlib import closing

import pytest

from orchestrator.config import Directories
from tests.cli.conftest import EXAMPLE, ORCHESTRATOR
from tests.cli.screen import Screen

DECIDE = {"when": {"schema": "decide"}, "answer": {"verdict": "DECOMPOSE", "reason": "It is long."}, "repeat": True}
SIMPLE = {"when": {"schema": "decide"}, "answer": {"verdict": "EXECUTE", "reason": "It is short."}, "repeat": True}


def plan(*titles, **more):
    tasks = [{"title": title, "description": "", "acceptance": "", "dependsOn": []} for title in titles]
    return {"when": {"schema": "plan"}, "answer": {"ordered": True, "tasks": tasks}, "repeat": True, **more}


PLAN = plan("Draw it", "Build it", "Try it")
ADDED = """\
- [ ] Build the logout page  ^ID
  1. [ ] Draw it
  2. [ ] Build it
  3. [ ] Try it
"""


@pytest.fixture
def scripted(command):
    def use(*entries):
        command.script(json.dumps(entries))

    use(DECIDE, PLAN)
    return use


def without_id(text):
    """The one id that a split writes is random."""
    line = next((line for line in text.splitlines() if "logout page  ^" in line), "")
    return text.replace(line.rpartition("^")[2], "ID") if line else text


def check_untouched(command, file, before=EXAMPLE):
    assert file.read_bytes() == (before if isinstance(before, bytes) else before.encode())
    assert [path.name for path in command.work.iterdir()] == [file.name]


# Without a person


def test_two_at_once_do_not_both_write(command, scripted):
    """Two programs, one task: the second is told of the first, or finds its subtasks, and writes nothing."""
    scripted({**DECIDE, "delay": 0.3, "chunk": 20}, {**PLAN, "delay": 0.02, "chunk": 20})
    file = command.outline()
    both = [command.start("split", file, "--task", "logout", "--yes") for _ in range(2)]
    ended = [each.communicate(timeout=60) for each in both]
    assert sorted(each.returncode for each in both) == [0, 6], ended
    assert without_id(file.read_text()) == EXAMPLE.replace("- [ ] Build the logout page\n", ADDED)
    (told,) = [stderr for each, (_, stderr) in zip(both, ended, strict=True) if each.returncode]
    assert "Another program is at work on" in told or "while this split was planned" in told


def test_two_at_once_with_stores_of_their_own_do_not_both_write(command, scripted):
    scripted({**DECIDE, "delay": 0.3, "chunk": 20}, {**PLAN, "delay": 0.02, "chunk": 20})
    file = command.outline()
    both = [
        command.start("split", "--data-dir", command.work.parent / name, file, "--task", "logout", "--yes")
        for name in ("one", "other")
    ]
    ended = [each.communicate(timeout=60) for each in both]
    assert sorted(each.returncode for each in both) == [0, 6], ended
    assert file.read_text().count("[ ] Draw it") == 1


def test_modes_and_executors_need_a_word(command, scripted):
    tasks = [{"title": "Draw it", "mode": "auto", "executor": "code"}, {"title": "Build it", "mode": "interactive"}]
    scripted(DECIDE, {**PLAN, "answer": {"ordered": True, "tasks": tasks}})
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes")
    assert "proposes mode auto, executor code for “Draw it”, which only --fields writes" in done.stderr
    assert "1. [ ] Draw it\n  2. [ ] Build it\n" in file.read_text()
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes", "--fields")
    assert done.returncode == 0, done.stderr
    assert "1. [ ] Draw it  [mode:: auto]  [executor:: code]\n  2. [ ] Build it\n" in file.read_text()


def test_yes_writes_and_says_what(command, scripted):
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes")
    assert done.returncode == 0, done.stderr
    assert without_id(file.read_text()) == EXAMPLE.replace("- [ ] Build the logout page\n", ADDED)
    assert done.stdout == f"Added 3 subtasks to {file}:8.\n"
    assert "Asking scripted/demo." in done.stderr
    assert "1  Draw it" in done.stderr
    assert "tokens read" in done.stderr
    assert [path.name for path in command.work.iterdir()] == [file.name]


@pytest.mark.parametrize("wanted", ["8", "Build the logout page", "LOGOUT"])
def test_the_task_is_named_in_any_way(inside, command, scripted, wanted):
    file = command.outline()
    assert inside("split", file, "--task", wanted, "--yes")[0] == 0
    assert "logout page  ^" in file.read_text()


def test_dry_run_prints_the_change_and_writes_nothing(command, scripted):
    file = command.outline()
    done = command("split", file, "--task", "logout", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "+  1. [ ] Draw it" in done.stdout.splitlines()
    assert "\x1b" not in done.stdout + done.stderr
    check_untouched(command, file)


def test_without_a_terminal_nothing_is_written(command, scripted):
    file = command.outline()
    done = command("split", file, "--task", "logout")
    assert done.returncode == 7
    assert "+  1. [ ] Draw it" in done.stdout.splitlines()
    assert "--yes" in done.stderr
    check_untouched(command, file)


def test_json_is_one_object_and_a_dry_run(command, scripted):
    file = command.outline()
    done = command("split", file, "--task", "b7c2d", "--json")
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["state"], shown["written"]) == (0, "ready", False)
    assert shown["task"] == {"title": "Build the login page", "id": "b7c2d", "line": 3}
    assert [task["title"] for task in shown["subtasks"]] == ["Draw it", "Build it", "Try it"]
    assert shown["usage"]["inputTokens"] > 0
    check_untouched(command, file)


def test_json_with_yes_writes(inside, command, scripted):
    file = command.outline()
    code, out, _ = inside("split", file, "--task", "logout", "--json", "--yes")
    shown = json.loads(out)
    assert (code, shown["state"], shown["written"]) == (0, "applied", True)
    assert f"^{shown['task']['id']}\n" in file.read_text()
    assert shown["diff"].count("\n+") == 5


def test_the_setting_that_turns_the_preview_off_writes_at_once(command, scripted):
    file = command.outline()
    done = command("split", file, "--task", "logout", env={"ORCHESTRATOR_SPLIT__PREVIEW": "off"})
    assert done.returncode == 0
    assert "Draw it" in file.read_text()
    for flag in ("--dry-run", "--json"):
        before = file.read_text()
        command("split", file, "--task", "handbook", flag, env={"ORCHESTRATOR_SPLIT__PREVIEW": "off"})
        assert file.read_text() == before


def test_recursive_splits_the_subtasks_in_one_edit(inside, command, scripted):
    scripted(DECIDE, {**PLAN, "repeat": False}, plan("Think about it", "Do it", "Look at it"))
    file = command.outline()
    code, out, err = inside("split", file, "--task", "logout", "--recursive", "2", "--yes", "--force")
    assert code == 0, err
    assert out == f"Added 12 subtasks to {file}:8.\n"
    assert "2.3  Look at it" in err
    assert file.read_text().count("[ ] Think about it") == 3


def test_more_levels_than_allowed_are_noted(inside, command, scripted):
    file = command.outline()
    code, _, err = inside("split", file, "--task", "logout", "--recursive", "5", "--dry-run")
    assert code == 0
    assert "2 levels at most" in err


def test_a_simple_task_is_left_alone_and_force_is_offered(command, scripted):
    scripted(SIMPLE, PLAN)
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes")
    assert done.returncode == 0
    assert "simple enough" in done.stdout
    assert "It is short." in done.stdout
    assert "tokens read" in done.stderr
    assert "--force" in done.stderr
    check_untouched(command, file)
    assert command("split", file, "--task", "logout", "--yes", "--force").returncode == 0
    assert "Draw it" in file.read_text()


# What goes wrong


@pytest.mark.parametrize("answer", ["Sorry, I cannot.", {"ordered": True, "tasks": []}])
def test_a_useless_answer_is_shown_and_refused(command, scripted, answer):
    scripted(DECIDE, {"when": {"schema": "plan"}, "answer": answer, "repeat": True})
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes")
    assert done.returncode == 9
    assert "The model's answer was:" in done.stderr
    assert (answer if isinstance(answer, str) else '"tasks": []') in done.stderr
    check_untouched(command, file)


def test_a_cut_answer_is_a_failure(command, scripted):
    scripted(DECIDE, plan("Draw it", "Build it", "Try it", cut=True))
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes", env={"ORCHESTRATOR_CALLS__RETRIES": "0"})
    assert done.returncode == 8
    check_untouched(command, file)


def test_a_failure_in_json_is_one_object_too(command, scripted):
    scripted(DECIDE, {"when": {"schema": "plan"}, "error": "AuthenticationError"})
    done = command("split", command.outline(), "--task", "logout", "--json")
    assert done.returncode == 8
    error = json.loads(done.stdout)["error"]
    assert (error["kind"], error["exitCode"]) == ("AuthenticationError", 8)
    assert error["hint"] in done.stderr
    missing = command("split", "nofile.md", "--task", "x", "--json")
    assert json.loads(missing.stdout)["error"]["kind"] == "FileError"


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        (b"", 5, "no task"),
        (b"# Only a heading\n", 5, "no task"),
        (b"- [ ] a\0b logout", 4, "binary"),
        (b"\xff\xfe", 4, "not UTF-8"),
        (b"- [ ] logout one\n- [ ] logout two\n", 5, "2 tasks fit"),
        (b"---\norchestrator: 2\n---\n- [ ] logout\n", 4, "later version"),
    ],
)
def test_files_that_cannot_be_split(inside, command, scripted, content, code, part):
    file = command.outline(content)
    found, out, err = inside("split", file, "--task", "logout", "--yes")
    assert (found, out) == (code, "")
    assert part in err
    check_untouched(command, file, content)


def test_a_20_mb_file_is_refused_at_once(inside, command, scripted):
    file = command.outline(b"- [ ] logout\n" * 1_600_000)
    code, _, err = inside("split", file, "--task", "logout", "--yes")
    assert code == 4
    assert "larger than 20,000,000 bytes" in err


def test_a_read_only_file_is_refused_before_a_model_is_asked(inside, command, scripted):
    scripted()  # a call would fail
    file = command.outline()
    file.chmod(0o444)
    code, _, err = inside("split", file, "--task", "logout", "--yes")
    assert code == 4
    assert "read-only" in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o444


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_line_ends_marks_and_the_missing_last_one_stay(inside, command, scripted, newline):
    before = b"\xef\xbb\xbf" + EXAMPLE.rstrip("\n").replace("\n", newline).encode()
    file = command.outline(before)
    assert inside("split", file, "--task", "logout", "--yes")[0] == 0
    after = file.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf# Ship")
    text = without_id(after.decode("utf-8-sig").replace(newline, "\n"))
    assert text == EXAMPLE.rstrip("\n").replace("- [ ] Build the logout page\n", ADDED)


def test_a_file_behind_a_link_is_written_through_it(inside, command, scripted):
    file = command.outline(name="real.tasks.md")
    link = command.work / "link.md"
    link.symlink_to(file)
    assert inside("split", link, "--task", "logout", "--yes")[0] == 0
    assert link.is_symlink()
    assert "Draw it" in file.read_text()


def test_a_file_that_changes_during_the_split(command, scripted):
    scripted(DECIDE, plan("Draw it", "Build it", "Try it", delay=0.3, chunk=40))
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout", "--yes")
    screen.wait_for("planning")
    file.write_text("# New\n\n" + EXAMPLE)
    assert screen.end() == 0
    assert without_id(file.read_text()) == "# New\n\n" + EXAMPLE.replace("- [ ] Build the logout page\n", ADDED)


def test_a_task_that_is_removed_during_the_split(command, scripted):
    """Nothing is written, and the record says why."""
    scripted(DECIDE, plan("Draw it", "Build it", "Try it", delay=0.3, chunk=40))
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout", "--yes")
    screen.wait_for("planning")
    changed = EXAMPLE.replace("- [ ] Build the logout page\n", "")
    file.write_text(changed)
    assert screen.end() == 6
    assert file.read_text() == changed
    with closing(sqlite3.connect(command.home / "data" / "orchestrator.db")) as database:
        ((state, reason),) = database.execute("SELECT state, reason FROM runs")
    assert state == "cancelled"
    assert "moved, renamed or copied" in reason


def test_hostile_answers_stay_text(command, scripted):
    scripted(DECIDE, plan("Evil \x1b[2J\u202e [x] title ^abcde", "Second  [mode:: auto]", "Third\n- [ ] extra"))
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr
    shown = json.loads(command("outline", file, "--json").stdout)
    logout = shown["nodes"][0]["children"][1]
    assert len(logout["children"]) == 3
    assert all(child["id"] is None and child["fields"] == {} for child in logout["children"])


# Consent


ENDPOINT = "[endpoints.lab]\nbaseUrl = 'http://models.invalid/v1'\n"


def test_without_consent_nothing_is_sent(command):
    command.settings(f"model = 'lab/big'\n{ENDPOINT}")
    file = command.outline()
    done = command("split", file, "--task", "logout", "--yes")
    assert done.returncode == 7
    assert "models.invalid" in done.stderr
    assert "orchestrator trust allow lab" in done.stderr
    check_untouched(command, file)


def test_naming_the_model_is_consent_for_this_call_only(command):
    command.settings(ENDPOINT)
    file = command.outline()
    env = {"ORCHESTRATOR_CALLS__RETRIES": "0"}
    assert command("split", file, "--task", "logout", "--yes", "--model", "lab/big", env=env).returncode == 8
    env["ORCHESTRATOR_MODEL"] = "lab/big"
    assert command("split", file, "--task", "logout", "--yes", env=env).returncode == 7


def test_an_alias_is_no_consent(command):
    command.settings(f"[models]\nstrong = ['lab/big']\n{ENDPOINT}")
    file = command.outline()
    assert command("split", file, "--task", "logout", "--yes", "--model", "strong").returncode == 7


def test_allowed_providers_are_asked(command):
    command.settings(f"model = 'lab/big'\n{ENDPOINT}")
    file = command.outline()
    assert command("trust", "allow", "lab").returncode == 0
    env = {"ORCHESTRATOR_CALLS__RETRIES": "0"}
    assert command("split", file, "--task", "logout", "--yes", env=env).returncode == 8
    moved = {**env, "ORCHESTRATOR_ENDPOINTS__LAB__BASE_URL": "http://elsewhere.invalid/v1"}
    assert command("split", file, "--task", "logout", "--yes", env=moved).returncode == 7


def test_a_person_is_asked_with_host_contents_and_price(command):
    command.settings(f"model = 'lab/big'\n{ENDPOINT}")
    screen = Screen(command, "split", command.outline(), "--task", "logout", "--yes")
    screen.wait_for("Your choice")
    for part in ("models.invalid", "headings", "price"):
        assert part in screen.text
    screen.type("\n")
    assert screen.end() == 7


# With a person


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("", False), ("n", False), ("q", False), ("\x04", False)])
def test_the_question(command, scripted, answer, written):
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout")
    screen.wait_for("Write this?")
    assert "+  1. [ ] Draw it" in screen.text
    screen.type(answer if answer == "\x04" else f"{answer}\n")
    assert screen.end() == 0
    assert ("Draw it" in file.read_text()) == written
    assert ("Nothing was written." in screen.text) != written


@pytest.mark.parametrize(("answer", "judged"), [("n\n", 1), ("q\n", 0), ("\x04", 0), (None, 0)])
def test_only_a_no_is_learned_from(command, scripted, answer, judged):
    screen = Screen(command, "split", command.outline(), "--task", "logout")
    screen.wait_for("Write this?")
    if answer is None:
        screen.close()
    else:
        screen.type(answer)
        screen.end()
    (path,) = command.home.rglob("orchestrator.db")
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("SELECT outcome FROM splits").fetchall() == [("discarded",)] * judged


def test_what_is_written_is_what_was_shown(command, scripted):
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout", env={"NO_COLOR": "1"})
    screen.wait_for("Write this?")
    screen.type("y\n")
    assert screen.end() == 0
    added = [line[1:] for line in screen.text.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert added == file.read_text().splitlines()[7:11]


def test_an_unclear_answer_is_asked_again(command, scripted):
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout")
    screen.wait_for("Write this?")
    screen.type("maybe\n")
    screen.text = ""
    screen.wait_for("Write this?")
    screen.type("yes\n")
    assert screen.end() == 0
    assert "Draw it" in file.read_text()


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_color_leaves_the_same_text(command, scripted, env):
    file = command.outline()
    coloured = Screen(command, "split", file, "--task", "logout")
    coloured.wait_for("Write this?")
    coloured.type("n\n")
    coloured.end()
    plain = Screen(command, "split", file, "--task", "logout", env=env)
    plain.wait_for("Write this?")
    plain.type("n\n")
    plain.end()
    assert "\x1b[32m+  1. [ ] Draw it\x1b[0m" in coloured.text
    assert "\x1b[3" not in plain.text
    assert "+  1. [ ] Draw it" in plain.text
    if "TERM" in env:
        assert "\x1b" not in plain.text


# Stopping


def slow(seconds=0.4):
    return (
        {**DECIDE, "delay": seconds, "chunk": 8},
        plan("Draw it", "Build it", "Try it", delay=seconds, chunk=30),
    )


@pytest.mark.parametrize(
    ("moment", "way"),
    [
        ("deciding", "ctrl-c"),
        ("planning", "ctrl-c"),
        ("1  Draw it", "ctrl-c"),
        ("Write this?", "ctrl-c"),
        ("planning", "terminate"),
        ("Write this?", "hang up"),
    ],
)
def test_ctrl_c_leaves_the_file(command, scripted, moment, way):
    if moment != "Write this?":
        scripted(*slow())
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout")
    screen.wait_for(moment)
    if way == "ctrl-c":
        screen.type("\x03")
    else:
        screen.send(signal.SIGTERM if way == "terminate" else signal.SIGHUP)
    assert screen.end() == (130 if way == "ctrl-c" else 143)
    assert f"{file} is as it was." in screen.text.replace("\r\n", "").replace("\r", "")
    assert "Traceback" not in screen.text
    check_untouched(command, file)


def test_ctrl_c_during_the_start(command, scripted):
    file = command.outline()
    for delay in (0.0, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6):
        screen = Screen(command, "split", file, "--task", "logout", "--dry-run")
        time.sleep(delay)
        screen.send(signal.SIGINT)
        code = screen.end()
        if "Try it" not in screen.text:  # else it was done before the signal came
            assert code in {130, -signal.SIGINT, 1}  # 1: Python itself was still starting
        check_untouched(command, file)


def test_a_killed_command_leaves_the_file_and_the_next_one_works(command, scripted):
    scripted(*slow())
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout")
    screen.wait_for("planning")
    screen.kill()
    assert screen.end() == -signal.SIGKILL
    check_untouched(command, file)
    scripted(DECIDE, PLAN)
    assert command("split", file, "--task", "logout", "--yes").returncode == 0


def test_the_terminal_is_left_as_it_was(command, scripted):
    scripted(*slow())
    screen = Screen(command, "split", command.outline(), "--task", "logout")
    screen.wait_for("planning")
    assert not screen.attributes_changed()
    screen.type("\x03")
    screen.wait_for("as it was.")
    assert not screen.attributes_changed()
    screen.end()


# The store


def test_a_broken_store_is_told_and_nothing_is_written(command, scripted):
    file = command.outline()
    data = command.home / "data"
    data.mkdir(mode=0o700)
    (data / "orchestrator.db").write_bytes(b"this is no database" * 100)
    (data / "orchestrator.db").chmod(0o600)
    done = command("split", file, "--task", "logout", "--yes")
    assert done.returncode == 10
    check_untouched(command, file)


# The real model


@pytest.mark.embedded
def test_the_embedded_model_splits_a_task(command):
    file = command.outline()
    env = {"ORCHESTRATOR_CACHE_DIR": str(Directories.default().cache)}
    done = command("split", file, "--task", "handbook", "--yes", "--force", env=env)
    assert done.returncode == 0, done.stderr
    assert "Asking local/smollm2 (basic offline model)." in done.stderr
    assert "no cost" in done.stderr
    handbook = json.loads(command("outline", file, "--json").stdout)["nodes"][0]["children"][2]
    assert 3 <= len(handbook["children"]) <= 8
    assert file.read_text().startswith(EXAMPLE.removesuffix("- [ ] Write the handbook\n"))


def test_what_was_typed_before_the_question_is_no_answer(command, scripted):
    scripted(DECIDE, plan("Draw it", "Build it", delay=0.05))
    file = command.outline()
    screen = Screen(command, "split", file, "--task", "logout")
    screen.wait_for("Asking")
    screen.type("y\n")
    screen.wait_for("Write this?")
    screen.type("n\n")
    assert screen.end() == 0
    check_untouched(command, file)


def test_a_reader_that_leaves_does_not_end_the_split(command, scripted):
    file = command.outline()
    line = f'"{ORCHESTRATOR}" split "{file}" --task logout --yes 2>&1 | true'
    subprocess.run(["bash", "-c", line], env=command.environ, check=False)
    assert "  1. [ ] Draw it" in file.read_text()


def test_a_subtask_that_could_not_be_split_is_told_once_and_in_its_place(inside, command, scripted):
    last = {"when": {"schema": "plan", "contains": "Task:\\n  Try it"}, "error": "AuthenticationError", "answer": {}}
    deeper = plan("Ask", "Draw", chunk=5)
    scripted(DECIDE, last, {**PLAN, "repeat": False}, deeper)
    file = command.outline()
    code, _, talk = inside("split", file, "--task", "logout", "--recursive", "2", "--yes")
    assert code == 0
    assert talk.count("was not split") == 1
    lines = [line.strip() for line in talk.splitlines()]
    for parent, child in (("1  Draw it", "1.1  Ask"), ("2  Build it", "2.1  Ask")):
        assert lines.index(parent) < lines.index(child)


def test_subtasks_that_are_there_already_are_noted(inside, command, scripted):
    file = command.outline()
    assert "already" not in inside("split", file, "--task", "logout", "--yes")[2]
    assert "note: it has 3 subtasks already; these come after." in inside("split", file, "--task", "logout", "--yes")[2]
