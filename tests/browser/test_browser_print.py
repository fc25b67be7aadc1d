"""What is meant for paper fits on it."""

import re
from collections.abc import Callable

import pytest
from visit import Visit


def sheets(visit: Visit, paper: str) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", visit.page.pdf(format=paper)))


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_cheat_sheet_is_one_page(visit: Callable[..., Visit], paper: str) -> None:
    """With all of its sections but the checks; other pages are longer."""
    seen = visit().go("reference/cheat-sheet/")
    assert sheets(seen, paper) == 1
    seen.page.emulate_media(media="print")
    headings = seen.page.locator(".md-content h2")
    hidden = [text for text in headings.all_inner_texts() if text]
    shown = [one.inner_text() for one in headings.all() if one.is_visible()]
    assert len(shown) == headings.count() - 1 >= 10, hidden
    assert sheets(seen.go("reference/notation/"), paper) > 1
