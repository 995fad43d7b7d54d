from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.outline.edits import apply
from orchestrator.outline.fixes import Fix, fix_all, fixes
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import Code, problems
from tests.outline.checks import ids, text

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "problems.md"


def offered(source: str, code: Code, which: int = 0) -> tuple[str, tuple[Fix, ...]]:
    outline = parse(text(source))
    found = [problem for problem in problems(outline) if problem.code is code]
    return outline.text.string, fixes(outline, found[which], ids())


def check_fix(code: Code, name: str, source: str, expected: str, which: int = 0) -> Fix:
    """The fix of this name for the problem of this code (of several the one at `which`)."""
    string, found = offered(source, code, which)
    (fix,) = (fix for fix in found if fix.name == name)
    assert apply(string, fix.edits()) == text(expected)
    return fix


def examples() -> dict[str, str]:
    """The BAD example of each code on the page."""
    page = PAGE.read_text("utf-8")
    sections = re.findall(r"^## `([a-z-]+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return {code: body.split("BAD:\n\n```markdown\n")[1].split("```")[0] for code, body in sections if "BAD:" in body}


def test_an_id_with_words_behind_it_is_moved():
    check_fix(
        Code.MISPLACED_ID,
        "move",
        "- [ ] a *b*  ^b7c2d for `Saturday`  [mode:: auto]\n  ^b7c2e c\n",
        "- [ ] a *b* for `Saturday`  [mode:: auto]  ^b7c2d\n  ^b7c2e c\n",
    )


BEYOND = {Code.STALE_SPLIT, Code.UNKNOWN_PROMPT}
"""What the text alone does not show."""
WITHOUT = {Code.LATER_FORMAT, Code.TOO_DEEP, *BEYOND}
"""What only a person, or an update, can mend."""
TO_FILL_IN = {"add-reason", "add-acceptance"}


@pytest.mark.parametrize("code", [code for code in Code if code not in WITHOUT])
def test_a_fix_mends_its_problem(code: Code):
    source = examples()[code.value]
    string, found = offered(source, code)
    assert found
    assert sum(fix.preferred for fix in found) <= 1
    assert len({fix.name for fix in found}) == len(found)
    for fix in found:
        after = parse(apply(string, fix.edits()))
        left = [problem for problem in problems(after) if problem.code is code]
        assert bool(left) == (fix.name in TO_FILL_IN), fix.title


@pytest.mark.parametrize("code", sorted(WITHOUT - BEYOND))
def test_no_fix_is_better_than_a_guess(code: Code):
    assert offered(examples()[code.value], code)[1] == ()


def test_an_outline_of_a_later_format_has_no_fixes():
    outline = parse("---\norchestrator: 9\n---\n- [~] a\n")
    assert [fixes(outline, problem, ids()) for problem in problems(outline)] == [(), ()]
    assert fix_all(parse("---\norchestrator: 9\n---\n- [ ] a ^x1\n- [ ] b ^x1\n"), ids()) == ((), ())


# --- ids ----------------------------------------------------------------------------------------------------------


def test_the_copy_gets_a_fresh_id():
    source = "- [ ] a  ^x1\n- [ ] b  ^x1  \n- [ ] c  [dependsOn:: x1]\n"
    fix = check_fix(Code.DUPLICATE_ID, "fresh", source, source.replace("b  ^x1", "b  ^new1"), 1)
    assert (fix.preferred, fix.safe) == (True, True)
    fix = check_fix(Code.DUPLICATE_ID, "fresh", source, source.replace("a  ^x1", "a  ^new1"), 0)
    assert (fix.preferred, fix.safe) == (False, False)
    check_fix(Code.DUPLICATE_ID, "remove", source, source.replace("b  ^x1", "b"), 1)


def test_references_go_along_when_the_person_says_so():
    check_fix(
        Code.DUPLICATE_ID,
        "fresh-with-references",
        "# H  [dependsOn:: ^x1]\n- [ ] a  ^x1\n# I\n- [ ] b  ^x1\n- [ ] c  [dependsOn:: y, x1]\n- [ ] y ^y\n",
        "# H  [dependsOn:: ^new1]\n- [ ] a  ^x1\n# I\n- [ ] b  ^new1\n- [ ] c  [dependsOn:: y, new1]\n- [ ] y ^y\n",
        1,
    )


# --- dependencies -------------------------------------------------------------------------------------------------


def test_a_missing_task_is_created_before_the_one_that_needs_it():
    check_fix(
        Code.MISSING_DEPENDENCY,
        "create",
        "1. [ ] a\n2. [ ] b  [dependsOn:: b7c2d]\n",
        "1. [ ] a\n2. [ ] New task  ^b7c2d\n2. [ ] b  [dependsOn:: b7c2d]\n",
    )


def test_an_id_with_a_slip_is_corrected():
    source = "- [ ] a  [dependsOn:: ^b7c2x, q]\n- [ ] b  ^b7c2d\n- [ ] q ^q\n"
    fix = check_fix(Code.MISSING_DEPENDENCY, "replace:b7c2d", source, source.replace("^b7c2x", "^b7c2d"))
    assert fix.preferred


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a  [dependsOn:: zzz]", "a"),
        ("a [dependsOn:: zzz] b", "a b"),
        ("a  [dependsOn:: zzz, b]", "a  [dependsOn:: b]"),
        ("a  [dependsOn:: b,  zzz]", "a  [dependsOn:: b]"),
        ("a  [dependsOn:: b, zzz , c]  ^i", "a  [dependsOn:: b, c]  ^i"),
    ],
)
def test_one_dependency_is_removed(before: str, after: str):
    rest = "\n- [ ] b ^b\n- [ ] c ^c\n"
    check_fix(Code.MISSING_DEPENDENCY, "remove", f"- [ ] {before}{rest}", f"- [ ] {after}{rest}")
    before, after = (words.partition("  ^")[0] for words in (before, after))
    check_fix(Code.MISSING_DEPENDENCY, "remove", f"# {before} #{rest}", f"# {after} #{rest}")


