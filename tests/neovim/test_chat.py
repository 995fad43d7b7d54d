"""Chats in a real Neovim with the real server: streamed, stopped, hidden, edited, extracted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.neovim.conftest import FakeServed, Shared

OUTLINE = """\
# Ship login

- [ ] Build the login page
  Three fields.
- [ ] Tell the team
"""
SLOW = " ".join(f"word{number}" for number in range(120))
STEPS = (
    "Do this:\n\n1. **Draw it**: on paper\n2. Write it\n\n```lua\nlocal answer = 42\nreturn answer\n```\n\nThat is all."
)


def says(text: str, contains: str, **more: Any) -> dict[str, Any]:
    return {"when": {"schema": "", "contains": contains}, "answer": text, "repeat": True, **more}


@pytest.fixture(scope="module")
def shared(share: Callable[..., Shared]) -> Shared:
    script = [
        says(SLOW, "slowly", chunk=3, delay=0.02),
        says(STEPS, "steps"),
        says("Two colours.", "colour"),
        says("Fine.", ""),
    ]
    return share(script=script, after="vim.ui.select = function(items, options, done) asked = { items, done } end")


@pytest.fixture
def editor(shared: Shared) -> Shared:
    shared.open(OUTLINE)
    return shared


def open_chat(editor: Shared, line: int = 3) -> None:
    editor.keys(f"{line}G:Orchestrator chat<CR>")
    editor.wait("the chat", lambda: editor.lua("return vim.b.orchestrator_chat ~= nil"))


def say(editor: Shared, text: str) -> None:
    editor.keys(f"Go{text}<Esc><C-s>")


def shows(editor: Shared, *lines: str) -> None:
    editor.wait(f"{lines}", lambda: editor.lines()[: len(lines)] == list(lines))


def outline(editor: Shared) -> list[str]:
    return list(
        editor.lua(
            """
            for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
              if vim.api.nvim_buf_get_name(buffer):match('%.tasks%.md$') then
                return vim.api.nvim_buf_get_lines(buffer, 0, -1, true)
              end
            end
            """
        )
    )


def test_a_conversation_is_a_buffer(editor: Shared) -> None:
    open_chat(editor)
    assert editor.lua("return { vim.bo.filetype, vim.bo.buftype }") == ["markdown", "acwrite"]
    say(editor, "Which colour?")
    shows(editor, "## You", "", "Which colour?", "", "## Model", "", "Two colours.", "", "## You", "")
    assert not editor.lua("return vim.bo.modified")
    editor.wait("its model and price", lambda: any("scripted" in row and "tokens" in row for row in editor.screen()))
    editor.wait("the id in the outline", lambda: "  ^" in outline(editor)[2])
    editor.keys("Goand a second<Esc>:write<CR>")
    editor.wait("the next answer", lambda: editor.lines()[8:13] == ["## You", "", "and a second", "", "## Model"])
    editor.wait("the whole of it", lambda: "Fine." in editor.lines())
    editor.keys(":edit!<CR>")
    shows(editor, "## You", "", "Which colour?", "", "## Model", "", "Two colours.")
    # It is there again, also after the buffer is gone.
    editor.keys(":bwipeout!<CR>")
    editor.wait("the outline", lambda: editor.lua("return vim.b.orchestrator_chat == nil"))
    open_chat(editor)
    shows(editor, "## You", "", "Which colour?", "", "## Model", "", "Two colours.")
    assert editor.prompts == 0, editor.messages()


def test_the_cursor_and_the_draft_stay(editor: Shared) -> None:
    open_chat(editor)
    say(editor, "slowly")
    editor.wait("the first words", lambda: "word5" in "\n".join(editor.lines()))
    editor.keys("Gonext question")  # and stays in Insert mode
    count = editor.lua("return #table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\\n')")
    editor.wait(
        "more words",
        lambda: editor.lua("return #table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true), '\\n')") > count + 40,
    )
    assert editor.lua("return vim.fn.getline('.')") == "next question"
    assert editor.lua("return { vim.fn.mode(), vim.fn.col('.') }") == ["i", len("next question") + 1]
    assert editor.lua("return vim.bo.modified")
    editor.keys("<Esc>gg")
    editor.wait("all words", lambda: any("word119" in line for line in editor.lines()))
    assert editor.lua("return vim.fn.line('.')") == 1
    assert editor.lines()[-1] == "next question"
    editor.keys("Gu")  # what was streamed cannot be taken back
    assert any("word119" in line for line in editor.lines())


def test_a_hidden_chat_goes_on_and_can_be_stopped(editor: Shared) -> None:
    open_chat(editor)
    buffer = editor.lua("return vim.api.nvim_get_current_buf()")
    say(editor, "slowly")
    editor.wait("the first words", lambda: "word5" in "\n".join(editor.lines()))
    editor.keys(":hide<CR>")
    editor.wait("more words", lambda: "word30" in "\n".join(editor.lines(buffer)))
    open_chat(editor)
    assert editor.lua("return vim.api.nvim_get_current_buf()") == buffer
    editor.keys("<C-c>")
    editor.wait_for_text("■ stopped")
    assert "word119" not in "\n".join(editor.lines())
    say(editor, "colour")
    editor.wait("the next answer", lambda: "Two colours." in editor.lines())


def test_code_is_yanked_and_put_and_lists_become_subtasks(editor: Shared) -> None:
    open_chat(editor)
    say(editor, "steps")
    editor.wait("the answer", lambda: "That is all." in editor.lines())
    editor.keys("/answer = <CR>gy")
    editor.wait(
        "the register", lambda: editor.lua("return vim.fn.getreg('\"')") == "local answer = 42\nreturn answer\n"
    )
    editor.keys("ggjgy")
    editor.wait_for_text("the cursor is in no block of code.")
    editor.keys("/answer = <CR>gp")
    editor.wait("the outline", lambda: "local answer = 42" in outline(editor))
    editor.keys("<C-w>pu<C-w>p")
    editor.wait("the undo", lambda: "local answer = 42" not in outline(editor))
    editor.keys("/Draw it<CR>VjgE")
    editor.wait("the selection", lambda: [line for line in outline(editor) if "[ ] Write it" in line])
    editor.keys("/That is all<CR>gE")
    editor.wait("the whole message", lambda: sum("[ ] Draw it" in line for line in outline(editor)) == 2)
    editor.keys("g?")
    editor.wait_for_text("stop the answer")


def test_new_list_and_delete(editor: Shared) -> None:
    open_chat(editor)
    say(editor, "colour")
    editor.wait("the answer", lambda: "Two colours." in editor.lines())
    editor.keys(":Orchestrator chat new<CR>")
    editor.wait("an empty one", lambda: editor.lua("return vim.b.orchestrator_chat ~= nil") and len(editor.lines()) < 8)
    say(editor, "hello")
    editor.wait("the answer", lambda: "Fine." in editor.lines())
    editor.keys(":Orchestrator chat delete<CR>")
    editor.wait("the question", lambda: editor.lua("return asked ~= nil"))
    editor.lua("local done = asked[2]; asked = nil; done('Delete it', 2)")
    editor.wait_for_message("was deleted")
    editor.keys(":Orchestrator chat list<CR>")
    editor.wait("the list", lambda: editor.lua("return asked ~= nil and asked[1][1].title == 'Build the login page'"))


def test_a_killed_server_is_started_again_and_the_chat_goes_on(share: Callable[..., Shared]) -> None:
    editor = share(script=[says(SLOW, "slowly", chunk=3, delay=0.05), says("Fine.", "")])
    editor.open(OUTLINE)
    open_chat(editor)
    say(editor, "slowly")
    editor.wait("the first words", lambda: "word5" in "\n".join(editor.lines()))
    nvim = editor.lua("return vim.uv.os_getpid()")
    for child in Path(f"/proc/{nvim}/task/{nvim}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    editor.wait_for_text("■ cut off: the program ended")
    say(editor, "hello")
    editor.wait("an answer of the new server", lambda: "Fine." in editor.lines())


# --- with a server that says what the test says ----------------------------------------------------------------------


class Talk:
    def __init__(self, fake: FakeServed, messages: list[dict[str, Any]] | None = None) -> None:
        self.fake = fake
        self.seq = 0
        self.info = {
            "conversationId": "c1",
            "uri": fake.uri,
            "taskId": "abcde",
            "title": "Build the login page",
            "kind": "chat",
            "live": False,
            "model": "",
            "messages": 0,
            "preview": "",
            "started": 1.0,
            "updated": 1.0,
            "size": {"tokens": 1234, "window": 8192, "fit": "good", "advice": ""},
        }
        self.opens(messages or [])
        fake.keys("3G:Orchestrator chat<CR>")
        fake.wait("the chat", lambda: fake.lua("return vim.b.orchestrator_chat ~= nil"))

    def opens(self, messages: list[dict[str, Any]]) -> None:
        answer = {"conversation": self.info, "messages": messages, "earlier": 0, "seq": self.seq}
        self.fake.answer("orchestrator/chat/open", answer)

    def tell(self, **update: Any) -> None:
        self.seq += 1
        params = {"conversationId": "c1", "messageId": "m1", "seq": self.seq, "update": update}
        self.fake.tell("orchestrator/chat/update", params)


def message(text: str, speaker: str = "assistant", ending: str = "end", **more: Any) -> dict[str, Any]:
    return {
        "messageId": more.pop("id", "m1"),
        "parentId": None,
        "speaker": speaker,
        "text": text,
        "created": 1.0,
        "ending": ending,
        "variants": [],
        **more,
    }


def test_streamed_text_is_appended(fake: FakeServed) -> None:
    talk = Talk(fake)
    fake.lua(
        """
        changes = {}
        vim.api.nvim_buf_attach(0, false, {
          on_bytes = function(_, _, _, row, column, _, _, _, old) table.insert(changes, { row, column, old }) end,
        })
        """
    )
    talk.tell(kind="message", message=message("", ending="open"))
    fake.lua("changes = {}")
    for piece in ("One ", "two\nthree", "", " four"):
        talk.tell(kind="text", text=piece)
    assert fake.lines()[:4] == ["## Model", "", "One two", "three four"]
    assert fake.lua("return changes")[:3] == [[2, 0, 0], [2, 4, 0], [3, 5, 0]] or all(
        old == 0 for _, _, old in fake.lua("return changes")
    )
    talk.tell(kind="usage", model="scripted/demo", usage={"inputTokens": 10, "outputTokens": 5, "costUsd": 0.0012})
    talk.tell(kind="end", stopReason="end")
    bar = "Build the login page · scripted/demo · 1,234 of 8,192 tokens · $0.0012"
    fake.command("only")
    fake.wait_for_text(bar)


def test_thoughts_and_tools_are_folded(fake: FakeServed) -> None:
    talk = Talk(fake)
    talk.tell(kind="message", message=message("", ending="open"))
    talk.tell(kind="thought", text="Let me\nsee")
    talk.tell(kind="thought", text=" it.\n")
    talk.tell(kind="toolCall", callId="t1", tool="read_file", arguments='{"path": "a.py"}')
    talk.tell(kind="toolResult", callId="t1", text="x = 1\ny = 2", failed=False)
    talk.tell(kind="text", text="> a quote\n\nIt is one.")
    talk.tell(kind="end", stopReason="error", reason="The host is away. Try again.")
    assert fake.lines()[2:] == [
        "> **Thought**",
        "> Let me",
        "> see it.",
        "> ",
        "",
        "> **Tool** read_file",
        '> {"path": "a.py"}',
        "> **Result**",
        "> x = 1",
        "> y = 2",
        "",
        "> a quote",
        "",
        "It is one.",
        "",
        "## You",
        "",
        "",
    ]
    screen = fake.wait_for_text("▸ Thought (4 lines)")
    assert any("▸ Tool read_file (5 lines)" in row for row in screen)
    assert any("> a quote" in row for row in screen)
    assert any("■ failed: The host is away." in row for row in screen)


def test_a_missed_piece_is_read_again(fake: FakeServed) -> None:
    talk = Talk(fake)
    talk.tell(kind="message", message=message("", ending="open"))
    talk.tell(kind="text", text="One ")
    talk.seq += 1  # a piece that never came
    fake.keys("Gomy draft<Esc>")
    talk.opens([message("One two three", ending="open")])
    talk.tell(kind="text", text="three")
    fake.wait("all of it", lambda: fake.lines() == ["## Model", "", "One two three", "", "## You", "", "", "my draft"])


def test_a_refused_message_is_not_lost(fake: FakeServed) -> None:
    Talk(fake)
    fake.refuse("orchestrator/chat/send", "The model is busy. Try again.")
    fake.keys("Gomy words<Esc><C-s>")
    fake.wait_for_message("The model is busy. Try again.")
    assert fake.lines()[-1] == "my words"


def draft(fake: FakeServed) -> list[str]:
    lines = fake.lines()
    return lines[len(lines) - lines[::-1].index("## You") :]


def test_undo_takes_back_the_draft_and_nothing_else(fake: FakeServed) -> None:
    """However much was streamed between the changes, and from every command of Vim that goes back or on."""
    talk = Talk(fake)
    talk.tell(kind="message", message=message("", ending="open"))
    said = ""

    def piece() -> None:
        nonlocal said
        said += "word "
        talk.tell(kind="text", text="word ")

    fake.keys("Goone<Esc>")
    fake.wait("the line", lambda: draft(fake) == ["", "", "one"])
    piece()
    fake.keys("otwo")
    fake.wait("the next line", lambda: draft(fake) == ["", "", "one", "two"])
    piece()  # in Insert mode, in the middle of a change
    fake.keys(" more<Esc>")
    fake.wait("all of it", lambda: draft(fake) == ["", "", "one", "two more"])
    piece()
    fake.keys("kdd")
    fake.wait("a line less", lambda: draft(fake) == ["", "", "two more"])
    for keys, expected in [
        ("u", ["", "", "one", "two more"]),
        ("u", ["", "", "one"]),
        ("<C-r>", ["", "", "one", "two more"]),
        ("2u", ["", ""]),
        ("3<C-r>", ["", "", "two more"]),
        (":undo<CR>", ["", "", "one", "two more"]),
        ("g-", ["", "", "one"]),
        ("g+", ["", "", "one", "two more"]),
        ("2u", ["", ""]),
        ("u", ["", ""]),  # and no further
        ("2<C-r>", ["", "", "one", "two more"]),
    ]:
        piece()
        fake.keys(keys)
        fake.wait(keys, lambda expected=expected: draft(fake) == expected)
        assert fake.lines()[2] == said.rstrip() + " "
        assert fake.lua("return vim.bo.modified") == (expected != ["", ""])
    # What was deleted is a change, too, though the text is then as it once was.
    fake.keys("Gdd")
    piece()
    fake.keys("u")
    fake.wait("the line again", lambda: draft(fake) == ["", "", "one", "two more"])
    # A selection is not disturbed, and what was sent can be had back.
    fake.keys("GV")
    piece()
    fake.keys("d")
    fake.wait("the deletion", lambda: draft(fake) == ["", "", "one"])
    fake.answer("orchestrator/chat/send", {"conversationId": "c1", "messageId": "m9", "correction": False})
    fake.keys("<C-s>")
    fake.wait("an empty draft", lambda: draft(fake) == ["", ""])
    piece()
    fake.keys("u")
    fake.wait("what was sent", lambda: draft(fake) == ["", "", "one"])
    assert [sent["text"] for sent in fake.sent("orchestrator/chat/send")] == ["one"]


def test_a_draft_in_a_window_of_its_own(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake(options="{ chat = { input = 'split' } }")
    talk = Talk(fake)
    prompt, chat = fake.lua("local id = vim.fn.bufnr(); return { id, vim.fn.winbufnr(vim.fn.winnr('k')) }")
    fake.wait_for_text('To "Build the login page": <C-S> sends')
    talk.tell(kind="message", message=message("", ending="open"))
    assert fake.lines(chat) == ["## Model", "", ""]
    fake.keys("iWhich<Esc>")
    talk.tell(kind="text", text="A\n" * 40)
    fake.keys("A colour?<Esc>")
    talk.tell(kind="text", text="B")
    fake.wait("the draft", lambda: fake.lines(prompt) == ["Which colour?"])
    assert any(line.rstrip().endswith("B") for line in fake.screen()), "the end of the answer stays in sight"
    fake.keys("u")
    fake.wait("one change less", lambda: fake.lines(prompt) == ["Which"])
    assert fake.lines(chat)[2:] == ["A"] * 40 + ["B"]
    assert not fake.lua("return vim.bo[...].modifiable", chat)
    fake.answer("orchestrator/chat/send", {"conversationId": "c1", "messageId": "m9", "correction": False})
    fake.keys("<C-r><C-s>")
    fake.wait("it was sent", lambda: fake.sent("orchestrator/chat/send"))
    assert fake.sent("orchestrator/chat/send")[0]["text"] == "Which colour?"
    fake.wait("an empty draft", lambda: fake.lines(prompt) == [""])
    fake.keys(":Orchestrator chat stop<CR>")
    fake.wait("the stop", lambda: fake.sent("orchestrator/chat/cancel"))
    # Both go and come together.
    fake.keys("<C-w>k:hide<CR>")
    fake.wait("one window", lambda: fake.lua("return vim.fn.winnr('$')") == 1)
    fake.keys("3G:Orchestrator chat<CR>")
    fake.wait("the draft again", lambda: fake.lua("return vim.fn.bufnr()") == prompt)
    fake.keys(":close<CR>gi and more<Esc>")
    fake.wait("the draft again", lambda: fake.lines(prompt) == [" and more"])
    fake.command("bwipeout!")
    fake.wait("no chat without its draft", lambda: not fake.lua("return vim.api.nvim_buf_is_valid(...)", chat))
    fake.keys("3G:Orchestrator chat<CR>")
    fake.wait_for_text('To "Build the login page": <C-S> sends')
    prompt, chat = fake.lua("local id = vim.fn.bufnr(); return { id, vim.fn.winbufnr(vim.fn.winnr('k')) }")
    fake.command(f"bwipeout! {chat}")
    fake.wait("no draft", lambda: not fake.lua("return vim.api.nvim_buf_is_valid(...)", prompt))
    assert fake.prompts == 0
    assert "Error" not in fake.messages()
