"""Two editions of one book: how a reader goes from one to the other, and what the Chinese one is found by."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError
from project import ROOT
from served import BASE, sources
from visit import ASK, Visit, network, search

from book.translate.search import HAN, PARTING, parted
from book.translate.terms import terms

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


def test_the_search_finds_every_term_of_the_glossary_whole_and_in_parts(visit: Callable[..., Visit]) -> None:
    """Typed up to any letter from the third on, and each of its words alone."""
    text = (ROOT / "docs/en/reference/glossary.md").read_text()
    names = re.findall(r'<span lang="zh-Hans">([^<]*)</span>', text)
    words = parted([form for forms in terms(ROOT).values() for form in forms])
    typed = {name[:end] for name in names for end in range(3, len(name) + 1) if HAN.search(name[end - 1])}
    typed |= {*names} | {word for name in names for word in words(name).split(PARTING) if len(word) > 1}
    assert len(names) > 100
    seen = visit().go("zh/")
    asked = sorted(typed)
    found = seen.page.evaluate(ASK, [f"{BASE}zh/search/search_index.json", asked])
    pages = [{place.partition("#")[0] for places in one for place in places} for one in found]
    lost = [word for word, there in zip(asked, pages, strict=True) if "reference/glossary/" not in there]
    assert lost == []
