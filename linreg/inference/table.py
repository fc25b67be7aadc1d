"""The table of a regression, laid out as statisticians know it."""

from collections.abc import Mapping, Sequence
from textwrap import fill

from torch import Tensor

__all__ = ["coefficients", "number", "rejected", "table"]

WIDTH = 80


def number(value: float) -> str:
    """Five significant digits."""
    return f"{value:.5g}"


def probability(value: float) -> str:
    """Three decimals, and never 0: no p is."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def rejected(p: float) -> str:
    """As the heading of a table tells it."""
    told = probability(p)
    return f"P < {told[1:]}" if told.startswith("<") else f"P = {told}"


def coefficients(
    names: Sequence[str], letter: str, level: float, columns: Sequence[Tensor], told: Sequence[str]
) -> list[str]:
    """Lines: estimate, error, their ratio by its letter, p and interval of each name; and sentences below.

    Args:
        names: of the rows.
        letter: of the ratio.
        level: of the interval.
        columns: the six, in this order.
        told: what is to be said, cut into lines; nothing of an empty one.
    """
    low, high = (1 - level) / 2, (1 + level) / 2
    titles = ("estimate", "std err", letter, f"P>|{letter}|", f"[{low:.3g}", f"{high:.3g}]")
    ways = (number, number, "{:.3f}".format, probability, number, number)
    cells = [list(map(way, values.tolist())) for way, values in zip(ways, columns, strict=True)]
    rows = table(names, dict(zip(titles, cells, strict=True)))
    return [*rows, *(fill(text, WIDTH) for text in told if text)]


def table(names: Sequence[str], columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Lines: the titles, then a row for each name, aligned."""
    wide = max(map(len, names))
    widths = [max(9, len(title), *map(len, cells)) for title, cells in columns.items()]
    lines = [("", *columns), *zip(names, *columns.values(), strict=True)]
    return [
        f"{first:{wide}}" + "".join(f" {cell:>{width}}" for cell, width in zip(rest, widths, strict=True))
        for first, *rest in lines
    ]
