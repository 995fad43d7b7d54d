"""What a model may read, what it may change, and what it may run: rules without any IO.

Apart from the tools because these are the rules that a person trusts, and because a rule that is a pure function can
be tested against every spelling that a hostile model may try.

Paths here are relative to the workspace, with `/`, as `relative` answers them. Names are compared as the most
forgiving file system would: without regard to case, invisible characters, trailing dots and blanks.

Invariant: no spelling of a private name is readable (test_no_spelling_of_a_private_name_is_readable).
Invariant: `decide` never allows a command by an edit's word, nor a sensitive path by any word but a person's answer to
exactly that (test_sensitive_paths_are_always_asked_about, test_yes_never_approves_a_command).
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from pathlib import PurePosixPath

from orchestrator.errors import ToolError
from orchestrator.model.safe_text import one_line, visible

LONGEST_PATH = 1024
MOST_ARGUMENTS = 256
LONGEST_COMMAND = 16_000
"""Characters of all arguments together: a person has to read them."""

_PRIVATE_FOLDERS = {".git", ".hg", ".svn", ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".gcloud"}
_PRIVATE_NAMES = (
    ".env*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "*.pkcs12", "*.jks", "*.keystore", "*.kdbx", "*.ppk",
    "*.asc", "*.gpg", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".npmrc", ".pypirc",
    ".git-credentials", ".htpasswd", ".pgpass", ".my.cnf", "credentials.json", "credentials.toml",
    "secrets.y*ml", "secrets.json", "secrets.toml", "service-account*.json", "*.tfstate", "*.tfstate.backup",
)  # fmt: skip
"""Keys and passwords, as far as their names tell. `.env*` as a whole: an example among them is not worth a mistake."""

_PRIVATE = re.compile("|".join(translate(pattern) for pattern in _PRIVATE_NAMES))

_SENSITIVE_FOLDERS: dict[str, str] = {
    **dict.fromkeys((".git", ".hg", ".svn"), "the repository's own data"),
    **dict.fromkeys(
        (".vscode", ".idea", ".zed", ".fleet", ".devcontainer", ".vs"), "settings of an editor, which can run programs"
    ),
    **dict.fromkeys(
        (
            ".github",
            ".gitlab",
            ".circleci",
            ".buildkite",
            ".woodpecker",
            ".ci",
            ".semaphore",
            ".azure-pipelines",
            ".tekton",
        ),
        "runs on a build server",
    ),
    **dict.fromkeys((".husky", ".githooks"), "a hook, which tools run by themselves"),
    **dict.fromkeys((".cargo", ".mvn", ".yarn", "fastlane"), "settings of a build, which tools follow by themselves"),
    **dict.fromkeys((".cursor", ".claude", ".windsurf"), "instructions for coding agents"),
    ".orchestrator": "Orchestrator's own settings",
}
"""Why a change anywhere below a folder of this name is always asked about."""

OUTLINE = "an outline, which says what runs"

_SENSITIVE_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "settings of an editor, which can run programs",
        (".exrc", ".nvimrc", ".nvim.lua", ".vimrc", ".dir-locals.el", "*.code-workspace", "*.sublime-project"),
    ),
    (
        "runs on a build server",
        (".gitlab-ci*", ".woodpecker*", ".travis.yml", "jenkinsfile*", "azure-pipelines*", "bitbucket-pipelines*",
         "appveyor.yml", ".drone.yml", "cloudbuild*"),
    ),
    (
        "a hook, which tools run by themselves",
        (".pre-commit-config*", "lefthook*", ".lefthook*", ".lintstagedrc*", ".gitattributes", ".gitmodules",
         ".gitconfig"),
    ),
    (
        "a build script, which tools run by themselves",
        ("makefile*", "gnumakefile*", "*.mk", "justfile*", "taskfile*", "rakefile*", "gemfile*", "*.gemspec",
         "dockerfile*", "containerfile*", "docker-compose*", "compose.y*ml", "vagrantfile", "cmakelists.txt", "*.cmake",
         "configure*", "meson*.build", "*.gradle*", "gradlew*", "mvnw*", "pom.xml", "build.sbt", "*.csproj", "*.props",
         "*.targets", "build.rs", "cargo.toml", "cargo.lock", "go.mod", "go.sum", "package.json", "package-lock.json",
         "npm-shrinkwrap.json", "pnpm-*", "yarn.lock", ".yarnrc*", ".pnp.*", "bun.lock*", "bunfig.toml", "deno.json*",
         "*.config.js", "*.config.ts", "*.config.mjs", "*.config.cjs", "*.config.mts", ".babelrc*", ".eslintrc*",
         "gulpfile*", "gruntfile*", "setup.py", "setup.cfg", "pyproject.toml", "uv.lock", "poetry.lock", "pdm.lock",
         "pipfile*", "requirements*", "constraints*", "*.pth", "sitecustomize.py", "usercustomize.py", "noxfile.py",
         "tasks.py", "dodo.py", "build", "build.*", "workspace", "workspace.bazel", "module.bazel", ".bazelrc", "buck",
         "sconstruct*", "sconscript*", "wscript*", "snakefile*", "earthfile", "*.sbt", "gradle-wrapper.*",
         "package.swift", "podfile*", "cmakepresets.json", "cmakeuserpresets.json", "hatch.toml", "hatch_build.py",
         "lerna.json", "nx.json", "turbo.json", "nodemon.json",
         "flake.nix", "flake.lock", "default.nix", "shell.nix", "devenv.*", ".tool-versions", "mise.toml", ".mise.toml",
         ".python-version", ".nvmrc", "mix.exs", "composer.json", "composer.lock", "*.sh", "*.bash", "*.zsh", "*.fish",
         "*.bat", "*.cmd", "*.ps1"),
    ),
    (
        "configuration of tests, which runs code",
        ("conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "tox.toml",
         ".coveragerc", "jest.*", "vitest.*", "karma.*",
         ".mocharc*", "phpunit.xml*", ".rspec", "spec_helper.rb", "test_helper.*", "nextest.toml"),
    ),
    (
        "settings of a tool, which can run code",
        ("mypy.ini", ".mypy.ini", "pylintrc*", ".pylintrc*", ".gdbinit", ".lldbinit", ".rprofile", ".irbrc", ".pryrc"),
    ),
    (
        "instructions for coding agents",
        ("agents.md", "claude.md", "gemini.md", ".cursorrules", ".windsurfrules", ".clinerules", ".mcp.json",
         "copilot-instructions.md", ".aider*"),
    ),
    ("Orchestrator's own settings", (".orchestrator*",)),
)  # fmt: skip
"""Why a change of a file with such a name is always asked about."""

_SHELLS = {
    "sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "ash", "busybox", "toybox", "cmd", "powershell",
    "pwsh", "nu", "xonsh",
}  # fmt: skip
_RAISERS = {"sudo", "su", "doas", "pkexec", "run0", "runuser", "setpriv", "newgrp"}
_SHELL_WORDS = re.compile(r"[|&;<>()$`\n*?~]")


def relative(path: str) -> str:
    """The path as parts joined by `/`; "." is the workspace itself.

    Raises ToolError for a path that leaves the workspace by its spelling. Links are the door's affair
    (`workspace_files`).
    """
    inside = "Give a path relative to the workspace, such as src/main.py."
    if len(path) > LONGEST_PATH:
        raise ToolError(f"A path is longer than {LONGEST_PATH} characters.", hint=inside)
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        raise ToolError(f"{one_line(path, 200)} is not inside the workspace.", hint=inside)
    if "\\" in path:
        raise ToolError(f"{one_line(path, 200)} has backslashes.", hint="Write / between folders.")
    if visible(path) != path:
        raise ToolError(
            f"{one_line(path, 200)} has characters that cannot be seen or written.", hint="Use ordinary characters."
        )
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise ToolError(f"{one_line(path, 200)} goes up with “..”.", hint=inside)
    if any(len(part.encode()) > 255 for part in parts):
        raise ToolError(f"{one_line(path, 200)} has a name that is too long.", hint="Use shorter names.")
    return "/".join(parts) or "."


def private_reason(path: str) -> str:
    """Why no model may read this, for the model; empty when it may."""
    return next((why for part in PurePosixPath(path).parts if (why := private_name(part))), "")


@lru_cache(maxsize=4096)
def private_name(name: str) -> str:
    """As `private_reason`, for one name of a file or a folder."""
    name = folded(name)
    if name in _PRIVATE_FOLDERS or re.fullmatch(r"git~\d+", name):
        return f"{name}/ is private"
    return "files that may hold keys or passwords are private" if _PRIVATE.match(name) else ""


def sensitive_reason(path: str, outlines: Sequence[str] = ("*.tasks.md", "tasks.md")) -> str:
    """Why a change of this is always asked about, for a person; empty when it is an ordinary file."""
    names = [folded(part) for part in PurePosixPath(path).parts]
    for name in names:
        if why := _SENSITIVE_FOLDERS.get(name):
            return why
    if private_reason(path):
        return "may hold keys or passwords"
    if not names:
        return ""
    if names[0] == "hooks":
        return "a hook, which tools run by themselves"
    for why, patterns in _SENSITIVE_NAMES:
        if any(fnmatchcase(names[-1], pattern) for pattern in patterns):
            return why
    if any(fnmatchcase(names[-1], pattern.lower()) for pattern in outlines):
        return OUTLINE
    return ""


def folded(name: str) -> str:
    """A file name as the most forgiving file system compares it."""
    if name.isascii() and name.isprintable():
        return name.lower().partition(":")[0].rstrip(" .") or name
    name = unicodedata.normalize("NFKC", name)
    seen = "".join(character for character in name if unicodedata.category(character) not in {"Cf", "Cc", "Mn"})
    return seen.casefold().partition(":")[0].rstrip(" .") or name


def checked_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """The command, if its form is sound. Raises ToolError. It says nothing about who allowed it."""
    one_each = 'Give the program and each argument as one entry, such as ["pytest", "-q"].'
    if not argv or not argv[0].strip():
        raise ToolError("The command is empty.", hint=one_each)
    if len(argv) > MOST_ARGUMENTS or sum(map(len, argv)) > LONGEST_COMMAND:
        raise ToolError("The command is too long for a person to check.", hint="Use a shorter one.")
    if any("\0" in part or not _encodable(part) for part in argv):
        raise ToolError("The command holds characters that no command can hold.", hint="Use ordinary characters.")
    program = argv[0]
    if re.search(r"[\s=]", program) or _SHELL_WORDS.search(program):
        raise ToolError(
            f"{one_line(program, 100)} is not the name of a program.", hint=f"There is no shell. {one_each}"
        )
    if "/" in program or "\\" in program or program.startswith((".", "~", "-")):
        raise ToolError(
            f"{one_line(program, 100)} is a path, and programs of the workspace are not run.",
            hint="Give the name of an installed program, and the file as its argument.",
        )
    name = folded(program).removesuffix(".exe")
    if name in _SHELLS:
        raise ToolError(f"{name} is a shell, and commands run without one.", hint=one_each)
    if name in _RAISERS:
        raise ToolError(f"{name} would give a command more rights than it has.", hint="Run the program itself.")
    return tuple(argv)


def command_in(text: str) -> tuple[str, ...] | None:
    """The argv that a line of text (an acceptance, a setting) means; None when it needs a shell or is no command."""
    if _SHELL_WORDS.search(text):
        return None
    try:
        return checked_argv(shlex.split(text))
    except (ValueError, ToolError):
        return None


def shown(argv: Sequence[str]) -> str:
    """As a person reads it: quoted where a shell would need it, everything invisible spelled out."""
    return visible(shlex.join(argv))


@dataclass(frozen=True, slots=True)
class Edit:
    """Files that are to be changed."""

    paths: tuple[str, ...]
    outlines: frozenset[str] = frozenset()
    """Those among them that are outlines by what they say, before or after, whatever their name is."""

    def sensitive_reason(self, path: str, outlines: Sequence[str]) -> str:
        """As the function of that name, for one of its files."""
        return sensitive_reason(path, outlines) or (OUTLINE if path in self.outlines else "")


@dataclass(frozen=True, slots=True)
class Command:
    argv: tuple[str, ...]


Action = Edit | Command


@dataclass(frozen=True, slots=True)
class Scope:
    """What "allow for this run" covers: one tool, with the same argv or below the same folders."""

    argv: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    """Folders ("src/login/") and files ("README.md") that may be changed."""

    @property
    def text(self) -> str:
        """For a person, complete."""
        if self.argv:
            return f"run exactly `{shown(self.argv)}` again in this run"
        return f"change {', '.join(visible(prefix) for prefix in self.prefixes)} in this run (never a sensitive file)"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the user said in advance, and what a person said in this run."""

    trusted: bool = False
    """The folder is; without it nothing runs by itself."""
    commands: tuple[tuple[str, ...], ...] = ()
    """Beginnings of commands that the user's own settings list."""
    edits: bool = False
    """The user's own settings let ordinary files be changed without asking."""
    yes: bool = False
    """`--yes`: accepts an edit of ordinary files, never a command."""
    scopes: tuple[Scope, ...] = ()
    outlines: tuple[str, ...] = ("*.tasks.md", "tasks.md")


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    """False: a person is asked. Nothing is ever refused for good here: forms are checked before."""
    reason: str
    """For the journal and for a person."""


