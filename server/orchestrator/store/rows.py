"""Records to rows and back.

Apart from the statements because here is decided what a column can hold.

Invariant: a record comes back as it was stored, but for what a column cannot hold (test_records_come_back):
text loses NUL and lone surrogates, each becomes U+FFFD (test_text_that_sqlite_cannot_hold); a cost is rounded to a
billionth of a dollar (test_cost_is_exact_to_a_billionth).
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from orchestrator.model.message import Role, Speaker
from orchestrator.model.run import (
    Approval,
    ApprovalState,
    Attachment,
    Attempt,
    AttemptState,
    Conversation,
    ConversationKind,
    Ending,
    Event,
    OutboxEntry,
    OutboxState,
    Run,
    RunKind,
    RunState,
    Step,
    StepState,
    StoredMessage,
    ToolUse,
)
from orchestrator.model.usage import Cost, Usage

Row = dict[str, Any]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_NANO = 9
"""Decimal places of a cost: SQLite has no decimal numbers, so a cost is a whole number of billionths."""


def clean_text(text: str) -> str:
    """SQLite text is UTF-8, which has no lone surrogates, and its tools take NUL for the end."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def clean_optional(text: str | None) -> str | None:
    return None if text is None else clean_text(text)


def nano_usd(cost: Cost) -> int | None:
    return None if cost is None else int(cost.scaleb(_NANO).to_integral_value())


def cost_from(nano: int | None) -> Cost:
    return None if nano is None else Decimal(nano).scaleb(-_NANO)


