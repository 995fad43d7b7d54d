"""What a person's own splits teach: which tasks they divide, how far they follow a model, what their splits look like.

Apart from the store, which remembers, and from the planners, which use it. Everything here stays on the computer, but
for examples: a planner is shown the nearest playbooks, so splits of one workspace are shown only for its own tasks.

Invariant: no split of another workspace is an example (test_examples_stay_in_their_workspace).
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from orchestrator.engine.changes import are_made, changes_from_json
from orchestrator.engine.classifier import Judge, Labelled, shipped_labels
from orchestrator.engine.playbooks import ACCEPTED, SAVED, Library, Match, Playbook, read_playbook, shipped
from orchestrator.errors import ConfigError, ProviderUnavailableError
from orchestrator.model.run import SplitOutcome, SplitRecord
from orchestrator.model.safe_text import one_line
from orchestrator.model.task import PlannedTask, Verdict
from orchestrator.outline.model_text import clean_title
from orchestrator.outline.tree import Outline, Task
from orchestrator.providers import embedding
from orchestrator.providers.embedding import Embedder

if TYPE_CHECKING:
    from orchestrator.store.store import Store

REMEMBERED = 300
"""Splits that are learned from, the newest."""
PLAYBOOK_FOLDER = "playbooks"
"""In the person's configuration folder."""
MAX_FILE = 100_000
MAX_SAVED = 300
FEWEST_STEPS = 3
"""A smaller split is no example."""
NEAREST = 2
"""Examples that a capable model is shown."""
NEAR_ENOUGH = 0.4
"""Of a nearness of about 1.6: a farther playbook is about something else, and would lead a model astray."""

RIGHT, WRONG = 20.0, 0.2
"""A capable model is taken to have been right so often, and wrong so often, before it was ever used here: 100 to 1."""
_WEIGHTS = {
    SplitOutcome.APPLIED: 1.5,
    SplitOutcome.DISCARDED: 0.5,
    SplitOutcome.UNDONE: 0.5,
    SplitOutcome.SIMPLE: 0.3,
}
"""A split that was kept says most. One that was discarded may have been a bad plan of a task that needs one."""
_REFUSED = {SplitOutcome.DISCARDED, SplitOutcome.UNDONE}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Experience:
    """Hashable, so that what is fitted to it can be kept."""

    labels: tuple[Labelled, ...] = ()
    playbooks: tuple[Playbook, ...] = ()
    trust: float = RIGHT / WRONG
    """The odds that a capable model's verdict is right."""


async def remembered(store: Store, config_folder: Path, workspace: Path) -> Experience:
    """What this person's splits and playbooks teach about tasks of this workspace. Raises StoreError."""
    records = await store.splits(limit=REMEMBERED)
    saved = await asyncio.to_thread(saved_playbooks, config_folder)
    return experience_of(records, str(workspace), saved)


def experience_of(records: Sequence[SplitRecord], workspace: str, saved: Sequence[Playbook] = ()) -> Experience:
    """`records` are the newest first."""
    judged = [record for record in _judged(records) if record.verdict == "DECOMPOSE"]
    applied = sum(record.outcome is SplitOutcome.APPLIED for record in judged)
    refused = sum(record.outcome in _REFUSED for record in judged)
    return Experience(
        labels=tuple(_labels(_judged(records))),
        playbooks=(*saved, *_accepted(_judged(records), workspace)),
        trust=(RIGHT + applied) / (WRONG + refused),
    )


def taken_back(records: Sequence[SplitRecord], uri: str, outline: Outline) -> Mapping[str, SplitOutcome]:
    """By split, what became since of splits that were written into this outline: undone, or brought back.

    Only a task that stands there says anything; one that is gone may have moved.
    """
    found: dict[str, SplitOutcome] = {}
    titles: dict[str, Task] = {}
    for record in records:
        if record.uri != uri or record.outcome not in {SplitOutcome.APPLIED, SplitOutcome.UNDONE}:
            continue
        named = outline.by_id(record.task_id) if record.task_id else ()
        if not named and not titles:  # undoing a split takes its id back, too
            titles = {task.title: task for task in outline.tasks()}
        task = named[0] if named else titles.get(record.title)
        if task is None or task.status.settled:
            continue
        now = SplitOutcome.APPLIED if task.children else SplitOutcome.UNDONE
        if now is not record.outcome:
            found[record.split_id] = now
    return found


async def note_written(store: Store, uri: str, outline: Outline) -> None:
    """Remember which splits are in this outline whose program ended while it wrote them. Raises StoreError.

    One that is not there says nothing: it was not written, or was taken back.
    """
    for record in await store.splits_being_written(uri):
        named = outline.by_id(record.task_id) if record.task_id else ()
        found = named or [task for task in outline.tasks() if task.title == record.title]
        if len(found) == 1 and _stands(record.plan, outline, found[0]):
            task_id = found[0].task_id or record.task_id
            await store.keep_split(replace(record, outcome=SplitOutcome.APPLIED, task_id=task_id))


