"""The pages in a reader's hands: Python's own doctest and pytest pass on them, with the wheel and no more.

The world of the reader has the locked packages and the wheel that the site serves. Nothing of the project
is there, neither its checkout nor its checker of pages.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from doctest import DocTestParser, Example
from pathlib import Path

import pytest
from project import ROOT
from served import sources

from book.page.files import book

MARKDOWN = [path for path in book(ROOT) if path.suffix == ".md"]
SERVED = {path: f"{address.rstrip('/') or 'index'}.md" for address, path in sources().items()}
PAGES = sorted({*MARKDOWN, *SERVED})
SCRIPTS = [path for path in PAGES if path.suffix == ".py"]


class Reader:
    """An environment of its own, and a folder to stand in."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False)
        self.python = folder / "venv/bin/python"
        (own,) = (folder / "venv").glob("lib/python*/site-packages")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(own)
        locked = [path for path in sys.path if path.endswith("site-packages")]
        (own / "locked.pth").write_text("\n".join(locked))  # their own `.pth`, the checkout's, are not read

    def run(self, *arguments: str | Path, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        keep = ("PATH", "HOME", "LANG")
        env = {name: os.environ[name] for name in keep if name in os.environ} | settings
        command = [str(self.python), *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)


@pytest.fixture(scope="module")
def reader(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    (wheel,) = site.glob("*.whl")
    return Reader(tmp_path_factory.mktemp("reader"), wheel)


def examples(text: str) -> list[tuple[str, str]]:
    """What doctest runs of a page, and what it expects."""
    found: list[Example] = DocTestParser().get_examples(text)
    return [(example.source, example.want) for example in found]


def with_data(page: Path, text: str, folder: Path) -> None:
    """Put the files beside a page that it links to where the reader would have saved them."""
    for name in re.findall(r"\]\((?:[^()\s]*/)?([\w-]+\.json)\)", text):
        shutil.copy(page.parent / name, folder)


def test_the_reader_has_the_wheel_and_nothing_else_of_the_project(reader: Reader, tmp_path: Path) -> None:
    code = (
        "from importlib.util import find_spec; import linreg\n"
        "print(linreg.__file__, find_spec('tests'), find_spec('evaluate'))"
    )
    done = reader.run("-c", code, cwd=tmp_path)
    assert done.stdout.startswith(str(reader.folder)), done.stderr
    assert done.stdout.endswith(".py None None\n")


@pytest.mark.parametrize("source", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_plain_doctest_passes(source: Path, reader: Reader, site: Path, tmp_path: Path) -> None:
    """`python -m doctest FILE`, the source and what the site serves; once, where both have equal examples."""
    files = [source] if source in MARKDOWN else []
    files += [site / SERVED[source]] if source in SERVED else []
    ran: list[list[tuple[str, str]]] = []
    for file in files:
        text = file.read_text()
        found = examples(text)
        prompts = re.findall(r"^[ >]*>>> (?!#)", text, re.M)  # in quotations too
        assert len(found) == len(prompts), "some are hidden from doctest"
        if found in (*ran, []):
            continue
        ran.append(found)
        with_data(source, text, tmp_path)
        done = reader.run("-m", "doctest", file, cwd=tmp_path, OMP_NUM_THREADS="1")  # other tests run beside
        assert not done.returncode, f"{file}\n{done.stdout}{done.stderr}"
        assert not done.stdout + done.stderr


@pytest.mark.parametrize("source", SCRIPTS, ids=lambda path: path.stem)
def test_a_program_checks_itself(source: Path, site: Path) -> None:
    """What an executed page offers holds its `assert`s; other tests run it."""
    program = ast.parse((site / SERVED[source].replace(".md", ".py")).read_text())
    checks = ("assert_close", "assert_allclose")
    found = [
        node
        for node in ast.walk(program)
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Attribute) and node.attr in checks)
    ]
    assert len(found) > 2


@pytest.mark.parametrize(
    ("served", "settings"),
    [
        (False, {"OMP_NUM_THREADS": "1"}),
        (True, {"OMP_NUM_THREADS": "2", "MKL_CBWR": "COMPATIBLE"}),  # other sums, in another order of pages
    ],
    ids=["sources", "served"],
)
def test_plain_pytest_passes(
    served: bool, settings: dict[str, str], reader: Reader, site: Path, tmp_path: Path
) -> None:
    """`pytest --doctest-glob="*.md"`: one process for all pages, which must not disturb each other."""
    home = site if served else ROOT / "docs/en"
    files = [home / name for name in SERVED.values()] if served else MARKDOWN
    for file in files:
        copy = tmp_path / (file.relative_to(home) if file.is_relative_to(home) else file.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        with_data(file, file.read_text(), copy.parent)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.md"))
    wanted = sum(bool(examples(file.read_text())) for file in files)
    done = reader.run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-glob=*.md"),
        *(reversed(names) if served else names),
        cwd=tmp_path,
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        **settings,
    )
    assert not done.returncode, done.stdout + done.stderr
    assert re.search(rf"^{wanted} passed in ", done.stdout, re.M), done.stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```pycon\n>>> 1 + 1\n2\n```\n", "Expected:\n    2\n    ```"),
        ("```python\nx = 1\n```\n\n```pycon\n>>> x\n1\n\n```\n", "NameError: name 'x' is not defined"),
        ("```pycon\n>>> 1 / 3\n0.3\n\n```\n", "Got:\n    0.333"),
    ],
)
def test_a_page_with_a_fault_fails(text: str, told: str, reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(text)
    done = reader.run("-m", "doctest", "page.md", cwd=tmp_path)
    assert done.returncode
    assert told in done.stdout
