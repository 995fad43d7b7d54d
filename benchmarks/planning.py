"""Three ways to plan without a capable model, on tasks that nobody wrote a playbook for.

The embedded model alone (its own list format, forced by a grammar), the nearest playbook's steps as they are, and both
together, as the program does it. Plans are scored by the criteria that `planning.json` begins with, blind: the scorer
sees a title and a plan. All outputs stand in `benchmarks/results/`; readers rate them by `blind`. The set of tasks is
frozen: whoever tunes by it has to write another one; `seen.json` is an older set, for development.

    python -m benchmarks.planning check            no task is close to a playbook, and how chores are judged: seconds
    python -m benchmarks.planning curve            the score of retrieval by the number of playbooks: a minute
    python -m benchmarks.planning run [--limit N]  plans with the model too, keeping what is there: up to an hour
    python -m benchmarks.planning                  the scores of the plans that are there, by program
    python -m benchmarks.planning sheet            a page for a blind reader and a blank table of ratings, the key apart
    python -m benchmarks.planning score            what the reader's ratings come to

`--folder` and `--key` say where the page and its ratings, and the key, are.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import statistics
import time
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.blind import score, write_sheet
from benchmarks.report import Figure
from orchestrator.config import Directories, Settings
from orchestrator.engine import guided
from orchestrator.engine.answer_shapes import markdown_items
from orchestrator.engine.classifier import shipped_labels
from orchestrator.engine.context import Brief
from orchestrator.engine.playbooks import LAST_RESORT, Library, Playbook, content_words, shipped
from orchestrator.engine.wording import settled, subject_of, wording_of
from orchestrator.model.message import Message, Speaker
from orchestrator.model.task import Plan, PlannedTask, Verdict
from orchestrator.providers.base import Request, TextDelta
from orchestrator.providers.embedding import Embedder
from orchestrator.providers.local import LocalProvider

HERE = Path(__file__).parent
HELD_OUT: dict[str, Any] = json.loads((HERE / "planning.json").read_text(encoding="utf-8"))
TITLES: list[str] = [row["title"] for row in HELD_OUT["plan"]]
RESULTS = HERE / "results"
PLANS, CURVE, KEY = (RESULTS / f"planning{name}" for name in (".json", "-curve.json", "-key.json"))
BLIND = RESULTS / "blind"
MODEL = "smollm2"
WAYS = ("model", "retrieval", "both")
MAX_CHILDREN = 8
NEAR_DUPLICATE = 0.85
"""Cosine of two titles from which on they ask for the same work."""
SAME_MEANING = 0.92
SAME_SUBJECT = 0.7
"""Nearer to something that was learned from, a held-out text is not held out."""
STEPS_OF_CURVE = (2, 10, 20, 40, 60, 80)
STEPS_OF_GENERAL = (1, 3, 6, 9, 12, 15)
SEEDS = range(4)

Ask = Callable[[Request, Callable[[str], None]], Any]
Score = dict[str, bool]

_EXAMPLE = (
    "Organise the summer party of the choir",
    "1. **Fix the date of the party**: Ask the members which evenings suit them.\n"
    "2. **Draw up the budget**: List what food, drinks and the room will cost.\n"
    "3. **Book the room**: Compare two rooms and reserve the better one.\n"
    "4. **Invite the guests**: Write to all members and ask for an answer.\n",
)
_ITEM = '"**" [A-Z] [A-Za-z ,\'-]{7,58} "**: " [A-Z] [A-Za-z0-9 ,;\'-]{15,140} ".\\n"'
GRAMMAR = f'root ::= "1. " item "2. " item "3. " item "4. " item ("5. " item)?\nitem ::= {_ITEM}\n'


class Scorer:
    """Knows titles and plans, and not where a plan came from."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def score(self, title: str, plan: Plan) -> Score:
        return {
            "sized": 3 <= len(plan.tasks) <= MAX_CHILDREN,
            "distinct": self._distinct(title, plan),
            "relevant": self._rank(title, plan) <= 3,
            "specific": self._named(title, plan) * 2 >= len(plan.tasks) > 0,
            "actionable": bool(plan.tasks) and all(_actionable(task) for task in plan.tasks),
            "honest": all(number in title for number in re.findall(r"\d+|@|https?:", _text(plan))),
        }

    def _distinct(self, title: str, plan: Plan) -> bool:
        titles = [title, *(task.title for task in plan.tasks)]
        words = [content_words(each) for each in titles]
        vectors = self._embedder.encode(titles)
        near = vectors @ vectors.T
        pairs = [(one, other) for one in range(len(titles)) for other in range(one)]
        return all(
            near[one, other] <= SAME_MEANING and (len(words[one]) < 2 or words[one] != words[other])
            for one, other in pairs
        )

    def _rank(self, title: str, plan: Plan) -> int:
        """1: the plan's words are nearer to this task than to any other of the set."""
        if not plan.tasks:
            return len(TITLES)
        whole = self._embedder.encode([". ".join(task.title for task in plan.tasks), _text(plan)]).mean(axis=0)
        near = self._embedder.encode(TITLES) @ whole
        return 1 + int((near > near[TITLES.index(title)]).sum())

    @staticmethod
    def _named(title: str, plan: Plan) -> int:
        asked = content_words(title)
        return sum(bool(asked & content_words(f"{task.title} {task.description}")) for task in plan.tasks)


