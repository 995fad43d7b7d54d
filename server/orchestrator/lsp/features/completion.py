"""`textDocument/completion` and `completionItem/resolve`. Only in outlines.

Looking at a folder and at the list of models takes time, so these two are answered from a thread; all else at once.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from orchestrator.lsp import convert, prompt_documents, sources
from orchestrator.lsp.markup import markup
from orchestrator.lsp.threads import in_thread
from orchestrator.outline.completion import Candidate, Offer, Sources, candidates
from orchestrator.outline.hover import Card, field_card, task_card
from orchestrator.outline.spots import Kind, Spot, spot_at
from orchestrator.outline.tree import Task
from orchestrator.outline.vocabulary import DEFAULTS, FIELDS, SETTINGS, STATUSES

if TYPE_CHECKING:
    from orchestrator.lsp.documents import Snapshot
    from orchestrator.lsp.server import Server

_KINDS = {
    Kind.STATUS: types.CompletionItemKind.EnumMember,
    Kind.FIELD: types.CompletionItemKind.Property,
    Kind.VALUE: types.CompletionItemKind.Value,
    Kind.ID: types.CompletionItemKind.Reference,
    Kind.SETTING: types.CompletionItemKind.Property,
    Kind.SETTING_VALUE: types.CompletionItemKind.Value,
}
NOTHING = types.CompletionList(is_incomplete=False, items=[])


def completion(
    server: Server, params: types.CompletionParams
) -> types.CompletionList | Coroutine[Any, Any, types.CompletionList]:
    document = server.documents.get(params.text_document.uri)
    if (name := prompt_documents.name_of(server, document.uri)) is not None:
        return prompt_documents.completion(server, document, name, params.position)
    snapshot = document.snapshot()
    if not snapshot.is_outline(server.settings.outline.globs) or snapshot.outline.front_matter.newer:
        return NOTHING
    spot = spot_at(snapshot.outline, convert.offset(snapshot.text, params.position, server.client.encoding))
    if spot is None:
        return NOTHING
    if spot.kind is Kind.VALUE and spot.key == "files":
        return _from_thread(server, snapshot, spot, sources.with_files)
    if spot.key in sources.LISTED:
        return _from_thread(server, snapshot, spot, sources.with_names)
    return _answer(server, snapshot, spot, sources.of_tasks(server, snapshot))


async def _from_thread(server: Server, snapshot: Snapshot, spot: Spot, gather: sources.Gather) -> types.CompletionList:
    settings, directories = server.settings, server.directories
    found = await in_thread(lambda: gather(settings, directories, snapshot.uri))
    return _answer(server, snapshot, spot, found)


def _answer(server: Server, snapshot: Snapshot, spot: Spot, found: Sources) -> types.CompletionList:
    offer: Offer = candidates(snapshot.outline, spot, found)
    items = [_item(server, snapshot, spot, index, one) for index, one in enumerate(offer.candidates)]
    # While other files are being read, the next letter may find more.
    waits = spot.kind is Kind.VALUE and spot.key == "dependsOn" and not server.index.complete
    return types.CompletionList(is_incomplete=waits or not offer.complete, items=items)


def _item(server: Server, snapshot: Snapshot, spot: Spot, index: int, one: Candidate) -> types.CompletionItem:
    client, text = server.client, snapshot.text
    written, form = _written(one, snippets=client.completion.snippets)
    item = types.CompletionItem(
        label=one.label,
        kind=_kind(spot, one),
        detail=one.detail or None,
        sort_text=f"{index:05d}",
        filter_text=one.filter or one.label,
        insert_text_format=form,
        text_edit=_edit(server, snapshot, spot, written),
        additional_text_edits=convert.text_edits(text, one.also, client.encoding) or None,
    )
    if client.completion.label_details and one.task is not None:
        item.label_details = types.CompletionItemLabelDetails(description=one.detail)
    explained = _explained(snapshot, spot, one)
    if explained is None:
        return item
    if client.completion.resolves:
        item.data = explained
    else:
        item.documentation = _documentation(server, explained, brief=True)
    return item


def _written(one: Candidate, *, snippets: bool) -> tuple[str, types.InsertTextFormat | None]:
    if one.hole is None:
        return one.text, None
    if not snippets:
        return one.without_hole or one.text, None
    stop = "${1|" + ",".join(map(_escaped_choice, one.choices)) + "|}" if one.choices else "$1"
    return f"{_escaped(one.text[: one.hole])}{stop}{_escaped(one.text[one.hole :])}", types.InsertTextFormat.Snippet


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")


def _escaped_choice(text: str) -> str:
    return _escaped(text).replace(",", "\\,").replace("|", "\\|")


def _edit(server: Server, snapshot: Snapshot, spot: Spot, written: str) -> types.TextEdit | types.InsertReplaceEdit:
    text, encoding = snapshot.text, server.client.encoding
    replaced = convert.span(text, spot.start, spot.end, encoding)
    if not server.client.completion.insert_replace or spot.place == spot.end:
        return types.TextEdit(replaced, written)
    return types.InsertReplaceEdit(written, convert.span(text, spot.start, spot.place, encoding), replaced)


def _kind(spot: Spot, one: Candidate) -> types.CompletionItemKind:
    if spot.kind is Kind.VALUE and spot.key == "files":
        return types.CompletionItemKind.Folder if one.folder else types.CompletionItemKind.File
    if spot.kind is Kind.VALUE and spot.key == "dependsOn":
        return types.CompletionItemKind.Reference
    return _KINDS[spot.kind]


# --- documentation ----------------------------------------------------------------------------------------------


def _explained(snapshot: Snapshot, spot: Spot, one: Candidate) -> dict[str, str] | None:
    """What `completionItem/resolve` is asked to explain."""
    if one.task is not None:
        return {"uri": snapshot.uri, "nodeId": snapshot.identities.id_of(one.task)}
    if one.word is not None:
        group = "field" if spot.kind is Kind.FIELD else "default" if spot.key else "setting"
        return {group: one.label}
    return None


def resolve(server: Server, item: types.CompletionItem) -> types.CompletionItem:
    """With its documentation. What is not known any more stays as it is."""
    given: Any = item.data
    if isinstance(given, Mapping) and item.documentation is None:
        data = {str(key): str(value) for key, value in cast("Mapping[Any, Any]", given).items()}
        item.documentation = _documentation(server, data, brief=False)
    return item


def _documentation(server: Server, data: Mapping[str, str], *, brief: bool) -> types.MarkupContent | None:
    card = _card(server, data, brief=brief)
    return None if card is None else markup(card, as_markdown=server.client.completion.markdown)


def _card(server: Server, data: Mapping[str, str], *, brief: bool) -> Card | None:
    for group, words in (("field", FIELDS), ("default", DEFAULTS), ("setting", SETTINGS)):
        if word := words.get(data.get(group, "")):
            return field_card(data[group], word)
    document = server.documents.find(data.get("uri", ""))
    if document is None:
        return None
    snapshot = document.snapshot()
    task = snapshot.identities.node_of(data.get("nodeId", ""))
    if not isinstance(task, Task):
        return None
    # A list of tasks may be long, and a brief card costs nothing.
    return (
        Card(task.title, STATUSES[task.status][0])
        if brief
        else task_card(snapshot.outline, task, sources.known(server, snapshot))
    )
