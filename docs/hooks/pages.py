"""The pages of the book as data: which lines are prose, which run, and what the page states.

Both kinds of pages, a Markdown file and a percent-format script, and the docstrings of a module
become the same `Page`: blocks in order, and in them statements. A statement is code that must run,
an example with the output it must print, or a claim in prose with the value it must have. Every
statement knows its line and where in the file its expected text stands, so that the build, the
tests, `update` and `mutate` all read a page with this one parser.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

# Languages of fences that only show. Any other name, `py` say, would leave code unchecked unseen.
SHOWN = ("sh", "text", "toml", "yaml", "json", "html", "markdown", "bibtex")

BLANK = "<BLANKLINE>"  # doctest's own: an empty line would end the output
WIDGET = re.compile(r"(?P<name>[a-z]+)\((?P<values>[^\W\d]\w*(?:, [^\W\d]\w*)*)\)")
CELL = re.compile(r"# %%(?P<markdown> \[markdown\])?(?P<options>(?: .*)?)$")
FENCE = re.compile(r"(?P<indent> *)(?P<marks>`{3,}|~{3,}) *(?P<info>[^`]*)$")
# A claim is looked for outside code spans only, so that a page can show how a claim is written.
CLAIM = re.compile(
    r"(?<!`)(?P<code>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=code)(?!`)"
    r"|<!--=(?P<claim>(?:(?!-->)[^\n])*)-->(?P<shown>(?:(?!<!--)[^\n])*)<!--/-->"
    r"|(?P<stray><!--=|<!--/-->)",
    re.DOTALL,
)


class PageError(ValueError):
    """A page that cannot be read, with the file and the line."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")


@dataclass(frozen=True)
class Statement:
    """Something a page says that can be checked.

    `page.text[start:end]` is the part of the file to rewrite when the truth is another: the value of
    a claim, or all that stands between the last line of an example and the end of its output.
    """

    kind: Literal["code", "figure", "example", "claim"]
    source: str
    line: int  # of the first line of `source`, counted from 1
    want: str = ""
    format: str = ""  # of a claim, as in an f-string
    start: int = 0
    end: int = 0
    indent: str = ""  # of each line of an output

    def rewritten(self, want: str) -> str:
        """What `page.text[start:end]` must be for this statement to say `want`."""
        if self.kind == "claim":
            return want
        return "".join(f"\n{(self.indent + (line or BLANK)).rstrip()}" for line in want.splitlines())


@dataclass(frozen=True)
class Block:
    """A run of lines of one kind; the blocks of a page, in order, take up all its lines."""

    kind: Literal["prose", "code", "doctest", "figure", "shown"]
    source: str  # without fences, comment marks or common indentation (prose keeps its own)
    line: int  # of the first line of `source`, counted from 1
    first: int  # the lines it takes in the file, fences and cell header included
    last: int
    indent: str = ""
    language: str = ""
    alt: str = ""
    answer: str = ""  # the label of the fold that this cell of a script goes into
    fold: str = ""  # the label of the fold under a figure that its code goes into
    widget: str = ""  # the script that takes the place of a figure, and the values it gets: `name(x, y)`
    cell: bool = False  # a code cell of a script: shows its last expression
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class Page:
    """A file, or one docstring of a module, as blocks that share a namespace."""

    path: Path
    text: str
    blocks: tuple[Block, ...]
    module: str = ""  # whose names the examples of a docstring see
    name: str = ""  # of what the docstring documents

    @property
    def statements(self) -> list[Statement]:
        """All that the page says, from top to bottom."""
        return [statement for block in self.blocks for statement in block.statements]

    @property
    def unspaced(self) -> list[int]:
        """The lines of the closing fences that doctest takes for output: no empty line stands before them."""
        lines = self.text.splitlines()
        fences = [block.last for block in self.blocks if block.language == "pycon"]
        return [number for number in fences if lines[number - 2].strip()]


class Line(NamedTuple):
    """A line of the file, or what is left of it."""

    text: str
    number: int
    start: int  # where `text` begins in the file
    prefix: str = ""  # what was cut off before `text`: a comment mark, the indentation of a fence

    def cut(self, width: int) -> Line:
        """The line without its first `width` letters."""
        prefix = self.text[:width]
        start = self.start + len(prefix)
        return Line(self.text[width:], self.number, start, self.prefix + prefix)


