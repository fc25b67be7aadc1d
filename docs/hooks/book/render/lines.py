"""Where a line of a page may break, and where not."""

import re
from html import unescape

# What is no prose, and every tag.
ASIDE = r"<(?P<aside>pre|code|script|style|svg|title)\b.*?</(?P=aside)>|<[^>]*>"
ENTRY = r"(?:[A-Za-z]|\d+)(?:\s[+-]\s\d+)?"
HYPHENED = r"(?<![\w-])(?P<hyphened>[A-Z]-[A-Z]\w+|\d+(?:\.\d+)?e-\d+)"  # L-BFGS, 1e-10
TUPLE, POWER = rf"\({ENTRY}(?:,\s{ENTRY})+\)", rf"\({ENTRY}\)\^\d"
TOGETHER = re.compile(rf"{ASIDE}|(?<=[\d>]) (?=%(?!\w))|{TUPLE}|{POWER}|{HYPHENED}", re.S)
SHORT = 20  # letters of code that fit into a line of a phone, if need be into the next one,
SPACED = 14  # and of code with spaces, where a line may well break if it must
PLACE = re.compile(r'(?<=<details class="mkdocstrings-source)[^>]*>\s*<summary>.*?</summary>', re.S)
PART = re.compile(r"(?<=[/_])(?=\w)")


def held(html: str) -> str:
    """A page where no line begins with a sign of percent or ends within (n, d + 1), 1e-10 or short code."""
    html = TOGETHER.sub(_held, html)
    return html.replace("、<code", "、<wbr><code")  # Chromium would not break there


def _held(match: re.Match[str]) -> str:
    if match["hyphened"]:
        return f'<span class="tight">{match[0]}</span>'
    if match[0].startswith("<code>"):
        text = unescape(re.sub("<[^>]*>", "", match[0]))
        whole = len(text) <= (SPACED if re.search(r"\s", text) else SHORT)
        tight = whole and re.search(r"[^\w.]", text)
        return match[0].replace("<code>", '<code class="tight">', 1) if tight else match[0]
    return match[0] if match[0][0] == "<" else re.sub(r"\s", "\u00a0", match[0])


def parted(html: str) -> str:
    """A page on which the long name of a file breaks between its parts, not in a word."""
    code = re.compile(r"(?<=<code>)[^<]*(?=</code>)")
    return PLACE.sub(lambda it: code.sub(lambda name: PART.sub("<wbr>", name[0]), it[0]), html)
