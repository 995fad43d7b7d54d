"""Each rule of scheduling as a plan, and what may start in it step by step."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.schedule import End, Kind, Schedule, runnable, schedule
from orchestrator.errors import TaskError
from orchestrator.model.task import Status
from orchestrator.outline.blocked import Worth, blockers, dependency
from orchestrator.outline.parse import parse
from orchestrator.outline.references import named_by
from orchestrator.outline.waiting import is_branch_of
from tests.outline.test_waiting import plans_with_dependencies


def make(text: str, *roots: str) -> Schedule:
    outline = parse(textwrap.dedent(text))
    chosen = [outline.by_id(root)[0] for root in roots] or [
        task for task in outline.tasks() if not outline.ancestors(task)
    ]
    return schedule(outline, chosen)


def starts(made: Schedule, kind: Kind | None = Kind.LEAF) -> list[str]:
    """What may start now."""
    found = []
    while (start := made.pop()) is not None:
        if kind is None or start.kind is kind:
            found.append(start.key)
    return found


def check_waves(text: str, *waves: str, roots: tuple[str, ...] = ()) -> Schedule:
    """Each wave is what may start when all before it was done; parents count when they are summed up."""
    made = make(text, *roots)
    for wave in waves:
        started = []
        while (start := made.pop()) is not None:
            if start.kind is not Kind.PARENT:
                started.append(start.key)
        assert " ".join(sorted(started)) == wave
        for key in started:
            made.end(key, End.COMPLETED)
    assert made.pop() is None
    return made


def test_lists_run_in_parallel():
    made = check_waves(
        """
        - [ ] p  ^p
          - [ ] a  ^a
          - [ ] b  ^b

          1. [ ] c  ^c
          2. [ ] d  ^d
        - [ ] e  ^e
        """,
        "a b c e",
        "d",
        "p",
    )
    assert made.done
    assert made.blocked == {}


def test_an_ordered_list_runs_in_order():
    check_waves(
        """
        1. [ ] a  ^a
        2. [ ] b  ^b
           - [ ] c  ^c
           - [ ] d  ^d
        3. [ ] e  ^e
        """,
        "a",
        "c d",
        "b",
        "e",
    )


def test_what_failed_holds_the_rest_of_an_ordered_list():
    made = make("1. [ ] a  ^a\n2. [ ] b  ^b\n3. [ ] c  ^c\n")
    assert starts(made) == ["a"]
    made.end("a", End.FAILED)
    assert starts(made) == []
    assert made.done
    assert made.blocked == {"b": "“a” before it failed", "c": "“b” before it waits"}


def test_a_child_waits_for_what_its_parents_wait_for():
    check_waves(
        """
        # Later  [dependsOn:: b]

        - [ ] h  ^h

        # Now

        - [ ] a  [dependsOn:: b]  ^a
          - [ ] c  ^c
            - [ ] d  ^d
        - [ ] b  ^b
        """,
        "b",
        "d h",
        "c",
        "a",
    )


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("x", None),
        (" ", "it depends on “b”, which is open, outside of this run"),
        ("!", "it depends on “b”, which failed, outside of this run"),
        ("?", "it depends on “b”, which waits for an answer, outside of this run"),
        ("-", "it depends on “b”, which is cancelled, so it is never done"),
        ("/", "it depends on “b”, which is in progress, outside of this run"),
    ],
)
def test_a_dependency_is_met_by_completion_alone(mark, reason):
    made = make(f"- [ ] a  [dependsOn:: b]  ^a\n- [{mark}] b  ^b\n  - [x] below\n", "a")
    assert made.blocked == ({} if reason is None else {"a": reason})
    assert starts(made) == ([] if reason else ["a"])


def test_a_missing_dependency_blocks():
    assert make("- [ ] a  [dependsOn:: gone]  ^a\n").blocked == {"a": "it depends on ^gone, which is missing"}


@pytest.mark.parametrize("end", [End.FAILED, End.CANCELLED])
def test_a_dependency_in_the_branch_that_ends_badly_blocks(end):
    made = make("- [ ] a  [dependsOn:: b]  ^a\n- [ ] b  ^b\n- [ ] c  ^c\n")
    assert starts(made) == ["b", "c"]
    made.end("b", end)
    word = "failed" if end is End.FAILED else "was cancelled"
    assert made.blocked == {"a": f"it depends on “b”, which {word}"}


def test_nothing_outside_the_branch_is_pulled_in():
    made = make("- [ ] a  [dependsOn:: b]  ^a\n  - [ ] c  ^c\n- [ ] b  ^b\n", "a")
    assert set(made) == {"a", "c"}
    assert made.blocked["c"] == "“a” above it waits"
    assert made.done


def test_a_dependency_on_the_own_branch_blocks():
    made = make("- [ ] a  ^a\n  - [ ] c  [dependsOn:: a]  ^c\n")
    assert made.blocked["c"] == "it depends on “a”, which is in its own branch"


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] a  [dependsOn:: b]  ^a\n- [ ] b  [dependsOn:: a]  ^b\n",
        "1. [ ] a  [dependsOn:: b]  ^a\n2. [ ] b  ^b\n",
        "- [ ] p  [dependsOn:: b]  ^p\n  - [ ] a  ^a\n- [ ] b  [dependsOn:: a]  ^b\n",
    ],
)
def test_a_cycle_is_refused(text):
    with pytest.raises(TaskError, match="wait for each other") as refusal:
        make(text)
    assert "→" in str(refusal.value)


def test_a_cycle_elsewhere_refuses_nothing():
    make("- [ ] a  [dependsOn:: b]  ^a\n- [ ] b  [dependsOn:: a]  ^b\n- [ ] c  ^c\n", "c")


def test_an_id_that_stands_twice_is_refused():
    with pytest.raises(TaskError, match=r"Two tasks have the id \^a"):
        make("- [ ] a  ^a\n- [ ] b  ^a\n")


@pytest.mark.parametrize("roots", [("p", "a"), ("a", "a")])
def test_a_task_that_would_come_twice_is_refused(roots):
    """Two branches of which one stands in the other by now: such a run would wait for an end that never comes."""
    with pytest.raises(TaskError, match=r"\^a"):
        make("- [ ] p  ^p\n  - [ ] a  ^a\n", *roots)


def test_settled_tasks_are_left_alone():
    made = check_waves(
        """
        1. [ ] a  ^a
        2. [x] b  ^b
           - [ ] open below a done one  ^c
        3. [-] d  ^d
        4. [ ] e  ^e
        """,
        "a",
        "e",
    )
    assert set(made) == {"a", "e"}


def test_a_parent_whose_subtasks_are_done_is_summed_up():
    check_waves("- [ ] p  ^p\n  - [x] a  ^a\n  - [-] b  ^b\n", "p")


def test_a_parent_whose_subtasks_were_all_cancelled_is_done_itself():
    made = make("- [ ] p  ^p\n  - [-] a  ^a\n")
    assert starts(made) == ["p"]


def test_a_failure_holds_only_what_builds_on_it():
    made = make("- [ ] p  ^p\n  - [ ] a  ^a\n  - [ ] b  ^b\n- [ ] c  [dependsOn:: p]  ^c\n- [ ] d  ^d\n")
    assert starts(made) == ["a", "b", "d"]
    made.end("a", End.FAILED)
    made.end("b", End.COMPLETED)
    made.end("d", End.COMPLETED)
    assert made.done
    assert made.blocked == {
        "p": "one of its subtasks is not done",
        "c": "it depends on “p”, which is not done in this run",
    }


def test_what_is_cancelled_by_hand_is_left_out():
    made = make("- [ ] p  ^p\n  1. [ ] a  ^a\n  2. [ ] b  ^b\n")
    assert starts(made) == ["a"]
    made.end("a", End.CANCELLED)
    assert starts(made) == ["b"]
    made.end("b", End.COMPLETED)
    assert starts(made, Kind.GATHER) == ["p"]


def test_a_parent_that_ends_takes_its_subtasks_with_it():
    made = make("- [ ] p  ^p\n  1. [ ] a  ^a\n  2. [ ] b  ^b\n")
    assert starts(made) == ["a"]
    made.end("p", End.CANCELLED)
    assert made.reason("b") == "“p” above it was cancelled"
    assert made.done


@pytest.mark.parametrize(("mark", "reason"), [("/", "a person is at work on it"), (">", "its mark [>] is none")])
def test_marks_of_people_are_respected(mark, reason):
    made = make(f"- [ ] p  ^p\n  - [{mark}] a  ^a\n  - [!] b  ^b\n  - [?] c  ^c\n")
    assert starts(made) == ["b", "c"]
    assert made.reason("a").startswith(reason)


def test_what_a_person_starts_by_name_runs_though_it_is_in_progress():
    assert starts(make("- [/] a  ^a\n", "a")) == ["a"]


def test_the_urgent_first_then_in_order():
    made = make("- [ ] a  ^a\n- [ ] b  [priority:: low]  ^b\n- [ ] c  ^c\n- [ ] d  [priority:: high]  ^d\n")
    assert starts(made) == ["d", "a", "c", "b"]


def test_subtasks_that_come_while_it_runs_belong_to_it():
    made = make("1. [ ] a  ^a\n2. [ ] b  ^b\n")
    assert starts(made) == ["a"]
    outline = parse("1. [ ] a  ^a\n   1. [ ] c  ^c\n   2. [ ] d  ^d\n2. [ ] b  ^b\n")
    made.expand(outline, "a")
    assert starts(made) == ["c"]
    made.end("c", End.COMPLETED)
    assert starts(made) == ["d"]
    made.end("d", End.COMPLETED)
    assert starts(made, Kind.GATHER) == ["a"]
    made.end("a", End.COMPLETED)
    assert starts(made) == ["b"]
    assert list(made.above("d")) == ["a"]


@given(plans_with_dependencies(), st.randoms(use_true_random=False))
def test_every_task_ends_or_has_a_reason(text, rng):
    outline = parse(text)
    roots = [task for task in outline.tasks() if not outline.ancestors(task)]
    try:
        made = schedule(outline, roots)
    except TaskError:
        return
    under_way: list[str] = []
    popped: set[str] = set()
    gathered: set[str] = set()
    completed = {task.task_id for task in outline.tasks() if task.status is Status.COMPLETED}
    while True:
        while (start := made.pop()) is not None:
            if start.kind is Kind.PARENT:
                continue
            seen = gathered if start.kind is Kind.GATHER else popped
            assert start.key not in seen
            seen.add(start.key)
            task = outline.by_id(start.key)[0]
            for holder in outline.path(task):
                for other in holder.fields.get("dependsOn", "").split(","):
                    found = outline.by_id(other.strip())
                    if found and not is_branch_of(holder, found[0]) and not is_branch_of(found[0], holder):
                        assert other.strip() in completed
            under_way.append(start.key)
        if not under_way:
            break
        key = under_way.pop(rng.randrange(len(under_way)))
        end = rng.choice([End.COMPLETED, End.COMPLETED, End.FAILED, End.CANCELLED])
        if end is End.COMPLETED:
            completed.add(key)
        made.end(key, end)
    assert made.done


def test_a_long_list_needs_no_deep_stack():
    made = make("".join(f"1. [ ] t{number}  ^t{number}\n" for number in range(5000)))
    assert starts(made) == ["t0"]
    made.end("t0", End.FAILED)
    assert made.done


@given(plans_with_dependencies())
def test_what_starts_at_once_is_what_nothing_blocks(text):
    """A card says why a task cannot start by the same rules by which a run does not start it."""
    outline = parse(text)
    roots = [task for task in outline.tasks() if not outline.ancestors(task)]
    try:
        made = schedule(outline, roots)
    except TaskError:
        return
    started = set(starts(made))
    for task in runnable(roots):
        leaf = not any(child.status is Status.COMPLETED or not child.status.settled for child in task.children)
        if not leaf or task.status in {Status.OTHER, Status.IN_PROGRESS} or not task.title:
            continue
        free = not list(blockers(outline, task)) and not in_own_branch(outline, task)
        assert (task.task_id in started) == (free and not marked_above(outline, task)), task.title


def in_own_branch(outline, task):
    """Whether something depends on its own branch, which a run refuses and a card leaves to the problems."""
    return any(
        dependency(outline, node, reference.task_id)[0] is Worth.OWN_BRANCH
        for node in outline.path(task)
        for reference in named_by(outline, node)
    )


def marked_above(outline, task):
    """Whether the mark of a task above keeps it from running."""
    above = outline.ancestors(task)
    return any(
        one.status is Status.OTHER or not one.title or (one.status is Status.IN_PROGRESS and outline.ancestors(one))
        for one in above
    )
