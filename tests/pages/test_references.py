"""What docstrings and pages name as their source is on the page of references, in full."""

import ast
import re
from typing import NamedTuple

import pytest
from project import ROOT

PAGE = ROOT / "docs/en/reference/references.md"
TEXT = PAGE.read_text(encoding="utf-8")
ENTRY = re.compile(r"^(?P<label>\S.*, (?P<year>\d{4})) \{#(?P<anchor>\w+)\}\n:   (?P<work>.+)$", re.M)
WORD = re.compile(r"[^\W\d_]{2,}|\d{4}")


def words(text: str) -> set[str]:
    """Words of two letters or more, and years."""
    return {word.casefold() for word in WORD.findall(text)}


class Work(NamedTuple):
    """An entry under "The works"."""

    label: str
    anchor: str
    text: str

    @property
    def names(self) -> set[str]:
        """The authors' family names."""
        return words(re.sub(r", \d+$|\band\b", "", self.label))


WORKS = [Work(m["label"], m["anchor"], f"{m['label']}. {m['work']}") for m in ENTRY.finditer(TEXT)]


def cited(text: str) -> list[Work]:
    """The works whose authors a text names."""
    return [work for work in WORKS if work.names <= words(text)]


def strange(text: str) -> set[str]:
    """Names, other words with a capital, and years that no entry for these authors has."""
    known = words("Source " + " ".join(work.text for work in cited(text)))
    return {word for word in WORD.findall(text) if not word.islower() and word.casefold() not in known}


def sections(text: str) -> set[str]:
    return set(re.findall(r"(?<![\d.])\d+(?:\.\d+)+", text))


def sources() -> dict[str, str]:
    """What docstrings call their source, by module and name."""
    found = {}
    for path in sorted(ROOT.glob("linreg/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                for i, match in enumerate(re.finditer(r"Source: .*?(?=\n\n|\Z)", text, re.S)):
                    found[f"{path.stem}.{getattr(node, 'name', '')}{i or ''}"] = " ".join(match[0].split())
    return found


def bibliographies() -> dict[str, list[str]]:
    """The works in the lists of references that other pages have, by page."""
    found = {}
    for path in sorted(ROOT.glob("docs/en/**/*")):
        if path.suffix in (".md", ".py") and path != PAGE:
            text = re.sub(r"^# ?", "", path.read_text(encoding="utf-8"), flags=re.M)
            if part := re.search(r"^#+ References\n(.*?)(?=^#+ |\Z)", text, re.M | re.S):
                items = re.findall(r"^- (.*(?:\n  .*)*)", part[1], re.M)
                found[path.relative_to(ROOT / "docs/en").as_posix()] = [i for i in items if "*" in i]
    return found


SOURCES, BIBLIOGRAPHIES = sources(), bibliographies()


def test_there_is_something_to_check() -> None:
    assert len(WORKS) == TEXT.count("\n:   ") >= 30
    assert len(SOURCES) >= 25
    assert len(BIBLIOGRAPHIES) >= 4
    assert strange("Source: Golub and Van Loan, Matrix Computations, section 5.3.") == set()
    assert strange("Source: Golub and Van Loan (1989), Matrix Calculations.") == {"1989", "Calculations"}
    assert strange("Source: Nobody, Matrix Computations.") == {"Nobody", "Matrix", "Computations"}


@pytest.mark.parametrize("text", SOURCES.values(), ids=SOURCES.keys())
def test_the_source_of_a_docstring_has_its_entry(text: str) -> None:
    assert cited(text)
    assert strange(text) == set()


@pytest.mark.parametrize("page", BIBLIOGRAPHIES)
def test_what_a_page_cites_stands_under_that_page(page: str) -> None:
    """With an entry for its authors, title and year, and with the sections that the page names."""
    address = page.removeprefix("reference/") if page.startswith("reference/") else f"../{page}"
    (line,) = re.findall(rf"^- \[[^\]]*\]\({re.escape(address)}\).*$", TEXT, re.M)
    linked = set(re.findall(r"\(#(\w+)\)", line))
    for item in BIBLIOGRAPHIES[page]:
        title = re.sub(r"(\*.*?\*).*", r"\1", item, flags=re.S)
        years = " ".join(re.findall(r"\b\d{4}\b", item))
        assert strange(f"{title} {years}") == set()
        assert {work.anchor for work in cited(title)} <= linked, item
        assert sections(item) <= sections(line), item


def test_works_are_in_order_and_each_is_for_a_page() -> None:
    labels = [work.label for work in WORKS]
    assert labels == sorted(labels)
    assert set(re.findall(r"\(#(\w+)\)", TEXT)) == {work.anchor for work in WORKS}
