"""`orchestrator chat FILE TASK`: talk with a model about one task, in a terminal.

Between two messages the program waits in the terminal's own line editor, with its keys and its history; while an answer
streams the event loop runs. So Ctrl-C means what it looks like: it stops the answer that is being written, clears the
line that is being typed, and never ends the program. Without a terminal one message is read, and its answer printed.

Invariant: Ctrl-C stops the turn and keeps what was written (test_ctrl_c_stops_the_turn).
Invariant: no answer moves the cursor, colours or names itself anything (test_hostile_answers_are_shown).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.exit_codes import ExitCode
from orchestrator.cli.file_editor import IN_EDITOR, FileTarget
from orchestrator.cli.interrupts import Interrupts
from orchestrator.cli.markdown_stream import MarkdownStream
from orchestrator.cli.person import TerminalPerson
from orchestrator.cli.surroundings import surroundings
from orchestrator.cli.terminal import Terminal
from orchestrator.engine.chat_attach import Wanted
from orchestrator.engine.chat_extract import Part, extracted
from orchestrator.engine.chat_updates import Noted, Text, Thought, ToolCalled, Update, Used
from orchestrator.engine.editor import Holder, Place
from orchestrator.engine.outline_files import taken_below
from orchestrator.errors import OrchestratorError, TaskNotFoundError
from orchestrator.model.message import Speaker
from orchestrator.model.run import Ending, StoredMessage
from orchestrator.model.safe_text import SafeStream, many_lines, one_line

if TYPE_CHECKING:
    from orchestrator.engine.chat import Sent, Voice
    from orchestrator.engine.session import Session

SCHEMA = 1
SHOWN_MESSAGES = 6
"""Of an older conversation, when it is opened."""
REMEMBERED = 200
"""Messages of the person that the arrow keys bring back."""
FENCE = '"""'
HELP = f"""\
Enter sends. A line that ends in \\ goes on in the next one; {FENCE} alone begins and ends a message of many lines.
Ctrl-C stops the answer, Ctrl-D ends. The arrow keys bring back what you said.

/attach PATH[:FIRST-LAST]  send a file, or lines of it, with the next message
/retry [MODEL]             have the last message answered anew, by another model if you name one
/edit                      say your last message anew; the old one stays as a branch
/model [MODEL]             use this provider/model or alias from now on; without a name: as the settings say
/to PART                   write the last answer into the outline: subtasks, description or result
/restart                   a new conversation that begins with what was settled in this one
/new                       a new, empty conversation about this task
/rename TITLE              give the conversation a title
/show                      show the whole conversation
/context                   show what would be sent, with tokens
/delete                    delete the conversation
/help, /quit"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the outline")
    parser.add_argument(
        "task", metavar="TASK", help="the task: its title or a part of it, its id, or its line's number"
    )
    parser.add_argument("--message", default="", metavar="TEXT", help="say this, print the answer, and end")
    parser.add_argument(
        "--attach",
        action="append",
        default=[],
        metavar="PATH[:FIRST-LAST]",
        help="send this file of the workspace, or lines of it, with the first message",
    )
    parser.add_argument("--new", action="store_true", help="begin a new conversation about the task")
    parser.add_argument(
        "--model",
        default="",
        metavar="MODEL",
        help="ask this provider/model; naming it allows sending to it, this once",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the answer as one JSON object; needs --message or input"
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    path: Path = arguments.file
    around = surroundings(arguments, terminal, path)
    settings = around.configuration.settings
    look_around = partial(taken_below, around.workspace, settings.outline.globs, settings.outline.max_bytes, path)
    target = FileTarget(path, settings.outline.max_bytes, arguments.task, look_around)
    logging.getLogger("orchestrator").addHandler(logging.NullHandler())  # what is logged here is told on the screen
    from orchestrator.engine.chat import Voice
    from orchestrator.engine.session import Session

    with asyncio.Runner() as runner, Interrupts(runner.get_loop()) as turns:
        session = Session(settings, around.directories, around.keys())
        target.heed(session.elsewhere)
        holder = target.holder
        voice = Voice(holder, around.workspace, TerminalPerson(terminal), arguments.model, "/" in arguments.model)
        talk = _Talk(arguments, terminal, session, target, holder, voice, turns)
        try:
            return talk.run()
        finally:
            turns.run(session.aclose())


class _Talk:
    def __init__(
        self,
        arguments: argparse.Namespace,
        terminal: Terminal,
        session: Session,
        target: FileTarget,
        holder: Holder,
        voice: Voice,
        turns: Interrupts,
    ) -> None:
        self.turns = turns
        self._arguments = arguments
        self._terminal = terminal
        self._chats = session.chats
        self._session = session
        self._target = target
        self._holder = holder
        self._voice = voice
        self._wanted = [_wanted(one) for one in arguments.attach]
        self._id = ""
        self._unlisten: Callable[[], None] = lambda: None
        self._shown: _Answer | None = None

    def run(self) -> int:
        self._open(self.turns.run(self._chats.begin(self._target, self._voice.folder, new=self._arguments.new)))
        if self._arguments.message or self._arguments.json or not self._terminal.can_ask:
            return self._once(self._arguments.message or self.turns.read(sys.stdin.read))
        self._greet()
        with _editing(self._said()):
            while self._go_on():
                pass
        return ExitCode.OK

    def _go_on(self) -> bool:
        """Read and answer once; False at the end."""
        try:
            text = self._read()
            return text is not None and self._command(text)
        except OrchestratorError as error:
            self._terminal.say(many_lines(str(error)), "warning")
        return True

    # --- one message, without a person ---------------------------------------------------------------------------

    def _once(self, text: str) -> int:
        quiet = self._arguments.json
        message = self._say(text, quiet=quiet)
        if quiet:
            shown = {
                "schema": SCHEMA,
                "conversationId": self._id,
                "messageId": message.message_id,
                "ending": message.ending.value,
                "reason": message.reason,
                "text": message.text,
            }
            self._terminal.result(json.dumps(shown, indent=2))
        if message.ending is Ending.ERROR:
            return ExitCode.PROVIDER
        return ExitCode.INTERRUPTED if message.ending is Ending.CANCELLED else ExitCode.OK

    # --- talking ------------------------------------------------------------------------------------------------

    def _say(self, text: str, *, quiet: bool = False, replaces: str | None = None) -> StoredMessage:
        wanted, self._wanted = self._wanted, []
        try:
            return self._turn(
                self._chats.send(self._id, text, self._voice, wanted=wanted, replaces=replaces), quiet=quiet
            )
        except OrchestratorError:
            self._wanted = wanted
            raise

    def _turn(self, begin: Coroutine[Any, Any, Sent], *, quiet: bool = False) -> StoredMessage:
        """Until the answer has ended; what streams is shown."""
        stopped = False

        def stop() -> None:
            nonlocal stopped
            stopped = True
            self._chats.cancel(self._id)

        async def work() -> StoredMessage:
            self._shown = None if quiet else _Answer(self._terminal)
            sent = await begin
            if sent.conversation_id != self._id:
                self._open(sent.conversation_id)
            if stopped:  # before there was anything to cancel
                self._chats.cancel(self._id)
            await self._chats.ended(self._id)
            return (await self._chats.page(self._id)).messages[-1]

        message = self.turns.run(work(), stop)
        if self._shown is not None:
            self._shown.end(message)
        return message

    def _open(self, conversation_id: str) -> None:
        self._unlisten()
        self._id = conversation_id

        def told(_message_id: str, update: Update) -> None:
            if self._shown is not None:
                self._shown.show(update)

        self._unlisten = self._chats.hub.listen(conversation_id, told)

    def _command(self, text: str) -> bool:
        """False ends the program."""
        if not text.startswith("/") or text.startswith("//"):
            self._say(text.removeprefix("/") if text.startswith("//") else text)
            self._advise()
            return True
        word, _, rest = text[1:].strip().partition(" ")
        rest = rest.strip()
        if word in {"quit", "exit", "q"}:
            return False
        command = getattr(self, f"_do_{word}", None) if word.isalpha() else None
        if command is None:
            self._terminal.say(f"There is no command /{one_line(word, 30)}. /help lists them.", "warning")
        else:
            command(rest)
        return True

    def _do_help(self, _rest: str) -> None:
        self._terminal.say(HELP)

    def _do_attach(self, rest: str) -> None:
        self._wanted.append(_wanted(rest))
        self._terminal.say(f"It goes with your next message ({len(self._wanted)} in all).")

    def _do_retry(self, rest: str) -> None:
        from dataclasses import replace

        voice = replace(self._voice, model=rest, consented="/" in rest) if rest else self._voice
        self._turn(self._chats.retry(self._id, voice))

    def _do_edit(self, _rest: str) -> None:
        page = self.turns.run(self._chats.page(self._id))
        last = next((one for one in reversed(page.messages) if one.speaker is Speaker.USER), None)
        if last is None:
            self._terminal.say("You have said nothing yet.", "warning")
            return
        text = self._read(first=last.text)
        if text:
            self._say(text, replaces=last.message_id)

    def _do_model(self, rest: str) -> None:
        self.turns.run(self._chats.use_model(self._id, rest))
        self._terminal.say(f"From now on: {one_line(rest) or 'as the settings say'}.")

    def _do_to(self, rest: str) -> None:
        if rest not in set(Part):
            self._terminal.say(f"/to takes one of: {', '.join(Part)}.", "warning")
            return
        self.turns.run(self._extract(Part(rest)))

    def _do_restart(self, _rest: str) -> None:
        self._terminal.say("What was settled:", "faint")
        self._turn(self._chats.restart(self._id, self._voice))

    def _do_new(self, _rest: str) -> None:
        self._open(self.turns.run(self._chats.begin(self._target, self._voice.folder, new=True)))
        self._greet()

    def _do_rename(self, rest: str) -> None:
        self.turns.run(self._chats.rename(self._id, rest))

    def _do_show(self, _rest: str) -> None:
        self._document("conversation")

    def _do_context(self, _rest: str) -> None:
        self._document("context")

    def _do_delete(self, _rest: str) -> None:
        self.turns.run(self._chats.delete(self._id))
        self._terminal.say("Deleted.")
        self._do_new("")

    def _document(self, kind: str) -> None:
        from orchestrator.engine import virtual_documents

        async def text() -> str:
            address = virtual_documents.address_of(virtual_documents.uri_of(kind, self._id))
            store = await self._session.store()
            return await virtual_documents.document(address, store, self._chats, lambda _conversation: self._voice)

        self._terminal.document(self.turns.run(text()))

    async def _extract(self, part: Part) -> None:
        text = await self._chats.text_of(self._id)
        conversation = await self._chats.conversation(self._id)
        view = await self._holder.look()
        found = view.outline.by_id(conversation.task_id or "")
        if len(found) != 1:
            raise TaskNotFoundError("The task is not in the file any more.", hint="Bring it back, and try again.")
        place = Place(view.outline, found[0], view.version, view.ids_elsewhere, view.tasks_elsewhere)
        edits = extracted(place, text, part)
        if edits:
            await self._holder.apply(view, edits, f"Chat to {part}")
        name = one_line(str(self._arguments.file))
        where = f"{name}{IN_EDITOR if edits and self._target.in_editor else ''}"
        self._terminal.say(f"{'Wrote' if edits else 'It stands there already:'} the {part} in {where}.")

    # --- the screen ---------------------------------------------------------------------------------------------

    def _greet(self) -> None:
        page = self.turns.run(self._chats.page(self._id, None, SHOWN_MESSAGES))
        self._terminal.say(f"“{one_line(page.conversation.title, 70)}”. /help says what you can do.", "strong")
        if page.earlier:
            self._terminal.say(f"({page.earlier:,} earlier messages; /show shows them.)", "faint")
        for message in page.messages:
            if message.speaker is Speaker.USER:
                self._terminal.say(f"> {many_lines(message.text)}", "faint")
            else:
                _Answer(self._terminal).whole(message)
        self._advise()

    def _advise(self) -> None:
        size = self.turns.run(self._chats.size(self._id))
        if size.advice:
            self._terminal.say(f"{size.advice} Type /restart.", "warning")

    def _said(self) -> list[str]:
        page = self.turns.run(self._chats.page(self._id, None, REMEMBERED))
        return [one.text for one in page.messages if one.speaker is Speaker.USER and one.text]

    def _read(self, first: str = "") -> str | None:
        """What the person says next; None at the end of input."""
        lines: list[str] = []
        fenced = False
        while True:
            try:
                line = self.turns.read(partial(_line, "… " if lines or fenced else "> ", first))
            except EOFError:
                self._terminal.say()
                return None
            except KeyboardInterrupt:
                self._terminal.say("\n(Ctrl-D ends.)" if not lines else "", "faint")
                lines, fenced, first = [], False, ""
                continue
            first = ""
            if line.strip() == FENCE:
                if fenced:
                    return "\n".join(lines)
                fenced = True
            elif fenced:
                lines.append(line)
            elif line.endswith("\\"):
                lines.append(line[:-1])
            elif line.strip() or lines:
                lines.append(line)
                return "\n".join(lines)


class _Answer:
    """One answer on the screen, while it streams."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._safe = SafeStream()
        self._markdown = MarkdownStream(styled=terminal.coloured and terminal.shows_results)
        self._began = False
        self._used: Used | None = None

    def show(self, update: Update) -> None:
        if isinstance(update, Text):
            self._terminal.clear_status()
            self._began = True
            self._write(update.text)
        elif isinstance(update, Noted) and update.lasting:
            self._terminal.say(f"({one_line(update.text)})", "faint")
        elif isinstance(update, Noted) and not self._began:
            self._terminal.status(one_line(update.text))
        elif isinstance(update, Thought) and not self._began:
            self._terminal.status("thinking …")
        elif isinstance(update, ToolCalled):
            self._terminal.say(f"[{one_line(update.tool, 60)} {one_line(update.arguments, 100)}]", "faint")
        elif isinstance(update, Used):
            self._used = update

    def whole(self, message: StoredMessage) -> None:
        self._began = True
        self._write(message.text)
        self.end(message)

    def end(self, message: StoredMessage) -> None:
        self._terminal.clear_status()
        if self._began:
            rest = self._safe.end() if self._terminal.shows_results else ""
            self._terminal.piece(self._markdown.feed(rest) + self._markdown.end() + "\n")
        if message.ending is Ending.ERROR:
            self._terminal.say(many_lines(message.reason), "warning")
        elif message.ending is not Ending.END:
            self._terminal.say(f"({_ENDINGS[message.ending]})", "faint")
        elif self._used is not None:
            cost = "" if self._used.cost is None else f", ${self._used.cost:.4f}"
            usage = self._used.usage
            self._terminal.say(
                f"({one_line(self._used.model)}, {usage.input_tokens:,} + {usage.output_tokens:,} tokens{cost})",
                "faint",
            )

    def _write(self, text: str) -> None:
        """As it is to a file or a program; made safe on a terminal."""
        self._terminal.piece(self._markdown.feed(self._safe.feed(text)) if self._terminal.shows_results else text)


