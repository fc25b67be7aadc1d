"""The shape of the engine: its folders, what may use what, and which names stay in their file."""

import ast
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from project import ROOT

TESTS, HOOKS = ROOT / "tests", ROOT / "docs/hooks"
# In reading order: a module uses only those before it.
ORDER = [
    "cache",
    "words",
    "page.model",
    "page.statements",
    "page.markdown",
    "page.script",
    "page.files",
    "execute.cells",
    "execute.kernels",
    "execute.outputs",
    "prove.compare",
    "prove.digits",
    "prove.labels",
    "prove.evaluate",
    "prove.lint",
    "prove.mutate",
    "prove.update",
    "prove.census",
    "render.markdown",
    "render.figures",
    "render.formulas",
    "render.search",
    "render.names",
    "render.reference",
    "render.code",
    "render.downloads",
    "render.lines",
    "render.former",
    "render.repairs",
    "publish.wheel",
    "publish.notebook",
    "publish.plain",
    "publish.llms",
    "publish.logo",
    "publish.card",
    "publish.feed",
    "publish.fonts",
    "publish.spelling",
    "publish.assets",
    "publish.policy",
    "publish.offline",
    "publish.digest",
    "translate.prose",
    "translate.pages",
    "translate.docstrings",
    "translate.drawn",
    "translate.catalogues",
    "translate.checks",
    "translate.terms",
    "translate.search",
    "translate.headings",
    "translate.site",
    "translate.edition",
    "translate.together",
    "translate.command",
]
FOLDERS = ["page", "execute", "prove", "render", "publish", "translate"]
STARTED = HOOKS / "book/execute/kernel"  # what Jupyter starts or reads, no part of the package


def path_of(module: str) -> Path:
    return HOOKS / "book" / f"{module.replace('.', '/')}.py"


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imported(module: ast.Module) -> list[tuple[str, str, str]]:
    """Each import from the engine: module, name in it (none for the whole), name here."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "book":
            home = node.module.removeprefix("book").removeprefix(".")
            for name in node.names:
                whole = f"{home}.{name.name}".removeprefix(".")
                part = ("", name.asname or name.name)
                found.append((whole, *part) if whole in ORDER else (home, name.name, part[1]))
    return found


def test_no_other_modules() -> None:
    there = {path for path in HOOKS.rglob("*.py") if path.parent != STARTED}
    modules = set(map(path_of, ORDER))
    packages = {HOOKS / "book" / name / "__init__.py" for name in ("", *FOLDERS)}
    assert there == modules | packages | {HOOKS / "events.py", HOOKS / "__main__.py"}


def test_the_modules_of_a_folder_stand_together() -> None:
    folders = [module.partition(".")[0] for module in ORDER if "." in module]
    assert [folder for folder, _ in groupby(folders)] == FOLDERS


@pytest.mark.parametrize("module", ORDER)
def test_a_module_uses_only_earlier_ones(module: str) -> None:
    used = {home for home, _, _ in imported(tree(path_of(module)))}
    assert used <= set(ORDER[: ORDER.index(module)])
    if module.startswith(("render.", "publish.", "translate.")):
        assert not [home for home in used if home.startswith("prove.")], "a page is proved by the tests"


def taken(path: Path) -> set[tuple[str, str]]:
    """The names that a file takes from modules of the engine, each with its module."""
    code = tree(path)
    modules = {here: home for home, name, here in imported(code) if not name}
    return {(home, name) for home, name, _ in imported(code) if name} | {
        (modules[node.value.id], node.attr)
        for node in ast.walk(code)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }


def test_a_name_with_an_underscore_stays_in_its_file() -> None:
    assert {name for path in HOOKS.rglob("*.py") for name in taken(path) if name[1].startswith("_")} == set()


def test_a_function_without_an_underscore_is_used_elsewhere() -> None:
    """By the engine or its tests; a page and the command line ask for some by name."""
    used = {name for folder in (HOOKS, TESTS) for path in folder.rglob("*.py") for name in taken(path)}
    used |= {(f"prove.{command}", "main") for command in ("census", "mutate", "update")}
    used |= {("prove.census", "total"), ("translate.command", "main"), ("translate.together", "main")}
    public = {
        (module, node.name)
        for module in ORDER
        for node in tree(path_of(module)).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    assert public - used == set()


@pytest.mark.parametrize("arguments", [[], ["evaluate"]])
def test_a_command_that_is_none(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, str(HOOKS), *arguments], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "python docs/hooks update|mutate|census|translate|editions [paths]\n"


def test_a_command_needs_no_settings(tmp_path: Path) -> None:
    """From any folder, as `make update` and the page for contributors have it."""
    done = subprocess.run(
        [sys.executable, str(HOOKS), "census"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:4] == ["claim", "example", "code", "figure"]
