"""The workflows: what is published was proved, what the package needs is tried, and no more is allowed."""

import ast
import re
import sys
import tomllib
from typing import Any

import pytest
import yaml
from project import ROOT


def read(name: str) -> dict[Any, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())


WORKFLOWS = {path.name: read(path.name) for path in (ROOT / ".github/workflows").iterdir()}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_pinned_to_a_commit(name):
    """A tag can be moved to other code, a commit cannot."""
    jobs = WORKFLOWS[name]["jobs"].values()
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("site.yml", {"prove": set(), "publish": {"pages", "id-token"}}), ("package.yml", {"test": set()})],
)
def test_only_the_job_that_publishes_may_write(name, expected):
    assert WORKFLOWS[name]["permissions"] == {}
    writes = {
        job: {kind for kind, may in settings["permissions"].items() if may == "write"}
        for job, settings in WORKFLOWS[name]["jobs"].items()
    }
    assert writes == expected


def test_nothing_is_published_that_was_not_proved():
    jobs = WORKFLOWS["site.yml"]["jobs"]
    commands = [step.get("run") for step in jobs["prove"]["steps"]]
    assert commands.index("bash .ci/run") < commands.index("make editions")
    assert jobs["publish"]["needs"] == "prove"


def test_the_oldest_that_the_package_needs_is_tried_and_the_newest():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (oldest,) = (need.removeprefix("torch>=") for need in project["dependencies"])
    python = project["requires-python"].removeprefix(">=")
    job = WORKFLOWS["package.yml"]["jobs"]["test"]
    tried = [(row["python"], row["torch"]) for row in job["strategy"]["matrix"]["include"]]
    assert tried[0] == (python, f"torch=={oldest}.*")
    assert tried[1][1] == "torch"
    assert [int(part) for part in tried[1][0].split(".")] > [int(part) for part in python.split(".")]
    assert job["steps"][-1]["run"] == 'bash .ci/package "${{ matrix.torch }}"'
    script = (ROOT / ".ci/package").read_text()
    assert '"$VENV/bin/python" -m pytest tests/package\n' in script
    page = (ROOT / "docs/en/about/contributing.md").read_text()
    assert all(f"bash .ci/package 'torch=={oldest}.*'\n" in text for text in (script, page)), "the example"


def test_what_the_tests_of_the_package_import_is_installed_for_them():
    script = (ROOT / ".ci/package").read_text()
    (line,) = (line for line in script.splitlines() if "pip" in line and "install" in line)
    extras = re.search(r"\[([\w,]+)\]", line)[1].split(",")
    there = set(re.findall(r"(?<= )'?([a-z]+)(?=[ >'])", line.partition("--editable")[2]))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = list(project["dependencies"])
    while extras:
        for need in project["optional-dependencies"][extras.pop()]:
            name, _, inner = re.match(r"([\w-]+)(\[([\w,]+)\])?", need).group(1, 2, 3)
            needs.append(name)
            extras += inner.split(",") if inner else []
    there |= {re.match(r"[\w-]+", need)[0] for need in needs} | {"numpy"}  # which all of them need
    ours = {path.stem for path in (ROOT / "tests").glob("*.py")} | {"linreg"}
    used = set()
    for file in (ROOT / "tests/package").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            used |= {name.partition(".")[0] for name in names}
    foreign = used - ours - sys.stdlib_module_names
    assert {"pytest", "polars", "torch"} < foreign
    assert {"scikit-learn" if name == "sklearn" else name for name in foreign} <= there
