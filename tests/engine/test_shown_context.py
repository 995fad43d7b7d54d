"""What a model is sent, shown before it is sent."""

from __future__ import annotations

import pytest

from orchestrator.engine.proposal import Observer, SplitRequest
from orchestrator.engine.session import Workspace
from orchestrator.engine.shown_context import ShownContext
from orchestrator.errors import TaskError
from tests.support.branches import URI, Branch, does, done, sums_up, verdict

TEXT = """\
# Trip

- [ ] Fly  [dependsOn:: bbbbb]
  By plane.
  - [ ] Pack  [files:: list.txt]
    All of it.

    Accept: the bag is closed
  - [ ] Leave  [executor:: research]
- [x] Book  ^bbbbb
  > Result: Seats 1 and 2.
"""


async def show(branch: Branch, title: str, purpose="execute") -> ShownContext:
    workspace = Workspace(branch.folder)
    return await branch.session.shown_context(
        branch.document.outline, branch.task(title), purpose, workspace, URI, branch.person
    )


async def test_the_context_is_what_is_sent(tmp_path):
    (tmp_path / "list.txt").write_text("two shirts\n")
    finish = {"tool": "finish", "arguments": {"answer": "x", "result": "x", "claims": [], "failed": True}}
    script = [{"when": {"tools": True}, "calls": [finish]}, done()]
    async with Branch(tmp_path, TEXT, script, run={"maxDepth": 0}) as branch:
        shown = [await show(branch, title) for title in ("Pack", "Leave")]
        assert branch.requests() == [], "nothing is sent"
        assert branch.person.questions == []
        await branch.run("Pack")
        await branch.run("Leave")
        sent = [branch.requests()[0], branch.requests()[-1]]
        for one, request in zip(shown, sent, strict=True):
            assert one.request.system == request.system
            assert one.request.messages == request.messages[:1]
            assert one.request == request
        pack = shown[0]
        assert [part.name for part in pack.parts] == [
            "Goal",
            "Part of",
            "Task",
            "Description",
            "Accept",
            "Results it builds on",
            "Attached files",
        ]
        text = pack.document()
        assert pack.request.system in text
        assert pack.request.messages[0].text in text
        assert "two shirts" in text
        assert shown[1].request.tools
        assert "Tools: " in shown[1].document()


@pytest.mark.parametrize("purpose", ["plan", "decide"])
async def test_a_split_sends_what_is_shown(tmp_path, purpose):
    plan = {"ordered": True, "tasks": [{"title": "One"}, {"title": "Two"}]}
    script = [
        {"when": {"schema": "decide"}, "answer": {"verdict": "DECOMPOSE", "reason": "x"}},
        {"when": {"schema": "plan"}, "answer": plan},
    ]
    async with Branch(tmp_path, TEXT, script) as branch:
        shown = await show(branch, "Pack", purpose)
        target = branch.document.target("Pack")
        split = await branch.session.start_split(
            target, Workspace(tmp_path), SplitRequest(), Observer(lambda _: None, lambda _: None), branch.person
        )
        await split.settled()
        request = next(one for one in branch.requests() if one.schema.name == purpose)
        assert shown.request == request
        assert ("Tasks beside it" in shown.document()) is (purpose == "plan")


async def test_what_is_judged_and_summed_up_is_shown_as_it_is_sent(tmp_path):
    text = (
        "- [ ] Trip\n  All of us.\n\n  Accept: nobody is left behind\n"
        "  - [ ] Pack\n    Accept: the bag is closed\n  - [ ] Leave\n  - [-] Fly\n"
    )
    long = "The bag is closed.\n\nIt took an hour."
    said = ("The bag is closed.", "Gone.")
    judges = [verdict(True, words, when={"schema": "verify", "contains": words}) for words in said]
    script = [does("Pack", "Closed.", answer=long), does("Leave"), sums_up("Gone."), *judges]
    async with Branch(tmp_path, text, script, run={"maxDepth": 0}) as branch:
        with pytest.raises(TaskError, match="nothing to verify"):
            await show(branch, "Pack", "verify")
        await branch.run()
        sent = {request.schema.name: request for request in branch.requests()}
        verified = [request for request in branch.requests() if request.schema.name == "verify"]
        assert sent["aggregate"] == (await show(branch, "Trip", "aggregate")).request
        assert verified == [(await show(branch, title, "verify")).request for title in ("Pack", "Trip")]
        pack, trip = await show(branch, "Pack", "verify"), await show(branch, "Trip", "aggregate")
        assert [part.name for part in pack.parts] == ["Task", "Accept", "Answer"]
        assert "It took an hour." in pack.parts[-1].text
        assert [part.name for part in trip.parts] == ["Task", "Description", "Accept", "Results of its subtasks"]
        assert trip.parts[-1].text == "- Pack: Closed.\n- Leave: Leave: done"
        assert "Results of its subtasks" in trip.document()
        for title, purpose, why in (("Leave", "verify", "No model verifies"), ("Leave", "aggregate", "no subtasks")):
            with pytest.raises(TaskError, match=why):
                await show(branch, title, purpose)


async def test_where_no_model_is_asked_it_says_so(tmp_path):
    async with Branch(tmp_path, TEXT, [], model="local/smollm2") as branch:
        with pytest.raises(TaskError, match="No model is asked"):
            await show(branch, "Pack", "decide")
        assert "basic offline model" in (await show(branch, "Pack")).document()
