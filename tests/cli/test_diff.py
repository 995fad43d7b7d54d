import re

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli.diff import unified


def shown(old, new):
    return [text for text, _ in unified(old, new, "plan.md")]


def test_a_change_with_context():
    old = "".join(f"line {number}\n" for number in range(1, 11))
    new = old.replace("line 5\n", "line 5\nnew\n")
    assert shown(old, new) == [
        "--- plan.md",
        "+++ plan.md (split)",
        "@@ -3,6 +3,7 @@",
        " line 3",
        " line 4",
        " line 5",
        "+new",
        " line 6",
        " line 7",
        " line 8",
    ]


def test_far_changes_are_two_hunks():
    old = "".join(f"{number}\n" for number in range(1, 31))
    new = old.replace("\n5\n", "\nfive\n").replace("\n25\n", "\ntwentyfive\n")
    hunks = [line for line in shown(old, new) if line.startswith("@@")]
    assert hunks == ["@@ -2,7 +2,7 @@", "@@ -22,7 +22,7 @@"]


def test_equal_texts_show_nothing():
    assert shown("a\n", "a\n") == []


def test_a_missing_line_break_at_the_end_is_told():
    assert shown("a", "a\nb") == [
        "--- plan.md",
        "+++ plan.md (split)",
        "@@ -1 +1,2 @@",
        "-a",
        "\\ No newline at end of file",
        "+a",
        "+b",
        "\\ No newline at end of file",
    ]


def test_line_ends_are_no_part_of_what_is_shown():
    assert shown("a\r\nb\rc", "a\r\nB\rc")[3:] == [" a", "-b", "+B", " c", "\\ No newline at end of file"]


def test_what_acts_is_spelled_out():
    lines = shown("a\n", "a\n\x1b[2J\u202e\n")
    assert lines[-1] == "+<U+001B>[2J<U+202E>"


LINES = st.lists(st.sampled_from(["a", "b", "c", "  d"]), max_size=30).map(
    lambda lines: "".join(f"{x}\n" for x in lines)
)


@settings(deadline=None)
@given(LINES, LINES)
def test_diff_holds_both_texts(old, new):
    lines = shown(old, new)
    rebuilt_old, rebuilt_new = old.splitlines(), new.splitlines()
    for line in lines:
        if match := re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line):
            old_at, old_count, new_at, new_count = (int(part) if part else 1 for part in match.groups())
            body = lines[lines.index(line) + 1 :]
            body = body[: next((i for i, x in enumerate(body) if x.startswith("@@")), len(body))]
            assert [x[1:] for x in body if x[0] != "+"] == rebuilt_old[max(0, old_at - 1) :][:old_count][
                : len(body)
            ] or (old_count == 0)
            assert [x[1:] for x in body if x[0] != "-"] == rebuilt_new[max(0, new_at - 1) :][
                :new_count
            ] or new_count == 0
            assert sum(x[0] != "+" for x in body) == old_count
            assert sum(x[0] != "-" for x in body) == new_count
    removed = sum(line[0] == "-" for line in lines[2:])
    added = sum(line[0] == "+" for line in lines[2:])
    assert len(rebuilt_old) - removed + added == len(rebuilt_new)
