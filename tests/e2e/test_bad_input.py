"""Whatever an editor sends: no error that a person sees, no silence, and never a wrong text.

What the server believes to be the text is read off its symbols, and compared with a mirror that is changed here by
the rules of the protocol: every change against the text after the one before, a place outside the text is the nearest
one.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.config import Settings
from orchestrator.lsp.oversize import LOWEST_LIMIT
from orchestrator.lsp.server import FEATURES
from orchestrator.outline.parse import parse
from tests.support.lsp_client import PATIENCE, LspClient, RpcError, serving

URI = "file:///w/plan.tasks.md"
CAPABILITIES = {
    "textDocument": {"documentSymbol": {"hierarchicalDocumentSymbolSupport": True}, "diagnostic": {}},
    "experimental": {"orchestrator": {"ghosts": True, "tree": True}},
}
PLAIN = "- [ ] one\n- [ ] two\n  - [ ] three\n- [ ] four\n"
_BREAK = re.compile(r"\r\n|\n|\r")


# --- a mirror of the text ---------------------------------------------------------------------------------------


def spot(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def part(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    return {"range": {"start": spot(*start), "end": spot(*end)}, "text": text}


def changed(text: str, changes: Sequence[dict[str, Any]]) -> str:
    """By the protocol, in UTF-16."""
    for change in changes:
        if "range" not in change:
            text = change["text"]
            continue
        start, end = sorted(_offset(text, change["range"][side]) for side in ("start", "end"))
        text = text[:start] + change["text"] + text[end:]
    return text


def _offset(text: str, place: dict[str, int]) -> int:
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    if place["line"] >= len(starts):
        return len(text)
    if place["line"] < 0:
        return 0
    start = starts[place["line"]]
    line = _BREAK.split(text[start:], maxsplit=1)[0]
    units = 0
    for index, character in enumerate(line):
        width = 2 if ord(character) > 0xFFFF else 1
        if units + width > max(place["character"], 0):
            return start + index
        units += width
    return start + len(line)


# --- what is asked of the server --------------------------------------------------------------------------------


async def started(client: LspClient) -> None:
    await client.initialize(CAPABILITIES)


async def change(client: LspClient, version: Any, *changes: dict[str, Any], uri: str = URI) -> None:
    document = {"uri": uri, "version": version}
    await client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})


async def titles(client: LspClient, uri: str = URI) -> list[str]:
    found: list[str] = []

    def take(symbols: list[dict[str, Any]]) -> None:
        for symbol in symbols:
            found.append(symbol["name"])
            take(symbol["children"])

    take(await client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}}))
    return found


async def check_text(client: LspClient, text: str, uri: str = URI) -> None:
    """The server's symbols are those of this text."""
    assert await titles(client, uri) == [node.title or "(no title)" for node in parse(text).walk()]


def asked_of(uri: str) -> list[tuple[str, dict[str, Any]]]:
    """Every request about one document, with parameters that all of them understand."""
    params = {
        "textDocument": {"uri": uri},
        "uri": uri,
        "position": spot(1, 3),
        "range": {"start": spot(0, 0), "end": spot(2, 2)},
        "positions": [spot(1, 3)],
        "context": {"diagnostics": [], "includeDeclaration": True, "triggerKind": 1},
        "newName": "abc12",
        "ch": "\n",
        "options": {"tabSize": 2, "insertSpaces": True},
        "previousResultId": "unknown",
    }
    methods = [
        feature.method
        for feature in FEATURES
        if feature.method.startswith("textDocument/") and not feature.method.startswith("textDocument/did")
    ]
    tree = {name: params[name] for name in ("uri", "position")}
    return [
        *((method, params) for method in methods),
        ("orchestrator/tree", {"uri": uri}),
        ("orchestrator/tree/locate", tree),
    ]


async def ask_everything(client: LspClient, uri: str = URI) -> dict[str, Any]:
    """Each request is answered; an error is one that says what to do."""
    answers = {method: await answer_of(client.request(method, params)) for method, params in asked_of(uri)}
    for method, answer in answers.items():
        if isinstance(answer, RpcError):
            assert answer.data is not None, f"{method}: {answer.message}"
            assert answer.data["hint"], f"{method}: {answer.message}"
            assert answer.data["kind"] != "defect", f"{method} fails"
    return answers


async def answer_of(asked: Awaitable[Any]) -> Any:
    """An error too."""
    try:
        return await asyncio.wait_for(asked, PATIENCE)
    except RpcError as error:
        return error


def complaints(client: LspClient) -> list[str]:
    return [params["message"] for params in client.of("window/showMessage")]


# --- texts ------------------------------------------------------------------------------------------------------


