"""Fitting a step's words to a task: what may change, and that nothing else can."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.playbooks import Playbook, shipped
from orchestrator.engine.wording import MAX_CHOICES, Wording, settled, subject_of, wording_of
from orchestrator.model.task import PlannedTask

SUBJECTS = ("", "the old car", "our office", "dark mode", "the café's website")


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Sell an old car", "the old car"),
        ("Build the sign-up page", "the sign-up page"),
        ("Move our office to the new building", "our office"),
        ("Set up monitoring for our servers", "monitoring"),
        ("Put together a photo album", "the photo album"),
        ("Make the shed safe", "the shed"),
        ("Make a birthday cake", "the birthday cake"),
        ("Plan a two-week trip to Japan", "the two-week trip"),
        ("Migrate from MySQL to PostgreSQL", ""),
        ("Learn to swim", ""),
        ("Start selling honey", ""),
        ("Investigate why it crashes", ""),
        ("Fix `parse(x)` and **others**", ""),
        ("Buy", ""),
        ("", ""),
    ],
)
def test_subject_of_a_task(title, subject):
    assert subject_of(title) == subject


@given(st.text(max_size=80))
def test_a_subject_is_made_of_words_of_the_title(title):
    words = {word.lower() for word in title.strip().rstrip(".!").split()} | {"the"}
    assert {word.lower() for word in subject_of(title).split()} <= words


def special(title: str, step: str, sentence: str = "Do it.") -> tuple[PlannedTask, Playbook]:
    planned = PlannedTask(step, sentence)
    return planned, Playbook(title, "", "home", True, frozenset(), "", (planned,))


def test_the_subject_may_take_the_place_of_the_playbooks_own():
    step, playbook = special("Write an article", "Deliver the article", "Send the article, not the article's draft.")
    wording = wording_of(step, playbook, "the blog post")
    assert ("Deliver the blog post", "Send the blog post, not the article's draft.") in set(wording.every())
    assert wording.plain() == ("Deliver the article", "Send the article, not the article's draft.")


def test_a_title_that_is_open_may_name_the_subject():
    step, playbook = special("Write an article", "Make an outline")
    titles = {title for title, _ in wording_of(step, playbook, "the blog post").every()}
    assert titles == {"Make an outline", "Make an outline of the blog post"}


def test_without_a_subject_nothing_of_a_special_playbook_changes():
    step, playbook = special("Write an article", "Deliver the article")
    assert not wording_of(step, playbook, "").open


def test_a_general_playbook_names_the_subject_in_titles():
    planned = PlannedTask("Offer the thing", "Show the thing where buyers look. The thing is yours.")
    playbook = Playbook("Sell something", "", "home", True, frozenset({"sell"}), "", (planned,))
    wording = wording_of(planned, playbook, "the old car")
    assert {title for title, _ in wording.every()} == {"Offer the old car"}
    assert "Show it where buyers look. The old car is yours." in {sentence for _, sentence in wording.every()}
    assert wording_of(planned, playbook, "").plain() == ("Offer it", "Show it where buyers look. It is yours.")
    assert settled("The thing is sold", playbook, "the old car") == "The old car is sold"


wordings = st.builds(
    Wording,
    *2
    * [st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=3).map(tuple), min_size=1, max_size=4).map(tuple)],
)


@given(wordings)
def test_read_reads_back_every_wording(wording):
    for title, sentence in wording.every():
        read = wording.read(f"**{title}**: {sentence}")
        assert read is not None
        assert "**: ".join(read) == f"{title}**: {sentence}"


@given(st.text(max_size=60))
def test_read_refuses_everything_else(answer):
    step, playbook = special("Write an article", "Make an outline")
    wording = wording_of(step, playbook, "the blog post")
    allowed = {f"**{title}**: {sentence}" for title, sentence in wording.every()}
    assert (wording.read(answer) is not None) == (answer in allowed)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_shipped_step_has_few_and_sound_wordings(subject):
    for playbook in shipped():
        for step in playbook.steps:
            wording = wording_of(step, playbook, subject)
            assert sum(len(segment) > 1 for segment in (*wording.title, *wording.sentence)) <= 2 * MAX_CHOICES
            for title, sentence in wording.every():
                assert title[0].isupper()
                assert sentence[0].isupper()
                assert len(title) < 80
                assert "  " not in title + sentence
                assert not playbook.general or "the thing" not in f"{title} {sentence}".lower()


def test_the_grammar_quotes_what_it_allows():
    wording = Wording((('Say "hi"\\',),), (("a\nb", "c"),))
    rule = wording.grammar()
    assert rule.startswith("root ::= ")
    assert [json.loads(quoted) for quoted in re.findall(r'"(?:[^"\\]|\\.)*"', rule)] == [
        "**",
        'Say "hi"\\',
        "**: ",
        "a\nb",
        "c",
    ]
