"""Each problem that an outline can have where it is, and where there is none; and what holds for problems of any text.

As long as the page that lists them (`docs/reference/problems.md`).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.model.task import Status
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.fixes import fixes
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import MAX_RELATED, Check, Problem, Severity, Tag, problems
from orchestrator.outline.references import Known
from orchestrator.outline.reparse import reparse
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines
from tests.outline.test_growth import SHAPES, check_growth
from tests.support.laws import examples

ROOT = Path(__file__).parents[2]


def check_problems(source: str, *codes: str) -> list[list[str]]:
    """Each `$…$` is where a problem is, with these codes in order. Gives the texts of their related places."""
    parts = text(source).split("$")
    string = "".join(parts)
    lengths = [len("".join(parts[:index])) for index in range(len(parts))]
    marked = list(zip(lengths[1::2], lengths[2::2], strict=True))
    found = problems(parse(string))
    assert [problem.code for problem in found] == list(codes)
    assert [string[problem.start : problem.end] for problem in found] == [string[start:end] for start, end in marked]
    assert [(problem.start, problem.end) for problem in found] == marked
    return [[string[related.start : related.end] for related in problem.related] for problem in found]


def only(source: str) -> Problem:
    (problem,) = problems(parse(text(source)))
    return problem


# --- all of them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        *(ROOT / "tests" / "data" / "outline").glob("*.md"),
        *(ROOT / "examples").glob("*.tasks.md"),
        *(ROOT / "server" / "orchestrator" / "engine" / "playbooks").rglob("*.tasks.md"),
    ],
    ids=lambda file: file.name,
)
def test_our_own_outlines_have_no_problems(file: Path):
    """The design's example and everything that ships."""
    assert problems(parse(file.read_text("utf-8"))) == ()


@given(documents | outlines())
def test_problems_of_any_text_lie_inside_it(source: str):
    for problem in problems(parse(source)):
        for place in (problem, *problem.related):
            assert 0 <= place.start <= place.end <= len(source)
            assert place.message
            assert "\n" not in place.message
        assert problem.message.endswith(".")


