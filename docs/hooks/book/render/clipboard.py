"""What a reader takes away: the code that a copy button copies, and the page itself under its title."""

import re
from doctest import DocTestParser
from html import escape, unescape
from pathlib import PurePosixPath

BLOCK = re.compile(r'<div class="(language-(pycon|python|sh)[^"]*)">(.*?)</div>', re.S)
# A signature, or the source of one function, does not run by itself.
PARTS = re.compile(
    r'<details class="mkdocstrings-source">.*?</details>|<div class="[^"]*doc-signature[^"]*">', re.S
)


def mark(html: str) -> str:
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


def line(uri: str) -> str:
    """The line for the page of a source; all that it names lies beside the folder of the page."""
    stem = PurePosixPath(uri).stem
    links = [f'<a href="../{stem}.md" type="text/markdown">Markdown</a>']
    if uri.endswith(".py"):
        links += [
            f'<a href="../{stem}.ipynb" download="{stem}.ipynb">Notebook</a>',
            f'<a href="../{stem}.py" download="{stem}.py">Script</a>',
        ]
    button = '<button type="button">Copy page as Markdown</button><span role="status"></span>'
    return f'<p class="offers">{" ".join(links)} {button}</p>'


def under_title(html: str, uri: str) -> str:
    """The page with the line; the first page of the site stays without."""
    return html if uri == "index.md" else html.replace("</h1>", f"</h1>\n{line(uri)}", 1)
