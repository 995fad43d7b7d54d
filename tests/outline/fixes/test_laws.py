from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import EditRefusedError
from orchestrator.outline.edits import apply
from orchestrator.outline.fixes import fix_all, fixes
from orchestrator.outline.parse import parse
from orchestrator.outline.problems import problems
from tests.outline.checks import ids
from tests.outline.strategies import documents, outlines
from tests.support.laws import examples

FIRST_LINES = [
    "- [ ] a  [mode:: Auto]", "- [x] b  ^x1", "  - [ ] c  [dependsOn:: x1]  ^x1", "  - [!] d", "- [~] e [priority:: ]",
    "1. [ ] f [files:: a, /b, ,]", "   2. [ ] g [budget:: $1,50] [dependsOn:: y y]", "# H [mode:: Wild]", "---",
    "<<<<<<< ours", "=======", ">>>>>>> theirs", "text", "", "orchestrator: x", "defaults: {mode: AUTO",
]  # fmt: skip

troubled = st.lists(st.sampled_from(FIRST_LINES), max_size=12).map("\n".join)


@settings(max_examples=examples(80))
@given(troubled | outlines() | documents)
def test_any_fix_of_any_text_fits_it_or_is_refused(source: str):
    outline = parse(source)
    for problem in problems(outline):
        for fix in fixes(outline, problem, ids()):
            assert fix.title
            try:
                parse(apply(source, fix.edits()))
            except EditRefusedError as error:
                assert error.hint  # noqa: PT017


@settings(max_examples=examples(80))
@given(troubled | outlines() | documents)
def test_safe_fixes_end_and_lose_nothing(source: str):
    outline = parse(source)
    edits, told = fix_all(outline, ids())
    after = parse(apply(source, edits))
    assert bool(edits) == bool(told)
    assert [task.title for task in after.tasks()] == [task.title for task in outline.tasks()]
    before, left = (Counter(problem.code for problem in problems(text)) for text in (outline, after))
    assert left <= before
    assert fix_all(after, ids())[0] == ()
