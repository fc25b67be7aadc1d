"""A reader copies every block of a page, in order, and runs it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import clipboard
import pytest
from project import WHOLE
from served import BASE, World, chinese, source_of, sources
from visit import Visit


@pytest.fixture(scope="session")
def install(site: Path) -> str:
    """The install line of the site, as its pages have it."""
    lines = {
        unescape(line)
        for page in site.rglob("index.html")
        for line in re.findall(r'data-copy="(pip install [^"]*)"', page.read_text())
    }
    (line,) = lines
    return line


@pytest.fixture(scope="session")
def package(install: str, world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which pip installs what that line names, from the site itself."""
    folder = tmp_path_factory.mktemp("installed")
    command, *rest = shlex.split(install)
    assert command == "pip"
    options = ["--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
    options += ["--target", str(folder), "--proxy", world.proxy]
    env = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [sys.executable, "-m", command, *rest, *options], env=env, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return folder


def test_install(install: str, package: Path) -> None:
    """The wheel comes from the site, and `linreg` from the wheel."""
    assert f"@ {BASE}linreg_book-" in install
    show = "import sys; sys.path.insert(0, sys.argv[1]); import linreg; print(linreg.__file__)"
    found = subprocess.check_output([sys.executable, "-I", "-c", show, str(package)], text=True)
    assert found.strip() == str(package / "linreg" / "__init__.py")


# The blocks of a page are those that its own tests run; as copied, with the wheel, a third runs once more.
RUN = set(sources()) if WHOLE else {*list(sources())[::3], "part1/start/"}


@pytest.mark.parametrize("address", [*sources(), *chinese(11)], ids=lambda address: address or "home")
def test_copy(visit: Callable[..., Visit], install: str, package: Path, tmp_path: Path, address: str) -> None:
    seen = visit().go(address)
    seen.look("open")
    source = source_of(address)
    snippets = clipboard.wanted(source, install, seen)
    texts = clipboard.copied(seen)
    faults = clipboard.differences(texts, snippets, seen)
    if address in RUN and not faults:
        for data in source.parent.glob("*.json"):  # a reader downloads what the page names
            shutil.copy(data, tmp_path)
        faults += clipboard.run(texts, snippets, package, tmp_path)
    assert not faults, "\n" + "\n\n".join(faults)
    assert not seen.faults
