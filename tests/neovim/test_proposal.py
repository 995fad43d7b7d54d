"""The proposal in an edit buffer: out and in again unchanged, changed by the person, refused with the line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.neovim.conftest import FakeServed
from tests.support.laws import examples
from tests.support.neovim import Neovim, init_file

CHILDREN = [
    {
        "title": "Write the form",
        "description": "Two fields.\n\n- a list\n- of two",
        "acceptance": "a wrong password shows an error",
        "ordered": True,
        "children": [{"title": "Draw it"}, {"title": "Build it", "dependsOn": [0]}],
    },
    {"title": "Wire the API", "dependsOn": [0]},
]
SHOWN = [
    "- [ ] Write the form",
    "  Two fields.",
    "",
    "  - a list",
    "  - of two",
    "",
    "  Accept: a wrong password shows an error",
    "  1. [ ] Draw it",
    "  2. [ ] Build it  [dependsOn:: 1]",
    "- [ ] Wire the API  [dependsOn:: 1]",
]


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neovim]:
    folder = tmp_path_factory.mktemp("proposal")
    with Neovim(folder / "home", [], init=init_file(folder)) as editor:
        yield editor


WORDS = st.lists(
    st.sampled_from(
        [
            "word",
            "[dependsOn:: 1]",
            "[mode:: auto]",
            "- [ ] x",
            "1. [x] y",
            "\\[",
            "[",
            "Größe",
            "漢字",
            "🚀",
            "* [ ]",
            "#",
            "^id",
        ]
    ),
    min_size=1,
    max_size=5,
).map(" ".join)
BODIES = st.lists(WORDS, max_size=4).map("\n".join)


def tasks(depth: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    children = tasks(depth - 1) if depth else st.just([])
    task = st.fixed_dictionaries(
        {
            "title": WORDS,
            "description": BODIES,
            "acceptance": BODIES,
            "ordered": st.booleans(),
            "children": children,
            "dependsOn": st.just([]),
            "mode": st.sampled_from(["", "interactive", "auto"]),
            "executor": st.sampled_from(["", "code"]),
        }
    )
    return st.lists(task, max_size=3).map(linked)


def linked(siblings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last depends on the first; whether a task without children is ordered is nobody's concern."""
    for task in siblings:
        task["ordered"] = task["ordered"] and bool(task["children"])
    if len(siblings) > 1:
        siblings[-1] = {**siblings[-1], "dependsOn": [0]}
    return siblings


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(children=tasks(2).filter(bool), ordered=st.booleans())
def test_proposal_survives_the_edit_buffer(editor: Neovim, children: list[dict[str, Any]], ordered: bool) -> None:
    parsed = editor.lua(
        """
        local proposal = require('orchestrator.proposal')
        local children, ordered = proposal.parse(proposal.lines(...))
        return { children or vim.NIL, ordered }
        """,
        children,
        ordered,
    )
    assert parsed == [children, ordered]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["text"], 'Line 1: text must stand below a task, as in "- [ ] title".'),
        (["- [ ] a", "- [ ] "], "Line 2: a task needs a title."),
        (["- [ ] a  [dependsOn:: 1]"], "Line 1: dependsOn takes numbers of tasks above it in the same list."),
        (
            ["- [ ] a", "- [ ] b  [dependsOn:: 2]"],
            "Line 2: dependsOn takes numbers of tasks above it in the same list.",
        ),
        (["", ""], "No task is left: :Orchestrator discard drops the proposal."),
    ],
)
def test_a_bad_outline_names_the_line(editor: Neovim, lines: list[str], problem: str) -> None:
    ask = "local children, problem = require('orchestrator.proposal').parse(...) return { children == nil, problem }"
    assert editor.lua(ask, lines) == [True, problem]


