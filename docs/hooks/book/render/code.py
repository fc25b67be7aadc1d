"""Blocks of code: what a copy button copies, which is the code that runs, and how high they are."""

import re
from doctest import DocTestParser
from html import escape, unescape

from book.page.model import BLANK

EMPTY = f'<span class="go">{escape(BLANK)}</span>'  # a line of output as doctest has it
BLOCK = re.compile(r'<div class="(language-(pycon|python|sh)[^"]*)">(.*?)</div>', re.S)
# A signature, or the source of one function, does not run by itself.
PARTS = re.compile(
    r'<details class="mkdocstrings-source">.*?</details>|<div class="[^"]*doc-signature[^"]*">', re.S
)


def finished(html: str) -> str:
    """The blocks of a page with all that its scripts and its style ask of them."""
    return _with_lines(with_copies(html.replace(EMPTY, "")))


def with_copies(html: str) -> str:
    """Write the code to copy into `data-copy`, which the theme's button prefers to the text of the block."""
    html = PARTS.sub(lambda match: match[0].replace(' highlight">', ' highlight no-copy">'), html)

    def one(match: re.Match[str]) -> str:
        if "no-copy" in match[1]:
            return match[0]
        text = unescape(re.sub(r"<[^>]*>", "", match[3]))
        return f'<div class="{match[1]}" data-copy="{escape(runnable(text, match[2]))}">{match[3]}</div>'

    return BLOCK.sub(one, html)


def runnable(text: str, language: str) -> str:
    """The lines after the prompts; all of them where there are none."""
    if language == "pycon":
        return "".join(example.source for example in DocTestParser().get_examples(text)).rstrip()
    if language == "sh":
        return re.sub(r"^\$ ", "", text, flags=re.M).rstrip()
    return text.rstrip()


def _with_lines(html: str) -> str:
    """Tell the style how many lines a block of code has, hence how high it is."""

    def one(match: re.Match[str]) -> str:
        lines = match[2].count("\n")
        return f'{match[1]} style="--lines:{lines}">{match[2]}'

    return re.sub(r'(<div class="[^"]*\bhighlight\b[^"]*"[^>]*)>(.*?</code>)', one, html, flags=re.S)
