"""Rewrite every expected output and claim to what the code gives: `make update`, or with paths.

Code and prose stay as they are. What raises without saying so, or no longer raises, is for its
author to mend: it is reported, and the command fails.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from book.page.files import ROOT, book, read
from book.page.model import TRACEBACK
from book.prove.evaluate import Result, evaluate


def update(path: Path, root: Path = ROOT) -> Iterator[str]:
    """Rewrites one file. Yields a line for each change, and for what it could not change."""
    before = text = path.read_text(encoding="utf-8")
    results = [result for page in read(path, root, text) for result in evaluate(page)]
    told = []
    for result in reversed(results):  # from the end, so that the places before stay right
        statement, place = result.statement, f"{path.relative_to(root)}:{result.statement.line}"
        if problem := _stuck(result):
            told.append(f"{place}: NOT REWRITTEN {problem}")
        elif statement.kind in ("claim", "example") and not _shortened(result):
            old, new = text[statement.start : statement.end], statement.rewritten(result.got)
            if old != new:
                told.append(f"{place}: {old.strip()} -> {new.strip()}")
                text = text[: statement.start] + new + text[statement.end :]
    for line in reversed(read(path, root, text)[0].unspaced if path.suffix == ".md" else []):
        told.append(f"{path.relative_to(root)}:{line}: an empty line before the fence, as doctest needs it")
        rows = text.splitlines(keepends=True)
        text = "".join([*rows[: line - 1], "\n", *rows[line - 1 :]])
    if path.read_text(encoding="utf-8") != before:
        told = [f"{path.relative_to(root)}: NOT REWRITTEN: the file changed while it ran"]
    elif text != before:
        path.write_text(text, encoding="utf-8")
    yield from reversed(told)


def _stuck(result: Result) -> str:
    """What no rewriting mends."""
    expected, raised = result.statement.raises, TRACEBACK in result.got
    if expected and not raised and not result.error:
        return f"raises nothing:\n{result.statement.source}"
    return result.problem() if result.error or result.statement.kind in ("code", "figure") else ""


def _shortened(result: Result) -> bool:
    """A traceback that agrees, with parts that its author cut, stays as it is."""
    return result.statement.raises and not result.problem()


def main(arguments: Sequence[str]) -> int:
    """Updates the files named, or the whole book."""
    told = [
        line for path in ([Path(name).resolve() for name in arguments] or book(ROOT)) for line in update(path)
    ]
    print("\n".join(told) or "All outputs and claims are as the code gives them.")
    return any(" NOT REWRITTEN " in line for line in told)
