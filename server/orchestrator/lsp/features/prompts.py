"""`orchestrator/prompts/*`: what `orchestrator prompts` does in a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from orchestrator.errors import ConfigError, TaskNotFoundError
from orchestrator.lsp import uris
from orchestrator.lsp.holder import canonical
from orchestrator.lsp.protocol_prompts import (
    PromptEntry,
    PromptParams,
    PromptsDiffParams,
    PromptsDiffResult,
    PromptsEditResult,
    PromptsExportParams,
    PromptsExportResult,
    PromptsImportParams,
    PromptsImportResult,
    PromptsListParams,
    PromptsListResult,
    PromptsNewParams,
    PromptsShowResult,
    PromptsTestParams,
    PromptsTestResult,
    PromptsUsedResult,
    PromptVersionEntry,
    PromptVersionParams,
)
from orchestrator.lsp.validation import validated
from orchestrator.lsp.workspaces import workspace_folder
from orchestrator.model.prompt import PromptVersion
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.engine.prompt_library import PromptLibrary
    from orchestrator.lsp.server import Server


async def library_of(server: Server) -> PromptLibrary:
    session = await server.session()
    from orchestrator.engine.prompt_library import PromptLibrary

    return PromptLibrary(await session.store(), server.directories.config)


@validated(PromptsListParams)
async def listing(server: Server, params: PromptsListParams) -> PromptsListResult:
    from orchestrator.engine.prompt_library import allowed_by

    library = await library_of(server)
    session = await server.session()
    folder = workspace_folder(params.uri, server.folders) if params.uri is not None else None
    allowed = allowed_by(session.trust, folder) if folder is not None else None
    notes = (await library.in_force(folder, allowed)).notes
    entries = [
        PromptEntry(
            name=entry.name,
            role=entry.in_use.role.value,
            version=entry.in_use.version,
            origin=entry.in_use.origin,
            versions=len(entry.versions),
            uri=uris.from_path(entry.draft) if entry.draft else None,
            problems=[fault.message for fault in entry.faults],
            outdated=entry.outdated,
        )
        for entry in await library.entries(folder, allowed)
    ]
    return PromptsListResult(prompts=entries, notes=list(notes))


@validated(PromptVersionParams)
async def show(server: Server, params: PromptVersionParams) -> PromptsShowResult:
    library = await library_of(server)
    entry = await library.entry(params.name)
    chosen = await library.version(params.name, params.version)
    versions = [
        PromptVersionEntry(version=one.version, parent=one.parent or None, origin=one.origin, created=one.created)
        for one in entry.versions
    ]
    return PromptsShowResult(
        name=chosen.name,
        version=chosen.version,
        text=chosen.text,
        in_use=chosen.version == entry.in_use.version,
        versions=versions,
    )


@validated(PromptsDiffParams)
async def diff(server: Server, params: PromptsDiffParams) -> PromptsDiffResult:
    return PromptsDiffResult(diff=await (await library_of(server)).diff(params.name, params.old, params.new))


@validated(PromptParams)
async def edit(server: Server, params: PromptParams) -> PromptsEditResult:
    return PromptsEditResult(uri=uris.from_path(await (await library_of(server)).edit(params.name)))


@validated(PromptsNewParams)
async def new(server: Server, params: PromptsNewParams) -> PromptsEditResult:
    return PromptsEditResult(uri=uris.from_path(await (await library_of(server)).new(params.name, params.base)))


@validated(PromptVersionParams)
async def use(server: Server, params: PromptVersionParams) -> PromptsUsedResult:
    return _used(await (await library_of(server)).use(params.name, params.version))


@validated(PromptParams)
async def rollback(server: Server, params: PromptParams) -> PromptsUsedResult:
    return _used(await (await library_of(server)).roll_back(params.name))


@validated(PromptsTestParams)
async def test(server: Server, params: PromptsTestParams) -> PromptsTestResult:
    from orchestrator.engine import prompt_trial
    from orchestrator.engine.prompt_set import as_prompt
    from orchestrator.engine.routing import Asker
    from orchestrator.lsp.editor import PersonInEditor

    snapshot = server.documents.snapshot(params.uri)
    task = None
    if params.node_id is not None:
        task = snapshot.node(params.node_id)
    elif params.position is not None:
        task = snapshot.outline.task_at_line(min(params.position.line, snapshot.text.line_count - 1))
    if not isinstance(task, Task):
        raise TaskNotFoundError("There is no task here.", hint="Put the cursor on a line with a check box.")
    chosen = await (await library_of(server)).version(params.name, params.version)
    prompt = as_prompt(chosen)
    if prompt is None:
        raise ConfigError(f"Version {chosen.version} cannot be used any more.", hint="Choose another one.")
    given = await prompt_trial.trial(prompt, snapshot.outline, task, server.settings.split.max_children)
    result = PromptsTestResult(system=given.system, user=given.user, tokens=given.tokens)
    if not params.answer:
        return result
    server.require_trust()
    session = await server.session()
    asker = Asker(workspace_folder(params.uri, server.folders), PersonInEditor(server))
    answer = await prompt_trial.ask(session, given, asker, canonical(params.uri), task)
    cost = None if answer.cost is None else float(answer.cost)
    more = {"answer": answer.text, "model": answer.model, "seconds": answer.seconds, "cost_usd": cost}
    return result.model_copy(update=more)


@validated(PromptsExportParams)
async def export(server: Server, params: PromptsExportParams) -> PromptsExportResult:
    found = await (await library_of(server)).export(params.names)
    return PromptsExportResult(text=json.dumps(found, indent=2, ensure_ascii=False))


@validated(PromptsImportParams)
async def take(server: Server, params: PromptsImportParams) -> PromptsImportResult:
    found = await (await library_of(server)).take(params.text)
    return PromptsImportResult(imported=[_used(one.version) for one in found], fresh=sum(one.is_new for one in found))


def _used(chosen: PromptVersion) -> PromptsUsedResult:
    return PromptsUsedResult(name=chosen.name, version=chosen.version, origin=chosen.origin)
