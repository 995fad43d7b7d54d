"""The template language of prompts, and what is wrong with a prompt file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.prompting import MAX_CHARACTERS, load_prompt, name_fault, read_prompt
from orchestrator.engine.templates import Part, Value, read_template

VALUES = {"a": "A", "b": "", "c": "{{a}}"}


def rendered(text):
    template, faults = read_template(text, 0, len(text))
    assert faults == []
    return template.render(VALUES)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x {{a}} {{ a }}", "x A A"),
        ("{{#a}}yes{{/a}}{{#b}}no{{/b}}", "yes"),
        ("{{^a}}no{{/a}}{{^b}}none{{/b}}", "none"),
        ("1\n{{#a}}\n2 {{a}}\n{{/a}}\n3", "1\n2 A\n3"),
        ("1\n  {{#b}}  \n2\n  {{/b}}\n3", "1\n3"),
        ("{{#a}}{{#b}}x{{/b}}y{{/a}}", "y"),
        ("{{c}}", "{{a}}"),
        (r"\{{a}} {a} }}", "{{a}} {a} }}"),
        ("", ""),
    ],
)
def test_templates_render(text, shown):
    assert rendered(text) == shown


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("x {{a y", "prompt-tag", "{{a y"),
        ("x {{a\n}} y", "prompt-tag", "{{a"),
        ("x {{a b}} y", "prompt-tag", "{{a b}}"),
        ("{{> file}}", "prompt-tag", "{{> file}}"),
        ("{{{a}}}", "prompt-tag", "{{{a}}}"),
        ("{{}}", "prompt-tag", "{{}}"),
        ("{{a.b}}", "prompt-tag", "{{a.b}}"),
        ("{{#a}}x", "prompt-part", "{{#a}}"),
        ("x{{/a}}", "prompt-part", "{{/a}}"),
        ("{{#a}}{{/b}}{{/a}}", "prompt-part", "{{/b}}"),
    ],
)
def test_what_is_wrong_is_marked(text, code, marked):
    _, faults = read_template(text, 0, len(text))
    assert [(fault.code, text[fault.start : fault.end]) for fault in faults] == [(code, marked)]


def test_nesting_is_bounded():
    text = "{{#a}}" * 1000
    template, faults = read_template(text, 0, len(text))
    assert len(faults) == 1000
    assert template.render({"a": "1"}) == ""
    assert sum(isinstance(use, Part) for use in template.uses()) == 20


@given(st.text(alphabet="{}#^/ab \n\\>", max_size=60))
def test_templates_are_total(text):
    template, faults = read_template(text, 0, len(text))
    names = {use.name for use in template.uses()}
    assert all(isinstance(use, Value | Part) for use in template.uses())
    assert isinstance(template.render(dict.fromkeys(names, "v")), str)
    assert all(0 <= fault.start <= fault.end <= len(text) for fault in faults)
    if "{{" not in text:
        assert template.render({}) == text


PLAN = load_prompt("plan").text


def faults_of(text, name="plan"):
    return [(fault.code, fault.severity, text[fault.start : fault.end]) for fault in read_prompt(text, name).faults]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{{examples}}", "{{exmaples}}", ("prompt-parameter", "error", "{{exmaples}}")),
        ("  examples:\n", "  weather:\n", ("prompt-parameter", "error", "weather")),
        ("type: integer", "type: number", ("prompt-type", "error", "number")),
        ("type: integer", "type: text", ("prompt-type", "error", "text")),
        ("{{examples}}", "", ("prompt-unused-parameter", "warning", "examples")),
        ("role: plan", "role: execute", ("prompt-role", "error", "execute")),
        ("role: plan", "role: poet", ("prompt-role", "error", "poet")),
        ("name: plan", "name: other", ("prompt-name", "error", "other")),
        ("name: plan", "name: ../plan", ("prompt-name", "error", "../plan")),
        ("# User", "# Someone", ("prompt-headings", "error", None)),
        ("role: plan", "role: plan\nmodel: strong", ("prompt-setting", "warning", "model")),
        ("name: plan", "name: [", ("prompt-front-matter", "error", None)),
        ("name: plan", "name: &a plan\nx: *a", ("prompt-front-matter", "error", None)),
        ("name: plan", "name: !!python/object:os.system plan", ("prompt-front-matter", "error", None)),
        ("{{context}}", "{{context", ("prompt-tag", "error", "{{context")),
    ],
)
def test_faults_of_a_prompt_file(old, new, fault):
    found = faults_of(PLAN.replace(old, new, 1))
    code, severity, marked = fault
    assert any(one[:2] == (code, severity) and marked in {None, one[2]} for one in found), found


def test_a_prompt_may_leave_a_parameter_out():
    text = PLAN.replace("  examples:\n    type: text\n    about: Plans of tasks that resemble it\n", "")
    text = text.replace("{{examples}}", "(none)")
    reading = read_prompt(text, "plan")
    assert reading.faults == ()
    assert reading.prompt is not None
    system, user = reading.prompt.render(context="CONTEXT", max_children="7", examples="EXAMPLES")
    assert "CONTEXT" in user
    assert "EXAMPLES" not in system + user


def test_a_huge_prompt_is_refused_at_once():
    (fault,) = read_prompt("{{" * MAX_CHARACTERS, "plan").faults
    assert fault.code == "prompt-too-large"


@pytest.mark.parametrize("name", ["", "a/b", "..", "A", "a b", "con", "com1", "tasks", "a--b", "-a", "a" * 41, "ä"])
def test_hostile_names_are_refused(name):
    assert name_fault(name)


@given(st.text(max_size=80), st.sampled_from([0, 4, 10, 30, 200, 400, 900]))
def test_prompt_files_are_total(piece, place):
    text = PLAN[:place] + piece + PLAN[place:]
    reading = read_prompt(text, "plan")
    assert (reading.prompt is None) == bool(reading.errors)
    assert all(0 <= fault.start <= fault.end <= len(text) for fault in reading.faults)
