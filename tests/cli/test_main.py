import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import errors
from orchestrator.cli import main as main_module
from orchestrator.cli.exit_codes import MEANINGS, ExitCode, exit_code
from tests.cli.conftest import ORCHESTRATOR


def every_error(kind=errors.OrchestratorError):
    return [kind, *(found for child in kind.__subclasses__() for found in every_error(child))]


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_an_exit_code(kind):
    extra = {"raw": ""} if kind is errors.AnswerUnusableError else {}
    code = exit_code(kind("What.", hint="Do.", **extra))
    assert code in MEANINGS
    assert (code is ExitCode.FAILED) == (kind in {errors.OrchestratorError, errors.ProtocolError})


def test_every_exit_code_has_a_meaning():
    assert set(MEANINGS) == set(ExitCode)


def test_help_lists_commands_and_exit_codes(command):
    done = command("--help")
    assert done.returncode == 0
    for name in main_module.COMMANDS:
        assert f"\n  {name}" in done.stdout
    assert "  130  " in done.stdout
    assert done.stderr == ""


def test_version(command):
    done = command("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("orchestrator 0.")


@pytest.mark.parametrize("name", main_module.COMMANDS)
def test_every_command_explains_itself(inside, name):
    code, out, _ = inside(name, "--help")
    assert code == 0
    assert f"usage: orchestrator {name}" in out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["split"],
        ["outline"],
        ["outline", "x", "--what"],
        ["split", "x", "--task", "y", "--recursive", "0"],
    ],
)
def test_a_wrong_command_line_is_2_and_says_what_is_there(inside, arguments):
    code, out, err = inside(*arguments)
    assert code == 2
    assert out == ""
    assert "usage: orchestrator" in err


def test_options_are_not_abbreviated(inside):
    assert inside("outline", "x", "--js")[0] == 2


def test_errors_are_messages(inside, command):
    command.settings("[split]\nmaxDepth = 99\n")
    file = command.outline()
    code, out, err = inside("outline", file)
    assert (code, out) == (3, "")
    assert "Traceback" not in err
    assert "split.maxDepth" in err
    assert str(command.config / "config.toml") in err


def test_a_bug_is_told_as_one(inside, command, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("the bug")

    monkeypatch.setattr("orchestrator.cli.outline.run", fail)
    code, _, err = inside("outline", command.outline())
    assert code == 1
    assert "Please report it" in err
    assert "ZeroDivisionError: the bug" in err


def test_ctrl_c_is_130(inside, command, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.cli.outline.run", interrupt)
    assert inside("outline", command.outline())[0] == 130


def test_global_options_work_before_and_after_the_command(inside, command):
    for arguments in (["--data-dir", "x", "config", "--json"], ["config", "--json", "--data-dir", "x"]):
        assert f'"data": "{command.work / "x"}"' in inside(*arguments)[1]


def test_a_reader_that_leaves_is_quiet(command):
    file = command.outline("".join(f"- [ ] Task {number} {'x' * 80}\n" for number in range(5000)))
    arguments = [str(ORCHESTRATOR), "outline", str(file)]
    process = subprocess.Popen(
        arguments, env=command.environ, cwd=command.work, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141


def test_a_full_disk_is_told(command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(ORCHESTRATOR), "outline", command.outline()],
            env=command.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 4
    assert b"could not be written" in done.stderr


def test_closed_standard_streams_do_not_crash(command):
    file = command.outline()
    line = f'"{ORCHESTRATOR}" outline "{file}" >&- 2>&- <&-'
    assert subprocess.run(["sh", "-c", line], env=command.environ, cwd=command.work, check=False).returncode == 0


def test_output_survives_an_ascii_terminal(command):
    file = command.outline("- [ ] Größe “prüfen” 登录\n")
    env = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = command("outline", file, env=env)
    assert done.returncode == 0
    assert 'Gr??e "pr?fen" ??' in done.stdout
    missing = command("split", file, "--task", "nothing like it", env=env)
    assert missing.returncode == 5
    assert 'No task fits "nothing like it".' in missing.stderr


def test_help_imports_nothing_heavy():
    """What makes `--help` slow is imports; the time itself is measured by `make bench`."""
    program = (
        "import sys; from orchestrator.cli.main import main\n"
        "try: main(['--help'])\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    heavy = {"asyncio", "pydantic", "pygls", "lsprotocol", "anthropic", "openai", "yaml", "markdown_it"}
    assert not loaded & heavy
    assert {name for name in loaded if name.startswith("orchestrator.")} == {
        "orchestrator.cli",
        "orchestrator.cli.exit_codes",
        "orchestrator.cli.main",
        "orchestrator.errors",
    }


def test_a_folder_that_is_gone_is_named_as_the_reason(command):
    gone = command.work / "gone"
    line = f'mkdir "{gone}" && cd "{gone}" && rmdir "{gone}" && "{ORCHESTRATOR}" config'
    done = subprocess.run(["sh", "-c", line], env=command.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "The current folder is gone." in done.stderr


def test_version_without_an_output_is_no_bug(command):
    line = f'"{ORCHESTRATOR}" --version >&-'
    assert subprocess.run(["sh", "-c", line], env=command.environ, check=False).returncode == 0
