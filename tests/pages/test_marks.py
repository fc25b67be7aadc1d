"""Each page of the three parts says for whom it is, right after what it promises."""

from pathlib import Path

import pytest
from project import ROOT

from book.page.files import book, parse
from book.render.markdown import MARKS

PAGES = [path for path in book(ROOT) if path.parent.name.startswith("part")]


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_a_page_says_for_whom_it_is(path: Path) -> None:
    prose = "\n".join(block.source for block in parse(path).blocks if block.kind == "prose")
    paragraphs = [part.strip() for part in prose.split("\n\n")]
    assert paragraphs[0].startswith("# ")
    assert paragraphs[2] in MARKS
    assert sum(paragraph in MARKS for paragraph in paragraphs) == 1


def test_the_main_path_is_most_of_the_first_part() -> None:
    first = [path.read_text(encoding="utf-8") for path in PAGES if path.parent.name == "part1"]
    assert 2 * sum("<!-- core -->" in text for text in first) > len(first)
