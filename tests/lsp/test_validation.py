from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import ProtocolError
from orchestrator.lsp import protocol
from orchestrator.lsp.validation import read


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        ("tree", None, "params.uri"),
        ("tree", [], "params"),
        ("tree", "x", "params"),
        ("tree", {"uri": ""}, "params.uri"),
        ("tree", {"uri": "x" * 9000}, "params.uri"),
        ("tree", {"uri": "u", "offset": -1}, "params.offset"),
        ("tree", {"uri": "u", "offset": "1"}, "params.offset"),
        ("tree", {"uri": "u", "offset": True}, "params.offset"),
        ("tree", {"uri": "u", "offset": 2**40}, "params.offset"),
        ("tree", {"uri": "u", "limit": 0}, "params.limit"),
        ("tree/locate", {"uri": "u", "position": {"line": 1}}, "params.position.character"),
        ("tree/locate", {"uri": "u", "position": [1, 2]}, "params.position"),
        ("split/start", {"uri": "u", "levels": 99}, "params.levels"),
        ("split/start", {"uri": "u", "force": "yes"}, "params.force"),
        ("split/accept", {"runId": "r", "items": [[0], [1, "a"]]}, "params.items[1][1]"),
        ("split/accept", {"runId": 5}, "params.runId"),
        ("split/edit", {"runId": "r", "children": []}, "params.children"),
        ("split/edit", {"runId": "r", "children": [{"title": ""}]}, "params.children[0].title"),
        (
            "split/edit",
            {"runId": "r", "children": [{"title": "a", "children": [{}]}]},
            "params.children[0].children[0].title",
        ),
        ("run/stop", {"run_id": None}, "params.runId"),
    ],
)
def test_the_bad_field_is_named(method: str, params: Any, named: str) -> None:
    params_type, _ = protocol.REQUESTS[f"orchestrator/{method}"]
    with pytest.raises(ProtocolError) as caught:
        read(params_type, params)
    assert f"{named}" in caught.value.message
    assert caught.value.hint


def test_what_was_sent_is_not_repeated() -> None:
    with pytest.raises(ProtocolError) as caught:
        read(protocol.TreeParams, {"uri": "u", "offset": "my secret"})
    assert "secret" not in str(caught.value)


def test_deep_nesting_is_an_error_not_a_crash() -> None:
    ghost: dict[str, Any] = {"title": "a"}
    for _ in range(2000):
        ghost = {"title": "a", "children": [ghost]}
    with pytest.raises(ProtocolError):
        read(protocol.SplitEditParams, {"runId": "r", "children": [ghost]})


def test_unknown_fields_are_for_later_clients() -> None:
    assert read(protocol.TreeParams, {"uri": "u", "colour": "red"}).uri == "u"
