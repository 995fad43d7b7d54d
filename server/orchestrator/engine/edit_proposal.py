"""Changes to files that a model proposes: values that a person reads as a diff and approves by their hash.

Apart from applying them (`edit_apply`), because what is shown and what is hashed must be one value without any IO.
A change holds the whole text before and after, so that what was approved can be applied to exactly that, and undone.

Invariant: everything of a proposal that would be written is in its diff, and nothing in the diff hides
(test_a_diff_hides_nothing).
Invariant: two proposals with one fingerprint are the same (test_a_fingerprint_covers_everything).
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.engine import policy
from orchestrator.errors import ToolError
from orchestrator.model.safe_text import visible
from orchestrator.outline.files import HEAD_CHARACTERS, says_so

MAX_FILES = 100
MAX_CHARACTERS = 2_000_000
"""Of all new texts together."""
CONTEXT_LINES = 3
_MOST_COMPARED = 4_000_000
"""Lines before times lines after; beyond that the diff says "all of this" instead of searching for what is the same."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file, before and after. A rename is two changes."""

    path: str
    before: str | None
    """None: there was no such file. Its UTF-8 is byte for byte what was on the disk."""
    after: str | None
    """None: the file goes."""
    mode: int = 0o644
    """Permission bits that the file has afterwards."""
    renamed_from: str = ""
    """For people; the other file's change says that it goes."""

    @property
    def expected(self) -> str | None:
        """SHA-256 of what the file must still be, None: that there is none."""
        return None if self.before is None else hashlib.sha256(self.before.encode()).hexdigest()

    @property
    def result(self) -> str | None:
        """SHA-256 of what it will be, None: that there is none."""
        return None if self.after is None else hashlib.sha256(self.after.encode()).hexdigest()

    @property
    def is_outline(self) -> bool:
        """Whether its front matter makes it one, before or after."""
        return any(text is not None and says_so(text[:HEAD_CHARACTERS]) for text in (self.before, self.after))

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "mode": self.mode,
            "renamedFrom": self.renamed_from,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> FileChange:
        return cls(stored["path"], stored["before"], stored["after"], stored["mode"], stored["renamedFrom"])


@dataclass(frozen=True, slots=True)
class EditProposal:
    changes: tuple[FileChange, ...]
    """By path; none of them changes nothing."""

    @property
    def fingerprint(self) -> str:
        """What an approval approves: any other character, path or permission gives another one."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    @property
    def action(self) -> policy.Edit:
        outlines = frozenset(change.path for change in self.changes if change.is_outline)
        return policy.Edit(tuple(change.path for change in self.changes), outlines)

    @property
    def title(self) -> str:
        """One line: "change 2 files, create 1: src/a.py, src/b.py, …"."""
        counts = {"change": 0, "create": 0, "delete": 0}
        for change in self.changes:
            counts[_kind(change)] += 1
        what = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count)
        names = [visible(change.path) for change in self.changes]
        return f"{what}: {', '.join(names[:3])}{', …' if len(names) > 3 else ''}"

    def to_json(self) -> list[dict[str, Any]]:
        return [change.to_json() for change in self.changes]

    @classmethod
    def from_json(cls, stored: list[dict[str, Any]]) -> EditProposal:
        return cls(tuple(FileChange.from_json(change) for change in stored))

    def reverted(self) -> EditProposal:
        """What undoes it; each file only where it is still what this wrote."""
        return EditProposal(tuple(FileChange(c.path, c.after, c.before, c.mode) for c in self.changes))


def proposal_of(changes: Iterable[FileChange]) -> EditProposal:
    """Without files that stay as they are. Raises ToolError when there is more than a person can read."""
    kept = tuple(sorted((change for change in changes if change.before != change.after), key=lambda c: c.path))
    size = sum(len(change.after or "") for change in kept)
    if len(kept) > MAX_FILES or size > MAX_CHARACTERS:
        raise ToolError(
            f"These are {len(kept)} files with {size:,} characters: more than a person can check.",
            hint=f"At most {MAX_FILES} files and {MAX_CHARACTERS:,} characters; do the rest in another task.",
        )
    return EditProposal(kept)


def diff(proposal: EditProposal, outlines: Sequence[str] = ("*.tasks.md", "tasks.md")) -> str:
    """As a person reads it: a unified diff with a line about each file; what cannot be seen is spelled out."""
    action = proposal.action
    reasons = {path: action.sensitive_reason(path, outlines) for path in action.paths}
    return "\n".join(line for change in proposal.changes for line in _file_lines(change, reasons[change.path]))


def _file_lines(change: FileChange, why_sensitive: str) -> Iterator[str]:
    path = visible(change.path)
    head = f"{_kind(change)} {path}"
    if change.renamed_from:
        head = f"rename {visible(change.renamed_from)} to {path}"
    if change.mode & 0o111:
        head += " (executable)"
    if why_sensitive:
        head += f"  [{why_sensitive}]"
    yield head
    yield f"--- {path if change.before is not None else '/dev/null'}"
    yield f"+++ {path if change.after is not None else '/dev/null'}"
    before, after = _lines(change.before), _lines(change.after)
    if len(before) * len(after) > _MOST_COMPARED:
        yield "@@ the whole file @@"
        yield from (f"-{_shown(line)}" for line in before)
        yield from (f"+{_shown(line)}" for line in after)
        return
    compared = difflib.SequenceMatcher(None, before, after)
    for group in compared.get_grouped_opcodes(CONTEXT_LINES):
        first, last = group[0], group[-1]
        yield f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@"
        for tag, old, old_end, new, new_end in group:
            if tag == "equal":
                yield from (f" {_shown(line)}" for line in before[old:old_end])
                continue
            yield from (f"-{_shown(line)}" for line in before[old:old_end])
            yield from (f"+{_shown(line)}" for line in after[new:new_end])


_UNENDED = "\0"
"""Marks a last line without a line end. No text of a change holds that character."""


def _lines(text: str | None) -> list[str]:
    """As they are compared: as they are, since two lines that look alike may differ."""
    if not text:
        return []
    *lines, last = text.split("\n")
    return [*lines, last + _UNENDED] if last else lines


def _shown(line: str) -> str:
    body = line.removesuffix(_UNENDED)
    cells = "\t".join(visible(cell) for cell in body.split("\t"))
    return cells if len(body) == len(line) else f"{cells}  <no line end>"


def _kind(change: FileChange) -> str:
    if change.before is None:
        return "create"
    return "delete" if change.after is None else "change"
