"""A page of the built site, read without a browser."""

from functools import cache, cached_property
from html.parser import HTMLParser
from pathlib import Path

import pytest
from project import ROOT
from served import BASE, EDITIONS, sources

from book.page.files import parse
from book.page.model import Page
from book.translate.edition import Edition

IN_ENGLISH = pytest.mark.parametrize("edition", [""], indirect=True, ids=["en"])
SCRIPTS = sorted(source for source in sources().values() if source.suffix == ".py")
# Attributes that make a browser fetch something by itself, and links that do not.
LOADED = {("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("link", "href")}
NOT_LOADED = {"canonical", "alternate"}


class Html(HTMLParser):
    """A page as the tags that matter here."""

    def __init__(self, path: Path, address: str) -> None:
        super().__init__()
        self.path, self.address = path, address
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @cached_property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    @cached_property
    def links(self) -> list[str]:
        return [a["href"] for a in self.named("a") if "href" in a]

    @cached_property
    def loaded(self) -> list[str]:
        return [
            value
            for tag, attributes in self.tags
            if attributes.get("rel") not in NOT_LOADED
            for name, value in attributes.items()
            if (tag, name) in LOADED
        ]


def pages(site: Path, edition: str) -> dict[str, Html]:
    """Every page of an edition by its address in it, `404.html` too."""
    others = [site / other for other in EDITIONS if other != edition and other.startswith(edition)]
    found = {}
    for path in sorted((site / edition).rglob("*.html")):
        if not any(other in path.parents for other in others):
            address = path.relative_to(site / edition).as_posix().removesuffix("index.html")
            found[address] = Html(path, BASE + edition + address)
    return found


@cache
def said(source: Path, edition: str) -> Page:
    """A source as an edition has it."""
    chosen = Edition(ROOT / "docs" / edition if edition else None)
    return chosen.page(source.relative_to(ROOT / "docs/en").as_posix(), parse(source))


def built(source: Path, html: dict[str, Html]) -> Html:
    return html[next(address for address, path in sources().items() if path == source)]
