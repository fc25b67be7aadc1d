"""Mend the theme's pages: give names to what lacks them, and take away what nobody needs.

Each repair must find its place exactly once, so that another version of the theme fails here and not at
the reader's.
"""

import re
from collections.abc import Mapping

from mkdocs.exceptions import PluginError

from book.words import say

HTML = {
    # on a first visit follow the system before the page is drawn: no flash of white, no second styling;
    # and take the classes that scripts give to the page before there is a page to style again
    'var palette=__md_get("__palette");': (
        'document.documentElement.className="js js-focus-visible";'
        'var palette=__md_get("__palette")||{color:{media:"(prefers-color-scheme)"}};'
    ),
    # its script holds up nothing by its coming
    '.min.js"></script>': '.min.js" defer></script>',
}


def html() -> dict[str, str]:
    """All of them; a dialog needs a name, too."""
    return HTML | {'role="dialog"': f'role="dialog" aria-label="{say("Search")}"'}


def mend(text: str, repairs: Mapping[str, str]) -> str:
    """Make all repairs."""
    for broken, mended in repairs.items():
        if text.count(broken) != 1:
            raise PluginError(f"The theme has {text.count(broken)} places, not one, that read {broken}")
        text = text.replace(broken, mended)
    return text


def quiet(html: str) -> str:
    """Take away what makes browsers and validators complain, and does nothing else.

    Firefox fetches the page of a `rel=next` before anybody asks for it, which the policy forbids; an empty
    `tabindex` is none; a title with a line of blanks in it is shown so.
    """
    html = re.sub(r'(?<= title=")[^"]*', lambda title: " ".join(title[0].split()), html)
    return re.sub(r'\s*<link rel="(?:prev|next)"[^>]*>| tabindex=""', "", html)


# What the reader views of browsers take for advertising as a <div>, if it is short and has a link in it.
READ = re.compile(r'\bclass="[^"]*\b(highlight|doc-md-description)\b')


def readable(html: str) -> str:
    """Keep listings and the words about arguments in reader views, as sections.

    And keep the folded sources of the reference out: they are long, and would be taken for the article.
    """
    html = html.replace('="mkdocstrings-source"', '="mkdocstrings-source supplemental"')
    sections: list[bool] = []  # whether each element that is open is one

    def tag(match: re.Match[str]) -> str:
        if match[0] == "</div>":
            return "</section>" if sections.pop() else match[0]
        sections.append(bool(READ.search(match[0])))
        return f"<section{match[1]}>" if sections[-1] else match[0]

    return re.sub(r"<div\b([^>]*)>|</div>", tag, html)


def scrolling(html: str) -> str:
    """Give each table a box to scroll in where the screen is narrower, from the keyboard too."""
    box = f'<div class="md-typeset__scrollwrap" tabindex="0" role="group" aria-label="{say("Table")}">'
    inner = r'<div class="md-typeset__table">\g<0></div>'
    return re.sub(r"<table>.*?</table>", f"{box}{inner}</div>", html, flags=re.S)


def lean(html: str) -> str:
    """Take away the marks of names, signs and spaces in code, which have no colour of their own.

    They are more than half of the elements of a page of code. A name with a space in it is a message of an
    error, whose lines the style breaks.
    """
    return re.sub(r'<span class="[nopw]">([^<\s]*|[^<\S]*)</span>', r"\1", html).replace(
        "<pre><span></span>", "<pre>"
    )