def points(score: Score) -> float:
    return sum(score.values()) / len(score)


def sound(score: Score) -> bool:
    return all(score[name] for name in ("sized", "distinct", "relevant", "actionable", "honest"))


def _actionable(task: PlannedTask) -> bool:
    first = task.title.split(maxsplit=1)[0] if task.title.split() else "the"
    return (
        len(task.title) <= 70
        and first[0].isupper()
        and first.lower() not in {"a", "an", "the", "how", "we", "you", "i", "to", "this", "it"}
        and (not first.endswith("ing") or first == "Bring")
        and "?" not in task.title
        and len(task.description.split()) >= 4
    )


def _text(plan: Plan) -> str:
    return " ".join(f"{task.title}. {task.description}" for task in plan.tasks)


def retrieved(library: Library, title: str) -> Plan:
    """The nearest playbook's own words, with the subject in the general ones."""
    playbook = library.nearest(title, "", 1)[0].playbook
    subject = subject_of(title)
    steps: list[PlannedTask] = []
    for step in playbook.steps[:MAX_CHILDREN]:
        name, sentence = wording_of(step, playbook, subject).plain()
        steps.append(PlannedTask(name, sentence, settled(step.acceptance, playbook, subject)))
    return Plan(tuple(steps), playbook.ordered, f"playbook “{playbook.title}”")


async def alone(ask: Ask, title: str) -> Plan:
    """What the model says without a playbook, in the list format that it was trained on."""
    example, answer = _EXAMPLE
    messages = (
        Message(Speaker.USER, f"Task: {example}"),
        Message(Speaker.ASSISTANT, answer),
        Message(Speaker.USER, f"Task: {title}"),
    )
    system = "You divide a task into a short numbered list of steps."
    text = await ask(Request(MODEL, system, messages, 400, grammar=GRAMMAR, temperature=0.0), lambda _: None)
    parts = [item.text.partition("**: ") for item in markdown_items(text)]
    return Plan(tuple(PlannedTask(name.strip("* "), sentence) for name, _, sentence in parts), True, "model alone")


def check() -> list[Figure]:
    """No task stands near a playbook or in an older set, and none twice; chores are like none that was learned from."""
    embedder = Embedder()
    older = [json.loads((HERE / name).read_text(encoding="utf-8")) for name in ("heldout.json", "seen.json")]
    known = [*(playbook.title for playbook in shipped()), *(row["title"] for each in older for row in each["plan"])]
    vectors, known_vectors = embedder.encode(TITLES), embedder.encode(known)
    near = vectors @ known_vectors.T
    twice = vectors @ vectors.T
    closest = max(range(len(TITLES)), key=lambda row: near[row].max())
    among = max(float(twice[one, other]) for one in range(len(TITLES)) for other in range(one))
    chores: list[str] = HELD_OUT["chores"]
    learned = embedder.encode([*(label.text for label in shipped_labels()), *older[1]["chores"]])
    nearest_chore = float((embedder.encode(chores) @ learned.T).max())
    whole = sum(guided.decide(Brief(title)).verdict is not Verdict.DECOMPOSE for title in TITLES)
    wrong = [text for text in chores if guided.decide(Brief(text)).verdict is not Verdict.EXECUTE]
    note = f"“{TITLES[closest]}” ~ “{known[int(near[closest].argmax())]}”"
    return [
        Figure(f"planning: nearest playbook of {len(TITLES)} tasks", float(near.max()), "cosine", NEAR_DUPLICATE, note),
        Figure("planning: nearest pair among the tasks", among, "cosine", NEAR_DUPLICATE),
        Figure(f"planning: nearest learned label of {len(chores)} chores", nearest_chore, "cosine", SAME_SUBJECT),
        Figure(f"planning: chores of {len(chores)} judged DECOMPOSE", len(wrong), "", note=", ".join(wrong)),
        Figure(f"planning: tasks of {len(TITLES)} judged EXECUTE", whole, ""),
    ]


def curve() -> list[Figure]:
    """The score of retrieval alone by the number of playbooks, drawn by chance.

    First of the special ones, with all general ones; then of the general ones, without any special one.
    """
    embedder = Embedder()
    special = [playbook for playbook in shipped() if not playbook.general]
    general = [playbook for playbook in shipped() if playbook.general]
    (last,) = (playbook for playbook in general if playbook.title == LAST_RESORT)
    others = [playbook for playbook in general if playbook is not last]
    rows = [
        *(_at(embedder, "special", special, general, min(step, len(special))) for step in STEPS_OF_CURVE),
        *(_at(embedder, "general", others, [last], min(step, len(others))) for step in STEPS_OF_GENERAL),
    ]
    RESULTS.mkdir(exist_ok=True)
    CURVE.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return [
        Figure(f"planning: points with {row['playbooks']} {row['kind']} playbooks", row["points"], "", note=_note(row))
        for row in rows
    ]


