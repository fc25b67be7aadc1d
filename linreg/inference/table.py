"""The table of a regression, laid out as statisticians know it."""

from collections.abc import Mapping, Sequence

__all__ = ["number", "probability", "table"]


def number(value: float) -> str:
    """Five significant digits."""
    return f"{value:.5g}"


def probability(value: float) -> str:
    """Three decimals, and never 0: no p is."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def table(names: Sequence[str], columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Lines: the titles, then a row for each name, aligned."""
    wide = max(map(len, names))
    widths = [max(9, len(title), *map(len, cells)) for title, cells in columns.items()]
    lines = [("", *columns), *zip(names, *columns.values(), strict=True)]
    return [
        f"{first:{wide}}" + "".join(f" {cell:>{width}}" for cell, width in zip(rest, widths, strict=True))
        for first, *rest in lines
    ]
