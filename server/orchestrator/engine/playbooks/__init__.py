"""Playbooks: good splits, written down as outlines, and the nearest ones to a task.

A *special* playbook (`library/`) is about one kind of work, such as a login page or a wedding. A *general* one
(`general/`) is about what its verbs do to anything: its text says "the thing" where the subject of the task belongs.
Apart from the guided planner because every larger model may be shown the nearest ones as examples too.

Nearness is the meaning (sentence embeddings of the playbook's title, description and steps) plus the rarer words
that both share, plus a bonus for a general playbook that names the task's verb. The weights were chosen on
72 tasks of our own, none of them in the held-out set; `benchmarks/playbooks.py` measures the result.

Invariant: every shipped playbook can be read (test_shipped_playbooks_can_be_read).
Invariant: some playbook always answers, a general one if nothing is near (test_something_always_answers).
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from orchestrator.errors import ConfigError
from orchestrator.model.task import PlannedTask
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Task
from orchestrator.providers.embedding import Embedder

if TYPE_CHECKING:
    from orchestrator.providers.embedding import Vectors

THING = "the thing"
"""Stands in a general playbook where the subject of the task belongs."""
GENERAL = "general"
SPECIAL = "library"

STEPS_WEIGHT = 0.25
WORDS_WEIGHT = 0.6
VERB_BONUS = 0.4
DOMAIN_MARGIN = 0.4
"""How sure (1: as sure as of an example) a task must be of a domain for the general playbooks within it."""
DESCRIPTION_SHARE = 0.2
"""How much of the meaning is taken from the task's description, where it has one."""
FLOOR = 0.3
"""Below that nothing special fits, and a general playbook is the honest answer."""
LAST_RESORT = "Carry out a small project"
"""Title of the general playbook for verbs that no other one names."""

_IGNORED = frozenset(
    re.findall(
        r"\w+",
        "a an and are at by for from in into is it its my new of on or our some something the their to with your",
    )
)
_ENDINGS = re.compile(r"(ing|ed|es|er|ion|s|e)$")


@dataclass(frozen=True, slots=True)
class Playbook:
    title: str
    description: str
    domain: str
    ordered: bool
    verbs: frozenset[str]
    """Only of general ones: the first words of tasks that they are for, in lowercase."""
    within: str
    """Only of general ones: the one domain that it is for; empty when it suits all."""
    steps: tuple[PlannedTask, ...]

    @property
    def general(self) -> bool:
        return bool(self.verbs)


@dataclass(frozen=True, slots=True)
class Match:
    playbook: Playbook
    nearness: float
    """About 0 (unrelated) to 1.6 (the same words)."""


def read_playbook(text: str, name: str) -> Playbook:
    """Raises ConfigError, naming `name`, when it is not the outline of one split."""
    outline = parse(text)
    about: Any = outline.front_matter.settings.get("playbook")
    roots = [node for node in outline.nodes if isinstance(node, Task)]
    if not isinstance(about, dict) or len(roots) != 1 or not roots[0].children:
        raise ConfigError(
            f"{name} is not a playbook.",
            hint="It needs `playbook:` in its front matter and one task with its steps below it.",
        )
    facts = cast("dict[str, Any]", about)
    (root,) = roots
    return Playbook(
        title=root.title,
        description=root.description,
        domain=str(facts.get("domain", "")),
        ordered=bool(facts.get("ordered", root.children[0].ordered)),
        within=str(facts.get("within", "")),
        verbs=frozenset(str(verb).lower() for verb in cast("Iterable[object]", facts.get("verbs", ()))),
        steps=tuple(PlannedTask(child.title, child.description, child.acceptance) for child in root.children),
    )


@functools.cache
def shipped() -> tuple[Playbook, ...]:
    return tuple(read_playbook(text, name) for folder in (SPECIAL, GENERAL) for name, text in _texts(folder))


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    for file in sorted((files("orchestrator.engine.playbooks") / folder).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".tasks.md"):
            yield file.name, file.read_text(encoding="utf-8")


