"""EXECUTE or DECOMPOSE by example."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.engine.classifier import Classifier, Judge, shipped_labels, verdict_of
from orchestrator.model.task import Verdict
from orchestrator.providers.embedding import Embedder

CLASSIFIER = Classifier([label for label in shipped_labels() if not label.short], Embedder())


def test_it_is_right_about_nine_of_ten_that_it_has_not_seen():
    assert CLASSIFIER.left_out_accuracy >= 0.88


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Build the sign-up page", Verdict.DECOMPOSE),
        ("Plan the launch event", Verdict.DECOMPOSE),
        ("Migrate the shop to a new payment system", Verdict.DECOMPOSE),
        ("Fix the typo in the footer", Verdict.EXECUTE),
        ("Send Maria the address", Verdict.EXECUTE),
        ("Choose a name", Verdict.EXECUTE),
    ],
)
def test_plain_cases(text, verdict):
    decision = CLASSIFIER.decide(text)
    assert decision.verdict is verdict
    assert decision.reason.endswith(".")


@pytest.mark.parametrize("chance", [0.48, 0.5, 0.52])
def test_a_tie_is_execute(chance):
    assert verdict_of(chance).verdict is Verdict.EXECUTE


@pytest.mark.parametrize("chance", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_confidence_is_about_the_verdict(chance):
    confidence = verdict_of(chance).confidence
    assert confidence is not None
    assert 0.5 <= confidence <= 1.0


@pytest.mark.parametrize("text", ["", "\x00", "word " * 5000, "日本語"])
def test_any_text_gets_a_verdict(text):
    assert CLASSIFIER.decide(text).verdict in set(Verdict)


def test_short_chores_are_left_whole():
    judge = Judge(shipped_labels(), Embedder())
    chores = json.loads((Path(__file__).parents[2] / "benchmarks" / "seen.json").read_text("utf-8"))["chores"]
    assert [chore for chore in chores if judge.decide(chore).verdict is not Verdict.EXECUTE] == []
    assert judge.decide("Build a sauna").verdict is Verdict.DECOMPOSE
