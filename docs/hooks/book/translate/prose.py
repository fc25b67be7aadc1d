"""Prose as messages: a paragraph, a heading, an item of a list, a cell of a table is one.

A message is Markdown in one line. A claim and the target of a link are numbers in it, `<1>`, since they
are the business of the page; formulas and code stand as they are and must come back unchanged.
"""

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import unescape
from typing import NamedTuple

from pymdownx.slugs import slugify

from book.page.statements import CLAIM

# What Markdown does not look into, one piece each: claims and code, comments, formulas, targets of links.
PIECE = re.compile(
    rf"(?P<claimed>{CLAIM.pattern})|(?P<comment><!--.*?-->)|(?P<display>\$\$.*?\$\$)"
    r"|(?P<formula>(?<![\\$])\$(?!\s)(?:\\.|[^$\\])+?(?<!\s)\$)|(?<=\])\((?P<target>[^()\s]*)\)",
    re.DOTALL,
)
FIRST = 0xF0000  # of the private letters that stand for pieces meanwhile
HELD = re.compile(r"[\U000F0000-\U000FFFFD]")
PLACE = re.compile(r"<(\d+)>")
WORD = re.compile(r"[^\W\d_]{2,}")
SAID = re.compile(r"\\text(?:rm|bf|it)?\{[^{}]*[A-Za-z]{2}[^{}]*\}")  # the words in a formula
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")

HEADING = re.compile(r"( *#{1,6} +)(.*?)( *\{[^{}]*\})? *$")
MARKED = re.compile(r"( *(?:[-*+]|\d+\.|:|>) +)(.*)$")  # an item, a definition, a quotation
BOX = re.compile(r'( *(?:!!!|\?\?\?\+?) \w+ ")(.*)(") *$')
ENTRY = re.compile(r" *:::")  # a place for the reference
ROW = re.compile(r" *\|")
NAMED = re.compile(r"( *\{[:#.][^{}]*\})$")  # an anchor or a class at the end of a paragraph
BARE = re.compile(r"\s*(?:</?[a-zA-Z][^<>]*>\s*)+$")  # nothing but markup
SIGNS = (", ", ".")  # what stands in a cell or an entry of code and formulas alone, which is no message
SIGN = re.compile(r"(?<=[`$]), (?=[`$])|(?<=[`$])\.(?=\s*$)")
NAMES = re.compile(r"[A-Za-z][\w-]*(?:, [A-Za-z][\w-]*)+")  # the value of a claim that lists some


class Part(NamedTuple):
    """A piece of prose; all of them, joined, are the prose, with each paragraph in one line."""

    text: str
    message: str = ""  # what it says, if it is to be translated
    pieces: tuple[str, ...] = ()  # what the numbers in the message stand for


def parts(prose: str) -> Iterator[Part]:
    """The prose of a page, cut into what is said and what stands around it."""
    pieces: list[re.Match[str]] = []

    def hold(match: re.Match[str]) -> str:
        pieces.append(match)
        return chr(FIRST + len(pieces) - 1)

    held = PIECE.sub(hold, prose)

    def part(text: str, said: bool) -> Part:
        return _part(text, pieces) if said else Part(_released(text, pieces))

    return (part(text, said) for text, said in _cut(held, lambda letter: pieces[ord(letter) - FIRST]))


def translated(prose: str, translation: Callable[[str], str]) -> str:
    """The prose with each message as its translation, which may be the message itself."""

    def sign(match: re.Match[str]) -> str:
        return translation(match[0])

    def one(match: re.Match[str]) -> str:
        return match[0] if match["claim"] is None else _shown_as(match, _told(match, translation))

    said = (
        _filled(translation(part.message), part.pieces) if part.message else SIGN.sub(sign, part.text)
        for part in parts(prose)
    )
    return CLAIM.sub(one, "".join(said))


def values(prose: str) -> Iterator[str]:
    """The words that claims may show: of `"met" if x < 5 else "missed"` both, whichever holds today."""
    for match in CLAIM.finditer(prose):
        yield from _choice(match["claim"] or "")


def _choice(expression: str) -> list[str]:
    """The words between which an expression chooses."""
    if " else " not in expression:
        return []
    with suppress(SyntaxError):
        match ast.parse(expression.strip(), mode="eval").body:
            case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
                return [one, other]
    return []


