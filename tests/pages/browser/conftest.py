"""A browser per worker that can see nothing but the built site."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import torch
from browsers import KINDS, advice, find
from playwright.sync_api import Browser, sync_playwright
from served import World
from visit import ENGINES, Visit

CHROMIUM = [
    "--no-sandbox",  # containers forbid it
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
]
FIREFOX = {
    "network.proxy.allow_hijacking_localhost": True,  # else it looks for `book.localhost` on this computer
    "dom.events.testing.asyncClipboard": True,  # tests may read the clipboard
}
SCHEME = "layout.css.prefers-color-scheme.content-override"  # 0 dark, 1 light


@pytest.fixture
def float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def world(site: Path) -> Iterator[World]:
    world = World(site)
    yield world
    world.shutdown()


@pytest.fixture(scope="session")
def launch(world: World) -> Iterator[Callable[[str, str], Browser]]:
    """`launch(engine, theme)` begins a browser, or gives the one that has begun."""
    with sync_playwright() as playwright:
        begun: list[Browser] = []

        @cache
        def launch(engine: str, dark: bool) -> Browser:
            kind, browser = KINDS[engine], getattr(playwright, engine)
            try:
                found = find(kind, browser)
            except RuntimeError as error:
                pytest.fail(str(error), pytrace=False)
            if not found:  # the book is proved in Chromium; Firefox is asked as well where there is one
                missing = pytest.fail if engine == "chromium" or os.environ.get("CI") else pytest.skip
                missing(advice(kind))
            if engine == "firefox":
                found["firefox_user_prefs"] = {**FIREFOX, SCHEME: int(not dark)}
            else:
                found["args"] = CHROMIUM
            begun.append(browser.launch(proxy={"server": world.proxy}, **found))
            return begun[-1]

        # a Chromium shows any theme; a Firefox must know it when it begins
        yield lambda engine, theme="light": launch(engine, engine == "firefox" and theme == "dark")
        for browser in begun:
            browser.close()


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Browser]) -> Browser:
    return launch("chromium")


@pytest.fixture
def visit(launch: Callable[..., Browser]) -> Iterator[Callable[..., Visit]]:
    """`visit(...)` begins a visit, which takes the arguments of `Visit` and ends with the test."""
    begun: list[Visit] = []

    def begin(theme: str = "light", width: int = 1280, engine: str = "chromium", **settings: object) -> Visit:
        begun.append(Visit(launch(engine, theme), theme, width, **settings))
        return begun[-1]

    yield begin
    for one in begun:
        one.context.close()


@pytest.fixture(params=ENGINES)
def visits(visit: Callable[..., Visit], request: pytest.FixtureRequest) -> Callable[..., Visit]:
    """As `visit`, in each of the browsers."""
    return lambda *args, **settings: visit(*args, engine=request.param, **settings)
