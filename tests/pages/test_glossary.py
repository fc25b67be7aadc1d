"""The glossary: in order, in two languages, and no page uses a word before the page it points to."""

import re
from functools import cache

import pytest
from project import ROOT
from served import in_order

from book.page.files import parse

PAGE = ROOT / "docs/en/reference/glossary.md"
TEXT = PAGE.read_text(encoding="utf-8")
ENTRY = re.compile(
    r'^(?P<term>\w.*) <span lang="zh-Hans">(?P<chinese>.+)</span> \{#(?P<anchor>[a-z0-9-]+)\}\n'
    r":   (?P<meaning>.+\.) \[(?P<title>.+)\]\((?P<page>\.\./part\d/[\w-]+\.\w+)(?:#[\w-]+)?\)$",
    re.M,
)
ENTRIES = list(ENTRY.finditer(TEXT))
HAN = re.compile(r"[\u4e00-\u9fff]")
HOME = "index.md"
ORDER = in_order()
# What a reader passes over who does not know a word yet: formulas, names in code, links, titles, sources.
PASSED = re.compile(
    r"<!--.*?-->|\$\$.*?\$\$|\$[^$]*\$|`[^`]*`"
    r"|\[(?:[^\[\]]|\[[^\]]*\])*\]\([^)]*\)|^## References$.*?(?=^#|\Z)|^#+ .*?$",
    re.M | re.S,
)


def letters(term: str) -> str:
    """What decides the order: neither capitals nor hyphens."""
    return re.sub(r"\W", "", term).casefold()


def spelled(term: str) -> str:
    """A pattern for the term on a page."""
    return r"(?:R2|R\^2)" if term == "R2" else re.escape(term)


def read(page: str) -> str:
    """The words of a page on one line; lines of a script without their comment marks."""
    text = (PAGE.parent / page).read_text(encoding="utf-8")
    return " ".join(re.sub(r"^#+ ?", "", text, flags=re.M).split())


def test_every_term_is_an_entry() -> None:
    assert len(ENTRIES) == TEXT.count("\n:   ") >= 70


def test_terms_are_in_alphabetical_order_under_their_letters() -> None:
    terms = [letters(entry["term"]) for entry in ENTRIES]
    assert terms == sorted(set(terms))
    heads = {match.start(): match[1] for match in re.finditer(r"^## (.+)$", TEXT, re.M)}
    for entry in ENTRIES:
        under = heads[max(start for start in heads if start < entry.start())]
        assert under == letters(entry["term"])[0].upper(), entry["term"]
    assert list(heads.values()) == sorted({term[0].upper() for term in terms})


def test_anchors_are_the_terms_and_occur_once() -> None:
    anchors = [entry["anchor"] for entry in ENTRIES]
    assert len(anchors) == len(set(anchors))
    assert all(len(anchor) > 1 for anchor in anchors), "one letter is the anchor of a heading"
    for entry in ENTRIES:
        assert letters(entry["anchor"]) == letters(entry["term"])


def test_chinese_is_marked_as_such_wherever_it_stands() -> None:
    assert all(HAN.search(entry["chinese"]) for entry in ENTRIES)
    assert not HAN.search(re.sub(r'<span lang="zh-Hans">[^<]*</span>', "", TEXT))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["anchor"])
def test_a_term_is_defined_in_one_sentence_and_used_where_its_link_leads(entry: re.Match[str]) -> None:
    assert ". " not in entry["meaning"]
    page = read(entry["page"])
    assert re.search(rf"(?<!\w){spelled(entry['term'])}(?:s|es)?(?!\w)", page, re.I)
    title = re.search(r"^(?:# )?# (\w.*)$", (PAGE.parent / entry["page"]).read_text(encoding="utf-8"), re.M)
    assert title
    assert title[1] == entry["title"]


@cache
def sentences(page: str) -> str:
    """The prose of a page, without what is passed over; of the home page also without its lists of pages."""
    prose = "\n".join(b.source for b in parse(ROOT / "docs/en" / page).blocks if b.kind == "prose")
    if page == HOME:
        prose = re.sub(r"^(?:\||\d+\.).*$", "", prose, flags=re.M)
    return PASSED.sub(" ", prose)


def uses(term: str, page: str) -> re.Match[str] | None:
    flags = re.NOFLAG if term.isupper() else re.I  # to press is no PRESS
    return re.search(rf"(?<![\w-])\**{spelled(term)}(?:s|es)?\**(?![\w-])", sentences(page), flags)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["anchor"])
def test_no_earlier_page_uses_a_term(entry: re.Match[str]) -> None:
    """The home page explains the words that it needs, in italics where each first occurs."""
    page = entry["page"].removeprefix("../")
    for earlier in ORDER[: ORDER.index(page)]:
        found = uses(entry["term"], earlier)
        assert not found or (earlier == HOME and found[0].startswith("*")), f"{earlier} uses {found[0]}"


def test_a_term_that_comes_too_early_is_noticed() -> None:
    assert uses("leverage", "part2/diagnostics.py")
    assert not uses("PRESS", "part1/article.py")
