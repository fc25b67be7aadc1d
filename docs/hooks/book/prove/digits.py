"""What code prints, twice: as the reader sees it, and with every digit.

`repr`, `print` and f-strings round. To know whether a page rounds correctly, the checker needs the
number before: tensors are printed again at full precision, and an f-string keeps a second text.
"""

import ast
import builtins
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

import numpy as np
from torch._tensor_str import printoptions

PRECISION = re.compile(r"(?:\.\d+)?(?P<type>[eEfFgG%])$|\.\d+$")
CONVERT: dict[int, Callable[[object], str]] = {ord("r"): repr, ord("s"): str, ord("a"): ascii}


class Printed(str):
    """A text with a second one, `full`, in which numbers have all their digits."""

    full: str

    def __new__(cls, text: str, full: str | None = None) -> "Printed":
        """The text, remembering the other."""
        printed = super().__new__(cls, text)
        printed.full = text if full is None else full
        return printed


def _convert(value: object, how: Callable[[object], str]) -> Printed:
    """`how(value)`, where `how` is `str`, `repr` or `format`."""
    if isinstance(value, Printed):
        return Printed(how(str(value)), how(value.full))
    with printoptions(precision=25), np.printoptions(precision=25, floatmode="unique"):
        full = how(value)
    return Printed(how(value), full)


def formatted(value: object, spec: str) -> Printed:
    """`format(value, spec)`."""
    if isinstance(value, str):
        return Printed(format(value, spec), _convert(value, str).full)
    if not spec:
        return _convert(value, format)
    return Printed(format(value, spec), format(value, PRECISION.sub(r".30\g<type>", spec)))


def joined(*parts: str | tuple[object, int, str]) -> Printed:
    """What an f-string evaluates to: its texts, and its values with conversion and format."""
    texts = []
    for part in parts:
        if isinstance(part, str):
            texts.append(Printed(part))
        else:
            value, conversion, spec = part
            texts.append(formatted(_convert(value, CONVERT[conversion]) if conversion > 0 else value, spec))
    return Printed("".join(texts), "".join(text.full for text in texts))


class FStrings(ast.NodeTransformer):
    """Makes every f-string a call of `joined`."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """The call: each text as it is, each value with its conversion and format."""
        self.generic_visit(node)
        parts: list[ast.expr] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                spec = part.format_spec or ast.Constant("")
                part = ast.Tuple([part.value, ast.Constant(part.conversion), spec], ast.Load())
            parts.append(part)
        call = ast.Call(ast.Name("__joined__", ast.Load()), parts, [])
        return ast.fix_missing_locations(ast.copy_location(call, node))


class Transcript(io.StringIO):
    """Standard output, and `full`, the same with every digit."""

    def __init__(self) -> None:
        super().__init__()
        self.full = io.StringIO()

    def write(self, text: str) -> int:
        """Write to both."""
        self.full.write(text.full if isinstance(text, Printed) else text)
        return super().write(text)

    def show(self, value: object) -> None:
        """What the interpreter does with the value of an expression."""
        if value is not None:
            self.write(_convert(value, repr))
            self.write("\n")


@contextmanager
def transcript() -> Iterator[Transcript]:
    """Records what is printed and displayed meanwhile."""
    record, real = Transcript(), builtins.print

    def print_both(*values: object, sep: str = " ", end: str = "\n", file: Any = None, **rest: Any) -> None:
        if (sys.stdout if file is None else file) is not record:
            real(*values, sep=sep, end=end, file=file, **rest)
        else:
            texts = [_convert(value, str) for value in values]
            record.write(Printed(sep.join(texts) + end, sep.join(text.full for text in texts) + end))

    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(record))
        stack.callback(setattr, builtins, "print", real)
        stack.callback(setattr, sys, "displayhook", sys.displayhook)
        setattr(builtins, "print", print_both)  # noqa: B010 (mypy knows print too well)
        sys.displayhook = record.show
        yield record
