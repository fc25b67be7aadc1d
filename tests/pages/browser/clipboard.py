"""What the copy buttons of a page give, what they ought to give, and whether it runs."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from doctest import DocTestParser, Example
from pathlib import Path

from visit import Visit

from book.page.files import parse
from book.render.markdown import INSTALL

BUTTONS = ".md-content .md-code__button[data-md-type=copy]"

# A clean interpreter meets the snippets as in a notebook: in order, a statement at a time, in one namespace.
RUN = """
import ast, json, sys
sys.path.insert(0, sys.argv[1])
names = {"__name__": "__main__"}
for number, (text, raises) in enumerate(json.load(sys.stdin), 1):
    raised = []
    for node in ast.parse(text).body:
        try:
            exec(compile(ast.Module([node], []), f"<snippet {number}>", "exec"), names)
        except Exception as error:
            raised.append(type(error).__name__)
            last = f"{type(error).__name__}: {error}"
    if raised != raises:
        sys.exit(f"snippet {number} raised {raised}, not {raises}; {last if raised else ''}\\n{text}")
if "linreg" in sys.modules and not sys.modules["linreg"].__file__.startswith(sys.argv[1]):
    sys.exit("this is not the linreg that the site serves")
"""


@dataclass(frozen=True)
class Snippet:
    """A block with a copy button."""

    text: str
    python: bool = False
    raises: tuple[str, ...] = ()  # the names of the errors that it shows, in order


def wanted(source: Path, install: str, visit: Visit) -> list[Snippet]:
    """The snippets of a page, from its source; where docstrings make the page, from what it shows."""
    if re.search("^:::", source.read_text(), re.M):
        script = "buttons => buttons.map(b => b.closest('.highlight').querySelector('code').textContent)"
        return [snippet(text) for text in visit.page.locator(BUTTONS).evaluate_all(script)]
    found = []
    for block in parse(source).blocks:
        if block.kind == "prose":
            found += [Snippet(install)] * len(re.findall(rf"^ *{INSTALL}$", block.source, re.M))
        elif block.kind == "doctest":
            found.append(snippet(block.source))
        elif block.kind == "shown":
            found.append(Snippet(re.sub(r"^\$ ", "", block.source, flags=re.M)))
        else:
            found.append(Snippet(block.source, python=True))
    return found


def snippet(shown: str) -> Snippet:
    """Code with prompts and outputs, or plain Python."""
    if ">>> " not in shown:
        return Snippet(shown.rstrip(), python=True)
    examples: list[Example] = DocTestParser().get_examples(shown)
    errors = [re.split(r"[:\n]", example.exc_msg)[0] for example in examples if example.exc_msg]
    names = tuple(error.rpartition(".")[2] for error in errors)
    return Snippet("".join(example.source for example in examples).rstrip(), True, names)


def copied(visit: Visit) -> list[str]:
    """What each copy button of the page puts on the clipboard, from top to bottom."""
    visit.look("open")
    texts = []
    for button in visit.page.locator(BUTTONS).all():
        visit.page.evaluate("navigator.clipboard.writeText('nothing was copied')")
        button.click()
        texts.append(visit.page.evaluate("navigator.clipboard.readText()"))
    return texts


def differences(texts: list[str], snippets: list[Snippet], visit: Visit) -> list[str]:
    """The clipboard holds the code of each block and nothing else, and outputs cannot be copied."""
    faults = [
        f"copied\n{text}\ninstead of\n{snippet.text}"
        for text, snippet in zip(texts, snippets, strict=False)
        if text != snippet.text
    ]
    if len(texts) != len(snippets):
        faults.append(f"{len(texts)} copy buttons for {len(snippets)} blocks")
    outputs = visit.page.locator(".output .md-code__button").count()
    return [*faults, *([f"{outputs} outputs have a copy button"] if outputs else [])]


def run(texts: list[str], snippets: list[Snippet], package: Path, folder: Path) -> list[str]:
    """What was copied runs, in order, in an interpreter that knows nothing else."""
    python = [(text, snippet.raises) for text, snippet in zip(texts, snippets, strict=True) if snippet.python]
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN, str(package)],
        input=json.dumps(python),
        cwd=folder,
        env={"MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "HOME": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
    )
    return [done.stderr[-3000:]] if done.returncode else []
