"""One of the two ranks of test_ranks.py: RANK FOLDER. Prints what came out as lines of JSON."""

import atexit
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import torch
import torch.distributed as dist

import linreg
from linreg.ring import Ring

rank, folder = int(sys.argv[1]), Path(sys.argv[2])


def tell(name: str, value: object) -> None:
    print(json.dumps({name: value}), flush=True)


def refused(name: str, sums: linreg.Statistics, **options: object) -> None:
    start = time.perf_counter()
    try:
        linreg.merge_ranks(sums, **options)
    except linreg.LinregError as error:
        tell(name, [type(error).__name__, str(error), time.perf_counter() - start])


def interrupted(name: str, sums: linreg.Statistics, group: object) -> None:
    """As by Ctrl-C, while the others do not answer."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    before, start = sums.M.clone(), time.perf_counter()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        linreg.merge_ranks(sums, group=group)
    except KeyboardInterrupt as stop:
        kept = bool((before == sums.M).all())
        tell(name, [type(stop).__name__, kept, time.perf_counter() - start])


def merge(name: str, sums: linreg.Statistics) -> None:
    before = sums.M.clone()
    total = linreg.merge_ranks(sums)
    assert bool((before == sums.M).all())
    total.save(folder / f"{name}{rank}")


def main() -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    atexit.register(dist.destroy_process_group)  # or the threads of gloo may abort the end of the process
    data = torch.load(folder / "data", weights_only=True)
    X, y = data["X"], data["y"]
    rows = slice(0, 700) if rank == 0 else slice(700, None)
    mine, empty = linreg.Statistics.of(X[rows][:100], y[rows][:100]), linreg.Statistics(X.shape[1])
    mine.update(X[rows][100:], y[rows][100:])  # whose shift is not the mean of all

    merge("split", mine)
    merge("first_empty", mine if rank else empty)
    merge("all_empty", empty)
    merge("weighted", linreg.Statistics.of(X[rows], y[rows], weights=y[rows].abs()))
    merge("tiny", linreg.Statistics.of(X[rows] * 1e-160, y[rows]))
    merge("unlike", linreg.Statistics.of(X[rows] * (1e-160, 1e155)[rank], y[rows]))
    narrow = linreg.Statistics.of(X[:, : 3 + rank], y)
    refused("features", narrow)

    alone = dist.new_group([1])  # made by all, used by its members
    if rank == 0:
        refused("outside", mine, group=alone)
    else:
        linreg.merge_ranks(mine, group=alone).save(folder / "alone1")

    silent = dist.new_group([0, 1])
    if rank == 0:
        refused("silent", mine, group=silent, timeout=1.0)
        (folder / "given up").touch()
    while not (folder / "given up").exists():
        time.sleep(0.05)
    deaf = dist.new_group([0, 1])
    if rank == 0:
        interrupted("interrupted", mine, deaf)
        (folder / "stopped").touch()
    while not (folder / "stopped").exists():
        time.sleep(0.05)
    merge("again", mine)  # the group of all has lost nobody

    if rank == 1:
        kill_in_the_middle()
    refused("killed", mine)


def kill_in_the_middle() -> None:
    """Die after the ranks have counted their rows and agreed on a shift, before the sums are sent."""
    once, calls = Ring.sum, []

    def sum_or_die(self: Ring, values: torch.Tensor) -> torch.Tensor:
        calls.append(values)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return once(self, values)

    Ring.sum = sum_or_die


if __name__ == "__main__":
    main()
