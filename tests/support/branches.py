"""A session, a script, an outline in memory or in a file, and a run of it: what tests of running share."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.config import Directories, Settings
from orchestrator.engine.branch import BranchObserver, BranchRequest, BranchView
from orchestrator.engine.editor import View
from orchestrator.engine.run import BranchRun
from orchestrator.engine.session import Session, Workspace
from orchestrator.errors import EditRefusedError
from orchestrator.model.run import Approval, Event
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.tree import Task
from orchestrator.providers.keys import Keys
from orchestrator.store.store import Store
from tests.support.patience import PATIENCE
from tests.support.text_document import ScriptedPerson, TextDocument

URI = "file:///plan.tasks.md"


def done(result: str = "It is done.", answer: str = "", **more: Any) -> dict[str, Any]:
    """A script's answer to every execution that is not answered by an earlier entry."""
    work = {"status": "done", "answer": answer or result, "result": result, "question": ""}
    return {"when": {"schema": "execute"}, "answer": work, "repeat": True, **more}


def does(title: str, result: str = "", **more: Any) -> dict[str, Any]:
    """The answer to the execution of one task."""
    work = {
        "status": "done",
        "answer": result or f"{title}: done",
        "result": result or f"{title}: done",
        "question": "",
    }
    work.update({key: more.pop(key) for key in ("status", "answer", "question") if key in more})
    return {"when": {"schema": "execute", "contains": f"Task:\n  {title}\n"}, "answer": work, **more}


def asks(title: str, question: str) -> dict[str, Any]:
    return does(title, status="question", answer="", question=question)


def sums_up(result: str = "All of it.") -> dict[str, Any]:
    return {"when": {"schema": "aggregate"}, "answer": {"answer": result, "result": result}, "repeat": True}


def verdict(met: bool = True, evidence: str = "done", **more: Any) -> dict[str, Any]:
    criteria = [{"criterion": "it is done", "met": met, "evidence": evidence}]
    return {"when": {"schema": "verify"}, "answer": {"criteria": criteria}, "repeat": True, **more}


class TextHolder:
    """The engine's `Holder` of a document in memory."""

    uri = URI
    is_open = True

    def __init__(self, document: TextDocument) -> None:
        self.document = document
        self.watchers: list[Callable[[], None]] = []

    async def look(self) -> View:
        return View(self.document.outline, self.document.version)

    async def apply(self, view: View, edits: tuple[TextEdit, ...], label: str) -> int | None:
        if view.version != self.document.version:
            raise EditRefusedError("The text has changed.", hint="Try again.")
        assert label
        return self.document.write(edits)

    def foresee(self, view: View, edits: tuple[TextEdit, ...]) -> None:
        raise AssertionError("it is open here")

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(changed)
        return lambda: self.watchers.remove(changed)

    def type(self, old: str, new: str) -> None:
        """As a person."""
        self.document.type(old, new)
        for watcher in list(self.watchers):
            watcher()


class Branch:
    """One session with a script and one document; `run` runs the tasks with these titles, or all at the top."""

    def __init__(self, folder: Path, text: str, script: list[dict[str, Any]], *answers: str, **settings: Any) -> None:
        self.folder = folder
        (folder / "script.json").write_text(json.dumps(script))
        options = {"model": "scripted/test", "scripted": {"script": str(folder / "script.json")}, **settings}
        options.setdefault("calls", {"concurrency": 8})
        environment = options.pop("environment", {})
        self.directories = Directories(folder / "config", folder / "data", folder / "cache")
        self.session = Session(
            Settings.model_validate(options), self.directories, Keys.load(self.directories.config, environment)
        )
        self.document = TextDocument(text)
        self.holder = TextHolder(self.document)
        self.person = ScriptedPerson(*answers)
        self.events: list[Event] = []
        self.approvals: list[Approval] = []
        self.notes: list[str] = []
        self.observer = BranchObserver(self.events.append, self.approvals.append, on_note=self.notes.append)
        self.answering: dict[str, str] = {}
        """By the title of a question: the answer that is given as soon as it is asked."""

    async def __aenter__(self) -> Branch:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.aclose()

    @property
    def text(self) -> str:
        return self.document.text

    async def start(self, *titles: str, **request: Any) -> BranchRun:
        outline = self.document.outline
        roots = [task for task in outline.tasks() if (task.title in titles if titles else not outline.ancestors(task))]
        options = {"auto": True, **request}
        return await self.session.start_run(
            self.holder,
            roots,
            outline,
            Workspace(self.folder),
            BranchRequest(**options),
            self.observer,
            self.person,
        )

    async def run(self, *titles: str, **request: Any) -> BranchView:
        async with asyncio.timeout(30):
            return await (await self.start(*titles, **request)).ended()

    async def resume(self, run_id: str, **request: Any) -> BranchRun:
        options = {"auto": True, **request}
        return await self.session.resume_run(
            run_id, self.holder, Workspace(self.folder), BranchRequest(**options), self.observer, self.person
        )

    async def approval(self, count: int = 1) -> Approval:
        """The newest of those that were opened, when there are so many."""
        async with asyncio.timeout(PATIENCE):
            while len(opened := [one for one in self.approvals if one.state == "open"]) < count:
                await asyncio.sleep(0.005)
        return opened[-1]

    def task(self, title: str) -> Task:
        return next(task for task in self.document.outline.tasks() if task.title == title)

    def mark(self, title: str) -> str:
        return self.task(title).mark

    def requests(self) -> list[Any]:
        """What the provider was asked."""
        router = self.session._routers[-1]
        provider: Any = router._providers.get("scripted")
        return list(provider.requests) if provider else []

    async def read_store(self) -> Store:
        return await Store.open(self.directories.data / "orchestrator.db")

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]
