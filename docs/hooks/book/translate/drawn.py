"""The words in a figure, which is drawn once: their translation takes their place in the picture."""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape

from book.execute.outputs import SVG, Output
from book.translate.prose import PLACE, WORD

TEXT = re.compile(r"(<text\b[^>]*>)([^<]*)(?=</text>)")
NUMBER = re.compile(r"[−-]?\d[\d.,]*(?:e[+−-]?\d+)?(?<![.,])")  # data, which an update may change


def messages(outputs: Sequence[Sequence[Output]]) -> Iterator[str]:
    """What the figures of a page say, numbers aside."""
    for block in outputs:
        for output in block:
            if output.mime == SVG:
                for _, text in TEXT.findall(output.text):
                    if WORD.search(text):
                        yield _numbered(unescape(text))[0]


def translated(outputs: Sequence[Sequence[Output]], translation: Callable[[str], str]) -> list[list[Output]]:
    """The outputs with each text of a figure in other words."""

    def one(match: re.Match[str]) -> str:
        message, numbers = _numbered(unescape(match[2]))
        if not WORD.search(match[2]):
            return match[0]
        text = PLACE.sub(lambda place: numbers[int(place[1]) - 1], translation(message))
        return match[1] + escape(text, quote=False)

    return [
        [Output(o.mime, TEXT.sub(one, o.text), o.result) if o.mime == SVG else o for o in block]
        for block in outputs
    ]


def _numbered(text: str) -> tuple[str, list[str]]:
    """A text with places for its numbers, and these."""
    numbers = NUMBER.findall(text)
    places = iter(range(1, len(numbers) + 1))
    return NUMBER.sub(lambda _: f"<{next(places)}>", text), numbers
