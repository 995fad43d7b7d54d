"""EXECUTE or DECOMPOSE without asking a model: ridge regression over sentence embeddings of labelled tasks.

Apart from the guided planner because it is a prior for every model, and learns from a person's own history
(`experience`). A small model's own "decision" is noise, this takes milliseconds and can say how sure it is.

A title of a few words says little: it is judged by a classifier that has seen many short ones, and has to say more
clearly that it needs a plan. "Buy milk" and "Build a sauna" are the same length.

Invariant: a tie is EXECUTE, since a needless split costs a person more than a missing one
(test_a_tie_is_execute).
Invariant: short chores are left whole (test_short_chores_are_left_whole).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from orchestrator.engine.playbooks import shipped
from orchestrator.model.task import Decision, Verdict
from orchestrator.providers.embedding import Embedder

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Numbers = NDArray[numpy.float64]

RIDGE = 1.0
"""Strength of the penalty; anything from 0.3 to 3 does equally well when each example is left out in turn."""
SHORT_WORDS = 4
"""Up to so many words a title is short."""
SHORT_ODDS = 2.0
"""How many times as likely a short title must be to need a plan: there are more chores than projects in a life."""
SUREST = 0.97
"""More than that no prior counts: a capable model that has read the description knows more."""
TIE = 0.03
"""A chance this near to one half is a tie."""
_STEEPNESSES = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


@dataclass(frozen=True, slots=True)
class Labelled:
    text: str
    verdict: Verdict
    weight: float = 1.0
    short: bool = False
    """Only for judging other short ones."""


PLAYBOOK_WEIGHT = 0.3
"""Of a playbook's title, which is an example of DECOMPOSE: somebody wrote down how to split it."""


@functools.cache
def shipped_labels() -> tuple[Labelled, ...]:
    rows = json.loads((files("orchestrator.engine.playbooks") / "decisions.json").read_text(encoding="utf-8"))
    labelled = [Labelled(row["text"], Verdict(row["verdict"]), short=row.get("short", False)) for row in rows]
    special = [playbook for playbook in shipped() if not playbook.general]
    titles = [Labelled(playbook.title, Verdict.DECOMPOSE, PLAYBOOK_WEIGHT) for playbook in special]
    return (*labelled, *titles)


class Classifier:
    """Fitted when made: about two seconds at first, so make it in a thread."""

    def __init__(self, labels: Sequence[Labelled], embedder: Embedder) -> None:
        import numpy

        self._embedder = embedder
        features: Numbers = embedder.encode([row.text for row in labels]).astype(numpy.float64)
        targets: Numbers = numpy.array([1.0 if row.verdict is Verdict.DECOMPOSE else -1.0 for row in labels])
        weights: Numbers = numpy.array([row.weight for row in labels])
        total = float(weights.sum())
        self._mean: Numbers = (weights @ features) / total
        self._bias = float(weights @ targets) / total
        centred: Numbers = features - self._mean
        weighted: Numbers = centred * weights[:, None]
        penalty: Numbers = RIDGE * numpy.eye(features.shape[1], dtype=numpy.float64)
        inverse: Numbers = numpy.linalg.inv(weighted.T @ centred + penalty).astype(numpy.float64)
        self._slope: Numbers = inverse @ (weighted.T @ (targets - self._bias))
        fitted: Numbers = centred @ self._slope + self._bias
        leverage: Numbers = numpy.einsum("ij,jk,ik->i", weighted, inverse, centred) + weights / total
        left_out: Numbers = targets - (targets - fitted) / (1 - leverage)
        surprise = [float(numpy.log1p(numpy.exp(-each * targets * left_out)).sum()) for each in _STEEPNESSES]
        self._steepness = _STEEPNESSES[surprise.index(min(surprise))]
        self.left_out_accuracy = float((numpy.sign(left_out) == targets)[weights == 1].mean())
        """How often it is right about a labelled example that it was not fitted on."""

    def chance_of_decompose(self, text: str) -> float:
        import numpy

        score = self._bias + float((self._embedder.encode([text])[0] - self._mean) @ self._slope)
        return float(1 / (1 + numpy.exp(-self._steepness * score)))

    def decide(self, text: str) -> Decision:
        return verdict_of(self.chance_of_decompose(text))


class Judge:
    """The classifier for most titles and the one for short ones. Fitted when made: make it in a thread."""

    def __init__(self, labels: Sequence[Labelled], embedder: Embedder) -> None:
        self._usual = Classifier([label for label in labels if not label.short], embedder)
        self._short = Classifier(labels, embedder)

    def chance_of_decompose(self, text: str) -> float:
        if len(text.split()) > SHORT_WORDS:
            return self._usual.chance_of_decompose(text)
        chance = min(max(self._short.chance_of_decompose(text), 1e-9), 1 - 1e-9)
        odds = chance / (1 - chance) / SHORT_ODDS
        return odds / (1 + odds)

    def decide(self, text: str) -> Decision:
        return verdict_of(self.chance_of_decompose(text))


def combined(said: Decision, prior: float | None, trust: float) -> Decision:
    """What a model said, weighed with the chance of DECOMPOSE that was known before. `trust`: its odds to be right."""
    chance = 0.5 if prior is None else min(max(prior, 1 - SUREST), SUREST)
    odds = chance / (1 - chance) * (trust if said.verdict is Verdict.DECOMPOSE else 1 / trust)
    posterior = min(max(odds / (1 + odds), 0.01), 0.99)  # nobody is surer than that
    verdict = Verdict.DECOMPOSE if posterior > 0.5 + TIE else Verdict.EXECUTE
    reason = said.reason
    if verdict is not said.verdict:
        reason = f"The model says {said.verdict.value}, and you mostly discard what it divides. {said.reason}".strip()
    return Decision(verdict, reason, max(posterior, 1 - posterior), posterior)


@functools.lru_cache
def can_overrule(trust: float) -> bool:
    """Whether there is a prior for which `combined` gives another verdict than the model said."""
    return any(combined(Decision(said, ""), end, trust).verdict is not said for said in Verdict for end in (0.0, 1.0))


def verdict_of(chance: float) -> Decision:
    """From the chance that the task needs a plan."""
    if chance > 0.5 + TIE:
        reason = "It reads like tasks that need several steps."
        return Decision(Verdict.DECOMPOSE, reason, chance, chance)
    if chance < 0.5 - TIE:
        return Decision(Verdict.EXECUTE, "It reads like tasks that are done in one go.", 1 - chance, chance)
    return Decision(Verdict.EXECUTE, "It could be either, and a tie is left whole.", max(chance, 1 - chance), chance)
