"""The page with charts, and metrics as CSV and JSON; the page in a real browser, too."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import zlib
from importlib.resources import files

import pytest

from orchestrator.engine.metrics_page import MARK, page
from orchestrator.engine.metrics_report import COLUMNS, as_csv, as_json, columns
from orchestrator.model.metrics import GroupBy, Metrics

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\u202e"
NOW = 1_795_000_000.0


def some(name, **more):
    given = {"calls": 40, "completed_calls": 38, "failed_calls": 2, "input_tokens": 90_000, "output_tokens": 9_000,
             "cost_usd": 1.25, "latency_p50": 2.5, "latency_p95": 11.0, "tasks": 20, "completed_tasks": 15,
             "failed_tasks": 5, "splits_applied": 3, "splits_discarded": 1, **more}  # fmt: skip
    return Metrics(name, **given)


def tables(name="anthropic/large"):
    return {
        GroupBy.ALL: [some("")],
        GroupBy.DAY: [some(f"2026-10-{day:02}", calls=day) for day in range(1, 31)],
        GroupBy.MODEL: [some(name), some("local/small", cost_usd=0.0, latency_p50=0.0)],
        GroupBy.EXECUTOR: [some("answer"), some("code")],
        GroupBy.PROMPT: [some("plan 0123456789ab"), some("plan ba9876543210")],
        GroupBy.OUTLINE: [some("file:///w/a.tasks.md")],
        GroupBy.ROLE: [some("plan")],
    }


def test_hostile_names_stay_text():
    text = page(tables(HOSTILE), NOW)
    assert "alert(1)</script>" not in text
    assert "<img" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert len(json.loads(data)) == 7
    assert text.count("<script") == 3


def test_an_empty_store_is_a_page():
    text = page({by: [] for by in GroupBy}, NOW)
    assert MARK in text
    assert "Nothing was measured yet" in text
    assert "<script" not in text
    assert "script-src 'none'" in text


def test_the_policy_allows_exactly_what_is_there():
    text = page(tables(), NOW)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert " style=" not in text.split("<script")[0]
    assert not re.search(r'(?:src|href)="?https?:', text)


def test_the_chart_library_is_the_one_we_checked():
    known = {
        "chartist.umd.js": "cd73095f7f075ca9ecb76fc76a3df54a0dd9dcf13e8ba0403c93c40a4ac3865f",
        "chartist.css": "bb68cdb67d08a4d22f8041c35d80de4c0ba732115dcec1f2c54b982655c11e56",
        "LICENSE": "2274fb43fd102672a092a0b4eb3c1352279eac633c2f4607de4722a22461a0d2",
    }
    folder = files("orchestrator.engine").joinpath("charts")
    assert {name: hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() for name in known} == known


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_csv_cells_start_no_formula(name):
    _, row = csv.reader(io.StringIO(as_csv([some(name)]), newline=""))
    assert row[0] == f"'{name}"


def test_csv_and_json_say_the_same():
    head, row = csv.reader(io.StringIO(as_csv([some("m")])))
    shown = as_json(some("m"))
    assert head == list(shown)
    assert row == ["" if value is None else str(value) for value in shown.values()]
    assert (shown["costUsd"], shown["acceptance"], shown["editedAfter"]) == (1.25, 0.75, None)


def test_columns_that_say_nothing_are_left_out():
    assert [column.title for column in columns([Metrics("m", calls=1)])] == ["calls"]
    assert len(columns([some("m")])) < len(COLUMNS)


def test_the_page_in_a_real_browser(tmp_path):
    """Charts are drawn, nothing breaks the page's own policy, dark is dark, and it prints."""
    file = tmp_path / "stats.html"
    file.write_text(page(tables(), NOW), encoding="utf-8")

    def browser(*arguments):
        program = shutil.which("chromium")
        assert program, "chromium is installed by `make prepare`"
        switches = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
                    "--disable-component-update", "--disable-sync", "--disable-quic", "--enable-logging=stderr",
                    f"--user-data-dir={tmp_path / 'profile'}", "--window-size=900,700"]  # fmt: skip
        run = subprocess.run(
            [program, *switches, *arguments, file.as_uri()], capture_output=True, text=True, timeout=120, check=False
        )
        assert run.returncode == 0, run.stderr
        assert "CONSOLE" not in run.stderr
        return run.stdout

    shown = browser("--dump-dom")
    assert len(re.findall('<svg[^>]* class="ct-chart-bar', shown)) == 7
    assert shown.count('class="ct-bar"') > 100
    assert len(re.findall(r'role="img" aria-label="[^"]+The numbers are in the table', shown)) == 7
    corners = {}
    for name, scheme in (("dark", 0), ("light", 1)):
        picture = tmp_path / f"{name}.png"
        browser(f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}")
        corners[name] = first_pixel(picture.read_bytes())
    assert corners == {"dark": (0x14, 0x17, 0x1C), "light": (255, 255, 255)}
    browser("--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'stats.pdf'}")
    assert (tmp_path / "stats.pdf").read_bytes().startswith(b"%PDF")


def first_pixel(png):
    """Of a picture that is not interlaced: no filter changes it."""
    content = b"".join(
        png[match.end() : match.end() + int.from_bytes(png[match.start() - 4 : match.start()])]
        for match in re.finditer(rb"IDAT", png)
    )
    return tuple(zlib.decompress(content)[1:4])
