"""The page of a conversation by itself, in the browser of the window: the test is the extension that it speaks with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.vscode import EXTENSION, VSCode

_STAND_IN = """() => {
  window.said = [];
  window.acquireVsCodeApi = () => ({ postMessage: (one) => window.said.push(one), setState: () => undefined });
}"""
_TELL = "(all) => { for (const data of all) { window.dispatchEvent(new MessageEvent('message', { data })); } }"
_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
_SEEN = """() => {
  const log = document.getElementById('log');
  const { top } = log.getBoundingClientRect();
  const articles = [...document.querySelectorAll('#messages article')];
  const first = articles.find((one) => one.getBoundingClientRect().bottom > top + 1);
  return {
    first: first.dataset.id,
    at: Math.round(first.getBoundingClientRect().top - top),
    last: articles.at(-1).dataset.id,
    made: articles.length,
    below: Math.round(log.scrollHeight - log.scrollTop - log.clientHeight),
  };
}"""


@pytest.fixture
def alone(code: VSCode, page: Page) -> Iterator[Page]:
    text = re.sub(r"<meta http-equiv.*?>|<link .*?>|<script .*?</script>", "", code.inside("chatPage"))
    tab = page.context.new_page()
    tab.set_content(text)
    tab.add_style_tag(path=EXTENSION / "media" / "chat.css")
    tab.evaluate(_STAND_IN)
    tab.add_script_tag(path=EXTENSION / "dist" / "chat.js")
    yield tab
    tab.close()


def messages(first: int, last: int) -> list[dict[str, Any]]:
    """Of many heights: one line, some lines, a list."""
    return [
        {
            "messageId": f"m{number}",
            "parentId": None,
            "speaker": "assistant",
            "text": f"Message {number}. {'And so on. ' * (number % 50)}" + "\n\n- one\n- two\n" * (number % 3),
            "created": 1,
            "ending": "end",
        }
        for number in range(first, last + 1)
    ]


def open_with(tab: Page, shown: Sequence[Any], earlier: int = 0) -> None:
    conversation: dict[str, Any] = {"conversationId": "c1", "title": "Talk", "kind": "chat", "model": "", "uri": ""}
    opened: dict[str, Any] = {"conversation": conversation, "messages": shown, "earlier": earlier, "seq": 0}
    tab.evaluate(_TELL, [{"type": "open", "opened": opened, "draft": ""}])


def add(tab: Page, *come: Any) -> None:
    updates: list[dict[str, Any]] = [
        {"conversationId": "c1", "messageId": one["messageId"], "seq": 1, "update": {"kind": "message", "message": one}}
        for one in come
    ]
    tab.evaluate(_TELL, [{"type": "update", "update": one} for one in updates])


def scroll_to(tab: Page, share: float) -> dict[str, Any]:
    """What is on the screen then."""
    tab.evaluate(
        "(share) => { const log = document.getElementById('log'); log.scrollTop = share * log.scrollHeight; }", share
    )
    tab.evaluate(_FRAMES)
    return tab.evaluate(_SEEN)


def test_old_messages_are_forgotten_at_the_end_and_asked_for_again(alone: Page) -> None:
    open_with(alone, messages(1, 598))
    add(alone, *messages(599, 600))
    assert alone.evaluate("() => window.said") == [{"type": "ready"}]
    add(alone, *messages(601, 601))  # one more than are kept
    seen = alone.evaluate(_SEEN)
    assert (seen["last"], seen["below"]) == ("m601", 0)
    assert seen["made"] <= 80
    scroll_to(alone, 0)
    assert alone.evaluate("() => window.said.at(-1)") == {"type": "page", "before": "m202", "upTo": None}
    seen = alone.evaluate(_SEEN)
    assert seen["first"] == "m202"
    alone.evaluate(_TELL, [{"type": "page", "messages": messages(102, 201), "earlier": 101}])
    after = alone.evaluate(_SEEN)
    assert (after["first"], abs(after["at"] - seen["at"]) <= 2) == ("m202", True)  # what was read has not moved


def test_who_reads_further_up_is_left_there(alone: Page) -> None:
    open_with(alone, messages(1, 500))
    before = scroll_to(alone, 0.5)
    assert before["first"] != "m500"
    add(alone, *messages(501, 700))
    growing = {**messages(701, 701)[0], "ending": "open"}
    add(alone, growing)
    text: dict[str, Any] = {"kind": "text", "text": "More and more. " * 200}
    grown: dict[str, Any] = {"conversationId": "c1", "messageId": "m701", "seq": 2, "update": text}
    alone.evaluate(_TELL, [{"type": "update", "update": grown}])
    alone.evaluate(_FRAMES)
    after = alone.evaluate(_SEEN)
    assert (after["first"], after["at"]) == (before["first"], before["at"])
    assert alone.evaluate("() => window.said") == [{"type": "ready"}]  # nothing was forgotten
    assert scroll_to(alone, 1)["last"] == "m701"
