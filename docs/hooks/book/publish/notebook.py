"""What an executed page offers for download: itself as notebook and as program."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from textwrap import dedent, fill, indent

from book.page.model import Block, Page
from book.page.statements import CLAIM
from book.render.markdown import INSTALL, without_marks
from book.words import say

ADMONITION = re.compile(r'^(?:!!!|\?\?\?\+?) \w+ "(?P<title>.*)"\n(?P<body>(?:\n| {4}.*(?:\n|\Z))+)', re.M)
PYPLOT = "import matplotlib.pyplot as plt"


def notebook(page: Page, marks: Mapping[str, str], links: Mapping[str, str]) -> str:
    """An executed page as a notebook.

    A line that is one of the marks becomes what the mark stands for; `links` are the addresses of the pages
    that it may link to.
    """
    needs = say("This notebook needs `linreg`, which brings torch:")
    cells = [_markdown_cell(f"{needs}\n\n{marks[INSTALL]}")]
    for text, block in _parts(page, marks, links):
        cells.append(_code_cell(text) if block.cell else _markdown_cell(text))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # nbformat's own are random
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def script(page: Page, marks: Mapping[str, str], links: Mapping[str, str]) -> str:
    """An executed page as a program in cells, which shows each figure where it is drawn."""
    how = say(
        "Run it with `python`, or cell by cell in an editor that knows `# %%`: there the value of the last "
        "line of a cell is shown, too."
    )
    needs = say("This program needs `linreg`, which brings torch:")
    cells = [_comment(f"{needs}\n\n{marks[INSTALL]}\n\n{fill(how, 106)}")]
    known = False  # what `plt` is
    for text, block in _parts(page, marks, links):
        known |= PYPLOT in text
        if block.kind == "figure" and "plt.show()" not in text:
            text += "\nplt.show()" if known else f"\n{PYPLOT}\n\nplt.show()"
        cells.append(f"# %%\n{text}" if block.cell else _comment(text))
    return "\n\n".join(cells) + "\n"


def _comment(text: str) -> str:
    """Prose as a cell of a program."""
    return "# %% [markdown]\n" + indent(text.strip(), "# ", lambda line: True).replace("# \n", "#\n")


def _parts(page: Page, marks: Mapping[str, str], links: Mapping[str, str]) -> Iterator[tuple[str, Block]]:
    """The cells of an executed page, as text without marks and the (first) block of each."""
    before = ""
    for (answer, _), group in groupby(page.blocks, key=lambda block: (block.answer, block.line * block.cell)):
        blocks = list(group)
        if answer and answer != before:
            yield f"**{answer}**", Block("prose", "", 0, 0, 0)
        before = answer
        text = "\n\n".join(_plain(block, marks) for block in blocks)
        yield text if blocks[0].cell else absolute(text, page, links), blocks[0]


def _markdown_cell(text: str) -> dict[str, object]:
    """A cell to read."""
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code_cell(text: str) -> dict[str, object]:
    """A cell to run, not run yet."""
    return {"cell_type": "code", "metadata": {}, "source": text, "execution_count": None, "outputs": []}


def _plain(block: Block, marks: Mapping[str, str]) -> str:
    """A block without what only the site understands."""
    if block.kind == "shown":
        return f"```{block.language}\n{block.source}\n```"
    if block.kind != "prose":
        return block.source
    text = CLAIM.sub(lambda match: match["shown"] or match[0], without_marks(block.source, marks))
    return ADMONITION.sub(_quoted, text)


def _quoted(match: re.Match[str]) -> str:
    """An admonition as a quotation with its title in bold."""
    return (
        indent(f"**{match['title']}**\n\n{dedent(match['body']).strip()}", "> ", lambda line: True) + "\n\n"
    )


def absolute(text: str, page: Page, links: Mapping[str, str]) -> str:
    """A notebook is read away from the site: its links lead back there."""

    def one(match: re.Match[str]) -> str:
        target = (page.path.parent / match[1]).resolve()
        return f"]({links[str(target)]}" if str(target) in links else match[0]

    return re.sub(r"\]\(([^)#:]+)", one, text)
