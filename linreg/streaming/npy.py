"""Rows of a `.npy` file, a block at a time, in the memory of a few blocks whatever the size of the file.

In C order a block is a map of its own, so that its pages leave memory with it. All its pages are fetched
before it is handed out: a disk that fails or a file that shrinks meanwhile is then an error, where reading
from a plain memory map would end the process. In Fortran order, column after column, as pandas has its
numbers, a block is a piece of each column.
"""

import ast
import ctypes
import errno
import mmap
import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import torch
from torch import Tensor

from linreg.errors import FileError, StreamError
from linreg.streaming.cures import another_kind

__all__ = ["Npy"]

DEFAULT_BYTES = 16 << 20  # each costs a fixed 0.4 ms
HEADER_LIMIT = 10_000  # characters, as in NumPy: a longer one could exhaust the parser of literals
COLUMN_LIMIT = 1 << 20  # more is a lie, and sums of their products would take 8 TB
POPULATE_READ = 22  # the advice MADV_POPULATE_READ, Linux 5.14: fetch pages, and say so when that fails
EXACT = 1 << 53  # float64 holds every integer up to here


class Kind(NamedTuple):
    """How entries lie in the file, and what they are."""

    word: str  # that of Arrow, for all readers the same
    dtype: torch.dtype
    most: int | None = None  # entries beyond it, to either side, are none that can be used


KINDS = {
    "<f4": Kind("float", torch.float32),
    "<f8": Kind("double", torch.float64),
    "<f2": Kind("halffloat", torch.float16),
    "|b1": Kind("bool", torch.uint8, most=1),
    "|i1": Kind("int8", torch.int8),
    "|u1": Kind("uint8", torch.uint8),
    "<i2": Kind("int16", torch.int16),
    "<u2": Kind("uint16", torch.uint16),
    "<i4": Kind("int32", torch.int32),
    "<u4": Kind("uint32", torch.uint32),
    "<i8": Kind("int64", torch.int64, most=EXACT),
    "<u8": Kind("uint64", torch.int64, most=EXACT),  # what int64 cannot hold turns up negative
}


