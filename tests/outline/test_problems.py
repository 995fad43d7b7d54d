from __future__ import annotations

from orchestrator.outline.parse import parse
from orchestrator.outline.problems import MAX_RELATED, Severity, problems
from tests.outline.checks import text


def check_problems(source: str, expected: list[tuple[str, Severity, str, list[str]]]) -> None:
    """(code, severity, the text it is at, the texts of its related places with what stands around them)."""
    string = text(source)
    found = [
        (
            problem.code,
            problem.severity,
            string[problem.start : problem.end],
            [string[related.start - 2 : related.end] for related in problem.related],
        )
        for problem in problems(parse(string))
    ]
    assert found == expected


def test_an_unknown_mark_is_a_hint():
    check_problems(
        """
        - [~] a
        - [ ] b
        > - [~] quoted
        """,
        [("unknown-status", Severity.HINT, "~", [])],
    )
    (problem,) = problems(parse("- [~] a"))
    assert problem.message.startswith("[~] is no status")
    assert "[x]" in problem.message


def test_an_id_that_stands_twice_is_an_error_at_each_place():
    check_problems(
        """
        - [ ] a ^one
          1. [~] b  ^two
        - [ ] c  ^one
        - [ ] d \t^one
        """,
        [
            ("duplicate-id", Severity.ERROR, "^one", ["  ^one", " \t^one"]),
            ("unknown-status", Severity.HINT, "~", []),
            ("duplicate-id", Severity.ERROR, "^one", ["a ^one", " \t^one"]),
            ("duplicate-id", Severity.ERROR, "^one", ["a ^one", "  ^one"]),
        ],
    )
    first, _ = problems(parse("- [ ] a ^x\n- [ ] ^x"))
    assert first.message == "The id ^x is not unique: another task has it too. Remove or change it in all but one."
    assert first.related[0].message == "Also here: a task without a title"


def test_many_equal_ids_name_some_places():
    found = problems(parse("- [ ] a ^x\n" * 2000))
    assert len(found) == 2000
    assert {len(problem.related) for problem in found} == {MAX_RELATED}
    assert "1999 other tasks have it too" in found[0].message
