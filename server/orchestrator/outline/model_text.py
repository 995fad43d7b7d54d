r"""The normal form of text that a model wrote: what of it can stand in an outline, and reads back the same everywhere.

Apart from `writer` because the normal form must not depend on the place where the text is written.

- A title is one line without control characters.
- A body is Markdown without control characters, terminal escapes or lone surrogates. HTML blocks in it are text
  (`\<`), because a comment or an open tag would swallow what follows; a fence left open is closed; tabs that decide
  about indentation are blanks. What still cannot be read back is put into a code fence as it is.
- An acceptance is one paragraph or one list: what is more becomes a list, and what cannot, a single line.

Invariant: each form is its own normal form (test_clean_forms_are_idempotent), and ordinary text is in it already
(test_ordinary_text_is_left_alone).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.outline.body import escaped
from orchestrator.outline.parse import parse
from orchestrator.outline.scan import TAB_WIDTH, Block, blocks, is_blank, strip_columns

BODY_DEPTH = 10
"""How deep lists and quotes may nest in a body; a deeper one becomes a code fence."""

_PASSES = 10
"""Rounds of tidying: text inside an HTML block may hold the next one."""

_TERMINAL_SEQUENCE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
_LINE_BREAK = re.compile("\r\n?|[\n\x0b\x0c\x85\u2028\u2029]")
_GAP = re.compile("[ \t\n\r\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TIDY = re.compile(r"[!-~]++(?: [!-~]++)*+")
"""Words of ASCII with one blank between them, which most lines are."""
_STRUCTURE = re.compile(r"[ \t>*+\-0-9.)]*")
"""What may stand before a block in its line: indentation, quote marks, list markers."""
_LIST_AFTER_TEXT = re.compile(r" {0,3}(?:[-+*]|1[.)]) +[^ \n]")
_INDENT = re.compile(r"\A {1,3}(?! )")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*\Z")
_BACKTICKS = re.compile("`+")

_HTML_ENDS = (("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>"), ("<!", ">"))
_RAW_TAG = re.compile(r"<(script|pre|style|textarea)(?=\s|>|\Z)", re.IGNORECASE)


def clean_title(title: str) -> str:
    """One line; runs of blanks and line breaks are one blank."""
    if _TIDY.fullmatch(title):
        return title
    title = _GAP.sub(" ", _TERMINAL_SEQUENCE.sub("", title))
    return _GAP.sub(" ", _UNWANTED.sub("", title)).strip(" ")


def clean_body(body: str) -> str:
    """Markdown that can be a description; its lines end in a line feed."""
    body = clean_lines(body)
    for _ in range(_PASSES):
        tidied = _tidied(body)
        if tidied == body:
            return body if _reads_back(body) else fenced(body)
        body = tidied
    return fenced(body)


def clean_lines(text: str) -> str:
    """Without control characters and terminal escapes, and without blank lines at both ends; else as it is."""
    lines = _LINE_BREAK.sub("\n", _TERMINAL_SEQUENCE.sub("", text)).split("\n")
    return _joined(_UNWANTED.sub("", line) for line in lines)


def clean_acceptance(acceptance: str) -> str:
    """One paragraph or one list. Several blocks become a list of them, a list below the block before it."""
    body = clean_body(acceptance)
    if not body or _is_acceptance(body):
        return body
    for candidate in (_INDENT.sub("", body), clean_body(_listed(body)), clean_title(body)):
        if clean_body(candidate) == candidate and _is_acceptance(candidate):
            return candidate
    # A line that starts with a backslash is a paragraph.
    return "\\" + clean_title(body)


def acceptance_lines(acceptance: str) -> list[str]:
    """The normal form as it is written in a body."""
    if not list_markup(acceptance):
        return f"Accept: {acceptance}".split("\n")
    # An empty item, or one with another number, would not be a list directly below the word.
    gap = [] if _LIST_AFTER_TEXT.match(acceptance) else [""]
    return ["Accept:", *gap, *acceptance.split("\n")]


def ending(block: Block, first_line: str) -> str:
    """The line that would end this fence or HTML block; empty for blocks that no line ends."""
    start = first_line.strip(" \t")
    if block.kind == "fence":
        return block.markup
    if block.kind != "html":
        return ""
    raw = _RAW_TAG.match(start)
    return f"</{raw.group(1)}>" if raw else next((end for opener, end in _HTML_ENDS if start.startswith(opener)), "")


def starts_with_text(body: str) -> bool:
    """Whether the body can stand directly below a title.

    It must start with a paragraph, and not with a line that would make the title a heading.
    """
    document = blocks(body)
    if not document or document[0].kind != "paragraph" or document[0].line > 0:
        return False
    return _UNDERLINE.match(body) is None


OTHER_MARKUP = {"-": "*", "*": "-", "+": "-", ".": ")", ")": "."}
"""What Markdown takes for the start of another list, by the list's own markup."""


