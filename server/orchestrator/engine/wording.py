"""Fit the words of a playbook's step to a task: which words may change, and the grammar that says so to a model.

Apart from the guided planner because it is pure and has laws. A small model writes sound words only where it can
choose, not invent: so each step becomes *alternatives*, the playbook's own words with the subject of the task put
in at the places where it fits, and the model picks the wording under a grammar that knows no others.

Invariant: the grammar derives exactly the alternatives, and `read` reads back each of them
(test_read_reads_back_every_wording).
Invariant: an answer that is none of the alternatives is never used (test_read_refuses_everything_else).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from orchestrator.engine.playbooks import THING, Playbook, content_words
from orchestrator.model.task import PlannedTask

Alternatives: TypeAlias = tuple[tuple[str, ...], ...]
"""A text in segments; each has one wording or several. The first wordings are the playbook's own."""

BETWEEN = "**: "
"""Between title and sentence, in the list format that small models were trained on: `**Title**: sentence`."""
MAX_SUBJECT_WORDS = 5
MAX_CHOICES = 4
"""Places of a text that may change; the others keep their words."""
_DETERMINERS = frozenset(re.findall(r"\w+", "the our my your his her its their this that these those"))
_ARTICLES = frozenset({"a", "an"})
_STOPPERS = frozenset(
    re.findall(
        r"\w+",
        "to for from in on at with about into by against before after until so that and or as out over under through"
        " between within without during while why what which who how when where whether if not",
    )
)
_PARTICLES = frozenset({"up", "out", "down", "off", "over", "together", "away", "back", "on"})
_PHRASAL = frozenset(
    re.findall(r"\w+", "set find clean clear sort put carry draw roll write work look move plan try fit tidy")
)
_CAUSING = frozenset({"make", "get", "keep", "set", "leave"})
_LETTING = frozenset({"let", "have", "help", "allow", "ask"})
_BEGINNING = frozenset({"start", "begin", "stop", "finish", "continue", "keep", "try", "practise", "practice"})
_STATE = re.compile(r"(able|ible|ful|less|er|free|safe|fit|clean|warm|dry|ready|known|open|clear|easy|fast)$")
_WORD = r"[\w'\u2019/.+#-]+"
_OPEN_END = re.compile(r"\w+ (?:the|a|an) (?:[a-z-]+ )?(?!ones|causes?|goals?|questions?)[a-z-]{3,}")
"""A title like "Write a first draft": it can be followed by "of …". The cause of something is not of the thing."""


def subject_of(title: str) -> str:
    """What a task is about, as it can stand in a sentence: "Sell an old car" -> "the old car". Empty when unclear."""
    words = title.strip().rstrip(".!").split()
    if not words:
        return ""
    verb = words[0].lower()
    phrasal = len(words) > 1 and verb in _PHRASAL and words[1].lower() in _PARTICLES
    rest = words[2 if phrasal else 1 :]
    taken = list(itertools.takewhile(lambda word: word.lower() not in _STOPPERS, rest))
    if verb in _CAUSING and len(taken) > 1 and taken[0].lower() in _DETERMINERS and _STATE.search(taken[-1].lower()):
        taken.pop()  # "Make the shed safe": the shed
    if not taken or len(taken) > MAX_SUBJECT_WORDS or not all(re.fullmatch(_WORD, word) for word in taken):
        return ""
    if verb in _LETTING or (verb in _BEGINNING and taken[0].endswith("ing")):
        return ""  # "Start selling honey": an action, not a thing
    if taken[0].lower() in _ARTICLES:
        taken[0] = "the"
    if taken[0].lower() in _DETERMINERS:
        taken[0] = taken[0].lower()
        return " ".join(taken) if len(taken) > 1 else ""
    return " ".join(taken)


def bare(subject: str) -> str:
    """Without its article or possessive."""
    first, _, rest = subject.partition(" ")
    return rest if first.lower() in _DETERMINERS | _ARTICLES and rest else subject


