from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsprotocol import types

from orchestrator.errors import FileError, ProtocolError, TaskNotFoundError
from tests.lsp.in_process import URI, call, make_server, open_document, replace_text
from tests.support.laws import examples


def wire(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True)


def whole_tree(server: Any) -> list[Any]:
    """By asking, node by node and in small pages, as a window does when all is expanded."""

    def below(node_id: str | None) -> list[Any]:
        nodes: list[Any] = []
        while True:
            asked = {"uri": URI, "nodeId": node_id, "offset": len(nodes), "limit": 2}
            page = wire(call(server, "orchestrator/tree", asked))
            nodes += page["nodes"]
            if len(nodes) >= page["total"]:
                return [{**node, "children": below(node["nodeId"])} for node in nodes]

    return below(None)


class Mirror:
    """What a window holds that asked once."""

    def __init__(self, tree: list[Any], seq: int) -> None:
        self.tree = tree
        self.seq = seq

    def follow(self, params: dict[str, Any]) -> None:
        assert params["seq"] == self.seq + 1
        self.seq += 1
        for change in params["changes"]:
            if change["op"] == "insert":
                siblings = self._find(change["parentId"])[0]["children"] if change["parentId"] else self.tree
                siblings.insert(change["index"], {**change["node"], "children": []})
            elif change["op"] == "remove":
                node, siblings = self._find(change["nodeId"])
                siblings.remove(node)
            else:
                node, _ = self._find(change["node"]["nodeId"])
                node.update(change["node"])

    def _find(self, node_id: str) -> tuple[Any, list[Any]]:
        waiting = [self.tree]
        while waiting:
            siblings = waiting.pop()
            for node in siblings:
                if node["nodeId"] == node_id:
                    return node, siblings
                waiting.append(node["children"])
        raise AssertionError(f"the mirror has no {node_id}")


lines = st.sampled_from(
    [
        "- [ ] a",
        "- [x] b",
        "  - [ ] c",
        "  - [-] d  ^k1",
        "    - [x] e",
        "# H",
        "## I",
        "text",
        "",
        "1. [ ] f",
        "  1. [!] g",
    ]
)
documents = st.lists(lines, max_size=10).map("\n".join)


@settings(deadline=None, max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents, st.lists(documents | st.tuples(st.integers(0, 99), st.integers(0, 99), lines), max_size=5))
def test_tree_follows_by_deltas(tmp_path: Path, text: str, edits: list[Any]) -> None:
    server, sent = make_server(tmp_path, tree=True)
    open_document(server, text)
    first = wire(call(server, "orchestrator/tree", {"uri": URI}))
    mirror = Mirror(whole_tree(server), first["seq"])
    for version, edit in enumerate(edits, start=2):
        if not isinstance(edit, str):
            now = server.documents.get(URI).text.string
            start, end = sorted(place % (len(now) + 1) for place in edit[:2])
            replace_text(server, version, now[:start] + edit[2] + now[end:])
        else:
            replace_text(server, version, edit)
        sent.messages.clear()
        answer = wire(call(server, "orchestrator/tree", {"uri": URI}))
        for params in sent.of("orchestrator/treeChanged"):
            assert params["documentVersion"] == version
            mirror.follow(params)
        assert mirror.tree == whole_tree(server)
        assert mirror.seq == answer["seq"]


async def test_changes_are_told_soon_and_once(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path, tree=True)
    open_document(server, "- [ ] a\n")
    call(server, "orchestrator/tree", {"uri": URI})
    for version in range(2, 12):
        change = types.TextDocumentContentChangeWholeDocument(text=f"- [ ] a{version}\n")
        params = types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(version, URI), [change])
        call(server, "textDocument/didChange", params)
    assert sent.messages == []
    await asyncio.sleep(0.2)
    (told,) = sent.of("orchestrator/treeChanged")
    assert (told["documentVersion"], told["seq"]) == (11, 1)
    assert [change["node"]["title"] for change in told["changes"]] == ["a11"]


@pytest.mark.parametrize(("asked", "able"), [(False, True), (True, False)])
async def test_only_who_asked_and_can_is_told(tmp_path: Path, asked: bool, able: bool) -> None:
    server, sent = make_server(tmp_path, tree=able)
    open_document(server, "- [ ] a\n")
    if asked:
        call(server, "orchestrator/tree", {"uri": URI})
    replace_text(server, 2, "- [ ] b\n")
    server.changed(server.documents.get(URI))
    await asyncio.sleep(0.2)
    assert sent.of("orchestrator/treeChanged") == []


