"""Give a page back as plain Markdown: fences, outputs, figures and folds that any generator can build."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from book.execute.outputs import SVG, Output
from book.page.model import Block, Page
from book.page.statements import CLAIM
from book.words import say

GIVEN = re.compile(r"(?<!`)<!--\s*given\b.*?-->(?!`)", re.S)  # a note to the lint, not in a code span
CORE = "<!-- core -->"  # a line of a page on the main path
MARKS = {  # for whom a page is, in the place of the first of these lines
    CORE: "*Core page.*",
    "<!-- second reading -->": "*Second reading: the main path does without this page.*",
    "<!-- specialist -->": "*Specialist: for those who build on the numbers.*",
}
INSTALL = "<!-- install -->"  # alone on a line, where a page tells how to install `linreg`


class Drawn(NamedTuple):
    """A figure, and what the script needs that takes its place, if there is one."""

    svg: str
    alt: str
    widget: str = ""
    values: str = ""  # JSON


def draft(
    page: Page, outputs: Sequence[Sequence[Output]], marks: Mapping[str, str]
) -> tuple[str, list[Drawn]]:
    """The page as Markdown, and its figures.

    A line that is one of the marks becomes what the mark stands for. Figure `i` stands in the text as
    an image with the address `figure:i`.
    """
    figures: list[Drawn] = []
    parts = []
    for answer, blocks in groupby(zip(page.blocks, outputs, strict=True), key=lambda pair: pair[0].answer):
        texts = [part for block, made in blocks for part in _block_markdown(block, made, marks, figures)]
        lines = "\n\n".join(texts)
        box = "tip" if answer == say("Hint") else "success"
        parts.append(f'??? {box} "{answer}"\n\n{_indented(lines, "    ")}' if answer else lines)
    return "\n\n".join(parts) + "\n", figures


def without_marks(prose: str, marks: Mapping[str, str]) -> str:
    """Prose without notes to the lint, and with what the marks stand for in their lines."""
    lines = re.compile(rf"^( *)({'|'.join(marks)})$", re.M)
    return lines.sub(lambda line: _indented(marks[line[2]], line[1]), GIVEN.sub("", prose))


def _block_markdown(
    block: Block, outputs: Sequence[Output], marks: Mapping[str, str], figures: list[Drawn]
) -> Iterator[str]:
    """A block, and under it what it made."""
    if block.kind == "prose":
        yield CLAIM.sub(_claim, without_marks(block.source, marks))
        return
    code = _fence(block.source, block.language, block.indent)
    if not block.fold:
        yield code
    if not (block.cell or block.kind == "figure"):
        return
    values = outputs[-1].text if block.widget else ""
    outputs = outputs[:-1] if block.widget else outputs
    if printed := "\n".join(output.text for output in outputs if block.cell and _text_shown(output, block)):
        yield _fence(printed, "{ .text .output .no-copy }", block.indent)
    for output in outputs:
        if output.mime == SVG:
            name = block.widget.partition("(")[0]
            figures.append(Drawn(output.text, block.alt, name, values))
            yield f"{block.indent}![{block.alt}](figure:{len(figures)})"
    if block.fold:
        yield f'{block.indent}??? quote "{block.fold}"\n\n{_indented(code, "    ")}'


def _text_shown(output: Output, block: Block) -> bool:
    """Whether to show a text: all but the Axes that the last line of a figure tends to be."""
    return output.mime != SVG and not (output.result and block.kind == "figure")


def _fence(text: str, info: str, indent: str) -> str:
    """A fenced block; with the empty line that ends the last output of examples."""
    marks = "````" if "```" in text else "```"
    end = "\n" if info == "pycon" else ""
    return _indented(f"{marks}{info}\n{text}\n{end}{marks}", indent)


def _indented(text: str, indent: str) -> str:
    """The text with every line that is not empty moved right."""
    return re.sub(r"^(?=.)", indent, text, flags=re.M)


def _claim(match: re.Match[str]) -> str:
    """Show the value of a claim, and the expression it comes from on hover."""
    if match["claim"] is None:
        return match[0]
    # As entities, so that no letter of an expression means anything to Markdown or to a table.
    source = "".join(c if c.isalnum() else f"&#{ord(c)};" for c in match["claim"].strip())
    return f'<span class="claim" title="{source}">{escape(match["shown"], quote=False)}</span>'
