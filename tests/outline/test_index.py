"""All outlines of a workspace as one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.outline.contribution import contribution
from orchestrator.outline.identity import LONGER_FROM, fresh_id
from orchestrator.outline.index import Index
from orchestrator.outline.parse import parse

LINES = [
    "- [ ] a  ^i1\n",
    "- [ ] b  ^i2\n",
    "- [ ] c  [dependsOn:: i1, i3]\n",
    "- [x] d  [dependsOn:: i2]  ^i3\n",
    "# h\n",
]
sources = st.lists(st.sampled_from(LINES), max_size=4).map("".join)
steps = st.lists(st.tuples(st.sampled_from("pqr"), st.none() | sources), max_size=8)


def index_of(**files: str) -> Index:
    index = Index()
    for key, source in files.items():
        index.put(key, contribution(parse(source)))
    return index


def picture(index: Index) -> object:
    return (
        {
            task_id: (
                index.defining(task_id),
                index.naming(task_id),
                [(p.key, p.entry.line) for p in index.places(task_id)],
            )
            for task_id in ("i1", "i2", "i3")
        },
        index.task_count,
        set(index.files),
    )


@given(steps)
def test_index_is_the_sum_of_its_files(given_steps: list[tuple[str, str | None]]) -> None:
    index = Index()
    held: dict[str, str] = {}
    for key, source in given_steps:
        before = frozenset(i for i in ("i1", "i2", "i3") if key in index.defining(i))
        changed = index.put(key, None if source is None else contribution(parse(source)))
        after = frozenset(i for i in ("i1", "i2", "i3") if key in index.defining(i))
        assert changed == before ^ after
        held.pop(key, None)
        if source is not None:
            held[key] = source
    assert picture(index) == picture(index_of(**dict(sorted(held.items()))))
    for task_id in ("i1", "i2", "i3"):
        definers = tuple(sorted(key for key, source in held.items() if f"^{task_id}" in source))
        assert index.defining(task_id) == definers
        assert (task_id in index) == bool(definers)


def test_elsewhere_is_all_but_one_file() -> None:
    index = index_of(p="- [ ] a  ^i1\n- [ ] b  ^i2\n", q="- [ ] c  ^i1\n")
    there = index.elsewhere("p", complete=False)
    assert "i1" in there
    assert "i2" not in there
    assert None not in there
    assert [(place.key, place.entry.title) for place in there.places("i1")] == [("q", "c")]
    assert there.task_count == 1
    assert not there.complete
    assert "i2" in index.elsewhere("of a file that is not there")


def test_the_generation_changes_with_the_ids_only() -> None:
    index = index_of(p="- [ ] a  ^i1\n")
    before = index.generation
    index.put("p", contribution(parse("\n- [x] another  [dependsOn:: i9]  ^i1\n")))
    assert index.generation == before
    index.put("p", contribution(parse("- [ ] a  ^i2\n")))
    assert index.generation > before


def test_fresh_ids_keep_clear_of_the_whole_workspace() -> None:
    many = "".join(f"- [ ] t{number}\n" for number in range(LONGER_FROM))
    index = index_of(p=many, q="- [ ] a  ^i1\n")
    there = index.elsewhere("q")
    assert len(fresh_id(there, there.task_count)) == 6