HOSTILE = {
    **SHAPES,
    "equal ids": lambda n: "- [ ] a  ^x\n" * n,
    "one list of dependencies": lambda n: "- [ ] a  [dependsOn:: " + ",".join(f"x{i}" for i in range(n)) + "]  ^x0\n",
    "chain": lambda n: "".join(f"- [ ] a  [dependsOn:: x{i + 1}]  ^x{i}\n" for i in range(n)),
    "ring": lambda n: "".join(f"- [ ] a  [dependsOn:: x{(i + 1) % n}]  ^x{i}\n" for i in range(n)),
    "all on all in order": lambda n: "".join(f"1. [ ] a  [dependsOn:: x{n - i - 1}]  ^x{i}\n" for i in range(n)),
    "pairs": lambda n: "".join(f"- [ ] a  [dependsOn:: x{i ^ 1}]  ^x{i}\n" for i in range(n)),
    "deep knot": lambda n: "".join(f"{'  ' * (i % 40)}- [ ] a  [dependsOn:: x{i - 1}]  ^x{i}\n" for i in range(n)),
    "one file": lambda n: "- [ ] a  [files:: x]\n" * n,
    "one file in a chain": lambda n: "".join(
        f"- [ ] a  [files:: x]  [dependsOn:: x{i - 2}]  ^x{i}\n" for i in range(n)
    ),
    "many files": lambda n: "- [ ] a  [files:: " + ",".join(f"x{i}" for i in range(n)) + "]\n" * 2,
    "open parts": lambda n: "- [x] a\n" + "  - [ ] b\n" * n,
    "conflicts": lambda n: "<<<<<<<\n" * n + "=======\n" * n,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_checking_grows_with_the_outline(shape: str):
    def prepare(size: int):
        source = HOSTILE[shape](size)
        return lambda: problems(parse(source))

    check_growth(400, prepare)


PLANS = st.lists(
    st.sampled_from(
        [
            "- [ ] a  [mode:: auto]", "- [x] b  ^b1", "  - [ ] c  ^c1", "  1. [ ] d  [dependsOn:: c1]",
            "1. [ ] e  [dependsOn:: b1]", "2. [ ] f  ^f1", "  - [!] g", "  Accept: it works",
            "  - [~] h  [files:: a.py]", "- [ ] i  [files:: a.py]",
            "# S  [dependsOn:: f1]", "## T  [mode:: auto]", "<<<<<<< ours", "=======",
            ">>>>>>> theirs", "text", "", "  text", "- [ ] j  ^b1", "- [ ] k  [id:: q1]",
            "- [ ] l  [dependsOn:: q1, b1]", "    - [x] m", "- [x] n  [priority:: none]", "---",
            "defaults: {mode: auto}", "orchestrator: 2",
        ]
    ),
    max_size=14,
).map("\n".join)  # fmt: skip
WRITTEN = ["", "x", " ", "\n", "- [ ] ", "\n- [x] z", "  ", "\n  Accept: so", "^b1", "[mode:: auto]", "---\n"]
CHANGES = st.lists(
    st.tuples(st.integers(0, 999), st.integers(0, 30), st.sampled_from(WRITTEN) | PLANS),
    max_size=6,
)


@settings(deadline=None, max_examples=examples(150))
@given(PLANS | documents | outlines(), CHANGES)
@example("# [mode::auto]\n- [x]\n Accept:k\n\t- [ ]\n- ", [(40, 0, "x"), (20, 1, "")])
def test_checking_goes_on_as_it_begins(source: str, changes: list[tuple[int, int, str]]):
    outline = parse(source)
    check = Check(outline)
    for place, length, new in changes:
        start = place % (len(outline.text) + 1)
        edit = TextEdit(start, min(start + length, len(outline.text)), new)
        outline = reparse(outline, (edit,))
        check.after(outline)
        expected = problems(parse(outline.text.string))
        assert set(check.problems()) == set(expected)
        assert len(check) == len(expected)


def test_the_worst_are_shown_where_there_are_many():
    check = Check(parse("- [~] a\n" * 30 + "- [ ] b  [mode:: no]\n" + "- [~] c\n" * 5))
    assert len(check) == 36
    found = check.problems(3)
    assert [problem.code for problem in found] == ["unknown-status", "unknown-status", "bad-field-value"]
    assert found[0].start == 3


# --- statuses ---------------------------------------------------------------------------------------------------


def test_an_unknown_mark_is_a_hint():
    check_problems(
        """
        - [$~$] a
        - [ ] b
        > - [~] quoted
        """,
        "unknown-status",
    )
    problem = only("- [~] a")
    assert problem.severity is Severity.HINT
    assert problem.message.startswith("[~] is no status")
    assert "[x]" in problem.message


def test_failed_and_asking_tasks_give_a_reason():
    check_problems(
        """
        - [$!$] a
        - [!] b  [reason:: no network]
        - [$?$] c  [reason::]
        - [?] d  [reason:: which colour?]
        - [-] e
        """,
        "missing-reason",
        "missing-reason",
    )


def test_a_completed_task_has_no_open_subtasks():
    related = check_problems(
        """
        - [$x$] a
          - [x] b
          - [-] c
            - [ ] of a cancelled one
          - [/] d
          - plain
            - [!] e  [reason:: late]
        - [x] other marks are nobody's business
          - [$~$] f
        """,
        "completed-with-open-subtasks",
        "unknown-status",
    )
    assert related[0] == ["/", "!"]


def test_a_task_whose_subtasks_are_done_may_be_completed():
    check_problems(
        """
        - [$ $] a
          - [x] b
          - [-] c
        - [$/$] d
          - [x] e
        - [ ] nothing was done
          - [-] f
        - [ ] something is left
          - [x] g
          - [ ] h
        - [!] it failed all the same  [reason:: the whole does not fit]
          - [x] i
        """,
        "open-with-completed-subtasks",
        "open-with-completed-subtasks",
    )


# --- fields -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        "[mode:: $atuo$]",
        "[mode:: $AUTO$]",
        "$[mode::]$",
        "[mode::   $two  words$  ]",
        "[priority:: $urgent$]",
        "[budget:: $-1$]",
        "[budget:: $2 USD$]",
        "[budget:: $1_000$]",
        "[budget:: $nan$]",
        "[budget:: $٣$]",
        "[model:: $a b$]",
        "$[executor:: ]$",
        "$[dependsOn::]$",
        "$[dependsOn:: ,, ]$",
        "[dependsOn:: b1,  $a b$ , ^b1]",
        "[files:: a.py, $/etc/passwd$]",
        "[files:: $~/x$, $C:\\x$, $https://x$, $.$]",
        "$[files::]$",
        f"[reason:: ${'r' * 121}$]",
    ],
)
def test_values_that_are_not_allowed(field: str):
    count = field.count("$") // 2
    check_problems(f"- [ ] a  {field}  ^a1\n- [x] b  ^b1", *["bad-field-value"] * count)
    if "dependsOn" not in field:
        check_problems(f"# a  {field}", *["bad-field-value"] * count)


