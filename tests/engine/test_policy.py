"""What a model may read, change and run: every spelling that we could think of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine import policy
from orchestrator.engine.policy import Command, Edit, Scope, Standing, decide, scope_of
from orchestrator.errors import ToolError


@pytest.mark.parametrize(
    ("path", "meant"),
    [("a.py", "a.py"), ("./src//a.py", "src/a.py"), (".", "."), ("", "."), ("src/", "src"), ("ü/ñ.py", "ü/ñ.py")],
)
def test_a_path_is_relative_to_the_workspace(path: str, meant: str):
    assert policy.relative(path) == meant


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "../x", "a/../../x", "a/..", "~/x", "~root/x", "C:/x", "c:x", "\\\\host\\x", "a\\..\\b", "a\0b",
        "a\nb", "a\u202eb", "\u200b.git/config", "a\x1b[2Jb", "\ud800", "x" * 2000, "a/" + "ü" * 200,
    ],
)  # fmt: skip
def test_no_spelling_leaves_the_workspace(path: str):
    with pytest.raises(ToolError) as caught:
        policy.relative(path)
    assert caught.value.hint
    assert "\x1b" not in str(caught.value)


@given(st.text())
def test_any_text_is_a_sound_path_or_an_error(path: str):
    try:
        meant = policy.relative(path)
    except ToolError:
        return
    assert not meant.startswith("/")
    assert ".." not in meant.split("/")
    assert "\0" not in meant


PRIVATE = [
    ".env", ".env.local", ".env.example", ".envrc", "app/.ENV", "server.pem", "tls/Server.KEY", "id_rsa",
    "id_ed25519.pub",
    ".ssh/config", ".git/config", ".GIT/config", "sub/.git/hooks/x", ".git", ".git./config", ".git /config",
    ".git::$DATA/x",
    "GIT~1/config", ".\uff47\uff49\uff54/config", ".npmrc", "a/.netrc", ".aws/credentials", "prod.tfstate",
    "secrets.yaml", "x.p12",
]  # fmt: skip


@pytest.mark.parametrize("path", PRIVATE)
def test_no_spelling_of_a_private_name_is_readable(path: str):
    assert policy.private_reason(path)
    assert policy.sensitive_reason(path)


@pytest.mark.parametrize(
    "path", ["src/main.py", "environment.py", "keys.py", ".gitignore", "docs/git.md", "secrets.py", "monkey.txt", "."]
)
def test_ordinary_files_are_readable(path: str):
    assert policy.private_reason(path) == ""


SENSITIVE = [
    ".vscode/settings.json", ".github/workflows/ci.yml", "sub/.GitHub/x", "Makefile", "sub/makefile.inc",
    "hooks/pre-push",
    ".husky/pre-commit", "setup.py", "package.json", "web/vite.config.ts", "conftest.py", "tests/conftest.py",
    "pytest.ini",
    "tox.ini", "plan.tasks.md", "docs/Tasks.md", ".orchestrator.toml", ".gitattributes", ".gitmodules", "run.sh",
    "build.gradle", "AGENTS.md", ".mcp.json", "requirements-dev.txt", "x.pth", ".env", "Dockerfile.dev",
    ".pre-commit-config.yaml", ".orchestrator/prompts/execute.md", "pytest.toml", ".mvn/extensions.xml",
    ".cargo/config.toml", "mypy.ini", "SConstruct", ".azure-pipelines/x.yml",
]  # fmt: skip


@pytest.mark.parametrize("path", SENSITIVE)
def test_sensitive_paths_are_always_asked_about(path: str):
    edit = Edit(("src/a.py", path))
    folder = path.rpartition("/")[0]
    generous = Standing(trusted=True, edits=True, yes=True, scopes=(Scope(prefixes=(path, f"{folder}/", "src/")),))
    decision = decide(edit, generous)
    assert not decision.allowed
    assert path in decision.reason
    assert scope_of(edit) is None, "so it cannot be allowed for a whole run"


def test_the_users_own_outline_names_are_sensitive():
    assert policy.sensitive_reason("plans/week.todo", ("*.TODO",))


@pytest.mark.parametrize("path", ["src/main.py", "README.md", "src/hooks/useLogin.ts", "tests/test_a.py"])
def test_ordinary_files_are_not_sensitive(path: str):
    assert policy.sensitive_reason(path) == ""


def test_an_edit_is_asked_about_unless_somebody_said_so():
    edit = Edit(("src/a.py", "src/b.py"))
    assert not decide(edit, Standing()).allowed
    assert not decide(edit, Standing(edits=True)).allowed, "the folder is not trusted"
    assert decide(edit, Standing(trusted=True, edits=True)).allowed
    assert decide(edit, Standing(yes=True)).allowed


def test_for_this_run_means_the_same_folders_and_says_which():
    scope = scope_of(Edit(("src/login/a.py", "README.md")))
    assert scope == Scope(prefixes=("README.md", "src/login/"))
    assert "README.md, src/login/" in scope.text
    assert decide(Edit(("src/login/deep/c.py",)), Standing(scopes=(scope,))).allowed
    for other in ("src/a.py", "src/login.py", "OTHER.md", "src/login/Makefile", "x/README.md"):
        assert not decide(Edit((other,)), Standing(scopes=(scope,))).allowed, other
    assert not decide(Edit(("src/login/a.py", "src/a.py")), Standing(scopes=(scope,))).allowed


def test_for_this_run_means_the_same_command_exactly():
    command = Command(("pytest", "-q", "tests/a b"))
    scope = scope_of(command)
    assert scope is not None
    assert scope.text == "run exactly `pytest -q 'tests/a b'` again in this run"
    assert decide(command, Standing(scopes=(scope,))).allowed
    for other in (("pytest", "-q"), ("pytest", "-q", "tests/a", "b"), ("pytest", "-q", "tests/a b", "-x")):
        assert not decide(Command(other), Standing(scopes=(scope,))).allowed


def test_a_prefix_of_the_users_settings_holds_in_trusted_folders_only():
    standing = Standing(trusted=True, commands=(("pytest",), ("cargo", "test"), ()))
    assert decide(Command(("pytest", "-q")), standing).allowed
    assert decide(Command(("cargo", "test", "--all")), standing).allowed
    for argv in (("cargo", "run"), ("pytest-evil",), ("cargo",), ("rm", "-rf", ".")):
        assert not decide(Command(argv), standing).allowed
    untrusted = decide(Command(("pytest", "-q")), Standing(commands=(("pytest",),)))
    assert not untrusted.allowed
    assert "not trusted" in untrusted.reason


def test_yes_never_approves_a_command():
    standing = Standing(trusted=True, edits=True, yes=True, scopes=(Scope(prefixes=("src/",)),))
    assert not decide(Command(("pytest",)), standing).allowed


@pytest.mark.parametrize(
    "argv",
    [
        [], [""], [" "], ["pytest -q"], ["./run"], ["bin/tool"], ["/bin/ls"], ["~/x"], ["-c"], ["sh", "-c", "x"],
        ["BASH"],
        ["zsh.exe"], ["busybox", "sh"], ["sudo", "ls"], ["FOO=1", "pytest"], ["a|b"], ["a;b"], ["$(x)"], ["`x`"],
        ["a\0"],
        ["ls", "\0"], ["ls", "\ud800"], ["ls", "x" * 20_000], ["ls"] * 300, ["a\\b"], ["ls\n"],
    ],
)  # fmt: skip
def test_what_is_no_plain_command_is_refused(argv: list[str]):
    with pytest.raises(ToolError) as caught:
        policy.checked_argv(argv)
    assert caught.value.hint


def test_metacharacters_in_arguments_are_only_text():
    argv = ("echo", "a;b", "$(rm -rf .)", "&&", "|", "> x", "*")
    assert policy.checked_argv(argv) == argv


def test_a_command_is_shown_so_that_nothing_hides():
    assert policy.shown(("echo", "a b", "x\u202ey\u200b\x1b")) == "echo 'a b' 'x<U+202E>y<U+200B><U+001B>'"


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("pytest tests/login", ("pytest", "tests/login")),
        ("cargo test -- 'a b'", ("cargo", "test", "--", "a b")),
        ("pytest && rm x", None),
        ("curl x | sh", None),
        ("./pwn.sh", None),
        ("pytest tests/*.py", None),
        ("echo 'open", None),
        ("", None),
    ],
)
def test_the_command_in_a_text(text: str, argv: tuple[str, ...] | None):
    assert policy.command_in(text) == argv
