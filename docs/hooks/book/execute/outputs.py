"""Run the code of pages through mkdocs-jupyter and keep nothing but the outputs.

mkdocs-jupyter executes; its own HTML (half a megabyte of style, no maths, no link checks) is thrown away. It
is given scripts made of code cells only, so that the cache of outputs, whose key is the text of the script,
does not see the prose.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from types import SimpleNamespace
from typing import Any

from bs4 import BeautifulSoup, Tag
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files

from book.cache import write
from book.execute import kernels
from book.execute.cells import Cell
from book.page.files import ROOT

HERE = Path(__file__).parent
CACHE = Path(".cache")
KEEP = 3  # execution caches kept, so that going back to another state of `linreg` costs nothing
TOOLS = [
    "torch",
    "numpy",
    "matplotlib",
    "matplotlib-inline",
    "ipython",
    "ipykernel",
    "nbclient",
    "nbconvert",
    "jupytext",
    "mkdocs-jupyter",
    "scikit-learn",
    "statsmodels",
]
TEXT, SVG = "text/plain", "image/svg+xml"


@dataclass(frozen=True)
class Output:
    """What a cell printed, drew or left as its value."""

    mime: str
    text: str
    result: bool = False  # the value of the cell's last line, not something printed


def digest(package: Path) -> str:
    """Name of everything that outputs depend on beside the code of the page itself."""
    sources = sorted(package.rglob("*.py")) + sorted(HERE.glob("kernel/*")) + [Path(__file__)]
    sources += sorted((ROOT / "docs/en").rglob("*.json"))  # results that pages read
    parts = [python_version(), *(f"{tool} {version(tool)}" for tool in TOOLS)]
    parts += [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sources]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def prepare(package: Path, wheel: Path) -> Path:
    """Point the kernels at the wheel and at the settings in `kernel/`; the cache of outputs is returned."""
    home = CACHE / "executed" / digest(package)
    home.mkdir(parents=True, exist_ok=True)
    os.utime(home)
    for old in sorted(home.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEEP]:
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    profile = (CACHE / "ipython" / "profile_default").resolve()
    profile.mkdir(parents=True, exist_ok=True)
    settings = HERE / "kernel" / "ipython_kernel_config.py"
    (profile / settings.name).write_bytes(settings.read_bytes())
    os.environ |= {
        "PYTHONPATH": str(wheel.resolve()),  # the very wheel that the site serves
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",  # one order of summation, whatever the number of cores
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MATPLOTLIBRC": str(HERE / "kernel" / "matplotlibrc"),
        "IPYTHONDIR": str(profile.parent),
        "JUPYTER_NO_CONFIG": "1",  # the settings of the person who builds stay out
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    return home


def execute(
    pages: Mapping[str, Sequence[Cell]],
    wanted: Set[str],
    home: Path,
    config: MkDocsConfig,
    files: Files,
) -> dict[str, list[list[Output]]]:
    """Outputs of each cell of the wanted pages: from the cache in `home`, or run, on all cores at once."""
    scripts = {name: percent(cells) for name, cells in pages.items() if cells}
    kept = {
        name: home / f"{hashlib.sha256(text.encode()).hexdigest()}.json" for name, text in scripts.items()
    }
    for old in set(home.glob("*.json")) - set(kept.values()):
        old.unlink()

    def outputs(name: str) -> list[list[Output]]:
        if not kept[name].exists():
            made = run(name, pages[name], scripts[name], config, files)
            write(kept[name], json.dumps([[asdict(output) for output in cell] for cell in made]))
        return [[Output(**output) for output in cell] for cell in json.loads(kept[name].read_text())]

    todo = sorted(scripts.keys() & wanted, key=lambda name: -len(scripts[name]))  # no long one at the end
    ready = nullcontext() if all(kept[name].exists() for name in todo) else kernels.opened()
    with ready, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # the work is done in the kernels
        return dict(zip(todo, pool.map(outputs, todo), strict=True))


def run(
    name: str, cells: Sequence[Cell], script: str, config: MkDocsConfig, files: Files
) -> list[list[Output]]:
    """Let mkdocs-jupyter replace the `render` of a page, and render it."""
    path = CACHE / "scripts" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    file = SimpleNamespace(abs_src_path=str(path.resolve()), src_path=name)
    page: Any = SimpleNamespace(file=file, abs_url="/")
    config.plugins["mkdocs-jupyter"].on_pre_page(page, config=config, files=files)
    try:
        page.render(config, files)
    except Exception as error:
        raise PluginError(f"{name}: {error}") from error
    outputs = read_outputs(page.content)
    check(name, cells, outputs)
    return outputs


def percent(cells: Sequence[Cell]) -> str:
    """The cells as a script that mkdocs-jupyter reads."""
    marker = {False: "# %%", True: '# %% tags=["raises-exception"]'}
    return "\n\n".join(f"{marker[cell.raises]}\n{cell.code.strip()}" for cell in cells) + "\n"


def read_outputs(html: str) -> list[list[Output]]:
    """Take the outputs of each code cell from the HTML of mkdocs-jupyter."""
    soup = BeautifulSoup(html[html.rfind("</style>") :], "html.parser")
    return [
        joined([read_output(child) for child in cell.select(".jp-OutputArea-child")])
        for cell in soup.select(".jp-CodeCell[id]")
    ]


def joined(outputs: Sequence[Output]) -> list[Output]:
    """With what was printed in one piece: a kernel sends it in as many as its clock has it."""
    made: list[Output] = []
    for output in outputs:
        if made and printed(output) and printed(made[-1]):
            made[-1] = Output(TEXT, made[-1].text + output.text)
        else:
            made.append(output)
    return [it if it.mime == SVG else replace(it, text=it.text.strip("\n")) for it in made]


def printed(output: Output) -> bool:
    """Whether a cell wrote this on its way."""
    return output.mime == TEXT and not output.result


def read_output(child: Tag) -> Output:
    """One output, its picture decoded."""
    box = child.select_one("[data-mime-type]")
    if box is None:
        raise PluginError(f"An output of a kind that pages do not use: {child.get_text()[:200]}")
    mime, image = str(box["data-mime-type"]), box.select_one("img")
    if mime == SVG and image is not None:
        return Output(mime, base64.b64decode(str(image["src"]).partition(",")[2]).decode())
    return Output(mime, (box.pre or box).get_text(), result="jp-OutputArea-executeResult" in child["class"])


def check(name: str, cells: Sequence[Cell], outputs: Sequence[Sequence[Output]]) -> None:
    """Stop the build at a warning, at an unknown output, and when mkdocs-jupyter's HTML has changed."""
    if len(cells) != len(outputs):
        raise PluginError(f"{name}: {len(cells)} cells, but {len(outputs)} in mkdocs-jupyter's HTML.")
    for cell, made in zip(cells, outputs, strict=True):
        for output in made:
            if cell.shown and output.mime not in (TEXT, SVG):
                raise PluginError(f"{name}: unwanted output ({output.mime}) of\n{cell.code}\n\n{output.text}")