@pytest.mark.parametrize(
    "field",
    [
        "[mode:: auto]", "[priority:: low]", "[budget:: 0]", "[budget:: .5]", "[budget:: 12.25]", "[model:: strong]",
        "[dependsOn:: ^b1]", "[dependsOn:: b1,]", "[files:: ../a b.py, src\\x.py]", "[unknown:: anything]",
        "[Mode:: x]", "`[mode:: wild]`", "\\[mode:: wild]", "[mode:: interactive] [mode:: later ones do not count]",
        "[reason::]", f"[reason:: {'r' * 120}]",
    ],
)  # fmt: skip
def test_values_that_are_allowed(field: str):
    check_problems(f"- [ ] a  {field}\n  Accept: b\n- [x] b  ^b1")


def test_a_message_says_what_is_allowed():
    assert "Write low, medium or high" in only("- [ ] a [priority:: \u202eurgent]").message
    assert "\u202e" not in only("- [ ] a [priority:: \u202eurgent]").message


def test_headings_of_several_lines_have_their_fields_checked():
    check_problems("one [mode:: $a$]\ntwo [priority:: $b$]\n===\n", "bad-field-value", "bad-field-value")


@pytest.mark.parametrize(
    "line",
    [
        "defaults: {mode: $atuo$, model: fast}",
        "defaults: {budget: $-1$}",
        "defaults: {budget: $lots$}",
        "defaults: {budget: $true$}",
        "defaults: {concurrency: $0$}",
        "defaults: {mode: $1$}",
        "defaults:\n  priority: $[a]$",
        "defaults: $auto$",
        "orchestrator: $one$",
        "orchestrator: $0$",
        "orchestrator: $true$",
        "defaults: {mode: auto, mode: $wild$}",
        "defaults: {'mode': $'wild'$}",
    ],
)
def test_defaults_that_are_not_allowed(line: str):
    check_problems(f"---\n{line}\n---\n", "bad-field-value")
    check_problems(f"\ufeff---\r\n# comment\r\n{line}\r\n---\r\n", "bad-field-value")


@pytest.mark.parametrize(
    "line",
    [
        "orchestrator:",
        "defaults:",
        "defaults: {budget: 0.0000001, concurrency: 3, own: [1], mode: , 3: x}",
        "defaults: {budget: '2'}",
        "other: 1",
    ],
)
def test_defaults_that_are_allowed(line: str):
    check_problems(f"---\n{line}\n---\n")


# --- ids and dependencies ---------------------------------------------------------------------------------------


def test_an_id_that_stands_twice_is_an_error_at_each_place():
    related = check_problems(
        """
        - [ ] a $^one$
          1. [$~$] b  ^two
        - [ ] c  $^one$
        - [ ] d \t$^one$
        """,
        "duplicate-id",
        "unknown-status",
        "duplicate-id",
        "duplicate-id",
    )
    assert related == [["^one"] * 2, [], ["^one"] * 2, ["^one"] * 2]
    first, _ = problems(parse("- [ ] a ^x\n- [ ] ^x"))
    assert first.severity is Severity.ERROR
    assert first.message == "The id ^x is not unique: another task has it too. Remove or change it in all but one."
    assert first.related[0].message == "Also here: a task without a title"


def test_an_id_with_words_behind_it_is_none():
    check_problems(
        """
        - [ ] a  $^b7c2d$ for Saturday
          1. [ ] b $^b7c2e$\t[priority:: high]
        - [ ] `c ^b7c2f d`
        - [ ] one ^b7c2g or the other  ^b7c2h
        - [ ] x ^later y, 2^b7c2k z
        """,
        "misplaced-id",
        "misplaced-id",
    )


