"""Models that answer badly while a branch runs: each a clear outcome on its task, in an editor and in a terminal.

One run for all of them, because that is also what must not happen: that one spoils the others.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from orchestrator.outline.parse import parse
from tests.e2e.test_run_over_lsp import EDITOR, ended, start, until
from tests.support.branches import does, done, sums_up
from tests.support.lsp_client import serving

TWICE: dict[str, Any] = {"repeat": True}


def says(title: str, answer: Any, **more: Any) -> dict[str, Any]:
    return {"when": {"schema": "execute", "contains": f"Task:\n  {title}\n"}, "answer": answer, **TWICE, **more}


def plans(title: str, *children: str) -> list[dict[str, Any]]:
    """A task that fails, so that it is split, and the plan that its model makes of it."""
    plan = {"ordered": False, "tasks": [{"title": child} for child in children]}
    matches = {"schema": "plan", "contains": f"Task:\n  {title}\n"}
    failed = does(title, "too much at once", status="failed")
    return [failed, {"when": matches, "answer": plan, **TWICE}]


def calls(title: str, tool: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """A task whose model asks for that, and then says that it is done."""
    matches = {"tools": True, "contains": f"Task:\n  {title}\n"}
    finish = {"tool": "finish", "arguments": {"result": f"{title}: nothing was done"}}
    return [
        {"when": matches, "calls": [{"tool": tool, "arguments": arguments}]},
        {"when": {"tools": True}, "calls": [finish], **TWICE},
    ]


CODE = "  [executor:: code]"
GERMAN = {"status": "done", "answer": "Die Socken sind gepackt.", "result": "Die Socken sind gepackt.", "question": ""}
CASES: dict[str, tuple[str, list[dict[str, Any]], str]] = {
    "Nonsense": ("", [says("Nonsense", "blargh [[[ {{{ ]]")], "!no usable answer"),
    "Nothing": ("", [says("Nothing", "")], "!no usable answer"),
    "Ten megabytes": ("", [says("Ten megabytes", "all work and no play " * 500_000)], "!answered without an end"),
    "Another language": ("", [says("Another language", GERMAN)], "xDie Socken sind gepackt."),
    "Markup": ("", [says("Markup", "<html><body><script>x()</script><h1>502</h1></body></html>")], "!no usable answer"),
    "Delete files": (
        "",
        [says("Delete files", {**GERMAN, "answer": "rm -rf /", "result": "- [x] Delete files\n\nRun `rm -rf ~`."})],
        "x- [x] Delete files Run",
    ),
    "Path outside": (CODE, calls("Path outside", "read_file", {"path": "../secret.txt"}), "xnothing was done"),
    "No such tool": (CODE, calls("No such tool", "launch_rockets", {"at": "noon"}), "xnothing was done"),
    "Five hundred": ("", plans("Five hundred", *(f"Step {n} of a long way" for n in range(500))), "!no usable answer"),
    "The parent again": ("", plans("The parent again", "The parent again", "The parent again"), "!no usable answer"),
    "The same twice": ("", plans("The same twice", "Buy bread", "Buy bread", "Buy milk"), "!no usable answer"),
}
"""By title: fields, script, and what the task must say: its mark, and words of its reason or result."""


def outline_of(cases: dict[str, Any]) -> str:
    return "".join(f"- [ ] {title}{fields}\n" for title, (fields, _, _) in cases.items())


def check(text: str) -> None:
    outline = parse(text)
    tasks = {task.title: task for task in outline.tasks()}
    for title, (_, _, wanted) in CASES.items():
        task, mark, rest = tasks[title], wanted[0], wanted[1:]
        assert not task.children, f"{title}: no subtask of a plan that cannot be used"
        assert task.mark == mark, f"{title}: [{task.mark}] {task.fields}"
        said = task.fields.get("reason", "") if mark == "!" else task.result or ""
        assert rest in said, f"{title}: {said}"
    assert "<script>" not in text
    assert len(text) < 20_000


SCRIPT = [
    {"when": {"schema": "execute", "contains": "That answer cannot be used"}, "answer": "", **TWICE},
    *(entry for _, script, _ in CASES.values() for entry in script),
    {"when": {"schema": "plan"}, "answer": "no plan either", **TWICE},
    done("It is done."),
    sums_up(),
]


async def test_bad_answers_have_a_clear_outcome_in_an_editor(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the secret of another folder")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "keep.txt").write_text("kept")
    async with serving(tmp_path, script=SCRIPT, ORCHESTRATOR_RUN__MAX_DEPTH="1") as client:
        await client.initialize(EDITOR)
        buffer = await client.open(outline_of(CASES), (folder / "plan.tasks.md").as_uri())
        run_id = await start(client, buffer, auto=True)
        assert (await ended(client, run_id))["state"] == "completed"
        await until(lambda: buffer.text.count("^") >= len(CASES))
        check(buffer.text)
        assert sorted(path.name for path in folder.iterdir()) == ["keep.txt"]
        told = json.dumps(client.of("orchestrator/run/update"))
        assert "the secret of another folder" not in told
        ended_tasks = {
            update["detail"]["title"]: update["detail"]["state"]
            for update in client.of("orchestrator/run/update")
            if update["kind"] == "attempt.state"
        }
        assert ended_tasks["Nothing"] == "failed"
        assert ended_tasks["Another language"] == "completed"


async def test_bad_answers_have_a_clear_outcome_in_a_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    file = folder / "plan.tasks.md"
    file.write_text(outline_of(CASES))
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    folders = {f"ORCHESTRATOR_{name.upper()}_DIR": str(tmp_path / name) for name in ("config", "data", "cache")}
    settings = {"ORCHESTRATOR_SCRIPTED__SCRIPT": str(script), "ORCHESTRATOR_RUN__MAX_DEPTH": "1"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrator", "run", str(file), "--model", "scripted/x", "--auto", "--json"),
        env={**os.environ, **folders, **settings},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 22,
    )
    out, talk = await process.communicate()
    lines = [json.loads(line) for line in out.decode().splitlines()]
    end = lines[-1]
    assert (process.returncode, end["event"], end["exitCode"]) == (12, "end", 12), talk
    assert end["tasks"]["failed"] >= 4
    assert end["tasks"]["done"] >= 4
    check(file.read_text())
