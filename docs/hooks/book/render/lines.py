"""Where a line of a page may break, and where not."""

import re

# What is no prose, and every tag.
ASIDE = r"<(?P<aside>pre|code|script|style|svg|title)\b.*?</(?P=aside)>|<[^>]*>"
PERCENT = re.compile(rf"{ASIDE}|(?<=[\d>]) (?=%(?!\w))", re.S)
PLACE = re.compile(r'(?<=<details class="mkdocstrings-source)[^>]*>\s*<summary>.*?</summary>', re.S)
PART = re.compile(r"(?<=[/_])(?=\w)")


def held(html: str) -> str:
    """A page on which no line begins with the sign of a percentage."""
    return PERCENT.sub(lambda it: "\u00a0" if it[0] == " " else it[0], html)


def parted(html: str) -> str:
    """A page on which the long name of a file breaks between its parts, not in a word."""
    code = re.compile(r"(?<=<code>)[^<]*(?=</code>)")
    return PLACE.sub(lambda it: code.sub(lambda name: PART.sub("<wbr>", name[0]), it[0]), html)
