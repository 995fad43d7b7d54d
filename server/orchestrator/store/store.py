"""The store's face: what the engine asks, each answered when it is committed.

Apart from the statements (`records.py`), the waiting (`writer.py`) and the opening (`connection.py`), so that this
page is the list of what a store can do, and as long as that list.

Invariant: nothing but a `StoreError` or a cancellation leaves it (test_full_disk, test_damaged_page_while_open, …).
Invariant: no call blocks the event loop, however long the disk or another program takes (test_event_loop_stays_free).
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.errors import StoreCorruptError, StoreError
from orchestrator.model.message import Role
from orchestrator.model.metrics import Metrics, MetricsQuery
from orchestrator.model.outline_index import IndexedNode, IndexedOutline
from orchestrator.model.prompt import PromptUse, PromptVersion
from orchestrator.model.run import (
    Approval,
    Attempt,
    AttemptState,
    Conversation,
    ConversationKind,
    Event,
    OutboxEntry,
    Run,
    RunKind,
    RunState,
    SplitOutcome,
    SplitRecord,
    Step,
    StoredMessage,
)
from orchestrator.model.usage import Bill, Cost, Usage
from orchestrator.store import (
    bills,
    branches,
    connection,
    conversations,
    deletion,
    failures,
    handovers,
    history,
    index,
    inspection,
    leases,
    measured,
    metrics,
    past,
    prompts,
    records,
    rows,
    splits,
)
from orchestrator.store.bulk import Told
from orchestrator.store.connection import Connection, Guard
from orchestrator.store.conversations import Listed
from orchestrator.store.deletion import Deletable, Selection, WorkspaceSize
from orchestrator.store.handovers import Handover
from orchestrator.store.history import Filters, Hit
from orchestrator.store.inspection import StoreSize
from orchestrator.store.migrate import shipped_migrations
from orchestrator.store.past import Call, Talk
from orchestrator.store.writer import Operation, Together, Write, Writer

__all__ = ["Store", "StoreSize"]

T = TypeVar("T")

NODES_AT_ONCE = 5_000
"""Tasks and sections of the index that one transaction writes: a run that has something to store waits for it."""


class Store:
    """Made by `Store.open`, ended by `aclose`. May be called by any number of tasks of one event loop at once.

    What a run writes for each of its steps (`move`, `begin_step`, …) is queued in the moment of the call, and answered
    by a future: whoever needs it on disk before going on awaits that, whoever only tells of it adds a callback.
    """

    def __init__(self, path: Path | None, writing: Connection, reading: Connection, guard: Guard) -> None:
        """For `open` only."""
        self.path = path
        self._writing = writing
        self._reading = reading
        self._guard = guard
        self._writer = Writer(writing, guard, self._translated)
        self._owner = leases.owner_of_this_process()
        self._closed = False
        self._kept: set[tuple[str, str]] = set()
        """Prompt versions that are stored: they are asked for at each call, and never change."""

    @classmethod
    async def open(cls, path: Path | None, busy_seconds: float | None = None) -> Store:
        """Open, creating or migrating it where needed; `None` keeps everything in memory, for tests.

        `busy_seconds` is how long it waits for another program's lock, then and later; as a rule `BUSY_SECONDS`.

        Raises StoreLockedError, StoreTooNewError, StoreCorruptError or StoreUnwritableError.
        """
        migrations = shipped_migrations()
        opened: list[Connection] = []
        try:
            writing = await connection.open_writer(path, migrations, busy_seconds)
            opened.append(writing)
            reading = writing if path is None else await connection.open_reader(path, busy_seconds)
            opened.append(reading)
            guard = Guard(path, len(migrations))
        except BaseException as error:
            for one in opened:
                await one.close()
            if isinstance(error, Exception):
                raise failures.store_error(error, failures.place_of(path)) from error
            raise
        return cls(path, writing, reading, guard)

    async def aclose(self) -> None:
        """Wait for the writes that were asked, then close. More than once does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._reading is not self._writing:
                await self._reading.close()
        finally:
            self._writer.flush()
            await self._writing.close()  # the last to close folds the write-ahead log into the file

    # Runs and attempts

    async def begin_run(self, run: Run) -> None:
        """Also takes its lease for this process."""
        await self._write(partial(records.begin_run, run=run, owner=self._owner))

    async def begin_run_alone(self, run: Run) -> Run | None:
        """The same, unless another program is at work on that task: then nothing is begun, and its run is answered."""
        return await self._write(partial(splits.begin_alone, run=run, owner=self._owner))

    async def end_run(self, run_id: str, state: RunState, reason: str, ended: float) -> None:
        await self._write(partial(records.end_run, run_id=run_id, state=state, reason=reason, ended=ended))

    async def begin_attempt(self, attempt: Attempt, conversation: Conversation) -> None:
        await self._write(partial(records.begin_attempt, attempt=attempt, conversation=conversation))

    async def set_attempt(
        self, attempt_id: str, state: AttemptState, reason: str = "", ended: float | None = None
    ) -> None:
        """An attempt without `ended` is taken for a live one by `reconcile`."""
        await self._write(partial(records.set_attempt, attempt_id=attempt_id, state=state, reason=reason, ended=ended))

    async def set_task_id(self, attempt_id: str, task_id: str) -> None:
        """The file gave the task an id: note it on the attempt, its conversation and, if it is the first, the run."""
        await self._write(partial(records.set_task_id, attempt_id=attempt_id, task_id=task_id))

    # Branches

    async def claim(self, run_id: str, now: float) -> Run | None:
        """Go on with a run as its one owner; None when it cannot be resumed, or another process was faster."""
        return await self._write(partial(branches.claim, run_id=run_id, owner=self._owner, now=now))

    async def mark_failed(self, run_id: str, reason: str, now: float) -> bool:
        """Give up a run that could be resumed, with its attempts and questions; False when it is none."""
        return await self._write(partial(branches.mark_failed, run_id=run_id, reason=reason, now=now))

    def begin_task(
        self, attempt: Attempt, conversation: Conversation, told: Sequence[tuple[str, dict[str, Any]]]
    ) -> Write[list[Event]]:
        """An attempt of a branch, and the events that tell of it, at once."""
        said = self._told_of(told)
        return self._together(lambda bulk: bulk.begin_task(attempt, conversation, said))

    def move(
        self,
        attempt: Attempt,
        told: Sequence[tuple[str, dict[str, Any]]],
        entry: OutboxEntry | None = None,
        now: float = 0.0,
    ) -> Write[list[Event]]:
        """How an attempt stands, what is to be written for it, and the events that tell of it, at once."""
        said = self._told_of(told)
        return self._together(lambda bulk: bulk.move(attempt, said, entry, now))

    async def finished_call(self, attempt_id: str, request_hash: str, after: int) -> tuple[Step, str] | None:
        """The `after`-th finished call (from 0) of this very request in the attempt, with its text."""
        return await self._read(partial(branches.finished_call, attempt_id=attempt_id, given=request_hash, after=after))

    def add_effect(self, attempt_id: str, name: str, given_hash: str, result: str, now: float) -> Write[None]:
        return self._together(lambda bulk: bulk.add_effect(attempt_id, name, given_hash, result, now))

    async def effect(self, attempt_id: str, name: str, given_hash: str, after: int) -> str | None:
        """The result (JSON) of the `after`-th effect of this name and input, None when it has not happened."""
        query = (
            "SELECT result FROM effects WHERE attempt_id = ? AND name = ? AND given_hash = ? ORDER BY seq"
            " LIMIT 1 OFFSET ?"
        )
        return _only(await self._select(_first_column, query, attempt_id, name, given_hash, after))

    async def live_attempts(self, run_id: str) -> list[Attempt]:
        query = "SELECT * FROM attempts WHERE run_id = ? AND ended IS NULL ORDER BY seq"
        return await self._select(rows.attempt_from, query, run_id)

    async def request_stop(self, run_id: str) -> bool:
        """Ask the process that runs this branch to stop it; False when nobody runs it."""
        return await self._write(partial(branches.request_stop, run_id=run_id))

    async def stop_requested(self, run_id: str) -> bool:
        query = "SELECT reason FROM runs WHERE run_id = ? AND state = 'running'"
        return _only(await self._select(_first_column, query, run_id)) == branches.STOP

    async def say(self, run_id: str, task_id: str, text: str, now: float) -> bool:
        """A correction for whoever has this task under way; False when nobody has."""
        return await self._write(partial(branches.say, run_id=run_id, task_id=task_id, text=text, now=now))

    async def said(self, run_id: str) -> list[tuple[int, str, str]]:
        """What other programs' persons said about tasks of this run: a number to forget it by, task, text."""
        return await self._select(branches.said_from, branches.SAID, run_id)

    async def forget_said(self, said_id: int) -> None:
        """The run took it in."""
        await self._write(partial(branches.forget_said, said_id=said_id))

    async def running(self, uri: str) -> list[Run]:
        """Branches of this outline that another process runs."""
        query = "SELECT * FROM runs WHERE state = 'running' AND kind = 'branch' AND uri = ? AND owner <> ?"
        return await self._select(rows.run_from, query, uri, self._owner)

    async def branches_of(self, uri: str, limit: int = 50) -> list[Run]:
        """Runs of branches of this outline, the newest first."""
        query = "SELECT * FROM runs WHERE kind = 'branch' AND uri = ? ORDER BY started DESC, run_id LIMIT ?"
        return await self._select(rows.run_from, query, uri, limit)

    async def last_result(self, uri: str, task_id: str) -> str:
        """What was last written as the result of this task, empty if nothing was."""
        query = (
            "SELECT json_extract(change, '$.result') FROM outbox WHERE uri = ? AND task_id = ? AND state = 'written'"
            " AND json_extract(change, '$.result') <> '' ORDER BY closed DESC, rowid DESC LIMIT 1"
        )
        return _only(await self._select(_first_column, query, uri, task_id)) or ""

    async def last_answer(self, uri: str, task_id: str) -> str:
        """All that doing this task came to last, empty if it was not done yet."""
        query = (
            "SELECT answer FROM attempts JOIN runs USING (run_id) WHERE attempts.task_id = ? AND uri = ?"
            " AND answer <> '' ORDER BY attempts.ended DESC, attempts.rowid DESC LIMIT 1"
        )
        return _only(await self._select(_first_column, query, task_id, uri)) or ""

    async def typical_tokens(self) -> dict[str, tuple[int, int]]:
        """By role: tokens of an answer that is short, and of one that is long, among the newest finished calls."""
        query = (
            "SELECT role, output_tokens FROM (SELECT role, output_tokens, row_number() OVER"
            " (PARTITION BY role ORDER BY started DESC) AS place FROM"
            " (SELECT * FROM steps ORDER BY rowid DESC LIMIT 5000) WHERE state = 'completed')"
            " WHERE place <= 200 ORDER BY role, output_tokens"
        )
        by_role: dict[str, list[int]] = {}
        for role, tokens in await self._select(_two_columns, query):
            by_role.setdefault(role, []).append(tokens)
        return {
            role: (found[len(found) // 10], found[len(found) * 9 // 10])
            for role, found in by_role.items()
            if len(found) >= 5
        }

    async def spent(self, run_id: str) -> list[tuple[str | None, Step]]:
        """Every step of a run that has ended, with the id of its task."""
        query = (
            "SELECT steps.*, attempts.task_id FROM steps JOIN attempts USING (attempt_id)"
            " WHERE attempts.run_id = ? AND steps.ended IS NOT NULL ORDER BY steps.started"
        )
        return await self._select(lambda row: (row["task_id"], rows.step_from(row)), query, run_id)

    async def bills_of_outline(self, uri: str) -> dict[str, Bill]:
        """By task id, what its own calls cost over all runs; "" for what no task of the outline is known for."""
        return dict(await self._select(bills.bill_from, bills.OF_OUTLINE, uri))

    async def bills_of_run(self, run_id: str) -> dict[str, Bill]:
        """By task id."""
        return dict(await self._select(bills.bill_from, bills.OF_RUN, run_id))

    async def bill_of_conversation(self, conversation_id: str) -> Bill:
        """On all its branches."""
        found = dict(await self._select(bills.bill_from, bills.OF_CONVERSATION, conversation_id))
        return found.get("", Bill())

    async def bills_of_runs(self, since: float) -> dict[str, Bill]:
        """By run, of those that began since then."""
        return dict(await self._select(bills.bill_from, bills.OF_RUNS, since))

    # The inbox

    def add_approval(self, approval: Approval, told: Sequence[tuple[str, dict[str, Any]]] = ()) -> Write[list[Event]]:
        said = tuple((kind, text) for kind, text, _ in self._told_of(told))
        return self._write(partial(branches.add_approval, approval=approval, told=said))

    async def answer_approval(self, approval_id: str, answer: str, now: float) -> Approval | None:
        """The approval as answered; None when it is not open (any more)."""
        return await self._write(partial(branches.answer, approval_id=approval_id, answer=answer, now=now))

    def withdraw_approvals(self, attempt_id: str, now: float) -> Write[None]:
        return self._write(partial(branches.withdraw, attempt_id=attempt_id, now=now))

    async def approvals(self, *, workspace: str | None = None, run_id: str | None = None) -> list[Approval]:
        """Those that are open, the oldest first."""
        where = [
            *([("runs.workspace = ?", workspace)] if workspace is not None else []),
            *([("runs.run_id = ?", run_id)] if run_id is not None else []),
        ]
        conditions = "".join(f" AND {condition}" for condition, _ in where)
        query = (
            "SELECT approvals.* FROM approvals JOIN runs USING (run_id)"  # noqa: S608  # fixed text
            f" WHERE approvals.state = 'open'{conditions} ORDER BY approvals.created, approval_id"
        )
        return await self._select(rows.approval_from, query, *(value for _, value in where))

    async def approvals_of(self, attempt_id: str) -> list[Approval]:
        """All of one attempt, answered ones too, in order."""
        query = "SELECT * FROM approvals WHERE attempt_id = ? ORDER BY seq"
        return await self._select(rows.approval_from, query, attempt_id)

    async def answered_approvals(self, run_id: str) -> list[Approval]:
        """All of a run that a person answered, in the order of the answers."""
        query = "SELECT * FROM approvals WHERE run_id = ? AND state = 'answered' ORDER BY answered, approval_id"
        return await self._select(rows.approval_from, query, run_id)

    # The outbox

    async def add_outbox(self, entry: OutboxEntry) -> None:
        await self._write(partial(branches.add_outbox, entry=entry))

    async def outbox(self, uri: str) -> list[OutboxEntry]:
        """What waits to be written into this outline, in order."""
        query = "SELECT * FROM outbox WHERE uri = ? AND state = 'waiting' ORDER BY created, rowid"
        return await self._select(rows.outbox_from, query, uri)

    async def awaited_outlines(self) -> list[str]:
        """The outlines that something waits to be written into."""
        return await self._select(_first_column, "SELECT DISTINCT uri FROM outbox WHERE state = 'waiting'")

    async def outlines_of_runs_elsewhere(self) -> list[str]:
        """The outlines that other programs have open and write into, because they run a branch of them."""
        query = (
            "SELECT DISTINCT runs.uri FROM runs JOIN holders ON holders.uri = runs.uri AND holders.owner = runs.owner"
            " WHERE runs.state = 'running' AND runs.kind = ? AND runs.owner <> ?"
        )
        return await self._select(_first_column, query, RunKind.BRANCH.value, self._owner)

    async def outlines_to_change(self) -> list[str]:
        """The outlines that other programs ask to be changed by whoever has them open."""
        return await self._select(_first_column, handovers.ASKED)

    async def close_outbox(self, entries: Sequence[OutboxEntry]) -> None:
        """Note for each of them that it was written or refused, at once."""
        given = tuple(entries)
        await self._together(lambda bulk: bulk.close_entries(given))

    async def hand_over(self, handover: Handover, now: float) -> None:
        """A change for whoever has its outline open."""
        await self._write(partial(handovers.add, handover=handover, now=now))

    async def handovers(self, uri: str) -> list[Handover]:
        """What other programs ask to be changed in this outline, in order."""
        return await self._select(handovers.handover_from, handovers.WAITING, uri)

    async def begin_handover(self, handover_id: str) -> bool:
        """It is being made here; False when it was taken back meanwhile."""
        return await self._write(partial(handovers.begin, handover_id=handover_id))

    async def answer_handover(self, handover_id: str, said: str) -> bool:
        """Empty: it was made; else why not. False when nobody waits for that any more."""
        return await self._write(partial(handovers.answer, handover_id=handover_id, said=said))

    async def handover_answer(self, handover_id: str) -> str | None:
        """None: not answered yet."""
        return _only(
            await self._select(_first_column, "SELECT answer FROM handovers WHERE handover_id = ?", handover_id)
        )

    async def take_back_handover(self, handover_id: str) -> bool:
        """Wait no longer; False when it has begun: then there is, or will be, an answer."""
        return await self._write(partial(handovers.take_back, handover_id=handover_id))

    async def forget_handover(self, handover_id: str) -> None:
        """Its answer was read."""
        await self._write(partial(handovers.forget, handover_id=handover_id))

    async def hold(self, uris: Sequence[str], now: float) -> None:
        """Say that this process has exactly these outlines open; call it when that changes and every heartbeat."""
        await self._write(partial(branches.hold, uris=tuple(uris), owner=self._owner, now=now))

    async def held_elsewhere(self, uri: str, now: float) -> bool:
        """Whether another living process has this outline open."""
        return await self._read(partial(branches.held_elsewhere, uri=uri, owner=self._owner, now=now))

    # Conversations with a person

    async def begin_conversation(self, run: Run, attempt: Attempt, conversation: Conversation) -> None:
        """Before its first turn; `run` has ended as far as anyone can see."""
        work = partial(conversations.begin, run=run, attempt=attempt, conversation=conversation, owner=self._owner)
        await self._write(work)

    async def begin_turn(self, conversation_id: str, messages: Sequence[StoredMessage], now: float) -> bool:
        """Add these messages, the last of them open; False when somebody's turn is under way."""
        given = tuple(messages)
        work = partial(conversations.begin_turn, conversation_id=conversation_id, messages=given, owner=self._owner)
        return await self._write(partial(work, now=now))

    async def begin_call(self, step: Step, message_id: str, brief: str = "") -> None:
        await self._write(partial(conversations.begin_call, step=step, message_id=message_id, brief=brief))

    async def keep_thoughts(self, message_id: str, thoughts: str) -> None:
        await self._write(partial(conversations.keep_thoughts, message_id=message_id, thoughts=thoughts))

    async def end_turn(self, message: StoredMessage, step: Step | None, state: RunState, now: float) -> bool:
        """The message and its last call as they ended; False when the conversation is gone."""
        return await self._write(partial(conversations.end_turn, message=message, step=step, state=state, now=now))

    async def set_head(self, conversation_id: str, head_id: str | None, now: float) -> None:
        work = partial(conversations.set_head, conversation_id=conversation_id, head_id=head_id, now=now)
        await self._write(work)

    async def rename_conversation(self, conversation_id: str, title: str) -> bool:
        return await self._write(partial(conversations.rename, conversation_id=conversation_id, title=title))

    async def retitle_conversation(self, conversation_id: str, title: str, uri: str) -> None:
        work = partial(conversations.retitle, conversation_id=conversation_id, title=title, uri=uri)
        await self._write(work)

    async def set_conversation_model(self, conversation_id: str, model: str) -> None:
        await self._write(partial(conversations.set_model, conversation_id=conversation_id, model=model))

    async def set_merged(self, conversation_id: str, text: str) -> None:
        await self._write(partial(conversations.set_merged, conversation_id=conversation_id, text=text))

    async def attempt_of(self, conversation_id: str) -> Attempt | None:
        return await self._read(partial(conversations.attempt_of, conversation_id=conversation_id))

    async def is_live(self, conversation_id: str, now: float) -> bool:
        """Whether a living program writes into it: an answer streams, or a run is at work on it."""
        return await self._read(partial(conversations.is_live, conversation_id=conversation_id, now=now))

    async def delete_conversation(self, conversation_id: str) -> bool:
        """With its messages and calls; False for one that is not there, or that belongs to a run."""
        return await self._write(partial(conversations.delete, conversation_id=conversation_id))

    async def conversation_page(
        self, conversation_id: str, before: str | None = None, limit: int = 100
    ) -> list[tuple[StoredMessage, str]]:
        """The last messages of the branch that is shown, oldest first, each with its text so far."""
        work = partial(conversations.page, conversation_id=conversation_id, before=before, limit=limit)
        return await self._read(work)

    async def find_messages(self, conversation_id: str, text: str, limit: int = 1_000) -> list[str]:
        """Ids of the last messages of the branch that is shown that hold the text, oldest first."""
        work = partial(conversations.find, conversation_id=conversation_id, text=text, limit=limit)
        return await self._read(work)

    async def message_branch(self, leaf: str, limit: int) -> list[tuple[StoredMessage, str]]:
        """The last messages up to and with `leaf`, oldest first, each with its text so far."""
        return await self._read(partial(conversations.branch, leaf=leaf, limit=limit))

    async def message(self, message_id: str) -> StoredMessage | None:
        return await self._read(partial(conversations.message, message_id=message_id))

    async def messages_before(self, message_id: str) -> int:
        """In the order of its conversation, whatever branch they are on."""
        return await self._read(partial(conversations.messages_before, message_id=message_id))

    async def add_first_message(self, message: StoredMessage) -> None:
        await self._write(partial(conversations.add_first_message, message=message))

    async def variants(self, conversation_id: str, parent_ids: Sequence[str | None]) -> dict[str, int]:
        """How many messages follow each of these (None, and "" in the answer: the beginning), if more than one."""
        work = partial(conversations.variants, conversation_id=conversation_id, parent_ids=tuple(parent_ids))
        return await self._read(work)

    async def spent_on(self, step_ids: Sequence[str]) -> dict[str, tuple[str, Usage, Cost]]:
        """By step, of those whose call is over: who answered (`provider/model`), and what it took."""
        return await self._read(partial(conversations.spent_on, step_ids=tuple(step_ids)))

    async def following(self, conversation_id: str, parent_id: str | None) -> list[str]:
        """Ids of the messages that follow this one, the oldest first."""
        work = partial(conversations.following, conversation_id=conversation_id, parent_id=parent_id)
        return await self._read(work)

    async def leaf_below(self, message_id: str) -> str:
        return await self._read(partial(conversations.leaf_below, message_id=message_id))

    async def conversations(
        self,
        now: float,
        *,
        workspace: str | None = None,
        task_id: str | None = None,
        kind: ConversationKind | None = None,
        limit: int = 50,
    ) -> list[Listed]:
        """The one that was written to last first."""
        chosen = kind.value if kind else None
        work = partial(conversations.listed, workspace=workspace, task_id=task_id, kind=chosen, limit=limit, now=now)
        return await self._read(work)

    # Steps and events

    def begin_step(self, step: Step, messages: Sequence[StoredMessage]) -> Write[None]:
        """`messages` are those of the request that the conversation does not have yet, in their order."""
        given = tuple(messages)
        return self._together(lambda bulk: bulk.begin_step(step, given))

    def end_step(self, step: Step, message: StoredMessage | None) -> Write[None]:
        """`message` is the assistant's, None when there is no answer. Only after this a call counts as finished."""
        return self._together(lambda bulk: bulk.end_step(step, message))

    async def settled(self) -> None:
        """When all that was queued before is committed, or has failed."""
        await self._write(lambda _connection: None)

    def store_partial(self, step_id: str, text: str) -> Write[None]:
        """All the text that has streamed so far (not the newest piece); nothing happens once the step has ended."""
        return self._write(partial(records.store_partial, step_id=step_id, text=text))

    def add_event(self, run_id: str, kind: str, detail: dict[str, Any], created: float) -> Write[Event]:
        """Answers the event as stored, with its number. `detail` must be JSON."""
        try:
            text = rows.json_text(detail)  # now: the caller may change it while this waits
        except (TypeError, ValueError, RecursionError) as error:
            raise failures.store_error(error, failures.place_of(self.path)) from error
        return self._write(partial(records.add_event, run_id=run_id, kind=kind, detail=text, created=created))

    async def corrections(self, run_id: str) -> list[tuple[str, str]]:
        """What a person said to attempts of the run while they were under way: attempt and text, in order."""
        query = (
            "SELECT json_extract(detail, '$.attemptId'), json_extract(detail, '$.text') FROM events"
            " WHERE run_id = ? AND kind = 'attempt.corrected' ORDER BY seq"
        )
        return await self._select(_two_texts, query, run_id)

    async def keep_prompt(self, name: str, version: str, text: str, created: float, origin: str = "built-in") -> None:
        """Keep the text of a prompt version; a version that is there already is never changed."""
        if (name, version) not in self._kept:
            kept = PromptVersion(name, version, text, created, origin=origin)
            await self._write(partial(prompts.keep, versions=(kept,)))
            self._kept.add((name, version))

    # Prompts

    async def use_prompts(self, uses: Sequence[PromptUse], versions: Sequence[PromptVersion] = ()) -> None:
        """Keep these versions, and use from now on what `uses` says, at once."""
        await self._write(partial(prompts.use, uses=tuple(uses), versions=tuple(versions)))

    async def roll_back_prompt(self, name: str, now: float) -> bool:
        """Take back the last decision what to use under this name; False when there is none."""
        return await self._write(partial(prompts.roll_back, name=name, now=now))

    async def prompt_versions(self, name: str | None = None) -> list[PromptVersion]:
        """By name, the oldest of each first."""
        if name is None:
            return await self._select(prompts.version_from, prompts.VERSIONS)
        return await self._select(prompts.version_from, prompts.VERSIONS_OF, name)

    async def prompts_in_use(self) -> list[PromptUse]:
        """Of each name that a person ever decided about."""
        return await self._select(prompts.use_from, prompts.IN_USE)

    async def prompts_of(self, attempt_id: str) -> list[PromptVersion]:
        """Those that an attempt has used, in the order of its steps."""
        return await self._select(prompts.version_from, prompts.USED_BY, attempt_id)

    # Metrics

    async def metrics(self, query: MetricsQuery) -> list[Metrics]:
        """Of the work in the journal, one for each day, model, … that there was any for."""
        with suppress(StoreError):  # a full disk, a store that is held: what is not packed is read as it stands
            for kind, first in await self._read(measured.due):
                await self._write(partial(measured.pack, kind=kind, first=first))
        return await self._read(partial(metrics.measure, query=query))

    # Splits

    async def keep_split(self, record: SplitRecord) -> None:
        await self._write(partial(splits.keep, record=record))

    async def splits(self, *, workspace: str | None = None, limit: int = 500) -> list[SplitRecord]:
        """The newest first."""
        if workspace is None:
            return await self._select(splits.record_from, splits.RECENT, limit)
        return await self._select(splits.record_from, splits.RECENT_OF_WORKSPACE, workspace, limit)

    async def splits_being_written(self, uri: str) -> list[SplitRecord]:
        """Into this outline: whether they were, the text says."""
        return await self._select(splits.record_from, splits.BEING_WRITTEN, uri)

    async def set_split_outcome(self, split_id: str, outcome: SplitOutcome) -> None:
        """It came out otherwise than it was kept: a person took it back, or brought it back."""
        await self._write(partial(splits.set_outcome, split_id=split_id, outcome=outcome))

    async def split_hashes(self, uri: str) -> dict[str, str]:
        """By task id: the hash of the words that its last split was planned for."""
        return dict(await self._select(splits.hash_from, splits.HASHES, uri))

    async def mean_usage(self, role: Role, provider: str, model: str) -> Usage | None:
        """Of the completed calls for this role, repairs included; None when there was none."""
        found = await self._select(splits.usage_from, splits.MEAN_USAGE, role.value, provider, model)
        return _only([usage for usage in found if usage is not None])

    # Leases

    async def renew_lease(self, run_ids: Sequence[str], now: float) -> None:
        """Say that these runs are alive and ours; call it every `HEARTBEAT_SECONDS`."""
        await self._write(partial(records.renew_lease, run_ids=tuple(run_ids), owner=self._owner, now=now))

    async def reconcile(self, now: float) -> int:
        """Mark runs as failed whose program is gone, with their attempts and steps; answers how many runs."""
        return await self._write(partial(records.reconcile, now=now))

    # Reading

    async def runs(self, *, workspace: str | None = None, kind: RunKind | None = None, limit: int = 50) -> list[Run]:
        """The newest first."""
        where = [
            *([("workspace = ?", workspace)] if workspace is not None else []),
            *([("kind = ?", kind.value)] if kind is not None else []),
        ]
        conditions = " AND ".join(condition for condition, _ in where) or "1"
        query = f"SELECT * FROM runs WHERE {conditions} ORDER BY started DESC, run_id LIMIT ?"  # noqa: S608  # fixed text
        return await self._select(rows.run_from, query, *(value for _, value in where), limit)

    async def running_elsewhere(self) -> list[Run]:
        """Runs of branches that other programs have under way."""
        query = "SELECT * FROM runs WHERE state = 'running' AND kind = ? AND owner <> ? ORDER BY started"
        return await self._select(rows.run_from, query, RunKind.BRANCH.value, self._owner)

    async def run(self, run_id: str) -> Run | None:
        return _only(await self._select(rows.run_from, "SELECT * FROM runs WHERE run_id = ?", run_id))

    async def attempts(self, run_id: str) -> list[Attempt]:
        """In the order in which they began."""
        return await self._select(rows.attempt_from, "SELECT * FROM attempts WHERE run_id = ? ORDER BY seq", run_id)

    async def conversation(self, conversation_id: str) -> Conversation | None:
        query = "SELECT * FROM conversations WHERE conversation_id = ?"
        return _only(await self._select(rows.conversation_from, query, conversation_id))

    async def steps(self, attempt_id: str) -> list[Step]:
        """In the order in which they began."""
        return await self._select(rows.step_from, "SELECT * FROM steps WHERE attempt_id = ? ORDER BY seq", attempt_id)

    async def step(self, step_id: str) -> Step | None:
        return _only(await self._select(rows.step_from, "SELECT * FROM steps WHERE step_id = ?", step_id))

    async def attempt(self, attempt_id: str) -> Attempt | None:
        return _only(await self._select(rows.attempt_from, "SELECT * FROM attempts WHERE attempt_id = ?", attempt_id))

    async def partial_answer(self, step_id: str) -> str:
        """What had streamed of a step that is running or never got a whole answer, else nothing."""
        query = "SELECT partial_answer FROM steps WHERE step_id = ?"
        return _only(await self._select(_first_column, query, step_id)) or ""

    async def messages(self, conversation_id: str) -> list[StoredMessage]:
        """In the order in which they were stored."""
        query = "SELECT * FROM messages WHERE conversation_id = ? ORDER BY seq"
        return await self._select(rows.message_from, query, conversation_id)

    async def talks(self, uri: str) -> Sequence[Talk]:
        """Every conversation about this outline, whole."""
        return await self._read(partial(past.talks, uri=uri))

    async def calls(self, uri: str) -> Sequence[Call]:
        """Every call to a model for this outline."""
        return await self._read(partial(past.calls, uri=uri))

    # The history

    async def search_history(self, query: str, filters: Filters, limit: int = 20) -> list[Hit]:
        """By words: all of them must be there. The best first, or the newest where very many fit."""
        work = partial(history.search, query=query, filters=filters, limit=limit)
        if await self._read(history.behind):
            with suppress(StoreError):  # what is in step already is found all the same
                await self._write(history.settle)
        try:
            return await self._read(work)
        except StoreCorruptError:
            await self._write(history.rebuild)  # it may be only the index of the words
            return await self._read(work)

    async def describe_history(self, found: Sequence[tuple[int, str]]) -> list[Hit]:
        """Entries by their numbers, with their excerpts."""
        return await self._read(partial(history.described, found=tuple(found)))

    async def history_without_meaning(self, model: str, limit: int, below: int | None = None) -> list[tuple[int, str]]:
        """Number and text of entries that this embedding model has not read, downwards, those below a number."""
        return await self._read(partial(history.unread, model=model, limit=limit, below=below))

    async def keep_meanings(self, model: str, found: Sequence[tuple[int, bytes]]) -> None:
        await self._write(partial(history.keep_meanings, model=model, found=tuple(found)))

    async def meanings(self, model: str, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Vectors by number of the entry, in order, those behind `after`."""
        return await self._read(partial(history.meanings_after, model=model, after=after, limit=limit))

    async def history_counts(self, model: str) -> tuple[int, int, int]:
        """Entries, those that the embedding model has read, and a number that tells one state of these from another."""
        return await self._read(partial(history.counts, model=model))

    async def fitting_history(self, entry_ids: Sequence[int], filters: Filters) -> list[int]:
        return await self._read(partial(history.fitting, entry_ids=tuple(entry_ids), filters=filters))

    async def located(self, task_id: str) -> list[tuple[str, int]]:
        """Where the index of saved outlines has this task: address and line, from 0."""
        return await self._read(partial(history.located, task_id=task_id))

    async def events(self, run_id: str, after: int = 0) -> list[Event]:
        """Those with a number greater than `after`, in order."""
        query = "SELECT * FROM events WHERE run_id = ? AND seq > ? ORDER BY seq"
        return await self._select(rows.event_from, query, run_id, after)

    async def prompt(self, name: str, version: str) -> str | None:
        """The text of a prompt version that was kept."""
        query = "SELECT text FROM prompts WHERE name = ? AND version = ?"
        return _only(await self._select(_first_column, query, name, version))

    # The index of saved outlines

    async def keep_outlines(self, given: Sequence[tuple[IndexedOutline, Sequence[IndexedNode]]]) -> None:
        """In place of what was there of these files. A large one takes several transactions, and counts at the end."""
        small = [one for one in given if len(one[1]) <= NODES_AT_ONCE]
        if small:
            await self._write(partial(index.keep, given=small))
        for outline, nodes in given:
            if len(nodes) > NODES_AT_ONCE:
                await self._keep_large(outline, nodes)

    async def _keep_large(self, outline: IndexedOutline, nodes: Sequence[IndexedNode]) -> None:
        outline_id = await self._write(partial(index.begin_outline, outline=outline))
        for start in range(0, len(nodes), NODES_AT_ONCE):
            part = nodes[start : start + NODES_AT_ONCE]
            await self._write(partial(index.add_nodes, outline_id=outline_id, nodes=part))
        await self._write(partial(index.complete, outline_id=outline_id))

    async def touch_outlines(self, given: Sequence[IndexedOutline]) -> None:
        """Their bytes are what they were, though their time says otherwise."""
        await self._write(partial(index.touch, given=tuple(given)))

    async def forget_outlines(self, uris: Sequence[str]) -> None:
        await self._write(partial(index.forget, uris=tuple(uris)))

    async def outlines(self, workspace: str, reader: str) -> list[tuple[int, IndexedOutline]]:
        """With their numbers, those of a workspace folder that this very version read."""
        return await self._read(partial(index.outlines, workspace=rows.clean_text(workspace), reader=reader))

    async def outline_nodes(self, outline_ids: Sequence[int]) -> Mapping[int, list[IndexedNode]]:
        """By number of the outline, in document order."""
        return await self._read(partial(index.nodes_of, outline_ids=tuple(outline_ids)))

    # The store as a whole

    async def version(self) -> int:
        """Another number whenever a record was written, by this program or another one."""

        def read(database: sqlite3.Connection) -> int:
            self._guard(database)
            return int(database.execute("PRAGMA data_version").fetchone()[0])

        return await self._read(read)

    async def size(self) -> StoreSize:
        return await self._read(partial(inspection.size, path=self.path))

    async def workspaces(self) -> list[WorkspaceSize]:
        """What there is of each workspace, the largest first."""
        return await self._read(deletion.workspaces)

    async def deletable(self, selection: Selection, now: float) -> Deletable:
        """What `delete` would delete now."""
        return await self._read(partial(deletion.deletable, selection=selection, now=now, path=self.path))

    async def delete(self, selection: Selection, now: float) -> bool:
        """Delete what is selected, and the backups. False: gone, but another program keeps old pages on the disk."""
        try:
            await self._writing.run(deletion.begin_secure)
            await self._write(partial(deletion.delete, selection=selection, now=now))
            self._kept.clear()
            return await self._writing.run(partial(deletion.compact, path=self.path))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise self._translated(error) from error

    async def check(self) -> list[str]:
        """What is wrong with the file, a sentence each, none when it is sound. Reads all of it."""
        return await self._read(partial(inspection.check, path=self.path))

    def _told_of(self, told: Sequence[tuple[str, dict[str, Any]]]) -> list[Told]:
        """With what a listener is told: what the stored text says, which a later reader sees."""
        found: list[Told] = []
        try:
            for kind, detail in told:
                text = rows.json_text(detail)
                found.append(
                    (rows.clean_text(kind), text, detail if rows.comes_back(detail, text) else json.loads(text))
                )
        except (TypeError, ValueError, RecursionError) as error:
            raise failures.store_error(error, failures.place_of(self.path)) from error
        return found

    async def _select(self, convert: Callable[[sqlite3.Row], T], query: str, *parameters: str | float) -> list[T]:
        def select(database: sqlite3.Connection) -> list[T]:
            self._guard(database)
            found = database.execute(query, parameters).fetchall()
            try:
                return [convert(row) for row in found]
            except ValueError as error:
                raise failures.corrupt(failures.place_of(self.path), "a record holds an unknown word") from error

        return await self._read(select)

    async def _read(self, operation: Operation[T]) -> T:
        self._refuse_closed()
        try:
            return await self._reading.run(operation)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            raise self._translated(error) from error

    def _write(self, operation: Operation[T]) -> Write[T]:
        self._refuse_closed()
        try:
            return self._writer.write(operation)
        except ValueError as error:
            raise self._translated(error) from error

    def _together(self, operation: Together[T]) -> Write[T]:
        self._refuse_closed()
        try:
            return self._writer.write_together(operation)
        except ValueError as error:
            raise self._translated(error) from error

    def _refuse_closed(self) -> None:
        if self._closed:
            raise failures.closed(failures.place_of(self.path))

    def _translated(self, error: Exception) -> StoreError:
        translated = failures.store_error(error, failures.place_of(self.path))
        if translated is not error:
            translated.__cause__ = error
        return translated


def _first_column(row: sqlite3.Row) -> str:
    return row[0]


def _two_texts(row: sqlite3.Row) -> tuple[str, str]:
    return row[0], row[1]


def _two_columns(row: sqlite3.Row) -> tuple[str, int]:
    return row[0], row[1]


def _only(found: Sequence[T]) -> T | None:
    return found[0] if found else None
