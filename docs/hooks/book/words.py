"""What the engine says on a page beside the page's own words, in the language of the edition."""

import re
from collections.abc import Mapping

_known: dict[str, str] = {}


def speak(translations: Mapping[str, str]) -> None:
    """From now on use these; English where one is missing."""
    _known.clear()
    _known.update(translations)


def say(text: str, *values: str) -> str:
    """The text as the edition has it, `<1>` in it being the first of the values."""
    told = _known.get(text, text)
    return re.sub(r"<(\d+)>", lambda place: values[int(place[1]) - 1], told) if values else told
