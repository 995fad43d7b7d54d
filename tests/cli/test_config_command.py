import json

from orchestrator.config import options


def test_every_setting_is_shown_with_its_source(inside, command):
    command.settings("[split]\nmaxDepth = 3\n[endpoints.lab]\nbaseUrl = 'http://lab/v1'\n")
    code, out, _ = inside("config")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert set(lines) == {option.key for option in options()}
    file = command.config / "config.toml"
    assert lines["split.maxDepth"].split(maxsplit=1)[1] == f"3   ({file})"
    assert f"({file})" in lines["endpoints"]
    assert "(" not in lines["split.preview"]


def test_json_tells_values_sources_levels_and_folders(inside, command, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_MODEL", "scripted/demo")
    code, out, _ = inside("config", "--json")
    shown = json.loads(out)
    assert code == 0
    assert shown["settings"]["model"] == {
        "value": "scripted/demo",
        "source": "ORCHESTRATOR_MODEL",
        "level": "user",
    }
    assert shown["settings"]["split.maxDepth"] == {"value": 2, "source": "default", "level": "workspaceLower"}
    assert shown["folders"]["config"] == str(command.config)


def test_path_names_the_file_to_edit(inside, command):
    assert inside("config", "path") == (0, f"{command.config / 'config.toml'}\n", "")
    assert json.loads(inside("config", "path", "--json")[1])["path"] == str(command.config / "config.toml")


def test_the_path_is_told_also_when_the_file_is_wrong(inside, command):
    command.settings("nonsense")
    assert inside("config")[0] == 3
    assert inside("config", "path") == (0, f"{command.config / 'config.toml'}\n", "")


def test_what_is_left_out_is_always_told(inside, command, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_NONSENSE", "1")
    (command.work / ".orchestrator.toml").write_text("[split]\nmaxDepth = 1\n")
    code, _, err = inside("config")
    assert code == 0
    assert "ORCHESTRATOR_NONSENSE" in err
    assert "this folder is not trusted" in err
    assert "orchestrator trust add" in err


def test_a_trusted_workspace_file_is_a_source(inside, command):
    file = command.work / ".orchestrator.toml"
    file.write_text("model = 'evil/model'\n[split]\nmaxDepth = 1\n")
    assert inside("trust", "add")[0] == 0
    _, out, err = inside("config", "--json")
    shown = json.loads(out)["settings"]
    assert shown["split.maxDepth"] == {"value": 1, "source": str(file), "level": "workspaceLower"}
    assert shown["model"]["value"] == ""
    assert "model was left out: only you can set it" in err
