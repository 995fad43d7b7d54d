import json

import pytest

from orchestrator.engine.answers import Flaw
from orchestrator.engine.reading import MAX_ANSWER, MAX_RESULT, Work, read_verification, read_work

DELIVERED = "The form is in `ui/login.py`.\n\nA wrong password shows **an error**."


def verdict(evidence, met=True):
    return json.dumps({"criteria": [{"criterion": "an error is shown", "met": met, "evidence": evidence}]})


@pytest.mark.parametrize(
    ("answer", "work"),
    [
        ('{"status":"done","answer":"A","result":"R","question":""}', Work("done", "A", "R")),
        ('Here it is:\n```json\n{"answer": "A", "result": "R"}\n```', Work("done", "A", "R")),
        ('{"answer": "First.\\n\\nSecond."}', Work("done", "First.\n\nSecond.", "First.")),
        ('{"result": "R"}', Work("done", "R", "R")),
        ('{"status":"failed","result":"No network."}', Work("failed", "", "No network.")),
        ('{"status":"question","question":"Which\\none?"}', Work("question", "", "", "Which one?")),
        ('{"status":"DONE","answer":"A"}', Work("done", "A", "A")),
    ],
)
def test_work_is_read(answer, work):
    assert read_work(answer) == work


@pytest.mark.parametrize(
    "answer",
    [
        "", "I have done it.", "{}", "[1]", '{"answer": ""}', '{"answer": 3}', '{"status": "question"}',
        '{"status": "failed"}', '{"answer": "A"', "{" * 2000, "<html>", "x" * (MAX_ANSWER + 1),
    ],
)  # fmt: skip
def test_nonsense_is_a_flaw(answer):
    assert isinstance(read_work(answer), Flaw)


def test_a_long_result_is_cut():
    work = read_work(json.dumps({"answer": "A", "result": "word " * 1000}))
    assert isinstance(work, Work)
    assert len(work.result) <= MAX_RESULT
    assert work.result.endswith("word…")


@pytest.mark.parametrize(
    ("evidence", "passed"),
    [
        ("A wrong password shows an error", True),
        ("a wrong PASSWORD … an error", True),
        ("`ui/login.py`", True),
        ("All tests pass", False),
        ("", False),
        ("…", False),
        ("A", False),
    ],
)
def test_evidence_must_be_quoted(evidence, passed):
    verification = read_verification(verdict(evidence), DELIVERED)
    assert not isinstance(verification, Flaw)
    assert verification.passed is passed
    assert bool(verification.missing) is not passed


def test_what_is_missing_is_told():
    verification = read_verification(verdict("there is no error text", met=False), DELIVERED)
    assert not isinstance(verification, Flaw)
    assert verification.missing == "- an error is shown: there is no error text"


@pytest.mark.parametrize("answer", ["", "PASS", '{"criteria": []}', '{"criteria": [{"met": true}]}', '{"criteria": 1}'])
def test_a_verification_without_criteria_is_a_flaw(answer):
    assert isinstance(read_verification(answer, DELIVERED), Flaw)
