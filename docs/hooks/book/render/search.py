"""What a page is found by: all but figures, outputs and sources in the search, elsewhere a summary."""

import re
from bisect import bisect
from html import unescape
from itertools import accumulate

from book.render.markdown import CORE

ASIDE = re.compile(
    r'<div class="[^"]* output [^"]*"|<details class="mkdocstrings-source"'
    r'|<p(?=><img alt="[^"]*" src="figure:\d+" /></p>)'
)

# What tells most of a word stands first: where it is looked up, then the main path.
WEIGHTS = {"reference/notation.md": 8, "reference/glossary.md": 3}
MAIN = 2
WIDE = re.compile(r"[\u2e80-\uffef]")


def weight(uri: str, text: str) -> int:
    """How much more than another page a page counts in the search, of what both say of a word."""
    return WEIGHTS.get(uri, MAIN if CORE in text else 1)


def leave_out(html: str) -> str:
    """Mark what would drown the words by the attribute that the search knows, and takes away again."""
    return ASIDE.sub(r'\g<0> data-search-exclude="1"', html)


def summary(html: str) -> str:
    """The first paragraph as text, which says what a page is about."""
    found = re.search(r"<p>(.*?)</p>", html, re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", found[1])).split()) if found else ""


def shortened(text: str) -> str:
    """As much as search engines show, where a Chinese letter takes two places."""
    places = list(accumulate(1 + bool(WIDE.match(letter)) for letter in text))
    if not text or places[-1] < 160:
        return text
    start = text[: bisect(places, 157)]
    return (
        start[:-1].rstrip("，、；：（“") + "……" if WIDE.match(start[-1]) else start.rsplit(" ", 1)[0] + " …"
    )
