"""What the executors with tools have in common: the files of the workspace, and the tools to look at them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.commands import find_program
from orchestrator.engine.executors import Hands, TaskContext
from orchestrator.engine.tools import Tool
from orchestrator.engine.tools.draft import Draft
from orchestrator.engine.tools.looking import looking_tools
from orchestrator.engine.tools.search import Search
from orchestrator.engine.workspace_files import WorkspaceFiles
from orchestrator.errors import ToolError


@dataclass(frozen=True, slots=True)
class Workbench:
    files: WorkspaceFiles
    draft: Draft
    looking: tuple[Tool, ...]

    @classmethod
    async def open(cls, task: TaskContext, hands: Hands) -> Workbench:
        files = WorkspaceFiles(task.workspace)
        draft = Draft(files)
        found = await asyncio.to_thread(ripgrep, task.workspace, os.environ, tuple(hands.settings.tools.programs))
        return cls(files, draft, looking_tools(draft, Search(found)))


def ripgrep(workspace: Path, environ: Mapping[str, str], named: tuple[str, ...]) -> Path | None:
    try:
        return find_program("rg", workspace, environ, named)
    except ToolError:
        return None


def notes(task: TaskContext) -> str:
    return f"An earlier try was not accepted. What was missing:\n{task.evidence}" if task.evidence else ""