def test_many_equal_ids_name_some_places():
    found = problems(parse("- [ ] a ^x\n" * 2000))
    assert len(found) == 2000
    assert {len(problem.related) for problem in found} == {MAX_RELATED}
    assert "1999 other tasks have it too" in found[0].message


def test_a_dependency_is_in_this_file():
    check_problems(
        """
        # All of it  [dependsOn:: $nobody$]

        - [ ] a  [dependsOn:: b1, $b2$, ^$b3$]
        - [ ] b  ^b1
        - [ ] of Dataview  [dependsOn:: d1]
        - [ ] d  [id:: d1]
        """.replace("^$b3$", "$^b3$"),
        "missing-dependency",
        "missing-dependency",
        "missing-dependency",
    )
    problem = only("- [ ] a [dependsOn:: b]")
    assert problem.severity is Severity.WARNING
    assert "other files are not looked at" in problem.message


def test_nobody_depends_on_their_own_branch():
    related = check_problems(
        """
        # All  [dependsOn:: $a1$]

        - [ ] a  [dependsOn:: $a1$, $c1$]  ^a1
          - [ ] b
            - [ ] c  [dependsOn:: $a1$]  ^c1
          - [ ] d  [dependsOn:: c1]
        """,
        *["dependency-in-branch"] * 4,
    )
    assert related == [["a"], [], ["c"], ["a"]]


def test_a_cycle_of_dependencies():
    related = check_problems(
        """
        - [ ] a  [dependsOn:: $b1$]  ^a1
        - [ ] b  [dependsOn:: c1]  ^b1
        - [ ] c  [dependsOn:: a1]  ^c1
        """,
        "dependency-cycle",
    )
    assert related == [["[dependsOn:: b1]", "[dependsOn:: c1]", "[dependsOn:: a1]"]]
    message = only("- [ ] a [dependsOn:: b] ^a\n- [ ] b [dependsOn:: a] ^b").message
    assert "“a” → “b” → “a”" in message


def test_a_cycle_over_order():
    related = check_problems(
        """
        1. [ ] a  [dependsOn:: $c1$]
        2. [x] done already
        3. [ ] c  ^c1
        """,
        "dependency-cycle",
    )
    assert related == [["[dependsOn:: c1]", "c"]]


def test_a_cycle_over_parents_and_children():
    """`b` waits for what `a` waits for, and `c` is done only when `d` is."""
    problem = only(
        """
        - [ ] a  [dependsOn:: c1]
          - [ ] b  ^b1
        - [ ] c  ^c1
          - [ ] d  [dependsOn:: b1]
        """
    )
    assert [related.message for related in problem.related] == [
        "“a” depends on “c”",
        "“c” is done only when “d” is, a task below it",
        "“d” depends on “b”",
        "“b” stands below “a”, and waits for what that waits for",
    ]


def test_a_cycle_over_the_dependency_of_a_heading():
    check_problems(
        """
        # One  [dependsOn:: $b1$]
        - [ ] a  ^a1
        # Two
        - [ ] b  [dependsOn:: a1]  ^b1
        """,
        "dependency-cycle",
    )


def test_a_long_cycle_names_its_first_tasks():
    problem = only("".join(f"- [ ] t{i}  [dependsOn:: x{(i + 1) % 30}]  ^x{i}\n" for i in range(30)))
    assert "“t4” → 25 more → “t0”" in problem.message
    assert len(problem.related) == MAX_RELATED


@pytest.mark.parametrize(
    "source",
    [
        "- [ ] a [dependsOn:: b] ^a\n- [x] b [dependsOn:: a] ^b",
        "- [ ] a [dependsOn:: b] ^a\n- [-] b [dependsOn:: a] ^b",
        "- [ ] a [dependsOn:: b]\n- [ ] b ^b",
        "1. [ ] a\n2. [ ] b\n\n# B\n\n1. [ ] c [dependsOn:: e]\n\n# C\n\n1. [ ] e ^e",
        "1. [ ] a [dependsOn:: b]\n\n<!-- -->\n\n1. [ ] b ^b",
    ],
)
def test_no_cycle(source: str):
    check_problems(source)


# --- running ----------------------------------------------------------------------------------------------------


