"""The files of translators: a message of a page, and under it what another edition says."""

from ast import literal_eval
from collections.abc import Iterable, Mapping
from copy import copy
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from book.cache import write

LOCALE = "zh_Hans"
WIDTH = 1_000_000  # a message in one line: babel reads no previous words that it has wrapped
HEADER = """\
# A message is a paragraph of the English page. `python docs/hooks translate` keeps this file in step."""


def path(folder: Path, uri: str) -> Path:
    """Where the translations of a source lie, `part1/loss.po` for `part1/loss.md`."""
    return folder / f"{uri.rpartition('.')[0]}.po"


def read(file: Path) -> Catalog:
    """The catalogue in a file; an empty one if there is none."""
    if not file.exists():
        return Catalog(locale=LOCALE)
    with file.open("rb") as content:
        catalogue = read_po(content, locale=LOCALE)
    for message in catalogue:  # the words before a change are comments to babel
        before = [text for text in message.user_comments if text.startswith("|")]
        message.user_comments = [text for text in message.user_comments if text not in before]
        message.previous_id = [literal_eval(text[text.index('"') :]) for text in before]
    return catalogue


def translations(catalogue: Catalog) -> dict[str, str]:
    """What is translated and not in doubt. A message that was lost may be one again: it counts, too."""
    found = {}
    for message in [*catalogue.obsolete.values(), *catalogue]:
        if message.id and message.string and not message.fuzzy:
            found[str(message.id)] = str(message.string)
    return found


def updated(catalogue: Catalog, messages: Iterable[tuple[str, str]]) -> Catalog:
    """The catalogue of these messages, each with a note.

    A message that has changed keeps its translation, in doubt (`fuzzy`), with the words that it
    translates; a new one has none; one that is no more stands at the end, should it come back.
    """
    for message in catalogue.obsolete.values():
        catalogue[message.id] = message
    catalogue.obsolete.clear()
    before = {message.id: message.previous_id for message in catalogue if message.fuzzy}
    old = {str(message.id): copy(message) for message in catalogue if message.string and not message.fuzzy}
    old.pop("", None)  # the header
    template = Catalog()
    for text, note in messages:
        template.add(text, auto_comments=[note] if note else [])
    catalogue.update(template, update_header_comment=False)
    for message in catalogue:
        message.previous_id = message.previous_id or before.get(message.id, [])
        message.flags -= {"python-format", "python-brace-format"}  # formulas have braces
    catalogue.obsolete.clear()
    catalogue.obsolete.update({text: old[text] for text in old if text not in catalogue})
    return catalogue


def save(catalogue: Catalog, file: Path) -> None:
    """Write it: equal catalogues are equal bytes, whenever they are written."""
    content = BytesIO()
    write_po(content, catalogue, omit_header=True, width=WIDTH, include_previous=True)
    head = f'{HEADER}\nmsgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    head += f'"Language: {catalogue.locale_identifier}\\n"\n\n'
    write(file, head + content.getvalue().decode().strip() + "\n")


def counted(known: Mapping[str, str], messages: Iterable[str]) -> tuple[int, int]:
    """How many of the messages have a translation, and how many there are."""
    wanted = set(messages)
    return len(wanted & known.keys()), len(wanted)
