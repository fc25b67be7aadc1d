"""One of the two ranks of test_class_ranks.py: RANK FOLDER. Prints what came out as lines of JSON."""

import atexit
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from linreg import logistic_stream, softmax_stream
from linreg.generalised.classes.newton import Objective

rank, folder = int(sys.argv[1]), Path(sys.argv[2])
Blocks = list[tuple[Tensor, ...]]


def tell(name: str, value: object) -> None:
    print(json.dumps({name: value}), flush=True)


def mine(*parts: Tensor, at: int = 200) -> Blocks:
    """The rows of this rank, in two blocks, or none."""
    here = [part[:at] if rank == 0 else part[at:] for part in parts]
    cut = [tuple(part[:7] for part in here), tuple(part[7:] for part in here)]
    return [block for block in cut if len(block[0])]


def fitted(name: str, fit: Callable[..., Any], rows: Blocks, **options: object) -> None:
    found = fit(rows, ranks=True, **options)
    told = {key: getattr(found, key) for key in ("w", "b", "loss", "rank", "steps", "message", "status")}
    if found.separation is not None:
        told |= {"v": found.separation.w, "undecided": found.separation.undecided}
    torch.save(told | {"status": str(found.status)}, folder / f"{name}{rank}")


def refused(name: str, fit: Callable[..., Any], rows: object, **options: object) -> None:
    start = time.perf_counter()
    try:
        fit(rows, **{"ranks": True, **options})
    except Exception as error:
        tell(name, [type(error).__name__, str(error), time.perf_counter() - start])


class Passes:
    """Blocks that do something else in the pass of this number, counted from 1."""

    def __init__(self, blocks: Blocks, number: int, instead: Callable[[], Blocks]) -> None:
        self.blocks, self.number, self.instead, self.passes = blocks, number, instead, 0

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        self.passes += 1
        return iter(self.instead() if self.passes == self.number else self.blocks)


def main() -> None:
    torch.set_num_threads(1 + rank)  # which changes no bit
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    atexit.register(dist.destroy_process_group)  # or the threads of gloo may abort the end of the process
    given = torch.load(folder / "data", weights_only=True)
    X, y, c, t = (given[name] for name in ("X", "y", "c", "t"))
    answers(given, X, y, c, t)
    other_processor(X, y)
    errors_of_one(X, y)
    errors_of_all(X, y, t)
    groups(X, y)
    fitted("again", logistic_stream, mine(X, y))  # nothing of all that has lost a rank

    def die() -> Blocks:
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    refused("killed", logistic_stream, Passes(mine(X, y), 4, die) if rank else mine(X, y))


def answers(given: dict[str, Tensor], X: Tensor, y: Tensor, c: Tensor, t: Tensor) -> None:
    fitted("split", logistic_stream, mine(X, y))
    fitted("weighted", logistic_stream, mine(X, y, c))
    fitted("penalised", logistic_stream, mine(X, y), alpha=0.1, standardise=True)
    fitted("through zero", logistic_stream, mine(X, y), intercept=False)
    fitted("first empty", logistic_stream, mine(X, y, at=0))
    fitted("second empty", softmax_stream, mine(X, t, at=300), alpha=0.01)
    fitted("nothing counts", logistic_stream, [(X, y, 0 * y)] if rank else mine(X, y, at=300))
    by_class, by_t = y.argsort(stable=True), t.argsort(stable=True)
    fitted("one class each", logistic_stream, mine(X[by_class], y[by_class], at=int((y == 0).sum())))
    fitted("last class", softmax_stream, mine(X[by_t], t[by_t], at=int((t < 2).sum())), alpha=0.01)
    fitted("tiny", logistic_stream, mine(X * 1e-200, y))
    fitted("dependent", logistic_stream, mine(torch.column_stack((X, X[:, 0] + X[:, 1])), y))
    fitted("few steps", logistic_stream, mine(X, y), steps=2)
    for kind in ("separable", "quasi", "dummy", "nearly"):
        Z, s = given[f"X {kind}"], given[f"y {kind}"]
        fitted(kind, logistic_stream, mine(Z, s, at=len(s) // 3))
        fitted(f"{kind} empty", softmax_stream, mine(Z, s, at=0))


def other_processor(X: Tensor, y: Tensor) -> None:
    """What rank 1 computes from sums it rounds otherwise."""
    once = Objective._step

    def rounded(self: Objective, end: Any) -> Tensor | None:
        step = once(self, end)
        return None if step is None else step * (1 + 4 * torch.finfo(step.dtype).eps)

    Objective._step = rounded if rank else once
    fitted("other bits", logistic_stream, mine(X, y))
    Objective._step = once


def errors_of_one(X: Tensor, y: Tensor) -> None:
    """On rank 1, of which rank 0 hears."""

    def damaged() -> Blocks:
        raise OSError("damaged file")

    good, other = mine(X, y), mine(X, torch.where(torch.arange(300) == 250, 2.0, y))
    refused("label", logistic_stream, other)
    refused("generator", logistic_stream, iter(good) if rank else good)
    refused("damaged first", softmax_stream, Passes(good, 1, damaged) if rank else good)
    refused("damaged third", logistic_stream, Passes(good, 3, damaged) if rank else good)
    refused("shorter", logistic_stream, Passes(good, 2, lambda: good[:1]) if rank else good)
    refused("more", logistic_stream, Passes([], 2, lambda: good) if rank else good)


def errors_of_all(X: Tensor, y: Tensor, t: Tensor) -> None:
    """Which each rank raises."""
    refused("no rows", logistic_stream, [])
    refused("one class", logistic_stream, mine(X, 0 * y))
    refused("a class without rows", softmax_stream, mine(X, t), classes=4)
    refused("features", logistic_stream, mine(X[:, : 3 + rank], y))
    refused("alpha", logistic_stream, mine(X, y), alpha=0.1 + 0.1 * rank)
    refused("classes", softmax_stream, mine(X, t), classes=(3, None)[rank])
    refused("function", (logistic_stream, softmax_stream)[rank], mine(X, y))
    once = Objective.minimised

    def ended_early(self: Objective, u: Tensor, steps: int) -> Any:
        return once(self, u, 3)

    Objective.minimised = ended_early if rank else once
    refused("other steps", logistic_stream, mine(X, y), alpha=0.01)
    Objective.minimised = once


def groups(X: Tensor, y: Tensor) -> None:
    alone = dist.new_group([1])  # made by all, used by its members
    refused("outside" if rank == 0 else "inside", logistic_stream, mine(X, y), ranks=alone)
    silent = dist.new_group([0, 1])
    if rank == 0:
        refused("silent", logistic_stream, mine(X, y), ranks=silent, timeout=1.0)
        (folder / "given up").touch()
    while not (folder / "given up").exists():
        time.sleep(0.05)


if __name__ == "__main__":
    main()
