from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.outline.inline import escape, plain, read_line
from orchestrator.outline.model_text import clean_title
from tests.outline.strategies import inline
from tests.support.laws import examples

titles = inline.map(clean_title)


def check_line(source: str, title: str, fields: dict[str, str] | None = None, task_id: str | None = None) -> None:
    """`source` is what stands behind the check box, `»` and `«` around the title as written."""
    span = (1 + source.find("»"), source.find("«")) if "»" in source else None
    text = " " + source.replace("»", "").replace("«", "")
    line = read_line(text, 0, len(text), with_id=True)
    assert (line.title, dict(line.fields), line.task_id) == (title, fields or {}, task_id)
    if span:
        assert line.title_span == span
    if task_id:
        assert line.id_span
        assert text[slice(*line.id_span)] == f"^{task_id}"


def test_fields_and_id_are_not_the_title():
    check_line("»Build it«  [mode:: auto]  [x-y:: 1]  ^b7c2d \t", "Build it", {"mode": "auto", "x-y": "1"}, "b7c2d")
    check_line("»Build [mode:: auto] it«", "Build it", {"mode": "auto"})
    check_line("[a:: 1] »mid« [b:: 2]", "mid", {"a": "1", "b": "2"})
    check_line("^only", "", task_id="only")
    check_line("[a::]", "", {"a": ""})
    check_line("", "")
    check_line("[a:: 1] [a:: 2]", "", {"a": "1"})


@pytest.mark.parametrize("source", ["a ^b c", "a^b", "a ^b_c", "a ^", "a \\^b", "a ^b."])
def test_what_is_no_id(source: str):
    check_line(source, plain(source))


@pytest.mark.parametrize(
    "source", ["[1a:: x]", "[a: x]", "[:: x]", "[a b:: x]", "[a:: x", "a:: x]", "`[a:: x]`", "`` [a:: ` x] ``"]
)
def test_what_is_no_field(source: str):
    check_line(source, source)


def test_a_field_ends_at_its_own_bracket():
    check_line("[reason:: see [1] and [b:: c]] end", "end", {"reason": "see [1] and [b:: c]"})
    check_line("[[a:: x] [b:: y]", "[", {"a": "x", "b": "y"})
    check_line("[reason:: a \\] b `]` c]", "", {"reason": "a ] b `]` c"})
    check_line("\\[a:: x]", "[a:: x]")


def test_titles_are_plain_text():
    check_line("»\\*no\\* &amp; &#x41;&copy; `\\* &amp;` \\a &nope;«", "*no* & A© `\\* &amp;` \\a &nope;")
    check_line("`` ` `` \\`a` b`", "`` ` `` `a` b`")


def test_a_reference_is_never_a_control_character():
    check_line("a&#27;[31m&#0;&#xD800;&#x110000;&NewLine;b&#10;c", "a\ufffd[31m\ufffd\ufffd\ufffd b c")


def rendered(source: str) -> str:
    """What CommonMark shows for a title, with code spans as they are written."""
    text: list[str] = []
    for token in MARKDOWN.parseInline(source)[0].children or []:
        assert token.type in {"text", "text_special", "code_inline"}, token.type
        text.append(token.content if token.type != "code_inline" else "\0")
    return "".join(text)


MARKDOWN = MarkdownIt("commonmark").disable(["emphasis", "link", "image", "autolink", "html_inline", "newline"])


@settings(deadline=None, max_examples=examples(100))
@given(st.text("`\\&;amp#3[]a ", max_size=12))
@example("\\``a`")
def test_plain_text_is_what_commonmark_shows(source: str):
    """The differential law for our own inline reading: outside code spans the text is the same."""
    ours = plain(source)
    spans = [token for token in MARKDOWN.parseInline(source)[0].children or [] if token.type == "code_inline"]
    if not spans:
        assert ours.strip() == rendered(source).strip()
    else:
        outside = rendered(source).split("\0")
        position = 0
        for part in outside:
            position = ours.index(part.strip(), position) + len(part.strip())


@settings(deadline=None, max_examples=examples(200))
@given(titles)
@example("\\`a`")
@example("^abc")
@example("``` x `y` z")
@example("a\\")
def test_escaped_titles_read_back(title: str):
    source = escape(title)
    assert plain(source) == title
    alone = read_line(f" {source}", 0, len(source) + 1, with_id=True)
    assert (alone.title, dict(alone.fields), alone.task_id) == (title, {}, None)
    full = f" {source}  [dependsOn:: a1, b2]  ^k3f9x"
    line = read_line(full, 0, len(full), with_id=True)
    assert (line.title, dict(line.fields), line.task_id) == (title, {"dependsOn": "a1, b2"}, "k3f9x")


@pytest.mark.parametrize(
    "title", ["Write `code` first", "Read [the docs](https://a.b)", "50 % of A & B", "a*b* _c_ #d", "C:\\path x^2"]
)
def test_ordinary_titles_are_not_escaped(title: str):
    assert escape(title) == title


@pytest.mark.parametrize(
    "hostile", ["`", "``a`", "[", "]", "[a::", "[a::]", "\\", "&", "&#", "^", " ^", "&amp;", "*", "[a:: `", "`a``"]
)
def test_hostile_lines_cost_what_they_are_long(hostile: str):
    """100,000 characters: anything quadratic would run into the time limit of the test run."""
    text = hostile * (100_000 // len(hostile))
    line = read_line(text, 0, len(text), with_id=True)
    assert len(line.title) <= len(text)
    title = clean_title(text)
    assert plain(escape(title)) == title
