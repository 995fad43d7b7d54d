"""Playbooks: good splits, written down as outlines, and the nearest ones to a task.

A *special* playbook (`library/`) is about one kind of work, such as a login page or a wedding. A *general* one
(`general/`) is about what its verbs do to anything: its text says "the thing" where the subject of the task belongs.
Apart from the guided planner because every larger model may be shown the nearest ones as examples too.

Nearness is the meaning (sentence embeddings of the playbook's title, description and steps) plus the rarer words
that both share. Where a task begins with a verb of a general playbook, a special one must be surely near to come
first: following the general steps is dull at worst, following the steps of another subject is absurd. The
numbers were chosen on 139 tasks of our own; `benchmarks/playbooks.py` measures the result on others.

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
SAVED = "saved"
"""Written down by the person: a branch saved as playbook."""
ACCEPTED = "accepted"
"""A split that the person accepted."""
GENERAL = "general"
SPECIAL = "library"

STEPS_WEIGHT = 0.25
WORDS_WEIGHT = 0.4
OTHER_VERB = 0.2
"""Taken from a special playbook that does something else than the task's verb says: selling is not building."""
SURE = 0.58
"""Nearness from which on a special playbook comes before a general one for the task's verb."""
LIKELY = 0.45
"""The same, where that general one is only the last resort."""
FLOOR = 0.45
"""Below that nothing special fits, and a general playbook is the honest answer."""
PHRASE_BONUS = 0.3
"""For each word of a general playbook's verb that the task begins with: "find out" is another verb than "find"."""
DOMAIN_MARGIN = 0.4
"""How sure (1: as sure as of an example) a task must be of a domain for the general playbooks within it."""
DESCRIPTION_SHARE = 0.2
"""How much of the meaning is taken from the task's description, where it has one."""
SHOWN_STEPS, SHOWN_STEP = 10, 300
"""Of an example: steps, and characters of each one's description."""
LAST_RESORT = "Carry out a small project"
"""Title of the general playbook for verbs that no other one names."""
EMPTY_VERBS = frozenset({"get", "give", "keep", "make", "plan", "put", "set", "take", "try", "use"})
"""Verbs that say nothing of a subject; so do those of the general playbooks."""

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
    origin: str = ""
    """Empty: it ships with the program; else SAVED or ACCEPTED."""
    source: str = ""
    """Of an accepted split: the outline it was made in, and when."""

    @property
    def name(self) -> str:
        """For a person: what it is called and where it comes from."""
        whose = {SAVED: "your playbook", ACCEPTED: "your split of"}.get(self.origin, "the playbook")
        source = f" ({self.source})" if self.source else ""
        return f"{whose} “{self.title}”{source}"

    @property
    def general(self) -> bool:
        return bool(self.verbs)


@dataclass(frozen=True, slots=True)
class Match:
    playbook: Playbook
    nearness: float
    """About 0 (unrelated) to 1.6 (the same words)."""


def read_playbook(text: str, name: str, origin: str = "") -> Playbook:
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
        origin=origin,
    )


@functools.cache
def shipped() -> tuple[Playbook, ...]:
    return tuple(read_playbook(text, name) for folder in (SPECIAL, GENERAL) for name, text in _texts(folder))


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    for file in sorted((files("orchestrator.engine.playbooks") / folder).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".tasks.md"):
            yield file.name, file.read_text(encoding="utf-8")


def as_example(playbook: Playbook) -> str:
    """As a request shows it: indented like everything that is material."""
    lines = [f"  {playbook.title}" + (" (in sequence)" if playbook.ordered else "")]
    for number, step in enumerate(playbook.steps[:SHOWN_STEPS], 1):
        sentence = " ".join(step.description.split())[:SHOWN_STEP]
        lines.append(f"    {number}. {step.title}" + (f": {sentence}" if sentence else ""))
    return "\n".join(lines)


