"""The words of the reference, which stand in the package: docstrings in another language.

Their paragraphs, and what they say of each argument, result and error, are messages of the page that has the
entry; names, signatures and examples stay what they are.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import griffe

from book.render import reference
from book.translate.prose import parts, translated

Change = Callable[[str], str]
CODE = griffe.DocstringSectionKind.examples


class Said(griffe.Docstring):
    """A docstring in other words, whoever parses it."""

    def __init__(self, docstring: griffe.Docstring, translation: Change) -> None:
        super().__init__(
            docstring.value,
            lineno=docstring.lineno,
            endlineno=docstring.endlineno,
            parent=docstring.parent,
            parser=docstring.parser,
            parser_options=docstring.parser_options,
        )
        self._translation = translation

    def parse(
        self, parser: griffe.DocstringStyle | griffe.Parser | None = None, **options: object
    ) -> list[griffe.DocstringSection]:
        """Its sections, with the words of the edition in them."""
        sections = super().parse(parser, **options)
        for section in sections:
            _change(section, lambda text: translated(text, self._translation))
        return sections


def messages(pages: Mapping[str, str], root: Path) -> dict[str, list[tuple[str, str]]]:
    """What the entries on each page say of the package in `root`; what many say, the first one has."""
    said: set[str] = set()
    found: dict[str, list[tuple[str, str]]] = {}
    for uri in sorted(pages):
        for name, thing in reference.entries(pages[uri], root):
            for message in _messages(thing):
                if message not in said:
                    said.add(message)
                    found.setdefault(uri, []).append((message, f"in the entry of {name}"))
    return found


def _messages(thing: griffe.Object) -> list[str]:
    """What a docstring says."""
    found: list[str] = []

    def hear(text: str) -> str:
        found.extend(part.message for part in parts(text) if part.message)
        return text

    for section in reference.parsed(thing.docstring) if thing.docstring else []:
        _change(section, hear)
    return found


def speak(pages: Mapping[str, str], root: Path, translation: Change) -> None:
    """From now on the entries of all pages are in other words."""
    for text in pages.values():
        for _, thing in reference.entries(text, root):
            if thing.docstring and not isinstance(thing.docstring, Said):
                thing.docstring = Said(thing.docstring, translation)


def _change(section: griffe.DocstringSection, change: Change) -> None:
    """Put other words into a section."""
    if section.title:
        section.title = change(section.title)
    match section:
        case griffe.DocstringSectionText():
            section.value = change(section.value)
        case griffe.DocstringSectionExamples():
            section.value = [(kind, text if kind is CODE else change(text)) for kind, text in section.value]
        case griffe.DocstringSectionAdmonition():
            section.value.contents = change(section.value.contents)
        case _:
            for entry in section.value:
                entry.description = change(entry.description)