def test_parallel_tasks_do_not_share_a_file():
    related = check_problems(
        """
        - [ ] a  [files:: x.py, y.py]
        - [ ] b  [files:: src/../$./y.py$]
        - [x] done  [files:: y.py]
        - [ ] elsewhere
          - [ ] c  [files:: x.py]
        """.replace("src/../$./y.py$", "$src/.././y.py$"),
        "shared-file",
    )
    assert related == [["y.py"]]


@pytest.mark.parametrize(
    "source",
    [
        "1. [ ] a [files:: x]\n2. [ ] b [files:: x]",
        "- [ ] a [files:: x] ^a\n- [ ] b [files:: x] [dependsOn:: a]",
        "- [ ] a [files:: x] ^a\n- [ ] b [dependsOn:: a] ^b\n- [ ] c [files:: x] [dependsOn:: b]",
        "- [ ] a [files:: x] [dependsOn:: c]\n- [ ] b\n  - [ ] in b\n- [ ] c [files:: x] ^c",
        "# A\n- [ ] a [files:: x]\n# B\n- [ ] b [files:: x]",
        "- [ ] a [files:: x, ./x]",
        "- [ ] a [files:: x]\n- [ ] b [files:: X]",
    ],
)
def test_no_shared_file(source: str):
    check_problems(source)


def test_two_lists_below_one_task_are_parallel():
    check_problems(
        """
        - [ ] p
          1. [ ] a  [files:: x]

          - [ ] b  [files:: $x$]
        """,
        "shared-file",
    )


def test_an_automatic_task_says_how_it_is_judged():
    check_problems(
        """
        ---
        orchestrator: 1
        defaults: {mode: auto}
        ---
        - [ ] $from the front matter$
        - [ ] by hand  [mode:: interactive]
        - [x] done
        - [ ] judged
          - [ ] with the whole

          Accept: it works

        # By hand  [mode:: interactive]

        - [ ] nobody runs this
        - [ ] a
          - [ ] $here it does$  [mode:: auto]
        """,
        "missing-acceptance",
        "missing-acceptance",
    )


def test_the_outermost_unjudged_task_is_named():
    check_problems(
        """
        - [ ] $none of it$  [mode:: auto]
          - [ ] a
          - [ ] b
            - [ ] c
        - [ ] a part of it  [mode:: auto]
          - [ ] d
            Accept: seen
          - [ ] $e$
        - [ ] every part is  [mode:: auto]
          - [ ] f
            Accept: seen
          - [x] g
        """,
        "missing-acceptance",
        "missing-acceptance",
    )


# --- the document -----------------------------------------------------------------------------------------------


def test_front_matter_that_cannot_be_read():
    check_problems("---\na: 1\nb: [\n$---$\n- [ ] a", "unreadable-front-matter")
    check_problems("---\n$b: *a$\n---\n- [ ] a", "unreadable-front-matter")
    check_problems("$---$\n- a\n---\n- [ ] a", "unreadable-front-matter")
    problem = only("---\n[\n---\n")
    assert (problem.severity, problem.tags) == (Severity.ERROR, (Tag.UNNECESSARY,))


def test_a_later_format():
    check_problems("---\norchestrator: $2$\n---\n- [ ] a", "later-format")


def test_a_merge_conflict_is_one_problem():
    related = check_problems(
        """
        - [ ] a
        $<<<<<<< ours$
        - [ ] b
        ||||||| base
        =======
        - [ ] c
        >>>>>>> theirs

        Title
        =======

        ```
        $<<<<<<< HEAD$
        a
        =======
        b
        >>>>>>> branch
        ```
        > > > > > > > quoted
        """,
        "merge-conflict",
        "merge-conflict",
    )
    assert related == [["||||||| base", "=======", ">>>>>>> theirs"], ["=======", ">>>>>>> branch"]]


def test_half_a_merge_conflict():
    check_problems("$<<<<<<< a$\n\n$<<<<<<< a$\n- [ ] b\n", "merge-conflict", "merge-conflict")
    check_problems("Title\n=======\n\n>>>>>>> seven quotes\n\n<<<<<<<<<<\n")


