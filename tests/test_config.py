import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config import (
    MAX_SETTINGS_BYTES,
    USER_FILE,
    Directories,
    Layer,
    Level,
    Source,
    environment_layer,
    load,
    load_user,
    options,
    parse_toml,
    read_capped,
)
from orchestrator.errors import ConfigError


def user(**values):
    return Layer(Source.USER, "config.toml", values)


def workspace(values):
    return Layer(Source.WORKSPACE, "/w/.orchestrator.toml", values)


def check_error(layer, *parts):
    with pytest.raises(ConfigError) as caught:
        load([layer])
    for part in parts:
        assert part in str(caught.value)
    assert caught.value.hint


@pytest.fixture
def directories(tmp_path):
    return Directories(tmp_path / "config", tmp_path / "data", tmp_path / "cache")


# Precedence


def test_each_layer_beats_the_ones_before_it():
    layers = [
        Layer(source, source.value, {"split": {"maxDepth": number}})
        for number, source in zip((1, 2, 3, 4, 5), list(Source)[1:], strict=True)
    ]
    for count in range(1, len(layers) + 1):
        found = load(layers[:count])
        assert found.settings.split.max_depth == count
    assert load([]).settings.split.max_depth == 2


@settings(deadline=None)
@given(st.permutations(range(5)))
def test_precedence_does_not_depend_on_order(order):
    layers = [
        workspace({"split": {"maxDepth": 1}, "roles": {"plan": "strong"}}),
        user(split={"maxDepth": 3}, calls={"retries": 5}),
        Layer(Source.EDITOR, "the editor's settings", {"split": {"maxDepth": 4, "preview": False}}),
        environment_layer({"ORCHESTRATOR_CALLS__RETRIES": "7"}),
        Layer(Source.COMMAND_LINE, "the command line", {"model": "a/b"}),
    ]
    found = load([layers[index] for index in order])
    assert found == load(layers)
    assert (found.settings.split.max_depth, found.settings.calls.retries) == (4, 7)


def test_each_value_says_where_it_comes_from(directories):
    directories.config.mkdir()
    (directories.config / USER_FILE).write_text("[split]\nmax_depth = 3\n[endpoints.lab]\nbaseUrl = 'http://lab/v1'\n")
    found = load_user(
        directories,
        {"ORCHESTRATOR_CALLS__TIMEOUT": "9"},
        workspace=workspace({"roles": {"plan": "strong"}}),
        editor={"outline": {"globs": ["*.md"]}},
        command_line={"model": "a/b"},
    )
    assert found.sources == {
        "split.maxDepth": str(directories.config / USER_FILE),
        "endpoints.lab": str(directories.config / USER_FILE),
        "calls.timeout": "ORCHESTRATOR_CALLS__TIMEOUT",
        "roles.plan": "/w/.orchestrator.toml",
        "outline.globs": "the editor's settings",
        "model": "the command line",
    }
    assert found.settings.endpoints["lab"].base_url == "http://lab/v1"
    assert found.notes == ()


def test_both_spellings_are_read_and_both_at_once_are_refused():
    assert load([user(split={"maxDepth": 3})]).settings == load([user(split={"max_depth": 3})]).settings
    check_error(user(split={"maxDepth": 3, "max_depth": 3}), "config.toml", "split.maxDepth", "twice")


def test_null_means_not_set():
    found = load([user(split={"maxDepth": 3}), Layer(Source.EDITOR, "e", {"split": {"maxDepth": None}, "calls": None})])
    assert found.settings.split.max_depth == 3


# What a person is told


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"splitt": {}}, ["'splitt'", "Did you mean split?"]),
        ({"split": {"maxDepht": 1}}, ["'split.maxDepht'", "Did you mean split.maxDepth?"]),
        ({"split": {"maxDepth": 9}}, ["split.maxDepth must be a whole number from 1 to 8"]),
        ({"split": {"maxDepth": True}}, ["split.maxDepth must be"]),
        ({"split": {"preview": "yes"}}, ["split.preview must be true or false"]),
        ({"split": 3}, ["split is a group of settings"]),
        ({"calls": {"timeout": float("nan")}}, ["calls.timeout must be a number from 0.1 to 3,600"]),
        ({"roles": {"plan": "best"}}, ["roles.plan must be one of fast, balanced, strong"]),
        ({"models": {"fast": ["nonsense"]}}, ["models.fast must be a list of `provider/model`"]),
        ({"endpoints": {"a/b": {"baseUrl": "http://x"}}}, ["endpoints", "character"]),
        ({"endpoints": {"a": {}}}, ["endpoints.a.baseUrl is missing"]),
        ({"endpoints": {"a": {"baseUrl": "x"}}}, ["endpoints.a.baseUrl must be an address"]),
        ({"endpoints": {"a": {"url": "http://x"}}}, ["'endpoints.a.url'"]),
        ({"openai": {"baseUrl": "https://user:pass@host/v1"}}, ["without a password"]),
        ({"openai": {"baseUrl": "javascript:alert(1)"}}, ["https://"]),
    ],
)
def test_a_fault_names_file_key_and_what_is_allowed(values, parts):
    check_error(user(**values), "config.toml", *parts)


