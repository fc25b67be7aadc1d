"""Build a site in a process of its own: for the tests, which look at it, and a benchmark, which times it."""

import os
import subprocess
import sys
from pathlib import Path


def build(
    config: Path,
    *options: str,
    cwd: Path,
    python: str = sys.executable,
    tool: str = "mkdocs",
    **settings: str,
) -> None:
    """Build all its pages, as `make build` does; what is cached is cached under `cwd`."""
    command = ("-m", tool, "build", "--strict", "--config-file", str(config), *options)
    run(*command, cwd=cwd, python=python, **settings)


def run(*command: str, cwd: Path, python: str = sys.executable, **settings: str) -> None:
    """Have Python build."""
    env = {name: value for name, value in os.environ.items() if name != "PAGES"}
    env |= {"NO_MKDOCS_2_WARNING": "1", **settings}
    done = subprocess.run([python, *command], cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"The site does not build:\n{done.stdout}{done.stderr}")
