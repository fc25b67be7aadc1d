"""Chinese in words, for a search that finds words: jieba parts the text, and never across a term of the book.

Alone it would part 学习率大 as 学习 and 率大, and whoever looks for 学习率 would miss the sentence.
What it has parted once is kept: reading its dictionary takes a second.
"""

import re
from collections.abc import Callable, Collection
from functools import cache
from importlib.metadata import version
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from book.cache import keep, kept

CACHE = Path(".cache/words.json")
HAN = re.compile(r"[\u3400-\u9fff]+")
PARTING = "\u200b"  # which the separator of the search knows and nobody sees

_parted: dict[str, list[str]] = {}  # the words of each piece


def parted(terms: Collection[str]) -> Callable[[str], str]:
    """A function that parts the Chinese in a text, and terms in it as they are parted alone."""
    names = sorted({name for term in terms for name in HAN.findall(term)}, key=len, reverse=True)
    known = re.compile(f"({'|'.join(names)})") if names else re.compile("(?!)")

    @cache
    def words(text: str) -> list[str]:
        """Of 最小二乘法 too the beginning is 最小二乘, which is a term."""
        inner = [name for name in names if name in text and name != text]
        pieces = text.partition(inner[0]) if inner else ()
        return [word for piece in pieces for word in words(piece)] if pieces else _words(text)

    def one(match: re.Match[str]) -> str:
        found = [word for piece in known.split(match[0]) for word in words(piece)]
        return PARTING + PARTING.join(found) + PARTING

    return lambda text: HAN.sub(one, text).strip(PARTING)


def _words(piece: str) -> list[str]:
    """The words of a piece, of which jieba is asked once."""
    if piece not in _parted:
        import jieba  # late: most builds do without

        _parted[piece] = list(jieba.cut(piece))
    return _parted[piece]


def publish(config: MkDocsConfig, terms: Collection[str]) -> Callable[[str], str]:
    """Have the theme's search part its texts so, by the function that is returned."""
    index = config.plugins["material/search"].search_index  # type: ignore[attr-defined]
    if not hasattr(index, "_segment_chinese"):
        raise AttributeError("The theme's search has another way to part Chinese")
    index._segment_chinese = words = parted(terms)
    _parted.update(kept(CACHE, version("jieba")))
    return words


def save() -> None:
    """Keep the words for the next build."""
    keep(CACHE, version("jieba"), _parted)
