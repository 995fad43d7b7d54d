from pathlib import Path

import pytest

from orchestrator.engine.stale import stale_tasks, text_hash
from orchestrator.outline.parse import parse
from orchestrator.outline.tree import Task
from tests.engine.test_split import SPLIT, Scene, plan_entry

TEXT = """# Ship it

- [ ] Build the login page  ^b7c2d
  Three fields.

  Accept: it shows
  - [ ] Draw it  ^k3f9x
  - [x] Test it
- [ ] Tell the press  ^q4w5e
"""


def titles(text: str) -> list[str]:
    first, *_ = parse(TEXT).tasks()
    return [task.title for task in stale_tasks(parse(text), {"b7c2d": text_hash(first)})]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Three fields.", "Three  fields."),
        ("# Ship it", "# Ship that"),
        ("Draw it", "Draw all of it"),
        ("Tell the press", "Tell them"),
        ("[ ] Draw", "[x] Draw"),
        ("^b7c2d", "[mode:: auto]  ^b7c2d"),
        ("\n", "\r\n"),
    ],
)
def test_other_edits_make_no_plan_stale(old, new):
    assert titles(TEXT.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("Three fields.", "Four fields."), ("Accept: it shows", "Accept: it can be sent"), ("the login", "the logout")],
)
def test_stale_after_an_edit(old, new):
    (task,) = parse(TEXT.replace(old, new)).nodes[0].children[:1]
    assert titles(TEXT.replace(old, new)) == [task.title]


def test_settled_childless_and_doubtful_tasks_are_left_alone():
    changed = TEXT.replace("Three", "Four")
    assert titles(changed.replace("- [ ] Build", "- [x] Build")) == []
    assert titles(changed.replace("^q4w5e", "^b7c2d")) == []
    assert titles("- [ ] Another  ^b7c2d\n") == []


async def test_the_hash_is_stored_with_the_split(tmp_path: Path):
    async with Scene(tmp_path, [SPLIT, plan_entry("One", "Two")]) as scene:
        split = await scene.start()
        await split.settled()
        await split.accept()
        await split.ended()
        uri = split.target.uri
        hashes = await scene.session.split_hashes(uri)
        assert stale_tasks(scene.document.outline, hashes) == ()
        scene.document.type("Three fields", "Four fields")
        (stale,) = stale_tasks(scene.document.outline, hashes)
        assert isinstance(stale, Task)
        assert stale.title == "Build the login page"
