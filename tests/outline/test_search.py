"""Fuzzy search over titles."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.contribution import contribution
from orchestrator.outline.parse import parse
from orchestrator.outline.search import MAX_QUERY, search
from tests.outline.checks import text

PLAN = text("""
    # Login
    - [ ] Build the login page  ^b7c2d
      - [x] Login
      - [ ] Log in twice
    - [-] The old login
    - [ ] Prelogin notes
    - [ ] Largest orange gnome
    - [ ] [Odd] (characters) .*+?  ^odd
""")


def check_search(query: str, *expected: str, limit: int = 200, source: str = PLAN) -> None:
    hits = search([("p", contribution(parse(source)))], query, limit)
    assert [hit.entry.title for hit in hits] == list(expected)


def test_ranks() -> None:
    check_search("login", "Login", "Login", "Build the login page", "The old login", "Prelogin notes", "Log in twice")
    check_search(
        "lOG",
        "Login",
        "Log in twice",
        "Login",
        "Build the login page",
        "The old login",
        "Prelogin notes",
        "Largest orange gnome",
    )


def test_ids() -> None:
    check_search("b7c2d", "Build the login page")
    check_search("^b7c2d", "Build the login page")
    check_search("^")


@pytest.mark.parametrize("query", [".*", "[Odd]", "(characters)", "+?"])
def test_what_means_something_in_a_pattern_means_itself(query: str) -> None:
    check_search(query, "[Odd] (characters) .*+?")


def test_an_empty_query_gives_the_first_ones() -> None:
    check_search("", "Login", "Build the login page", "Login", limit=3)
    check_search("  ", "Login", limit=1)
    check_search("x", source="")
    check_search("", source="")


def test_open_work_stands_before_settled() -> None:
    source = "- [x] Paint a\n- [ ] Paint the whole house\n- [ ] Paint b\n"
    check_search("paint", "Paint b", "Paint the whole house", "Paint a", source=source)


def test_several_files_in_one_ranking() -> None:
    one, two = (contribution(parse(source)) for source in ("- [ ] a login\n", "- [ ] Login\n"))
    hits = search([("p", one), ("q", two)], "login", 200)
    assert [(hit.key, hit.entry.title) for hit in hits] == [("q", "Login"), ("p", "a login")]


titles = st.lists(st.text("abAB -é😀", min_size=1, max_size=8), max_size=8)


@given(titles, st.text("abA -é😀", max_size=4))
def test_search_finds_what_brute_force_finds(given_titles: list[str], query: str) -> None:
    found = contribution(parse("".join(f"- [ ] x{title}\n" for title in given_titles)))
    hits = search([("p", found)], query, 200)

    def matches(title: str) -> bool:
        letters = iter(title.lower())
        return all(letter in letters for letter in query.lower() if not letter.isspace())

    expected = {entry.index for entry in found.entries() if matches(entry.title)}
    assert {hit.entry.index for hit in hits} == expected
    if hits and query.strip():
        best = hits[0].entry.title.lower()
        wanted = query.strip().lower()
        for present in (lambda t: t == wanted, lambda t: t.startswith(wanted), lambda t: wanted in t):
            if any(present(entry.title.lower()) for entry in found.entries()):
                assert present(best)
                break


@pytest.mark.parametrize("query", ["a" * 50 + "b", "ab" * 40, "a a a a a a b", "x" * 10_000])
def test_hostile_queries_cost_what_they_are_long(query: str) -> None:
    found = contribution(parse("- [ ] " + "a" * 20_000 + "\n"))
    began = process_time()
    assert search([("p", found)], query, 200) == []
    assert process_time() - began < 2
    assert MAX_QUERY < 10_000
