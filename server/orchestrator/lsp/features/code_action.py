"""`textDocument/codeAction` and `codeAction/resolve`: split, edit and mend what is at the cursor or selected.

Splits and edits are offered in any Markdown file, fixes in outlines. An edit is computed when its action is chosen,
where the client asks then (`resolve`); for other clients at once; and a client that knows only commands gets commands.
All three go through the same requests of our protocol (`lsp/edits`).

Invariant: what is offered can be read back by `resolve` (test_every_action_can_be_resolved).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from lsprotocol import types

from orchestrator.config import Alias
from orchestrator.engine.ideas import drafted
from orchestrator.errors import OrchestratorError, ProtocolError, TaskNotFoundError
from orchestrator.lsp import convert
from orchestrator.lsp.edits import compute, id_source, lines_of
from orchestrator.lsp.features import exchange_actions, run_actions
from orchestrator.lsp.protocol import (
    COMMANDS,
    REQUESTS,
    EditAcceptanceParams,
    EditAddParams,
    EditFixAllParams,
    EditFixParams,
    EditMoveParams,
    EditParams,
    EditStatusSetParams,
    EditValueSetParams,
    PlaybookSaveParams,
    Position,
    SplitStartParams,
    Wire,
)
from orchestrator.lsp.protocol_chat import ChatOpenParams
from orchestrator.lsp.server import (
    CHAT_KIND,
    EXPAND_KIND,
    EXPORT_KIND,
    FIX_ALL_KIND,
    IMPORT_KIND,
    PLAYBOOK_KIND,
    REPLAN_KIND,
    REWRITE_KIND,
    RUN_KIND,
    SPLIT_KIND,
    SPLIT_RECURSIVELY_KIND,
)
from orchestrator.lsp.validation import read
from orchestrator.model.task import Status
from orchestrator.outline.actions import tasks_in
from orchestrator.outline.actions.levels import can_demote, can_promote
from orchestrator.outline.actions.moves import can_move
from orchestrator.outline.actions.order import is_sorted
from orchestrator.outline.fixes import fixes
from orchestrator.outline.inherited import value
from orchestrator.outline.tree import Task
from orchestrator.outline.vocabulary import FIELDS, STATUSES, WRITTEN_MARKS

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

QUICK_FIX = types.CodeActionKind.QuickFix.value
_COMMAND_OF = {method: command for command, method in COMMANDS.items()}
_NO_EDIT = {
    "orchestrator/playbook/save",
    "orchestrator/chat/open",
    exchange_actions.EXPORT,
    exchange_actions.IMPORT,
}
_VALUES = ("mode", "executor", "priority")


@dataclass(frozen=True, slots=True)
class Offer:
    """A code action before the client's abilities are looked at."""

    title: str
    kind: str
    method: str
    """Of our protocol."""
    params: Wire
    diagnostic: types.Diagnostic | None = None
    preferred: bool = False
    disabled: str = ""
    """Why it cannot be chosen; empty: it can."""


def code_action(server: Server, params: types.CodeActionParams) -> list[types.CodeAction | types.Command]:
    snapshot = server.documents.snapshot(params.text_document.uri)
    if snapshot.outline.front_matter.newer:
        return []
    asked_for = params.context.trigger_kind is not types.CodeActionTriggerKind.Automatic
    found: list[types.CodeAction | types.Command] = []
    for offer in _offers(server, snapshot, params):
        if not _wanted(offer.kind, params.context.only) or (
            offer.disabled and not (server.client.action_disabled and asked_for)
        ):
            continue
        action = _action(server, offer)
        if action is not None:
            found.append(action)
    return found


