"""What a page refuses to do, and where it works: on any host, in any folder, from disk."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from served import BASE, sources
from visit import FIRST, TYPING, Visit

# what a text that slipped into a page might try, and the rule that forbids it
ATTACKS = {
    "inline script": ("make('script', {textContent: 'window.stolen = 1'})", "script-src-elem"),
    "foreign script": ("make('script', {src: 'https://elsewhere.example/a.js'})", "script-src-elem"),
    "script as data": ("make('script', {src: 'data:text/javascript,window.stolen=1'})", "script-src-elem"),
    "handler": ("make('div', {innerHTML: '<i onclick=1>'}).firstChild.click()", "script-src-attr"),
    "text as code": ("setTimeout('window.stolen = 1')", "script-src"),
    "worker from a text": (
        "new Worker(URL.createObjectURL(new Blob(['postMessage(1)'])))",
        "worker-src",
    ),
    "foreign request": ("fetch('https://elsewhere.example/').catch(() => 0)", "connect-src"),
    "foreign image": ("make('img', {src: 'https://elsewhere.example/a.png'})", "img-src"),
    "style": ("make('style', {textContent: 'body { display: none }'})", "style-src-elem"),
    "foreign frame": ("make('iframe', {src: 'https://elsewhere.example/'})", "frame-src"),
    "plugin": ("make('object', {data: 'https://elsewhere.example/a'})", "object-src"),
    "foreign form": ("make('form', {action: 'https://elsewhere.example/'}).submit()", "form-action"),
    "base": ("make('base', {href: 'https://elsewhere.example/'})", "base-uri"),
}
TRY = """() => new Promise((told) => {
    const make = (tag, values) => {
        const made = Object.assign(document.createElement(tag), values);
        document.body.append(made);
        return made;
    };
    document.addEventListener("securitypolicyviolation", (event) => told(event.effectiveDirective));
    setTimeout(() => told("nothing"), 5000);
    ATTACK;
})"""


@pytest.mark.parametrize("attack", ATTACKS)
def test_policy(visit: Callable[..., Visit], attack: str) -> None:
    """The browser refuses what is not part of the site, and a visit tells of it."""
    code, rule = ATTACKS[attack]
    seen = visit().go("part1/loss/")
    assert not seen.faults
    assert seen.page.evaluate(TRY.replace("ATTACK", code)) == rule
    assert seen.page.evaluate("window.stolen") is None
    assert "Content Security Policy" in "".join(seen.faults)


def test_policy_after_instant_navigation(visit: Callable[..., Visit]) -> None:
    """It stays the one policy of the document, and as strict."""
    seen = visit().go("")
    seen.page.locator(f".md-nav--primary a[href*='{list(sources())[2]}']").click()
    seen.page.wait_for_url(BASE + list(sources())[2])
    assert seen.page.locator("meta[http-equiv=Content-Security-Policy]").count() == 1
    code, rule = ATTACKS["inline script"]
    assert not seen.faults
    assert seen.page.evaluate(TRY.replace("ATTACK", code)) == rule


class Plain(SimpleHTTPRequestHandler):
    """Python's file server, as a proxy in front of every host."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(urlsplit(path).path)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def elsewhere(site: Path, tmp_path: Path) -> Iterator[dict[str, object]]:
    """The site in a folder of another host, which knows of nothing but files."""
    folder = tmp_path / "deep" / "in" / "it"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(site)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Plain, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    proxy = {"server": f"http://127.0.0.1:{server.server_port}"}
    yield {"base": "http://plain.localhost/deep/in/it/", "proxy": proxy}
    server.shutdown()


@pytest.fixture
def disk(site: Path, tmp_path: Path) -> dict[str, object]:
    """The book without a server, as a reader unpacks it."""
    shutil.unpack_archive(site / "linreg-book.zip", tmp_path)
    return {"base": (tmp_path / "linreg-book").as_uri() + "/"}


@pytest.mark.parametrize(("place", "end"), [("elsewhere", ""), ("disk", "index.html")])
def test_other_places(
    visit: Callable[..., Visit], request: pytest.FixtureRequest, place: str, end: str
) -> None:
    """From page to page by links, then a copy, then a search, and all without a fault."""
    where = request.getfixturevalue(place)
    pages = [address for address, source in sources().items() if source.suffix == ".py"]
    seen = visit(**where).go(end)
    for address in (*pages[:2], pages[-1], "about/verified/"):
        links = seen.page.locator(".md-nav--primary a.md-nav__link")
        hrefs = links.evaluate_all("links => links.map(link => link.href)")
        links.nth(hrefs.index(f"{where['base']}{address}{end}")).click()
        seen.page.wait_for_url(f"{where['base']}{address}{end}")
        seen.until("document.querySelector('.md-code__button')")
        seen.look("open")
        assert seen.page.locator(".drawn").count(), address
        for check in ("overflow", "formulas", "figures", "anchors"):
            assert not seen.look(check), (address, check)
    button = seen.page.locator(".md-content .md-code__button:visible").first
    button.click()
    copied = seen.page.evaluate("navigator.clipboard.readText()")
    assert copied == button.evaluate("button => button.closest('[data-copy]').dataset.copy")
    seen.page.keyboard.press("/")
    seen.until(TYPING)
    seen.page.keyboard.type("largest_stable_rate")
    seen.until(f"{FIRST}?.textContent.includes('largest_stable_rate')")
    seen.page.locator("a.md-search-result__link[href*='#linreg.Curvature.largest_stable_rate']").click()
    seen.page.wait_for_url(f"{where['base']}reference/api-descent/{end}#linreg.Curvature.largest_stable_rate")
    seen.page.locator("a.md-logo").first.click()
    seen.page.wait_for_url(where["base"] + end)
    assert not seen.faults
