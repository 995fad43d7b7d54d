"""The prompts that one run uses: fixed when it begins, so that an edit meanwhile changes nothing half-way.

Apart from the library, which finds and changes versions, because whoever makes a call needs only this.

Invariant: a run uses one version of each prompt from its start to its end (test_a_run_keeps_its_prompts).
Invariant: an attempt that is resumed goes on with the versions it began with
(test_a_resumed_attempt_keeps_its_prompts).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.engine.prompting import Prompt, contract, load_prompt, read_prompt
from orchestrator.errors import ConfigError
from orchestrator.model.prompt import PromptVersion

NAMEABLE = ("decide", "plan", "execute", "execute-plain", "code", "research", "review", "verify", "aggregate")
"""Built-in prompts in whose place a task may name another one, of the same role."""


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Empty: the built-in ones."""

    by_name: Mapping[str, Prompt] = field(default_factory=dict[str, Prompt])
    """Other than the built-in ones as they ship."""
    named: Prompt | None = None
    """What the task names in its field `prompt`."""
    notes: tuple[str, ...] = ()
    """What was found and is not used, and why, for a person."""

    def get(self, name: str) -> Prompt:
        """The prompt for what the built-in one of this name does."""
        named = self.named
        if named is not None and name in NAMEABLE:
            shipped = load_prompt(name)
            if named.role is shipped.role and named.parameters.keys() <= shipped.parameters.keys():
                return replace(named, given=frozenset(shipped.parameters))
        return self.by_name.get(name) or load_prompt(name)

    def for_task(self, name: str) -> PromptSet:
        """With what a task names in its field `prompt`; empty: nothing. Raises ConfigError when there is none."""
        if not name:
            return self
        found = self.find(name)
        if found is None:
            raise ConfigError(
                f"There is no prompt “{name}”.",
                hint=f"`orchestrator prompts list` shows those that there are; `prompts new {name}` makes it.",
            )
        return replace(self, named=found)

    def find(self, name: str) -> Prompt | None:
        if name in self.by_name:
            return self.by_name[name]
        shipped = contract(name, None)
        return shipped if shipped is not None and shipped.name == name else None

    def pinned(self, versions: Iterable[PromptVersion]) -> PromptSet:
        """With these versions in place of newer ones."""
        kept = {one.name: one for one in versions}
        before = {name: prompt for name, one in kept.items() if (prompt := as_prompt(one)) is not None}
        named = before.get(self.named.name, self.named) if self.named else None
        return replace(self, by_name={**self.by_name, **before}, named=named)


def as_prompt(version: PromptVersion) -> Prompt | None:
    """None when it cannot be used with this version of Orchestrator."""
    return read_prompt(version.text, version.name, origin=version.origin).prompt
