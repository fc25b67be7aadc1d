"""Part `startup`: what `import linreg` adds to `import torch`."""

import subprocess
import sys
from statistics import median
from typing import Any

CODE = """
from time import perf_counter
import {before}
start = perf_counter()
import {module}
print(perf_counter() - start)
"""
# What each needs anyway is imported before.
MODULES = {"linreg": "torch", "sklearn.linear_model": "numpy", "statsmodels.api": "numpy", "torch": "sys"}


def measure(quick: bool = False) -> dict[str, Any]:
    """Median milliseconds, the modules in turn, so that all meet the same disk cache."""
    rounds = 3 if quick else 7
    times: dict[str, list[float]] = {module: [] for module in MODULES}
    for _ in range(rounds):
        for module, before in MODULES.items():
            code = CODE.format(before=before, module=module)
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            times[module].append(1e3 * float(done.stdout))
    return {
        "settings": {"rounds": rounds},
        "ms": {module: round(median(t), 2) for module, t in times.items()},
        "after": MODULES,
    }
