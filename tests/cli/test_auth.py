import json

import pytest

from tests.cli.screen import Screen

KEY = "sk-very-secret-0123456789"
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", NO_KEYRING["PYTHON_KEYRING_BACKEND"])


def test_a_key_is_piped_in_listed_without_its_value_and_removed(command):
    kept = command("auth", "set", "anthropic", stdin=f"{KEY}\n", env=NO_KEYRING)
    assert kept.returncode == 0
    listed = command("auth", "list", env=NO_KEYRING)
    assert listed.stdout == f"anthropic  from: file {command.config / '.env.local'}\n"
    as_json = command("auth", "list", "--json", env=NO_KEYRING)
    assert json.loads(as_json.stdout)["keys"] == [
        {"name": "anthropic", "source": f"file {command.config / '.env.local'}"}
    ]
    removed = command("auth", "remove", "anthropic", env=NO_KEYRING)
    assert "was removed from" in removed.stdout
    again = command("auth", "remove", "anthropic", env=NO_KEYRING)
    assert (again.returncode, again.stdout) == (0, "")
    for done in (kept, listed, as_json, removed, again):
        assert KEY not in done.stdout + done.stderr


def test_a_key_is_typed_without_echo(command):
    screen = Screen(command, "auth", "set", "openai", env=NO_KEYRING)
    screen.wait_for("not shown")
    screen.type(f"{KEY}\n")
    assert screen.end() == 0
    assert KEY not in screen.text
    assert KEY in (command.config / ".env.local").read_text()


def test_ctrl_c_while_typing_restores_the_echo(command):
    screen = Screen(command, "auth", "set", "openai", env=NO_KEYRING)
    screen.wait_for("not shown")
    assert screen.attributes_changed()
    screen.type("\x03")
    screen.wait_for("Stopped.")
    assert not screen.attributes_changed()
    assert screen.end() == 130
    assert not (command.config / ".env.local").exists()


@pytest.mark.parametrize("stdin", ["", "\n", "two words", "gr\u00fcn"])
def test_what_is_no_key_is_refused(command, stdin):
    done = command("auth", "set", "anthropic", stdin=stdin, env=NO_KEYRING)
    assert done.returncode == 3
    assert not (command.config / ".env.local").exists()


def test_a_bad_name_is_told_before_the_key_is_read(command):
    done = command("auth", "set", "a b", stdin=KEY, env=NO_KEYRING)
    assert done.returncode == 3
    assert KEY not in done.stderr


def test_a_key_in_the_environment_is_named_as_the_one_in_use(command):
    env = {**NO_KEYRING, "ANTHROPIC_API_KEY": KEY}
    assert (
        "ANTHROPIC_API_KEY is set in the environment"
        in command("auth", "set", "anthropic", stdin="other-key", env=env).stderr
    )
    assert "still in: environment" in command("auth", "remove", "anthropic", env=env).stderr


def test_keys_of_a_workspace_are_never_read_and_that_is_said(inside, command):
    (command.work / ".env.local").write_text(f"ANTHROPIC_API_KEY={KEY}\n")
    code, out, err = inside("auth", "list")
    assert (code, out) == (0, "")
    assert f"{command.work / '.env.local'} is never read" in err


def test_auth_never_shows_a_key(command):
    env = {**NO_KEYRING, "ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY}
    for arguments in (["auth", "list"], ["auth", "list", "--json"], ["models"], ["doctor"], ["config"]):
        done = command(*arguments, env=env)
        assert KEY not in done.stdout + done.stderr


def test_no_key_at_the_question_is_refused(command):
    screen = Screen(command, "auth", "set", "openai", env=NO_KEYRING)
    screen.wait_for("not shown")
    screen.type("\x04")
    assert screen.end() == 3
    assert "That is not a key" in screen.text
