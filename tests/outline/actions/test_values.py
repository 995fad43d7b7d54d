from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import EditRefusedError
from orchestrator.outline.actions import set_value
from orchestrator.outline.edits import apply
from orchestrator.outline.inherited import value
from orchestrator.outline.parse import parse
from tests.outline.checks import check_action, check_refused
from tests.outline.strategies import outlines


def test_a_field_stands_behind_the_title_and_before_the_id():
    check_action("set", "- [ ] $0a  ^k3f9x  \n", "- [ ] a  [mode:: auto]  ^k3f9x  \n", "mode", "auto")
    check_action("set", "- [ ] $0a `x` \t\r\n", "- [ ] a `x`  [mode:: auto] \t\r\n", "mode", "auto")
    check_action("set", "- [ ]$0", "- [ ]  [mode:: auto]", "mode", "auto")
    check_action("set", "- [ ] $0a [own:: 1]", "- [ ] a [own:: 1]  [model:: strong]", "model", "strong")


def test_a_field_that_is_there_is_changed_in_its_place():
    check_action("set", "- [ ] $0a [mode::auto] b", "- [ ] a [mode::interactive] b", "mode", "interactive")
    check_action("set", "- [ ] $0a [mode:: x] [k:: v]", "- [ ] a [mode:: auto] [k:: v]", "mode", "auto")


def test_what_is_inherited_is_not_written():
    check_action("set", "- [ ] a  [mode:: auto]\n  - [ ] $0b\n", "- [ ] a  [mode:: auto]\n  - [ ] b\n", "mode", "auto")
    check_action(
        "set",
        "- [ ] a  [mode:: auto]\n  - [ ] $0b  [mode:: interactive]  ^x1\n",
        "- [ ] a  [mode:: auto]\n  - [ ] b  ^x1\n",
        "mode",
        "auto",
    )
    check_action("set", "# H [model:: m]\n- [ ] $0b [model:: n] x\n", "# H [model:: m]\n- [ ] b x\n", "model", "m")
    check_action(
        "set",
        "---\ndefaults: {priority: high}\n---\n- [ ] $0b  [priority:: low]\n",
        "---\ndefaults: {priority: high}\n---\n- [ ] b\n",
        "priority",
        "high",
    )


def test_of_several_the_outer_one_says_it():
    check_action(
        "set",
        "- [ ] $<a\n  - [ ] b  [mode:: interactive]\n- [ ] $>c\n",
        "- [ ] a  [mode:: auto]\n  - [ ] b\n- [ ] c  [mode:: auto]\n",
        "mode",
        "auto",
    )


def test_a_field_goes_with_all_its_copies():
    check_action("set", "- [ ] $0a [mode:: auto] b  [mode:: x]  ^k3f9x", "- [ ] a b  ^k3f9x", "mode", None)
    check_action("set", "- [ ] $0[mode:: auto]b", "- [ ] b", "mode", None)


def test_bad_values_are_refused():
    check_refused("set", "- [ ] $0a", "is no mode", "mode", "wild")
    check_refused("set", "- [ ] $0a", "names have no blanks", "model", "a b")
    check_refused("set", "- [ ] $0a", "no value", "reason", "a\nb")
    check_refused("set", "---\norchestrator: 2\n---\n- [ ] $0a", "newer version", "mode", "auto")


@given(outlines(), st.data())
def test_the_value_holds_afterwards(source: str, data: st.DataObject):
    outline = parse(source)
    tasks = list(outline.tasks())
    if not tasks:
        return
    chosen = data.draw(st.lists(st.sampled_from(range(len(tasks))), min_size=1, unique=True))
    wanted = data.draw(st.sampled_from(["auto", "interactive"]))
    try:
        edits = set_value(outline, [tasks[index] for index in chosen], "mode", wanted)
    except EditRefusedError:
        return
    after = parse(apply(source, edits))
    found = list(after.tasks())
    assert all(value(after, found[index], "mode") == wanted for index in chosen)
