"""The files of the book, each read as the page that it is.

Both kinds of pages, a Markdown file and a percent-format script, and the docstrings of a module
become the same `Page`, so that the build, the tests, `update` and `mutate` all read a page with
this one parser.
"""

import ast
from pathlib import Path

from book.page.markdown import markdown
from book.page.model import Block, Line, Page, PageError
from book.page.script import script
from book.page.statements import examples

ROOT = Path(__file__).parents[4]  # the project whose book this is


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
    lines = _split(text)
    blocks = script(path, lines) if path.suffix == ".py" else markdown(path, lines)
    return Page(path, text, tuple(blocks))


def docstrings(path: Path, module: str, text: str | None = None) -> list[Page]:
    """The docstrings with examples of the Python file `path`, imported as `module`."""
    text = path.read_text(encoding="utf-8") if text is None else text
    lines = _split(text)
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


def _split(text: str) -> list[Line]:
    """The lines of a file, with their places in it."""
    lines, start = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        lines.append(Line(line.rstrip("\r\n"), number, start))
        start += len(line)
    return lines
