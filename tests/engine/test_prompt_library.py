"""Versions of prompts: editing, using, rolling back, workspaces, moving, and what a run uses."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest

from orchestrator.engine.prompt_library import PromptLibrary, allowed_by
from orchestrator.engine.prompting import load_prompt
from orchestrator.engine.trust import Trust, fingerprint
from orchestrator.errors import ConfigError
from orchestrator.model.run import RunState
from orchestrator.store.store import Store
from tests.support.branches import Branch, asks, does, done

EXECUTE = load_prompt("execute").text
SHORT = EXECUTE.replace("You do one task of a plan.", "You do one task, in few words.")
BROKEN = EXECUTE.replace("{{context}}", "{{contxt}}")


@asynccontextmanager
async def library(folder):
    store = await Store.open(None)
    try:
        yield PromptLibrary(store, folder / "config")
    finally:
        await store.aclose()


async def test_a_saved_text_is_a_new_version_in_use(tmp_path):
    async with library(tmp_path) as prompts:
        saved = await prompts.save("execute", SHORT.replace("\n", "\r\n"))
        assert (saved.is_new, saved.version.parent) == (True, load_prompt("execute").version)
        force = await prompts.in_force()
        assert force.get("execute").text == SHORT
        assert force.get("plan") is load_prompt("plan")
        again = await prompts.save("execute", SHORT)
        assert not again.is_new
        entry = await prompts.entry("execute")
        assert [one.origin for one in entry.versions] == ["built-in", "edited"]
        assert "+You do one task, in few words." in await prompts.diff("execute")
        assert await prompts.diff("plan") == ""


async def test_a_broken_prompt_never_replaces_a_working_one(tmp_path):
    async with library(tmp_path) as prompts:
        await prompts.save("execute", SHORT)
        with pytest.raises(ConfigError, match="does not name: contxt"):
            await prompts.save("execute", BROKEN)
        path = await prompts.edit("execute")
        assert path.read_text() == SHORT
        path.write_text(BROKEN)
        force = await prompts.in_force()
        assert force.get("execute").text == SHORT
        assert "execute.md is not used" in force.notes[0]
        assert [fault.code for fault in (await prompts.entry("execute")).faults] == ["prompt-parameter"]


async def test_a_file_saved_without_us_is_found(tmp_path):
    async with library(tmp_path) as prompts:
        path = await prompts.edit("execute")
        path.write_text(SHORT)
        assert (await prompts.in_force()).get("execute").text == SHORT
        await prompts.use("execute", "built-in")
        assert path.read_text() == EXECUTE
        assert (await prompts.in_force()).get("execute").text == EXECUTE


async def test_roll_back_goes_back_one_by_one(tmp_path):
    async with library(tmp_path) as prompts:
        first = (await prompts.save("execute", SHORT)).version
        path = await prompts.edit("execute")
        second = (await prompts.save("execute", SHORT + "\nBe brief.")).version
        path.write_text(second.text)
        assert second.parent == first.version
        assert await prompts.roll_back("execute") == first
        assert path.read_text() == SHORT
        assert (await prompts.roll_back("execute")).text == EXECUTE
        assert (await prompts.in_force()).by_name == {}
        with pytest.raises(ConfigError, match="never changed"):
            await prompts.roll_back("execute")
        assert (await prompts.use("execute", second.version[:6])).text == second.text
        path.write_text(SHORT + "\nNot saved: {{")
        await prompts.roll_back("execute")
        assert path.read_text().endswith("Not saved: {{")


async def test_a_new_prompt_is_a_copy_under_its_name(tmp_path):
    async with library(tmp_path) as prompts:
        path = await prompts.new("house-style", "execute")
        assert path.read_text() == EXECUTE.replace("name: execute", "name: house-style")
        assert [entry.name for entry in await prompts.entries() if entry.draft] == ["house-style"]
        with pytest.raises(ConfigError, match="already"):
            await prompts.new("house-style", "execute")
        with pytest.raises(ConfigError, match="first version"):
            await prompts.roll_back("house-style")
        assert (await prompts.entry("house-style")).in_use.text == path.read_text()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "CON", "x" * 50, "tasks", "\x1b[2J"])
async def test_hostile_names_lead_nowhere(tmp_path, name):
    async with library(tmp_path) as prompts:
        for act in (prompts.new(name, "execute"), prompts.save(name, EXECUTE), prompts.edit(name)):
            with pytest.raises(ConfigError):
                await act
        assert not (tmp_path / "config").exists()


async def test_a_changed_workspace_prompt_asks_again(tmp_path):
    folder = tmp_path / "work" / ".orchestrator" / "prompts"
    folder.mkdir(parents=True)
    file = folder / "execute.md"
    file.write_text(SHORT)
    trust = Trust(tmp_path / "trust.json")
    workspace = (tmp_path / "work").resolve()
    async with library(tmp_path) as prompts:

        async def used():
            return await prompts.in_force(workspace, allowed_by(trust, workspace))

        assert "orchestrator trust add" in (await used()).notes[0]
        trust.trust(workspace)
        trust.trust_file(workspace, ".orchestrator/prompts/execute.md", fingerprint(file.read_bytes()))
        assert ((await used()).get("execute").text, (await used()).get("execute").origin) == (SHORT, "workspace")
        file.write_text(SHORT + "\nDo as I say.")
        assert (await used()).get("execute").text == EXECUTE
        file.write_text(SHORT)
        mine = EXECUTE.replace("You do one task of a plan.", "Mine.")
        await prompts.save("execute", mine)
        assert (await used()).get("execute").text == mine


async def test_a_linked_workspace_prompt_is_not_read(tmp_path):
    secret = tmp_path / "secret.md"
    secret.write_text(SHORT)
    folder = tmp_path / "work" / ".orchestrator" / "prompts"
    folder.mkdir(parents=True)
    (folder / "execute.md").symlink_to(secret)
    async with library(tmp_path) as prompts:
        force = await prompts.in_force((tmp_path / "work").resolve(), lambda *_: True)
        assert force.by_name == {}
        assert "is not used" in force.notes[0]


async def test_export_and_import(tmp_path):
    async with library(tmp_path) as prompts, library(tmp_path / "other") as others:
        await prompts.save("execute", SHORT)
        await prompts.new("house-style", "execute")
        await prompts.entries()
        given = json.dumps(await prompts.export())
        assert sorted((one.version.name, one.is_new) for one in await others.take(given)) == [
            ("execute", True),
            ("house-style", True),
        ]
        assert (await others.in_force()).get("execute").text == SHORT
        assert [one.is_new for one in await others.take(given)] == [False, False]
        single = SHORT.replace("name: execute", "name: single")
        assert (await others.take(single))[0].version.name == "single"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"schema": 2, "prompts": []}',
        '{"schema": 1, "prompts": [{"name": "../x", "text": "x"}]}',
        '{"schema": 1, "prompts": [{"name": "execute", "text": "{{"}]}',
        '{"schema": 1, "prompts": [{"name": "execute", "text": 7}]}',
        '{"schema": 1, "prompts": [{"name": "execute", "text": "x", "parent": "no hash"}]}',
        BROKEN,
    ],
)
async def test_what_cannot_be_imported_changes_nothing(tmp_path, text):
    async with library(tmp_path) as prompts:
        with pytest.raises(ConfigError):
            await prompts.take(text)
        assert await prompts.export() == {"schema": 1, "prompts": []}


async def test_a_run_keeps_its_prompts(tmp_path):
    text = "1. [ ] a\n2. [ ] b\n"
    async with Branch(tmp_path, text, [does("a"), does("b")]) as branch:
        prompts = PromptLibrary(await branch.session.store(), branch.directories.config)
        path = await prompts.edit("execute")
        path.write_text(SHORT)
        branch.notes = Overwriting(path)
        view = await branch.run()
        assert view.done == 2
        assert ["few words" in request.system for request in branch.requests()] == [True, True]
        store = await branch.session.store()
        steps = [step for one in await store.attempts(view.run_id) for step in await store.steps(one.attempt_id)]
        assert {step.prompt_version for step in steps} == {(await prompts.entry("execute")).versions[-1].version}
        assert [one.executor for one in await store.attempts(view.run_id)] == ["answer", "answer"]


class Overwriting(list):
    """Breaks the file as soon as the run says anything."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def append(self, note):
        self.path.write_text(BROKEN)


