"""The Chinese pages as they are built, beside the English ones."""

import re
from pathlib import Path

import pytest
from project import ROOT
from served import sources

from book.execute.outputs import SVG, Output
from book.translate import drawn
from book.translate.edition import Edition

CORE = {address: path for address, path in sources().items() if "<!-- core -->" in path.read_text()}
PICTURE = re.compile(r'<figure class="drawn[^>]*>(<svg.*?</svg>)', re.S)


@pytest.mark.parametrize(("address", "source"), CORE.items(), ids=lambda it: getattr(it, "stem", ""))
def test_the_figures_of_a_core_page_speak_chinese(site: Path, address: str, source: Path) -> None:
    """Each of their words is a message that has its translation, and this is what the picture says."""
    known = Edition(ROOT / "docs/zh").known(source.relative_to(ROOT / "docs/en").as_posix())
    pictures = [
        PICTURE.findall((site / folder / address / "index.html").read_text()) for folder in ("", "zh")
    ]
    english, chinese = ([[Output(SVG, svg)] for svg in svgs] for svgs in pictures)
    said = set(drawn.messages(english))
    assert said - known.keys() == set(), "run `python docs/hooks translate`, and translate these"
    assert {words(text) for text in drawn.messages(chinese)} <= {words(known[message]) for message in said}


def words(text: str) -> str:
    """A text without its numbers, whose order is another one in Chinese."""
    return re.sub(r"<\d+>|\d+", "", text)


def test_core_pages_have_figures() -> None:
    assert len(CORE) > 8
