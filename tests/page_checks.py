"""Makes the pages, the README and the docstrings tests: one for each thing that they state."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from book.page.files import book, read
from book.page.model import Page, PageError
from book.prove.evaluate import Result, evaluate
from book.prove.lint import lint
from book.prove.mutate import SAMPLE, mutate


@cache
def files(root: Path) -> frozenset[Path]:
    return frozenset(book(root))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    page = file_path in files(parent.config.rootpath)
    return PageFile.from_parent(parent, path=file_path) if page else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A script page named on the command line is a page, no module with tests."""
    page = module_path in files(parent.config.rootpath)
    return Nothing.from_parent(parent, path=module_path) if page else None


class Nothing(pytest.File):
    def collect(self) -> list[pytest.Item]:
        return []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Stop where xdist cannot keep the checks of a page together: each worker would run the page."""
    if config.getoption("loadgroup", False) and any(
        isinstance(item, Check) and "@" not in item.nodeid for item in items
    ):
        raise pytest.UsageError(
            "This pytest and this pytest-xdist do not form groups; take those of the lock."
        )


class PageFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        names: Counter[str] = Counter()
        for line, kind, problem in self.checks():
            name = f"{line} {kind}"
            names[name] += 1
            name += f" {names[name]}" if names[name] > 1 else ""
            yield Check.from_parent(self, name=name, line=line, problem=problem)

    def checks(self) -> Iterator[tuple[int, str, Callable[[], str]]]:
        try:
            pages = read(self.path, self.config.rootpath)
        except (PageError, SyntaxError) as error:
            yield 1, "page", partial(str, error)
            return
        for page in pages:
            results = cache(partial(outcomes, page))  # run once, when the first check asks
            for i, statement in enumerate(page.statements):
                yield statement.line, statement.kind, lambda results=results, i=i: told(results()[i])
            first = page.blocks[0].first
            yield first, "numbers", lambda results=results, page=page: "\n".join(lint(page, results()))
            yield first, "mutants", lambda results=results: self.escaped(results())

    def escaped(self, results: list[Result]) -> str:
        """A sample of what `make mutate` does."""
        return "\n".join(mutate(results, self.config.rootpath, n=SAMPLE, seed=0).escaped)


class Check(pytest.Item):
    """Asks for the problem with one statement and fails with it."""

    def __init__(self, *, line: int, problem: Callable[[], str], **rest: object) -> None:
        super().__init__(**rest)
        self.line, self.problem = line, problem
        self.add_marker(pytest.mark.xdist_group(str(self.path)))  # a page is run by one worker

    def runtest(self) -> None:
        if problem := self.problem():
            pytest.fail(problem, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line - 1, f"{self.path.name}::{self.name}"


def outcomes(page: Page) -> list[Result]:
    return list(evaluate(page))


def told(result: Result) -> str:
    problem, statement = result.problem(), result.statement
    if not problem:
        return ""
    source = statement.source + (f":{statement.format}" if statement.format else "")
    return f"{result.page.path}:{statement.line}: {statement.kind}\n{source}\n{problem}"
