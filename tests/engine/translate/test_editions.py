"""The Chinese edition as far as there is one: nothing in it is out of step with the English pages."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError
from project import ROOT

from book.page.files import parse
from book.page.model import Page
from book.page.statements import CLAIM
from book.translate import catalogues, checks, pages, site
from book.translate.edition import SITE, Edition
from book.translate.terms import terms

FOLDER = ROOT / "docs/zh"
PAGES = sorted(path for path in FOLDER.rglob("*.po") if path.name != SITE)


def source(file: Path) -> Path:
    """The English page that a file translates."""
    stem = ROOT / "docs/en" / file.relative_to(FOLDER).with_suffix("")
    return next(path for path in (stem.with_suffix(".md"), stem.with_suffix(".py")) if path.exists())


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_core_page_is_whole(file: Path) -> None:
    """Others may have gaps, which are English; for figures, `translate` compares what was drawn."""
    path = source(file)
    page = parse(path)
    known = Edition(FOLDER).known(str(path.relative_to(ROOT / "docs/en")))
    lost = [message for message, _ in pages.messages(page) if message not in known]
    doubts = [message.id for message in catalogues.read(file) if message.fuzzy and message.id]
    if "<!-- core -->" in page.text:
        assert (lost, doubts) == ([], []), "run `python docs/hooks translate`, and translate these"


def test_the_site_is_whole() -> None:
    config = load_config(str(ROOT / "mkdocs.yml"))
    known = Edition(FOLDER).site
    said = site.messages(config, ROOT / "docs/hooks/book", ROOT / "docs/theme")
    assert [message for message, _ in said if message not in known] == []


@pytest.mark.parametrize("file", [FOLDER / SITE, *PAGES], ids=lambda file: file.stem)
def test_every_translation_is_sound(file: Path) -> None:
    known, names = catalogues.translations(catalogues.read(file)), terms(ROOT)
    assert len(known) > 5
    faults = {text: list(checks.faults(text, translation, names)) for text, translation in known.items()}
    assert {text: found for text, found in faults.items() if found} == {}


# Lies


def lies(text: str) -> Iterator[str]:
    """A translation with each of its claims made false: another value, another claim, twice, or none."""
    for place in re.finditer(r"(?<!\])<\d+>", text):
        for lie in ("7", "<99>", place[0] * 2, "", "<!--= n -->7<!--/-->"):
            yield text[: place.start()] + lie + text[place.end() :]
    for number in checks.NUMBER.finditer(re.sub(r"<\d+>|[`$].*?[`$]", lambda it: "_" * len(it[0]), text)):
        if len(number[0]) > 1:
            yield f"{text[: number.start()]}{number[0]}7{text[number.end() :]}"


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_every_lie_in_a_translation_stops_the_build(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All claims of a whole page: the English page stays as it is, its translation tells another number."""
    path = source(file)
    uri, page = str(path.relative_to(ROOT / "docs/en")), parse(path)
    edition = Edition(FOLDER)
    known = edition.known(uri)
    told = [(message, lie) for message, _ in pages.messages(page) for lie in lies(known.get(message, ""))]
    claimed = [message for message, note in pages.messages(page) if "<!--=" in note and message in known]
    assert len(told) >= len(claimed)
    assert [lie for message, lie in told if not any(checks.faults(message, lie, {}))] == []
    for message, lie in told[:: max(1, len(told) // 3)]:
        monkeypatch.setitem(known, message, lie)
        with pytest.raises(PluginError, match=re.escape(uri)):
            edition.page(uri, page)
        monkeypatch.undo()
    words = {word: known[word] for word, note in pages.messages(page) if note == "the value of a claim"}
    assert claims(edition.page(uri, page)) == claims(page, words)


def claims(page: Page, words: Mapping[str, str] = {}) -> list[tuple[str, str]]:
    """The claims in the prose of a page, in any order, with their values in other words."""
    prose = "\n".join(block.source for block in page.blocks if block.kind == "prose")
    shown = [(it["claim"], it["shown"]) for it in CLAIM.finditer(prose) if it["claim"]]
    return sorted((claim, words.get(value, re.sub(r", (?=[a-z])", "、", value))) for claim, value in shown)
