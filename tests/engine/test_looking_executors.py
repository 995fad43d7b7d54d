"""The executors that only look: `research`, whose claims are checked, and `review`, whose findings are somewhere."""

from pathlib import Path

import pytest

from orchestrator.model.finding import Finding, Severity
from tests.support.hands import Hands, execute, finish, use


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("import os\n\nLIMIT  =  10  # seconds\n")
    (tmp_path / ".env").write_text("KEY=SECRET\n")
    return tmp_path


def claim(path: str = "a.py", line: int = 3, quote: str = "LIMIT = 10", text: str = "The limit is 10 seconds") -> dict:
    return {"claim": text, "path": path, "line": line, "quote": quote}


async def test_an_answer_has_its_sources(folder: Path):
    hands = Hands(
        use(("search_files", {"text": "LIMIT"})),
        use(finish("Ten seconds.", answer="**Ten** seconds.", claims=[claim()])),
    )
    outcome = await execute("research", hands, folder)
    assert outcome.result == "Ten seconds."
    assert outcome.text.startswith("**Ten** seconds.\n\nSources")
    assert outcome.text.endswith("- The limit is 10 seconds (`a.py:3`)")
    assert not outcome.edited
    assert {tool.name for tool in hands.requests[0].tools} == {
        "list_files", "read_file", "search_files", "ask_person", "finish",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (claim(line=4), "a.py has no line 4"),
        (claim(line=1), "a.py:1 does not say “LIMIT = 10”; it says “import os”"),
        (claim(path="none.py"), "There is no none.py"),
        (claim(path="../a.py"), "goes up"),
        (claim(path=".env", line=1, quote="SECRET"), "private"),
        (claim(quote="1"), "too short"),
    ],
)
async def test_a_claim_that_is_not_there_is_refused(folder: Path, wrong: dict, words: str):
    good = use(finish("Ten.", answer="Ten.", claims=[claim()]))
    hands = Hands(use(finish("Ten.", answer="Ten.", claims=[claim(), wrong])), good)
    outcome = await execute("research", hands, folder)
    (result,) = hands.requests[1].messages[-1].results
    assert result.failed
    assert f"2. {words}" in result.text or words in result.text
    assert "SECRET" not in result.text.replace("“SECRET”", "")
    assert outcome.result == "Ten."


async def test_an_answer_without_claims_is_none(folder: Path):
    hands = Hands(
        use(finish("Ten.", answer="Ten.", claims=[])), use(finish("Not there.", answer="", claims=[], failed=True))
    )
    outcome = await execute("research", hands, folder)
    assert "no claim" in hands.requests[1].messages[-1].results[0].text
    assert outcome.failed == "Not there."


async def test_research_has_no_tool_that_writes(folder: Path):
    hands = Hands(
        use(("create_file", {"path": "x", "content": "x"}), ("run_command", {"argv": ["ls"]})),
        use(finish("Ten.", answer="Ten.", claims=[claim()])),
    )
    await execute("research", hands, folder)
    assert all("There is no tool" in result.text for result in hands.requests[1].messages[-1].results)
    assert hands.asked == []


def found(path: str = "a.py", line: int = 3, message: str = "Too short.", severity: str = "warning") -> dict:
    return {"path": path, "line": line, "severity": severity, "message": message}


async def test_findings_are_a_value(folder: Path):
    hands = Hands(
        use(("read_file", {"path": "a.py"})),
        use(
            finish(
                "One fault.",
                findings=[found(), found(), found(path="./a.py", line=1, message="a\n\u202eb", severity="error")],
            )
        ),
    )
    outcome = await execute("review", hands, folder)
    assert outcome.findings == (
        Finding("a.py", 3, Severity.WARNING, "Too short.", "LIMIT  =  10  # seconds"),
        Finding("a.py", 1, Severity.ERROR, "a <U+202E>b", "import os"),
    )
    assert "- `a.py:3` warning: Too short." in outcome.text


async def test_no_findings_is_an_outcome(folder: Path):
    outcome = await execute("review", Hands(use(finish("All is well.", findings=[]))), folder)
    assert (outcome.result, outcome.findings, outcome.failed) == ("All is well.", (), "")


@pytest.mark.parametrize(
    "wrong",
    [
        found(line=9),
        found(path="no.py"),
        found(path="/etc/passwd"),
        found(path=".env", line=1),
        found(severity="awful"),
    ],
)
async def test_a_finding_is_at_a_line_that_exists(folder: Path, wrong: dict):
    hands = Hands(use(finish("Bad.", findings=[found(), wrong])), use(finish("Good.", findings=[found()])))
    outcome = await execute("review", hands, folder)
    assert hands.requests[1].messages[-1].results[0].failed
    assert outcome.findings == (Finding("a.py", 3, Severity.WARNING, "Too short.", "LIMIT  =  10  # seconds"),)
