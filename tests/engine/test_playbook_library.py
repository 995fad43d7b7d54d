"""The shipped playbooks, the labelled decisions, the held-out set and the example outline are of the form we promise.

Form only: whether a playbook is a good split is judged by reading it, and by `make bench` on the held-out set.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import orchestrator
from orchestrator.model.task import Status, Verdict
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import problems
from orchestrator.outline.tree import Section, Task

PACKAGE = Path(orchestrator.__file__).parent
REPOSITORY = PACKAGE.parents[1]
PLAYBOOKS = PACKAGE / "engine" / "playbooks"
LIBRARY = sorted((PLAYBOOKS / "library").glob("*.tasks.md"))
DOMAINS = {"software", "writing", "research", "events", "business", "home"}

NOT_A_SUBJECT = frozenset(
    re.findall(
        r"\w+",
        """a an and are at by can for from has have her his i in into is it its me my no not of off on one or our out so
        that the their them then they this to two until up us we what when which who why will with you your all each
        every add arrange build collect create develop draw edit find get hold introduce let make new open organise
        plan prepare put read run set start study take test turn use write""",
    )
)
"""Words that say nothing about what a task is about."""


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def root_of(path: Path) -> Task:
    (root,) = parse(path.read_text(encoding="utf-8")).nodes
    assert isinstance(root, Task)
    return root


def subject(text: str) -> set[str]:
    words = re.findall(r"[^\W\d_]+", text.lower())
    return {word.removesuffix("s") for word in words if word not in NOT_A_SUBJECT}


def same_subject(first: str, second: str) -> bool:
    """Whether at least half of the words that carry meaning are shared."""
    one, other = subject(first), subject(second)
    return first.casefold() == second.casefold() or 2 * len(one & other) >= len(one | other) > 0


def check_title(title: str) -> None:
    assert len(title) < 70
    assert title[0].isupper()
    assert title[-1] not in ".:;,!?"
    first = title.split(maxsplit=1)[0].lower()
    assert first not in {"a", "an", "the", "how", "we", "you", "i", "to"}, "a title tells what to do"
    assert not first.endswith(("ing", "tion")) or first == "bring", "a title tells what to do"


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_playbook_is_one_sound_split(path: Path):
    outline = parse(path.read_text(encoding="utf-8"))
    assert problems(outline) == ()
    about = outline.front_matter.settings["playbook"]
    root = root_of(path)
    assert about["domain"] in DOMAINS
    assert root.description, "similarity search needs to see what kind of task it is"
    assert 3 <= len(root.children) <= 8
    assert {child.ordered for child in root.children} == {about["ordered"]}
    for task in (root, *root.children):
        check_title(task.title)
        assert task.status is Status.PENDING
        assert (task.task_id, dict(task.fields), task.result) == (None, {}, None)
    for child in root.children:
        assert child.children == ()
        assert child.description
        assert "\n" not in child.description, "one sentence each: they are examples in a prompt"
        assert child.acceptance
    titles = [task.title.casefold() for task in (root, *root.children)]
    assert len(set(titles)) == len(titles)


def test_library_covers_every_domain():
    domains = Counter(
        parse(path.read_text(encoding="utf-8")).front_matter.settings["playbook"]["domain"] for path in LIBRARY
    )
    assert len(LIBRARY) >= 54
    assert set(domains) == DOMAINS
    assert min(domains.values()) >= 8


def test_no_two_playbooks_are_about_the_same():
    titles = [root_of(path).title for path in LIBRARY]
    pairs = [(a, b) for index, a in enumerate(titles) for b in titles[:index] if same_subject(a, b)]
    assert pairs == []


def test_decisions_are_balanced_and_distinct():
    rows = load(PLAYBOOKS / "decisions.json")
    for short, count in ((False, 80), (True, 42)):
        verdicts = Counter(row["verdict"] for row in rows if row.get("short", False) is short)
        assert verdicts == {Verdict.EXECUTE: count, Verdict.DECOMPOSE: count}
    assert len({row["text"].casefold() for row in rows}) == len(rows)
    assert max(len(row["text"].split()) for row in rows if row.get("short")) <= 6


def test_length_alone_does_not_tell_the_verdict():
    rows = [row for row in load(PLAYBOOKS / "decisions.json") if not row.get("short")]
    best = max(
        sum((len(row["text"]) >= limit) == (row["verdict"] == Verdict.DECOMPOSE) for row in rows)
        for limit in range(200)
    )
    assert best / len(rows) < 0.7


def test_held_out_set_is_complete():
    held_out = load(REPOSITORY / "benchmarks" / "heldout.json")
    assert held_out["criteria"]
    assert Counter(row["domain"] for row in held_out["plan"]) == dict.fromkeys(DOMAINS, 11)
    assert Counter(row["verdict"] for row in held_out["decide"]) == {Verdict.EXECUTE: 30, Verdict.DECOMPOSE: 30}
    for row in held_out["plan"]:
        check_title(row["title"])


def test_held_out_set_shares_no_subject_with_what_ships():
    held_out = load(REPOSITORY / "benchmarks" / "heldout.json")
    asked = [row["title"] for row in held_out["plan"]] + [row["text"] for row in held_out["decide"]]
    shipped = [root_of(path).title for path in LIBRARY]
    shipped += [row["text"] for row in load(PLAYBOOKS / "decisions.json")]
    assert len({text.casefold() for text in asked}) == len(asked)
    assert [(a, b) for a in asked for b in shipped if same_subject(a, b)] == []


def test_example_outline_shows_the_format_without_a_problem():
    outline = parse((REPOSITORY / "examples" / "launch.tasks.md").read_text(encoding="utf-8"))
    tasks = list(outline.tasks())
    assert problems(outline) == ()
    assert outline.front_matter.settings == {"orchestrator": 1}
    assert sum(isinstance(node, Section) and node.level == 2 for node in outline.walk()) == 2
    assert {task.status for task in tasks} >= {Status.PENDING, Status.COMPLETED, Status.CANCELLED}
    assert any(task.ordered for task in tasks)
    assert any(task.acceptance for task in tasks)
    needed = [task_id for task in tasks for task_id in outline.dependencies(task)]
    assert needed
    assert all(len(outline.by_id(task_id)) == 1 for task_id in needed)
    unsplit = {task.title for task in tasks if not task.children and not task.status.settled}
    assert {"Build the sign-up page", "Plan the launch event"} <= unsplit
