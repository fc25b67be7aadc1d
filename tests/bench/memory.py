"""Part `memory`: what a fit needs beyond X and y, from the kernel's record of the largest resident size."""

import ctypes
import gc
from pathlib import Path
from typing import Any

from bench.child import call as in_process
from bench.samples import Cell, well
from bench.solvers import SOLVERS, installed

CELLS = (
    Cell(10**5, 100, "float64"),
    Cell(10**6, 10, "float64"),
    Cell(10**6, 10, "float32"),
    Cell(10**6, 100, "float64"),
)
QUICK = (Cell(10**5, 10, "float64"), Cell(10**5, 10, "float32"))
STATUS = Path("/proc/self/status")


def measure(quick: bool = False, only: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """A process for each solver, which holds nothing else; None where the kernel keeps no such record."""
    if not STATUS.exists():
        return None
    cells = QUICK if quick else CELLS
    found = {}
    for solver in installed(only=only):
        if solver.kind == "bare":
            continue
        print(f"  {solver.name}", flush=True)
        found[solver.name] = in_process("memory.extras", threads=1, name=solver.name, quick=quick)
    rows = [
        {**cell._asdict(), "name": cell.name, "X_mb": cell.megabytes}
        | {"extra_mb": {name: extra[i] for name, extra in found.items()}}
        for i, cell in enumerate(cells)
    ]
    return {"settings": {"threads": 1}, "cells": rows}


def extras(name: str, quick: bool) -> list[float]:
    """Megabytes beyond X and y at the peak of each fit, in this process."""
    (solver,) = (solver for solver in SOLVERS if solver.name == name)
    return [extra(solver, cell) for cell in (QUICK if quick else CELLS)]


def extra(solver: Any, cell: Cell) -> float:
    """The same for one cell: of a second fit, as the first brings code and what libraries keep for ever."""
    X, y = well(cell)
    call, _ = solver.prepare(X, y, True)
    del X, y, _  # a peer with a form of its own needs no other
    call()
    before = settled()
    result = call()
    peak = status("VmHWM")
    del result
    return round((peak - before) / 1e3, 2)


def settled() -> float:
    """Kilobytes resident now; the record of the largest size begins anew."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def status(field: str) -> float:
    """A line of /proc/self/status, its kB of 1024 bytes turned into 1000."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1.024
