"""Every page, in both themes, on a desk and in the hand; and some of the Chinese edition."""

import gzip
from collections.abc import Callable
from itertools import product

import pytest
import visit as reader
from playwright.sync_api import TimeoutError
from project import WHOLE
from served import BASE, World, chinese, sources
from visit import LOOKS, THEMES, WIDTHS, Visit

PAGES = list(sources())
# Each page in both themes and at both widths, but in one theme at each, which changes from page to page.
SETTINGS = [
    pytest.param(address, theme, width, id=f"{address or 'home'}-{theme}-{width}")
    for i, address in enumerate(PAGES)
    for (j, theme), (k, width) in product(enumerate(THEMES), enumerate(WIDTHS))
    if WHOLE or (i + j + k) % 2 == 0
]
SETTINGS += [
    pytest.param(address, theme, width, id=f"{address}-{theme}-{width}")
    for i, address in enumerate(chinese(4))
    for j, (theme, width) in enumerate(product(THEMES, WIDTHS))
    if WHOLE or i % 4 == j
]


@pytest.mark.parametrize(("address", "theme", "width"), SETTINGS)
def test_page(visit: Callable[..., Visit], address: str, theme: str, width: int) -> None:
    seen = visit(theme, width).go(address)
    faults = {check: getattr(reader, check)(seen) for check in ("layouts", "shifts", "scheme")}
    seen.look("open")  # what is folded must be as good as the rest
    faults["weight"] = reader.weight(seen)
    assert min(seen.weights[kind] for kind in ("Document", "Script", "Stylesheet")) > 5_000, "was counted"
    assert seen.weights.total() > 30_000, "what a page cannot do without was not counted"
    faults |= {check: seen.look(check) for check in LOOKS}
    faults["axe"] = reader.axe(seen)
    if theme == THEMES[0]:  # these depend on neither
        faults |= {check: getattr(reader, check)(seen) for check in ("fonts", "paper", "zoomed")}
    faults["network"] = reader.network(seen)
    assert not told(faults)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("address", [*PAGES, *chinese(11)], ids=lambda address: address or "home")
def test_page_in_firefox(visit: Callable[..., Visit], address: str, theme: str) -> None:
    """What another engine may draw or refuse otherwise; each theme at one width, and without a message."""
    seen = visit(theme, dict(zip(THEMES, WIDTHS, strict=True))[theme], engine="firefox").go(address)
    faults = {"scheme": reader.scheme(seen)}
    seen.look("open")
    faults |= {check: seen.look(check) for check in LOOKS}
    buttons = seen.page.locator(".md-content .md-code__button[data-md-type=copy]:visible")
    if theme == THEMES[0] and buttons.count():
        buttons.last.click()
        wanted = buttons.last.evaluate("button => button.closest('[data-copy]').dataset.copy")
        copied = seen.page.evaluate("navigator.clipboard.readText()")
        faults["copy"] = [] if copied == wanted else [f"copied {copied!r}"]
    faults["network"] = reader.network(seen)
    assert not told(faults)


def told(faults: dict[str, list[str]]) -> str:
    return "".join(f"\n{check}: {text}" for check in faults for text in faults[check])


def test_every_page_is_visited(world: World, edition: str) -> None:
    """The navigation, from which the tests take the pages, has all that the site tells search engines of."""
    status, _, packed, _ = world.answer(BASE + edition + "sitemap.xml")
    text = gzip.decompress(packed).decode()
    listed = [part.split("</loc>")[0].removeprefix(BASE + edition) for part in text.split("<loc>")[1:]]
    assert status == 200
    assert sorted(listed) == sorted(PAGES)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_lost_reader(visit: Callable[..., Visit], theme: str, width: int) -> None:
    """A wrong address, however deep, shows a page that works."""
    seen = visit(theme, width).go("part1/no/such/page/")
    missing = [fault for fault in seen.faults if "no/such/page" in fault or "404" in fault]
    assert len(missing) == len(seen.faults) <= 2  # the page itself, as the console tells too
    assert seen.page.locator("h1").first.is_visible()
    assert not [*seen.look("overflow"), *reader.axe(seen), *reader.scheme(seen)]
    seen.page.locator("a.md-logo").first.evaluate("link => link.click()")  # on a phone it is in the drawer
    seen.page.wait_for_url(BASE)


def test_palette(visits: Callable[..., Visit]) -> None:
    """The button goes system, light, dark; the choice outlives a reload and a page."""
    seen = visits("dark").go("")
    scheme = "document.body.dataset.mdColorScheme"
    assert seen.page.evaluate(scheme) == "slate"
    seen.page.locator("label[for^=__palette]:visible").click()
    assert seen.page.evaluate(scheme) == "default"
    for address in ("", PAGES[1]):
        seen.go(address)
        assert seen.page.evaluate(scheme) == "default"
        assert seen.page.locator("label[for^=__palette]:visible").count() == 1
    seen.page.locator("label[for^=__palette]:visible").click()
    assert seen.page.evaluate(scheme) == "slate"
    assert seen.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark", (
        "scroll bar"
    )
    assert not seen.faults


def test_instant_navigation(visit: Callable[..., Visit]) -> None:
    """A page reached by a click on the navigation has all that it has when loaded afresh."""
    one, fresh = visit(), {}
    pages = PAGES if WHOLE else PAGES[::3]
    for address in pages:
        fresh[address] = one.go(address).look("contents")
    seen = visit().go(pages[0])
    seen.page.evaluate("window.same = true")
    faults = []
    for address in [*pages[1:], pages[0]]:
        links = seen.page.locator(".md-nav--primary a.md-nav__link")
        hrefs = links.evaluate_all("links => links.map(link => link.href.split('#')[0])")
        links.nth(hrefs.index(BASE + address)).click()
        seen.page.wait_for_url(BASE + address)
        try:
            seen.page.wait_for_function(
                "want => JSON.stringify(look.contents()) === JSON.stringify(want)", arg=fresh[address]
            )
        except TimeoutError:
            now = seen.look("contents")
            differ = [(key, fresh[address][key], now[key]) for key in now if now[key] != fresh[address][key]]
            faults.append(f"{address or 'home'}: {differ}")
        if not seen.page.evaluate("window.same === true"):
            faults.append(f"{address or 'home'}: was loaded as a whole")
    assert not [*faults, *seen.faults]
