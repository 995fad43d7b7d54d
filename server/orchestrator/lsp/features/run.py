"""`orchestrator/run/*`, `question/answer`, `approval/*`, and the cancel button of a progress message."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from orchestrator.lsp.protocol import (
    ApprovalFilesParams,
    ApprovalFilesResult,
    ApprovalListParams,
    ApprovalListResult,
    ContextParams,
    ContextResult,
    Done,
    QuestionAnswerParams,
    RunCorrectParams,
    RunCorrectResult,
    RunEstimateResult,
    RunGetParams,
    RunGetResult,
    RunListParams,
    RunListResult,
    RunPlaceParams,
    RunResumeParams,
    RunStartParams,
    RunStartResult,
    RunStopParams,
)
from orchestrator.lsp.validation import validated

if TYPE_CHECKING:
    from orchestrator.lsp.server import Server


@validated(RunStartParams)
def start(server: Server, params: RunStartParams) -> Coroutine[Any, Any, RunStartResult]:
    return server.runs.start(params)


@validated(RunResumeParams)
def resume(server: Server, params: RunResumeParams) -> Coroutine[Any, Any, RunStartResult]:
    return server.runs.resume(params)


@validated(RunStopParams)
async def stop(server: Server, params: RunStopParams) -> Done:
    await server.runs.stop(params)
    return Done()


@validated(RunCorrectParams)
def correct(server: Server, params: RunCorrectParams) -> Coroutine[Any, Any, RunCorrectResult]:
    return server.runs.correct(params)


@validated(RunListParams)
def runs(server: Server, params: RunListParams) -> Coroutine[Any, Any, RunListResult]:
    return server.runs.list(params)


@validated(RunGetParams)
def get(server: Server, params: RunGetParams) -> Coroutine[Any, Any, RunGetResult]:
    return server.runs.get(params)


@validated(RunPlaceParams)
def estimate(server: Server, params: RunPlaceParams) -> Coroutine[Any, Any, RunEstimateResult]:
    return server.runs.estimate(params)


@validated(ContextParams)
def context(server: Server, params: ContextParams) -> Coroutine[Any, Any, ContextResult]:
    return server.runs.context(params)


@validated(QuestionAnswerParams)
async def answer(server: Server, params: QuestionAnswerParams) -> Done:
    await server.runs.answer(params)
    return Done()


@validated(ApprovalListParams)
def approvals(server: Server, params: ApprovalListParams) -> Coroutine[Any, Any, ApprovalListResult]:
    return server.runs.approvals(params)


@validated(ApprovalFilesParams)
def approval_files(server: Server, params: ApprovalFilesParams) -> Coroutine[Any, Any, ApprovalFilesResult]:
    return server.runs.approval_files(params)


def cancel_progress(server: Server, params: types.WorkDoneProgressCancelParams) -> None:
    run_id = server.cancellable.get(params.token)
    if run_id is not None:
        server.splits.stop(run_id)
