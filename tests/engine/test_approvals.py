"""Questions about tools, as values."""

import json
from pathlib import Path

import pytest

from orchestrator.config import Settings
from orchestrator.engine import approvals
from orchestrator.engine.approvals import COMMAND, EDIT, Leave, choices, command_detail, decide, edit_detail, standing
from orchestrator.engine.edit_proposal import FileChange, proposal_of

OUTLINES = ("*.tasks.md", "tasks.md")
PROPOSAL = proposal_of([FileChange("src/a.py", "x\n", "y\n")])
EDITING = edit_detail(PROPOSAL, OUTLINES)
RUNNING = command_detail(("pytest", "-q"), Path("/usr/bin/pytest"), Path("/ws"), "to\u202e see")


def test_a_question_is_json_that_shows_everything():
    assert json.loads(json.dumps(EDITING)) == EDITING
    assert "-x\n+y" in EDITING["diff"]
    assert EDITING["fingerprint"] == PROPOSAL.fingerprint
    assert RUNNING["shown"] == "pytest -q"
    assert RUNNING["program"] == "/usr/bin/pytest"
    assert RUNNING["purpose"] == "to<U+202E> see"
    assert RUNNING["note"] == "It may execute code of this folder."
    assert RUNNING["scope"] == "run exactly `pytest -q` again in this run"


def test_leave_for_this_run_covers_the_same_again():
    given = [(EDIT, EDITING, Leave.RUN), (COMMAND, RUNNING, Leave.RUN)]
    said = standing(Settings(), trusted=False, given=given)
    other = edit_detail(proposal_of([FileChange("src/b.py", None, "z\n")]), OUTLINES)
    outside = edit_detail(proposal_of([FileChange("b.py", None, "z\n")]), OUTLINES)
    assert decide(EDIT, other, said).allowed
    assert not decide(EDIT, outside, said).allowed
    assert decide(COMMAND, RUNNING, said).allowed
    assert not decide(COMMAND, {**RUNNING, "argv": ["pytest", "-q", "-x"]}, said).allowed


def test_a_question_reads_like_one():
    assert approvals.readable(COMMAND, {**RUNNING, "why": "new"}).split("\n") == [
        "$ pytest -q",
        "/usr/bin/pytest, in /ws. It may execute code of this folder.",
        "What for, as the model says: to<U+202E> see",
        "Asked because: new.",
        "“Allow for this run” would be leave to run exactly `pytest -q` again in this run.",
    ]
    assert approvals.readable(EDIT, EDITING).startswith("change src/a.py\n--- src/a.py")
    assert approvals.readable("question", {"choices": []}) == ""


def test_a_window_is_sent_what_is_read_and_no_whole_files():
    sent = approvals.for_window(EDIT, EDITING)
    assert "changes" not in sent
    assert sent["text"].startswith("change src/a.py")
    assert sent["fingerprint"] == PROPOSAL.fingerprint
    assert approvals.for_window("question", {"choices": ["a"]}) == {"choices": ["a"]}


def test_a_sensitive_edit_is_never_offered_for_a_whole_run():
    sensitive = edit_detail(proposal_of([FileChange("Makefile", None, "x")]), OUTLINES)
    assert choices(EDITING) == ("Refuse", "Allow", "Allow for this run")
    assert choices(sensitive) == ("Refuse", "Allow")


def test_leave_for_once_and_refusals_cover_nothing():
    given = [(EDIT, EDITING, Leave.ONCE), (COMMAND, RUNNING, Leave.REFUSE), ("other", {}, Leave.RUN)]
    said = standing(Settings(), trusted=True, given=given)
    assert not decide(EDIT, EDITING, said).allowed
    assert not decide(COMMAND, RUNNING, said).allowed
    assert not decide("other", {}, said).allowed


def test_the_words_of_a_question_decide_nothing():
    said = standing(
        Settings.model_validate({"tools": {"edits": "allow", "commands": ["pytest"]}}), trusted=True, yes=True
    )
    lying = edit_detail(proposal_of([FileChange(".git/hooks/pre-commit", None, "x")]), OUTLINES)
    assert not decide(EDIT, {**lying, "diff": "harmless", "scope": "src/", "why": "allowed"}, said).allowed
    assert not decide(COMMAND, {**RUNNING, "argv": ["rm", "-rf", "x"], "shown": "pytest -q"}, said).allowed
    assert decide(COMMAND, RUNNING, said).allowed


def test_settings_that_are_no_commands_allow_nothing():
    said = standing(
        Settings.model_validate({"tools": {"commands": ["sh", "pytest | tee", "", "a && b"]}}), trusted=True
    )
    assert said.commands == ()


def test_the_users_outline_names_count():
    settings = Settings.model_validate({"outline": {"globs": ["*.plan"]}, "tools": {"edits": "allow"}})
    said = standing(settings, trusted=True)
    detail = edit_detail(proposal_of([FileChange("week.plan", None, "x")]), approvals.outline_names(settings))
    assert not decide(EDIT, detail, said).allowed
    assert detail["scope"] == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "---\norchestrator: 1\n---\n"), ("---\norchestrator: 1\n---\n- [ ] a\n", "- [ ] a\n"), ("x\n", None)],
)
def test_a_file_that_says_it_is_an_outline_is_one(before, after):
    """Whatever its name is: it says what runs, so it is asked about every time."""
    detail = edit_detail(proposal_of([FileChange("docs/notes.md", before, after)]), OUTLINES)
    is_outline = "orchestrator" in f"{before}{after}"
    generous = Settings.model_validate({"tools": {"edits": "allow"}})
    said = standing(generous, trusted=True, yes=True, given=[(EDIT, edit_detail(PROPOSAL, OUTLINES), Leave.RUN)])
    assert decide(EDIT, json.loads(json.dumps(detail)), said).allowed == (not is_outline)
    assert (detail["scope"] == "") == is_outline
    assert ("[an outline, which says what runs]" in detail["diff"]) == is_outline
