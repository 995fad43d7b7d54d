"""`textDocument/hover`: what there is to know about the place at the cursor. Only in outlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orchestrator.errors import OrchestratorError
from orchestrator.lsp import convert, prompt_documents, sources
from orchestrator.lsp.markup import CommandLink, markup
from orchestrator.lsp.protocol import SplitStartParams
from orchestrator.model.safe_text import one_line
from orchestrator.outline.hover import Card, Row, problem_rows
from orchestrator.outline.hover import hover as hover_of
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

SPLIT = "orchestrator.server.split.start"
EXCHANGE_SECONDS = 0.5
"""How long a hover waits for the last exchange of a conversation."""
LONGEST = 200


def hover(server: Server, params: types.HoverParams) -> types.Hover | Coroutine[Any, Any, types.Hover] | None:
    """Waited for only where the task may have a conversation, whose last words lie in the store."""
    document = server.documents.get(params.text_document.uri)
    if (name := prompt_documents.name_of(server, document.uri)) is not None:
        return prompt_documents.hover(server, document, name, params.position)
    snapshot = document.snapshot()
    if not snapshot.is_outline(server.settings.outline.globs):
        return None
    text, encoding = snapshot.text, server.client.encoding
    place = convert.offset(text, params.position, encoding)
    found = hover_of(snapshot.outline, place, sources.known(server, snapshot))
    if found is None:
        return None
    card, task = found.card, found.card.task
    if task is not None:
        card = card.with_rows([row for rows in ROWS for row in rows(server, snapshot, task)])
    span = convert.span(text, found.start, found.end, encoding)
    links = _links(server, snapshot, task)

    def shown(card: Card) -> types.Hover:
        return types.Hover(contents=markup(card, as_markdown=server.client.hover_markdown, links=links), range=span)

    if task is not None and task.task_id is not None and server.has_history:
        return _with_exchange(server, snapshot.uri, task.task_id, card, shown)
    return shown(card)


async def _with_exchange(
    server: Server, uri: str, task_id: str, card: Card, shown: Callable[[Card], types.Hover]
) -> types.Hover:
    """A store that cannot be read hides no hover."""
    rows: list[Row] = []
    try:
        async with asyncio.timeout(EXCHANGE_SECONDS):
            rows = [Row(name, one_line(text, LONGEST)) for name, text in await server.chats.last_exchange(uri, task_id)]
    except (OrchestratorError, TimeoutError):
        pass
    return shown(card.with_rows(rows))


def _problems(server: Server, snapshot: Snapshot, task: Task) -> Sequence[Row]:  # noqa: ARG001 - as all in ROWS
    """Of the task's first line."""
    start, end = snapshot.text.line_start(task.line), snapshot.text.line_end(task.line)
    return problem_rows(problem.message for problem in snapshot.problems() if start <= problem.start <= end)


def _cost(server: Server, snapshot: Snapshot, task: Task) -> Sequence[Row]:
    """Of its own calls, and with its subtasks, over all runs."""
    if server.running_session is None:
        return ()
    from orchestrator.engine.bills import money, spent

    own, branch = server.costs.own(snapshot, task), server.costs.branch(snapshot, task)
    if not branch.calls:
        return ()
    calls = f"{branch.calls} call{'s' if branch.calls != 1 else ''}"
    alone = f" ({money(own.cost)} itself)" if own.calls != branch.calls else ""
    return (Row("Cost", f"{money(branch.cost)}{alone}, {calls}, {spent(branch.usage)}"),)


def _subtasks(server: Server, snapshot: Snapshot, task: Task) -> Sequence[Row]:  # noqa: ARG001 - as all in ROWS
    """Whether it needs some, of a task that has none yet."""
    if task.children or task.status.settled or not task.title:
        return ()
    said = server.outlook.of(task)
    return (Row("Subtasks", said),) if said else ()


ROWS: tuple[Callable[[Server, Snapshot, Task], Sequence[Row]], ...] = (_problems, _cost, _subtasks)
"""What is added to what the outline itself says about a task, each from its own source."""


def _links(server: Server, snapshot: Snapshot, task: Task | None) -> list[CommandLink]:
    """Commands that the client allows in a hover, by name."""
    if (
        SPLIT not in server.client.commands
        or task is None
        or task.status.settled
        or snapshot.outline.front_matter.newer
    ):
        return []
    node_id = snapshot.identities.id_of(task)
    levels = server.settings.split.max_depth
    offered = [("Split", 1), ("Split recursively", levels)] if levels > 1 else [("Split", 1)]
    return [
        CommandLink(
            title,
            SPLIT,
            SplitStartParams(uri=snapshot.uri, node_id=node_id, levels=depth).model_dump(mode="json", by_alias=True),
        )
        for title, depth in offered
    ]
