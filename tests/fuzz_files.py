"""Change one byte of a file at random and read it: the right answer, our error, or a number that changed.

What no checksum can show, such as another digit in a CSV file, is counted as "told nothing". Anything else, a
raw exception, a crash or a pass that does not end, is a fault.

    make fuzz                      # 300 changes of each format
    make fuzz FUZZ="1000 .parquet"  # so many of one
"""

import gzip
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy
import pyarrow as pa
import torch
from pyarrow import csv, feather, ipc, parquet

import linreg

CHECKED = (".parquet", ".csv.gz")  # a changed byte of the data does not go unnoticed
FORMATS = (".npy", ".fortran.npy", ".int.npy", ".csv", *CHECKED, ".arrow", ".stream.arrow", ".feather")


def problem(rows: int = 400) -> numpy.ndarray:
    """Three features and a target, a number of different digits in each place."""
    generator = torch.Generator().manual_seed(rows)
    X, y = linreg.simulate(rows, w=(1.0, -2.0, 0.5), b=3.0, generator=generator)
    return torch.column_stack((X, y)).double().numpy()


def write(folder: Path, form: str) -> Path:
    path, M = folder / f"rows{form}", problem()
    if form == ".int.npy":
        M = (M * 1000).round()
    table = pa.table({name: M[:, j] for j, name in enumerate("abcy")})
    if form.endswith(".npy"):
        kinds = {".fortran.npy": numpy.asfortranarray(M), ".int.npy": M.astype("i8")}
        numpy.save(path, kinds.get(form, M))
    elif form == ".parquet":
        parquet.write_table(table, path, row_group_size=100, write_page_checksum=True)
    elif form == ".csv":
        csv.write_csv(table, path)
    elif form == ".csv.gz":
        text = pa.BufferOutputStream()
        csv.write_csv(table, text)
        path.write_bytes(gzip.compress(text.getvalue(), mtime=0))
    elif form == ".feather":
        feather.write_feather(table, str(path), chunksize=100, compression="zstd")
    else:
        new = ipc.new_stream if form == ".stream.arrow" else ipc.new_file
        with new(path, table.schema) as file:
            file.write_table(table, max_chunksize=100)
    return path


def outcome(path: Path, right: linreg.Statistics) -> str:
    """What reading the file comes to."""
    target = -1 if path.suffix == ".npy" else "y"
    try:
        found = linreg.accumulate(linreg.blocks(path, target=target))
    except linreg.LinregError:
        return "error"
    if found.n == right.n and found.d == right.d and torch.equal(found.about(right.shift), right.M):
        return "right"
    return "told nothing"


def sums(form: str) -> linreg.Statistics:
    """What the whole file comes to."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), form)
        return linreg.accumulate(linreg.blocks(path, target=-1 if path.suffix == ".npy" else "y"))


def fuzz(form: str, changes: int, seed: int = 0) -> Counter[str]:
    """Outcomes of so many changes, each of one byte of an otherwise whole file."""
    draw, found = random.Random(f"{form} {seed}"), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), form)
        whole, right = path.read_bytes(), sums(form)
        assert outcome(path, right) == "right"
        for _ in range(changes):
            at, other = draw.randrange(len(whole)), draw.randrange(1, 256)
            path.write_bytes(whole[:at] + bytes([whole[at] ^ other]) + whole[at + 1 :])
            try:
                found[outcome(path, right)] += 1
            except BaseException:
                print(f"{form}: byte {at} xor {other}", file=sys.stderr)
                raise
    return found


def main() -> None:
    changes, forms = int(sys.argv[1]) if sys.argv[1:] else 300, sys.argv[2:] or FORMATS
    failed = 0
    for form in forms:
        code = f"from tests.fuzz_files import fuzz; print(dict(fuzz({form!r}, {changes})))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
        print(
            f"{form:14}", done.stdout.strip() or f"exit {done.returncode}: {done.stderr[-1500:]}", flush=True
        )
        failed += done.returncode != 0
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
