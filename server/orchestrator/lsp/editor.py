"""The engine's editor port over LSP: a task of an open document, and the person in front of it.

Apart from the features because the engine calls it, long after the request that started the work was answered.

Invariant: the edit lands at its task, whatever was typed meanwhile, or is refused and changes nothing
(test_split_lands_at_its_task, test_split_is_refused).
Invariant: an edit counts as made only when the changed text has arrived here (test_a_client_that_lies_is_noticed).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from orchestrator.engine.editor import Place, Question
from orchestrator.errors import EditRefusedError, FileError
from orchestrator.lsp import convert
from orchestrator.outline import edits as edits_of
from orchestrator.outline.edits import TextEdit
from orchestrator.outline.text import Text
from orchestrator.outline.tree import Task

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Document, Snapshot
    from orchestrator.lsp.server import Server

ARRIVAL_SECONDS = 5.0
"""How long the changed text may take to arrive after the client said that it made the edit."""
CATCH_UP_SECONDS = 1.0
"""How long to wait for the change because of which the client refused an edit. Clients gather keys for up to 0.2 s."""
SAME_BREATH_SECONDS = 0.2
"""The engine computes a refused edit anew and tries again at once: useless, if no change has arrived."""


class OpenTask:
    """A `Target`: one task of a document, found again by its node id.

    When it is gone, it is refused; when it comes back (undo, or pasted after it was cut), it is found again: the one
    task of its title and id that was not there before.
    """

    def __init__(self, server: Server, snapshot: Snapshot, task: Task, node_id: str = "") -> None:
        """`node_id` is for a task that is not in the document."""
        self._server = server
        self._uri = snapshot.uri
        self._node_id = node_id or snapshot.identities.id_of(task)
        self._title = task.title
        self._task_id = task.task_id
        self._unwilling: tuple[int, float, str | None] | None = None
        """Version, time and reason of the last edit that the client did not make, though no change was under way."""
        self._others = frozenset(snapshot.identities.id_of(node) for node in snapshot.outline.walk())

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def node_id(self) -> str:
        """Another one after it was gone and came back."""
        return self._node_id

    async def place(self) -> Place:
        snapshot = self._document().snapshot()
        node = snapshot.identities.node_of(self._node_id) or self._back_again(snapshot)
        if node is None:
            raise EditRefusedError(
                f"The task “{self._title}” is not in the document any more.",
                hint="Bring it back (undo), or discard the split.",
            )
        if not isinstance(node, Task) or node.title != self._title:
            raise EditRefusedError(
                f"The task “{self._title}” has another title now.",
                hint="Give it its title back (undo), or discard this split and start a new one.",
            )
        elsewhere = self._server.index.ids_elsewhere(snapshot.uri)
        return Place(snapshot.outline, node, snapshot.version, elsewhere, elsewhere.task_count)

    def _back_again(self, snapshot: Snapshot) -> Task | None:
        same = [
            task
            for task in snapshot.outline.tasks()
            if task.title == self._title
            and self._task_id in {None, task.task_id}
            and snapshot.identities.id_of(task) not in self._others
        ]
        if len(same) != 1:
            return None
        self._node_id = snapshot.identities.id_of(same[0])
        return same[0]

    async def apply(self, place: Place, edits: tuple[TextEdit, ...], label: str) -> int | None:
        document = self._document()
        self._require_version(document, place)
        self._require_willing(document)
        unwilling = await change(self._server, document, place.outline.text, edits, label)
        if unwilling is not None:
            if document.version == place.version:
                self._unwilling = (document.version, asyncio.get_running_loop().time(), unwilling.reason)
            raise unwilling.refusal()
        return document.version

    def _document(self) -> Document:
        try:
            return self._server.documents.get(self._uri)
        except FileError as error:
            raise EditRefusedError("The document was closed.", hint="Open it again and accept then.") from error

    def _require_version(self, document: Document, place: Place) -> None:
        if document.version != place.version or document.text.string != place.outline.text.string:
            raise EditRefusedError("The text has changed meanwhile.", hint="Try again.")

    def _require_willing(self, document: Document) -> None:
        if self._unwilling is None:
            return
        version, moment, reason = self._unwilling
        if document.version == version and asyncio.get_running_loop().time() - moment < SAME_BREATH_SECONDS:
            raise Unwilling(reason).refusal()


@dataclass(frozen=True, slots=True)
class Unwilling:
    """The client did not make an edit."""

    reason: str | None
    """What it said, None when it said nothing."""

    def refusal(self) -> EditRefusedError:
        told = f" ({self.reason})" if self.reason else ""
        return EditRefusedError(
            f"The editor did not make the change{told}.", hint="Make sure the document can be edited, try again."
        )


async def change(
    server: Server, document: Document, text: Text, edits: Sequence[TextEdit], label: str
) -> Unwilling | None:
    """Have the client edit the document, whose text is `text` now, and wait until the changed text is here.

    Raises EditRefusedError.
    """
    if not server.client.apply_edit:
        raise EditRefusedError(
            "This editor does not let a language server change a document.",
            hint="Run `orchestrator split` on the saved file instead.",
        )
    version = document.version
    wanted = types.TextDocumentEdit(
        text_document=types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=version),
        edits=convert.text_edits(text, edits, server.client.encoding),
    )
    # Always with a version, also for clients that did not announce document changes: an edit without one could
    # land in a text that it was not computed for. What such a client does with it is looked at below.
    params = types.ApplyWorkspaceEditParams(types.WorkspaceEdit(document_changes=[wanted]), label)
    try:
        answer = await server.protocol.ask(types.WORKSPACE_APPLY_EDIT, params)
    except JsonRpcException as error:
        raise EditRefusedError(f"The editor could not make the change ({error.message}).", hint="Try again.") from error
    if not answer.applied:
        # The client made a change before ours came: it is under way.
        if document.version == version:
            await _next_change(document, CATCH_UP_SECONDS)
        return Unwilling(answer.failure_reason)
    await _arrived(document, text, edits)
    return None


async def _arrived(document: Document, text: Text, edits: Sequence[TextEdit]) -> None:
    """Wait until the document shows the edit.

    A client sends what was typed and what we asked for in order, so of the changes that come after its answer
    the first one tells: some clients answer "applied" to an edit that they left out because of its version.
    """
    expected = _Expected(text.string, edits)
    if expected.holds(document.text.string):
        return
    await _next_change(document, ARRIVAL_SECONDS)
    if not expected.holds(document.text.string):
        raise EditRefusedError(
            "The editor said that it made the change, but the text does not show it.",
            hint="Look at the document; if the change is not there, try again.",
        )


class _Expected:
    """Whether a text shows an edit, though the person may have typed elsewhere in the same moment."""

    def __init__(self, before: str, edits: Sequence[TextEdit]) -> None:
        self._whole = _lines_of(edits_of.apply(before, edits))
        self._before = _lines_of(before)
        self._parts = [part for edit in edits if (part := _lines_of(edit.text).strip())]

    def holds(self, text: str) -> bool:
        now = _lines_of(text)
        if now == self._whole:
            return True
        return all(now.count(part) > self._before.count(part) for part in self._parts)


def _lines_of(text: str) -> str:
    """With one kind of line end: an editor may write its own."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


async def _next_change(document: Document, seconds: float) -> None:
    changed = asyncio.Event()
    unwatch = document.watch(changed.set)
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        pass
    finally:
        unwatch()


class PersonInEditor:
    """A `Person`: asks by a message with buttons."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def ask(self, question: Question) -> str | None:
        if not self._server.client.ask:
            return None
        params = types.ShowMessageRequestParams(
            type=types.MessageType.Info,
            message=question.text,
            actions=[types.MessageActionItem(title=choice) for choice in question.choices],
        )
        try:
            chosen = await self._server.protocol.ask(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
        except JsonRpcException:
            return None
        return chosen.title if chosen is not None and chosen.title in question.choices else None