def resolve(server: Server, action: types.CodeAction) -> types.CodeAction:
    """The edit of an action that was chosen."""
    data: Any = action.data
    if not isinstance(data, dict):
        return action
    method: Any = data.get("method")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - from outside
    if not isinstance(method, str) or not method.startswith("orchestrator/edit/") or method not in REQUESTS:
        raise ProtocolError("This is no code action of this server.", hint="Ask for the code actions again.")
    given = read(REQUESTS[method][0], data.get("params"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - from outside
    action.edit = _workspace_edit(server, method, given)
    return action


def _offers(server: Server, snapshot: Snapshot, params: types.CodeActionParams) -> Iterator[Offer]:
    yield from _fixes(server, snapshot, params)
    first, last = lines_of(_wire(params.range))
    inside = first < snapshot.text.line_count
    if inside and _asks_for_source(params.context.only):
        yield from _exchanges(server, snapshot)
    try:
        tasks = tasks_in(snapshot.outline, first, min(last, snapshot.text.line_count))
    except TaskNotFoundError:
        yield from _ideas(snapshot, first)
        if inside and params.context.only is None:
            yield from _exchanges(server, snapshot)
        return
    yield from _splits(server, snapshot, tasks)
    for title, method, wanted in run_actions.offers(server, snapshot, tasks[0]):
        yield Offer(title, RUN_KIND, method, wanted)
    if server.client.chat and len(tasks) == 1:
        chat = ChatOpenParams(uri=snapshot.uri, node_id=snapshot.identities.id_of(tasks[0]))
        yield Offer("Chat about this task", CHAT_KIND, "orchestrator/chat/open", chat)
    at: dict[str, Any] = {"uri": snapshot.uri}
    if len(tasks) == 1:
        # By node id, not by position: the person may type before choosing the action.
        at["node_id"] = snapshot.identities.id_of(tasks[0])
    else:
        at |= {"version": snapshot.version, "range": _wire(params.range)}
    yield from _statuses(tasks, at)
    if snapshot.is_outline(server.settings.outline.globs):
        yield from _values(snapshot, tasks, at)
    yield from _places(snapshot, tasks, at)
    yield from _additions(tasks, at)
    if first != tasks[0].line and len(tasks) == 1:
        lines = EditParams(uri=snapshot.uri, version=snapshot.version, range=_wire(params.range))
        yield _rewrite("Make a subtask of these lines", "extract", "extract", lines)


def _exchanges(server: Server, snapshot: Snapshot) -> Iterator[Offer]:
    for title, method, wanted in exchange_actions.offers(server, snapshot):
        yield Offer(title, EXPORT_KIND if method == exchange_actions.EXPORT else IMPORT_KIND, method, wanted)


def _asks_for_source(only: object) -> bool:
    return only is not None and (_wanted(EXPORT_KIND, only) or _wanted(IMPORT_KIND, only))


def _splits(server: Server, snapshot: Snapshot, tasks: tuple[Task, ...]) -> Iterator[Offer]:
    task = tasks[0]
    if task.status.settled:
        return
    node_id = snapshot.identities.id_of(task)
    levels = server.settings.split.max_depth
    whole = SplitStartParams(uri=snapshot.uri, node_id=node_id)
    offered = [("Split task", SPLIT_KIND, whole)]
    if levels > 1:
        offered.append(("Split recursively", SPLIT_RECURSIVELY_KIND, whole.model_copy(update={"levels": levels})))
    if task.children:
        offered.append(("Plan the subtasks anew", REPLAN_KIND, whole.model_copy(update={"replan": True})))
    for title, kind, start in offered:
        yield Offer(title, kind, "orchestrator/split/start", start)
    if len(task.children) > 1:
        saving = PlaybookSaveParams(uri=snapshot.uri, node_id=node_id)
        yield Offer("Save branch as playbook", PLAYBOOK_KIND, "orchestrator/playbook/save", saving)


def _ideas(snapshot: Snapshot, line: int) -> Iterator[Offer]:
    """In a line without a task: make one of it, with subtasks."""
    if line >= snapshot.text.line_count:
        return
    try:
        drafted(snapshot.text, line)
    except TaskNotFoundError:
        return
    place = Position(line=line, character=0)
    start = SplitStartParams(uri=snapshot.uri, version=snapshot.version, position=place, idea=True)
    yield Offer("Expand into an outline", EXPAND_KIND, "orchestrator/split/start", start)


def _statuses(tasks: tuple[Task, ...], at: dict[str, Any]) -> Iterator[Offer]:
    for status in WRITTEN_MARKS.values():
        if any(task.status is not status for task in tasks):
            to_fill_in = ", with a reason to fill in" if status in {Status.FAILED, Status.ASKING} else ""
            title = f"Set status: {STATUSES[status][0]}{to_fill_in}"
            yield _rewrite(title, "status", "status/set", EditStatusSetParams(**at, status=status.value))  # pyright: ignore[reportArgumentType] - one of its words


def _values(snapshot: Snapshot, tasks: tuple[Task, ...], at: dict[str, Any]) -> Iterator[Offer]:
    choices = {key: tuple(FIELDS[key].values) for key in _VALUES}
    choices["model"] = get_args(Alias)
    for key, values in choices.items():
        now = {value(snapshot.outline, task, key) for task in tasks}
        for choice in values:
            if now != {choice}:
                params = EditValueSetParams(**at, key=key, value=choice)  # pyright: ignore[reportArgumentType] - one of its keys
                yield _rewrite(f"Set {key}: {choice}", key, "value/set", params)


def _places(snapshot: Snapshot, tasks: tuple[Task, ...], at: dict[str, Any]) -> Iterator[Offer]:
    outline = snapshot.outline
    task = tasks[0]
    plain = EditParams(**at)
    yield _rewrite(
        "Promote", "promote", "promote", plain, "" if can_promote(outline, task) else "It stands below no other task."
    )
    why = "" if can_demote(outline, task) else "There is no task directly before it."
    yield _rewrite("Demote", "demote", "demote", plain, why)
    for title, name, steps in (("Move up", "moveUp", -1), ("Move down", "moveDown", 1)):
        why = "" if can_move(outline, tasks, steps) else "There is no place further in this direction."
        yield _rewrite(title, name, "move", EditMoveParams(**at, steps=steps), why)
    why = "" if not all(is_sorted(task) for task in tasks) else "Its subtasks are sorted by status."
    yield _rewrite("Sort subtasks by status", "sort", "sort", plain, why)
    if len(tasks) == 1 and not task.ordered:
        yield _rewrite("Turn this list into a sequence", "sequence", "sequence", plain)


def _additions(tasks: tuple[Task, ...], at: dict[str, Any]) -> Iterator[Offer]:
    plain = EditParams(**at)
    if len(tasks) == 1:
        yield _rewrite("Add a subtask", "addSubtask", "subtask/add", EditAddParams(**at))
        yield _rewrite("Add a task behind it", "addSibling", "sibling/add", EditAddParams(**at))
        why = "It has an acceptance." if tasks[0].acceptance else ""
        yield _rewrite("Add an acceptance", "addAcceptance", "acceptance/add", EditAcceptanceParams(**at), why)
    without = sum(task.task_id is None for task in tasks)
    title = "Assign an id" if len(tasks) == 1 else "Assign ids"
    yield _rewrite(title, "assignIds", "ids/assign", plain, "" if without else "It has an id.")


def _fixes(server: Server, snapshot: Snapshot, params: types.CodeActionParams) -> Iterator[Offer]:
    only = params.context.only
    shown = [diagnostic for diagnostic in params.context.diagnostics if diagnostic.source == "orchestrator"]
    all_at_once = only is not None and _wanted(FIX_ALL_KIND, only)
    if not (shown or all_at_once) or not snapshot.is_outline(server.settings.outline.globs):
        return
    found = snapshot.problems()
    safe = False
    new_id = id_source(server, snapshot)
    by_place: dict[tuple[str, int, int], types.Diagnostic] = {
        (str(diagnostic.code), diagnostic.range.start.line, diagnostic.range.start.character): diagnostic
        for diagnostic in shown
    }
    for problem in found:
        span = convert.span(snapshot.text, problem.start, problem.end, server.client.encoding)
        diagnostic = by_place.get((problem.code.value, span.start.line, span.start.character))
        if diagnostic is None and (safe or not all_at_once):
            continue
        for fix in fixes(snapshot.outline, problem, new_id):
            safe = safe or fix.safe
            if diagnostic is not None:
                wanted = EditFixParams(
                    uri=snapshot.uri,
                    version=snapshot.version,
                    code=problem.code.value,
                    range=convert.wire_range(span),
                    name=fix.name,
                )
                yield Offer(fix.title, QUICK_FIX, "orchestrator/edit/fix", wanted, diagnostic, fix.preferred)
    if all_at_once and safe:
        everything = EditFixAllParams(uri=snapshot.uri, version=snapshot.version)
        yield Offer("Fix all that is safe to fix", FIX_ALL_KIND, "orchestrator/edit/fixAll", everything)


def _rewrite(title: str, name: str, method: str, params: Wire, disabled: str = "") -> Offer:
    return Offer(title, f"{REWRITE_KIND}.{name}", f"orchestrator/edit/{method}", params, disabled=disabled)


def _action(server: Server, offer: Offer) -> types.CodeAction | types.Command | None:
    arguments = offer.params.model_dump(mode="json", by_alias=True)
    command = types.Command(offer.title, _COMMAND_OF[offer.method], arguments=[arguments])
    if not server.client.action_literals:
        return command
    action = types.CodeAction(title=offer.title, kind=offer.kind)
    if offer.diagnostic is not None:
        action.diagnostics = [offer.diagnostic]
        action.is_preferred = offer.preferred or None
    if offer.method in {"orchestrator/split/start", run_actions.RUN, run_actions.STOP, run_actions.RESUME}:
        action.command = command
        action.tags = [types.CodeActionTag.LlmGenerated] if server.client.llm_tag else None
    elif offer.method in _NO_EDIT:
        action.command = command
    elif offer.disabled:
        action.disabled = types.CodeActionDisabled(offer.disabled)
    elif server.client.action_resolve:
        action.data = {"method": offer.method, "params": arguments}
    else:
        try:
            action.edit = _workspace_edit(server, offer.method, offer.params)
        except OrchestratorError:
            return None
    return action


def _workspace_edit(server: Server, method: str, params: Wire) -> types.WorkspaceEdit:
    asked = compute(server, method, params)
    snapshot = asked.snapshot
    edits = convert.text_edits(snapshot.text, asked.edits, server.client.encoding)
    if not server.client.document_changes:
        return types.WorkspaceEdit(changes={snapshot.uri: edits})
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri=snapshot.uri, version=snapshot.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=identifier, edits=edits)])


def _wire(span: types.Range) -> Any:
    return convert.wire_range(span)


def _wanted(kind: str, only: object) -> bool:
    """A client that asks for `refactor` means everything below it too."""
    if not isinstance(only, (list, tuple)):
        return True
    asked = [str(getattr(wanted, "value", wanted)) for wanted in only]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - narrowed from object
    return any(not wanted or kind == wanted or kind.startswith(f"{wanted}.") for wanted in asked)
