"""What must run for a page to be drawn."""

from dataclasses import dataclass

from book.page.markdown import WIDGET
from book.page.model import Page


@dataclass(frozen=True)
class Cell:
    """A piece of code that runs at once, and whose last expression is shown."""

    code: str
    shown: bool = True  # with its outputs; what is not shown may warn
    raises: bool = False  # and fail


def cells(page: Page) -> list[list[Cell]]:
    """What must be executed to draw the page, for each of its blocks."""
    if page.path.suffix == ".py":
        last = len(page.blocks)
    else:  # the tests run all of a theory page; its figures need only what stands above them
        last = max((i + 1 for i, block in enumerate(page.blocks) if block.kind == "figure"), default=0)
    return [
        [
            Cell(statement.source, shown=statement.kind != "example", raises=statement.raises)
            for statement in block.statements
            if i < last and statement.kind != "claim"
        ]
        + ([Cell(_values(block.widget))] if block.widget else [])
        for i, block in enumerate(page.blocks)
    ]


def _values(widget: str) -> str:
    """Code that prints the values of a widget as JSON, and leaves no name behind."""
    match = WIDGET.fullmatch(widget)
    assert match is not None, "the parser has seen to it"
    pairs = ", ".join(f"{name}={name}" for name in match["values"].split(", "))
    return f'print(__import__("json").dumps(dict({pairs}), default=lambda tensor: tensor.tolist()))'