def book(root: Path) -> list[Path]:
    """All files with statements: the package, the pages, the README; not what a page offers in `files/`."""
    found = [*root.glob("linreg/**/*.py"), *root.glob("docs/en/**/*"), root / "README.md"]
    found = [path for path in found if path.suffix in (".py", ".md") and path.parent.name != "files"]
    return sorted(path for path in found if path.exists())


def read(path: Path, root: Path, text: str | None = None) -> list[Page]:
    """The page that a file of the book is, or those in its docstrings."""
    parts = path.relative_to(root).with_suffix("").parts
    if parts[0] == "linreg":
        return docstrings(path, ".".join(parts).removesuffix(".__init__"), text)
    return [parse(path, text)]


def parse(path: Path, text: str | None = None) -> Page:
    """The page in a `.md` or percent-format `.py` file (or in `text`, if it were the file's)."""
    text = path.read_text(encoding="utf-8") if text is None else text
    lines = split(text)
    blocks = script(path, lines) if path.suffix == ".py" else markdown(path, lines)
    return Page(path, text, tuple(blocks))


def docstrings(path: Path, module: str, text: str | None = None) -> list[Page]:
    """The docstrings with examples of the Python file `path`, imported as `module`."""
    text = path.read_text(encoding="utf-8") if text is None else text
    lines = split(text)
    pages = []
    for node in ast.walk(ast.parse(text, str(path))):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        value = ast.get_docstring(node, clean=False)
        if value is None or ">>>" not in value:
            continue
        literal = node.body[0]
        assert literal.end_lineno is not None
        inner = lines[literal.lineno : literal.end_lineno - 1]
        rows = value.split("\n")
        if ">>>" in rows[0] + rows[-1] or [line.text for line in inner] != rows[1:-1]:
            raise PageError(
                path,
                literal.lineno,
                "a docstring with examples needs its text between the lines with the quotes, "
                'and r""" where it has a backslash',
            )
        source = "\n".join(line.text for line in inner)
        found = tuple(examples(path, inner, fenced=False))
        first, last = inner[0].number, inner[-1].number
        block = Block("doctest", source, first, first, last, statements=found)
        pages.append(Page(path, text, (block,), module, getattr(node, "name", "")))
    return sorted(pages, key=lambda page: page.blocks[0].line)


def split(text: str) -> list[Line]:
    """The lines of a file, with their places in it."""
    lines, start = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        lines.append(Line(line.rstrip("\r\n"), number, start))
        start += len(line)
    return lines


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
        block = fence(path, line, opening, body, inner.number, answer)
        if cell and block.kind != "shown":
            raise PageError(path, line.number, "code of a script page belongs in a code cell")
        blocks.append(block)
    flush()
    return blocks


def fence(path: Path, opening: Line, match: re.Match[str], body: list[Line], last: int, answer: str) -> Block:
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
    alt, fold, widget = (flags.get(name, "") for name in ("alt", "fold", "widget"))
    if "widget" in flags and not WIDGET.fullmatch(widget):
        raise PageError(path, opening.number, "a widget is `name(x, y)`, where x and y are names of the page")
    return Block(
        kind, source, number, opening.number, last, indent, language, alt, answer, fold, widget,
        statements=found,
    )  # fmt: skip


def script(path: Path, lines: list[Line]) -> list[Block]:
    """The cells of a percent-format script."""
    heads = [i for i, line in enumerate(lines) if line.text.startswith("# %%")]
    if not heads or heads[0] != 0 or lines[0].text.rstrip() != "# %% [markdown]":
        raise PageError(path, 1, "a script page begins with `# %% [markdown]`")
    blocks: list[Block] = []
    for begin, end in zip(heads, [*heads[1:], len(lines)], strict=True):
        head = lines[begin]
        match = CELL.match(head.text)
        if not match:
            raise PageError(path, head.number, "a cell begins with `# %%` or `# %% [markdown]`")
        known = ("answer",) if match["markdown"] else ("answer", "alt")
        flags = options(path, head.number, match["options"], known)
        answer, alt = flags.get("answer", ""), flags.get("alt", "")
        if "alt" in flags and not alt.strip():
            raise PageError(path, head.number, "an empty alt text")
        cell = lines[begin + 1 : end]
        while cell and not cell[-1].text.strip():
            cell.pop()
        if not cell:
            raise PageError(path, head.number, "nothing in this cell")
        if match["markdown"]:
            prose = [uncomment(path, line) for line in cell]
            blocks += markdown(path, prose, answer, cell=True)
        else:
            source = "\n".join(line.text for line in cell)
            kind: Literal["code", "figure"] = "figure" if alt else "code"
            number = cell[0].number
            blocks.append(
                Block(
                    kind, source, number, head.number, cell[-1].number, "", "python", alt, answer,
                    cell=True, statements=(Statement(kind, source, number),),
                )
            )  # fmt: skip
    return blocks


