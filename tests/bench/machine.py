"""What was measured on: processor, memory, versions, and how busy the machine was."""

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import glmnet

ROOT = Path(__file__).parents[2]
PACKAGES = (
    *("torch", "numpy", "scipy", "scikit-learn", "scikit-learn-intelex", "glum", "polars", "polars-ols"),
    *("lineax", "jax", "statsmodels", "pyfixest", "pyarrow", "celer", "skglm", "adelie"),
)


def machine() -> dict[str, str | int | float]:
    """The facts that a time depends on; what a system does not tell is left out."""
    facts: dict[str, str | int | float] = {"system": platform.system(), "arch": platform.machine()}
    if models := re.findall(r"^model name\s*: (.*)$", text("/proc/cpuinfo"), re.M):
        facts["cpu"] = models[0].strip()
    facts["cores"] = os.cpu_count() or 1
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level = text(index / "type").strip(), text(index / "level").strip()
        facts[f"L{level}{'i' if kind == 'Instruction' else ''}"] = text(index / "size").strip()
    if memory := re.search(r"^MemTotal:\s*(\d+) kB", text("/proc/meminfo"), re.M):
        facts["memory_gb"] = round(int(memory[1]) / 2**20, 1)
    return facts


def versions() -> dict[str, str]:
    """The version of every package that was timed; those that did not install are absent."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if glmnet.version():
        found["R glmnet"] = glmnet.version()
    return found


def commit() -> str:
    """The state of `linreg` that was measured; a plus where files were changed since."""
    found = git("rev-parse", "--short", "HEAD").strip()
    return found + ("+" if git("status", "--porcelain", "--", "linreg").strip() else "")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout


def text(path: str | Path) -> str:
    """The file, or nothing where there is none."""
    try:
        return Path(path).read_text()
    except OSError:
        return ""
