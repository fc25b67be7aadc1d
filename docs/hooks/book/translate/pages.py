"""A page as messages, and the same page in another language: code, claims and outputs stay what they are."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from book.page.model import Block, Page
from book.translate.prose import parts, translated, values

Translation = Callable[[str], str]


def messages(page: Page) -> Iterator[tuple[str, str]]:
    """What a page says, each with a note for its translator, from top to bottom."""
    answer = ""
    for block in page.blocks:
        if block.answer != answer and block.answer:
            yield block.answer, "title of a fold"
        answer = block.answer
        if block.kind == "prose":
            for part in parts(block.source):
                if part.message:
                    yield part.message, "; ".join(f"<{i}> {piece}" for i, piece in enumerate(part.pieces, 1))
            for word in values(block.source):
                yield word, "the value of a claim"
        if block.alt:
            yield block.alt, "what a figure shows"
        if block.fold:
            yield block.fold, "title of a fold"


def in_other_words(page: Page, translation: Translation) -> Page:
    """The page with each message as its translation."""
    return replace(page, blocks=tuple(_block(block, translation) for block in page.blocks))


def _block(block: Block, translation: Translation) -> Block:
    """A block with its words replaced; the statements in it are those of the source."""

    def said(text: str) -> str:
        return translation(text) if text else text

    source = translated(block.source, translation) if block.kind == "prose" else block.source
    return replace(
        block, source=source, alt=said(block.alt), answer=said(block.answer), fold=said(block.fold)
    )
