"""A browser per worker that can see nothing but the built site."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import ARGS, find
from playwright.sync_api import Browser, sync_playwright
from served import World
from visit import Visit


@pytest.fixture(scope="session")
def world(site: Path) -> Iterator[World]:
    world = World(site)
    yield world
    world.shutdown()


@pytest.fixture(scope="session")
def chromium(world: World) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            path = find(playwright.chromium)
        except RuntimeError as error:
            pytest.fail(str(error), pytrace=False)
        browser = playwright.chromium.launch(executable_path=path, args=ARGS, proxy={"server": world.proxy})
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visit]]:
    """`visit(...)` begins a visit, which takes the arguments of `Visit` and ends with the test."""
    begun: list[Visit] = []

    def begin(*args: object, **settings: object) -> Visit:
        begun.append(Visit(chromium, *args, **settings))
        return begun[-1]

    yield begin
    for one in begun:
        one.context.close()
