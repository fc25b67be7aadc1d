"""The page for contributors shows two small pages: they must be what the engine takes."""

from pathlib import Path

import pytest
from project import ROOT

from book.page.files import parse
from book.prove.evaluate import evaluate
from book.prove.lint import lint

PAGE = ROOT / "docs/en/about/contributing.md"
SAMPLES = {"markdown": "sample.md", "text": "sample.py"}


@pytest.mark.parametrize("language", SAMPLES)
def test_sample_page_is_true(tmp_path: Path, language: str) -> None:
    (sample,) = (block for block in parse(PAGE).blocks if block.language == language)
    path = tmp_path / SAMPLES[language]
    path.write_text(sample.source + "\n")
    page = parse(path)
    results = list(evaluate(page))
    code = "example" if path.suffix == ".md" else "code"
    assert {result.statement.kind for result in results} == {"claim", "figure", code}
    assert [problem for result in results if (problem := result.problem())] == []
    assert lint(page, results) == []
