"""What a page offers for download: itself as a notebook, and the wheel of `linreg` that it was executed with."""

import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import chdir
from hashlib import sha256
from importlib import import_module
from itertools import groupby
from pathlib import Path
from tempfile import mkdtemp

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from pages import CLAIM, Block, Page
from rendering import INSTALL

WHEELS = Path(".cache/wheels")


def wheel(root: Path) -> Path:
    """Build the wheel, once for each state of its sources and with equal bytes from equal sources."""
    parts = [root / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    parts += sorted((root / "linreg").rglob("*.py"))
    state = sha256(b"".join(str(path.relative_to(root)).encode() + path.read_bytes() for path in parts))
    home = WHEELS / state.hexdigest()[:16]
    if not home.exists():
        os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")  # 1980-01-01, the first date a zip can hold
        backend = tomllib.loads((root / "pyproject.toml").read_text())["build-system"]["build-backend"]
        WHEELS.mkdir(parents=True, exist_ok=True)
        draft = mkdtemp(dir=WHEELS.resolve())
        with chdir(root):
            import_module(backend).build_wheel(draft)
        os.replace(draft, home)  # at once: another build may be looking
    (built,) = home.glob("*.whl")
    return built


def install_line(site_url: str, wheel: Path) -> str:
    """`[plot]` brings matplotlib, which the blocks with figures need."""
    return f'```sh\npip install "linreg-book[plot] @ {site_url.rstrip("/")}/{wheel.name}"\n```'


def notebook(page: Page, install: str, links: Mapping[str, str]) -> str:
    """An executed page as a notebook; `links` are the addresses of the pages that it may link to."""
    book = new_notebook(
        metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    )
    for number, (cell, blocks) in enumerate(groupby(page.blocks, key=lambda block: block.line * block.cell)):
        text = "\n\n".join(plain(block, install) for block in blocks)
        new = new_code_cell(text) if cell else new_markdown_cell(absolute(text, page, links))
        new.id = f"cell-{number}"  # nbformat's own are random
        book.cells.append(new)
    return nbformat.writes(book) + "\n"


def plain(block: Block, install: str) -> str:
    if block.kind == "shown":
        return f"```{block.language}\n{block.source}\n```"
    return CLAIM.sub(lambda match: match["shown"] or match[0], block.source).replace(INSTALL, install)


def absolute(text: str, page: Page, links: Mapping[str, str]) -> str:
    """A notebook is read away from the site: its links lead back there."""

    def one(match: re.Match[str]) -> str:
        target = (page.path.parent / match[1]).resolve()
        return f"]({links[str(target)]}" if str(target) in links else match[0]

    return re.sub(r"\]\(([^)#:]+)", one, text)