class Library:
    """Playbooks that can be searched. Blocks for about two seconds at first use: call it from a thread."""

    def __init__(self, playbooks: Sequence[Playbook], embedder: Embedder) -> None:
        self.playbooks = tuple(playbooks)
        self._embedder = embedder
        verbs = {verb for each in playbooks for verb in each.verbs if " " not in verb}
        self._verbs = frozenset(_stem(verb) for verb in verbs | EMPTY_VERBS)
        self._words = [self._subject_words(f"{each.title} {each.description}") for each in playbooks]
        self._frequency = Counter(word for words in self._words for word in words)
        self._slopes: dict[str, tuple[Vectors, Vectors]] = {}

    def nearest(self, title: str, description: str, count: int) -> tuple[Match, ...]:
        """The best first; at least one, and never a far special one before a general one."""
        query = self._query(title, description)
        asked = self._subject_words(title)
        general = [
            Match(each, self._meaning(each, query) + PHRASE_BONUS * length)
            for each in self.playbooks
            if each.general and (length := self._verb_length(each, title, query))
        ]
        kinds = [match.playbook for match in general if match.playbook.title != LAST_RESORT]
        special: list[Match] = []
        for playbook, words in zip(self.playbooks, self._words, strict=True):
            if not playbook.general:
                nearness = self._meaning(playbook, query) + WORDS_WEIGHT * self._shared(asked, words)
                alike = not kinds or any(verb_length(kind, playbook.title) for kind in kinds)
                special.append(Match(playbook, nearness if alike else nearness - OTHER_VERB))
        special.sort(key=lambda match: -match.nearness)
        general.sort(key=lambda match: -match.nearness)
        limit = _limit(general)
        near = [match for match in special if match.nearness >= limit]
        far = [match for match in special if FLOOR <= match.nearness < limit]
        return (*near, *general, *far, *self._last_resort(general))[:count]

    def _last_resort(self, general: Sequence[Match]) -> Iterator[Match]:
        for playbook in self.playbooks:
            if playbook.title == LAST_RESORT and all(match.playbook is not playbook for match in general):
                yield Match(playbook, 0.0)

    def _query(self, title: str, description: str) -> Vectors:
        query = self._embedder.encode([title])[0]
        if description:
            longer = self._embedder.encode([f"{title}. {description}"])[0]
            query = (1 - DESCRIPTION_SHARE) * query + DESCRIPTION_SHARE * longer
        return query

    def _meaning(self, playbook: Playbook, query: Vectors) -> float:
        whole = self._embedder.encode([f"{playbook.title}. {playbook.description}"])[0]
        steps = self._embedder.encode([playbook.title, *(step.title for step in playbook.steps)])
        return float(whole @ query) + STEPS_WEIGHT * float((steps @ query).mean())

    def _verb_length(self, playbook: Playbook, title: str, query: Vectors) -> int:
        """How many words of the title are a verb of this general playbook; 0 also where its domain is another."""
        length = verb_length(playbook, title)
        if length and playbook.within and self._belonging(query, playbook.within) < DOMAIN_MARGIN:
            return 0
        return length

    def _belonging(self, query: Vectors, domain: str) -> float:
        """About 1 for a task of the domain, -1 for one of the others."""
        if domain not in self._slopes:
            self._slopes[domain] = self._slope(domain)
        mean, slope = self._slopes[domain]
        return float((query - mean) @ slope)

    def _slope(self, domain: str) -> tuple[Vectors, Vectors]:
        """A ridge regression that tells the texts of this domain's playbooks from the others."""
        import numpy

        special = [each for each in self.playbooks if not each.general and each.domain]
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

    def _subject_words(self, text: str) -> frozenset[str]:
        return content_words(text) - self._verbs

    def _rarity(self, word: str) -> float:
        return math.log((len(self.playbooks) + 1) / (1 + self._frequency.get(word, 0)))


def _texts_of(playbook: Playbook) -> Iterator[str]:
    yield playbook.title
    yield playbook.description
    for step in playbook.steps:
        yield step.title
        yield step.description


def _limit(general: Sequence[Match]) -> float:
    """How near a special playbook must be, given the general ones for the task's verb, best first."""
    if not general:
        return FLOOR
    return LIKELY if general[0].playbook.title == LAST_RESORT else SURE


def verb_length(playbook: Playbook, title: str) -> int:
    """How many words of a verb of this general playbook the title begins with ("put … in order" has a gap)."""
    spaced = f"{title.lower().strip()} "
    return max((len(verb.split()) for verb in playbook.verbs if _begins(spaced, verb)), default=0)


def _begins(spaced: str, verb: str) -> bool:
    first, _, later = verb.partition(" … ")
    return spaced.startswith(f"{first} ") and (not later or f" {later} " in spaced)


def content_words(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning (of English ones; others are left as they are)."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    return frozenset(_stem(word) for word in words if word not in _IGNORED)


def _stem(word: str) -> str:
    return _ENDINGS.sub("", word)
