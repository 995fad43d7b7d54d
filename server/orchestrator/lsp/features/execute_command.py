"""`workspace/executeCommand`: the commands of code actions and lenses.

A command only starts something and answers at once, with the run's id where there is one: cancelling a command
would not cancel what it does, so what takes time is a run, and a run has its own stop. An edit takes no time: its
answer says where the task stands afterwards.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orchestrator.errors import ProtocolError
from orchestrator.lsp.protocol import (
    COMMANDS,
    REQUESTS,
    PlaybookSaveParams,
    QuestionAnswerParams,
    RunResumeParams,
    RunStartParams,
    RunStopParams,
    SplitAcceptParams,
    SplitDiscardParams,
    SplitStartParams,
    Wire,
)
from orchestrator.lsp.protocol_chat import ChatOpenParams
from orchestrator.lsp.protocol_exchange import ExportParams, ImportParams
from orchestrator.lsp.validation import read

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


def execute_command(server: Server, params: types.ExecuteCommandParams) -> Coroutine[Any, Any, Wire] | None:
    method = COMMANDS.get(params.command)
    if method is None:
        raise ProtocolError("There is no such command.", hint=f"There are: {', '.join(COMMANDS)}.")
    arguments = params.arguments or ()
    if len(arguments) != 1:
        raise ProtocolError("The command takes one argument.", hint=f"Give the parameters of `{method}`.")
    given = read(REQUESTS[method][0], arguments[0])
    if method.startswith("orchestrator/edit/"):
        return server.edits.make(method, given)
    if isinstance(given, SplitStartParams):
        return server.splits.start(given, params.work_done_token)
    if isinstance(given, PlaybookSaveParams):
        return server.splits.save_playbook(given, tell=True)
    if isinstance(given, ChatOpenParams):
        return server.chats.open(given)
    if isinstance(given, (ExportParams, ImportParams)):
        return _exchange(server, given)
    if isinstance(given, SplitAcceptParams):
        server.start_alone(server.splits.accept(given))
    elif isinstance(given, SplitDiscardParams):
        server.start_alone(server.splits.discard(given))
    elif isinstance(given, RunStartParams):
        return server.runs.start(given, params.work_done_token)
    elif isinstance(given, RunResumeParams):
        return server.runs.resume(given, params.work_done_token)
    elif isinstance(given, QuestionAnswerParams):
        server.start_alone(server.runs.answer(given))
    elif isinstance(given, RunStopParams):
        server.start_alone(server.runs.stop(given))
    return None


def _exchange(server: Server, given: ExportParams | ImportParams) -> Coroutine[Any, Any, Wire]:
    from orchestrator.lsp.exchange import export_beside, import_told

    return export_beside(server, given) if isinstance(given, ExportParams) else import_told(server, given)