def noise(seed: int) -> str:
    """Random bytes, as an editor would hand them over: one character for each, or what UTF-8 makes of them."""
    chosen = random.Random(seed)
    data = chosen.randbytes(3_000)
    if seed % 2:
        return data.decode("latin-1")
    pieces = ["\n", "\r", "\r\n", "- [ ] ", "  ", "\t", "```", "<!--", "---\n", "[k:: v]", "^id", "\ud800", "\udfff"]
    return "".join(chosen.choice(pieces) + chr(byte * 0x777 % 0x11_0000) for byte in data)


async def test_random_bytes(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        for seed in range(6):
            uri, text = f"file:///w/{seed}.tasks.md", noise(seed)
            await client.open(text, uri)
            await ask_everything(client, uri)
            await check_text(client, text, uri)
            chosen = random.Random(seed)
            for version in range(2, 12):
                places = [(chosen.randrange(300), chosen.randrange(60)) for _ in range(2)]
                edit = part(places[0], places[1], noise(version)[: chosen.randrange(40)])
                text = changed(text, [edit])
                await change(client, version, edit, uri=uri)
            await ask_everything(client, uri)
            await check_text(client, text, uri)
        assert complaints(client) == []


NESTED = {
    "bullets": "- " * 2_000 + "[ ] deep\n",
    "quotes": "> " * 2_000 + "- [ ] deep\n",
    "lists": "".join("  " * level + "- [ ] task\n" for level in range(600)),
    "numbers": "".join(" " * level + "1. [ ] task\n" for level in range(400)),
    "brackets": "- [ ] " + "[" * 5_000 + "\n",
    "emphasis": "- [ ] " + "*_`" * 3_000 + "\n",
    "hashes": "#" * 5_000 + " heading\n- [ ] a\n",
    "yaml": "---\n" + "a: {" * 2_000 + "\n---\n- [ ] a\n",
    "yaml lists": "---\n" + "- " * 2_000 + "\n---\n- [ ] a\n",
    "fields": "- [ ] " + "[k:: " * 3_000 + "\n",
    "comments": "<!--" * 3_000 + "\n- [ ] a\n",
}


async def test_nesting_far_beyond_the_limit(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        for name, nested in NESTED.items():
            uri, text = f"file:///w/{name}.tasks.md", nested
            await client.open(text, uri)
            await ask_everything(client, uri)
            edit = part((0, 0), (0, 0), "- [ ] first\n")
            text = changed(text, [edit])
            await change(client, 2, edit, uri=uri)
            await check_text(client, text, uri)
            await ask_everything(client, uri)
        assert complaints(client) == []


async def test_a_document_of_50_megabytes(tmp_path: Path) -> None:
    """It is plain text then: that is said once, everything is answered, and other documents are as ever."""
    async with serving(tmp_path) as client:
        await started(client)
        line = "- [ ] a task that is one of very many, with a title of the usual length\n"
        await client.open(line * (50_000_000 // len(line)), "file:///w/huge.tasks.md")
        answers = await ask_everything(client, "file:///w/huge.tasks.md")
        assert answers["textDocument/documentSymbol"] == []
        assert answers["textDocument/diagnostic"]["items"] == []
        assert answers["orchestrator/tree"]["total"] == 0
        for version in (2, 3):
            await change(client, version, part((5, 6), (5, 7), "A"), uri="file:///w/huge.tasks.md")
        await ask_everything(client, "file:///w/huge.tasks.md")
        (said,) = complaints(client)
        assert "huge.tasks.md" in said
        assert "outline.maxBytes" in said
        await client.open(PLAIN, URI)
        await check_text(client, PLAIN)
        await change(client, 4, {"text": PLAIN}, uri="file:///w/huge.tasks.md")
        await check_text(client, PLAIN, "file:///w/huge.tasks.md")
        assert len(complaints(client)) == 1


def test_no_limit_is_lower() -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"outline": {"maxBytes": LOWEST_LIMIT - 1}})
    assert Settings.model_validate({"outline": {"maxBytes": LOWEST_LIMIT}}).outline.max_bytes == LOWEST_LIMIT


async def test_a_document_that_grows_too_large(tmp_path: Path) -> None:
    """The limit is the person's, and holds before anything is read."""
    async with serving(tmp_path, ORCHESTRATOR_OUTLINE__MAX_BYTES="10000") as client:
        await started(client)
        await client.open(PLAIN, URI)
        await check_text(client, PLAIN)
        long = "x" * 10_000
        await change(client, 2, part((0, 6), (0, 6), long))
        assert await titles(client) == []
        await change(client, 3, part((0, 6), (0, 6), "y"))
        (said,) = complaints(client)
        assert "10,000" in said
        await change(client, 4, part((0, 6), (0, 10_007), ""))
        await check_text(client, PLAIN)


# --- changes ----------------------------------------------------------------------------------------------------

UNSIGNED = 2**31 - 1


ODD_EDITS = [
    part((0, 99), (0, 99), "!"),
    part((99, 0), (99, 5), "\n- [ ] five"),
    part((UNSIGNED, UNSIGNED), (UNSIGNED, UNSIGNED), "- [ ] five\n"),
    part((0, 0), (UNSIGNED, UNSIGNED), "- [ ] all\n"),
    part((1, 9), (0, 6), "reversed"),
    part((3, 2), (1, 0), ""),
    part((0, 9), (0, 6), "reversed in a line"),
    part((4, 0), (4, 0), "- [ ] five"),
    part((4, 7), (4, 9), "- [ ] five"),
    part((0, 6), (0, 9), ""),
    {**part((0, 6), (0, 9), "ONE"), "rangeLength": 77},
    {**part((0, 6), (0, 9), "ONE"), "nonsense": [1]},
]


async def test_ranges_outside_the_text_or_reversed(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        for number, edit in enumerate(ODD_EDITS):
            uri = f"file:///w/{number}.tasks.md"
            await client.open(PLAIN, uri)
            await change(client, 2, edit, uri=uri)
            await check_text(client, changed(PLAIN, [edit]), uri)
        assert complaints(client) == []


NO_CHANGES: list[dict[str, Any]] = [
    {"contentChanges": None},
    {"contentChanges": [{"text": 7}]},
    {"contentChanges": [{"range": {}, "text": "x"}]},
    {"contentChanges": [{"range": {"start": spot(0, 0)}, "text": "x"}]},
    {"contentChanges": "all"},
    {"contentChanges": [None]},
    {"contentChanges": [{}]},
    {"textDocument": None},
    {"textDocument": {"uri": 7, "version": 2}},
    {"textDocument": {"uri": URI, "version": {}}},
    {"contentChanges": [part((0, 6), (0, 9), "ONE"), {"text": 7}]},
    {"contentChanges": [{"range": {"start": spot(0, 0), "end": {"line": "0", "character": []}}, "text": "x"}]},
]


async def test_a_change_that_is_none_changes_nothing(tmp_path: Path) -> None:
    """Not half of it either."""
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI)
        for bad in NO_CHANGES:
            sound = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": []}
            await client.notify("textDocument/didChange", {**sound, **bad})
            assert (bad, await titles(client)) == (bad, ["one", "two", "three", "four"])
        assert complaints(client) == []


async def test_versions_out_of_order_and_repeated(tmp_path: Path) -> None:
    """Changes count in the order in which they come; a version is a name for what came last."""
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI, version=7)
        text = PLAIN
        for version in (8, 8, 3, -1, 0, 2**31 - 1, 8):
            edit = part((0, 6), (0, 6), f"v{version} ")
            text = changed(text, [edit])
            await change(client, version, edit)
            await check_text(client, text)
            tree = await client.request("orchestrator/tree", {"uri": URI})
            assert tree["documentVersion"] == version
        assert complaints(client) == []


async def test_changes_to_a_closed_document(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        buffer = await client.open(PLAIN, URI)
        await client.request("orchestrator/tree", {"uri": URI})
        await buffer.close()
        await change(client, 2, part((0, 6), (0, 6), "ghost "))
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        error = await client.refused("textDocument/documentSymbol", {"textDocument": {"uri": URI}})
        assert error.data["hint"]
        await change(client, 2, part((0, 6), (0, 6), "never opened "), uri="file:///w/other.tasks.md")
        await client.open("- [ ] back\n", URI)
        await check_text(client, "- [ ] back\n")
        assert complaints(client) == []


async def test_a_document_that_is_opened_twice(tmp_path: Path) -> None:
    """The newer text counts, and one closing is enough."""
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI, version=9)
        await client.request("orchestrator/tree", {"uri": URI})
        await client.open("- [ ] again\n", URI, version=1)
        await check_text(client, "- [ ] again\n")
        edit = part((0, 6), (0, 6), "once ")
        await change(client, 2, edit)
        await check_text(client, "- [ ] once again\n")
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        await client.refused("textDocument/documentSymbol", {"textDocument": {"uri": URI}})
        assert complaints(client) == []


@pytest.mark.parametrize("where", ["upwards", "scattered", "together"])
async def test_ten_thousand_changes_in_one_message(tmp_path: Path, where: str) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        lines = [f"- [ ] task {number}" for number in range(10_000 if where == "upwards" else 200)]
        await client.open("\n".join(lines) + "\n", URI)
        edits = []
        for number in range(10_000):
            place = {"upwards": 9_999 - number, "scattered": number * 7 % 200, "together": 100}[where]
            column = 6 + number if where == "together" else 6
            letter = "abcdefgh"[number % 8]
            edits.append(part((place, column), (place, column), letter))
            lines[place] = lines[place][:column] + letter + lines[place][column:]
        await change(client, 2, *edits)
        assert await titles(client) == [line[6:] for line in lines]


async def test_whole_texts(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI)
        for version, text in enumerate(["", "- [ ] x\r\n- [ ] y", "\ufeff- [ ] z\n", PLAIN * 50, PLAIN], start=2):
            await change(client, version, {"text": "- [ ] thrown away\n"}, part((0, 0), (9, 9), ""), {"text": text})
            await check_text(client, text)


async def test_places_inside_a_character(tmp_path: Path) -> None:
    """UTF-16 counts an emoji as two; a place between the two is before it, and nothing is cut in half."""
    async with serving(tmp_path) as client:
        await started(client)
        for character in range(4, 14):
            uri, text = f"file:///w/{character}.tasks.md", "- [ ] \U0001f600\u00e9\U0001f469\u200d\U0001f680 end\n"
            await client.open(text, uri)
            for version, width in enumerate((0, 1, 3), start=2):
                edit = part((0, character), (0, character + width), "x")
                text = changed(text, [edit])
                await change(client, version, edit, uri=uri)
                await check_text(client, text, uri)
                assert text.encode("utf-16")  # the mirror holds no half either


# --- requests ---------------------------------------------------------------------------------------------------


async def test_documents_that_are_not_open(tmp_path: Path) -> None:
    """The error says so and what to do."""
    async with serving(tmp_path) as client:
        await started(client)
        for uri in (URI, "", "not a uri", "untitled:Untitled-1", "file://", "file:///w/%", "http://[::1", "\ud800"):
            for method, answer in (await ask_everything(client, uri)).items():
                if isinstance(answer, RpcError):
                    assert answer.code in {-32602, -32803}, method
        error = await client.refused("textDocument/foldingRange", {"textDocument": {"uri": URI}})
        assert (error.message, error.data["kind"]) == (
            "This document is not open in the editor. Open it and try again.",
            "file",
        )


async def raw(client: LspClient, msg_id: Any, method: str = "textDocument/documentSymbol") -> None:
    params = {"textDocument": {"uri": URI}}
    body = json.dumps({"jsonrpc": "2.0", "id": msg_id, "method": method, "params": params}).encode()
    await client.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


async def test_ids_that_are_answered(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI)
        for msg_id in ("", "seven", "7", 0, -1, 2**31 - 1, 2**70, "\ud800", "x" * 10_000):
            client._waiting[msg_id] = asyncio.get_running_loop().create_future()
            await raw(client, msg_id)
            assert len(await asyncio.wait_for(client._waiting[msg_id], PATIENCE)) == 3


async def test_ids_that_are_none(tmp_path: Path) -> None:
    """They cannot be answered by name, so the error has none."""
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI)
        odd: list[Any] = [None, 1.5, True, [], {}, [1], {"a": 1}]
        for msg_id in odd:
            await raw(client, msg_id)
        await check_text(client, PLAIN)
        refused = client.of("$unasked")
        assert [(answer["id"], answer["error"]["code"]) for answer in refused] == [(None, -32600)] * len(odd)


