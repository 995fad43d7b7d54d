from __future__ import annotations

import pytest

from orchestrator.outline.model_text import BODY_DEPTH, clean_acceptance, clean_body, clean_title

PROSE = """\
Read the *whole* text, with `code` and <b>tags</b>; it's 5 < 6 & "so" on.
Second line, ending hard:{hard}
third — “quotes”, 漢字, café, عربى, 👩‍🚀.

1. one
   - nested

   paragraph
2. two

> a quote

```make
all:
\techo "$@"
```

| a | b |
|---|---|
| 1 | 2 |

# Heading

    indented code""".replace("{hard}", "  ")


def test_ordinary_text_is_left_alone():
    assert clean_body(PROSE) == PROSE
    for title in ("Write the form", "100\xa0% of `a  b`", "漢字\u3000と", "Fix C:\\x [link](u) *now*"):
        assert clean_title(title) in {title, title.replace("  ", " ")}
    for acceptance in ("`pytest` passes", "- [ ] one\n- two\n\n  more", "two\nlines", "1) first\n2) second"):
        assert clean_acceptance(acceptance) == acceptance


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("", ""),
        (" a \t b\r\nc\u2028d\x85e ", "a b c d e"),
        ("\x1b[1;31mred\x1b[0m\x07 \x9b31m\x7f", "red 31m"),
        ("a\x00 \x00b\ud800", "a b"),
        ("\x1b\x1b[0m[0m", "[0m"),
    ],
)
def test_a_title_is_one_line_without_control_characters(title: str, clean: str):
    assert clean_title(title) == clean


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        ("", ""),
        ("\n \n a\r\nb\rc\u2028\td\n\n", " a\nb\nc\n    d"),
        ("\x1b[2Ja\0\x08\ud800\n \t\nb", "a\n\nb"),
        ("```\ncode", "```\ncode\n```"),
        ("~~~~ x\n```\n~~~", "~~~~ x\n```\n~~~\n~~~~"),
        ("```\n    ```", "```\n    ```\n```"),
        ("```\n~~~", "```\n~~~\n```"),
        ("- ```\n  code", "- ```\n  code"),
        ("<div>\n<p>\n\n<b>x</b> y", "\\<div>\n\\<p>\n\n<b>x</b> y"),
        ("- <!--\n  - <!--", "- \\<!--\n  - \\<!--"),
        ("a\n<script>", "a\n\\<script>"),
        ("`<div>`\n```\n<div>\n```", "`<div>`\n```\n<div>\n```"),
        ("-\ta\n\n\t- b", "-   a\n\n    - b"),
    ],
)
def test_a_body_is_markdown_that_ends_where_it_ends(body: str, clean: str):
    assert clean_body(body) == clean


def test_a_body_that_nests_too_deep_is_shown_as_it_is():
    body = "\n".join("  " * level + "- `x`" for level in range(BODY_DEPTH + 1))
    assert clean_body(body) == f"```text\n{body}\n```"
    assert clean_body("- `` ``` ``\n" + ">" * (BODY_DEPTH + 1) + "\n").startswith("````text\n")


@pytest.mark.parametrize(
    ("acceptance", "clean"),
    [
        ("  It works.  ", "It works.  "),
        ("All of:\n- a\n- b", "- All of:\n  - a\n  - b"),
        ("one\n\ntwo\nlines\n\n---\n```\ncode\n```", "- one\n- two\n  lines\n- ```\n  code\n  ```"),
        ("    code\n     more", "-     code\n       more"),
        ("# Heading", "- # Heading"),
        ("[a]: b", "[a]: b"),
        ("[a]:\n===", "- [a]:\n  ==="),
        ("---", "\\---"),
        ("# a\n\n" + "- " * BODY_DEPTH + "b", "\\# a " + "- " * BODY_DEPTH + "b"),
    ],
)
def test_an_acceptance_is_one_paragraph_or_one_list(acceptance: str, clean: str):
    assert clean_acceptance(acceptance) == clean
    assert clean_acceptance(clean) == clean
