"""A name keeps its meaning down a page, a function takes what it needs: readers copy from the middle."""

import ast
import re
import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest
from project import ROOT

from book.page.files import book, parse
from book.page.model import Block, Page

PAGES = [path for path in book(ROOT) if path.parent.name.startswith("part")]


def code(block: Block) -> str:
    return "\n".join(statement.source for statement in block.statements if statement.kind != "claim")


def bound(block: Block) -> set[str]:
    """Names that a block gives a value, its loops and what they count left out."""
    names: set[str] = set()
    for node in ast.parse(code(block)).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {name.id for target in targets for name in ast.walk(target) if stored(name)}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return names - {"_"}


def stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def rebound(page: Page) -> set[str]:
    """Names that two cells give a value; drawings may share theirs, and answers are for one reader each."""
    twice, cells, drawn = set(), set(), set()
    for block in page.blocks:
        if block.kind not in ("code", "doctest", "figure") or block.answer or block.indent:
            continue
        names = bound(block)
        if block.kind == "figure":
            twice |= names & cells
            drawn |= names
        else:
            twice |= names & (cells | drawn)
            cells |= names
    return twice


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_no_name_is_rebound_down_a_page(path: Path) -> None:
    assert rebound(parse(path)) == set()


def borrowed(page: Page) -> set[tuple[str, str]]:
    """Functions and the data of the page that they read beside their arguments.

    Other functions, modules and CONSTANTS are no data. Drawings are made for the page's data, and what
    checks an answer (`check_...`) is called with the answer alone.
    """
    blocks = [block for block in page.blocks if block.kind in ("code", "doctest", "figure")]
    tables = [symtable.symtable(code(block), str(page.path), "exec") for block in blocks]
    data = {symbol.get_name() for table in tables for symbol in table.get_symbols() if is_data(symbol)}
    return {
        (function.get_name(), name)
        for block, table in zip(blocks, tables, strict=True)
        if block.kind != "figure"
        for function in functions(table)
        if not function.get_name().startswith("check_")
        for name in globals_of(function) & data
    }


def is_data(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() and not (
        symbol.is_imported() or symbol.is_namespace() or re.fullmatch("[A-Z][A-Z_]+", symbol.get_name())
    )


def functions(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """Those with a name, at the left margin or in a class there."""
    for child in table.get_children():
        if child.get_type() == "class":
            yield from functions(child)
        elif child.get_name() not in ("lambda", "genexpr", "listcomp", "setcomp", "dictcomp"):
            yield child


def globals_of(table: symtable.SymbolTable) -> set[str]:
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return names.union(*(globals_of(child) for child in table.get_children()))


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_functions_take_arguments_instead_of_data_of_the_page(path: Path) -> None:
    assert borrowed(parse(path)) == set()


def test_data_that_a_function_borrows_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    cells = (
        "# # X",
        "import math\nrate, X, LIMIT = 0.1, [1], 3",
        "def step(w):\n    return [rate * x for x in X if x < LIMIT]",
        "def right(w, rate):\n    return math.sqrt(rate) * step(w)",
        "def check_step(f):\n    return f(X)",
    )
    page.write_text("# %% [markdown]\n" + "\n\n# %%\n".join(cells) + "\n")
    assert borrowed(parse(page)) == {("step", "rate"), ("step", "X")}


def test_a_name_that_is_rebound_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    cells = ("# # X", "X, y = 1, 2", "for n in range(3):\n    y = n", "(X, z) = 3, 4")
    page.write_text("# %% [markdown]\n" + "\n\n# %%\n".join(cells) + "\n")
    assert rebound(parse(page)) == {"X"}
