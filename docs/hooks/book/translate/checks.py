"""What is wrong with a translation: what is lost or added, how Chinese is set, one term for one thing."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from book.translate.prose import PIECE, PLACE, TAG

HAN = r"[\u4e00-\u9fff]"
WORDS = re.compile(r"\\text(?:rm|bf|it)?\{[^{}]*\}")  # in a formula
VALUE = re.compile(r"\$\{(?!\\)[^{}]*\}")  # in a text of a script
NAME = re.compile(r"\]\[[^\]]*\]")  # of what a link leads to
NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
TITLE = re.compile(r"\*[^*]+\*|[A-Z][\w’'-]*(?: [\w’'-]+){2,}")  # of a book, which keeps its language
SPACING = [
    (re.compile(rf"{HAN}\*{{0,2}}[,;:?!]|[,;:?!]\*{{0,2}}{HAN}"), "a half-width mark beside Chinese"),
    (re.compile(rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}"), "no space between Chinese and Latin letters"),
    (re.compile(rf"{HAN} +{HAN}"), "a space between Chinese letters"),
    (re.compile(r" [，。；：？！、）》」”]|[，。；：？！、（《「“] "), "a space beside a full-width mark"),
    (re.compile(r'"'), "a straight quotation mark"),
]


def faults(message: str, translation: str, terms: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Each fault of a translation; `terms` are the Chinese forms that may stand for an English term."""
    for what, kept in (("places", _places), ("code and formulas", _pieces), ("markup", _markup)):
        wanted, found = kept(message), kept(translation)
        for lost in wanted - found:
            yield f"{what}: {lost} is missing"
        for new in found - wanted:
            yield f"{what}: {new} is not in the English"
    if any(piece["claim"] is not None or piece["comment"] for piece in PIECE.finditer(translation)):
        yield "a claim is written as its place, <1>"
    for number in _numbers(translation) ^ _numbers(message):
        yield f"the number {number} stands in one of both"
    if "***" in translation and "***" not in message:
        yield "three asterisks beside each other, which Markdown reads as one mark"
    if _lost(PIECE.sub("a", translation)):
        yield "a full-width mark before closing asterisks, which other readers of Markdown show"
    plain = _plain(translation)
    for rule, fault in SPACING:
        if place := rule.search(plain):
            yield f"{fault}: {place[0]}"
    yield from _terms(message, translation, terms)


def _places(text: str) -> Counter[str]:
    """Claims and the targets of links, these with the bracket before them."""
    return Counter(re.findall(r"\]?<\d+>", PIECE.sub("", text)))


def _pieces(text: str) -> Counter[str]:
    """Code, and formulas without the words in them."""
    pieces = (WORDS.sub(r"\\text{}", piece[0]) for piece in PIECE.finditer(VALUE.sub("", text)))
    return Counter([*pieces, *VALUE.findall(text)])


def _markup(text: str) -> Counter[str]:
    """Tags, links without a place, links by name, and what makes letters bold."""
    text = PIECE.sub("", text)
    return Counter([*TAG.findall(text), *NAME.findall(text), *re.findall(r"\]\(|\*\*", text)])


def _lost(text: str) -> bool:
    """Whether letters end in a full-width mark, are bold or italic, and stand before a letter."""
    between = re.split(r"\*\*|\*", text)
    return any(
        re.search(r"[，。；：？！）]$", a) and re.match(r"[\w<\[]", b)
        for a, b in zip(between[1::2], between[2::2], strict=False)
    )


def _numbers(text: str) -> set[str]:
    """Numbers outside of code, those in words of formulas included; one digit may be a word in Chinese."""
    found = NUMBER.findall(PLACE.sub("", PIECE.sub(lambda piece: " ".join(WORDS.findall(piece[0])), text)))
    return {number for number in found if len(number) > 1}


def _plain(text: str) -> str:
    """The text as its letters stand side by side: code, formulas and claims are Latin."""
    text = re.sub(r"\]<\d+>|[*\[]", "", PIECE.sub("a", TAG.sub("", VALUE.sub("a", text))))
    return PLACE.sub("a", text)


def _terms(message: str, translation: str, terms: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Terms that have another name in the translation; the longest of the English counts."""
    rest = NAME.sub("]", PIECE.sub(" ", VALUE.sub(" ", message)))
    for title in TITLE.findall(rest):
        rest = rest.replace(title, " " if title in translation else title)
    rest = rest.lower()
    for term in sorted(terms, key=len, reverse=True):
        rest, count = re.subn(rf"(?<![\w.]){re.escape(term)}(?:s|es)?\b", " ", rest)
        if count and not any(form in translation for form in terms[term]):
            yield f"{term} is {' or '.join(terms[term])}"
