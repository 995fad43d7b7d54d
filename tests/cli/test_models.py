import json


def test_each_provider_says_whether_it_can_be_used_and_what_mends_it(inside, command):
    code, out, err = inside("models")
    assert code == 0
    assert "Embedded model (basic offline): not usable" in out
    assert "mend it with: orchestrator models pull smollm2" in out
    assert "mend it with: orchestrator auth set anthropic" in out
    assert "sends to api.openai.com (address from: default)" in out
    assert "Scripted (demo and tests): usable" in out
    assert "plan: balanced, which is local/smollm2" in err


def test_json_lists_the_same(inside, command):
    command.settings("[endpoints.lab]\nbaseUrl = 'http://models.invalid/v1'\n")
    providers = {entry["name"]: entry for entry in json.loads(inside("models", "--json")[1])["providers"]}
    assert providers["scripted"]["usable"]
    assert not providers["anthropic"]["usable"]
    assert providers["anthropic"]["mend"] == "orchestrator auth set anthropic"
    assert providers["lab"]["host"] == "models.invalid"
    assert providers["local"]["host"] == ""


def test_the_model_in_use_is_named(inside, command):
    command.settings("model = 'scripted/demo'\n")
    assert "Every role asks scripted/demo" in inside("models")[2]


def test_unknown_weights_are_told(inside):
    code, _, err = inside("models", "pull", "nonsense")
    assert code == 3
    assert "smollm2" in err


def test_weights_that_are_here_are_not_fetched_again(inside, command):
    from orchestrator.config import Directories
    from orchestrator.providers import weights

    directories = Directories(command.config, command.home / "data", command.home / "cache")
    model = weights.known("smollm2")
    file = weights.path_of(model, directories)
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        stream.truncate(model.size)
    code, out, _ = inside("models", "pull")
    assert code == 0
    assert out == f"local/smollm2 is ready: {file}\n"
    assert "weights of smollm2" in inside("models")[1] or "not installed" in inside("models")[1]
