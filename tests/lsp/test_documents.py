from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from orchestrator.errors import DocumentClosedError, FileError, TaskNotFoundError
from orchestrator.lsp.documents import REMEMBERED, SCATTERED, Document, Documents
from orchestrator.lsp.rpc import as_rpc_error
from orchestrator.outline.text import Encoding

URI = "file:///w/a.tasks.md"


def part(start: tuple[int, int], end: tuple[int, int], text: str) -> types.TextDocumentContentChangePartial:
    return types.TextDocumentContentChangePartial(
        range=types.Range(types.Position(*start), types.Position(*end)), text=text
    )


def whole(text: str) -> types.TextDocumentContentChangeWholeDocument:
    return types.TextDocumentContentChangeWholeDocument(text=text)


def ids(document: Document) -> dict[str, str]:
    snapshot = document.snapshot()
    return {node.title: snapshot.identities.id_of(node) for node in snapshot.outline.walk()}


def test_changes_of_one_message_build_on_each_other() -> None:
    document = Document(URI, 1, "- [ ] a\n")
    document.change(2, [part((0, 6), (0, 7), "first"), part((0, 11), (0, 11), " one")], Encoding.UTF16)
    assert document.text.string == "- [ ] first one\n"
    assert document.version == 2


@pytest.mark.parametrize(("encoding", "character"), [(Encoding.UTF8, 12), (Encoding.UTF16, 10), (Encoding.UTF32, 9)])
def test_an_emoji_before_the_change(encoding: Encoding, character: int) -> None:
    document = Document(URI, 1, "- [ ] 😀 a\n")
    document.change(2, [part((0, character), (0, character), "!")], encoding)
    assert document.text.string == "- [ ] 😀 a!\n"


def test_line_ends_of_lsp_alone_make_lines() -> None:
    document = Document(URI, 1, "a\x0cb\u2028c\u0085d\r\ne\rf")
    document.change(2, [part((2, 0), (2, 1), "F"), part((0, 0), (0, 1), "A")], Encoding.UTF16)
    assert document.text.string == "A\x0cb\u2028c\u0085d\r\ne\rF"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((0, 99), (0, 99), "ab!\ncd\n"),
        ((99, 0), (99, 5), "ab\ncd\n!"),
        ((1, 1), (0, 1), "a!d\n"),
        ((0, 0), (99, 99), "!"),
    ],
)
def test_places_outside_the_text_are_the_nearest_place(
    start: tuple[int, int], end: tuple[int, int], expected: str
) -> None:
    document = Document(URI, 1, "ab\ncd\n")
    document.change(2, [part(start, end, "!")], Encoding.UTF16)
    assert document.text.string == expected


positions = st.tuples(st.integers(0, 2**31 - 1) | st.integers(0, 6), st.integers(0, 2**31 - 1) | st.integers(0, 9))
characters = st.sampled_from(["- [ ] a", "\n", "\r", "\r\n", "😀", "\ud800", "  ", "x", "\u2028", "\t"])
strings = st.lists(characters, max_size=8).map("".join)


@settings(deadline=None)
@given(
    strings,
    st.lists(
        st.tuples(
            st.integers(-5, 5), st.one_of(st.builds(part, positions, positions, strings), st.builds(whole, strings))
        )
    ),
    st.sampled_from(Encoding),
)
def test_sync_never_raises(text: str, changes: list[tuple[int, object]], encoding: Encoding) -> None:
    document = Document(URI, 1, text)
    for version, change in changes:
        document.change(version, [change], encoding)  # type: ignore[list-item]
        assert document.version == version
    snapshot = document.snapshot()
    assert snapshot.outline.text.string == document.text.string


def test_identities_survive_unparsed_changes() -> None:
    document = Document(URI, 1, "- [ ] a\n- [ ] b\n  - [ ] c\n")
    before = ids(document)
    document.change(2, [part((0, 0), (0, 0), "# New\n\n")], Encoding.UTF16)
    document.change(3, [part((2, 6), (2, 7), "")], Encoding.UTF16)
    document.change(4, [part((2, 6), (2, 6), "apple")], Encoding.UTF16)
    after = ids(document)
    assert (after["apple"], after["b"], after["c"]) == (before["a"], before["b"], before["c"])


def test_a_full_text_keeps_what_stayed() -> None:
    document = Document(URI, 1, "- [ ] a\n- [ ] b\n")
    before = ids(document)
    document.change(2, [whole("- [ ] new\n- [ ] a\n- [ ] b\n")], Encoding.UTF16)
    after = ids(document)
    assert (after["a"], after["b"]) == (before["a"], before["b"])