async def test_nothing_is_told_when_nothing_shows(tmp_path: Path) -> None:
    server, sent = make_server(tmp_path, tree=True)
    open_document(server, "- [ ] a\n")
    call(server, "orchestrator/tree", {"uri": URI})
    replace_text(server, 2, "Some text.\n\n- [ ] a\n")
    server.changed(server.documents.get(URI))
    await asyncio.sleep(0.2)
    assert sent.messages == []
    assert wire(call(server, "orchestrator/tree", {"uri": URI}))["documentVersion"] == 2


def test_what_a_node_says(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "# H\n\n- [!] a  [reason:: no]  ^k3f9x\n  - [x] b\n  - [-] c\n    - [ ] d\n")
    (section,) = whole_tree(server)
    (task,) = section["children"]
    del section["children"], task["children"]
    assert section == {
        "nodeId": section["nodeId"], "kind": "section", "title": "H", "status": None, "taskId": None, "childCount": 1,
        "progress": {"done": 1, "total": 2},
    }  # fmt: skip
    assert task == {
        "nodeId": task["nodeId"], "kind": "task", "title": "a", "status": "failed", "taskId": "k3f9x", "childCount": 2,
        "progress": {"done": 1, "total": 1},
    }  # fmt: skip


def test_locate_by_node_and_by_position(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "# H\n\n- [ ] a\n  text\n  - [ ] bee\n")
    by_position = wire(call(server, "orchestrator/tree/locate", {"uri": URI, "position": {"line": 4, "character": 0}}))
    assert by_position["range"] == {"start": {"line": 4, "character": 2}, "end": {"line": 4, "character": 11}}
    assert by_position["selectionRange"] == {"start": {"line": 4, "character": 8}, "end": {"line": 4, "character": 11}}
    assert by_position["path"][-1] == by_position["nodeId"]
    assert len(by_position["path"]) == 3
    assert by_position["indexes"] == [0, 0, 0]
    again = wire(call(server, "orchestrator/tree/locate", {"uri": URI, "nodeId": by_position["nodeId"]}))
    assert again == by_position


def test_locate_names_the_page_of_each_step(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    lines = ["# H", "- [ ] a", "  - [ ] b", "  - [ ] c", "- [ ] d", "## I", "- [ ] e", "# J", "- [ ] f", "- [ ] g"]
    open_document(server, "\n\n".join(lines))
    for line in range(0, 2 * len(lines), 2):
        found = wire(call(server, "orchestrator/tree/locate", {"uri": URI, "position": {"line": line, "character": 0}}))
        for parent, step, index in zip([None, *found["path"]], found["path"], found["indexes"], strict=False):
            params = {"uri": URI, "nodeId": parent, "offset": index, "limit": 1}
            assert [node["nodeId"] for node in wire(call(server, "orchestrator/tree", params))["nodes"]] == [step]


def test_a_search_answers_what_fits_with_what_it_stands_below(tmp_path: Path) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "# H\n\n- [ ] a\n  - [ ] bee\n- [!] c\n# Bees\n- [ ] d\n  - [ ] two bees\n")

    def search(**more: Any) -> Any:
        found = wire(call(server, "orchestrator/tree/search", {"uri": URI, **more}))
        titles = {one["node"]["nodeId"]: one["node"]["title"] for one in found["nodes"]}
        return [(titles.get(one["parentId"]), one["node"]["title"], one["fits"]) for one in found["nodes"]], found

    shown, found = search(text="bee")
    assert shown == [
        (None, "H", False), ("H", "a", False), ("a", "bee", True),
        (None, "Bees", True), ("Bees", "d", False), ("d", "two bees", True),
    ]  # fmt: skip
    assert found["total"] == 3
    assert [node["childCount"] for node in (one["node"] for one in found["nodes"])] == [2, 1, 0, 1, 1, 0]
    assert search(statuses=["failed", "asking"])[0] == [(None, "H", False), ("H", "c", True)]
    shown, found = search(text="bee", limit=1)
    assert (len(shown), found["total"]) == (3, 3)


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("tree", {"uri": "file:///other.md"}, FileError),
        ("tree", {"uri": URI, "nodeId": "n999"}, TaskNotFoundError),
        ("tree/locate", {"uri": URI}, ProtocolError),
        ("tree/search", {"uri": "file:///other.md"}, FileError),
        ("tree/locate", {"uri": URI, "nodeId": "n1", "position": {"line": 0, "character": 0}}, ProtocolError),
        ("tree/locate", {"uri": URI, "position": {"line": 0, "character": 0}}, TaskNotFoundError),
    ],
)
def test_questions_without_an_answer(tmp_path: Path, method: str, params: Any, error: type[Exception]) -> None:
    server, _ = make_server(tmp_path)
    open_document(server, "nothing\n\n- [ ] a\n")
    with pytest.raises(error):
        call(server, f"orchestrator/{method}", params)
