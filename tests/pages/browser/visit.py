"""One visit of a reader to one page, and all that can go wrong with it.

A check is a function of a `Visit` that returns its faults as sentences; `test_browser_checks.py` shows that
each can fail.
"""

import json
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page, ProxySettings, Request, Response
from served import BASE

from book.render.formulas import PARTS

LOOK = (Path(__file__).parent / "look.js").read_text()
SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifted += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
"""
LOOKS = ("overflow", "clipping", "overlap", "formulas", "figures", "anchors")  # of look.js, on each page
# The search: what it found first, and whether it takes what is typed.
FIRST = "document.querySelector('.md-search-result__item')"
TYPING = (
    "(document.activeElement.matches('.md-search__input') && document.querySelector('#__search').checked)"
)
# Asks its worker as the theme does: the places found for each of the words.
ASK = """async ([index, words]) => {
    const bundle = document.querySelector("script#__config").textContent;
    const worker = new Worker(new URL(JSON.parse(bundle).search, location.href));
    const told = (type, data) => new Promise((tell) => {
        worker.onmessage = (event) => tell(event.data);
        worker.postMessage({ type, data });
    });
    await told(0, { ...await (await fetch(index)).json(), options: { suggest: false } });
    const found = [];
    for (const word of words) {
        const { data } = await told(2, word);
        found.push(data.items.map((page) => page.map((part) => part.location)));
    }
    worker.terminate();
    return found;
}"""
ENGINES = ("chromium", "firefox")
THEMES = ("light", "dark")
WIDTHS = (1280, 390)
WHOLE, CODE = 150_000, 100_000  # bytes over the wire, gzip and headers and all, with an empty cache
ENLARGED = 320  # WCAG 2.2, 1.4.10
ABORTED = ("net::ERR_ABORTED", "NS_BINDING_ABORTED")  # so ends what a reader does not wait for
HALF = "Incorrect number of children for <"  # Firefox, of MathML
PAPER = 700  # the width of A4 between its margins, in CSS pixels
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Visit:
    """A fresh browser profile with one page open; `faults` collects what the network and the console tell."""

    def __init__(
        self,
        browser: Browser,
        theme: str = "light",
        width: int = 1280,
        base: str = BASE,
        proxy: ProxySettings | None = None,
    ) -> None:
        self.theme, self.base = theme, base
        self.engine = browser.browser_type.name
        settings: dict[str, Any] = {"proxy": proxy, "viewport": {"width": width, "height": 900}}
        if self.engine == "chromium":  # which lets a page be told these
            settings["color_scheme"] = theme
            settings["permissions"] = ["clipboard-read", "clipboard-write"]
        self.context = browser.new_context(**settings)
        self.context.set_default_timeout(30_000)
        self.context.add_init_script((SHIFTS if self.engine == "chromium" else "") + LOOK)
        self.faults: list[str] = []
        self.weights: Counter[str] = Counter()  # bytes over the wire, headers and all, by kind of file
        self.kinds: dict[str, str] = {}  # of file, by the number of its request
        self.page: Page = self.context.new_page()
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self.asked)
        self.page.on("requestfailed", self.refused)
        self.page.on("response", self.answered)
        if self.engine == "chromium":
            self.wire = self.context.new_cdp_session(self.page)
            self.wire.on("Network.responseReceived", self.received)
            self.wire.on("Network.loadingFinished", self.loaded)
            self.wire.send("Network.enable")
            self.wire.send("Performance.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.context.close()

    def go(self, address: str) -> Self:
        """Open the page at `address`, relative to the site, and wait until it is quiet."""
        self.page.goto(self.base + address, wait_until="networkidle")
        self.until("window.document$")  # the theme's script has begun
        self.until(  # and it adds the copy buttons
            "!document.querySelector('.md-content [data-copy]') || document.querySelector('.md-code__button')"
        )
        return self

    def until(self, condition: str) -> None:
        """Wait for it. As a function: the pages do not allow a text to be evaluated again and again."""
        self.page.wait_for_function(f"() => {condition}")

    def look(self, at: str) -> list[str]:
        """The faults that a function of `look.js` finds."""
        return self.page.evaluate(f"look.{at}()")

    def heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console: {message.type}: {message.text}")

    def asked(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"foreign request: {request.url}")

    def refused(self, request: Request) -> None:
        if request.failure not in ABORTED:
            self.faults.append(f"failed request: {request.url} ({request.failure})")

    def answered(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"failed request: {response.url} ({response.status})")

    def received(self, event: dict[str, str]) -> None:
        self.kinds[event["requestId"]] = event["type"]

    def loaded(self, event: dict[str, Any]) -> None:
        self.weights[self.kinds.get(event["requestId"], "Other")] += int(event["encodedDataLength"])


def search(visit: Visit, words: str, key: str = "s") -> None:
    """Open the search from the keyboard, and type."""
    visit.page.keyboard.press(key)
    visit.until(TYPING)
    visit.page.keyboard.type(words)


def network(visit: Visit) -> list[str]:
    """No message of the console, no failed and no foreign request, from the start of the visit until now.

    Firefox lays a page out while it arrives, and finds fault with a formula of which half has come; what it
    says counts where the whole page has such a formula.
    """
    if visit.page.evaluate(f"look.misshapen({json.dumps(PARTS)})"):
        return visit.faults
    return [fault for fault in visit.faults if HALF not in fault]


def shifts(visit: Visit) -> list[str]:
    """What a reader looks at stays where it is while the page loads."""
    moved = visit.page.evaluate("shifted")
    return [f"the layout shifted by {moved:.3f}"] if moved >= 0.05 else []


def layouts(visit: Visit) -> list[str]:
    """A page is laid out as it arrives, and not once more for each thing that a script looks at."""
    measured = {one["name"]: one["value"] for one in visit.wire.send("Performance.getMetrics")["metrics"]}
    times = int(measured["LayoutCount"])
    return [f"laid out {times} times"] if times > 40 else []


def scheme(visit: Visit) -> list[str]:
    """The page is as dark as the reader's system."""
    colour = visit.page.evaluate("document.body.dataset.mdColorScheme")
    return [] if colour == {"light": "default", "dark": "slate"}[visit.theme] else [f"the theme is {colour}"]


