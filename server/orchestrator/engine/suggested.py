"""What a workspace suggests, and what counts only when a person allowed exactly that: its settings and its prompts.

Apart from `trust`, which keeps a person's word, because whoever asks for that word must show what it is about.

Invariant: only what was shown is allowed (test_only_what_was_shown_is_allowed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config import WORKSPACE_FILE
from orchestrator.engine.prompt_library import suggestions
from orchestrator.engine.trust import Trust, fingerprint, read_workspace_file
from orchestrator.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SuggestedFile:
    relative: str
    """With `/`, from the workspace's folder."""
    text: str
    sha256: str
    """Of its bytes; empty where there is a problem."""
    problem: str = ""
    """Why it cannot be used, whoever allows it."""


def suggested_files(workspace: Path) -> tuple[SuggestedFile, ...]:
    """As they are now: the settings first. Blocks: call it in a thread."""
    found: list[SuggestedFile] = []
    try:
        content = read_workspace_file(workspace)
        if content is not None:
            text = content.decode("utf-8", "replace")
            found.append(SuggestedFile(WORKSPACE_FILE, text, fingerprint(content)))
    except ConfigError as error:
        found.append(SuggestedFile(WORKSPACE_FILE, "", "", str(error)))
    prompts = suggestions(workspace)
    found += (SuggestedFile(each.relative, each.text, each.sha256, each.problem) for each in prompts)
    return tuple(found)


def allow(trust: Trust, workspace: Path, shown: Mapping[str, str]) -> None:
    """Trust the folder, and of its files those that a person saw: `shown` are their hashes, by path.

    One that is another by now is not allowed by it: its hash is none that the file has.
    """
    for relative, sha256 in shown.items():
        trust.trust_file(workspace, relative, sha256)
    trust.trust(workspace)