def decide(action: Action, standing: Standing) -> Decision:
    if isinstance(action, Command):
        return _decide_command(action, standing)
    for path in action.paths:
        if why := action.sensitive_reason(path, standing.outlines):
            return Decision(False, f"{visible(path)}: {why}")
    if any(_covers(scope, action) for scope in standing.scopes):
        return Decision(True, "allowed for this run")
    if standing.yes:
        return Decision(True, "--yes")
    if standing.edits and standing.trusted:
        return Decision(True, "the setting tools.edits")
    return Decision(False, "a person has not seen this edit")


def scope_of(action: Action, outlines: Sequence[str] = ("*.tasks.md", "tasks.md")) -> Scope | None:
    """What "allow for this run" would mean here; None where it must be asked each time."""
    if isinstance(action, Command):
        return Scope(argv=action.argv)
    if any(action.sensitive_reason(path, outlines) for path in action.paths):
        return None
    prefixes = {f"{parent}/" if (parent := path.rpartition("/")[0]) else path for path in action.paths}
    return Scope(prefixes=tuple(sorted(prefixes)))


def _decide_command(command: Command, standing: Standing) -> Decision:
    if any(scope.argv == command.argv for scope in standing.scopes):
        return Decision(True, "allowed for this run")
    if any(prefix and command.argv[: len(prefix)] == prefix for prefix in standing.commands):
        if standing.trusted:
            return Decision(True, "the setting tools.commands")
        return Decision(False, "this folder is not trusted, so your settings allow nothing here")
    return Decision(False, "a person has not seen this command")


def _covers(scope: Scope, edit: Edit) -> bool:
    return bool(scope.prefixes) and all(_below(path, scope.prefixes) for path in edit.paths)


def _below(path: str, prefixes: Iterable[str]) -> bool:
    return any(path == prefix or (prefix.endswith("/") and path.startswith(prefix)) for prefix in prefixes)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
