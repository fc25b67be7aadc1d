"""Part `class_memory`: what a logistic fit needs beyond its rows, as `memory` has it of least squares."""

from typing import Any

import torch

import linreg
from bench.child import call as in_process
from bench.classes import CELLS, drawn
from bench.memory import STATUS, settled, status
from bench.samples import Cell

LARGE = (*CELLS[1:], Cell(2 * 10**6, 20, "float32"))
QUICK = (Cell(10**5, 5, "float64"),)
FITS = {"linreg.logistic": linreg.logistic, "linreg.infer_logistic": linreg.infer_logistic}


def measure(quick: bool = False) -> dict[str, Any] | None:
    """A process for each cell; None where the kernel keeps no such record."""
    if not STATUS.exists():
        return None
    cells = QUICK if quick else LARGE
    rows = [
        {**cell._asdict(), "name": cell.name, "X_mb": cell.megabytes}
        | {"extra_mb": in_process("class_memory.extras", threads=1, cell=list(cell))}
        for cell in cells
    ]
    return {"settings": {"threads": 1}, "cells": rows}


def extras(cell: list[Any]) -> dict[str, float]:
    """Megabytes beyond X and y at the peak of a second fit, in this process."""
    asked = Cell(*cell)
    print(f"  class_memory, {asked.name}", flush=True)
    X, y = (torch.from_numpy(part).to(getattr(torch, asked.dtype)) for part in drawn(asked))
    found = {}
    for name, fit in FITS.items():
        fit(X, y)
        before = settled()
        result = fit(X, y)
        found[name] = round((status("VmHWM") - before) / 1e3, 2)
        del result
    return found
