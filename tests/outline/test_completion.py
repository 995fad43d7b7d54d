"""What can be written at `$0`, and the text when it was chosen (`|`: where the person goes on)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.task import MARKS, Status
from orchestrator.outline import completion
from orchestrator.outline.completion import MOST, Candidate, Offer, Sources, candidates
from orchestrator.outline.edits import TextEdit, apply
from orchestrator.outline.parse import parse
from orchestrator.outline.references import Known
from orchestrator.outline.spots import Kind, Spot, spot_at
from tests.outline.checks import text
from tests.outline.strategies import documents, outlines

NOTHING = Sources()


def offered(source: str, sources: Sources = NOTHING) -> tuple[str, Spot | None, Offer]:
    source = text(source)
    offset = source.index("$0")
    source = source.replace("$0", "")
    outline = parse(source)
    spot = spot_at(outline, offset)
    if spot is None:
        return source, None, Offer(())
    return source, spot, candidates(outline, spot, sources)


def check_offered(source: str, *labels: str, sources: Sources = NOTHING) -> None:
    _, _, offer = offered(source, sources)
    assert [candidate.label for candidate in offer.candidates] == list(labels)


def check_chosen(source: str, label: str, expected: str, sources: Sources = NOTHING) -> None:
    source, spot, offer = offered(source, sources)
    assert spot is not None
    (chosen,) = (candidate for candidate in offer.candidates if candidate.label == label)
    assert apply(source, edits_of(spot, chosen)) == text(expected)


def edits_of(spot: Spot, chosen: Candidate) -> list[TextEdit]:
    hole = len(chosen.text) if chosen.hole is None else chosen.hole
    marked = chosen.text if chosen.hole is None else f"{chosen.text[:hole]}|{chosen.text[hole:]}"
    return [TextEdit(spot.start, spot.end, marked), *chosen.also]


STATUSES = ("[ ] pending", "[x] completed", "[/] in progress", "[-] cancelled", "[!] failed", "[?] asking")
KEYS = ("mode", "dependsOn", "executor", "model", "priority", "budget", "prompt", "type", "reason", "files")


# --- check boxes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", ["[$0 ] a", "[ $0] a", "[x$0] a", "[$0", "[$0]", "[x$0", "[$0] "])
def test_statuses_in_a_check_box(box):
    check_offered(f"1. [ ] above\n   - {box}\n", *STATUSES)


def test_a_chosen_status():
    check_chosen("- [$0 ] a\n", "[x] completed", "- [x] a\n")
    check_chosen("- [!$0] a\n", "[?] asking", "- [?] a\n")
    check_chosen("- [$0\n", "[ ] pending", "- [ ] \n")
    check_chosen("- [$0]\n", "[/] in progress", "- [/]\n")


@pytest.mark.parametrize(
    "source", ["```\n- [$0\n```", "a [$0] b", "[$0]", "- a [$0]", "<!--\n- [$0]\n-->", "- $0[ ] a", "- [ ]$0 a"]
)
def test_no_status_elsewhere(source):
    check_offered(source)


# --- fields -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["- [ ] a  $0", "- [ ] a  mo$0", "- [ ] a\t$0", "- [ ] a [$0", "- [ ] a [mo$0]", "# a  $0", "- [ ] a  $0  ^b7"],
)
def test_keys_behind_two_blanks_or_a_bracket(line):
    check_offered(line, *KEYS)


def test_a_key_that_is_there_is_not_offered_again():
    check_offered("- [ ] a  [mode:: auto]  [$0", *KEYS[1:])


@pytest.mark.parametrize(
    "line",
    ["- [ ] a$0", "- [ ] a $0", "- [ ]  $0", "- [ ] a  $0 b", "- [ ] see[$0", "- [ ] `a  $0`", "- [ ] a [x y$0",
     "- [ ] a\n  b  $0", "text  $0", "- plain  $0"],
)  # fmt: skip
def test_no_key_elsewhere(line):
    check_offered(line)


def test_a_chosen_key():
    check_chosen("- [ ] a  $0\n", "mode", "- [ ] a  [mode:: |]\n")
    check_chosen("- [ ] a  mo$0\n", "mode", "- [ ] a  [mode:: |]\n")
    check_chosen("- [ ] a  [$0]\n", "budget", "- [ ] a  [budget:: |]\n")
    check_chosen("- [ ] a [bu$0\n", "budget", "- [ ] a [budget:: |]\n")
    check_chosen("- [ ] a  $0^b7\n", "mode", "- [ ] a  [mode:: |]  ^b7\n")
    check_chosen("- [ ] a  [mo$0:: auto]\n", "type", "- [ ] a  [type:: auto]\n")


def test_a_key_without_a_hole_is_left_open():
    _, _, offer = offered("- [ ] a  $0")
    assert offer.candidates[0].without_hole == "[mode:: "
    assert offer.candidates[0].choices == ("interactive", "auto")
    _, _, offer = offered("- [ ] a  $0  ^b7")
    assert offer.candidates[0].without_hole == "[mode:: "


# --- values -----------------------------------------------------------------------------------------------------


def test_values():
    check_offered("- [ ] a  [mode:: $0]", "interactive", "auto")
    check_offered("# a  [priority::$0", "low", "medium", "high")
    check_offered("- [ ] a  [executor:: c$0]", "answer", "code", "research", "review")
    check_offered("- [ ] a  [reason:: $0]")
    check_offered("- [ ] a  [theirs:: $0]")
    check_offered("- [ ] a  `[mode:: $0]`")
    sources = Sources(values={"model": [("fast", "an alias"), ("local/smollm2", "")]})
    check_offered("- [ ] a  [model:: $0]", "fast", "local/smollm2", sources=sources)


def test_a_chosen_value():
    check_chosen("- [ ] a  [mode:: $0]\n", "auto", "- [ ] a  [mode:: auto]\n")
    check_chosen("- [ ] a  [mode:: in$0ter]  ^b7\n", "auto", "- [ ] a  [mode:: auto]  ^b7\n")
    check_chosen("- [ ] a  [mode::$0]\n", "auto", "- [ ] a  [mode:: auto]\n")
    check_chosen("- [ ] a  [mode:: $0  ^b7\n", "auto", "- [ ] a  [mode:: auto]  ^b7\n")
    check_chosen("- [ ] a  [mode::  au$0  ]\n", "auto", "- [ ] a  [mode::  auto  ]\n")


def test_ids_of_tasks_that_can_be_depended_on():
    source = """
        # S
        - [ ] far  ^f1
          - [ ] under  ^u1
        # T
        - [ ] above  ^a1
          - [x] done beside  ^d1
          - [ ] here  [dependsOn:: n1, $0]  ^h1
            - [ ] below  ^b1
          - [ ] next  ^n1
          - [-] cancelled  ^c1
          - [ ] near  ^z1
    """
    check_offered(source, "z1", "f1", "u1", "d1")
    check_chosen("- [ ] a  [dependsOn:: x, q$0]\n- [ ] b  ^q4\n", "q4", "- [ ] a  [dependsOn:: x, q4]\n- [ ] b  ^q4\n")
    check_chosen("- [ ] a  [dependsOn:: $0, x]\n- [ ] b  ^q4\n", "q4", "- [ ] a  [dependsOn:: q4, x]\n- [ ] b  ^q4\n")
    check_chosen("- [ ] a  [dependsOn:: x,$0\n- [ ] b  ^q4\n", "q4", "- [ ] a  [dependsOn:: x, q4]\n- [ ] b  ^q4\n")


@pytest.mark.parametrize("typed", ["", "q", "^", "^q4", "log", "lgn"])
def test_a_task_is_found_by_its_id_or_its_title(typed):
    check_offered(f"- [ ] a  [dependsOn:: {typed}$0]\n- [ ] Build the login  ^q4\n- [ ] zz  ^z9\n"[: 200],
                  *(["q4", "z9"] if not typed.strip("^") else ["q4"]))  # fmt: skip


def test_what_was_typed_stands_first_in_what_editors_compare():
    _, _, offer = offered("- [ ] a  [dependsOn:: Bui$0]\n- [ ] Build  ^q4\n")
    assert [candidate.filter for candidate in offer.candidates] == ["Build q4"]
    _, _, offer = offered("- [ ] a  [dependsOn:: ^q$0]\n- [ ] Build  ^q4\n")
    assert [candidate.filter for candidate in offer.candidates] == ["^q4 Build"]


def test_a_task_without_an_id_gets_one(monkeypatch):
    monkeypatch.setattr(completion, "fresh_id", lambda taken, count: f"new{count}")
    check_chosen(
        "- [ ] a  [dependsOn:: $0]\n- [ ] b [mode:: auto] \n",
        "new2",
        "- [ ] a  [dependsOn:: new2]\n- [ ] b [mode:: auto]  ^new2 \n",
    )


def test_new_ids_are_different():
    source = "- [ ] a  [dependsOn:: $0]\n" + "- [ ] b\n" * 150
    _, _, offer = offered(source)
    assert len({candidate.label for candidate in offer.candidates}) == 150


def test_tasks_of_other_outlines():
    sources = Sources(
        elsewhere=lambda: [Known("q4", "Choose [x]\u202e", Status.PENDING, "other.tasks.md")], taken={"q4"}
    )
    _, _, offer = offered("- [ ] a  [dependsOn:: cho$0]\n", sources)
    (found,) = offer.candidates
    assert (found.label, found.detail) == ("q4", "Choose [x]<U+202E> (other.tasks.md)")


def test_only_so_many_at_once():
    tasks = "".join(f"- [ ] t{number}  ^i{number}\n" for number in range(MOST + 1))
    _, _, offer = offered("- [ ] a  [dependsOn:: $0]\n" + tasks)
    assert (len(offer.candidates), offer.complete) == (MOST, False)
    _, _, offer = offered("- [ ] a  [dependsOn:: t199$0]\n" + tasks)
    assert ([candidate.label for candidate in offer.candidates], offer.complete) == (["i199"], True)


def test_files():
    listing = {"": ["src/", "a.py", "odd,name", "odd]", "tail ", "sp ace.md"], "src/": ["b.py"]}
    sources = Sources(files=lambda folder: listing.get(folder, []))
    check_offered("- [ ] a  [files:: x.py, $0]\n", "src/", "a.py", "sp ace.md", sources=sources)
    check_offered("- [ ] a  [files:: src/b$0]\n", "src/b.py", sources=sources)
    check_chosen("- [ ] a  [files:: x, src/$0]\n", "src/b.py", "- [ ] a  [files:: x, src/b.py]\n", sources)


# --- ids --------------------------------------------------------------------------------------------------------


def test_a_new_id_behind_a_caret():
    source, spot, offer = offered("- [ ] a  ^$0\n")
    assert spot is not None
    (new,) = offer.candidates
    (task,) = parse(apply(source, edits_of(spot, new))).tasks()
    assert f"^{task.task_id}" == new.label
    check_offered("# heading  ^$0\n")
    check_offered("- [ ] 2^$0\n")
    check_offered("- [ ] a  ^$0 b\n")


def test_an_id_that_others_name_and_nobody_has():
    check_offered("- [ ] a  [dependsOn:: b7, c8, d9]\n- [ ] c  ^c8\n- [ ] b  ^b$0\n", "^b7", "^d9")
    check_chosen("- [ ] a  [dependsOn:: b7]\n- [ ] b  ^b$0\n", "^b7", "- [ ] a  [dependsOn:: b7]\n- [ ] b  ^b7\n")


# --- front matter -----------------------------------------------------------------------------------------------


def test_settings():
    check_offered("---\n$0\n---\n", "orchestrator", "defaults")
    check_offered("---\norchestrator: 1\nde$0\n---\n", "defaults")
    check_offered("---\norchestrator: $0\n---\n", "1")
    check_offered(
        "---\ndefaults:\n  mo$0\n---\n",
        "mode",
        "model",
        "executor",
        "priority",
        "type",
        "prompt",
        "budget",
        "concurrency",
    )
    check_offered(
        "---\ndefaults: {mode: auto, $0}\n---\n",
        "model",
        "executor",
        "priority",
        "type",
        "prompt",
        "budget",
        "concurrency",
    )
    check_offered("---\ndefaults: {mode: $0}\n---\n", "interactive", "auto")
    check_offered("---\ndefaults:\n  mode: auto\n  priority: $0\n---\n", "low", "medium", "high")
    check_offered("---\n$0\n", "orchestrator", "defaults")


def test_a_chosen_setting():
    check_chosen("---\nor$0\n---\n", "orchestrator", "---\norchestrator: \n---\n")
    check_chosen("---\nde$0\n---\n", "defaults", "---\ndefaults: {|}\n---\n")
    check_chosen("---\ndefaults: {$0}\n---\n", "mode", "---\ndefaults: {mode: }\n---\n")
    check_chosen("---\ndefaults: {mode: a$0}\n---\n", "auto", "---\ndefaults: {mode: auto}\n---\n")
    check_chosen("---\ndefaults: {mo$0: auto}\n---\n", "model", "---\ndefaults: {model: auto}\n---\n")


@pytest.mark.parametrize(
    "source", ["---$0\n---\n", "---\n---$0\n", "---\nx: mo$0\n---\n", "---\nother:\n  mo$0\n---\n", "a\n---\n$0\n---\n"]
)
def test_no_setting_elsewhere(source):
    check_offered(source)


# --- laws -------------------------------------------------------------------------------------------------------


@given(documents | outlines(), st.data())
def test_every_place_of_every_text_can_be_completed(source, data):
    outline = parse(source)
    offset = data.draw(st.integers(-1, len(source) + 1))
    spot = spot_at(outline, offset)
    if spot is not None:
        line = outline.text.line_of(offset)
        assert outline.text.line_start(line) <= spot.start <= spot.place <= spot.end <= outline.text.line_end(line)
        candidates(outline, spot, NOTHING)


@given(outlines(), st.data())
def test_what_is_chosen_reads_back(source, data):
    """A value, key or mark that is chosen is what the task says afterwards."""
    outline = parse(source)
    tasks = list(outline.tasks())
    if not tasks:
        return
    task = data.draw(st.sampled_from(tasks))
    offset = data.draw(st.sampled_from([task.mark_span[0], outline.text.line_end(task.line), task.title_span[1]]))
    spot = spot_at(outline, offset)
    if spot is None:
        return
    offer = candidates(outline, spot, NOTHING).candidates
    if not offer:
        return
    chosen = data.draw(st.sampled_from(offer))
    text_of = chosen.text if chosen.hole is None else chosen.text[: chosen.hole] + "v" + chosen.text[chosen.hole :]
    after = parse(apply(source, [TextEdit(spot.start, spot.end, text_of), *chosen.also]))
    (same,) = (other for other in after.tasks() if other.line == task.line)
    if spot.kind is Kind.STATUS:
        assert same.status is MARKS[chosen.text[0]]
    elif spot.kind is Kind.FIELD and not spot.bare:
        assert same.fields[chosen.label] == "v"
    elif spot.kind is Kind.VALUE and spot.key != "dependsOn":
        assert same.fields[spot.key] == chosen.label
    elif spot.kind is Kind.ID:
        assert f"^{same.task_id}" == chosen.label


def test_a_line_of_five_megabytes_ends():
    for filler in ("a  ", "[", "a,", "`", " ^a"):
        line = "- [ ] " + filler * (300_000 // len(filler)) + "  [mode:: "
        outline = parse(line)
        spot_at(outline, len(line))
    rng = random.Random(1)
    front = "---\ndefaults: {" + "".join(rng.choice("ab,: {}") for _ in range(300_000)) + "\n---\n"
    spot_at(parse(front), 200_000)