def test_a_key_in_the_settings_is_sent_elsewhere_and_not_repeated():
    with pytest.raises(ConfigError) as caught:
        load([user(openai={"apiKey": "sk-very-secret"})])
    assert "orchestrator auth set" in str(caught.value)
    assert "sk-very-secret" not in str(caught.value)


def test_no_message_repeats_a_value():
    for values in ({"openai": {"baseUrl": "sk-very-secret"}}, {"model": ["sk-very-secret"]}):
        with pytest.raises(ConfigError) as caught:
            load([user(**values)])
        assert "sk-very-secret" not in str(caught.value)


# The environment


def test_environment_variables_set_every_kind_of_option():
    found = load(
        [
            environment_layer(
                {
                    "ORCHESTRATOR_MODEL": "a/b",
                    "ORCHESTRATOR_SPLIT__PREVIEW": "false",
                    "ORCHESTRATOR_SPLIT__MAX_DEPTH": "3",
                    "ORCHESTRATOR_CALLS__TIMEOUT": "1.5",
                    "ORCHESTRATOR_MODELS__FAST": "a/b, c/d",
                    "ORCHESTRATOR_OUTLINE__GLOBS": '["a,b.md"]',
                    "ORCHESTRATOR_ENDPOINTS__LAB__BASE_URL": "http://lab/v1",
                    "ORCHESTRATOR_ENDPOINTS__LAB__KEY_NAME": "lab",
                    "ORCHESTRATOR_DATA_DIR": "/data",
                    "ORCHESTRATOR_CALLS__RETRIES": "",
                    "PATH": "/bin",
                }
            )
        ]
    )
    settings = found.settings
    assert (settings.model, settings.split.preview, settings.split.max_depth) == ("a/b", False, 3)
    assert (settings.calls.timeout, settings.models.fast) == (1.5, ["a/b", "c/d"])
    assert settings.outline.globs == ["a,b.md"]
    assert settings.endpoints["lab"].key_name == "lab"
    assert settings.calls.retries == 2
    assert found.notes == ()


def test_a_bad_variable_is_named():
    check_error(environment_layer({"ORCHESTRATOR_SPLIT__MAX_DEPTH": "many"}), "ORCHESTRATOR_SPLIT__MAX_DEPTH", "1 to 8")


def test_a_variable_that_is_none_of_ours_is_noted_not_refused():
    found = load([environment_layer({"ORCHESTRATOR_HOME": "/opt", "ORCHESTRATOR_SPLIT": "x"})])
    assert found.settings == load([]).settings
    assert len(found.notes) == 2
    assert "ORCHESTRATOR_HOME" in found.notes[0]


# Workspaces


def some_value(option):
    """A valid value that is not the default."""
    if option.path == ("endpoints",):
        return {"evil": {"baseUrl": "http://evil/v1"}}
    match option.default:
        case bool():
            return not option.default
        case int() | float():
            return option.default + 1 if option.level is not Level.WORKSPACE_LOWER else option.default - 1
        case [*_] if option.key == "prices":
            return ["evil/model 3 15"]
        case [*_]:
            return ["evil/model"]
        case "ask":
            return "allow"
        case _ if option.key.endswith("baseUrl"):
            return "http://evil/v1"
        case _:
            return "strong" if option.key.startswith("roles.") else "evil/model"


