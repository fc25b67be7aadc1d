"""Run a page as a new interpreter would, from top to bottom, and note what each statement gives."""

import ast
import builtins
import os
import random
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from pathlib import Path
from textwrap import indent
from types import CodeType, ModuleType
from typing import Any

import matplotlib
import numpy as np
import torch

from book.page.model import TRACEBACK, Block, Page, Statement
from book.prove.compare import difference
from book.prove.digits import FStrings, Printed, formatted, joined, transcript
from book.prove.labels import astray, hidden

FIGURES = Path(__file__).parents[1] / "execute/kernel/matplotlibrc"
os.environ.setdefault("MPLBACKEND", "agg")

QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


@dataclass(frozen=True)
class Result:
    """What a statement gave: `got` as a reader sees it, `full` with every digit."""

    page: Page
    block: Block
    statement: Statement
    got: str = ""
    full: str = ""
    error: str = ""  # what the page does not tell its reader: an exception, a warning, a lost figure

    def problem(self, want: str | None = None) -> str:
        """Why the statement (or another `want` in its place) is not true; empty when it is."""
        if self.error:
            return self.error
        if self.statement.kind in ("claim", "example"):
            want = self.statement.want if want is None else want
            wrong = difference(want, self.got, self.full)
            return f"Expected:\n{_indented(want)}\nGot:\n{_indented(self.got)}\n{wrong}" if wrong else ""
        if self.got and not self.block.cell:
            return f"a `python` block shows no output; make it `pycon`. Got:\n{_indented(self.got)}"
        return ""


def evaluate(page: Page) -> Iterator[Result]:
    """The results of a page in order. The figures of a block are open until the next is asked for."""
    with _fresh(page.module) as namespace:
        for block in page.blocks:
            for statement in block.statements:
                yield _run(page, block, statement, namespace)
                if plt := _figures():
                    plt.close("all")


def _run(page: Page, block: Block, statement: Statement, namespace: dict[str, Any]) -> Result:
    """Execute one statement and see what comes out of it."""
    value, error = Printed(""), ""
    with transcript() as record, redirect_stderr(StringIO()) as stderr, ExitStack() as stack:
        if statement.kind == "example":  # shows what a terminal shows, warnings too
            stack.enter_context(redirect_stderr(record))
        try:
            tree = ast.parse("\n" * (statement.line - 1) + statement.source, str(page.path))
            tree = FStrings().visit(tree)
            if statement.kind == "claim":
                value = _claim(tree, statement, namespace)
            for code in _codes(tree, block, statement, str(page.path)):
                exec(code, namespace)
        except (Exception, SystemExit) as raised:
            if statement.kind == "example" and statement.raises:
                record.write(TRACEBACK + "    ...\n" + "".join(traceback.format_exception_only(raised)))
            else:
                error = _failure(raised, str(page.path))
    got, full = record.getvalue().rstrip("\n"), record.full.getvalue().rstrip("\n")
    if statement.kind == "claim":
        if not error and (got or "\n" in value or "<!--" in value):
            error = f"a claim is one piece of a line, and prints nothing: {value}{got}"
        got, full = str(value), value.full
    return Result(page, block, statement, got, full, error or _silenced(statement, stderr.getvalue()))


def _codes(tree: ast.Module, block: Block, statement: Statement, name: str) -> Iterator[CodeType]:
    """An example shows every expression, a cell its last one, and a plain block none."""
    if statement.kind == "claim":
        return
    body, shown = tree.body, []
    if statement.kind == "example":
        body, shown = [], body
    elif block.cell and body and isinstance(body[-1], ast.Expr) and not statement.source.endswith(";"):
        body, shown = body[:-1], body[-1:]
    yield compile(ast.Module(body, []), name, "exec", dont_inherit=True)
    yield compile(ast.Interactive(shown), name, "single", dont_inherit=True)


def _claim(tree: ast.Module, statement: Statement, namespace: dict[str, Any]) -> Printed:
    """The value of a claim as its format shows it."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}  # by a comprehension
    if all(node.id in bound or hasattr(builtins, node.id) for node in names):
        raise ValueError("a claim needs a name from the page's code, or it is true whatever happens")
    (line,) = tree.body
    assert isinstance(line, ast.Expr)
    value = eval(compile(ast.Expression(line.value), "claim", "eval", dont_inherit=True), namespace)
    return formatted(value, statement.format)


def _silenced(statement: Statement, stderr: str) -> str:
    """What the reader would not see: a warning, a figure without a place, or none where one is due."""
    drawn = bool(_figures() and _figures().get_fignums())
    if stderr:
        return f"writes to stderr:\n{_indented(stderr)}"
    if statement.kind == "figure" and not drawn:
        return "draws no figure"
    if statement.kind == "code" and drawn:
        return "leaves a figure open that nobody sees: give the block an alt text"
    if drawn:
        figures = [_figures().figure(n) for n in _figures().get_fignums()]
        return "; ".join(fault for figure in figures for fault in hidden(figure) + astray(figure))
    return ""


@contextmanager
def _fresh(module: str) -> Iterator[dict[str, Any]]:
    """A namespace as a new interpreter has it, or that of a module; and settings as at the start."""
    main, before = ModuleType("__main__"), (sys.modules["__main__"], torch.get_num_threads())
    if module:
        vars(main).update(vars(import_module(module)))
    vars(main)["__joined__"] = joined
    _reset()
    figures = matplotlib.rc_context(fname=FIGURES)  # sizes and letters of the site's
    torch.set_warn_always(True)  # not once in a process, which depends on the pages before
    torch.set_num_threads(1)  # as in the build: one order of summation, whatever the number of cores
    with warnings.catch_warnings(), np.printoptions(), figures:
        warnings.simplefilter("always")
        for category in QUIET:  # as in an interpreter: shown for the page's own code only
            warnings.filterwarnings("ignore", category=category)
            warnings.filterwarnings("always", category=category, module="__main__")
        warnings.showwarning = _show_warning
        sys.modules["__main__"] = main
        try:
            yield vars(main)
        finally:
            sys.modules["__main__"] = before[0]
            torch.set_num_threads(before[1])
            _reset()


def _reset() -> None:
    """The settings that a page may change, as in a new interpreter: random seeds included."""
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]
    torch.set_grad_enabled(True)
    torch.set_warn_always(False)
    for seed in (random.seed, np.random.seed, torch.seed):
        seed()
    if plt := _figures():
        plt.close("all")
        plt.rcdefaults()


def _figures() -> Any:
    """matplotlib.pyplot, once a page has imported it."""
    return sys.modules.get("matplotlib.pyplot")


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """A warning as its reader sees it, without the place it comes from."""
    sys.stderr.write(f"{category.__name__}: {message}\n")


def _failure(raised: BaseException, name: str) -> str:
    """The traceback from the page's own line on."""
    trace = raised.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(raised), raised, trace)).rstrip()


def _indented(text: str) -> str:
    """As doctest shows it."""
    return indent(text, "    ") or "    (nothing)"
