"""One term for one thing: the Chinese names of the glossary, and the forms that a name may take."""

import re
from collections.abc import Mapping
from pathlib import Path

ENTRY = re.compile(r'^(?P<term>.+?) <span lang="zh-Hans">(?P<name>[^<]*)</span>', re.M)
ANY = "*"  # a form that allows all: the word has an everyday sense as well


def _glossary(text: str) -> dict[str, str]:
    """The Chinese name of each term, from the page of the glossary."""
    return {match["term"].lower(): match["name"] for match in ENTRY.finditer(text)}


def _forms(text: str) -> dict[str, tuple[str, ...]]:
    """Lines `term: form, form` without comments."""
    lines = [line.partition(": ") for line in text.splitlines() if line.strip() and line[0] != "#"]
    return {term: tuple(form.strip() for form in found.split(",")) for term, _, found in lines}


def terms(root: Path) -> Mapping[str, tuple[str, ...]]:
    """What may stand for each term in the Chinese edition."""
    names = _glossary((root / "docs/en/reference/glossary.md").read_text(encoding="utf-8"))
    more = _forms((root / "docs/zh/terms.txt").read_text(encoding="utf-8"))
    if strange := more.keys() - names.keys():
        raise ValueError(f"docs/zh/terms.txt has terms that the glossary lacks: {', '.join(sorted(strange))}")
    return {
        term: (name, *more.get(term, ())) for term, name in names.items() if ANY not in more.get(term, ())
    }
