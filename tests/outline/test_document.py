"""Outlines as values: what stands in a text, and texts that are written from values."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrator.errors import EditRefusedError
from orchestrator.model.portable import PortableOutline, PortableSection, PortableTask
from orchestrator.outline.document import document
from orchestrator.outline.model_text import clean_title
from orchestrator.outline.parse import parse
from orchestrator.outline.portable import portable
from tests.outline.checks import text
from tests.outline.strategies import body, documents, inline, outlines
from tests.support.laws import examples

hostile = settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))

SOURCE = text("""
    ---
    orchestrator: 1
    ---
    # Ship login  [priority:: high]

    Why we do it.

    - [ ] Build the login page  [mode:: auto]  [dependsOn:: q4w5e]  ^b7c2d
      Free Markdown.

      Accept: a wrong password shows an error
      1. [x] Write the form  ^k3f9x
         > Result: three fields
      2. [!] Wire the API  [reason:: 401 \\[sic\\]]
    * [-] The old idea

    ### Later

    1. [ ] Translate it
    1) [ ] Print it
    """)


def test_an_outline_as_people_write_it_is_written_as_it_was():
    assert document(portable(parse(SOURCE))) == SOURCE


@hostile
@given(outlines() | documents)
@example("# a #\n## b ##\n- [ ] c")
@example("---\n\ntext\n- [ ] a\n- b")
def test_portable_outlines_are_read_back(source: str):
    """What a document says is written down so that it says it again, and the form is stable."""
    said = portable(parse(source))
    once = document(said)
    read = portable(parse(once))
    assert document(read) == once
    assert [skeleton(task) for task in read.tasks] == [skeleton(task) for task in said.tasks]
    assert list(map(headings, read.sections)) == list(map(headings, said.sections))


def skeleton(task: PortableTask):
    fields = tuple((key, clean_title(value)) for key, value in task.fields)
    return clean_title(task.title), task.mark, task.task_id, fields, task.ordered, tuple(map(skeleton, task.children))


def headings(section: PortableSection):
    below = tuple(map(headings, section.sections))
    return clean_title(section.title), section.level, tuple(map(skeleton, section.tasks)), below


foreign_tasks = st.recursive(
    st.builds(
        PortableTask,
        title=inline,
        mark=st.sampled_from([" ", "x", "-", "!", "~"]),
        task_id=st.sampled_from([None, "a1"]),
        fields=st.lists(st.tuples(st.sampled_from(["mode", "k-1"]), inline), max_size=2).map(tuple),
        description=st.just("") | body,
        acceptance=st.just("") | inline | body,
        result=st.just("") | inline,
        ordered=st.booleans(),
        new_list=st.booleans(),
    ),
    lambda below: st.builds(
        PortableTask, title=inline, ordered=st.booleans(), children=st.lists(below, max_size=3).map(tuple)
    ),
    max_leaves=5,
)
foreign = st.builds(
    PortableOutline,
    front_matter=st.sampled_from([None, "orchestrator: 1"]),
    text=st.just("") | body,
    tasks=st.lists(foreign_tasks, max_size=3).map(tuple),
    sections=st.lists(st.builds(PortableSection, title=inline, level=st.just(2), text=body), max_size=2).map(tuple),
)


@hostile
@given(foreign)
def test_foreign_text_is_only_text(given: PortableOutline):
    """Whatever another program's texts hold, they are no tasks, ids, fields or headings in the outline."""
    read = portable(parse(document(given)))
    wanted = [skeleton(task)[:-1] for task in given.walk()]
    assert [skeleton(task)[:-1] for task in read.walk()] == [(*row[:3], unique(row[3]), row[4]) for row in wanted]
    assert [section.title for section in read.sections] == [clean_title(section.title) for section in given.sections]


def unique(fields):
    return tuple(dict(reversed(fields)).items())[::-1]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (PortableOutline(tasks=(PortableTask("a", mark="ab"),)), "its mark"),
        (PortableOutline(tasks=(PortableTask("a", mark="\u202e"),)), "its mark"),
        (PortableOutline(tasks=(PortableTask("a", children=(PortableTask("b", task_id="x y"),)),)), "a / b.*its id"),
        (PortableOutline(tasks=(PortableTask("a", fields=(("no key", ""),)),)), "its field “no key”"),
        (PortableOutline(sections=(PortableSection("s", 7),)), "its level is 7"),
        (PortableOutline(sections=(PortableSection("s", 2, sections=(PortableSection("t", 2),)),)), "s / t"),
        (PortableOutline(front_matter="a: 1\n---\nb"), "front matter"),
    ],
)
def test_values_that_have_no_form_are_named(given: PortableOutline, what: str):
    with pytest.raises(EditRefusedError, match=what):
        document(given)


def test_a_task_that_stands_too_deep_is_named():
    task = PortableTask("deepest")
    for _ in range(95):
        task = PortableTask("a", children=(task,))
    with pytest.raises(EditRefusedError, match="too deep"):
        document(PortableOutline(tasks=(task,)))