async def test_cancelling(tmp_path: Path) -> None:
    """Before, after, twice, and of what was never asked: each request still has exactly one answer."""
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI)
        for odd in (999, "x", None, {}, [], 1.5, True, -1):
            await client.notify("$/cancelRequest", {"id": odd})
        await client.notify("$/cancelRequest", {})
        await client.notify("$/cancelRequest")
        asked = [await client.ask(method, params) for method, params in asked_of(URI) * 5]
        for msg_id, _ in asked:
            await client.notify("$/cancelRequest", {"id": msg_id})
            await client.notify("$/cancelRequest", {"id": msg_id})
        for _, answer in asked:
            outcome = await answer_of(answer)
            assert not isinstance(outcome, RpcError) or (outcome.data or {}).get("kind") != "defect"
        await check_text(client, PLAIN)
        assert client.of("$unasked") == []
        assert complaints(client) == []


GARBAGE = [
    b"Content-Length: 5\r\n\r\nhello",
    b"Content-Length: 0\r\n\r\n",
    b"Content-Length: 2\r\n\r\n[]",
    b"Content-Length: 4\r\n\r\nnull",
    b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x80",
    b"Content-Length: -3\r\n\r\n",
    b"Content-Length: 99999999999999999999\r\nContent-Length: 2\r\n\r\n{}",
    b"\x00\xff\r\n\r\n",
    b"Content-Length: 200000\r\n\r\n" + b"[" * 200_000,
    b'Content-Length: 17\r\n\r\n{"method": ["a"]}',
    b'Content-Length: 23\r\n\r\n{"id": 1, "result": {}}',
]


async def test_garbage_on_the_pipe(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        await started(client)
        await client.open(PLAIN, URI)
        for garbage in GARBAGE:
            await client.send_bytes(garbage)
            await check_text(client, PLAIN)
        assert complaints(client) == []
