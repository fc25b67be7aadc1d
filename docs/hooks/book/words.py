"""What the engine says on a page beside the page's own words, in the language of the edition."""

from collections.abc import Mapping

_known: dict[str, str] = {}


def speak(translations: Mapping[str, str]) -> None:
    """From now on use these; English where one is missing."""
    _known.clear()
    _known.update(translations)


def say(text: str) -> str:
    """The text as the edition has it."""
    return _known.get(text, text)