def _at(embedder: Embedder, kind: str, drawn: list[Playbook], always: list[Playbook], count: int) -> dict[str, Any]:
    scorer = Scorer(embedder)
    scores: list[Score] = []
    followed = 0
    for seed in SEEDS if count < len(drawn) else (0,):
        library = Library((*random.Random(seed).sample(drawn, count), *always), embedder)
        matches = [library.nearest(title, "", 1)[0].playbook for title in TITLES]
        followed += sum(playbook not in always for playbook in matches)
        scores += [scorer.score(title, retrieved(library, title)) for title in TITLES]
    return {
        "kind": kind,
        "playbooks": count,
        "points": round(statistics.mean(map(points, scores)), 4),
        "sound": round(statistics.mean(map(sound, scores)), 4),
        "specific": round(statistics.mean(score["specific"] for score in scores), 4),
        "followed": round(followed / len(scores), 4),
    }


def _note(row: dict[str, Any]) -> str:
    return f"sound {row['sound']:.0%}, specific {row['specific']:.0%}, along one of these {row['followed']:.0%}"


async def run(limit: int) -> None:
    """Make the plans that are not there yet, and keep each at once."""
    kept: dict[str, dict[str, Any]] = json.loads(PLANS.read_text(encoding="utf-8")) if PLANS.exists() else {}
    settings = Settings()
    provider = LocalProvider(settings.local, settings.calls.timeout, Directories.default())
    library = Library(shipped(), Embedder())

    async def ask(request: Request, on_delta: Callable[[str], None]) -> str:
        text = ""
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    text += event.text
                    on_delta(event.text)
        return text

    async def nothing(title: str) -> Plan:
        return retrieved(library, title)

    ways = {
        "model": partial(alone, ask),
        "retrieval": nothing,
        "both": lambda title: guided.plan(Brief(title), MODEL, ask, lambda _: None, MAX_CHILDREN),
    }
    try:
        for title in _spread(limit):
            for way, plan_it in ways.items():
                if way in kept.setdefault(title, {}):
                    continue
                started = time.perf_counter()
                plan = await plan_it(title)
                kept[title][way] = _as_json(plan, time.perf_counter() - started)
                RESULTS.mkdir(exist_ok=True)
                PLANS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    finally:
        await provider.aclose()


def _spread(limit: int) -> list[str]:
    """The first `limit` titles, taking turns between the domains."""
    return sorted(TITLES, key=lambda title: TITLES.index(title) % 10)[:limit]


def _as_json(plan: Plan, seconds: float) -> dict[str, Any]:
    steps = [{"title": task.title, "sentence": task.description} for task in plan.tasks]
    return {"seconds": round(seconds, 2), "source": plan.source, "steps": steps}


def kept_plans() -> dict[str, dict[str, Any]]:
    """By title and way: the plans that are there, of tasks that were planned in all ways."""
    kept: dict[str, dict[str, Any]] = json.loads(PLANS.read_text(encoding="utf-8"))
    return {title: rows for title, rows in kept.items() if set(rows) == set(WAYS)}


def report() -> list[Figure]:
    """Scores of the plans that are kept, by program."""
    whole = kept_plans()
    scorer = Scorer(Embedder())
    figures: list[Figure] = []
    count = len(whole)
    for way in WAYS:
        scores = [scorer.score(title, _plan(rows[way])) for title, rows in whole.items()]
        names = ", ".join(f"{name} {sum(score[name] for score in scores)}" for name in scores[0])
        generic = sum(sound(score) and not score["specific"] for score in scores)
        seconds = statistics.median(rows[way]["seconds"] for rows in whole.values())
        figures += [
            Figure(f"planning: {way}: points of {count}", statistics.mean(map(points, scores)), "", note=names),
            Figure(f"planning: {way}: sound of {count}", sum(map(sound, scores)), "", note=f"{generic} generic"),
            Figure(f"planning: {way}: median", seconds, "s"),
        ]
    return figures


def _plan(kept: dict[str, Any]) -> Plan:
    return Plan(tuple(PlannedTask(step["title"], step["sentence"]) for step in kept["steps"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("check", "curve", "run", "report", "sheet", "score")
    parser.add_argument("what", nargs="?", choices=names, default="report")
    parser.add_argument("--limit", type=int, default=len(TITLES), metavar="N", help="plan so many tasks")
    parser.add_argument("--folder", type=Path, default=BLIND, help="of the page and its ratings")
    parser.add_argument("--key", type=Path, default=KEY, metavar="FILE", help="what stands behind the numbers")
    chosen = parser.parse_args()
    if chosen.what == "sheet":
        print(write_sheet(kept_plans(), WAYS, chosen.folder, chosen.key))
        return
    if chosen.what == "run":
        asyncio.run(run(chosen.limit))
    ways: dict[str, Callable[[], list[Figure]]] = {
        "check": check,
        "curve": curve,
        "score": lambda: score(kept_plans(), WAYS, chosen.folder, chosen.key),
    }
    print(*ways.get(chosen.what, report)(), sep="\n")


if __name__ == "__main__":
    main()
