"""Part `nist`: correct digits on the eleven certified problems, where their data are at hand."""

from typing import Any

import numpy as np
import problems

import linreg
from bench.reference import digits
from bench.solvers import installed
from bench.timing import first


def measure(quick: bool = False) -> dict[str, Any] | None:
    """Digits of the worst coefficient of each problem; None without the data, and the old ones are kept."""
    if not problems.NIST.is_dir():
        return None
    names = list(problems.nist())
    solvers = [solver for solver in installed(extra=True) if solver.kind != "bare"]
    rows = {solver.name: {name: correct(solver, name) for name in names} for solver in solvers}
    rows["certified, decimal data"] = {name: decimal(name) for name in names}
    rows["best float64"] = {name: ceiling(name) for name in names}
    return {"settings": {"threads": 1}, "problems": names, "digits": rows}


def correct(solver: Any, name: str) -> float | None:
    """Against the 15 certified digits, of X in float64, powers rounded once."""
    c = problems.certified(name)
    call, read = solver.prepare(np.ascontiguousarray(c.X.numpy()), c.y.numpy(), c.intercept)
    t = first(lambda: np.asarray(read(call()), dtype=np.float64))
    return None if t.error else shown(t.result, name)


def shown(found: Any, name: str) -> float | None:
    truth = np.array(problems.nist()[name]["certified_float"]["estimate"])
    reached = digits(np.asarray(found, dtype=np.float64), truth)
    return None if reached != reached else min(15.0, round(reached, 2))  # the certificate has no more


def ceiling(name: str) -> float | None:
    """What the exact answer reaches once it is rounded to float64."""
    exact = problems.nist()[name]["exact50"]["estimate"]
    return shown([float(value) for value in exact], name)


def decimal(name: str) -> float | None:
    """`certified` on the decimals as they are published, powers of x in double-double."""
    if not hasattr(linreg, "certified"):
        return None
    c, facts = problems.certified(name), problems.nist()[name]
    header, *lines = (problems.NIST / facts["csv"]).read_text().split()
    rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    if facts["model"] == "polynomial":
        (x,) = facts["predictors"]
        X = linreg.powers(linreg.Doubled.of([row[x] for row in rows]), facts["degree"])
    else:
        X = linreg.Doubled.of([[row[x] for x in facts["predictors"]] for row in rows])
    y = linreg.Doubled.of([row["y"] for row in rows])
    t = first(lambda: linreg.certified(X, y, intercept=c.intercept))
    return None if t.error else shown([float(t.result.b)] * c.intercept + t.result.w.tolist(), name)