def test_a_cycle_is_broken_where_the_cursor_is():
    check_fix(
        Code.DEPENDENCY_CYCLE,
        "remove",
        "- [ ] a  [dependsOn:: b]  ^a\n- [ ] b  [dependsOn:: a]  ^b\n",
        "- [ ] a  ^a\n- [ ] b  [dependsOn:: a]  ^b\n",
    )


# --- statuses -----------------------------------------------------------------------------------------------------


def test_marks_are_chosen():
    check_fix(Code.UNKNOWN_STATUS, "completed", "- [v] a\n", "- [x] a\n")


def test_a_reason_is_added_to_be_filled_in():
    check_fix(Code.MISSING_REASON, "add-reason", "- [!] a  ^x1\n", "- [!] a  [reason:: ]  ^x1\n")
    check_fix(Code.MISSING_REASON, "open", "- [!] a  ^x1\n", "- [ ] a  ^x1\n")


def test_parents_and_subtasks_agree():
    source = "- [x] a\n  - [x] b\n    - [!] c  [reason:: x]\n  - [ ] d\n  - [-] e\n    - [ ] f\n"
    code = Code.COMPLETED_WITH_OPEN_SUBTASKS
    check_fix(code, "open", source, source.replace("[x] a", "[ ] a"))
    expected = source.replace("[!] c", "[x] c").replace("[ ] d", "[x] d")
    check_fix(code, "complete", source, expected)
    check_fix(code, "cancel", source, expected.replace("[x] c", "[-] c").replace("[x] d", "[-] d"))


# --- values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "name", "after", "safe"),
    [
        ("[mode:: Interactive]", "choose:interactive", "[mode:: interactive]", True),
        ("[mode:: Auto]", "choose:auto", "[mode:: auto]", False),
        ("[priority:: hgih]", "choose:high", "[priority:: high]", False),
        ("[priority:: hgih]", "choose:low", "[priority:: low]", False),
        ("[budget:: $ 2,50]", "choose:2.50", "[budget:: 2.50]", True),
        ("[dependsOn:: a b, q]", "remove", "[dependsOn:: q]", False),
    ],
)
def test_values_are_chosen(before: str, name: str, after: str, safe: bool):
    fix = check_fix(Code.BAD_FIELD_VALUE, name, f"- [ ] q  ^q\n- [ ] a  {before}\n", f"- [ ] q  ^q\n- [ ] a  {after}\n")
    assert fix.safe == safe


