"""Small faults put into a module, one at a time: the kinds that a slip of the hand makes.

A mutant is one change of the text at one node of the syntax tree: a comparison, an operator, a sign, a
constant, a statement that is gone, min for max. Docstrings, messages, annotations and `__all__` are not
touched: what they say is checked elsewhere.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    ast.Lt: ("<=", ">"), ast.LtE: ("<", ">"), ast.Gt: (">=", "<"), ast.GtE: (">", "<"),
    ast.Eq: ("!=",), ast.NotEq: ("==",), ast.Is: ("is not",), ast.IsNot: ("is",),
    ast.In: ("not in",), ast.NotIn: ("in",),
}  # fmt: skip
OPERATORS = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "//",
    ast.Pow: "*", ast.MatMult: "*", ast.LShift: ">>", ast.RShift: "<<", ast.BitOr: "&", ast.BitAnd: "|",
}  # fmt: skip
SWAPS = {
    "min": "max", "max": "min", "amin": "amax", "amax": "amin", "argmin": "argmax", "argmax": "argmin",
    "any": "all", "all": "any", "sum": "mean", "mean": "sum", "triu": "tril", "tril": "triu",
}  # fmt: skip
# How many rows are taken at a time, or columns as one: it decides speed, and of a result the last bits, which
# promise nothing. That memory stays bounded has tests of its own, at sizes of which these are a small part.
SIZES = {
    "BLOCK", "BLOCK_BYTES", "CUDA_BLOCK_BYTES", "CUDA_ROWS", "NARROW", "PART_ROWS", "RUN_ENTRIES", "SUB_ROWS",
}  # fmt: skip
UNTOUCHED = (ast.Import, ast.ImportFrom, ast.JoinedStr)  # the last: its places are not exact in Python 3.11


@dataclass(frozen=True)
class Mutant:
    """One changed text of a module, and how to tell a person of it."""

    kind: str
    line: int
    before: str  # the line as it is, stripped
    after: str  # and as it becomes
    source: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.kind}\n    - {self.before}\n    + {self.after}"


def mutants(source: str) -> list[Mutant]:
    """All mutants of a module, in the order of its text."""
    text = _Text(source)
    found = [text.changed(kind, span, new) for kind, span, new in _changes(ast.parse(source), text)]
    return sorted((m for m in found if m.source != source and _compiles(m.source)), key=lambda m: m.line)


class _Text:
    """The bytes of a module, since the syntax tree counts in bytes."""

    def __init__(self, source: str) -> None:
        self.bytes = source.encode()
        self.starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def span(self, node: ast.AST) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def between(self, left: ast.AST, right: ast.AST) -> tuple[int, int]:
        """Where the operator stands: between two operands, without brackets and spaces."""
        start, end = self.span(left)[1], self.span(right)[0]
        gap = re.search(rb"[^\s()]+(\s+(not|in)\b)?", self.bytes[start:end])
        assert gap is not None
        return start + gap.start(), start + gap.end()

    def changed(self, kind: str, span: tuple[int, int], new: str) -> Mutant:
        start, end = span
        line = self.bytes.count(b"\n", 0, start)
        source = (self.bytes[:start] + new.encode() + self.bytes[end:]).decode()
        before = self.bytes[self.starts[line] : self.starts[line + 1]].decode().strip()
        after = source.encode()[self.starts[line] :].split(b"\n", 1)[0].decode().strip()
        return Mutant(kind, line + 1, before, after, source)


def _changes(tree: ast.Module, text: _Text) -> Iterator[tuple[str, tuple[int, int], str]]:
    for node in _touched(tree):
        if isinstance(node, ast.Compare):
            operands = [node.left, *node.comparators]
            for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
                for new in COMPARISONS[type(operator)]:
                    yield "comparison", text.between(left, right), new
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                new = "or" if isinstance(node.op, ast.And) else "and"
                yield "and, or", text.between(left, right), new
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            yield "operator", text.between(node.left, node.right), OPERATORS[type(node.op)]
        elif isinstance(node, ast.AugAssign) and type(node.op) in OPERATORS:
            yield "operator", text.between(node.target, node.value), OPERATORS[type(node.op)] + "="
        elif isinstance(node, ast.UnaryOp):
            start, _ = text.span(node)
            yield "sign", (start, text.span(node.operand)[0]), ""
        elif isinstance(node, ast.Constant):
            for new in _constants(node.value):
                yield "constant", text.span(node), new
        elif isinstance(node, ast.Attribute) and node.attr in SWAPS:
            end = text.span(node)[1]
            yield "min, max", (end - len(node.attr), end), SWAPS[node.attr]
        elif isinstance(node, ast.Name) and node.id in SWAPS:
            yield "min, max", text.span(node), SWAPS[node.id]
        elif isinstance(node, ast.keyword) and node.arg in ("min", "max"):
            start, _ = text.span(node)
            yield "min, max", (start, start + 3), SWAPS[node.arg]
        elif isinstance(node, ast.IfExp):
            yield "condition", text.span(node.test), "True"
            yield "condition", text.span(node.test), "False"
        elif isinstance(node, ast.If | ast.While) and ast.unparse(node.test) != "TYPE_CHECKING":
            yield "condition", text.span(node.test), "False"
        if isinstance(node, ast.Expr | ast.AugAssign | ast.Assign | ast.Raise | ast.Continue | ast.Break):
            yield "lost statement", text.span(node), "pass"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield "lost statement", text.span(node), "return None"
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                start, end = text.span(decorator)
                if not ast.unparse(decorator).startswith(("property", "classmethod", "staticmethod")):
                    yield "lost decorator", (start - 1, end), "#"


def _touched(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but docstrings, annotations, `__all__`, `__version__`, sizes, imports and f-strings."""
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or name in ("annotation", "returns", "type_comment"):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            if isinstance(child, ast.Assign) and ast.unparse(child.targets[0]).startswith("__"):
                continue
            if isinstance(child, UNTOUCHED) or _is_size(child):
                continue
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue  # of `zip`: it would only show another fault
            yield child
            yield from _touched(child)


def _is_size(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign | ast.Return) and any(
        isinstance(part, ast.Name) and part.id in SIZES for part in ast.walk(node)
    )


def _constants(value: object) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (str(not value),)
    if isinstance(value, int):
        return (str(value + 1),) if value < 2 else (str(value + 1), str(value - 1))
    if isinstance(value, float):
        return (repr(value * 10), repr(value / 10)) if value else ("1.0",)
    return ()


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True
