import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.model.safe_text import SafeStream, many_lines, markdown, one_line, visible

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)


@given(ANY_TEXT)
def test_nothing_invisible_stays(text):
    for character in one_line(text):
        assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.category(character) != "Cf" or character in "\u200c\u200d"


@given(ANY_TEXT)
def test_many_lines_keeps_only_tabs_and_line_feeds(text):
    controls = {c for c in many_lines(text) if unicodedata.category(c) == "Cc"}
    assert controls <= {"\t", "\n"}


@given(ANY_TEXT)
def test_showing_twice_changes_nothing(text):
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    "text",
    [
        "Build the login page",
        "Größe prüfen — “ja”",
        "登录页面",
        "🧑‍💻 pair up",
        "क्‍ष",
        "naïve",
        "a\u00a0b",
        "✔️ done",
        "",
    ],
)
def test_ordinary_text_stays(text):
    assert one_line(text) == text
    assert many_lines(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", "<U+001B>[2Jgone"),
        ("\x9b31mred", "<U+009B>31mred"),
        ("rm \u202egpj.exe", "rm <U+202E>gpj.exe"),
        ("a\u200bb", "a<U+200B>b"),
        ("a\u200db", "a<U+200D>b"),
        ("pay\u2066load", "pay<U+2066>load"),
        ("\ud800", "<U+D800>"),
        ("\U000e0041tag", "<U+E0041>tag"),
        ("non\uffff", "non<U+FFFF>"),
        ("bell\x07\x7f", "bell<U+0007><U+007F>"),
        ("two\nlines\r\nand\ttab", "two lines and tab"),
    ],
)
def test_what_hides_is_spelled_out(text, shown):
    assert one_line(text) == shown


def test_a_lone_carriage_return_cannot_overwrite_a_line():
    assert many_lines("safe\rEVIL\r\nnext") == "safe<U+000D>EVIL\nnext"


def test_limit_counts_what_is_shown():
    assert one_line("abcdefgh", 5) == "abcd…"
    assert one_line("abcde", 5) == "abcde"


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SPECIAL = st.text(alphabet=st.sampled_from("\\`*_[]()<>!#+-=|~&;:.1$ \tabé\u202e\n"), max_size=20)


def shown_by(source):
    """The text that Markdown shows, and the kinds of everything that is not plain text."""
    tokens = MARKDOWN.parse(source)
    inline = [part for token in tokens if token.children for part in token.children]
    kinds = {token.type for token in [*tokens, *inline]}
    return "".join(part.content for part in inline), kinds - {
        "paragraph_open", "paragraph_close", "inline", "text", "text_special",
    }  # fmt: skip


@given(ANY_TEXT | SPECIAL)
def test_markdown_shows_the_text_itself(text):
    assert shown_by(markdown(text)) == (one_line(text).strip(), set())


@given(SPECIAL)
def test_markdown_shows_the_text_itself_in_a_list_and_in_emphasis(text):
    shown, kinds = shown_by(f"- Name: {markdown(text)}")
    assert shown == f"Name: {one_line(text).strip()}".strip()
    assert kinds <= {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
    if one_line(text).strip():
        shown, kinds = shown_by(f"**{markdown(text)}**")
        assert (shown, kinds) == (one_line(text).strip(), {"strong_open", "strong_close"})


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Build the login page", "Build the login page"),
        ("a-b_c.py (2)", "a-b\\_c.py (2)"),
        ("[x](command:evil)", "\\[x\\](command:evil)"),
        ("<img src=x>", "\\<img src=x\\>"),
        ("1. one", "1\\. one"),
        ("- [ ] a", "\\- \\[ \\] a"),
        ("Tom & Jerry &amp;", "Tom & Jerry \\&amp;"),
        ("rm \u202egpj", "rm \\<U+202E\\>gpj"),
        ("$(trash) x", "\\$(trash) x"),
    ],
)
def test_markdown_is_escaped_where_it_must_be(text, source):
    assert markdown(text) == source


@given(st.lists(st.text(st.sampled_from("ab \n\r\t\u200d\u200c\u0915\u094d\U0001f468\x1b\u202e\ud800")), max_size=6))
def test_a_stream_is_shown_as_the_whole(pieces: list[str]) -> None:
    stream = SafeStream()
    shown = "".join([*(stream.feed(piece) for piece in pieces), stream.end()])
    assert shown == many_lines("".join(pieces))
