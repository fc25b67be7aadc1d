"""A page as data: blocks in order, and in them statements.

A statement is code that must run, an example with the output it must print, or a claim in prose with the
value it must have. Every statement knows its line and where in the file its expected text stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

TRACEBACK = "Traceback (most recent call last):\n"
FIGURE = "The code of this figure"  # what a fold under a figure says if the page does not name it
BLANK = "<BLANKLINE>"  # doctest's own: an empty line would end the output


class PageError(ValueError):
    """A page that cannot be read, with the file and the line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")


@dataclass(frozen=True)
class Statement:
    """Something a page says that can be checked.

    `page.text[start:end]` is the part of the file to rewrite when the truth is another: the value of
    a claim, or all that stands between the last line of an example and the end of its output.
    """

    kind: Literal["code", "figure", "example", "claim"]
    source: str
    line: int  # of the first line of `source`, counted from 1
    want: str = ""
    format: str = ""  # of a claim, as in an f-string
    start: int = 0
    end: int = 0
    indent: str = ""  # of each line of an output

    @property
    def raises(self) -> bool:
        """Whether an exception is what the page says."""
        return TRACEBACK in self.want

    def rewritten(self, want: str) -> str:
        """What `page.text[start:end]` must be for this statement to say `want`."""
        if self.kind == "claim":
            return want
        return "".join(f"\n{(self.indent + (line or BLANK)).rstrip()}" for line in want.splitlines())


@dataclass(frozen=True)
class Block:
    """A run of lines of one kind; the blocks of a page, in order, take up all its lines."""

    kind: Literal["prose", "code", "doctest", "figure", "shown"]
    source: str  # without fences, comment marks or common indentation (prose keeps its own)
    line: int  # of the first line of `source`, counted from 1
    first: int  # the lines it takes in the file, fences and cell header included
    last: int
    indent: str = ""
    language: str = ""
    alt: str = ""
    answer: str = ""  # the label of the fold that this cell of a script goes into
    fold: str = ""  # the label of the fold under a figure that its code goes into
    widget: str = ""  # the script that takes the place of a figure, and the values it gets: `name(x, y)`
    cell: bool = False  # a code cell of a script: shows its last expression
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Page:
    """A file, or one docstring of a module, as blocks that share a namespace."""

    path: Path
    text: str
    blocks: tuple[Block, ...]
    module: str = ""  # whose names the examples of a docstring see
    name: str = ""  # of what the docstring documents

    @property
    def statements(self) -> list[Statement]:
        """All that the page says, from top to bottom."""
        return [statement for block in self.blocks for statement in block.statements]

    @property
    def unspaced(self) -> list[int]:
        """The lines of the closing fences that doctest takes for output: no empty line stands before them."""
        lines = self.text.splitlines()
        fences = [block.last for block in self.blocks if block.language == "pycon"]
        return [number for number in fences if lines[number - 2].strip()]


class Line(NamedTuple):
    """A line of the file, or what is left of it."""

    text: str
    number: int
    start: int  # where `text` begins in the file
    prefix: str = ""  # what was cut off before `text`: a comment mark, the indentation of a fence

    def cut(self, width: int) -> Line:
        """The line without its first `width` letters."""
        prefix = self.text[:width]
        start = self.start + len(prefix)
        return Line(self.text[width:], self.number, start, self.prefix + prefix)
