"""Conversations beside the editor: streamed, stopped, branched, written into the outline."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.support.vscode import PATIENCE, VSCode
from tests.vscode.answers import says

TALK = "# Shop\n\n- [ ] Draw the order form  ^c7c2d\n  Three fields.\n- [ ] Choose the colours  ^c4w5e\n"
CODE = (
    "Here is the form:\n\n```python ui/login.py\ndef form():\n    return ['name', 'password']\n```\n\n"
    "It has **two** fields, see [the file](ui/login.py:3)."
)
HOSTILE = (
    "<img src=x onerror=alert(1)> <script>alert(1)</script> [run](command:workbench.action.quit) ![i](https://x/y.png)"
)
STEPS = "Do this:\n\n1. Draw it\n2. Write it\n3. Test it\n"
SLOW = " ".join(f"word{number}" for number in range(400))


WINDOW: dict[str, Any] = {
    "files": {"talk.tasks.md": TALK, "ui/login.py": "# one\n# two\n# three\n\n\ndef form():\n    return []\n"},
    "script": [
        says(CODE, "show me the form", thought="A form has fields."),
        says(HOSTILE, "be hostile"),
        says(SLOW, "be slow", chunk=6, delay=0.02),
        says(STEPS, "list the steps"),
        says("Another answer.", "list the steps"),
    ],
}


@pytest.fixture(scope="module")
def tidy(code: VSCode, page: Page) -> None:
    code.inside("tidy")


@pytest.fixture(autouse=True)
def chat(code: VSCode, page: Page, tidy: None) -> FrameLocator:
    """One conversation for all tests, of the first task."""
    code.inside("show", "talk.tasks.md", "Draw the order form")
    code.inside("command", "orchestrator.chat")
    page.locator(".tab", has_text="Draw the order form").wait_for()
    shown = code.webview()
    shown.locator("#title", has_text="Draw the order form").wait_for()
    return shown


def say(chat: FrameLocator, text: str) -> None:
    chat.locator("#box").fill(text)
    chat.locator("#box").press("Enter")


def test_an_answer_streams_with_code_and_a_thought(code: VSCode, page: Page, chat: FrameLocator) -> None:
    say(chat, "Show me the form")
    expect(chat.locator("article.user")).to_contain_text("Show me the form", timeout=PATIENCE)
    expect(chat.locator("article.assistant figure.code")).to_contain_text("def form():", timeout=PATIENCE)
    expect(chat.locator("article.assistant strong")).to_have_text("two")
    expect(chat.locator("article.assistant .hljs-keyword").first).to_have_text("def")
    expect(chat.locator("article.assistant details").first).to_contain_text("Thoughts")
    expect(chat.locator("#stop")).to_be_hidden(timeout=PATIENCE)
    code.shot("chat")


def test_a_link_opens_a_file_of_the_workspace_at_its_line(code: VSCode, page: Page, chat: FrameLocator) -> None:
    chat.locator("article.assistant a", has_text="the file").click()
    page.locator(".tab", has_text="login.py").wait_for()
    expect(page.locator(".statusbar-item", has_text=re.compile(r"Ln \d+"))).to_contain_text("Ln 3,")
    page.locator(".tab", has_text="talk.tasks.md").first.click()


def test_code_is_read_as_a_diff_and_applied(code: VSCode, page: Page, chat: FrameLocator) -> None:
    chat.locator("article.assistant [data-do=apply]").click()
    page.locator(".tab.active", has_text="login.py (from the conversation)").wait_for()
    page.locator(".diff-editor .view-line, .monaco-diff-editor .view-line", has_text="password").first.wait_for()
    code.shot("apply")
    code.message("Apply this change").get_by_role("button", name="Apply").click()
    expect(page.locator(".tab", has_text="from the conversation")).to_have_count(0, timeout=PATIENCE)
    page.locator(".editor-instance .view-line", has_text="return ['name', 'password']").first.wait_for()
    page.keyboard.press("Control+s")
    expect(page.locator(".tab.dirty", has_text="login.py")).to_have_count(0, timeout=PATIENCE)


def test_lines_and_files_are_attached(code: VSCode, page: Page, chat: FrameLocator) -> None:
    code.inside("show", "ui/login.py")
    code.cursor("# two")
    page.keyboard.press("Shift+ArrowDown")
    page.locator(".statusbar-item", has_text=re.compile(r"Ln 3.*selected")).wait_for()
    code.command("Orchestrator: Attach Selection to Conversation")
    expect(chat.locator("#attached")).to_contain_text("login.py:2-", timeout=PATIENCE)
    chat.locator("#attach").click()
    page.locator(".quick-input-list .monaco-list-row", has_text="talk.tasks.md").click()
    page.keyboard.press("Enter")
    expect(chat.locator("#attached")).to_contain_text("talk.tasks.md", timeout=PATIENCE)
    say(chat, "Look at these")
    expect(chat.locator("article.user .foot").last).to_contain_text("login.py:2-", timeout=PATIENCE)
    expect(chat.locator("article.user .foot").last).to_contain_text("talk.tasks.md")
    expect(chat.locator("#stop")).to_be_hidden(timeout=PATIENCE)
    page.locator(".tab", has_text="talk.tasks.md").first.click()


def test_text_is_found_in_the_conversation(code: VSCode, page: Page, chat: FrameLocator) -> None:
    chat.locator("#find").click()
    chat.locator("#search").fill("THE FORM")
    chat.locator("#search").press("Enter")
    expect(chat.locator("#found")).to_have_text("2 of 2", timeout=PATIENCE)
    expect(chat.locator("article.hit")).to_contain_text("Here is the form")
    chat.locator("#older").click()
    expect(chat.locator("article.hit")).to_contain_text("Show me the form")
    code.shot("found")
    chat.locator("#search").press("Escape")
    expect(chat.locator("#finding")).to_be_hidden()


def test_hostile_markdown_is_text(code: VSCode, page: Page, chat: FrameLocator) -> None:
    say(chat, "Be hostile")
    last = chat.locator("article.assistant").last
    expect(last).to_contain_text("onerror=alert(1)", timeout=PATIENCE)
    assert last.locator("img, script").count() == 0
    last.locator("a", has_text="run").click()
    expect(chat.locator("#banner")).to_contain_text("leads to no page", timeout=PATIENCE)


def test_an_answer_is_stopped_and_what_was_written_stays(code: VSCode, page: Page, chat: FrameLocator) -> None:
    say(chat, "Be slow")
    last = chat.locator("article.assistant").last
    expect(last).to_contain_text("word9", timeout=PATIENCE)
    chat.locator("#stop").click()
    expect(last.locator(".foot")).to_contain_text("Stopped.", timeout=PATIENCE)
    assert "word399" not in last.inner_text()
    expect(chat.locator("#send")).to_be_visible()


def test_it_is_answered_anew_and_written_into_the_outline(code: VSCode, page: Page, chat: FrameLocator) -> None:
    say(chat, "List the steps")
    last = chat.locator("article.assistant").last
    expect(last.locator("li")).to_have_count(3, timeout=PATIENCE)
    last.get_by_role("button", name="Subtasks").click()
    page.locator(".editor-instance .view-line", has_text="Draw it").wait_for()
    last.get_by_role("button", name="Retry").click()
    expect(chat.locator("article.assistant").last).to_contain_text("Another answer.", timeout=PATIENCE)
    expect(chat.locator("article.assistant").last.locator(".actions")).to_contain_text("2/2", timeout=PATIENCE)
    code.shot("chat-long")