class Npy:
    """A matrix of numbers.

    Attributes:
        names: the numbers of its columns.
        kinds: what each column holds.
        index: none of them holds row names.
        rows: how many the header promises.
    """

    index: frozenset[Any] = frozenset()

    def __init__(self, path: str) -> None:
        self.path = path
        with open(path, "rb") as file:
            self.kind, self.by_columns, self.rows, columns = _header(file, path)
            self.offset = file.tell()
            size = os.fstat(file.fileno()).st_size - self.offset
        self.item = self.kind.dtype.itemsize
        self.row_bytes = columns * self.item
        more = size - self.rows * self.row_bytes
        if more > 0:
            raise FileError(
                f"{path!r} must hold the {self.rows} rows of its header and nothing else; it is longer by "
                f"{more} bytes. Write it again, each array into a file of its own."
            )
        # Rows that the file really holds: by columns, what is cut off is missing from the last of them.
        held = size // self.item - (columns - 1) * self.rows if self.by_columns else size // self.row_bytes
        self.there = max(held, 0)
        self.names: tuple[Any, ...] = tuple(range(columns))
        self.kinds: dict[Any, str] = dict.fromkeys(self.names, self.kind.word)

    def blocks(
        self, columns: Sequence[int], d: int, rows: int | None, start: int, first: int
    ) -> Iterator[tuple[Tensor, ...]]:
        """X of the first d columns and each other alone, `rows` rows at a time, from row `start` on.

        The file begins at row `first` of all.
        """
        places = range(len(columns)) if self.by_columns else columns  # in M
        rows = rows or max(DEFAULT_BYTES // self.row_bytes, 1)
        with open(self.path, "rb") as file:
            if hasattr(os, "posix_fadvise") and not self.by_columns:  # lets the system read further ahead
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            for begin in range(start, self.there, rows):
                count = min(rows, self.there - begin)
                try:
                    if self.by_columns:
                        M = self._gathered(file, begin, count, columns)
                    else:
                        M = self._mapped(file, begin, count)
                except (OSError, ValueError) as error:  # ValueError: the file has become shorter than the map
                    raise StreamError(
                        f"{self.path!r} must be readable to its end; reading failed in the {count} rows from "
                        f"row {begin} on ({error}). Check the disk or copy it again, then go on from there.",
                        first + begin,
                        self.path,
                    ) from error
                block = M[:, _run(places[:d])], *(M[:, j] for j in places[d:])
                good = self._good(block)
                if good:
                    yield tuple(self._float(part[:good]) for part in block)
                if good < count:
                    entries = torch.cat([part[good].reshape(-1) for part in block])
                    raise self._beyond(entries.tolist(), columns, begin + good, first)
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
        M = torch.frombuffer(pages, dtype=self.kind.dtype, count=count * len(self.names), offset=at - low)
        _fetch(pages, M.data_ptr() - (at - low))
        return M.view(count, -1)

    def _gathered(self, file: BinaryIO, begin: int, count: int, columns: Sequence[int]) -> Tensor:
        """(count, columns), each column in one piece."""
        length = count * self.item
        held = bytearray(length * len(columns))
        for k, j in enumerate(columns):
            file.seek(self.offset + (j * self.rows + begin) * self.item)
            if file.readinto(memoryview(held)[k * length : (k + 1) * length]) < length:  # type: ignore[attr-defined]
                raise ValueError("the file has become shorter")
        return torch.frombuffer(held, dtype=self.kind.dtype).view(len(columns), count).T

    def _good(self, block: tuple[Tensor, ...]) -> int:
        """How many rows come before the first that no float holds."""
        if self.kind.most is None:
            return len(block[0])
        most = self.kind.most
        least = 0 if self.kind.word in ("uint64", "bool") else -most
        X, *others = (part.lt(least) | part.gt(most) for part in block)
        bad = X.any(1)
        for other in others:
            bad |= other
        return int(bad.byte().argmax()) if bool(bad.any()) else len(bad)

    def _float(self, M: Tensor) -> Tensor:
        return M if M.dtype in (torch.float32, torch.float64) else M.to(torch.float64)

    def _beyond(self, entries: list[int], columns: Sequence[int], row: int, first: int) -> StreamError:
        most = self.kind.most or 0
        if self.kind.word == "uint64":
            entries = [entry % (1 << 64) for entry in entries]
        k = next(k for k, entry in enumerate(entries) if abs(entry) > most)
        rule = "an integer up to 2^53" if most == EXACT else "true or false"
        return StreamError(
            f"{self.path!r} must have {rule} in each row; column {columns[k]} has {entries[k]} in row {row}. "
            "Skip that row, or leave that column out by naming the `features`.",
            first + row,
            self.path,
        )


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


def _header(file: BinaryIO, path: str) -> tuple[Kind, bool, int, int]:
    """Kind, whether column after column, rows and columns; the data begin where the file then stands."""
    try:
        held = _literal(file)
        descr, order, shape = held["descr"], held["fortran_order"], held["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise FileError(
            f"`path` must name a .npy file; {path!r} does not begin as one ({error}). "
            f"{another_kind(path) or 'Write it with numpy.save.'}"
        ) from error
    if not isinstance(descr, str) or descr not in KINDS:
        raise FileError(
            f"`path` must name a .npy file of little-endian numbers; {path!r} holds {descr!r}, "
            f"{_other(descr)}."
        )
    sound = type(shape) is tuple and len(shape) == 2 and all(type(k) is int and k >= 0 for k in shape)
    if not sound or not 2 <= shape[1] <= COLUMN_LIMIT:
        raise FileError(
            f"`path` must name a .npy file of shape (rows, columns), one column the target, others features, "
            f"{COLUMN_LIMIT} at most; {path!r} has shape {shape}. Stack them: "
            "numpy.column_stack((X.reshape(len(X), -1), y))."
        )
    return KINDS[descr], bool(order), *shape


def _other(descr: object) -> str:
    """What another type of entries is, and the way on."""
    if isinstance(descr, list):
        some = " if array.dtype[name].kind in 'biuf'" * any(
            str(field[1])[1:2] not in "biuf" for field in descr
        )
        one = f"numpy.column_stack([array[name] for name in array.dtype.names{some}])"
        return f"named columns. Convert it: numpy.save(path, {one})"
    kind = str(descr)[1:2]
    if (kind in "iuf" and str(descr)[:1] == ">") or kind == "f":
        what = "big-endian" if str(descr)[:1] == ">" else "more than float64"
        return f"{what}. Convert it: numpy.save(path, numpy.ascontiguousarray(array, dtype='<f8'))"
    what = {"c": "complex numbers", "O": "Python objects", "V": "bytes whose type was not saved"}.get(
        kind, "no numbers"
    )
    return f"{what}. Write real numbers, as float64, from the program that made it"


def _literal(file: BinaryIO) -> dict[str, Any]:
    start = file.read(8)
    if len(start) < 8 or start[:6] != b"\x93NUMPY" or start[6] not in (1, 2, 3):
        raise ValueError("no such beginning")
    length = int.from_bytes(file.read(2 if start[6] == 1 else 4), "little")
    if length > HEADER_LIMIT:
        raise ValueError(f"a header of {length} characters")
    text = file.read(length)
    held = ast.literal_eval(text.decode("latin1"))  # UTF-8 in version 3, for names of columns alone
    if not isinstance(held, dict):
        raise ValueError("its header is not a dictionary")
    return held