def list_markup(body: str) -> str:
    """The marker of the list that the body ends with, else an empty string."""
    document = blocks(body)
    return document[-1].markup if document and document[-1].kind == "list" else ""


def _tidied(body: str) -> str:
    document = blocks(body)
    if _depth(document) > BODY_DEPTH:
        return fenced(body)
    lines = body.split("\n")
    verbatim = {line for block in document if block.kind == "fence" for line in range(block.line, block.end_line)}
    html = {line for block in _walk(document) if block.kind == "html" for line in range(block.line, block.end_line)}
    for index, line in enumerate(lines):
        structure = _STRUCTURE.match(line)
        assert structure is not None, "it matches the empty string"
        end = structure.end()
        if index in verbatim and line[end : end + 1] not in {"`", "~"}:
            continue
        escape = "\\" if index in html and line[end : end + 1] == "<" else ""
        lines[index] = line[:end].expandtabs(TAB_WIDTH) + escape + line[end:]
    tidied = _joined(lines)
    last = document[-1] if document else None
    if last and last.kind == "fence" and last.end_line == len(lines) and not _is_closed(last, lines):
        return f"{tidied}\n{last.markup}"
    return tidied


def _is_closed(fence: Block, lines: Sequence[str]) -> bool:
    match = _FENCE.match(lines[-1]) if fence.end_line - 1 > fence.line else None
    return match is not None and match.group(1).startswith(fence.markup)


def _walk(document: Iterable[Block]) -> Iterator[Block]:
    for block in document:
        yield block
        yield from _walk(block.children)


def _depth(document: Iterable[Block]) -> int:
    return max((_depth(block.children) + (block.kind in {"list", "quote"}) for block in document), default=0)


def _reads_back(body: str) -> bool:
    """Whether a task with this body has it as its description, and what follows is read as if it were not there."""
    source = "\n".join(line and "  " + line for line in escaped(body).split("\n"))
    first, *others = parse(f"- [ ] a\n\n{source}\n\n  Accept: it ends\n  - [ ] b\n- [ ] c").tasks()
    return [(task.title, task.depth, task.description) for task in others] == [("b", 2, ""), ("c", 1, "")] and (
        first.description,
        first.acceptance,
        first.result,
    ) == (body, "it ends", None)


def fenced(body: str) -> str:
    """In a code fence, as it is."""
    longest = max((len(match.group()) for match in _BACKTICKS.finditer(body)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = (line.expandtabs(TAB_WIDTH) for line in body.split("\n"))
    return "\n".join((fence + "text", *lines, fence))


def _is_acceptance(text: str) -> bool:
    """Whether it is one paragraph or one list, which reads back and does not draw in the list that follows it."""
    document = blocks(text)
    # Link definitions are no block; behind `Accept:` they are text.
    if len(document) > 1 or (document and document[0].kind not in {"paragraph", "list"}):
        return False
    source = "\n".join(line and "  " + line for line in acceptance_lines(text))
    other = "*" if list_markup(text) == "-" else "-"
    first, *others = parse(f"- [ ] a\n{source}\n  {other} [ ] b\n- [ ] c").tasks()
    return [(task.title, task.depth) for task in others] == [("b", 2), ("c", 1)] and (
        first.description,
        first.acceptance,
    ) == ("", text)


def _listed(body: str) -> str:
    lines = body.split("\n")
    out: list[str] = []
    position = 0
    for block in blocks(body):
        out += _items(lines[position : block.line])
        part = lines[block.line : block.end_line]
        if block.kind != "code":
            indent = len(part[0]) - len(part[0].lstrip(" "))
            part = [strip_columns(line, indent) for line in part]
        if block.kind == "list" and out:
            out += (line and "  " + line for line in part)
        elif block.kind != "rule":
            out += _items(part)
        position = block.end_line
    return _joined([*out, *_items(lines[position:])])


def _items(lines: Sequence[str]) -> Iterator[str]:
    """One item of these lines, none if they are blank."""
    text = _joined(lines)
    if text:
        first, *rest = text.split("\n")
        yield "- " + first
        yield from (line and "  " + line for line in rest)


def _joined(lines: Iterable[str]) -> str:
    """As one string: blank lines are empty, and there are none at both ends."""
    return "\n".join("" if is_blank(line) else line for line in lines).strip("\n")
