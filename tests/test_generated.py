"""What is generated from the definitions must not lag behind them."""

from codegen.__main__ import ROOT, generated


def test_generated_files_are_fresh():
    stale = [path for path, text in generated().items() if (ROOT / path).read_text("utf-8") != text]
    assert stale == [], "run `make generate`"