def open_proposal(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("ready", children=CHILDREN)
    fake.keys(":Orchestrator edit<CR>")
    fake.wait("the edit buffer", lambda: fake.lua("return vim.bo.buftype") == "acwrite")


def test_the_proposal_is_shown_as_an_outline(fake: FakeServed) -> None:
    open_proposal(fake)
    assert fake.lines() == SHOWN
    assert not fake.lua("return vim.bo.modified")
    assert any('Proposal for "Build the login page": :w keeps' in row for row in fake.screen())
    fake.keys("u")
    assert fake.lines() == SHOWN
    fake.keys(":Orchestrator edit<CR>")
    fake.wait("the same window", lambda: fake.lua("return #vim.api.nvim_list_wins()") == 2)


def test_writing_sends_what_was_changed(fake: FakeServed) -> None:
    open_proposal(fake)
    fake.keys("Gdd:w<CR>")
    fake.wait("split/edit", lambda: fake.sent("orchestrator/split/edit"))
    sent = fake.sent("orchestrator/split/edit")[0]
    assert (sent["runId"], sent["ordered"], [child["title"] for child in sent["children"]]) == (
        "r1",
        False,
        ["Write the form"],
    )
    assert sent["children"][0]["description"] == "Two fields.\n\n- a list\n- of two"
    assert not fake.lua("return vim.bo.modified")
    fake.keys(":Orchestrator accept<CR>")
    fake.wait("split/accept", lambda: fake.sent("orchestrator/split/accept"))


def test_what_is_refused_stays_modified(fake: FakeServed) -> None:
    open_proposal(fake)
    fake.keys("ggOtext<Esc>:w<CR>")
    fake.wait_for_message("Line 1: text must stand below a task")
    assert fake.lua("return vim.bo.modified")
    assert fake.sent("orchestrator/split/edit") == []
    fake.refuse("orchestrator/split/edit", "The split has ended.")
    fake.keys("ggdd:w<CR>")
    fake.wait_for_message("The split has ended.")
    assert fake.lua("return vim.bo.modified")


def test_a_proposal_that_is_not_complete_cannot_be_edited(fake: FakeServed) -> None:
    fake.start_split()
    fake.preview("planning", children=CHILDREN)
    fake.keys(":Orchestrator edit<CR>")
    fake.wait_for_message("The proposal is not complete yet.")


@pytest.mark.parametrize("state", ["applied", "discarded", "cancelled", "failed"])
def test_the_end_of_the_split_closes_the_proposal(fake: FakeServed, state: str) -> None:
    open_proposal(fake)
    fake.preview(state, seq=2, message="why")
    assert fake.lua("return { #vim.api.nvim_list_wins(), vim.fn.bufnr() }") == [1, fake.outline]
    assert fake.lua("return vim.fn.bufnr('orchestrator://proposal/r1')") == -1


def test_the_proposal_gives_its_last_window_to_the_outline(fake: FakeServed) -> None:
    open_proposal(fake)
    fake.keys(":only<CR>")
    fake.wait("one window", lambda: fake.lua("return #vim.api.nvim_list_wins()") == 1)
    fake.preview("applied", seq=2)
    assert fake.lua("return { #vim.api.nvim_list_wins(), vim.fn.bufnr() }") == [1, fake.outline]
    assert fake.lua("return vim.fn.bufnr('orchestrator://proposal/r1')") == -1


def test_changes_that_are_not_written_are_not_lost_by_accepting(fake: FakeServed) -> None:
    open_proposal(fake)
    fake.keys("Gdd:Orchestrator accept<CR>")
    fake.wait_for_message("The edited proposal is not written: :w in its window, or :q! to drop your changes.")
    assert fake.sent("orchestrator/split/accept") == []


def test_writing_after_the_end_is_a_clear_message(fake: FakeServed) -> None:
    open_proposal(fake)
    # The server forgot it and said so, but the window could not be closed.
    fake.lua("local splits = require('orchestrator.splits'); splits.get('r1').proposal = nil")
    fake.preview("discarded", seq=2)
    fake.keys("Gdd:w<CR>")
    fake.wait_for_message("That split has ended: there is nothing left to change. :q! closes this window.")
    assert "Error" not in fake.messages()
    assert "BufWriteCmd" not in fake.messages()
    assert "stack traceback" not in fake.messages()
