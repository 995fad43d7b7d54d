"""The conversations about an outline as one Markdown document, to read, keep or send.

What people and models wrote is brought into its normal form (`model_text`), so that an open fence or comment in one
message does not swallow the next, and no terminal sequence or HTML comes along.

Invariant: a message's text never becomes a heading between the messages (test_a_message_stays_in_its_place).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from orchestrator.engine.exchange import Subject
from orchestrator.engine.virtual_documents import quoted_thoughts
from orchestrator.model.message import Speaker
from orchestrator.model.run import Ending, StoredMessage
from orchestrator.model.safe_text import markdown
from orchestrator.outline.model_text import clean_body
from orchestrator.outline.scan import blocks
from orchestrator.store.past import Talk

_SPEAKERS = {Speaker.SYSTEM: "Instructions", Speaker.USER: "You", Speaker.ASSISTANT: "Model"}
_ENDINGS = {
    Ending.OPEN: "it was being written", Ending.MAX_TOKENS: "it was cut at its limit", Ending.REFUSAL: "it was refused",
    Ending.CANCELLED: "it was stopped", Ending.ERROR: "it failed", Ending.INTERRUPTED: "it was interrupted",
}  # fmt: skip


class ConversationsAsMarkdown:
    @property
    def name(self) -> str:
        return "markdown"

    @property
    def suffix(self) -> str:
        return ".md"

    async def export(self, subject: Subject) -> str:
        talks = await subject.history.talks()
        lines = [f"# Conversations about {markdown(subject.name)}", ""]
        if not talks:
            lines += ["There are none.", ""]
        for talk in talks:
            lines += _talk(talk)
        return "\n".join(lines)


def _talk(talk: Talk) -> Iterator[str]:
    conversation = talk.conversation
    when = _when(conversation.started)
    yield f"## {markdown(conversation.title) or '(no title)'}"
    yield ""
    task = f"; task `^{conversation.task_id}`" if conversation.task_id else ""
    yield f"{when}{task}; {conversation.kind.value}"
    yield ""
    for message in talk.messages:
        yield from _message(message)
    if talk.elsewhere:
        plural = "s" if talk.elsewhere != 1 else ""
        yield f"*{talk.elsewhere:,} message{plural} on other branches of this conversation.*"
        yield ""


def _message(message: StoredMessage) -> Iterator[str]:
    yield f"### {_SPEAKERS[message.speaker]}, {_when(message.created)}"
    yield ""
    for attachment in message.attached:
        yield f"*Attached: {markdown(attachment.name)}*"
        yield ""
    if message.thoughts.strip():
        yield from quoted_thoughts(_lowered(clean_body(message.thoughts)))
        yield ""
    if message.text.strip():
        yield from _lowered(clean_body(message.text)).split("\n")
        yield ""
    if message.ending in _ENDINGS:
        why = f": {markdown(message.reason, 200)}" if message.reason else ""
        yield f"*{_ENDINGS[message.ending].capitalize()}{why}.*"
        yield ""


def _lowered(text: str) -> str:
    """Headings of the text become bold lines: the document's own say who speaks."""
    lines = text.split("\n")
    for block in blocks(text):
        if block.kind != "heading":
            continue
        if block.markup in {"=", "-"}:
            lines[block.end_line - 1] = ""
        else:
            lines[block.line] = f"**{lines[block.line].strip().strip('#').strip()}**"
    return "\n".join(lines)


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
