"""The Chinese edition as far as there is one: nothing in it is out of step with the English pages."""

from pathlib import Path

import pytest
from mkdocs.config import load_config
from project import ROOT

from book.page.files import parse
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
