"""The site, built once for all workers of a run, and a browser per worker that can see nothing else."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import ARGS, find
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright
from served import World, build
from visit import Visit


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The built site; the first worker that asks builds it, the others wait. $SITE names a ready one."""
    if ready := os.environ.get("SITE"):
        return Path(ready)
    run = tmp_path_factory.getbasetemp()
    run = run if worker_id == "master" else run.parent
    folder, failure = run / "site", run / "site-failure.txt"
    with FileLock(run / "site.lock"):
        if not folder.exists() and not failure.exists():
            try:
                build(folder)
            except RuntimeError as error:
                failure.write_text(str(error))
    if failure.exists():
        pytest.fail(failure.read_text(), pytrace=False)
    return folder


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
    """`visit(theme=..., width=...)` begins a visit, which ends with the test."""
    begun: list[Visit] = []

    def begin(theme: str = "light", width: int = 1280) -> Visit:
        begun.append(Visit(chromium, theme, width))
        return begun[-1]

    yield begin
    for one in begun:
        one.context.close()
