"""Each page of the three parts says for whom it is, right after what it promises."""

import re
from pathlib import Path

import pytest
from project import ROOT
from served import in_order

from book.page.files import book, parse
from book.page.statements import CLAIM
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


HOME = (ROOT / "docs/en/index.md").read_text(encoding="utf-8")
PART = r"part\d/[\w-]+\.\w+"
NAV = [page for page in in_order() if re.fullmatch(PART, page)]
PATH = re.findall(rf"^\d\. \[.+?\]\(({PART})\)", HOME, re.MULTILINE)
ROWS = re.findall(r"^\| (\[.+?) \| (.+?) \|", HOME, re.MULTILINE)
WORDS = 12_000  # an afternoon: three hours at 70 words a minute, as one reads a text with formulas


def mark(page: str) -> str:
    found = re.search(r"<!-- (core|second reading|specialist) -->", (ROOT / "docs/en" / page).read_text())
    assert found
    return found[1]


def words(page: str) -> int:
    """The prose of a page, exercises and answers left out."""
    prose = [b.source for b in parse(ROOT / "docs/en" / page).blocks if b.kind == "prose" and not b.answer]
    text, *_ = "\n\n".join(prose).split("## Exercises")
    text = CLAIM.sub("value", re.sub(r"\$\$.*?\$\$|\$.+?\$", "formula", text, flags=re.DOTALL))
    text = re.sub(r"<!--.*?-->|(?<=\])\(\S+?\)", "", text, flags=re.DOTALL)
    return len(re.findall(r"\w[\w'’-]*", text))


def test_the_home_page_lists_every_page_in_order_with_its_mark() -> None:
    told = [(page, told) for links, told in ROWS for page in re.findall(PART, links)]
    assert [page for page, _ in told] == NAV
    for links, said in ROWS:
        marks = dict.fromkeys(mark(page) for page in re.findall(PART, links))
        assert said == ", then ".join(marks)


def test_the_core_path_is_core_in_order_and_fits_an_afternoon() -> None:
    assert [page for page in NAV if page in PATH] == PATH
    assert {mark(page) for page in PATH} == {"core"}
    counted = {page: words(page) for page in PATH}
    assert all(count > 200 for count in counted.values())  # else nothing is read here
    assert sum(counted.values()) <= WORDS, counted


def test_the_first_example_has_as_many_lines_as_its_title_says() -> None:
    section = HOME.partition("## Seven lines\n")[2].partition("\n## ")[0]
    assert len(re.findall(r"^(?:>>>|\.\.\.) ", section, re.MULTILINE)) == 7
