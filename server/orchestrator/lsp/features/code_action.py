"""`textDocument/codeAction`: split the task at the cursor. In any Markdown file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from orchestrator.lsp.protocol import SplitStartParams
from orchestrator.lsp.server import REPLAN_KIND, SPLIT_KIND, SPLIT_RECURSIVELY_KIND

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server

COMMAND = "orchestrator.server.split.start"


def code_action(server: Server, params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    line = min(params.range.start.line, snapshot.text.line_count - 1)
    task = snapshot.outline.task_at_line(line)
    if task is None or task.status.settled or snapshot.outline.front_matter.newer:
        return []
    node_id = snapshot.identities.id_of(task)
    levels = server.settings.split.max_depth
    whole = SplitStartParams(uri=snapshot.uri, node_id=node_id)
    offered = [("Split task", SPLIT_KIND, whole)]
    if levels > 1:
        offered.append(("Split recursively", SPLIT_RECURSIVELY_KIND, whole.model_copy(update={"levels": levels})))
    if task.children:
        offered.append(("Plan the subtasks anew", REPLAN_KIND, whole.model_copy(update={"replan": True})))
    return [_action(server, title, kind, start) for title, kind, start in offered if _wanted(kind, params.context.only)]


def _action(server: Server, title: str, kind: str, arguments: SplitStartParams) -> types.CodeAction | types.Command:
    # By node id, not by position: the person may type before choosing the action.
    command = types.Command(title, COMMAND, arguments=[arguments.model_dump(mode="json", by_alias=True)])
    if not server.client.action_literals:
        return command
    tags = [types.CodeActionTag.LlmGenerated] if server.client.llm_tag else None
    return types.CodeAction(title=title, kind=kind, command=command, tags=tags)


def _wanted(kind: str, only: object) -> bool:
    """A client that asks for `refactor` means everything below it too."""
    if not isinstance(only, (list, tuple)):
        return True
    asked = [str(getattr(wanted, "value", wanted)) for wanted in only]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - narrowed from object
    return any(not wanted or kind == wanted or kind.startswith(f"{wanted}.") for wanted in asked)