def test_a_field_without_a_value_is_removed():
    assert check_fix(Code.BAD_FIELD_VALUE, "remove", "- [ ] a  [mode:: ]  ^b\n", "- [ ] a  ^b\n").safe
    assert not check_fix(Code.BAD_FIELD_VALUE, "remove", "- [ ] a  [mode:: wild]\n", "- [ ] a\n").safe


def test_thousands_are_no_cents():
    assert [fix.name for fix in offered("- [ ] a  [budget:: 2,500]\n", Code.BAD_FIELD_VALUE)[1]] == ["remove"]


def test_values_of_the_front_matter():
    source = "---\norchestrator: {}\ndefaults: {{mode: {}}}\n---\n- [ ] a\n  Accept: x\n"
    code = Code.BAD_FIELD_VALUE
    assert check_fix(code, "choose:1", source.format("one", "auto"), source.format("1", "auto")).preferred
    assert check_fix(code, "choose:auto", source.format("1", "Auto"), source.format("1", "auto")).preferred


# --- running ------------------------------------------------------------------------------------------------------


def test_bullets_that_share_a_file():
    code = Code.SHARED_FILE
    source = "- [ ] a  [files:: f]\n  text\n- [ ] b  [files:: f]\n"
    check_fix(code, "sequence", source, "1. [ ] a  [files:: f]\n   text\n2. [ ] b  [files:: f]\n")
    expected = "- [ ] a  [files:: f]  ^new1\n  text\n- [ ] b  [files:: f]  [dependsOn:: new1]\n"
    check_fix(code, "depend", source, expected)


# --- the document -------------------------------------------------------------------------------------------------

CONFLICT = """
- [ ] a  ^a
<<<<<<< ours
- [ ] b  ^b
  - [ ] c  ^c
||||||| base
- [ ] old  ^b
=======
- [ ] b2  ^b
- [ ] d  ^d
>>>>>>> theirs
- [ ] e
"""


def test_both_versions_of_a_merge_are_kept():
    code = Code.MERGE_CONFLICT
    ours, theirs = "- [ ] b  ^b\n  - [ ] c  ^c\n", "- [ ] b2  ^b\n- [ ] d  ^d\n"
    check_fix(code, "ours", CONFLICT, f"\n- [ ] a  ^a\n{ours}- [ ] e\n"[1:])
    check_fix(code, "theirs", CONFLICT, f"- [ ] a  ^a\n{theirs}- [ ] e\n")
    check_fix(code, "both", CONFLICT, f"- [ ] a  ^a\n{ours}{theirs.replace('^b', '^new1')}- [ ] e\n")


def test_a_merge_at_both_ends_of_the_file():
    source = "\ufeff<<<<<<< x\r\n- [ ] a\r\n=======\r\n- [ ] b\r\n>>>>>>> y"
    check_fix(Code.MERGE_CONFLICT, "both", source, "\ufeff- [ ] a\r\n- [ ] b\r\n")
    check_fix(Code.MERGE_CONFLICT, "ours", source, "\ufeff- [ ] a\r\n")


def test_a_conflict_that_is_not_whole_is_left_alone():
    assert offered("<<<<<<< x\n- [ ] a\n", Code.MERGE_CONFLICT)[1] == ()


def test_front_matter_is_closed_or_commented():
    code = Code.UNREADABLE_FRONT_MATTER
    source = "---\ndefaults: {{mode: auto{}\n---\n- [ ] a\n  Accept: x\n"
    string, (fix, *_) = offered(source.format(""), code)
    assert apply(string, fix.edits()) == text(source.format("}"))
    source = "---\na: 1\n{}b: *x\n---\n- [ ] a\n"
    string, (fix, *_) = offered(source.format(""), code)
    assert apply(string, fix.edits()) == text(source.format("# "))


# --- all at once --------------------------------------------------------------------------------------------------


def test_all_that_is_safe_is_mended_at_once():
    source = """
    - [ ] a  [mode:: ]  [priority:: HIGH]  ^x1
      - [ ] b  [dependsOn:: x1]  ^x1
    - [~] c
    - [!] d  ^x1
    """
    outline = parse(text(source))
    edits, told = fix_all(outline, ids())
    assert apply(outline.text.string, edits) == text(
        """
        - [ ] a  [priority:: high]  ^x1
          - [ ] b  ^new1
        - [~] c
        - [!] d  ^new2
        """
    )
    assert len(told) == 5
    assert told[0] == "line 1: Remove the field mode"