class Library:
    """Playbooks that can be searched. Blocks for about two seconds at first use: call it from a thread."""

    def __init__(self, playbooks: Sequence[Playbook], embedder: Embedder) -> None:
        self.playbooks = tuple(playbooks)
        self._embedder = embedder
        self._words = [content_words(f"{each.title} {each.description}") for each in playbooks]
        self._frequency = Counter(word for words in self._words for word in words)
        self._slopes: dict[str, tuple[Vectors, Vectors]] = {}

    def nearest(self, title: str, description: str, count: int) -> tuple[Match, ...]:
        """The best first; at least one, and never a far special one before a general one."""
        scores = self._scores(title, description)
        matches = sorted(
            (Match(each, score) for each, score in zip(self.playbooks, scores, strict=True)),
            key=lambda match: -match.nearness,
        )
        near = [match for match in matches if match.nearness >= FLOOR]
        if not near:
            near = [match for match in matches if match.playbook.title == LAST_RESORT] or matches
        return tuple(near[:count])

    def _scores(self, title: str, description: str) -> list[float]:
        encode = self._embedder.encode
        query = encode([title])[0]
        if description:
            query = (1 - DESCRIPTION_SHARE) * query + DESCRIPTION_SHARE * encode([f"{title}. {description}"])[0]
        meaning = encode([f"{each.title}. {each.description}" for each in self.playbooks]) @ query
        asked = content_words(title)
        verb = title.split(maxsplit=1)[0].lower() if title.split() else ""
        scores: list[float] = []
        for index, playbook in enumerate(self.playbooks):
            steps = encode([playbook.title, *(step.title for step in playbook.steps)]) @ query
            score = float(meaning[index]) + STEPS_WEIGHT * float(steps.mean())
            if playbook.general:
                fits = not playbook.within or self._belonging(query, playbook.within) >= DOMAIN_MARGIN
                score += VERB_BONUS * (verb in playbook.verbs and fits)
            else:
                score += WORDS_WEIGHT * self._shared(asked, self._words[index])
            scores.append(score)
        return scores

    def _belonging(self, query: Vectors, domain: str) -> float:
        """About 1 for a task of the domain, -1 for one of the others."""
        if domain not in self._slopes:
            self._slopes[domain] = self._slope(domain)
        mean, slope = self._slopes[domain]
        return float((query - mean) @ slope)

    def _slope(self, domain: str) -> tuple[Vectors, Vectors]:
        """A ridge regression that tells the texts of this domain's playbooks from the others."""
        import numpy

        special = [each for each in self.playbooks if not each.general]
        texts = [(text, each.domain == domain) for each in special for text in _texts_of(each)]
        features: Vectors = self._embedder.encode([text for text, _ in texts])
        targets = numpy.array([1.0 if belongs else -1.0 for _, belongs in texts], dtype=numpy.float32)
        share = float((targets > 0).mean()) or 1.0
        weights = numpy.where(targets > 0, (1 - share) / share, 1.0).astype(numpy.float32)
        mean: Vectors = features.mean(axis=0)
        centred: Vectors = features - mean
        weighted: Vectors = centred * weights[:, None]
        penalty: Vectors = 2 * numpy.eye(features.shape[1], dtype=numpy.float32)
        slope: Vectors = numpy.linalg.solve(weighted.T @ centred + penalty, weighted.T @ targets)
        return mean, slope

    def _shared(self, asked: frozenset[str], words: frozenset[str]) -> float:
        """The share of the asked words that are there, rare words counting more."""
        total = sum(self._rarity(word) for word in asked)
        return sum(self._rarity(word) for word in asked & words) / total if total else 0.0

    def _rarity(self, word: str) -> float:
        return math.log((len(self.playbooks) + 1) / (1 + self._frequency.get(word, 0)))


def _texts_of(playbook: Playbook) -> Iterator[str]:
    yield playbook.title
    yield playbook.description
    for step in playbook.steps:
        yield step.title
        yield step.description


def content_words(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning (of English ones; others are left as they are)."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return frozenset(_ENDINGS.sub("", word) for word in words if word not in _IGNORED)