def _stands(plan: Mapping[str, Any], outline: Outline, task: Task) -> bool:
    """Whether the subtasks of this task are as the plan has them."""
    if "changes" in plan:
        changes = changes_from_json(plan["changes"])
        return bool(changes) and are_made(changes, outline, task)
    planned = {clean_title(step.title) for step in _steps(plan)}
    return bool(planned) and planned <= {child.title for child in task.children}


async def note_taken_back(store: Store, uri: str, outline: Outline) -> None:
    """Remember which splits of this outline were undone, before anything is learned from them. Raises StoreError."""
    await note_written(store, uri, outline)
    for split_id, outcome in taken_back(await store.splits(limit=REMEMBERED), uri, outline).items():
        await store.set_split_outcome(split_id, outcome)


def saved_playbooks(folder: Path) -> tuple[Playbook, ...]:
    """Those in the person's configuration folder; one that cannot be read is left out, and the log says so."""
    found: list[Playbook] = []
    for path in sorted((folder / PLAYBOOK_FOLDER).glob("*.md"))[:MAX_SAVED]:
        try:
            if path.stat().st_size <= MAX_FILE:
                found.append(read_playbook(path.read_text(encoding="utf-8"), path.name, SAVED))
        except (OSError, ValueError, ConfigError) as error:
            _log.warning("The playbook %s was left out: %s", path, error)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Tools:
    embedder: Embedder
    library: Library
    judge: Judge


_making = threading.Lock()


@functools.cache
def embedder() -> Embedder:
    return Embedder()


@functools.lru_cache(maxsize=4)
def _made(experience: Experience) -> Tools:
    library = Library((*shipped(), *experience.playbooks), embedder())
    return Tools(embedder(), library, Judge((*shipped_labels(), *experience.labels), embedder()))


def tools(experience: Experience) -> Tools:
    """Blocks for two seconds at first use: call it in a thread. ProviderUnavailableError when a package is missing."""
    with _making:
        return _made(experience)


def prior(title: str, experience: Experience) -> float | None:
    """The chance that the task needs subtasks; None without the embedding package. Blocks: call it in a thread."""
    if not embedding.available():
        return None
    try:
        return tools(experience).judge.chance_of_decompose(title)
    except ProviderUnavailableError:
        return None


def examples(title: str, description: str, experience: Experience) -> tuple[Match, ...]:
    """The nearest playbooks that are near; none without the embedding package. Blocks: call it in a thread."""
    if not embedding.available():
        return ()
    try:
        matches = tools(experience).library.nearest(title, description, 2 * NEAREST)
    except ProviderUnavailableError:
        return ()
    return tuple(match for match in matches if match.nearness >= NEAR_ENOUGH)[:NEAREST]


def _judged(records: Sequence[SplitRecord]) -> list[SplitRecord]:
    """Those that a person said something about: of what a run wrote by itself only what was taken back."""
    said = (record for record in records if record.outcome is not SplitOutcome.WRITING)
    return [record for record in said if not (record.by_run and record.outcome is SplitOutcome.APPLIED)]


def _labels(records: Sequence[SplitRecord]) -> Iterator[Labelled]:
    """The newest word about each title counts."""
    seen: set[str] = set()
    for record in records:
        title = " ".join(record.title.split()).casefold()
        if not title or title in seen:
            continue
        seen.add(title)
        verdict = Verdict.DECOMPOSE if record.outcome is SplitOutcome.APPLIED else Verdict.EXECUTE
        yield Labelled(record.title, verdict, _WEIGHTS[record.outcome])


def _accepted(records: Sequence[SplitRecord], workspace: str) -> Iterator[Playbook]:
    seen: set[str] = set()
    for record in records:
        steps = _steps(record.plan)
        if (
            record.outcome is SplitOutcome.APPLIED
            and record.workspace == workspace
            and record.title not in seen
            and len(steps) >= FEWEST_STEPS
        ):
            seen.add(record.title)
            ordered = record.plan.get("ordered") is True
            source = _source(record)
            yield Playbook(record.title, record.description, "", ordered, frozenset(), "", steps, ACCEPTED, source)


def _source(record: SplitRecord) -> str:
    """Where and when, for the person who is shown what a plan was made with."""
    outline = unquote(record.uri.rpartition("/")[2])
    when = time.strftime("%Y-%m-%d", time.localtime(record.ended))
    return f"{one_line(outline, 40)}, {when}" if outline else when


def _steps(plan: Mapping[str, Any]) -> tuple[PlannedTask, ...]:
    rows = cast("list[Any]", plan.get("tasks", []))
    return tuple(
        PlannedTask(str(row.get("title", "")), str(row.get("description", "")), str(row.get("acceptance", "")))
        for row in (cast("dict[str, Any]", each) for each in rows if isinstance(each, dict))
    )