async def test_a_task_names_its_prompt(tmp_path):
    text = "- [ ] a  [prompt:: house-style]\n- [ ] b\n- [ ] c  [prompt:: unheard]\n"
    async with Branch(tmp_path, text, [does("a"), does("b")], run={"maxDepth": 0}) as branch:
        prompts = PromptLibrary(await branch.session.store(), branch.directories.config)
        path = await prompts.new("house-style", "execute")
        path.write_text(SHORT.replace("name: execute", "name: house-style"))
        view = await branch.run()
        assert (view.done, view.failed) == (2, 1)
        words = {request.messages[0].text[-40:]: "few words" in request.system for request in branch.requests()}
        assert sorted("few words" in request.system for request in branch.requests()) == [False, True], words
        assert "There is no prompt “unheard”" in branch.task("c").fields["reason"]


async def test_a_resumed_attempt_keeps_its_prompts(tmp_path):
    async with Branch(tmp_path, "- [ ] a\n", [asks("a", "Which?"), done()]) as branch:
        prompts = PromptLibrary(await branch.session.store(), branch.directories.config)
        await prompts.save("execute", SHORT)
        view = await branch.run(wait=False)
        assert view.state is RunState.PAUSED
        await prompts.save("execute", SHORT + "\nLater.")
        store = await branch.session.store()
        (approval,) = await store.approvals()
        await branch.session.answer(approval.approval_id, "This.")
        view = await (await branch.resume(view.run_id)).ended()
        assert view.state is RunState.COMPLETED
        assert ["Later." in request.messages[0].text for request in branch.requests()] == [False, False]
