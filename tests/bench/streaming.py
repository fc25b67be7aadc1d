"""Part `streaming`: a file larger than the memory a fit may take, against reading it and against memory."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch

import linreg
from bench.child import call as in_process
from bench.memory import settled, status

D = 30  # features; the target is one more column
ROWS = 1 << 20  # written at a time: what pyarrow makes a row group by default
PARQUET_SHARE = 4  # the Parquet file holds one row of so many: rates are compared
CHUNK = 8 << 20  # bytes of the bare reading loop
ROUNDS = 3
THREADS = 2


def measure(quick: bool = False, gigabytes: float = 6.0, folder: str | None = None) -> dict[str, Any] | None:
    """Files are made, read and fitted; each task a process of its own, in turn, cold unless it says warm."""
    if not hasattr(linreg, "fit_stream"):
        return None
    gigabytes = min(gigabytes, 0.2) if quick else gigabytes
    rows = int(gigabytes * 1e9 / (4 * (D + 1)))
    with TemporaryDirectory(dir=folder, prefix="linreg-bench-") as home:
        short = shortage(gigabytes, Path(home))
        if short:
            print(f"  {short}", flush=True)
            return None
        files = {"npy": Path(home) / "rows.npy", "parquet": Path(home) / "rows.parquet"}
        print(f"  writing {gigabytes} GB", flush=True)
        in_process("streaming.write", threads=THREADS, path=str(files["npy"]), rows=rows)
        in_process("streaming.write", threads=THREADS, path=str(files["parquet"]), rows=rows // PARQUET_SHARE)
        tasks = {
            "bare reading, cold": ("read", "npy", True),
            "fit_stream, cold": ("fit", "npy", True),
            "fit_stream, warm": ("fit", "npy", False),
            "fit_stream of Parquet, cold": ("fit", "parquet", True),
            "blocks of Parquet, no fit": ("decode", "parquet", True),
            "solve in memory": ("solve", "npy", False),
        }
        found: dict[str, Any] = {}
        for i in range(1 if quick else ROUNDS):
            for name, (task, kind, cold) in tasks.items():
                made = in_process(f"streaming.{task}", threads=THREADS, path=str(files[kind]), cold=cold)
                print(
                    f"  round {i + 1}, {name}: {made['seconds']:.2f} s, {made['peak_mb']:.0f} MB", flush=True
                )
                if name not in found or made["seconds"] < found[name]["seconds"]:
                    found[name] = made
        sizes = {kind: round(path.stat().st_size / 1e9, 3) for kind, path in files.items()}
    return {
        "settings": {"threads": THREADS, "rounds": 1 if quick else ROUNDS, "d": D, "dtype": "float32"},
        "rows": {"npy": rows, "parquet": rows // PARQUET_SHARE},
        "gigabytes": sizes,
        "tasks": found,
    }


def shortage(gigabytes: float, home: Path) -> str:
    """Why there is no room for this, if there is none."""
    disk = shutil.disk_usage(home).free / 1e9
    memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    if disk < 1.5 * gigabytes:
        return f"needs {1.5 * gigabytes:.1f} GB of disk; {disk:.1f} are free. Take --gigabytes or --folder."
    if memory < 1.3 * gigabytes:
        return f"needs {1.3 * gigabytes:.1f} GB of memory; {memory:.1f} are free. Take --gigabytes."
    return ""


def write(path: str, rows: int) -> None:
    """Rows [x, y] in float32, as .npy or as Parquet; on disk when this returns."""
    g = torch.Generator().manual_seed(0)
    w = 0.5 + torch.rand(D, generator=g)

    def table() -> Any:
        for start in range(0, rows, ROWS):
            block = torch.randn(min(ROWS, rows - start), D + 1, generator=g)
            block[:, :D] += 1
            block[:, D] += block[:, :D] @ w + 2
            yield block.numpy()

    if path.endswith(".parquet"):
        write_parquet(path, table())
    else:
        with open(path, "wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows, D + 1)}
            np.lib.format.write_array_header_1_0(file, header)
            for block in table():
                block.tofile(file)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def write_parquet(path: str, blocks: Any) -> None:
    """As people write it: with the defaults of pyarrow."""
    import pyarrow as pa
    from pyarrow import parquet

    names = [*(f"x{j}" for j in range(D)), "y"]
    with parquet.ParquetWriter(path, pa.schema([(name, pa.float32()) for name in names])) as writer:
        for block in blocks:
            columns = [pa.array(np.ascontiguousarray(column)) for column in block.T]
            writer.write_table(pa.table(columns, names))


def make_cold(path: str) -> None:
    """Ask the kernel to forget the pages of the file."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(path: str, cold: bool) -> dict[str, float]:
    """The bare loop: every byte once into one buffer."""
    if cold:
        make_cold(path)
    settled()
    buffer, start = bytearray(CHUNK), perf_counter()
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return done(start)


def fit(path: str, cold: bool) -> dict[str, Any]:
    """One pass of `fit_stream`; the peak is that of the whole process, torch included."""
    small = torch.randn(100, D)
    linreg.solve(small, small[:, 0])  # so that code and threads are there
    blocks(path)  # imports what will read it, which is not the question
    if cold:
        make_cold(path)
    baseline = settled()
    start, used = perf_counter(), process_time()
    found = linreg.fit_stream(blocks(path))
    return answer(found, start, baseline) | {"processor": round(process_time() - used, 3)}


def decode(path: str, cold: bool) -> dict[str, Any]:
    """The blocks of a pass, and nothing done with them."""
    blocks(path)  # as in `fit`
    if cold:
        make_cold(path)
    start = perf_counter()
    for _ in blocks(path):
        pass
    return done(start)


def blocks(path: str) -> linreg.Blocks:
    """The features and the target of either file."""
    target: Any = "y" if path.endswith(".parquet") else D
    return linreg.blocks(path, target=target)


def solve(path: str, cold: bool) -> dict[str, Any]:
    """The rows in memory, contiguous, reading not timed."""
    X, y = load(path)
    baseline = settled()
    start = perf_counter()
    found = linreg.solve(X, y, dtype=torch.float64)
    return answer(found, start, baseline)


def load(path: str) -> tuple[torch.Tensor, torch.Tensor]:
    table = np.load(path, mmap_mode="r")
    X, y = torch.empty(len(table), D), torch.empty(len(table))
    for i in range(0, len(table), ROWS):
        block = torch.from_numpy(np.array(table[i : i + ROWS]))
        X[i : i + ROWS], y[i : i + ROWS] = block[:, :D], block[:, D]
    return X, y


def answer(found: Any, start: float, baseline: float) -> dict[str, Any]:
    return done(start) | {
        "before_mb": round(baseline / 1e3, 1),
        "b": float(found.b),
        "w": [float(value) for value in found.w[:3]],
    }


def done(start: float) -> dict[str, float]:
    """Seconds since `start`, and the largest resident size that the process ever had."""
    return {"seconds": round(perf_counter() - start, 3), "peak_mb": round(status("VmHWM") / 1e3, 1)}
