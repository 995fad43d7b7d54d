"""The page that a blind reader rates plans on, and what comes of the ratings."""

from __future__ import annotations

import csv
import json

import pytest
from benchmarks.blind import COUNTS, score, write_sheet

WAYS = ("one", "other")


def plan(*titles):
    return {"steps": [{"title": title, "sentence": f"{title} well."} for title in titles]}


PLANS = {
    "Bake": {"one": plan("Buy", "Knead", "Wait"), "other": plan("Buy", "Buy", "Buy")},
    "Sail": {"one": plan("Rig", "Cast off", "Steer"), "other": plan("Rig", "Cast off", "Steer")},
}


@pytest.fixture
def written(tmp_path):
    write_sheet(PLANS, WAYS, tmp_path / "blind", tmp_path / "key.json")
    return tmp_path / "blind", tmp_path / "key.json"


def rate(folder, repeated):
    rows = list(csv.DictReader((folder / "ratings.csv").open()))
    for row in rows:
        row.update(dict.fromkeys(COUNTS, 0), repeated=repeated(row["plan"]))
    with (folder / "ratings.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def entries(key):
    return json.loads(key.read_text())["entries"]


def test_the_page_names_no_way_and_every_plan(written):
    folder, key = written
    page = (folder / "sheet.md").read_text()
    assert page.count("\nTask: ") == len(entries(key)) == 6, "three texts, each of them twice"
    assert all(f"## {number}\n" in page for number in entries(key))
    assert {tuple(entry["ways"]) for entry in entries(key).values()} == {("one",), ("other",), ("one", "other")}
    assert "other" not in page.split("Seal")[1]


def test_ratings_are_joined_with_the_key(written):
    folder, key = written
    rate(folder, lambda number: 2 * (entries(key)[number]["ways"] == ["other"]))
    one, other, alike = score(PLANS, WAYS, folder, key)
    assert (one.value, other.value) == (2, 1)
    assert "wrong 1" in other.note
    assert "repeated 1.0" in other.note
    assert alike.value == 3


def test_another_key_does_not_fit(written, tmp_path):
    folder, key = written
    rate(folder, lambda number: 0)
    key.write_text(key.read_text().replace('"one"', '"other"', 1))
    with pytest.raises(SystemExit, match="seal"):
        score(PLANS, WAYS, folder, key)


def test_a_blank_rating_is_named(written):
    with pytest.raises(SystemExit, match="P001 wants a whole number"):
        score(PLANS, WAYS, *written)


def test_ratings_are_not_made_worthless(written):
    rate(written[0], lambda number: 0)
    with pytest.raises(SystemExit, match="Move it away first"):
        write_sheet(PLANS, WAYS, *written)
