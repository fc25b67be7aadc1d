"""Where a line of a page may break, and where not."""

import re

# What is no prose, and every tag.
ASIDE = r"<(?P<aside>pre|code|script|style|svg|title)\b.*?</(?P=aside)>|<[^>]*>"
ENTRY = r"(?:[A-Za-z]|\d+)(?:\s[+-]\s\d+)?"
TOGETHER = re.compile(rf"{ASIDE}|(?<=[\d>]) (?=%(?!\w))|\({ENTRY}(?:,\s{ENTRY})+\)", re.S)
PLACE = re.compile(r'(?<=<details class="mkdocstrings-source)[^>]*>\s*<summary>.*?</summary>', re.S)
PART = re.compile(r"(?<=[/_])(?=\w)")


def held(html: str) -> str:
    """A page on which no line begins with the sign of a percentage, and none ends within (n, d + 1)."""
    return TOGETHER.sub(lambda it: it[0] if it[0][0] == "<" else re.sub(r"\s", "\u00a0", it[0]), html)


def parted(html: str) -> str:
    """A page on which the long name of a file breaks between its parts, not in a word."""
    code = re.compile(r"(?<=<code>)[^<]*(?=</code>)")
    return PLACE.sub(lambda it: code.sub(lambda name: PART.sub("<wbr>", name[0]), it[0]), html)
