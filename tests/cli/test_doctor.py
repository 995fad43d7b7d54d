import json

import pytest

from orchestrator.cli.doctor import examine
from orchestrator.config import Directories


@pytest.fixture
def findings(inside, command):
    def examine_now():
        code, out, err = inside("doctor", "--json")
        shown = json.loads(out)
        assert code == (0 if shown["ok"] else 1)
        assert "Traceback" not in err
        return shown["findings"]

    return examine_now


def problems(findings):
    return [finding["what"] for finding in findings if finding["level"] == "problem"]


def test_a_sound_installation_is_0(inside, command):
    command.settings("model = 'scripted/demo'\n")
    code, out, _ = inside("doctor")
    assert code == 0
    assert "problem" not in out
    assert "Python 3." in out
    assert not (command.home / "data").exists()  # it only looks


def test_no_usable_model_is_a_problem_with_its_mend(inside):
    code, out, _ = inside("doctor")
    assert code == 1
    assert "problem no model can be used to plan" in out
    assert "orchestrator models pull smollm2" in out


@pytest.mark.parametrize(
    ("broken", "part"),
    [
        ("settings", "split.maxDepth"),
        ("trust", "damaged"),
        ("keys", "can be read by other users"),
        ("store", "database"),
        ("folder", "open to other users"),
        ("data", "is no folder"),
        ("home", "is read-only"),
    ],
)
def test_doctor_goes_on_after_a_broken_part(findings, command, broken, part):
    command.settings("model = 'scripted/demo'\n")
    match broken:
        case "settings":
            command.settings("[split]\nmaxDepth = 99\n")
        case "trust":
            (command.config / "trust.json").write_text("{")
        case "keys":
            (command.config / ".env.local").write_text("ANTHROPIC_API_KEY=x\n")
            (command.config / ".env.local").chmod(0o644)
        case "store":
            (command.home / "data").mkdir(mode=0o700)
            (command.home / "data" / "orchestrator.db").write_bytes(b"no database" * 999)
        case "folder":
            command.config.chmod(0o755)
        case "data":
            (command.home / "data").write_text("a file")
        case "home":
            command.home.chmod(0o555)
    found = findings()
    command.home.chmod(0o755)
    assert any(part in problem for problem in problems(found))
    assert found[-1]["what"].startswith("workspace: ")


def test_every_problem_has_a_mend(command, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_MODEL", "nonsense")
    command.config.mkdir(mode=0o755)
    (command.config / "config.toml").write_text("nonsense")
    (command.config / "trust.json").write_text("nonsense")
    (command.config / ".env.local").write_text("nonsense")
    directories = Directories(command.config, command.config / "trust.json", command.home)
    found = list(examine(directories, command.work))
    assert len([finding for finding in found if finding.level == "problem"]) >= 4
    assert all(finding.mend for finding in found if finding.level == "problem")


def test_a_sound_store_is_said_to_be_sound(findings, command):
    command.settings("model = 'scripted/demo'\n")
    file = command.outline()
    assert command("split", file, "--task", "logout", "--yes").returncode == 0
    assert any("is sound" in finding["what"] for finding in findings())


def test_keys_in_a_workspace_are_named_as_never_read(findings, command):
    (command.work / ".env.local").write_text("ANTHROPIC_API_KEY=x\n")
    notes = [finding["what"] for finding in findings() if finding["level"] == "note"]
    assert any("is never read" in note for note in notes)


def test_a_damaged_database_is_repaired(inside, command):
    command.settings("model = 'scripted/demo'\n")
    store = command.home / "data" / "orchestrator.db"
    store.parent.mkdir(mode=0o700)
    store.write_bytes(b"no database at all" * 1_000)
    store.chmod(0o600)
    code, out, _ = inside("doctor")
    assert code == 1
    assert "orchestrator doctor --repair" in out
    code, out, err = inside("doctor", "--repair")
    assert code == 0
    assert "it begins anew" in err
    assert "The damaged file is kept: " in err
    assert "is sound" in out
    assert "needs no repair" in inside("doctor", "--repair")[2]
