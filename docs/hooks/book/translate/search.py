"""Chinese in words, for a search that finds words: jieba parts the text, and never across a term of the book.

Alone it would part 学习率大 as 学习 and 率大, and whoever looks for 学习率 would miss the sentence.
"""

import re
from collections.abc import Callable, Collection

import jieba
from mkdocs.config.defaults import MkDocsConfig

HAN = re.compile(r"[\u3400-\u9fff]+")
PARTING = "\u200b"  # which the separator of the search knows and nobody sees


def parted(terms: Collection[str]) -> Callable[[str], str]:
    """A function that parts the Chinese in a text; terms are parted as they are alone."""
    names = sorted({name for term in terms for name in HAN.findall(term)}, key=len, reverse=True)
    known = re.compile(f"({'|'.join(names)})") if names else re.compile("(?!)")

    def one(match: re.Match[str]) -> str:
        words = [word for piece in known.split(match[0]) for word in jieba.cut(piece)]
        return PARTING + PARTING.join(words) + PARTING

    return lambda text: HAN.sub(one, text).strip(PARTING)


def publish(config: MkDocsConfig, terms: Collection[str]) -> None:
    """Have the theme's search part its texts so."""
    index = config.plugins["material/search"].search_index  # type: ignore[attr-defined]
    if not hasattr(index, "_segment_chinese"):
        raise AttributeError("The theme's search has another way to part Chinese")
    index._segment_chinese = parted(terms)