def json_text(detail: dict[str, Any] | list[dict[str, Any]]) -> str:
    return clean_text(json.dumps(detail, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def run_row(run: Run) -> Row:
    return {
        "run_id": run.run_id,
        "kind": run.kind.value,
        "workspace": clean_text(run.workspace),
        "uri": clean_text(run.uri),
        "task_id": clean_optional(run.task_id),
        "task_title": clean_text(run.task_title),
        "started": run.started,
        "state": run.state.value,
        "reason": clean_text(run.reason),
        "ended": run.ended,
        "request": json_text(run.request),
    }


def run_from(row: sqlite3.Row) -> Run:
    return Run(
        run_id=row["run_id"],
        kind=RunKind(row["kind"]),
        workspace=row["workspace"],
        uri=row["uri"],
        task_id=row["task_id"],
        task_title=row["task_title"],
        started=row["started"],
        state=RunState(row["state"]),
        reason=row["reason"],
        ended=row["ended"],
        request=json.loads(row["request"]),
    )


def attempt_row(attempt: Attempt) -> Row:
    return {
        "attempt_id": attempt.attempt_id,
        "run_id": attempt.run_id,
        "conversation_id": attempt.conversation_id,
        "task_id": clean_optional(attempt.task_id),
        "task_title": clean_text(attempt.task_title),
        "started": attempt.started,
        "state": attempt.state.value,
        "reason": clean_text(attempt.reason),
        "ended": attempt.ended,
        "brief": clean_text(attempt.brief),
        "result": clean_text(attempt.result),
        "answer": clean_text(attempt.answer),
        "executor": clean_text(attempt.executor),
    }


def attempt_from(row: sqlite3.Row) -> Attempt:
    return Attempt(
        attempt_id=row["attempt_id"],
        run_id=row["run_id"],
        conversation_id=row["conversation_id"],
        task_id=row["task_id"],
        task_title=row["task_title"],
        started=row["started"],
        state=AttemptState(row["state"]),
        reason=row["reason"],
        ended=row["ended"],
        brief=row["brief"],
        result=row["result"],
        answer=row["answer"],
        executor=row["executor"],
    )


def conversation_row(conversation: Conversation) -> Row:
    return {
        "conversation_id": conversation.conversation_id,
        "workspace": clean_text(conversation.workspace),
        "uri": clean_text(conversation.uri),
        "task_id": clean_optional(conversation.task_id),
        "title": clean_text(conversation.title),
        "started": conversation.started,
        "kind": conversation.kind.value,
        "head_id": conversation.head_id,
        "named": int(conversation.named),
        "updated": conversation.updated,
        "model": clean_text(conversation.model),
        "forked_from": conversation.forked_from,
        "merged": clean_text(conversation.merged),
    }


def conversation_from(row: sqlite3.Row) -> Conversation:
    return Conversation(
        conversation_id=row["conversation_id"],
        workspace=row["workspace"],
        uri=row["uri"],
        task_id=row["task_id"],
        title=row["title"],
        started=row["started"],
        kind=ConversationKind(row["kind"]),
        head_id=row["head_id"],
        named=bool(row["named"]),
        updated=row["updated"],
        model=row["model"],
        forked_from=row["forked_from"],
        merged=row["merged"],
    )


def message_row(message: StoredMessage) -> Row:
    return {
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "speaker": message.speaker.value,
        "text": clean_text(message.text),
        "created": message.created,
        "step_id": message.step_id,
        "parent_id": message.parent_id,
        "ending": message.ending.value,
        "reason": clean_text(message.reason),
        "depth": message.depth,
        "tokens": message.tokens,
        "attached": json_text([asdict(one) for one in message.attached]),
        "tools": json_text([asdict(one) for one in message.tools]),
        "copied_from": message.copied_from,
    }


def message_from(row: sqlite3.Row) -> StoredMessage:
    return StoredMessage(
        message_id=row["message_id"],
        conversation_id=row["conversation_id"],
        speaker=Speaker(row["speaker"]),
        text=row["text"],
        created=row["created"],
        step_id=row["step_id"],
        parent_id=row["parent_id"],
        ending=Ending(row["ending"]),
        reason=row["reason"],
        depth=row["depth"],
        tokens=row["tokens"],
        attached=tuple(Attachment(**one) for one in _list_from(row["attached"])),
        tools=tuple(ToolUse(**one) for one in _list_from(row["tools"])),
        copied_from=row["copied_from"],
    )


def _list_from(stored: str) -> list[dict[str, Any]]:
    return [] if stored == "[]" else json.loads(stored)


def step_row(step: Step) -> Row:
    return {
        "step_id": step.step_id,
        "attempt_id": step.attempt_id,
        "role": step.role.value,
        "provider": clean_text(step.provider),
        "model": clean_text(step.model),
        "prompt": clean_text(step.prompt),
        "prompt_version": step.prompt_version,
        "started": step.started,
        "state": step.state.value,
        "raw_answer": clean_text(step.raw_answer),
        "input_tokens": step.usage.input_tokens,
        "output_tokens": step.usage.output_tokens,
        "cache_read_tokens": step.usage.cache_read_tokens,
        "cache_write_tokens": step.usage.cache_write_tokens,
        "usage_estimated": int(step.usage.estimated),
        "cost_nano_usd": nano_usd(step.cost),
        "error": clean_text(step.error),
        "repair": int(step.repair),
        "ended": step.ended,
        "request_hash": step.request_hash,
        "finish": clean_text(step.finish),
    }


def step_from(row: sqlite3.Row) -> Step:
    return Step(
        step_id=row["step_id"],
        attempt_id=row["attempt_id"],
        role=Role(row["role"]),
        provider=row["provider"],
        model=row["model"],
        prompt=row["prompt"],
        prompt_version=row["prompt_version"],
        started=row["started"],
        state=StepState(row["state"]),
        raw_answer=row["raw_answer"],
        usage=Usage(
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            cache_read_tokens=row["cache_read_tokens"],
            cache_write_tokens=row["cache_write_tokens"],
            estimated=bool(row["usage_estimated"]),
        ),
        cost=cost_from(row["cost_nano_usd"]),
        error=row["error"],
        repair=bool(row["repair"]),
        ended=row["ended"],
        request_hash=row["request_hash"],
        finish=row["finish"],
    )


def approval_row(approval: Approval) -> Row:
    return {
        "approval_id": approval.approval_id,
        "run_id": approval.run_id,
        "attempt_id": approval.attempt_id,
        "kind": clean_text(approval.kind),
        "title": clean_text(approval.title),
        "detail": json_text(approval.detail),
        "created": approval.created,
        "state": approval.state.value,
        "answer": clean_text(approval.answer),
        "answered": approval.answered,
    }


def approval_from(row: sqlite3.Row) -> Approval:
    return Approval(
        approval_id=row["approval_id"],
        run_id=row["run_id"],
        attempt_id=row["attempt_id"],
        kind=row["kind"],
        title=row["title"],
        detail=json.loads(row["detail"]),
        created=row["created"],
        state=ApprovalState(row["state"]),
        answer=row["answer"],
        answered=row["answered"],
    )


def outbox_row(entry: OutboxEntry) -> Row:
    return {
        "entry_id": entry.entry_id,
        "run_id": entry.run_id,
        "attempt_id": entry.attempt_id,
        "uri": clean_text(entry.uri),
        "task_id": clean_text(entry.task_id),
        "change": json_text(entry.change),
        "created": entry.created,
        "state": entry.state.value,
        "reason": clean_text(entry.reason),
        "closed": entry.closed,
    }


def outbox_from(row: sqlite3.Row) -> OutboxEntry:
    return OutboxEntry(
        entry_id=row["entry_id"],
        run_id=row["run_id"],
        attempt_id=row["attempt_id"],
        uri=row["uri"],
        task_id=row["task_id"],
        change=json.loads(row["change"]),
        created=row["created"],
        state=OutboxState(row["state"]),
        reason=row["reason"],
        closed=row["closed"],
    )


def event_from(row: sqlite3.Row) -> Event:
    return Event(
        run_id=row["run_id"],
        seq=row["seq"],
        kind=row["kind"],
        detail=json.loads(row["detail"]),
        created=row["created"],
    )