def _told(claim: re.Match[str], translation: Callable[[str], str]) -> str:
    """What a claim shows, in other words where it shows words."""
    shown = claim["shown"]
    if NAMES.fullmatch(shown):
        return shown.replace(SIGNS[0], translation(SIGNS[0]))
    return translation(shown) if shown in _choice(claim["claim"]) else shown


def _shown_as(claim: re.Match[str], value: str) -> str:
    """A claim with another value."""
    start, end = (place - claim.start() for place in claim.span("shown"))
    return claim[0][:start] + value + claim[0][end:]


def _filled(message: str, pieces: tuple[str, ...]) -> str:
    """A message with what its numbers stand for."""

    def one(match: re.Match[str]) -> str:
        number = PLACE.fullmatch(match[0])
        return pieces[int(number[1]) - 1] if number else match[0]

    return re.sub(rf"{PIECE.pattern}|{PLACE.pattern}", one, message, flags=re.DOTALL)


def anchor(heading: str) -> str:
    """The name that Markdown gives to a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|(?<![\w\\])[*_]+|[*_]+(?!\w)|`", r"\1", TAG.sub("", heading))
    return str(slugify(case="lower")(unescape(text), "-"))


def _cut(held: str, piece: Callable[[str], re.Match[str]]) -> Iterator[tuple[str, bool]]:
    """Texts, and whether each is said."""

    def silent(line: str) -> bool:
        """Whether a line holds nothing but comments or markup."""
        rest = HELD.sub(lambda it: "" if piece(it[0])["comment"] else it[0], line)
        return not rest.strip() or bool(BARE.match(rest))

    def begins(line: str) -> bool:
        """Whether a line ends the paragraph before it."""
        return silent(line) or any(kind.match(line) for kind in (HEADING, MARKED, BOX, ENTRY, ROW))

    lines = held.split("\n")
    i = 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if ENTRY.match(line):
            margin = len(line) - len(line.lstrip())
            while i < len(lines) and lines[i].startswith(" " * (margin + 1)):
                line, i = f"{line}\n{lines[i]}", i + 1
            yield line, False
        elif silent(line):
            yield line, False
        elif ROW.match(line):
            yield from _row(line)
        elif match := HEADING.match(line) or BOX.match(line):
            yield match[1], False
            yield match[2], True
            mine = match[3] or ("" if match.re is BOX else f" {{#{anchor(_shown(match[2], piece))}}}")
            yield mine, False
        else:
            match = MARKED.match(line)
            before = match[1] if match else re.match(" *", line)[0]  # type: ignore[index]
            said = [line[len(before) :]]
            while i < len(lines) and (not begins(lines[i]) or _quoted(before, lines[i])):
                said.append(lines[i].removeprefix(before) if ">" in before else lines[i].strip())
                i += 1
            text = " ".join(said).rstrip()
            name = NAMED.search(text)
            yield before, False
            yield text[: name.start()] if name else text, True
            yield name[0] if name else "", False
        if i < len(lines):
            yield "\n", False


def _quoted(before: str, line: str) -> bool:
    """Whether a line goes on with a quotation."""
    return ">" in before and line.startswith(before)


def _row(line: str) -> Iterator[tuple[str, bool]]:
    """The cells of a table, and what parts them."""
    for text in re.split(r"(\s*(?<!\\)\|\s*)", line):
        yield text, bool(WORD.search(text) or HELD.search(text))


def _shown(text: str, piece: Callable[[str], re.Match[str]]) -> str:
    """A heading as it reads."""
    return HELD.sub(lambda it: piece(it[0])["shown"] or piece(it[0])[0], text)


def _part(text: str, pieces: list[re.Match[str]]) -> Part:
    """What is said, if there are words in it."""
    numbered: list[str] = []

    def one(held: re.Match[str]) -> str:
        match = pieces[ord(held[0]) - FIRST]
        if match["comment"]:
            return ""
        if match["target"] is None and match["claim"] is None:
            return match[0]
        numbered.append(match[0])
        return f"<{len(numbered)}>"

    message = " ".join(HELD.sub(one, text).split())
    words = HELD.sub(lambda it: "".join(SAID.findall(pieces[ord(it[0]) - FIRST][0])), TAG.sub(" ", text))
    if not WORD.search(words):
        return Part(_released(text, pieces))
    return Part(_released(text, pieces), message, tuple(numbered))


def _released(text: str, pieces: list[re.Match[str]]) -> str:
    """The text with its pieces in their places."""
    return HELD.sub(lambda held: pieces[ord(held[0]) - FIRST][0], text)