def test_a_task_below_the_deepest_list_is_text():
    deep = "".join(f"{'  ' * i}- [ ] {i}\n" for i in range(100))
    check_problems(deep)
    check_problems(f"{deep}{'  ' * 100}${'- [ ] lost'}$\n{'  ' * 101}- [ ] more\n", "too-deep")
    (problem,) = problems(parse(f"{deep}{'  ' * 100}- [ ] lost\n"))
    assert problem.tags == (Tag.UNNECESSARY,)


# --- other files of the workspace --------------------------------------------------------------------------------


def abroad(*ids: str):
    """Tasks of another file."""
    return lambda task_id: [Known(task_id, "there", Status.PENDING, "other.tasks.md")] if task_id in ids else []


def test_what_stands_in_another_file_is_not_missing():
    check = Check(parse("- [ ] a  [dependsOn:: b1, c1]\n"))
    assert len(check) == 2
    check.look_elsewhere(abroad(), 1, complete=False)
    assert len(check) == 0, "it may yet turn up"
    check.look_elsewhere(abroad("b1"), 2, complete=True)
    (problem,) = check.problems()
    assert problem.message.startswith("No task of this workspace has the id ^c1, so")
    check.look_elsewhere(abroad("b1", "c1"), 3, complete=True)
    assert len(check) == 0


def test_an_id_of_another_file_is_taken():
    check = Check(parse("- [ ] a  ^b1\n- [ ] c  ^c1\n"))
    check.look_elsewhere(abroad("b1"), 1, complete=True)
    (problem,) = check.problems()
    assert (problem.code, problem.start, problem.end) == ("duplicate-id", 9, 12)
    assert "“there” in other.tasks.md has it too" in problem.message
    check.after(reparse(check.outline, (TextEdit(10, 12, "x1"),)))
    assert len(check) == 0
    check.after(reparse(check.outline, (TextEdit(10, 12, "b1"),)))
    assert len(check) == 1


def test_a_split_for_an_older_text_is_noticed():
    check = Check(parse("- [ ] a  ^b1\n  text\n  - [ ] sub\n- [ ] other  ^c1\n"))
    split_by = {"b1": "a text", "c1": "another"}
    check.look_back(split_by, lambda task: f"{task.title} {task.description}")
    assert len(check) == 0, "what has no subtasks was not split, or is free again"
    check.after(reparse(check.outline, (TextEdit(6, 7, "A"),)))
    (problem,) = check.problems()
    assert (problem.code, problem.start, problem.end) == ("stale-split", 6, 7)
    check.after(reparse(check.outline, (TextEdit(6, 7, "a"),)))
    assert len(check) == 0
    end = check.outline.text.string.index("- [ ] other")
    check.after(reparse(check.outline, (TextEdit(end, end, "\n  more text\n"),)))
    assert [problem.code for problem in check.problems()] == ["stale-split"]
    check.after(reparse(check.outline, (TextEdit(3, 4, "x"), TextEdit(end - 6, end - 5, "-"))))
    assert "stale-split" not in [problem.code for problem in check.problems()]
    check.look_back({}, lambda task: task.title)
    assert "stale-split" not in [problem.code for problem in check.problems()]


def test_a_prompt_that_there_is_none_of():
    check = Check(parse("# S  [prompt:: mine]\n\n- [ ] a  [prompt:: exceute]\n- [ ] b  [prompt:: plan]\n"))
    assert len(check) == 0, "nobody knows which there are"
    check.look_for_prompts(frozenset({"execute", "plan"}))
    text = check.outline.text.string
    found = [(problem.code, text[problem.start : problem.end], problem.choices) for problem in check.problems()]
    assert found == [("unknown-prompt", "mine", ()), ("unknown-prompt", "exceute", ("execute",))]
    first, second = check.problems()
    assert "prompts new" in first.message
    assert "“execute”" in second.message
    (choose, remove) = fixes(check.outline, second, lambda: "x")
    assert choose.preferred
    check.after(reparse(check.outline, choose.edits()))
    assert [problem.start for problem in check.problems()] == [first.start]
    assert "[prompt:: execute]" in check.outline.text.string
    assert "exceute" not in reparse(parse(text), remove.edits()).text.string
    check.look_for_prompts(frozenset({"execute", "plan", "mine"}))
    assert len(check) == 0
    end = check.outline.text.string.index("plan]")
    check.after(reparse(check.outline, (TextEdit(end, end + 4, "plam"),)))
    assert [problem.choices[0] for problem in check.problems()] == ["plan"]