def uncomment(path: Path, line: Line) -> Line:
    """A line of a markdown cell without its comment mark."""
    text = line.text.rstrip()
    if text and text != "#" and not text.startswith("# "):
        raise PageError(path, line.number, "a line of a markdown cell begins with `# `")
    return line.cut(2)


def options(path: Path, line: int, text: str, known: Sequence[str]) -> dict[str, str]:
    """The words and `key="value"` pairs after the language of a fence or the mark of a cell."""
    try:
        pairs = [word.partition("=")[::2] for word in shlex.split(text)]
    except ValueError as error:
        raise PageError(path, line, f"cannot read the options: {error}") from None
    for name, _ in pairs:
        if name not in known:
            raise PageError(path, line, f"unknown option {name!r}")
    return dict(pairs)


def claims(path: Path, lines: Sequence[Line]) -> Iterator[Statement]:
    """The claims in these lines of prose."""
    text = "\n".join(line.text for line in lines)
    for match in CLAIM.finditer(text):
        if match["code"]:
            continue
        line = lines[text.count("\n", 0, match.start())]
        if match["stray"]:
            raise PageError(
                path,
                line.number,
                "a claim is `<!--= expression:format -->value<!--/-->`, on one line",
            )
        offset = line.start - (text.rfind("\n", 0, match.start()) + 1)
        expression, spec = formatted(path, line.number, match["claim"].strip())
        start, end = match.span("shown")
        yield Statement("claim", expression, line.number, match["shown"], spec, start + offset, end + offset)


def formatted(path: Path, line: int, text: str) -> tuple[str, str]:
    """Splits `expression:format` at the first colon that has a whole expression before it."""
    colons = [i for i, letter in enumerate(text) if letter == ":"]
    for i in (*colons, len(text)):
        try:
            ast.parse(text[:i].strip(), mode="eval")
        except SyntaxError:
            continue
        return text[:i].strip(), text[i + 1 :].strip()
    raise PageError(path, line, f"{text!r} is no expression with a format")


def examples(path: Path, lines: Sequence[Line], *, fenced: bool) -> Iterator[Statement]:
    """Examples with `>>>`, as doctest reads them: a blank line ends an output. A fence holds nothing else."""
    i = 0
    while i < len(lines):
        head = lines[i]
        margin = len(head.text) - len(head.text.lstrip())
        if not head.text[margin:].startswith(">>>"):
            if fenced and head.text.strip():
                raise PageError(path, head.number, f"no example; an empty line of output is written {BLANK}")
            i += 1
            continue
        source: list[str] = []
        while i < len(lines) and lines[i].text[margin:].startswith("..." if source else ">>>"):
            code = lines[i].text[margin + 3 :]
            if code and not code.startswith(" "):
                raise PageError(path, lines[i].number, "no space after the prompt")
            if "# doctest:" in code:
                raise PageError(path, lines[i].number, "no option may soften a check")
            source.append(code[1:])
            i += 1
        begin = i
        while i < len(lines) and not lines[i].text.lstrip().startswith(">>>"):
            if not lines[i].text.strip():
                break
            i += 1
        output = lines[begin:i]
        for line in output:
            if line.text[:margin].strip():
                raise PageError(path, line.number, "output less indented than its prompt")
        prompt, close = lines[begin - 1], output[-1] if output else lines[begin - 1]
        yield Statement(
            "example",
            "\n".join(source),
            head.number,
            "\n".join(line.text[margin:].replace(BLANK, "") for line in output),
            start=prompt.start + len(prompt.text),
            end=close.start + len(close.text),
            indent=head.prefix + head.text[:margin],
        )
