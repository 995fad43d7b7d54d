"""What waits for a person, and how runs stand: quickfix, answers, diffs, signs, status line, events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.neovim.conftest import FakeServed, Shared
from tests.support.branches import asks, does, done
from tests.support.hands import finish, use

FIX = ("change_file", {"path": "app.py", "old": "wrong", "new": "right"})
OUTLINE = """\
# Work

- [ ] Ask me  [mode:: auto]
- [ ] Fix it  [executor:: code]  [mode:: auto]
- [ ] Slowly  [mode:: auto]
- [ ] Simple  [mode:: auto]
"""


def repeated(*script: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**entry, "repeat": True} for entry in script]


@pytest.fixture(scope="module")
def shared(share: Callable[..., Shared]) -> Shared:
    answered = does("Ask me", "At noon it was.")
    answered["when"]["contains"] = "At noon"
    slow = {**does("Slowly", "It took long."), "delay": 0.3, "chunk": 4}
    fix = use(FIX, finish("Fixed."), when={"tools": True})
    script = repeated(answered, asks("Ask me", "When?"), fix, slow, done("It is done."))
    after = """
        vim.ui.select = function(items, options, done) asked = { items, options.prompt, done } end
        vim.ui.input = function(options, done) asked = { {}, options.prompt, done } end
        heard = {}
        for _, name in ipairs({ 'RunStarted', 'RunEnded', 'TaskChanged', 'Inbox' }) do
          vim.api.nvim_create_autocmd('User', {
            pattern = 'Orchestrator' .. name,
            callback = function(event) table.insert(heard, { name, event.data }) end,
          })
        end
    """
    return share(script=script, after=after)


@pytest.fixture
def editor(shared: Shared) -> Shared:
    (shared.folder / "app.py").write_text("x = 'wrong'\ny = 1\n")
    shared.open(OUTLINE)
    shared.lua("asked, heard = nil, {}")
    return shared


def run(editor: Shared, line: int) -> None:
    editor.lua(
        """
        local client = vim.lsp.get_clients({ name = 'orchestrator', bufnr = vim.api.nvim_get_current_buf() })[1]
        local position = { line = ... - 1, character = 0 }
        local params = { uri = vim.uri_from_bufnr(0), position = position }
        client:request('orchestrator/run/start', params, function(problem) failed = problem end, vim.fn.bufnr())
        """,
        line,
    )


def stop(editor: Shared) -> None:
    editor.lua(
        """
        local client = vim.lsp.get_clients({ name = 'orchestrator', bufnr = vim.api.nvim_get_current_buf() })[1]
        local started
        for _, event in ipairs(heard) do
          started = event[1] == 'RunStarted' and event[2].runId or started
        end
        client:request('orchestrator/run/stop', { runId = started }, function() end, vim.fn.bufnr())
        """
    )
    ended(editor)


def ended(editor: Shared) -> None:
    editor.wait("the end of the run", lambda: "RunEnded" in events(editor))


def events(editor: Shared) -> list[str]:
    return list(editor.lua("return vim.tbl_map(function(event) return event[1] end, heard)"))


def signs(editor: Shared) -> list[list[Any]]:
    return list(
        editor.lua(
            """
            local found = {}
            local namespace = vim.api.nvim_create_namespace('orchestrator.runs')
            for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
              table.insert(found, { mark[2] + 1, vim.trim(mark[4].sign_text) })
            end
            return found
            """
        )
    )


def choose(editor: Shared, answer: str) -> tuple[list[str], str]:
    editor.wait("to be asked", lambda: editor.lua("return asked ~= nil"))
    items, prompt = editor.lua("return { asked[1], asked[2] }")
    editor.lua("local done = asked[3]; asked = nil; done(...)", answer)
    return items, prompt


def test_a_question_waits_in_the_quickfix_list_and_is_answered(editor: Shared) -> None:
    run(editor, 3)
    editor.wait_for_message('"Ask me" asks: When? :Orchestrator answer')
    editor.wait("the mark", lambda: editor.lines()[2].startswith("- [?] Ask me"))
    editor.wait("the sign", lambda: signs(editor) == [[3, "?"]])
    assert editor.lua("return require('orchestrator').statusline()") == "● 0/1 ? 1"
    editor.keys(":Orchestrator inbox<CR>")
    editor.wait("the list", lambda: editor.lua("return vim.bo.buftype") == "quickfix")
    screen = editor.wait_for_text("asks: When?")
    assert any("|3 warning| " in row for row in screen)
    editor.keys(":Orchestrator answer<CR>")
    items, prompt = choose(editor, "At noon")
    assert (items, prompt) == ([], '"Ask me" asks: When? ')
    ended(editor)
    editor.keys("<C-w>p")
    editor.wait("the outcome", lambda: editor.lines()[2].startswith("- [x] Ask me"))
    editor.wait("no sign", lambda: signs(editor) == [])
    assert editor.lua("return vim.fn.getqflist()") == []
    assert editor.lua("return require('orchestrator').statusline()") == ""
    assert {"RunStarted", "TaskChanged", "Inbox", "RunEnded"} <= set(events(editor))
    editor.keys(":Orchestrator inbox<CR>")
    editor.wait_for_text("nothing waits for you.")


def test_an_edit_is_shown_before_it_can_be_approved(editor: Shared) -> None:
    run(editor, 4)
    editor.wait_for_message('"Fix it" asks:')
    editor.keys("4G:Orchestrator answer<CR>")
    editor.wait("the diff", lambda: editor.lua("return #vim.api.nvim_list_tabpages()") == 2)
    screen = editor.wait_for_text("as it would be")
    assert any("x = 'wrong'" in row and "x = 'right'" in row for row in screen)
    assert editor.lua("return vim.wo.diff")
    assert any("Asked because" in row for row in screen)
    assert editor.lua("return asked") is None
    assert (editor.folder / "app.py").read_text().startswith("x = 'wrong'")
    editor.keys("<CR>")
    items, _ = choose(editor, "Allow")
    assert items == ["Refuse", "Allow", "Allow for this run"]
    ended(editor)
    editor.wait("the tab page to go", lambda: editor.lua("return #vim.api.nvim_list_tabpages()") == 1)
    assert (editor.folder / "app.py").read_text() == "x = 'right'\ny = 1\n"
    editor.wait("the outcome", lambda: editor.lines()[3].startswith("- [x] Fix it"))


def test_a_diff_that_is_closed_answers_nothing(editor: Shared) -> None:
    run(editor, 4)
    editor.wait_for_message('"Fix it" asks:')
    editor.keys("4G:Orchestrator answer<CR>")
    editor.wait_for_text("as it would be")
    editor.keys("q")
    editor.wait("the tab page to go", lambda: editor.lua("return #vim.api.nvim_list_tabpages()") == 1)
    assert editor.lua("return asked") is None
    stop(editor)
    assert (editor.folder / "app.py").read_text().startswith("x = 'wrong'")


def test_signs_are_there_while_a_task_runs(editor: Shared) -> None:
    run(editor, 5)
    editor.wait("the sign", lambda: signs(editor) == [[5, "●"]])
    editor.keys("ggO<Esc>")
    editor.wait("it goes along", lambda: signs(editor) == [[6, "●"]])
    editor.wait_for_text("● - [ ] Slowly")
    editor.keys(":Orchestrator tree<CR>")
    editor.wait_for_text("[ ] Slowly  ● executing")
    editor.keys("/Slowly<CR>x")
    ended(editor)
    editor.wait("no sign in the tree", lambda: not any("●" in text for text in editor.screen()))
    editor.keys("r")
    editor.wait_for_text("[ ] Slowly  ● executing")
    editor.lua("heard = {}")
    editor.keys("x")
    ended(editor)
    editor.keys("q")
    editor.wait("no sign", lambda: signs(editor) == [])


def test_runs_are_listed_and_stopped(editor: Shared) -> None:
    run(editor, 5)
    editor.wait("the sign", lambda: signs(editor) == [[5, "●"]])
    editor.keys(":Orchestrator runs<CR>")
    editor.wait("to be asked", lambda: editor.lua("return asked ~= nil"))
    assert editor.lua("return { asked[1][1].title, asked[2] }") == ["Slowly", "Runs"]
    editor.lua("local done, items = asked[3], asked[1]; asked = nil; done(items[1])")
    assert editor.lua("return asked[1][1].name") == "Stop it"
    editor.lua("local done, items = asked[3], asked[1]; asked = nil; done(items[1])")
    ended(editor)
    editor.keys(":Orchestrator runs<CR>")
    editor.wait("to be asked", lambda: editor.lua("return asked ~= nil"))
    editor.lua("local done, items = asked[3], asked[1]; asked = nil; done(items[1])")
    assert editor.lua("return asked[1][2].name") == "Mark it as failed"


def test_only_a_question_notifies(editor: Shared) -> None:
    run(editor, 6)
    ended(editor)
    editor.wait("the outcome", lambda: editor.lines()[5].startswith("- [x] Simple"))
    assert "orchestrator" not in editor.messages()


def approval(**more: Any) -> dict[str, Any]:
    return {
        "approvalId": "a1",
        "runId": "r1",
        "kind": "command",
        "title": "Run pytest?",
        "taskId": "abcde",
        "task": "Fix it",
        "choices": ["Refuse", "Allow"],
        "detail": {"text": "$ pytest -q\n/usr/bin/pytest, in /w. It may execute code of this folder."},
        "created": 1.0,
        "state": "open",
        **more,
    }


SELECT = "vim.ui.select = function(items, o, done) asked = { items, o.prompt, done } end"


def test_a_command_is_shown_and_asked_about(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake("- [ ] a\n- [?] Fix it  ^abcde\n", before=SELECT)
    waits = approval(uri=fake.uri)
    fake.tell("orchestrator/approval/changed", {"approval": waits})
    fake.wait_for_message('"Fix it" asks: Run pytest? :Orchestrator answer')
    fake.answer("orchestrator/approval/list", {"approvals": [waits]})
    fake.keys(":Orchestrator inbox<CR>")
    fake.wait_for_text('plan.tasks.md|2 warning| "Fix it" asks: Run pytest?')
    fake.keys(":Orchestrator answer<CR>")
    fake.wait_for_text("$ pytest -q")
    fake.wait_for_text("read it, then press Enter there to answer.")
    assert fake.lua("return asked") is None  # the choices would lie over the command
    fake.keys("<CR>")
    fake.wait("to be asked", lambda: fake.lua("return asked ~= nil"))
    assert fake.lua("return { asked[1], asked[2] }") == [["Refuse", "Allow"], '"Fix it" asks: Run pytest?']
    fake.answer("orchestrator/question/answer", {})
    fake.lua("asked[3]('Allow', 2)")
    fake.wait("the answer", lambda: fake.sent("orchestrator/question/answer"))
    assert fake.sent("orchestrator/question/answer") == [{"approvalId": "a1", "answer": "Allow"}]
    fake.wait("the window to go", lambda: not any("$ pytest -q" in row for row in fake.screen()))
    # What somebody else answered is not asked here any more.
    fake.tell("orchestrator/approval/changed", {"approval": {**waits, "approvalId": "a2"}})
    assert fake.lua("return require('orchestrator').statusline()") == "? 1"
    fake.tell("orchestrator/approval/changed", {"approval": {**waits, "approvalId": "a2", "state": "answered"}})
    assert fake.lua("return require('orchestrator').statusline()") == ""
    assert fake.prompts == 0


def test_many_questions_are_one_message(start_fake: Callable[..., FakeServed]) -> None:
    fake = start_fake()
    for number in range(3):
        fake.tell("orchestrator/approval/changed", {"approval": approval(approvalId=f"a{number}", uri=fake.uri)})
    fake.wait_for_message("3 questions wait for you. :Orchestrator inbox")
    assert fake.messages().count("orchestrator:") == 1


def test_both_sides_of_a_diff(fake: FakeServed) -> None:
    diff = (
        "change a.py\n--- a.py\n+++ a.py\n@@ -1,4 +1,4 @@\n same\n-- old list\n-\n++ new list\n+@@ not a place\n same\n"
        "create b.py\n--- /dev/null\n+++ b.py\n@@ -1,0 +1,1 @@\n+new\n"
        "change c.py\n--- c.py\n+++ c.py\n@@ the whole file @@\n-one\n+two\ndelete d\n--- d\n+++ /dev/null"
    )
    sides = fake.lua("return require('orchestrator.approval').sides(...)", diff)
    names = [["change a.py", "--- a.py", "+++ a.py", "@@ -1,4 +1,4 @@"], ["create b.py"]]
    assert sides["before"][:8] == [*names[0], "same", "- old list", "", "same"]
    assert sides["after"][:8] == [*names[0], "same", "+ new list", "@@ not a place", "same"]
    assert [line for line in sides["after"] if line not in sides["before"]] == [
        "+ new list",
        "@@ not a place",
        "new",
        "two",
    ]
    assert sides["before"][-4:] == ["one", "delete d", "--- d", "+++ /dev/null"]
