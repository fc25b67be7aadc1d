"""Pages as tests: found wherever they are, failing by line, and failing when the package changes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

from book.page.files import book, read

CACHES = shutil.ignore_patterns("__pycache__")


def run_pytest(root: Path, *arguments: str) -> tuple[int, str]:
    """Runs the checks in a copy of the project, as its user would, without plugins that they do not need."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "xdist", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer to import than the pages to check
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project like this one, with no pages yet."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "docs" / "hooks", tmp_path / "docs" / "hooks", ignore=shutil.ignore_patterns("__pycache__")
    )
    for folder in ("docs/en/part1", "linreg", "tests"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "page_checks.py", tmp_path / "tests")
    shutil.copy(ROOT / "linreg" / "rounding.py", tmp_path / "linreg")  # the rule by which they judge
    return tmp_path


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).write_text(text)


@pytest.fixture
def pages(project: Path) -> Path:
    write(
        project,
        {
            "docs/en/index.md": "# Home\n\n```pycon\n>>> x = 2\n>>> x\n3\n\n```\n\n<!--= x -->2<!--/-->\n",
            "docs/en/part1/script.py": "# %% [markdown]\n# # A\n\n# %%\nx = 1\nassert x == 2\n",
            "docs/en/part1/broken.md": "# B\n\n```pycon\n>>> 1\n",
            "docs/en/part1/numbers.md": "# C\n\nIt is 0.48.\n",
            "docs/en/part1/fine.md": "# D\n\n```pycon\n>>> x\nTraceback (most recent call last):\n    ...\n"
            "NameError: name 'x' is not defined\n\n```\n",
            "README.md": "# E\n\n```pycon\n>>> x = y\n\n```\n",
            "linreg/__init__.py": '"""A package."""\n',
            "linreg/two.py": 'def two(x):\n    """Two.\n\n    >>> two(2)\n    5\n    """\n    return 2 * x\n',
            "docs/stray.md": "It is 0.48 and not a page.\n",
        },
    )
    return project


FAILURES = {
    "docs/en/index.md": 5,
    "docs/en/part1/script.py": 5,
    "docs/en/part1/broken.md": 3,
    "docs/en/part1/numbers.md": 3,
    "README.md": 4,
    "linreg/two.py": 4,
}


def check_failures(root: Path, code: int, output: str) -> None:
    assert code == 1
    for name, line in FAILURES.items():
        assert f"{root / name}:{line}: " in output
    assert len(re.findall(r"^FAILED ", output, re.MULTILINE)) == len(FAILURES)


def test_every_page_is_checked_and_fails_alone(pages):
    code, output = run_pytest(pages, "-n", "2", "--dist", "loadgroup")
    check_failures(pages, code, output)
    assert "Expected:\n    3\nGot:\n    2\n" in output
    assert "assert x == 2" in output
    assert "fine.md" not in output


def test_files_can_be_named_and_statements_have_names(pages):
    code, output = run_pytest(pages, *FAILURES)
    check_failures(pages, code, output)
    assert "FAILED docs/en/index.md::5 example - " in output
    assert "FAILED docs/en/part1/script.py::5 code - " in output


@pytest.mark.parametrize(
    ("file", "constant", "changed", "checked"),
    [
        ("basics/loss.py", "half = 0.5", "half = 0.25", ["docs/en/part1/loss.md", "linreg/basics/loss.py"]),
        (
            "descent/curvature.py",
            "2 / self.L",
            "2.1 / self.L",
            ["docs/en/part1/descent.md", "linreg/descent/curvature.py"],
        ),
    ],
)
def test_a_constant_changed_in_the_package_makes_its_pages_fail(project, file, constant, changed, checked):
    for folder in ("linreg", "docs/en"):
        shutil.rmtree(project / folder)
        shutil.copytree(ROOT / folder, project / folder, ignore=CACHES)
    source = (project / "linreg" / file).read_text()
    assert source.count(constant) == 1
    (project / "linreg" / file).write_text(source.replace(constant, changed))
    code, output = run_pytest(project, *checked)
    assert code == 1
    for name in checked:
        assert re.search(rf"{re.escape(str(project / name))}:\d+: (example|claim|code)\n", output)


def test_the_book_is_complete():
    found = {path.relative_to(ROOT).as_posix() for path in book(ROOT)}
    assert {"README.md", "docs/en/index.md", "linreg/basics/loss.py"} <= found
    assert not any("/files/" in name for name in found), "what is only downloaded is no page"
    statements = [s for path in book(ROOT) for page in read(path, ROOT) for s in page.statements]
    assert sum(statement.kind == "claim" for statement in statements) > 50
    assert sum(statement.kind == "example" for statement in statements) > 100
