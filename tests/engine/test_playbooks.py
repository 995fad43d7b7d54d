"""Reading playbooks and finding the near ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.playbooks import LAST_RESORT, Library, read_playbook, shipped
from orchestrator.errors import ConfigError
from orchestrator.providers.embedding import Embedder
from tests.support.laws import examples

LIBRARY = Library(shipped(), Embedder())


def nearest(title: str, description: str = "") -> str:
    return LIBRARY.nearest(title, description, 1)[0].playbook.title


def test_shipped_playbooks_can_be_read():
    general = [playbook for playbook in shipped() if playbook.general]
    assert len(shipped()) - len(general) >= 40
    assert len(general) >= 10
    assert LAST_RESORT in {playbook.title for playbook in general}
    for playbook in shipped():
        assert 3 <= len(playbook.steps) <= 8
        assert len({step.title for step in playbook.steps}) == len(playbook.steps)


@settings(max_examples=examples(40), deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_something_always_answers(title, description):
    matches = LIBRARY.nearest(title, description, 4)
    assert matches
    assert len({match.playbook.title for match in matches}) == len(matches)


@pytest.mark.parametrize(
    ("title", "playbook"),
    [
        ("Build the sign-up page", "Build a login page"),
        ("Hire a new colleague for the kitchen", "Hire a new colleague"),
        ("Prepare the annual report", "Write a report for decision makers"),
        ("Replicate the results of the paper", "Reproduce a published result"),
        ("Build a mobile app for bird watchers", "Build the first version of a mobile app"),
    ],
)
def test_what_is_near_in_meaning_is_found(title, playbook):
    assert nearest(title) == playbook


@pytest.mark.parametrize(
    ("title", "playbook"),
    [
        ("Sell the old piano", "Sell or give away something"),
        ("Repair the garden fence", "Repair something that is broken"),
        ("Set up the home network", "Set up a tool or service"),
        ("Find out why sales dropped", "Find out about something"),
        ("Find a flat in Leipzig", "Choose and buy something"),
        ("Teach my daughter to ride a bike", "Teach somebody something"),
        ("Put the old letters in order", "Put something in order"),
        ("Survive the exam season", LAST_RESORT),
        ("Zxqw vbnm", LAST_RESORT),
        ("", LAST_RESORT),
    ],
)
def test_where_nothing_special_fits_the_verb_decides(title, playbook):
    assert nearest(title) == playbook


def test_the_same_verb_means_another_thing_in_software():
    assert nearest("Add dark mode to the app") == "Add a feature to a program"
    assert nearest("Introduce the new dress code") == "Bring in something new"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Just a heading\n",
        "- [ ] No front matter\n  - [ ] Step\n",
        "---\nplaybook: {domain: home}\n---\n- [ ] No steps\n",
        "---\nplaybook: {domain: home}\n---\n- [ ] One\n  - [ ] a\n- [ ] Two\n  - [ ] b\n",
    ],
)
def test_what_is_no_playbook_says_so(text):
    with pytest.raises(ConfigError, match=r"mine\.tasks\.md is not a playbook"):
        read_playbook(text, "mine.tasks.md")
