"""A Markdown page, or the prose of a script, as blocks: prose and fences."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from book.page.model import FIGURE, Block, Line, PageError, Statement
from book.page.statements import claims, examples

# Languages of fences that only show. Any other name, `py` say, would leave code unchecked unseen.
SHOWN = ("sh", "text", "toml", "yaml", "json", "html", "markdown", "bibtex")
WIDGET = re.compile(r"(?P<name>[a-z]+)\((?P<values>[^\W\d]\w*(?:, [^\W\d]\w*)*)\)")
FENCE = re.compile(r"(?P<indent> *)(?P<marks>`{3,}|~{3,}) *(?P<info>[^`]*)$")


def markdown(path: Path, lines: Sequence[Line], answer: str = "", cell: bool = False) -> list[Block]:
    """Prose and fences. Within a `cell` of a script a fence may only show: code has cells."""
    blocks: list[Block] = []
    prose: list[Line] = []

    def flush() -> None:
        if prose:
            source = "\n".join(line.text for line in prose)
            first, last = prose[0].number, prose[-1].number
            found = tuple(claims(path, prose))
            blocks.append(Block("prose", source, first, first, last, answer=answer, statements=found))
            prose.clear()

    rest = iter(lines)
    for line in rest:
        opening = FENCE.match(line.text)
        if not opening:
            if line.text.lstrip().startswith(">>> "):
                raise PageError(path, line.number, "an example outside a ```pycon fence")
            prose.append(line)
            continue
        flush()
        body: list[Line] = []
        for inner in rest:
            closing = inner.text.strip()
            marks = opening["marks"]
            if closing and not closing.strip(marks[0]) and len(closing) >= len(marks):
                break
            body.append(inner)
        else:
            raise PageError(path, line.number, "this fence is never closed")
        block = _fence(path, line, opening, body, inner.number, answer)
        if cell and block.kind != "shown":
            raise PageError(path, line.number, "code of a script page belongs in a code cell")
        blocks.append(block)
    flush()
    return blocks


def _fence(
    path: Path, opening: Line, match: re.Match[str], body: list[Line], last: int, answer: str
) -> Block:
    """The block between two marks of a fence, `opening` and the line number `last`."""
    language, _, info = match["info"].strip().partition(" ")
    indent = match["indent"]
    for line in body:
        if line.text.strip() and not line.text.startswith(indent):
            raise PageError(path, line.number, "less indented than its fence")
    inner = [line.cut(len(indent)) for line in body]
    source = "\n".join(line.text for line in inner).rstrip()
    number = opening.number + 1
    if language in SHOWN:
        return Block("shown", source, number, opening.number, last, indent, language, answer=answer)
    if language not in ("python", "pycon"):
        names = ", ".join(("pycon", "python", *SHOWN))
        raise PageError(path, opening.number, f"fence language {language!r} is none of {names}")
    if not source:
        raise PageError(path, opening.number, "nothing in this fence")
    known = ("figure", "alt", "fold", "widget") if language == "python" else ()
    flags = options(path, opening.number, info, known)
    found: tuple[Statement, ...]
    if language == "pycon":
        kind: Literal["code", "doctest", "figure"] = "doctest"
        found = tuple(examples(path, inner, fenced=True))
    else:
        if flags and not ("figure" in flags and flags.get("alt", "").strip()):
            raise PageError(path, opening.number, 'a figure needs both `figure` and `alt="..."`')
        kind = "figure" if flags else "code"
        found = (Statement(kind, source, number),)
    alt, widget = flags.get("alt", ""), flags.get("widget", "")
    fold = flags.get("fold", FIGURE) if kind == "figure" else ""
    return Block(
        kind, source, number, opening.number, last, indent, language, alt, answer, fold, widget,
        statements=found,
    )  # fmt: skip


def options(path: Path, line: int, text: str, known: Sequence[str]) -> dict[str, str]:
    """The words and `key="value"` pairs after the language of a fence or the mark of a cell."""
    try:
        pairs = [word.partition("=")[::2] for word in shlex.split(text)]
    except ValueError as error:
        raise PageError(path, line, f"cannot read the options: {error}") from None
    for name, _ in pairs:
        if name not in known:
            raise PageError(path, line, f"unknown option {name!r}")
    found = dict(pairs)
    if "widget" in found and not WIDGET.fullmatch(found["widget"]):
        raise PageError(path, line, "a widget is `name(x, y)`, where x and y are names of the page")
    return found
