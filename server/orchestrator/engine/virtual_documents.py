"""Documents that are in no file: a conversation, the log of a run, a prompt, the context of a call. As Markdown.

Apart from the edges because each of them can show these: an editor under `orchestrator:`, the command line as text.
What people and models wrote is shown as it is, but for characters that a screen obeys instead of showing them.

Invariant: an address that names nothing is a ProtocolError, never an empty document (test_unknown_documents).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.engine.chat import Chats, Voice
from orchestrator.engine.chat_request import parts_of
from orchestrator.engine.context import Part
from orchestrator.engine.prompting import load_prompt
from orchestrator.errors import OrchestratorError, ProtocolError
from orchestrator.model.message import Speaker
from orchestrator.model.run import Conversation, Ending, StoredMessage
from orchestrator.model.safe_text import many_lines, markdown, one_line
from orchestrator.providers.tokens import estimate
from orchestrator.store.store import Store

SCHEME = "orchestrator"
_KINDS = "conversation|run|prompt|context|call"
_ADDRESS = re.compile(rf"orchestrator:/*({_KINDS})/([A-Za-z0-9_.-]+?)(?:@([0-9a-f]{{12}}))?(?:\.md)?")
MOST_MESSAGES = 2_000
"""Of one document; the last ones."""
_BACKTICKS = re.compile("`+")
_NAMES = {Speaker.USER: "You", Speaker.ASSISTANT: "Model", Speaker.SYSTEM: "System"}
_ENDINGS = {
    Ending.OPEN: "is being written",
    Ending.MAX_TOKENS: "was cut: it grew longer than it may be",
    Ending.REFUSAL: "the model refused",
    Ending.CANCELLED: "you stopped it",
    Ending.ERROR: "failed",
    Ending.INTERRUPTED: "the program ended while it was written",
}


@dataclass(frozen=True, slots=True)
class Address:
    kind: str
    name: str
    version: str


def address_of(uri: str) -> Address:
    """Raises ProtocolError for what is none."""
    found = _ADDRESS.fullmatch(uri)
    if found is None:
        raise ProtocolError(
            f"{one_line(uri, 200)} is no document of ours.",
            hint="See docs/reference/virtual-documents.md for those that there are.",
        )
    return Address(found[1], found[2], found[3] or "")


def uri_of(kind: str, name: str) -> str:
    return f"{SCHEME}:/{kind}/{name}.md"


async def document(address: Address, store: Store, chats: Chats, voice: Callable[[Conversation], Voice]) -> str:
    """Raises ProtocolError when there is nothing of that name, ConfigError and what routing raises for a context."""
    if address.kind == "conversation":
        page = await chats.page(address.name, None, MOST_MESSAGES)
        return conversation_text(page.conversation, page.messages, page.earlier)
    if address.kind == "run":
        return await _run_log(address.name, store)
    if address.kind == "prompt":
        return await _prompt(address, store)
    if address.kind == "call":
        return await _call(address.name, store)
    conversation = await chats.conversation(address.name)
    _, request, label = await chats.preview(address.name, voice(conversation))
    about = f"the next answer in “{one_line(conversation.title, 80)}”"
    head = f"What {one_line(label)} is sent for {about}, without your message."
    return "".join(_parts(head, parts_of(request)))


def conversation_text(conversation: Conversation, messages: Sequence[StoredMessage], earlier: int = 0) -> str:
    lines = [f"# {markdown(conversation.title)}", ""]
    about = [f"task `^{conversation.task_id}`"] if conversation.task_id else []
    about += [f"model {markdown(conversation.model)}"] if conversation.model else []
    lines += [" · ".join([*about, f"since {_moment(conversation.started)}"]), ""]
    if earlier:
        lines += [f"({earlier:,} earlier messages are not shown.)", ""]
    for message in messages:
        lines += _message_lines(message)
    return "\n".join(lines).rstrip("\n") + "\n"


def _message_lines(message: StoredMessage) -> Iterator[str]:
    yield f"## {_NAMES[message.speaker]} · {_moment(message.created)}"
    yield ""
    if message.thoughts:
        yield from quoted_thoughts(many_lines(message.thoughts))
        yield ""
    for use in message.tools:
        yield f"- used {markdown(use.tool)} {markdown(use.arguments, 120)}{' (failed)' if use.failed else ''}"
    if message.tools:
        yield ""
    if message.text:
        yield many_lines(message.text)
        yield ""
    for one in message.attached:
        yield f"Attached: {markdown(one.name)}"
        yield ""
        yield from _fenced(one.text)
        yield ""
    if said := _ENDINGS.get(message.ending):
        reason = f": {markdown(message.reason)}" if message.reason else ""
        yield f"*({said}{reason})*"
        yield ""


def quoted_thoughts(text: str) -> Iterator[str]:
    """A quote, which editors fold."""
    yield "> **Thought**"
    yield ">"
    yield from (f"> {line}".rstrip() for line in text.strip().split("\n"))


async def _run_log(run_id: str, store: Store) -> str:
    run = await store.run(run_id)
    if run is None:
        raise _nothing("run", run_id)
    ended = f", ended {_moment(run.ended)}" if run.ended else ""
    lines = [f"# {markdown(run.task_title)}", "", f"{run.kind.value}, {run.state.value}", ""]
    if run.reason:
        lines += [markdown(run.reason), ""]
    lines += [f"Started {_moment(run.started)}{ended}.", "", "## Events", ""]
    for event in await store.events(run_id):
        detail = event.detail
        title = markdown(str(detail.get("title") or detail.get("taskId") or ""), 80)
        said = " ".join(part for part in (title, markdown(str(detail.get("state", ""))), _reason(detail)) if part)
        lines.append(f"- {_clock(event.created)} {markdown(event.kind)} {said}".rstrip())
    lines += ["", "## Calls", ""]
    for attempt in await store.attempts(run_id):
        for step in await store.steps(attempt.attempt_id):
            cost = "price unknown" if step.cost is None else f"${step.cost:.4f}"
            tokens = f"{step.usage.input_tokens:,} in, {step.usage.output_tokens:,} out"
            link = f"[{step.role.value}]({uri_of('call', step.step_id)})"
            model = markdown(f"{step.provider}/{step.model}")
            failed = f" {markdown(step.error, 200)}" if step.error else ""
            lines.append(
                f"- {_clock(step.started)} {link} {markdown(attempt.task_title, 60)}: {model}, {tokens}, {cost}, "
                f"{step.state.value}{failed}"
            )
    return "\n".join(lines) + "\n"


async def _prompt(address: Address, store: Store) -> str:
    if address.version:
        text = await store.prompt(address.name, address.version)
        if text is None:
            raise _nothing("prompt", f"{address.name}@{address.version}")
        return text
    try:
        return load_prompt(address.name).text
    except (OrchestratorError, OSError):
        raise _nothing("prompt", address.name) from None


async def _call(step_id: str, store: Store) -> str:
    """What was said up to the answer of this call, as it is stored."""
    step = await store.step(step_id)
    if step is None:
        raise _nothing("call", step_id)
    attempt = await store.attempt(step.attempt_id)
    messages = await store.messages(attempt.conversation_id) if attempt else []
    answers = (n for n, one in enumerate(messages) if one.step_id == step_id and one.speaker is Speaker.ASSISTANT)
    answer = next(answers, None)
    asked = [one for one in messages[:answer] if one.text] if answer is not None else messages
    model = one_line(f"{step.provider}/{step.model}")
    head = f"{step.role.value}: what {model} was sent at {_moment(step.started)}."
    return "".join(_parts(head, [Part(one.speaker.value, one.text) for one in asked]))


def _parts(head: str, parts: Sequence[Part]) -> Iterator[str]:
    total = sum(estimate(part.text) for part in parts)
    yield f"# Context\n\n{head}\n\n| part | tokens (about) |\n| --- | --- |\n"
    for number, part in enumerate(parts, 1):
        yield f"| {number}. {part.name} | {estimate(part.text):,} |\n"
    yield f"| all | {total:,} |\n"
    for number, part in enumerate(parts, 1):
        yield f"\n## {number}. {part.name}\n\n"
        yield "\n".join(_fenced(part.text)) + "\n"


def _fenced(text: str) -> list[str]:
    longest = max((len(found) for found in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}text", many_lines(text), fence]


def _reason(detail: dict[str, object]) -> str:
    reason = str(detail.get("reason") or "")
    return f"({markdown(reason, 200)})" if reason else ""


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def _nothing(kind: str, name: str) -> ProtocolError:
    return ProtocolError(f"There is no {kind} {one_line(name, 100)}.", hint="Ask for the list, and open one of those.")