@dataclass(frozen=True, slots=True)
class Wording:
    """The alternatives of one step."""

    title: Alternatives
    sentence: Alternatives

    @property
    def open(self) -> bool:
        """Whether there is anything to choose."""
        return any(len(segment) > 1 for segment in (*self.title, *self.sentence))

    def plain(self) -> tuple[str, str]:
        """The playbook's own words."""
        return _first(self.title), _first(self.sentence)

    def grammar(self) -> str:
        """GBNF for `**Title**: sentence` in every allowed wording."""
        segments = (("**",), *self.title, (BETWEEN,), *self.sentence)
        return "root ::= " + " ".join(_rule(segment) for segment in segments) + "\n"

    def read(self, answer: str) -> tuple[str, str] | None:
        """Title and sentence of an answer in one of the allowed wordings; else None."""
        found = re.fullmatch(rf"\*\*({_pattern(self.title)}){re.escape(BETWEEN)}({_pattern(self.sentence)})", answer)
        return (found[1], found[2]) if found else None

    def every(self) -> Iterator[tuple[str, str]]:
        """All wordings, the playbook's own first."""
        for title in itertools.product(*self.title):
            for sentence in itertools.product(*self.sentence):
                yield "".join(title), "".join(sentence)


def wording_of(step: PlannedTask, playbook: Playbook, subject: str) -> Wording:
    """What a model may make of `step` for a task about `subject`. Nothing is open when the subject is unclear."""
    sentence = " ".join(step.description.split())
    if playbook.general:
        names = (subject, "it") if subject else ("it",)  # a title stands alone, where "it" says nothing
        return Wording(_put_in(step.title, THING, names[:1]), _put_in(sentence, THING, names))
    if not subject:
        return Wording(((step.title,),), ((sentence,),))
    noun = subject_of(playbook.title).split(" ")[-1]
    title = _exchange(step.title, noun, subject)
    return Wording(_with_of(title, step.title, subject), _exchange(sentence, noun, subject))


def settled(text: str, playbook: Playbook, subject: str) -> str:
    """A text that no model rewords: in a general playbook with the subject put in, or "it"."""
    if not playbook.general:
        return text
    return _first(_put_in(text, THING, (subject or "it",)))


def _put_in(text: str, placeholder: str, names: tuple[str, ...]) -> Alternatives:
    return _segments(text, re.compile(rf"\b{re.escape(placeholder)}\b", re.IGNORECASE), names, keep=False)


def _exchange(text: str, noun: str, subject: str) -> Alternatives:
    """The playbook's noun, with its article, or the subject."""
    if not noun:
        return ((text,),)
    named = re.compile(rf"\b(?:the|a|an|your|our) {re.escape(noun)}\b(?![-'\u2019])", re.IGNORECASE)
    return _segments(text, named, (subject,), keep=True)


def _segments(text: str, pattern: re.Pattern[str], names: tuple[str, ...], *, keep: bool) -> Alternatives:
    """Cut `text` at what matches; each such place may be any of `names`, and its own words if `keep`."""
    segments: list[tuple[str, ...]] = []
    end = 0
    for found in itertools.islice(pattern.finditer(text), MAX_CHOICES):
        if found.start() > end:
            segments.append((text[end : found.start()],))
        own = (found[0],) if keep else ()
        fitted = (_as(name, found[0], at_start=found.start() == 0) for name in names)
        segments.append(tuple(dict.fromkeys((*own, *fitted))))
        end = found.end()
    if end < len(text) or not segments:
        segments.append((text[end:],))
    return tuple(segments)


def _as(name: str, model: str, *, at_start: bool) -> str:
    return name[0].upper() + name[1:] if at_start or model[0].isupper() else name


def _with_of(alternatives: Alternatives, title: str, subject: str) -> Alternatives:
    """With "of" and the subject at the end, as a choice, where the title leaves room for it and names nothing yet."""
    named = subject.partition(" ")[0] in _DETERMINERS
    fits = named and _OPEN_END.fullmatch(title) is not None
    if not fits or alternatives != ((title,),) or content_words(bare(subject)) & content_words(title):
        return alternatives
    return (*alternatives, ("", f" of {subject}"))


def _first(alternatives: Alternatives) -> str:
    return "".join(segment[0] for segment in alternatives)


def _rule(segment: tuple[str, ...]) -> str:
    quoted = [json.dumps(wording, ensure_ascii=False) for wording in segment]
    return quoted[0] if len(quoted) == 1 else f"({' | '.join(quoted)})"


def _pattern(alternatives: Alternatives) -> str:
    return "".join(f"(?:{'|'.join(map(re.escape, segment))})" for segment in alternatives)
