"""What a branch waits for outside of itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.needed import needed, with_needed
from orchestrator.engine.schedule import schedule
from orchestrator.errors import TaskError
from orchestrator.outline.parse import parse

TEXT = """\
## Later  [dependsOn:: ggggg]

- [ ] a  [dependsOn:: bbbbb, xxxxx]  ^aaaaa
  - [ ] a1  [dependsOn:: ccccc]  ^hhhhh
- [ ] b  ^bbbbb
  - [ ] b1  [dependsOn:: ddddd, aaaaa]  ^fffff
- [x] c  [dependsOn:: eeeee]  ^ccccc
- [ ] d  ^ddddd
- [ ] e  ^eeeee

## Now

- [ ] g  ^ggggg
"""


def test_what_is_needed_is_found_in_turn():
    outline = parse(TEXT)
    (a,) = outline.by_id("aaaaa")
    assert [task.title for task in needed(outline, [a])] == ["b", "g", "d"]
    assert [task.title for task in with_needed(outline, [a])] == ["a", "b", "d", "g"]
    (g,) = outline.by_id("ggggg")
    assert needed(outline, [g]) == []


def test_a_branch_inside_another_is_not_named_twice():
    outline = parse("- [ ] p  ^ppppp\n  - [ ] q  ^qqqqq\n- [ ] r  [dependsOn:: qqqqq, ppppp]  ^rrrrr\n")
    (r,) = outline.by_id("rrrrr")
    assert [task.title for task in with_needed(outline, [r])] == ["p", "r"]


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=8, max_size=8), st.lists(st.booleans(), min_size=8))
def test_what_is_needed_is_complete(named, nested):
    """Nothing of such a run is kept by an open task outside of it."""
    lines = []
    for number, others in enumerate(named):
        indent = "  " if number and nested[number] else ""
        needs = f"  [dependsOn:: {', '.join(f'id{other}' for other in others)}]" if others else ""
        lines.append(f"{indent}- [ ] t{number}{needs}  ^id{number}")
    outline = parse("\n".join(lines) + "\n")
    roots = with_needed(outline, list(outline.by_id("id3")))
    assert needed(outline, roots) == []
    try:
        made = schedule(outline, roots)
    except TaskError:  # a cycle
        return
    assert not [reason for reason in made.blocked.values() if "outside of this run" in reason]
