import json

import pytest

from tests.cli.screen import Screen


def test_a_readable_tree(inside, command):
    file = command.outline()
    code, out, err = inside("outline", file)
    assert (code, err) == (0, "")
    assert (
        out
        == f"""\
{file}: 1 of 5 done, 1 problem
  1  Ship login
  3    - [ ] Build the login page  ^b7c2d  1/2
  6      1. [x] Write the form
  7      2. [!] Wire the API  (failed: the registry answered 401)
  8    - [ ] Build the logout page
  9    - [ ] Write the handbook
{file}:3:7: warning: “Build the login page” runs by itself, and nothing says how to see that it is done. \
Write a paragraph that starts with `Accept:` below it, or give it [mode:: interactive]. [missing-acceptance]
"""
    )


def test_json_is_the_documented_schema(inside, command):
    file = command.outline()
    code, out, _ = inside("outline", file, "--json")
    assert code == 0
    assert json.loads(out) == {
        "schema": 1,
        "file": str(file),
        "progress": {"done": 1, "total": 5},
        "nodes": [
            {
                "kind": "section",
                "title": "Ship login",
                "line": 1,
                "fields": {},
                "level": 1,
                "children": [
                    task("Build the login page", 3, id="b7c2d", fields={"mode": "auto"}, description="Free Markdown.")
                    | {
                        "progress": {"done": 1, "total": 2},
                        "children": [
                            task("Write the form", 6, status="completed", mark="x", ordered=True),
                            task("Wire the API", 7, status="failed", mark="!", ordered=True)
                            | {"fields": {"reason": "the registry answered 401"}},
                        ],
                    },
                    task("Build the logout page", 8),
                    task("Write the handbook", 9),
                ],
            }
        ],
        "problems": [
            {
                "code": "missing-acceptance",
                "severity": "warning",
                "line": 3,
                "column": 7,
                "endLine": 3,
                "endColumn": 27,
                "message": "“Build the login page” runs by itself, and nothing says how to see that it is done. "
                "Write a paragraph that starts with `Accept:` below it, or give it [mode:: interactive].",
                "related": [],
            }
        ],
    }


def task(title, line, **more):
    return {
        "kind": "task",
        "title": title,
        "line": line,
        "fields": {},
        "id": None,
        "status": "pending",
        "mark": " ",
        "ordered": False,
        "description": "",
        "acceptance": "",
        "result": None,
        "progress": None,
        "children": [],
    } | more


def test_every_status_is_told_in_words_or_by_its_mark(inside, command):
    marks = " /x-!?~"
    file = command.outline("".join(f"- [{mark}] Task\n" for mark in marks))
    lines = inside("outline", file)[1].splitlines()[1:]
    words = ["", "(in progress)", "", "(cancelled)", "(failed)", "(waits for an answer)", "(unknown mark)"]
    for line, mark, word in zip(lines, marks, words, strict=False):
        assert f"[{mark}] Task" in line
        assert line.endswith(word or "Task")


def test_problems_have_places(inside, command):
    file = command.outline("- [ ] a  ^same\n- [~] b  ^same\n")
    code, out, _ = inside("outline", file)
    assert code == 0
    assert "2 done, 3 problems" in out
    assert f"{file}:1:10: error: The id ^same is not unique" in out
    assert f"{file}:2:4: hint: [~] is no status" in out
    problems = json.loads(inside("outline", file, "--json")[1])["problems"]
    assert [(problem["code"], problem["line"], problem["column"]) for problem in problems] == [
        ("duplicate-id", 1, 10),
        ("unknown-status", 2, 4),
        ("duplicate-id", 2, 10),
    ]


def test_bad_front_matter_is_told(inside, command):
    code, out, _ = inside("outline", command.outline("---\n[\n---\n- [ ] a\n"))
    assert code == 0
    assert ":3:1: error: The front matter cannot be read" in out


@pytest.mark.parametrize("text", ["", "# Heading\n"])
def test_no_task_is_no_error(inside, command, text):
    code, out, _ = inside("outline", command.outline(text))
    assert code == 0
    assert "no task; write one as" in out


def test_titles_cannot_act(inside, command):
    file = command.outline("# \x1b]0;owned\x07\n- [ ] a\u202eb \x9b2J\u200b  [reason:: \x1b[1m]\n")
    out = inside("outline", file)[1]
    assert not set(out) & set("\x1b\x07\x9b\u202e\u200b")
    assert "a<U+202E>b" in out


def test_outline_without_colour(command):
    file = command.outline()
    coloured = Screen(command, "outline", file)
    assert coloured.end() == 0
    assert "\x1b[31m" in coloured.text
    for options, env in ((["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})):
        plain = Screen(command, "outline", file, *options, env=env)
        assert plain.end() == 0
        assert "\x1b" not in plain.text
        assert "(failed: the registry answered 401)" in plain.text


def test_deep_and_wide_outlines_are_shown(inside, command):
    deep = "".join(f"{'  ' * depth}- [ ] Level {depth}\n" for depth in range(90))
    code, out, err = inside("outline", command.outline(deep))
    assert code == 0, err
    assert "Level 89" in out
