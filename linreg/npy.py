"""Rows of a `.npy` file, mapped into memory a block at a time.

A block is a map of its own, so that its pages leave memory with it, and a file of any size takes the
memory of a few blocks. All its pages are fetched before it is handed out: a disk that fails or a file that
shrinks meanwhile is then an error, where reading from a plain memory map would end the process.
"""

import ast
import ctypes
import errno
import mmap
import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import torch
from torch import Tensor

from linreg.checks import FileError, StreamError

__all__: list[str] = []

BLOCK_BYTES = 16 << 20  # each costs a fixed 0.4 ms
DTYPES = {"<f4": torch.float32, "<f8": torch.float64}
KINDS = {torch.float32: "float", torch.float64: "double"}  # the words of Arrow, for all readers the same
HEADER_LIMIT = 10_000  # characters, as in NumPy: a longer one could exhaust the parser of literals
COLUMN_LIMIT = 1 << 20  # more is a lie, and sums of their products would take 8 TB
POPULATE_READ = 22  # the advice MADV_POPULATE_READ, Linux 5.14: fetch pages, and say so when that fails


class Npy:
    """A matrix of float32 or float64 in C order.

    Attributes:
        names: the numbers of its columns.
        kinds: what each column holds.
        rows: how many the header promises.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        with open(path, "rb") as file:
            self.dtype, self.rows, columns = _header(file, path)
            self.offset = file.tell()
            size = os.fstat(file.fileno()).st_size
        self.row_bytes = columns * self.dtype.itemsize
        self.there, extra = divmod(size - self.offset, self.row_bytes)  # rows that the file really holds
        if self.there > self.rows or (self.there == self.rows and extra):
            raise FileError(
                f"{path!r} must hold the {self.rows} rows of its header and nothing else; it is longer by "
                f"{size - self.offset - self.rows * self.row_bytes} bytes. Write it again."
            )
        self.names: tuple[Any, ...] = tuple(range(columns))
        self.kinds: dict[Any, str] = dict.fromkeys(self.names, KINDS[self.dtype])

    def blocks(
        self, features: Sequence[int], target: int, rows: int | None, start: int, first: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """(X, y) of `rows` rows at a time, from row `start` on; the file begins at row `first` of all."""
        columns = _run(features)
        rows = rows or max(BLOCK_BYTES // self.row_bytes, 1)
        with open(self.path, "rb") as file:
            if hasattr(os, "posix_fadvise"):  # lets the system read further ahead
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            for begin in range(start, self.there, rows):
                count = min(rows, self.there - begin)
                try:
                    M = self._mapped(file, begin, count)
                except (OSError, ValueError) as error:  # ValueError: the file has become shorter than the map
                    raise StreamError(
                        f"{self.path!r} must be readable to its end; reading failed in the {count} rows from "
                        f"row {begin} on ({error}). Check the disk or copy it again, then go on from there.",
                        first + begin,
                        self.path,
                    ) from error
                yield M[:, columns], M[:, target]
        if self.there < self.rows:
            raise StreamError(
                f"{self.path!r} must hold the {self.rows} rows of its header; it ends in row {self.there}. "
                "Copy the file again, then go on from there.",
                first + self.there,
                self.path,
            )

    def _mapped(self, file: BinaryIO, begin: int, count: int) -> Tensor:
        """(count, columns), valid as long as someone holds it; writing to it does not reach the file."""
        at, length = self.offset + begin * self.row_bytes, count * self.row_bytes
        low = at - at % mmap.ALLOCATIONGRANULARITY
        pages = mmap.mmap(file.fileno(), at - low + length, access=mmap.ACCESS_COPY, offset=low)
        M = torch.frombuffer(pages, dtype=self.dtype, count=count * len(self.names), offset=at - low)
        _fetch(pages, M.data_ptr() - (at - low))
        return M.view(count, -1)


def _run(columns: Sequence[int]) -> slice | list[int]:
    """The columns as a slice if they follow each other: a view instead of a copy."""
    run = slice(columns[0], columns[0] + len(columns))
    return run if list(columns) == list(range(run.start, run.stop)) else list(columns)


def _fetch(pages: mmap.mmap, address: int) -> None:
    """Bring all pages into memory, without the lock of the interpreter, which `pages.madvise` keeps."""
    try:
        madvise = ctypes.CDLL(None, use_errno=True).madvise
    except (AttributeError, TypeError):  # another system
        failed = errno.EINVAL
    else:
        done = madvise(ctypes.c_void_p(address), ctypes.c_size_t(len(pages)), POPULATE_READ)
        failed = ctypes.get_errno() if done else 0
    if failed == errno.EINVAL:  # this advice is not known here
        pages[:: mmap.PAGESIZE]
    elif failed:
        raise OSError(failed, os.strerror(failed))


def _header(file: BinaryIO, path: str) -> tuple[torch.dtype, int, int]:
    """Dtype, rows and columns; the data begin where the file then stands."""
    try:
        held = _literal(file)
        descr, order, shape = held["descr"], held["fortran_order"], held["shape"]
        n, d = shape if len(shape) == 2 else (0, 0)
        sound = type(n) is int and type(d) is int and n >= 0 and d >= 0
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise FileError(
            f"`path` must name a .npy file; {path!r} does not begin as one ({error}). "
            "Write it with numpy.save."
        ) from error
    if not isinstance(descr, str) or descr not in DTYPES:
        kind = "big-endian" if isinstance(descr, str) and descr.startswith(">") else "not float32 or float64"
        raise FileError(
            f"`path` must name a .npy file of little-endian float32 or float64; {path!r} holds {descr!r}, "
            f"{kind}. Convert it: numpy.save(path, array.astype('<f8'))."
        )
    if order:
        raise FileError(
            f"`path` must name a .npy file in C order, row after row; {path!r} is in Fortran order. "
            "Rewrite it: numpy.save(path, numpy.ascontiguousarray(array))."
        )
    if not sound or not 2 <= d <= COLUMN_LIMIT:
        raise FileError(
            f"`path` must name a .npy file of shape (rows, columns), one column the target, others features, "
            f"{COLUMN_LIMIT} at most; {path!r} has shape {shape}. Stack them: numpy.column_stack((X, y))."
        )
    return DTYPES[descr], n, d


def _literal(file: BinaryIO) -> dict[str, Any]:
    start = file.read(8)
    if len(start) < 8 or start[:6] != b"\x93NUMPY" or start[6] not in (1, 2, 3):
        raise ValueError("no such beginning")
    length = int.from_bytes(file.read(2 if start[6] == 1 else 4), "little")
    if length > HEADER_LIMIT:
        raise ValueError(f"a header of {length} characters")
    text = file.read(length)
    if len(text) < length:
        raise ValueError("it ends in its header")
    held = ast.literal_eval(text.decode("utf-8" if start[6] == 3 else "latin1"))
    if not isinstance(held, dict):
        raise ValueError("its header is no dictionary")
    return held
