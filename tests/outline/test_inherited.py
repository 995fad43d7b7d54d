from __future__ import annotations

from hypothesis import given

from orchestrator.outline.inherited import INHERITED, Known, value, values
from orchestrator.outline.parse import parse
from tests.outline.checks import task_of, text
from tests.outline.strategies import outlines


def check_inherited(source: str, key: str, expected: str | None) -> None:
    """Of the task with the title `here`."""
    outline = parse(text(source))
    assert value(outline, task_of(outline, "here"), key) == expected


def test_a_field_of_its_own_wins():
    check_inherited(
        """
        ---
        defaults: {model: d}
        ---
        # A  [model:: c]
        - [ ] b  [model:: b]
          - [ ] here  [model:: a]
        """,
        "model",
        "a",
    )


def test_the_nearest_task_above_wins():
    check_inherited(
        """
        - [ ] far  [mode:: interactive]
          - [ ] near  [mode:: auto]
            - [ ] no word of it
              - plain
                - [ ] here
        """,
        "mode",
        "auto",
    )


def test_a_heading_stands_behind_the_tasks_above():
    source = "# A  [executor:: code]\n\n- [ ] b{}\n  - [ ] here\n"
    check_inherited(source.format("  [executor:: answer]"), "executor", "answer")
    check_inherited(source.format(""), "executor", "code")


def test_the_innermost_heading_wins():
    check_inherited(
        """
        # A  [type:: one]  [prompt:: outer]
        ## B  [type:: two]
        - [ ] here
        """,
        "type",
        "two",
    )
    check_inherited("# A  [prompt:: outer]\n## B\n- [ ] here", "prompt", "outer")
    check_inherited("## A  [prompt:: other]\n## B\n- [ ] here", "prompt", None)


def test_the_front_matter_is_last():
    check_inherited("---\ndefaults: {priority: high}\n---\n# A\n- [ ] here", "priority", "high")
    check_inherited("---\ndefaults: {priority: high}\n---\n# A  [priority:: low]\n- [ ] here", "priority", "low")
    check_inherited("---\npriority: high\n---\n- [ ] here", "priority", None)


def test_nothing_is_inherited_where_nothing_is_written():
    for key in INHERITED:
        check_inherited("# A\n- [ ] b\n  - [ ] here", key, None)


def test_a_bad_value_counts_as_not_written():
    check_inherited(
        "---\ndefaults: {mode: wild}\n---\n- [ ] b  [mode:: auto]\n  - [ ] here  [mode:: x]", "mode", "auto"
    )
    check_inherited("---\ndefaults: {mode: wild}\n---\n- [ ] here", "mode", None)
    check_inherited("---\ndefaults: {mode: [auto]}\n---\n- [ ] here", "mode", None)
    check_inherited("---\ndefaults: auto\n---\n- [ ] here", "mode", None)


def test_what_belongs_to_one_task_is_not_inherited():
    for field, key in (
        ("budget:: 2", "budget"),
        ("reason:: late", "reason"),
        ("files:: a", "files"),
        ("own:: x", "own"),
    ):
        check_inherited(f"# A [{field}]\n- [ ] b [{field}]\n  - [ ] here", key, None)
        check_inherited(f"- [ ] here [{field}]", key, field.split(":: ")[1])


@given(outlines())
def test_values_agree_with_value(source: str):
    outline = parse("---\ndefaults: {mode: auto}\n---\n" + source)
    for key in ("mode", "dependsOn", "model"):
        assert values(outline, key) == {node.index: value(outline, node, key) for node in outline.walk()}
    keys = ("mode", "dependsOn", "model", "budget")
    known = Known(outline, keys)
    for node in reversed(list(outline.walk())):
        assert known.of(node) == {key: found for key in keys if (found := value(outline, node, key)) is not None}
