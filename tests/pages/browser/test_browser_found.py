"""Taking a page away, following a name of the code to its entry, and being lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
import visit as reader
from playwright.sync_api import Browser
from served import BASE, sources
from visit import Visit

PAGES = list(sources())
CONTENT = [address for address in PAGES if address]
SAID = "document.querySelector('.offers [role=status]').textContent"
BUTTON = ".offers button"


def markdown(site: Path, address: str) -> str:
    return (site / f"{address.rstrip('/')}.md").read_text()


@pytest.mark.parametrize("key", ["", "Enter", "Space"])
def test_copy_page(visits: Callable[..., Visit], site: Path, key: str) -> None:
    """By mouse and by keyboard; what is copied is the page as Markdown, and a reader is told so."""
    seen = visits().go(CONTENT[0])
    button = seen.page.get_by_role("button", name="Copy page as Markdown")
    assert seen.page.evaluate(SAID) == ""
    if key:
        button.focus()
        seen.page.keyboard.press(key)
    else:
        button.click()
    seen.until(f"{SAID} === 'Copied'")
    assert seen.page.get_by_role("status").filter(has_text="Copied").count() == 1
    assert seen.page.evaluate("navigator.clipboard.readText()") == markdown(site, CONTENT[0])
    assert not seen.faults


def test_copy_page_after_instant_navigation(visits: Callable[..., Visit], site: Path) -> None:
    """The page that is shown, not the one that was loaded first."""
    seen = visits().go("")
    seen.page.evaluate("window.same = true")
    assert not seen.page.locator(BUTTON).count()
    for address in CONTENT[:2]:
        seen.page.locator(f".md-nav--primary a.md-nav__link[href$='{address}']").first.click()
        seen.page.wait_for_url(BASE + address)
        seen.page.wait_for_function(
            "want => document.querySelector('link[rel=canonical]')?.href === want", arg=BASE + address
        )
        seen.page.locator(BUTTON).click()
        seen.until(f"{SAID} === 'Copied'")
        assert seen.page.evaluate("navigator.clipboard.readText()") == markdown(site, address)
    assert seen.page.evaluate("window.same === true")
    assert not seen.faults


def test_a_page_that_cannot_be_copied_says_so(visit: Callable[..., Visit]) -> None:
    seen = visit().go(CONTENT[0])
    seen.page.route("**/*.md", lambda route: route.abort())
    seen.page.locator(BUTTON).click()
    seen.until(f"{SAID}.startsWith('Not copied')")


def test_without_scripts_there_is_no_button(chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(BASE + CONTENT[0])
    assert page.locator(".offers a").first.is_visible()
    assert not page.locator(BUTTON).is_visible()
    context.close()


@pytest.mark.parametrize("width", reader.WIDTHS)
def test_a_name_in_code_leads_to_its_entry(visit: Callable[..., Visit], width: int) -> None:
    """A dotted line is all that tells it from the code around it, until it is pointed at or has the focus."""
    seen = visit(width=width).go("part1/loss/")
    link = seen.page.locator(".highlight code > a[href$='#linreg.solve']").first
    line = "link => getComputedStyle(link).textDecorationStyle"
    colours = "link => [link, link.parentElement].map(e => getComputedStyle(e).color)"
    own, around = link.evaluate(colours)
    assert link.evaluate(line) == "dotted"
    assert own == around
    link.focus()
    seen.page.keyboard.press("Shift+Tab")
    seen.page.keyboard.press("Tab")
    assert link.evaluate(line) == "solid"
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url(f"{BASE}reference/api-solve/#linreg.solve")
    seen.page.wait_for_selector("[id='linreg.solve']")
    assert not seen.faults


@pytest.mark.parametrize("theme", reader.THEMES)
@pytest.mark.parametrize("width", reader.WIDTHS)
def test_a_lost_reader_searches(visit: Callable[..., Visit], theme: str, width: int) -> None:
    """The page for a wrong address has a search that finds, and a way into each part."""
    seen = visit(theme, width).go("no/such/page/")
    sections = seen.page.locator(".md-content li a").evaluate_all("links => links.map(link => link.href)")
    assert {BASE, BASE + CONTENT[0], BASE + "reference/choose/", BASE + "about/verified/"} <= set(sections)
    assert set(sections) <= {BASE + address for address in PAGES}
    seen.page.get_by_label("Word or name").fill("predict_steps")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("a.md-search-result__link[href*='#linreg.predict_steps']", state="attached")
    assert seen.page.locator(".md-search__input").input_value() == "predict_steps"
    assert [fault for fault in seen.faults if "no/such/page" not in fault and "404" not in fault] == []
