"""Finding things: by search, and without a mouse."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from served import BASE, sources
from visit import FIRST, TYPING, Visit, search


def words(page: Path, inside: str = r"<article.*?</article>") -> set[str]:
    """The words of a built page, or of some parts of it."""
    text = " ".join(re.findall(inside, page.read_text(), re.S))
    return set(re.findall(r"\b[a-z]{7,}\b", unescape(re.sub(r"<[^>]*>", " ", text)).lower()))


def singular(site: Path) -> dict[str, str]:
    """For each executed page a word that stands on no other page."""
    shown = {address: words(site / address / "index.html") for address in sources()}
    said = {address: words(site / address / "index.html", r"<p>.*?</p>") for address in sources()}
    found = {}
    for address, source in sources().items():
        rest = set().union(*(shown[other] for other in shown if other != address))
        stems = {word[:6] for word in rest}  # the search also finds what only begins alike
        own = sorted(word for word in said[address] if word[:6] not in stems)
        if source.suffix == ".py" and own:
            found[address] = max(own, key=len)
    return found


def test_search(visit: Callable[..., Visit], site: Path) -> None:
    """A word that occurs on one executed page only leads to that page."""
    found = singular(site)
    assert len(found) >= 3, "too few executed pages have a word of their own"
    seen = visit()
    for address, word in found.items():
        search(seen.go(""), word, key="/")
        seen.page.wait_for_function(f"word => {FIRST}?.textContent.toLowerCase().includes(word)", arg=word)
        result = seen.page.locator("a.md-search-result__link").first
        assert result.get_attribute("href").startswith(BASE + address), (word, address)
        result.click()
        seen.page.wait_for_url(f"{BASE}{address}**")
    assert not seen.faults


@pytest.mark.parametrize("words", ["largest_stable_rate", "stable rate", "Curvature.largest"])
def test_search_for_a_name(visits: Callable[..., Visit], words: str) -> None:
    """A name is found as a whole and by its parts."""
    seen = visits().go("")
    search(seen, words)
    found = "a.md-search-result__link[href*='#linreg.Curvature.largest_stable_rate']"
    seen.page.wait_for_selector(found, state="attached")
    assert not seen.faults


@pytest.mark.parametrize("letter", ["lambda", "λ"])
def test_search_for_a_letter(visit: Callable[..., Visit], letter: str) -> None:
    """A formula is found by its letters and by their names, and is shown without TeX.

    Not always first: `lambda` is also what R calls a penalty.
    """
    seen = visit().go("")
    search(seen, letter)
    seen.until("document.querySelector('.md-search-result__list')?.textContent.includes('λ')")
    assert "\\(" not in seen.page.locator(".md-search-result__list").inner_text()
    assert not seen.faults


@pytest.mark.parametrize("word", ["学习率", "条件"])
def test_search_in_chinese(visits: Callable[..., Visit], word: str) -> None:
    """The Chinese name of a term, or its beginning, leads to the glossary."""
    seen = visits().go("")
    search(seen, word)
    shown = f"{FIRST}?.textContent.replaceAll('\\u200b', '')"  # which stands between the words of Chinese
    seen.page.wait_for_function(f"word => {shown}.includes(word)", arg=word)
    link = seen.page.locator("a.md-search-result__link").first
    assert link.get_attribute("href").startswith(f"{BASE}reference/glossary/")
    assert not seen.faults


@pytest.mark.parametrize(
    ("words", "pages"),
    [
        ("kappa", ["part1/descent/", "part2/scaling/"]),  # the name of a letter in a formula
        # functions, and where they are used
        ("predict_steps", ["reference/api-descent/", "part1/descent-run/"]),
        ("merge_ranks", ["reference/api-stream/", "part3/rows-machines/"]),
        ("raw_loop", ["part1/descent-run/"]),  # a name that only the code of an executed page has
        ("residual", ["part1/loss/", "reference/glossary/"]),  # a word that one looks up
        ("condition number", ["part1/exact-run/", "part3/digits/"]),
    ],
)
def test_search_finds_the_pages(visit: Callable[..., Visit], words: str, pages: list[str]) -> None:
    """Formulas, functions, code of executed pages, terms: each leads to the pages that have it."""
    seen = visit().go("")
    search(seen, words)
    links = "() => [...document.querySelectorAll('a.md-search-result__link')].map(link => link.href)"
    seen.page.wait_for_selector("a.md-search-result__link", state="attached")
    seen.page.locator(".md-search__scrollwrap").hover()
    missing, rounds = {BASE + page for page in pages}, 100
    while missing and rounds:  # the list grows each time that a reader comes to its end
        missing -= {re.split("[?#]", link)[0] for link in seen.page.evaluate(links)}
        seen.page.mouse.wheel(0, 1000)
        seen.page.wait_for_timeout(50)
        rounds -= 1
    assert not missing
    assert not seen.faults


def test_search_by_keyboard(visits: Callable[..., Visit]) -> None:
    """`s` opens the search, the arrows walk through it, Enter follows, Escape leaves."""
    seen = visits().go("")
    press = seen.page.keyboard.press
    press("s")
    seen.until(TYPING)
    press("Escape")
    seen.until(f"!{TYPING}")
    seen.page.wait_for_timeout(50)  # the theme looks a moment later, and must see that the focus is gone
    search(seen, "gradient")
    seen.until(f"{FIRST}?.textContent.includes('gradient')")
    press("ArrowDown")
    seen.until("document.activeElement.matches('.md-search-result__link')")
    found = seen.page.evaluate("document.activeElement.href")
    press("Enter")
    seen.page.wait_for_url(f"{found}**")
    assert not seen.faults


@pytest.mark.parametrize(
    ("address", "theme", "colours"),
    [  # pages of each kind, and the colours of the reader's system
        ("", "light", "none"),
        ("part1/start/", "dark", "none"),
        ("part1/start/", "light", "active"),
        ("reference/api-stream/", "dark", "none"),
    ],
)
def test_keyboard(visit: Callable[..., Visit], address: str, theme: str, colours: str) -> None:
    """Tab walks through all that a mouse could use, from the skip link on, and shows where it is."""
    seen = visit(theme)
    seen.page.emulate_media(forced_colors=colours)
    seen.go(address)
    stops = []
    while len(stops) < 400:
        seen.page.keyboard.press("Tab")
        stop = seen.page.evaluate("look.focus()")
        if stop is None:
            break
        stops.append(stop)
    assert "md-skip" in stops[0]["name"]
    walked = [stop["name"] for stop in stops]
    wanted = ("md-logo", "md-search__input", "md-nav__link", "md-code__button", "summary", "md-footer__link")
    if address:
        wanted += ("Copy page as Markdown",)
    if sources()[address].suffix == ".py":
        wanted += ("Script",)
    assert [part for part in wanted if not any(part in name for name in walked)] == []
    buttons = seen.page.locator(".md-content .md-code__button:visible").count()
    assert sum("md-code__button" in name for name in walked) == buttons
    dim = {stop["name"] for stop in stops if not stop["marked"] or stop["size"] < 1}
    assert not dim, "no mark of focus on " + "; ".join(dim)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_the_system(visit: Callable[..., Visit], theme: str) -> None:
    """Where the system forces its colours, figures, icons and the marks of claims can still be seen."""
    seen = visit(theme)
    seen.page.emulate_media(forced_colors="active")
    for address in ("", "part1/descent-run/"):
        seen.go(address).look("open")
        assert seen.page.locator("figure svg, .claim, details, .md-code__button").count() >= 4
        assert not [*seen.look("figures"), *seen.look("outlines")]


def test_no_motion(visit: Callable[..., Visit]) -> None:
    """Nothing moves for readers who asked for that."""
    seen = visit()
    seen.page.emulate_media(reduced_motion="reduce")
    for address in ("", "reference/api-stream/"):
        assert not seen.go(address).look("motion")


def test_skip_link(visits: Callable[..., Visit]) -> None:
    """The skip link shows itself on the first Tab, and leads past the navigation."""
    seen = visits().go(list(sources())[1])
    seen.page.keyboard.press("Tab")
    seen.until("getComputedStyle(document.activeElement).opacity === '1'")
    seen.page.keyboard.press("Enter")
    seen.until("location.hash && !document.activeElement.closest('.md-skip')")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("!!document.activeElement.closest('.md-content')")
