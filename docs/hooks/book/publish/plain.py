"""A page as plain Markdown, for those who read or pass on text: outputs and values, no marks of this site."""

import re
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path

from book.page.model import Page
from book.publish.notebook import absolute
from book.render import reference
from book.words import say

FENCE = re.compile(r" *(`{3,}|~{3,})")
FENCED = re.compile(r"^( *)(`{3,}|~{3,})[^\n`]*\n.*?^\1\2 *$", re.M | re.S)
BOX = re.compile(r'(?P<indent> *)(?P<kind>!!!|\?\?\?\+?) (?P<type>\w+)(?: "(?P<title>.*)")? *$')


def text(draft: str, page: Page, root: Path, links: Mapping[str, str], entries: Mapping[str, str]) -> str:
    """The page that `render.markdown.draft` gave as a draft.

    `links` are addresses by source file, `entries` addresses by name of the package in `root`.
    """
    draft = reference.ENTRY.sub(lambda entry: reference.markdown(entry, root) + "\n", draft)
    lines = _outside("\n".join(_unfolded(draft.split("\n"))), lambda prose: simple(prose, entries))
    lines = _outside(lines, lambda prose: absolute(prose, page, links))
    whole = re.sub(r"^( *```)\{ \.text .*\}$", r"\1text", lines, flags=re.M)
    where = say("This page: <1>", f"<{links[str(page.path.resolve())]}>")
    whole = re.sub(r"^# .*$", lambda title: f"{title[0]}\n\n{where}", whole, count=1, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", whole).strip() + "\n"


def _outside(text: str, change: Callable[[str], str]) -> str:
    """Change what stands outside of fences."""
    parts, end = [], 0
    for fence in FENCED.finditer(text):
        parts += [change(text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(text[end:])])


def simple(prose: str, entries: Mapping[str, str]) -> str:
    """Claims are their values, figures what they show; names of the reference lead to it."""
    prose = re.sub(r'<span class="claim" title="[^"]*">(.*?)</span>', lambda match: unescape(match[1]), prose)
    prose = re.sub(r" +$", "", prose, flags=re.M)
    prose = re.sub(r"!\[(.*?)\]\(figure:\d+\)", lambda match: f"*{say('Figure: <1>', match[1])}*", prose)
    prose = re.sub(r'<span lang="[^"]*">(.*?)</span>', r"\1", prose)
    prose = re.sub(r" *\{ *[#.][\w-]+ *\}(?=$| \|)", "", prose, flags=re.M)  # names of headings, terms, rows

    def cross(match: re.Match[str]) -> str:
        name = match["name"] or match["text"].strip("`")
        return f"[{match['text']}]({entries[name]})" if name in entries else match[0]

    return reference.CROSS.sub(cross, prose)


def _unfolded(lines: list[str]) -> list[str]:
    """The lines with folds opened under their titles, and boxes as quotations."""
    told: list[str] = []
    inside = ""  # the marks of the fence that a line stands in
    rest = list(lines)
    while rest:
        line = rest.pop(0)
        fence, box = FENCE.match(line), BOX.match(line)
        if inside:
            inside = "" if line.strip() == inside else inside
        elif fence:
            inside = fence[1]
        elif box:
            margin = box["indent"] + "    "
            body = []
            while rest and (not rest[0].strip() or rest[0].startswith(margin)):
                body.append(rest.pop(0)[len(margin) :])
            quote = "> " if box["kind"] == "!!!" else ""
            content = [f"**{box['title'] or box['type'].capitalize()}**", "", *_unfolded(body)]
            while not content[-1]:
                content.pop()
            told.append("")
            told += [(box["indent"] + quote + text).rstrip() if text else quote.rstrip() for text in content]
            told.append("")
            continue
        told.append(line)
    return told
