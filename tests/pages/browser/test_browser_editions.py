"""Two editions of one book: how a reader goes from one to the other, and what the Chinese one is found by."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError
from served import BASE, sources
from visit import Visit, network, search

SWITCH = "a.edition"
RESULT = ".md-search-result__item"
ENTRY = re.compile(r"^([^#\s].*): (\S+(?: \S+)*)$", re.M)
QUERIES = ENTRY.findall((Path(__file__).parents[1] / "queries.zh.txt").read_text())


def language(seen: Visit) -> str:
    return seen.page.evaluate("document.documentElement.lang")


@pytest.mark.parametrize("address", ["", "part1/loss/", "reference/api-solve/"])
def test_the_switch_leads_to_the_same_page_and_back(visits: Callable[..., Visit], address: str) -> None:
    seen = visits().go(address)
    assert language(seen) == "en"
    seen.page.locator(SWITCH).click()
    seen.page.wait_for_url(f"{BASE}zh/{address}")
    assert language(seen) == "zh-Hans"
    seen.page.locator(SWITCH).click()
    seen.page.wait_for_url(BASE + address)
    assert language(seen) == "en"
    assert not network(seen)


def test_after_instant_navigation_the_switch_leads_to_the_page_that_is_shown(
    visits: Callable[..., Visit], edition: str
) -> None:
    seen = visits().go(edition)
    (other,) = {"", "zh/"} - {edition}
    seen.page.evaluate("window.same = true")
    for address in list(sources())[1:3]:
        seen.page.locator(f".md-nav--primary a.md-nav__link[href$='{address}']").first.click()
        seen.page.wait_for_url(BASE + edition + address)
        seen.page.wait_for_function(
            "([at, to]) => document.querySelector(at).href === to", arg=[SWITCH, BASE + other + address]
        )
    assert seen.page.evaluate("window.same === true")
    assert not network(seen)


def test_the_search_finds_what_readers_look_for(visit: Callable[..., Visit]) -> None:
    """One of the pages that answer is among the first three results."""
    assert len(QUERIES) == 40
    assert {page for _, pages in QUERIES for page in pages.split()} <= sources().keys()
    seen = visit().go("zh/")
    search(seen, "")
    keyboard, lost = seen.page.keyboard, []
    for words, pages in QUERIES:
        keyboard.press("ControlOrMeta+a")
        keyboard.press("Delete")
        seen.page.wait_for_selector(RESULT, state="detached")
        keyboard.insert_text(words)
        keyboard.press("End")  # the theme looks when a key is let go
        try:
            seen.page.wait_for_selector(RESULT, state="attached", timeout=5000)
        except TimeoutError:
            lost.append((words, "nothing"))
            continue
        links = seen.page.locator(RESULT).evaluate_all("all => all.map((one) => one.querySelector('a').href)")
        first = [re.split("[?#]", link)[0].removeprefix(f"{BASE}zh/") for link in links[:3]]
        if not set(first) & set(pages.split()):
            lost.append((words, first))
    assert lost == []
    assert not network(seen)
