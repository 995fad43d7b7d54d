"""Plans to be rated by a reader who cannot know where they came from, and what the ratings come to.

Every plan stands by itself under a number, all of all tasks in one order drawn by chance: the plans of one task do not
stand side by side, so that none is rated by comparison. Plans that say the same word for word are shown once, except
for some that are shown twice: how often a reader judges those alike says how much a
difference means. The reader counts
faults by criteria in writing; what is useful, generic or wrong is computed from the counts.

The key is drawn from the system's entropy (a known seed would be no secret) and kept apart. The sheet bears its
SHA-256, so a key that was changed after the ratings does not fit any more.
"""

from __future__ import annotations

import csv
import hashlib
import json
import secrets
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.report import Figure

TWICE = 12
"""How many of the plans are shown a second time."""
SEAL = "Seal of the key: "

INSTRUCTIONS = """\
# Plans to rate

Each entry is a task and a plan for it: the subtasks that somebody proposed, to be done from the first to the last.
Read one entry at a time, in the order of this page, and rate it by itself: do not look back to another plan of the same
task, and do not guess who wrote it. Only what stands in the entry counts. A subtask is its title and its sentence.

For each entry, count these in `ratings.csv`, one line an entry; a 0 where there is nothing to count.

| column | count |
| --- | --- |
| `foreign` | subtasks that do not serve this task, that belong to another subject, or that state something false |
| `repeated` | subtasks that ask for the same work as an earlier one, or for the whole task again |
| `unclear` | subtasks that do not tell a person what to do, or make no sense as they are worded |
| `early` | subtasks that need the outcome of a later one |
| `missing` | main parts of the task that no subtask covers: after all of the plan they are still to be done |
| `general` | subtasks that would fit nearly any task with other nouns, so that they say nothing about this one |

A subtask may count in several columns. Write whole numbers. `note` is for a word of explanation, and may stay empty.
"""


@dataclass(frozen=True)
class Rating:
    """What a reader counted in one plan."""

    foreign: int
    repeated: int
    unclear: int
    early: int
    missing: int
    general: int

    def verdict(self, subtasks: int) -> str:
        """Useful: no more than one subtask is unclear or part missing, and nothing else is wrong with it."""
        if self.foreign or self.repeated or self.early or self.unclear + self.missing > 1 or not 3 <= subtasks <= 8:
            return "wrong"
        return "generic" if self.general * 2 > subtasks else "useful"


COUNTS = tuple(field.name for field in fields(Rating))
COLUMNS = ("plan", *COUNTS, "note")


def write_sheet(plans: dict[str, dict[str, Any]], ways: tuple[str, ...], folder: Path, key_file: Path) -> str:
    """`sheet.md` and a blank `ratings.csv` in the folder, and the key apart. Answers with what was written."""
    ratings = folder / "ratings.csv"
    if ratings.exists() and any(row[name] for row in _rows(ratings) for name in COUNTS):
        raise SystemExit(f"{ratings} has ratings that a new key would make worthless. Move it away first.")
    chance = secrets.SystemRandom()
    shown = [entry for title, rows in plans.items() for entry in _different(title, rows, ways)]
    shown += [dict(entry) for entry in chance.sample(shown, min(TWICE, len(shown)))]
    chance.shuffle(shown)
    entries = {f"P{number:03}": entry for number, entry in enumerate(shown, 1)}
    key = json.dumps({"salt": secrets.token_hex(16), "entries": entries}, indent=1, ensure_ascii=False) + "\n"
    pages = [INSTRUCTIONS, f"{SEAL}`{_seal(key)}`\n"]
    for number, entry in entries.items():
        steps = plans[entry["title"]][entry["ways"][0]]["steps"]
        lines = [f"{place}. {step['title']}: {step['sentence']}" for place, step in enumerate(steps, 1)]
        pages.append(f"## {number}\n\nTask: {entry['title']}\n\n" + "\n".join(lines) + "\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sheet.md").write_text("\n".join(pages), encoding="utf-8")
    with ratings.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows([number] + [""] * (len(COLUMNS) - 1) for number in entries)
    key_file.write_text(key, encoding="utf-8")
    return f"{len(entries)} plans of {len(plans)} tasks in {folder / 'sheet.md'}; the key is in {key_file}."


def _different(title: str, rows: dict[str, Any], ways: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """One entry for every text, with the ways that came to it."""
    by_text: dict[str, list[str]] = {}
    for way in ways:
        by_text.setdefault(json.dumps(rows[way]["steps"]), []).append(way)
    for same in by_text.values():
        yield {"title": title, "ways": same}


def score(plans: dict[str, dict[str, Any]], ways: tuple[str, ...], folder: Path, key_file: Path) -> list[Figure]:
    """What a reader said of each way. Ends the program where sheet, key and ratings do not belong together."""
    key = key_file.read_text(encoding="utf-8")
    if f"{SEAL}`{_seal(key)}`" not in (folder / "sheet.md").read_text(encoding="utf-8"):
        raise SystemExit(f"{key_file} is not the key of {folder / 'sheet.md'}: its seal is another one.")
    entries: dict[str, dict[str, Any]] = json.loads(key)["entries"]
    ratings = dict(_ratings(folder / "ratings.csv", entries))
    said: dict[tuple[str, str], list[tuple[Rating, str]]] = {}
    for number, rating in ratings.items():
        title, way = entries[number]["title"], entries[number]["ways"][0]
        said.setdefault((title, way), []).append((rating, rating.verdict(len(plans[title][way]["steps"]))))
    same = {
        (entry["title"], way): (entry["title"], entry["ways"][0]) for entry in entries.values() for way in entry["ways"]
    }
    figures: list[Figure] = []
    for way in ways:
        first = [said[same[title, way]][0] for title in plans]
        verdicts = Counter(verdict for _, verdict in first)
        means = ", ".join(f"{name} {statistics.mean(getattr(each, name) for each, _ in first):.1f}" for name in COUNTS)
        note = f"generic {verdicts['generic']}, wrong {verdicts['wrong']}; faults per plan: {means}"
        name = f"planning: {way}: useful to a blind reader, of {len(first)}"
        figures.append(Figure(name, verdicts["useful"], "", note=note))
    twice = [both for both in said.values() if len(both) == 2]
    alike = sum(one[1] == other[1] for one, other in twice)
    return [*figures, Figure(f"planning: judged alike when shown twice, of {len(twice)}", alike, "")]


def _ratings(path: Path, entries: dict[str, Any]) -> Iterator[tuple[str, Rating]]:
    seen: set[str] = set()
    for row in _rows(path):
        number = row["plan"].strip()
        if number not in entries or number in seen:
            raise SystemExit(f"{path}: {number!r} stands on no page of the sheet, or twice. Correct that line.")
        seen.add(number)
        try:
            yield number, Rating(**{name: int(row[name]) for name in COUNTS})
        except (TypeError, ValueError):
            raise SystemExit(f"{path}: {number} wants a whole number in each of {', '.join(COUNTS)}.") from None
    if missing := entries.keys() - seen:
        raise SystemExit(
            f"{path} lacks {len(missing)} plans, the first is {min(missing)}. Rate them, then score again."
        )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _seal(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
