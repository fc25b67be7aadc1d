"""Part `ranks`: two gloo processes of one thread on two cores, against one of them alone."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from bench.child import answer, start
from bench.samples import Cell, well
from bench.threads import cores

CELLS = (Cell(4 * 10**6, 10, "float64"), Cell(10**6, 100, "float64"), Cell(10**5, 1000, "float64"))
QUICK = (Cell(2 * 10**5, 10, "float64"),)
MERGES = (10, 100, 1000)  # numbers of columns for which the merging alone is timed
ROUNDS = 7


def measure(quick: bool = False) -> dict[str, Any] | None:
    """Seconds of one process and of two, and the time that the merging takes."""
    if len(cores(2)) < 2:
        print("  needs two cores", flush=True)
        return None
    with TemporaryDirectory() as home:
        where = {"store": str(Path(home) / "store"), "quick": quick}
        pair = [
            start("ranks.rank", threads=1, cores=[core], number=i, **where) for i, core in enumerate(cores(2))
        ]
        found, _ = [answer(process) for process in pair]
    return {
        "settings": {"threads": 1, "ranks": 2, "rounds": 3 if quick else ROUNDS, "backend": "gloo"},
        **found,
    }


def rank(number: int, store: str, quick: bool) -> dict[str, Any]:
    """What each of the two does; the first one's figures count."""
    from torch import distributed

    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=number, world_size=2)
    rounds = 3 if quick else ROUNDS
    cells = [raced(cell, number, rounds) for cell in (QUICK if quick else CELLS)]
    merges = [merged(d, rounds) for d in MERGES]
    distributed.destroy_process_group()
    return {"cells": cells, "merges": merges}


def raced(cell: Cell, number: int, rounds: int) -> dict[str, Any]:
    """One process with all rows, then two with half of them each, in turn."""
    import torch

    X, y = (torch.from_numpy(part) for part in well(cell))
    if number:
        print(f"  {cell.name}", flush=True)
    mine = slice(number * cell.n // 2, (number + 1) * cell.n // 2)
    one, two = [], []
    for _ in range(rounds + 1):  # the first warms up
        one.append(timed(lambda: alone(X, y)) if number == 0 else timed(lambda: None))
        two.append(timed(lambda: together(X[mine], y[mine])))
    alone_s, together_s = min(one[1:]), min(two[1:])
    return {
        **cell._asdict(),
        "name": cell.name,
        "one": float(f"{alone_s:.4g}"),
        "two": float(f"{together_s:.4g}"),
        "efficiency": round(alone_s / together_s / 2, 3),
    }


def timed(do: Any) -> float:
    """Seconds from the moment when both ranks are ready until both are done."""
    from torch import distributed

    distributed.barrier()
    begin = perf_counter()
    do()
    distributed.barrier()
    return perf_counter() - begin


def alone(X: Any, y: Any) -> Any:
    import linreg

    return linreg.solve_statistics(linreg.Statistics.of(X, y))


def together(X: Any, y: Any) -> Any:
    import linreg

    return linreg.solve_statistics(linreg.merge_ranks(linreg.Statistics.of(X, y)))


def merged(d: int, rounds: int) -> dict[str, Any]:
    """`merge_ranks` alone, and what it sends."""
    import torch

    import linreg

    X = torch.randn(2 * d, d, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sums = linreg.Statistics.of(X, X[:, 0])
    seconds = min(timed(lambda: linreg.merge_ranks(sums)) for _ in range(3 * rounds))
    empty = min(timed(lambda: None) for _ in range(3 * rounds))
    return {"d": d, "bytes": 8 * (d + 2) ** 2, "ms": round(1e3 * (seconds - empty), 3)}
