"""Chinese headings, which are set in lines of equal length: these end between two words."""

import re
from collections.abc import Callable

from book.translate.search import HAN, PARTING

HEADING = re.compile(r"<h([123])\b.*?</h\1>", re.S)
PIECE = re.compile(rf"<[^>]*>|{HAN.pattern}")


def parted(html: str, words: Callable[[str], str]) -> str:
    """A page whose headings may break between `words`; the style lets them break nowhere else."""

    def one(piece: re.Match[str]) -> str:
        return piece[0] if piece[0][0] == "<" else words(piece[0]).replace(PARTING, "<wbr>")

    return HEADING.sub(lambda it: PIECE.sub(one, it[0]), html)
