"""What is meant for paper fits on it."""

import re
from collections.abc import Callable

import pytest
from visit import Visit


def sheets(visit: Visit, paper: str) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", visit.page.pdf(format=paper)))


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_cheat_sheet_is_one_page(visit: Callable[..., Visit], edition: str, paper: str) -> None:
    """With all of its sections but the checks; other pages are longer."""
    seen = visit().go(f"{edition}reference/cheat-sheet/")
    assert sheets(seen, paper) == 1
    seen.page.emulate_media(media="print")
    headings = seen.page.locator(".md-content h2")
    hidden = [text for text in headings.all_inner_texts() if text]
    shown = [one.inner_text() for one in headings.all() if one.is_visible()]
    assert len(shown) == headings.count() - 1 >= 10, hidden
    assert sheets(seen.go(f"{edition}reference/notation/"), paper) > 1


def test_paper_is_white(visit: Callable[..., Visit]) -> None:
    """Printed from the dark theme, a page has the colours of the light one."""
    letters = ".md-content :is(h1, p, a, summary, code, code span, .claim, svg text, svg use)"
    looks = "all => all.map(getComputedStyle).map(s => [s.color, s.backgroundColor, s.fill, s.stroke].join())"
    pages = [visit(theme).go("part1/descent-run/").page for theme in ("light", "dark")]
    for page in pages:
        page.emulate_media(reduced_motion="reduce")  # no colour is seen halfway
    on_screen = [page.locator(letters).evaluate_all(looks) for page in pages]
    for page in pages:
        page.emulate_media(media="print")
    on_paper = [page.locator(letters).evaluate_all(looks) for page in pages]
    assert on_screen[0] != on_screen[1]
    assert on_paper[0] == on_paper[1] == on_screen[0]