_ENDINGS = {
    Ending.OPEN: "it is still being written",
    Ending.MAX_TOKENS: "cut: it grew longer than it may be",
    Ending.REFUSAL: "the model refused",
    Ending.CANCELLED: "stopped; what there is of it is kept",
    Ending.INTERRUPTED: "the program ended while it was written",
}


def _wanted(text: str) -> Wanted:
    """`PATH`, `PATH:3` or `PATH:3-9`."""
    path, _, lines = text.rpartition(":")
    first, _, last = lines.partition("-")
    if path and first.isdecimal() and (not last or last.isdecimal()) and len(lines) < 20:
        return Wanted(path, (max(1, int(first)), max(int(first), int(last or first))))
    return Wanted(text)


@contextmanager
def _editing(said: list[str]) -> Generator[None]:
    """The line editor of the terminal, where Python has one, with what was said before behind the arrow keys."""
    try:
        import readline
    except ImportError:
        yield
        return
    readline.clear_history()
    for text in said:
        readline.add_history(text.replace("\n", " "))
    with contextlib.suppress(Exception):  # another line editor may not know it
        readline.parse_and_bind(r'"\e\C-m": "\C-v\C-j"')  # Alt-Enter: a line break
    try:
        yield
    finally:
        readline.clear_history()


def _line(prompt: str, first: str) -> str:
    try:
        import readline
    except ImportError:
        return input(prompt)
    if first:
        readline.set_startup_hook(partial(readline.insert_text, first))
    try:
        return input(prompt)
    finally:
        readline.set_startup_hook()