@pytest.mark.parametrize("option", options(), ids=lambda option: option.key)
def test_workspace_cannot_set_user_options(option):
    values = some_value(option)
    for part in reversed(option.path):
        values = {part: values}
    assert load([user(**values)]).settings != load([]).settings  # the value itself is fine
    found = load([workspace(values)])
    if option.level is Level.USER:
        assert found.settings == load([]).settings
        assert len(found.notes) == 1
        assert option.key in found.notes[0]
        assert "only you" in found.notes[0]
    else:
        assert found.settings != load([]).settings
        assert found.notes == ()


def test_a_workspace_only_lowers_limits():
    found = load([workspace({"split": {"maxDepth": 1, "maxChildren": 20}, "calls": {"concurrency": 3}})])
    assert (found.settings.split.max_depth, found.settings.split.max_children) == (1, 8)
    assert found.settings.calls.concurrency == 2
    assert len(found.notes) == 2


def test_the_users_number_stands_against_a_workspace():
    found = load([workspace({"split": {"maxDepth": 1}}), user(split={"maxDepth": 5})])
    assert found.settings.split.max_depth == 5


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OPTION_NAMES = st.sampled_from([part for option in options() for part in option.path])


@settings(deadline=None)
@given(st.dictionaries(OPTION_NAMES | st.text(max_size=5), JSON_LIKE | st.dictionaries(OPTION_NAMES, JSON_LIKE)))
def test_no_workspace_file_stops_the_user(values):
    found = load([workspace(values)])
    user_options = [option for option in options() if option.level is Level.USER]
    defaults = load([]).settings
    for option in user_options:
        mine, default = found.settings, defaults
        for part in option.path:
            mine, default = getattr(mine, part), getattr(default, part)
        assert mine == default
    assert all("." in note for note in found.notes)


# Files


def test_user_file_is_read_and_may_be_missing(directories):
    assert load_user(directories, {}).settings.split.max_depth == 2
    directories.config.mkdir()
    (directories.config / USER_FILE).write_bytes(b"\xef\xbb\xbf[split]\r\nmaxDepth = 4\r\n")
    assert load_user(directories, {}).settings.split.max_depth == 4


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"a = ", "not valid TOML"),
        (b"a = 1\na = 2", "not valid TOML"),
        (b"a = " + b"[" * 2000, "nested too deeply"),
        (b"a." * 100_000 + b"b = 1", "more than 2048 characters"),
        (b"#" * (MAX_SETTINGS_BYTES + 1), "larger than 256 KiB"),
    ],
)
def test_bad_files_are_named(directories, content, part):
    directories.config.mkdir()
    path = directories.config / USER_FILE
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_user(directories, {})
    assert part in str(caught.value)
    assert str(path) in str(caught.value)


def test_only_plain_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(ConfigError, match="not a plain file"):
            read_capped(tmp_path / name)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_capped(tmp_path / "link") == b"x"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_capped(tmp_path / "link", follow_links=False)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_settings_or_a_config_error(content):
    try:
        assert isinstance(parse_toml(content, "x"), dict)
    except ConfigError:
        return


# Folders


def test_variables_and_data_dir_replace_the_folders(tmp_path):
    environ = {f"ORCHESTRATOR_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "CACHE")}
    found = Directories.default(environ)
    assert found == Directories(tmp_path / "CONFIG", tmp_path / "DATA", tmp_path / "CACHE")
    assert Directories.default(environ, data_dir=tmp_path / "x").data == tmp_path / "x"
    assert Directories.default(environ, data_dir="") == Directories.default(environ)
    assert not any(path.exists() for path in (found.config, found.data, found.cache))


def test_a_relative_folder_in_the_environment_is_refused():
    with pytest.raises(ConfigError, match="ORCHESTRATOR_CONFIG_DIR"):
        Directories.default({"ORCHESTRATOR_CONFIG_DIR": "config"})


@pytest.mark.parametrize("home", ["", "relative"])
def test_without_a_home_nothing_is_kept_in_the_current_folder(monkeypatch, home):
    import pwd

    def nobody(_number):
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.delenv("HOME", raising=False)
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    if home:
        monkeypatch.setenv("HOME", home)
    with pytest.raises(ConfigError, match="no home folder") as caught:
        Directories.default({})
    assert "ORCHESTRATOR_CONFIG_DIR" in caught.value.hint


def test_the_home_of_nobody_is_no_bug():
    with pytest.raises(ConfigError, match="ORCHESTRATOR_CONFIG_DIR"):
        Directories.default({"ORCHESTRATOR_CONFIG_DIR": "~nobody-of-that-name/config"})
