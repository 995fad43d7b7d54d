import hashlib

import pytest

from orchestrator.engine.prompting import Parameter, Type, load_prompt, parse_prompt
from orchestrator.errors import ConfigError
from orchestrator.model.message import Role

TEXT = """---
name: greet
role: chat
parameters:
  who: A name
---
# System

Be kind to {{who}}.

# User

Hello {{ who }}, {{who}}!
"""


def test_prompt_parts_and_version():
    prompt = parse_prompt(TEXT)
    assert (prompt.name, prompt.role, prompt.parameters) == ("greet", Role.CHAT, {"who": Parameter("A name")})
    assert prompt.render(who="Ada") == ("Be kind to Ada.", "Hello Ada, Ada!")
    assert prompt.version == hashlib.sha256(TEXT.encode()).hexdigest()[:12]


def test_a_value_cannot_smuggle_in_a_parameter():
    assert parse_prompt(TEXT).render(who="{{who}}")[0] == "Be kind to {{who}}."


@pytest.mark.parametrize("values", [{}, {"who": "a", "more": "b"}, {"whom": "a"}])
def test_prompt_parameters(values):
    with pytest.raises(ConfigError, match="takes the parameters who"):
        parse_prompt(TEXT).render(**values)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("role: chat", "role: singer", "front matter"),
        ("  who: A name", "", "front matter"),
        ("{{ who }}", "{{ whom }}", "does not name: whom"),
        ("# User", "# Somebody", "“# System” and “# User”"),
        ("---\nname", "name", "front matter"),
        ("name: greet", "name: [", "front matter"),
    ],
)
def test_a_broken_prompt_is_refused(old, new, problem):
    with pytest.raises(ConfigError, match=problem):
        parse_prompt(TEXT.replace(old, new))


@pytest.mark.parametrize("name", ["decide", "plan", "repair"])
def test_shipped_prompts_render_with_their_parameters(name):
    prompt = load_prompt(name)
    assert prompt.name == name
    values = {key: "VALUE" if each.type is not Type.INTEGER else "7" for key, each in prompt.parameters.items()}
    system, user = prompt.render(**values)
    assert "{{" not in system + user
    assert "VALUE" in user
