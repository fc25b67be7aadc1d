"""A name keeps its meaning down a page: readers copy cells from the middle."""

import ast
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


def test_a_name_that_is_rebound_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    cells = ("# # X", "X, y = 1, 2", "for n in range(3):\n    y = n", "(X, z) = 3, 4")
    page.write_text("# %% [markdown]\n" + "\n\n# %%\n".join(cells) + "\n")
    assert rebound(parse(page)) == {"X"}
