"""What a page is found by: all but figures, outputs and sources in the search, elsewhere a summary."""

import re
from html import unescape

ASIDE = re.compile(
    r'<div class="[^"]* output [^"]*"|<details class="mkdocstrings-source"'
    r'|<p(?=><img alt="[^"]*" src="figure:\d+" /></p>)'
)


def leave_out(html: str) -> str:
    """Mark what would drown the words by the attribute that the search knows, and takes away again."""
    return ASIDE.sub(r'\g<0> data-search-exclude="1"', html)


def summary(html: str) -> str:
    """The first paragraph as text, which says what a page is about."""
    found = re.search(r"<p>(.*?)</p>", html, re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", found[1])).split()) if found else ""


def shortened(text: str) -> str:
    """As much as search engines show."""
    return text if len(text) < 160 else text[:157].rsplit(" ", 1)[0] + " …"
