"""Count what the book states, for the page that says how it is verified."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

from book.page.files import ROOT, book, read

KINDS = ("claim", "example", "code", "figure")


@cache
def _census() -> Counter[tuple[str, str]]:
    """How many statements of each kind stand in each part of the book."""
    found: Counter[tuple[str, str]] = Counter()
    for path in book(ROOT):
        part = {"linreg": "docstrings", "docs": "pages"}.get(path.relative_to(ROOT).parts[0], "README")
        for page in read(path, ROOT):
            found.update((part, statement.kind) for statement in page.statements)
    return found


def total(kind: str = "", part: str = "") -> int:
    """The statements of a kind, in a part of the book; of all of them by default."""
    return sum(n for (p, k), n in _census().items() if kind in ("", k) and part in ("", p))


def main(_: Sequence[str]) -> None:
    """A row for each part of the book, a column for each kind."""
    print(f"{'':10}" + "".join(f"{kind:>10}" for kind in KINDS))
    for part in ("pages", "docstrings", "README", ""):
        print(f"{part or 'all':10}" + "".join(f"{total(kind, part):10}" for kind in KINDS))
