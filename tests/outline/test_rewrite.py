import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import EditRefusedError
from orchestrator.model.task import Plan, PlannedTask
from orchestrator.outline.edits import apply
from orchestrator.outline.parse import parse
from orchestrator.outline.rewrite import Rewrite, Wording, rewrite_branch

TEXT = """# Ship it

- [ ] Build the page  ^b7c2d
  Fast.
  1. [x] Draw it  [mode:: auto]  ^k3f9x
     > Result: three fields
  2. [ ] Wire the API  ^m2p7q
     Use the old one.

     Accept: it answers
     - [ ] Read the manual
     - [x] Ask for a key
  3. [!] Style it  [reason:: no colours]
- [ ] Tell the press
"""


def rewritten(text: str, added: tuple[PlannedTask, ...] = (), obsolete: str = "", **reworded: Wording) -> str:
    """`reworded` by the first word of a subtask's title, as `obsolete`."""
    outline = parse(text)
    parent = next(outline.tasks())
    lines = {child.title.split()[0]: child.line for child in parent.children}
    rewrite = Rewrite(
        {lines[name]: wording for name, wording in reworded.items()},
        frozenset({lines[obsolete]} if obsolete else ()),
        Plan(added, parent.children[-1].ordered),
    )
    return apply(text, rewrite_branch(outline, parent, rewrite, lambda: "NEWID"))


def test_a_title():
    assert rewritten(TEXT, Wire=Wording("Call it  ^x")) == TEXT.replace("Wire the API", r"Call it \^x")


def test_a_description_and_an_acceptance():
    assert rewritten(TEXT, Wire=Wording(description="Use the new one.\n\n- fast", acceptance="two of:\n- a\n- b")) == (
        TEXT.replace("Use the old one.", "Use the new one.\n\n     - fast").replace(
            "Accept: it answers", "Accept:\n     * two of:\n       - a\n       - b"
        )
    )


def test_words_for_a_task_that_had_none():
    assert rewritten(TEXT, Style=Wording(description="Blue.", acceptance="it is blue")) == TEXT.replace(
        "[reason:: no colours]\n", "[reason:: no colours]\n     Blue.\n\n     Accept: it is blue\n"
    )


def test_obsolete_is_a_mark_and_what_was_done_stays_done():
    assert rewritten(TEXT, obsolete="Wire") == TEXT.replace("2. [ ]", "2. [-]").replace("- [ ] Read", "- [-] Read")


def test_all_in_one():
    text = rewritten(TEXT, (PlannedTask("Test it", "All of it."),), "Wire", Style=Wording("Colour it"))
    assert text == TEXT.replace("2. [ ]", "2. [-]").replace("- [ ] Read", "- [-] Read").replace(
        "Style it  [reason:: no colours]\n", "Colour it  [reason:: no colours]\n  4. [ ] Test it\n     All of it.\n"
    )


def test_a_parent_without_an_id_gets_one():
    text = TEXT.replace("  ^b7c2d", "")
    assert rewritten(text, obsolete="Style") == TEXT.replace("^b7c2d", "^NEWID").replace("[!]", "[-]")
    assert rewritten(text, (PlannedTask("Test it"),)).count("^NEWID") == 1


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_same_again_is_no_edit(newline):
    text = TEXT.replace("\n", newline)
    same = Wording("Wire the API", "Use the old one.", "it answers")
    assert rewritten(text, Wire=same) == text
    assert rewritten(text) == text


def test_settled_tasks_are_refused():
    with pytest.raises(EditRefusedError, match="is completed"):
        rewritten(TEXT, Draw=Wording("Draw all of it"))


def test_what_cannot_be_told_apart_is_refused():
    with pytest.raises(EditRefusedError, match="text of it stands behind its subtasks"):
        rewritten(
            TEXT.replace("     - [x] Ask for a key\n", "     - [x] Ask for a key\n\n     More.\n"),
            Wire=Wording(description="x"),
        )
    with pytest.raises(EditRefusedError, match="between the words"):
        rewritten(TEXT.replace("Wire the API", "Wire [mode:: auto] the API"), Wire=Wording("Call it"))


PIECES = [
    "word",
    "- [ ] x",
    "- [x] y",
    "<!--",
    "```",
    "> Result: z",
    "Accept: q",
    "# h",
    "[mode:: auto]",
    "^a1b2c",
    "\n",
    "\n\n",
    "  ",
    "1. a",
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join)


@given(HOSTILE, HOSTILE, HOSTILE, st.booleans())
def test_a_rewrite_changes_only_its_tasks(title, description, acceptance, obsolete):
    wording = Wording(title or None, description or None, acceptance or None)
    try:
        after = rewritten(TEXT, (PlannedTask("Test it", description),), "Style" if obsolete else "", Wire=wording)
    except EditRefusedError:
        return
    before, now = parse(TEXT), parse(after)
    assert [task.mark for task in now.tasks() if task.title != "Test it"] == [
        "-" if obsolete and task.title == "Style it" else task.mark for task in before.tasks()
    ]
    assert len(list(now.tasks())) == len(list(before.tasks())) + 1
    untouched = {"Build the page", "Draw it", "Read the manual", "Ask for a key", "Style it", "Tell the press"}
    said = {task.title: (task.description, task.result, dict(task.fields), task.task_id) for task in now.tasks()}
    for task in before.tasks():
        if task.title in untouched and title.strip() not in untouched:
            assert said[task.title] == (task.description, task.result, dict(task.fields), task.task_id)
