import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli.selector import select
from orchestrator.errors import TaskAmbiguousError, TaskError, TaskNotFoundError
from orchestrator.outline.parse import parse

OUTLINE = """\
# Ship

- [ ] Build the login page  ^b7c2d

  It has a description.
  - [ ] Write the form
- [ ] Write the handbook
- [ ] Build
- [ ] Straße kehren  ^12
"""


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("b7c2d", "Build the login page"),
        ("^b7c2d", "Build the login page"),
        ("3", "Build the login page"),
        ("5", "Build the login page"),
        ("6", "Write the form"),
        ("12", "Straße kehren"),
        ("Build", "Build"),
        ("HANDBOOK", "Write the handbook"),
        ("  login ", "Build the login page"),
        ("strasse", "Straße kehren"),
    ],
)
def test_id_then_line_then_title(wanted, title):
    assert select(parse(OUTLINE), wanted).title == title


@pytest.mark.parametrize("wanted", ["1", "99", "0", "99999999999999999999", "build login", "", " ", "zzz"])
def test_what_fits_nothing_is_told_with_the_way_out(wanted):
    with pytest.raises(TaskNotFoundError) as caught:
        select(parse(OUTLINE), wanted)
    assert "orchestrator outline" in caught.value.hint


def test_the_nearest_titles_are_offered():
    with pytest.raises(TaskNotFoundError) as caught:
        select(parse(OUTLINE), "Write the handbok")
    assert "line 7: Write the handbook" in str(caught.value)


def test_several_matches_are_listed():
    outline = parse("".join(f"- [ ] Task {number}\n" for number in range(9)))
    with pytest.raises(TaskAmbiguousError) as caught:
        select(outline, "task")
    assert "9 tasks fit" in str(caught.value)
    assert [f"line {number}: Task {number - 1}" in str(caught.value) for number in range(1, 8)] == [True] * 5 + [
        False
    ] * 2
    assert "and 4 more" in str(caught.value)


@pytest.mark.parametrize("text", ["- [ ] Same\n- [ ] Same\n", "- [ ] a  ^same\n- [ ] b  ^same\n"])
def test_equal_titles_and_equal_ids_are_ambiguous(text):
    with pytest.raises(TaskAmbiguousError, match="2 tasks fit") as caught:
        select(parse(text), "same" if "^" in text else "Same")
    assert ("by its id" in caught.value.hint) == ("^" not in text)


@pytest.mark.parametrize("text", ["", "# Only a heading\n", "```\n- [ ] in a fence\n```\n"])
def test_a_file_without_a_task_says_how_to_write_one(text):
    with pytest.raises(TaskNotFoundError, match=r"- \[ \]"):
        select(parse(text), "x")


def test_titles_in_messages_are_safe():
    with pytest.raises(TaskAmbiguousError) as caught:
        select(parse("- [ ] evil \x1b[2J\u202e one\n- [ ] evil two\n"), "evil")
    assert "\x1b" not in str(caught.value)
    assert "<U+001B>" in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_finds_one_or_says_why(wanted):
    outline = parse(OUTLINE)
    try:
        assert select(outline, wanted) in set(outline.tasks())
    except TaskError as error:
        assert error.hint  # noqa: PT017
