"""What the search leaves out: figures, and what would drown the words: outputs, sources in the reference."""

import re

ASIDE = re.compile(
    r'<div class="[^"]* output [^"]*"|<details class="mkdocstrings-source"'
    r'|<p(?=><img alt="[^"]*" src="figure:\d+" /></p>)'
)


def leave_out(html: str) -> str:
    """Mark it by the attribute that the theme's search knows, and takes away again."""
    return ASIDE.sub(r'\g<0> data-search-exclude="1"', html)