def weight(visit: Visit) -> list[str]:
    """A first visit is light, its folds opened: all files, and script and style alone."""
    visit.page.wait_for_load_state("networkidle")
    whole, code = visit.weights.total(), visit.weights["Script"] + visit.weights["Stylesheet"]
    faults = [f"{whole} bytes, {WHOLE} are too many"] if whole >= WHOLE else []
    return [*faults, f"{code} bytes of script and style, {CODE} are too many"] if code >= CODE else faults


def axe(visit: Visit) -> list[str]:
    """WCAG 2.2 AA and the good practices that axe can see."""
    visit.look("thin")
    contrast = {"id": "color-contrast", "selector": ":not([data-again], .katex *, figure svg *)"}
    options = {"runOnly": RULES, "resultTypes": ["violations"], "preload": False}
    visit.page.evaluate(f"{AXE_SCRIPT}; axe.configure({json.dumps({'rules': [contrast]})})")
    found = visit.page.evaluate("options => axe.run(options)", options)
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


def fonts(visit: Visit) -> list[str]:
    """Every letter of a formula comes from KaTeX's fonts: the subsets that the site serves lack none.

    But Chinese words, which are in the system's.
    """
    wire = visit.wire
    for domain in ("DOM", "CSS"):
        wire.send(f"{domain}.enable")
    root = wire.send("DOM.getDocument")["root"]["nodeId"]
    visit.look("chinese")
    selector = ".katex-html:not([data-chinese])"
    nodes = wire.send("DOM.querySelectorAll", {"nodeId": root, "selector": selector})["nodeIds"]
    used = {
        font["familyName"]
        for node in nodes
        for font in wire.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        if not font["isCustomFont"]
    }
    return [f"a letter of a formula is drawn in {', '.join(used)}"] if used else []


def paper(visit: Visit) -> list[str]:
    """Printed, nothing is cut."""
    size = visit.page.viewport_size
    visit.page.set_viewport_size({"width": PAPER, "height": 1000})
    visit.page.emulate_media(media="print", color_scheme="light")
    faults = [*visit.look("overflow"), *visit.look("cuts"), *visit.look("figures")]
    visit.page.emulate_media(media="screen", color_scheme="dark" if visit.theme == "dark" else "light")
    visit.page.set_viewport_size(size)
    return faults


def zoomed(visit: Visit) -> list[str]:
    """A desk of 1280 pixels, enlarged four times, is 320 wide: nothing is cut, nothing sticks out."""
    size = visit.page.viewport_size
    visit.page.set_viewport_size({"width": ENLARGED, "height": 256})
    faults = [*visit.look("overflow"), *visit.look("clipping"), *visit.look("overlap")]
    visit.page.set_viewport_size(size)
    return faults