def test_identities_survive_closing() -> None:
    documents = Documents()
    before = ids(documents.open(URI, 7, "- [ ] a\n- [ ] b\n"))
    documents.close(URI)
    assert documents.find(URI) is None
    document = documents.open(URI, 1, "- [ ] zero\n- [ ] a\n- [ ] b\n")
    after = ids(document)
    assert (after["a"], after["b"]) == (before["a"], before["b"])
    assert document.version == 1


def test_closed_documents_are_not_kept_for_ever() -> None:
    documents = Documents()
    for number in range(REMEMBERED + 20):
        documents.open(f"file:///{number}", 1, "")
        documents.close(f"file:///{number}")
    assert len(documents._closed) == REMEMBERED
    assert "file:///0" not in documents._closed


def test_a_snapshot_is_not_touched_by_later_changes() -> None:
    document = Document(URI, 1, "- [ ] a\n")
    snapshot = document.snapshot()
    document.change(2, [whole("nothing")], Encoding.UTF16)
    assert (snapshot.version, snapshot.text.string, len(snapshot.outline.nodes)) == (1, "- [ ] a\n", 1)


def test_parsing_waits_until_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestrator.outline import parse as module

    document = Document(URI, 1, "- [ ] a\n")
    document.snapshot()
    calls: list[object] = []
    original = module.parse
    monkeypatch.setattr(module, "parse", lambda text: calls.append(text) or original(text))
    for version in range(2, 50):
        document.change(version, [part((0, 6), (0, 6), "x")], Encoding.UTF16)
    assert calls == []


def test_opened_twice_means_the_newer_text() -> None:
    documents = Documents()
    documents.open(URI, 1, "- [ ] a\n")
    documents.open(URI, 5, "- [ ] b\n")
    assert documents.get(URI).text.string == "- [ ] b\n"
    assert documents.get(URI).version == 5


def test_spellings_of_a_uri_are_one_document() -> None:
    documents = Documents()
    documents.open("file:///c%3A/Work/plan.tasks.md", 1, "x")
    assert documents.find("file:///C:/Work/plan.tasks.md") is documents.find("file:///c%3a/Work/plan.tasks.md")


def test_unknown_documents() -> None:
    documents = Documents()
    assert documents.close(URI) is None
    with pytest.raises(FileError, match="not open in the editor"):
        documents.get(URI)


def test_a_document_that_was_closed_meanwhile_is_no_failure() -> None:
    """A request may come right before the close. Clients show no error of this code to anybody."""
    documents = Documents()
    documents.open(URI, 1, "x")
    documents.close(URI)
    with pytest.raises(DocumentClosedError) as raised:
        documents.get(URI)
    assert as_rpc_error(raised.value).code == types.LSPErrorCodes.ContentModified


def test_a_node_that_is_gone() -> None:
    with pytest.raises(TaskNotFoundError):
        Document(URI, 1, "").snapshot().node("n99")


def test_too_large_a_document_is_plain_text_until_it_is_smaller() -> None:
    documents = Documents()
    documents.use_limit(20)
    document = documents.open(URI, 1, "- [ ] a\n")
    assert len(document.snapshot().outline.nodes) == 1
    document.change(2, [part((0, 7), (0, 7), "a" * 30)], Encoding.UTF16)
    assert document.snapshot().outline.nodes == ()
    document.change(3, [whole("- [ ] small\n")], Encoding.UTF16)
    assert [node.title for node in document.snapshot().outline.nodes] == ["small"]


def test_a_watcher_hears_of_changes_and_of_the_end() -> None:
    documents, heard = Documents(), []
    document = documents.open(URI, 1, "a")
    unwatch = document.watch(lambda: heard.append(document.text.string))
    document.change(2, [whole("b")], Encoding.UTF16)
    documents.close(URI)
    unwatch()
    documents.open(URI, 3, "c")
    assert heard == ["b", "b"]


def test_thousands_of_scattered_changes_are_read_in_between() -> None:
    """As a script of an editor sends them; placing each among all earlier ones would take minutes."""
    lines = [f"- [ ] task {number}\n" for number in range(3_000)]
    document = Document(URI, 1, "".join(lines))
    before = ids(document)
    order = random.Random(1).sample(range(3_000), 3_000)
    document.change(2, [part((line, 6), (line, 10), "step") for line in order], Encoding.UTF16)
    assert document._pending.looked_at <= SCATTERED + 3_000
    assert document.text.string == "".join(lines).replace("task", "step")
    assert list(ids(document).values()) == list(before.values())
