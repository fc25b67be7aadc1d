"""A page that is a script in percent format, as blocks: its cells."""

import re
from pathlib import Path
from typing import Literal

from book.page.markdown import markdown, options
from book.page.model import FIGURE, Block, Line, PageError, Statement

CELL = re.compile(r"# %%(?P<markdown> \[markdown\])?(?P<options>(?: .*)?)$")


def script(path: Path, lines: list[Line]) -> list[Block]:
    """The cells of a percent-format script."""
    heads = [i for i, line in enumerate(lines) if line.text.startswith("# %%")]
    if not heads or heads[0] != 0 or lines[0].text.rstrip() != "# %% [markdown]":
        raise PageError(path, 1, "a script page begins with `# %% [markdown]`")
    blocks: list[Block] = []
    for begin, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        head = lines[begin]
        match = CELL.match(head.text)
        if not match:
            raise PageError(path, head.number, "a cell begins with `# %%` or `# %% [markdown]`")
        known = ("answer",) if match["markdown"] else ("answer", "alt", "fold", "widget")
        flags = options(path, head.number, match["options"], known)
        answer, alt = flags.get("answer", ""), flags.get("alt", "")
        if "alt" in flags and not alt.strip():
            raise PageError(path, head.number, "an empty alt text")
        if "widget" in flags and not alt:
            raise PageError(path, head.number, 'a widget takes the place of a figure: it needs `alt="..."`')
        cell = lines[begin + 1 : end]
        while cell and not cell[-1].text.strip():
            cell.pop()
        if not cell:
            raise PageError(path, head.number, "nothing in this cell")
        if match["markdown"]:
            prose = [_uncomment(path, line) for line in cell]
            blocks += markdown(path, prose, answer, cell=True)
        else:
            source = "\n".join(line.text for line in cell)
            kind: Literal["code", "figure"] = "figure" if alt else "code"
            fold = flags.get("fold", FIGURE if alt else "")
            number = cell[0].number
            blocks.append(
                Block(
                    kind, source, number, head.number, cell[-1].number, "", "python", alt, answer, fold,
                    flags.get("widget", ""), cell=True, statements=(Statement(kind, source, number),),
                )
            )  # fmt: skip
    return blocks


def _uncomment(path: Path, line: Line) -> Line:
    """A line of a markdown cell without its comment mark."""
    text = line.text.rstrip()
    if text and text != "#" and not text.startswith("# "):
        raise PageError(path, line.number, "a line of a markdown cell begins with `# `")
    return line.cut(2)
