"""Run the code of pages through mkdocs-jupyter and keep nothing but the outputs.

mkdocs-jupyter executes, by its settings in mkdocs.yml; its own HTML (half a megabyte of style, no maths, no
link checks) is not asked for. It is given notebooks made of code cells only, so that the cache of outputs,
whose key is made of the cells, does not see the prose.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import get_plugin_logger
from mkdocs_jupyter.nbconvert2 import get_nbconvert_app
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from book.cache import write
from book.execute import kernels
from book.execute.cells import Cell, cells
from book.page.files import ROOT
from book.page.model import Page

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
    "mkdocs-jupyter",
    "scikit-learn",
    "statsmodels",
    "scipy",
    "pandas",
    "pyarrow",
]
TEXT, SVG = "text/plain", "image/svg+xml"
LOG = get_plugin_logger("execute")


@dataclass(frozen=True)
class Output:
    """What a cell printed, drew or left as its value."""

    mime: str
    text: str
    result: bool = False  # the value of the cell's last line, not something printed


def digest(package: Path) -> str:
    """Name of everything that outputs depend on beside the code of the page itself."""
    sources = sorted(package.rglob("*.py")) + sorted(HERE.glob("kernel/*")) + sorted(HERE.glob("*.py"))
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
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # no word of the debugger, which nobody uses
        "JUPYTER_NO_CONFIG": "1",  # the settings of the person who builds stay out
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    return home


class Running(Mapping[str, list[list[Output]]]):
    """The outputs of pages, in the order in which these run: who asks for those of one waits for it.

    Attributes:
        close: starts no more pages, waits for those that run, and ends what the kernels are forked from.
    """

    def __init__(
        self, made: Mapping[str, Callable[[], list[list[Output]]]], close: Callable[[], None]
    ) -> None:
        self._made, self.close = made, close

    def __getitem__(self, name: str) -> list[list[Output]]:
        return self._made[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def of_blocks(
    pages: Mapping[str, Page],
    wanted: set[str],
    home: Path,
    config: MkDocsConfig,
    after: Callable[[], object] = lambda: None,
) -> Running:
    """Outputs of each block of the wanted pages, which are executed each as one list of cells."""
    blocks = {name: cells(page) for name, page in pages.items()}
    flat = {name: [cell for block in page for cell in block] for name, page in blocks.items()}
    running = execute(flat, wanted, home, config, after)
    runs = list(running)

    def outputs(name: str) -> list[list[Output]]:
        made = iter(running[name] if name in runs else [])
        return [[output for _ in block for output in next(made)] for block in blocks[name]]

    at_once = sorted(wanted.difference(runs))  # which have nothing to run
    return Running({name: partial(outputs, name) for name in (*at_once, *runs)}, running.close)


def execute(
    pages: Mapping[str, Sequence[Cell]],
    wanted: set[str],
    home: Path,
    config: MkDocsConfig,
    after: Callable[[], object] = lambda: None,
) -> Running:
    """Outputs of each cell of the wanted pages: from the cache in `home`, or run, on all cores at once.

    One kernel more than there are cores: some always wait, half a second each, to have started or ended.
    `after` is called when all are there.
    """
    kept = {name: home / f"{key(code)}.json" for name, code in pages.items() if code}
    for old in set(home.glob("*.json")) - set(kept.values()):
        old.unlink()

    def outputs(name: str) -> list[list[Output]]:
        if not kept[name].exists():
            made = _run(name, pages[name], config)
            write(kept[name], json.dumps([[asdict(output) for output in cell] for cell in made]))
        return [[Output(**output) for output in cell] for cell in json.loads(kept[name].read_text())]

    todo = sorted(kept.keys() & wanted, key=lambda name: -len(repr(pages[name])))  # no long one at the end
    end = ExitStack()
    if not all(kept[name].exists() for name in todo):
        end.enter_context(kernels.opened())
    pool = ThreadPoolExecutor((os.cpu_count() or 1) + 1)  # the work is done in the kernels
    made = {name: pool.submit(outputs, name) for name in todo}

    def last() -> None:
        wait(made.values())
        if not any(future.cancelled() or future.exception() for future in made.values()):
            after()

    @end.callback
    def _shut() -> None:
        pool.shutdown(cancel_futures=not all(future.done() for future in made.values()))

    pool.submit(last)
    return Running({name: future.result for name, future in made.items()}, end.close)


def key(code: Sequence[Cell]) -> str:
    """Name of a page's code."""
    return hashlib.sha256(repr(code).encode()).hexdigest()


def _run(name: str, code: Sequence[Cell], config: MkDocsConfig) -> list[list[Output]]:
    """Execute a page with the settings of mkdocs-jupyter; an output that no page can show stops the build."""
    settings = config.plugins["mkdocs-jupyter"].config
    app = get_nbconvert_app(
        execute=True, kernel_name=settings["kernel_name"], allow_errors=settings["allow_errors"]
    )
    book = new_notebook()
    for cell in code:
        marks = {"tags": ["raises-exception"] * cell.raises}
        book.cells.append(new_code_cell(cell.code.strip(), metadata=marks))
    LOG.info(f"Executing {name}")
    try:
        ExecutePreprocessor(config=app.config).preprocess(book)
    except Exception as error:
        raise PluginError(f"{name}: {error}") from error
    made = [_merged(map(_output_of, cell.outputs)) for cell in book.cells]
    for cell, outputs in zip(code, made, strict=True):
        for output in outputs:
            if cell.shown and output.mime not in (TEXT, SVG):
                raise PluginError(f"{name}: unwanted output ({output.mime}) of\n{cell.code}\n\n{output.text}")
    return made


def _output_of(output: NotebookNode) -> Output:
    """One output of a cell: its picture if it has one, its text if it has nothing else."""
    match output.output_type:
        case "stream":
            return Output(TEXT if output.name == "stdout" else output.name, output.text)
        case "error":
            return Output("error", output.evalue)
    mime = next((mime for mime in (SVG, *output.data) if mime in output.data and mime != TEXT), TEXT)
    return Output(mime, str(output.data[mime]), result=output.output_type == "execute_result")


def _merged(outputs: Iterable[Output]) -> list[Output]:
    """With what was printed in one piece: a kernel sends it in as many as its clock has it."""
    made: list[Output] = []
    for output in outputs:
        if made and _printed(output) and _printed(made[-1]):
            made[-1] = Output(TEXT, made[-1].text + output.text)
        else:
            made.append(output)
    return [it if it.mime == SVG else replace(it, text=it.text.strip("\n")) for it in made]


def _printed(output: Output) -> bool:
    """Whether a cell wrote this on its way."""
    return output.mime == TEXT and not output.result
