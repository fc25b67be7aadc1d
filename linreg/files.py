"""One source of rows out of one file or many, read ahead of where it is summed."""

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import NoneType
from typing import Any

from torch import Tensor

from linreg.ambient import plain
from linreg.checks import DtypeError, FileError, RangeError, StreamError, check_count
from linreg.npy import Npy
from linreg.tables import NUMBERS, Table

__all__ = ["Blocks", "blocks"]

READERS: dict[str, type[Npy] | type[Table]] = {
    ".npy": Npy,
    ".parquet": Table,
    ".arrow": Table,
    ".feather": Table,
    ".csv": Table,
}
AHEAD = 1  # blocks: reading is faster than summing, more would only take memory

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@plain
def blocks(
    path: Paths,
    *,
    target: int | str,
    features: Sequence[int] | Sequence[str] | None = None,
    rows: int | None = None,
    start: int = 0,
) -> "Blocks":
    r"""Read the rows of files a block at a time: pairs of `X` (m, d) and `y` (m,), for `fit_stream`.

    `.npy` files are mapped into memory: float32 or float64, of shape (rows, columns), in C order. `.parquet`,
    `.arrow`, `.feather` and `.csv` are read by pyarrow (the extra `stream`). Their columns may hold
    floating-point numbers, or integers up to 2^53, which float64 holds exactly. A block is float32 if one of
    its columns is and no other needs more; otherwise float64.

    A thread reads the next block while one is used. Memory: two blocks of 16 MB, of tables 8 MB and what
    pyarrow decodes at a time, a row group of Parquet or a record batch of Arrow at most.

    Args:
        path: a file, or several of one kind, whose rows follow each other.
        target: the column of `y`: its number in a `.npy` file, its name in a table; -1 is the last column.
        features: the columns of `X`, in this order; by default all others.
        rows: largest number of rows a block; by default as many as fill 16 MB, or 8 MB of a table.
        start: rows to pass over, counted over all files: where a pass that stopped goes on.

    Returns:
        An iterable of (X, y), from the beginning each time it is iterated. A file that turns out to be
        damaged, cut short, or to have other columns or types than the first stops it with a `StreamError`.

    Raises:
        FileError: a file is missing, cannot be read, or holds something else.
        RangeError: a column that is not there or is named twice, no file, mixed kinds of files, `rows`
            below 1 or `start` below 0.
        DtypeError: a column does not hold numbers, or `features` is not a list.
        MissingError: a table without pyarrow.

    Examples:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "line.npy")
        >>> import numpy
        >>> numpy.save(path, numpy.array([[0., 1.], [1., 3.], [2., 5.]]))
        >>> for X, y in blocks(path, target=1, rows=2):
        ...     print(X.tolist(), y.tolist())
        [[0.0], [1.0]] [1.0, 3.0]
        [[2.0]] [5.0]
    """
    return Blocks(path, target, features, rows, start)


class Blocks:
    """What `blocks` returns: rows in files, to be iterated as often as needed.

    Attributes:
        paths: the files.
        features: the columns of `X`, in the order of the weights.
        target: the column of `y`.
        start: rows passed over.
    """

    def __init__(
        self,
        path: Paths,
        target: int | str,
        features: Sequence[int] | Sequence[str] | None,
        rows: int | None,
        start: int,
    ) -> None:
        self.paths = [os.fspath(p) for p in ([path] if isinstance(path, (str, os.PathLike)) else path)]
        self.start = check_count(start, "start", least=0)
        self._size = None if rows is None else check_count(rows, "rows")
        suffixes = {os.path.splitext(p)[1].lower() for p in self.paths}
        if len(suffixes) != 1 or not suffixes <= set(READERS):
            raise RangeError(
                f"`path` must name files of one kind, {', '.join(READERS)}; got {self.paths[:4]}. "
                "Rename or convert them."
            )
        for missing in (p for p in self.paths if not os.path.isfile(p)):
            raise FileError(f"`path` must name a file that exists; got {missing!r}. Check its folder.")
        first = _open(self.paths[0])
        self.target, self.features = _chosen(first, target, features)
        self._width = len(first.names)
        self._kinds = {name: first.kinds[name] for name in (*self.features, self.target)}
        self._begins: list[int] = []

    @property
    def rows(self) -> int | None:
        """How many rows the files have, `start` of them passed over; None if not all of them say."""
        total = 0
        for path in self.paths:
            try:
                count = _open(path).rows
            except FileError:  # to be told when its turn comes
                return None
            if count is None:
                return None
            total += count
        return total

    def place(self, row: int) -> tuple[str, int]:
        """File and row in it of a row that has been read, counted over all files."""
        i = max(i for i, begin in enumerate(self._begins) if begin <= row)
        return self.paths[i], row - self._begins[i]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return _ahead(self._read())

    def _read(self) -> Iterator[tuple[Tensor, Tensor]]:
        first, skip = 0, self.start
        self._begins = []
        for path in self.paths:
            self._begins.append(first)
            try:
                file = _open(path)
                self._check_same(file)
            except FileError as error:
                raise StreamError(f"{error}", first + skip, path) from error
            yield from file.blocks(self.features, self.target, self._size, skip, first)
            assert file.rows is not None  # known at the latest when all have been read
            skip = max(skip - file.rows, 0)
            first += file.rows
        if skip:
            raise StreamError(
                f"`start` must be at most {first}, the number of rows in all files; got {self.start}. "
                "Check that they are the files of the pass that stopped.",
                first,
            )

    def _check_same(self, file: Npy | Table) -> None:
        """Require the columns of the first file, of the same types."""
        for name, kind in self._kinds.items():
            if file.kinds.get(name) != kind:
                raise FileError(
                    f"{file.path!r} must have the columns of {self.paths[0]!r}; column {name!r} is {kind} "
                    f"there and {file.kinds.get(name, 'missing')} here. Convert it, or leave that column out."
                )
        if isinstance(file, Npy) and len(file.names) != self._width:
            raise FileError(
                f"{file.path!r} must have {self._width} columns, as {self.paths[0]!r}; it has "
                f"{len(file.names)}. Without names, nothing tells which is which: convert the file."
            )

    def __repr__(self) -> str:
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"Blocks({self.paths[0]!r}{more}, target={self.target!r}, features={len(self.features)})"


def _open(path: str) -> Npy | Table:
    try:
        return READERS[os.path.splitext(path)[1].lower()](path)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"`path` must name a file that can be read; got {path!r} ({error}).") from error


def _chosen(
    file: Npy | Table, target: int | str, features: Sequence[int] | Sequence[str] | None
) -> tuple[Any, tuple[Any, ...]]:
    """The names of the target and of the features, all there, each once, and all of numbers."""
    if isinstance(features, str) or not isinstance(features, (Sequence, NoneType)):
        raise DtypeError(
            f"`features` must be a list of columns; got {features!r}. Put it into a list: [{features!r}]."
        )
    target = _column(file, target, "target")
    if features is None:
        columns = tuple(name for name in file.names if name != target)
    else:
        columns = tuple(_column(file, name, "features") for name in features)
    named = (*columns, target)
    there, asked = Counter(file.names), Counter(named)
    twice = [name for name in asked if there[name] + asked[name] > 2]
    if twice or not columns:
        what = f"{twice[0]!r} is there twice" if twice else "there is none"
        raise RangeError(
            f"`features` must be one column or more, each once, without the target; {what}. "
            "Name them: features=[...]."
        )
    for name in named:
        if file.kinds[name] not in NUMBERS:
            raise DtypeError(
                f"`features` and `target` must hold numbers; column {name!r} of {file.path!r} holds "
                f"{file.kinds[name]}. Leave it out by naming the `features`, or convert it."
            )
    return target, columns


def _column(file: Npy | Table, name: int | str, argument: str) -> int | str:
    width = len(file.names)
    if isinstance(file, Npy) and type(name) is int and -width <= name < 0:
        return name + width
    if name not in file.kinds or isinstance(name, bool):
        some = ", ".join(repr(known) for known in file.names[:8]) + ", ..." * (width > 8)
        raise RangeError(
            f"`{argument}` must name columns of {file.path!r}: {some}; got {name!r}. Pick among these."
        )
    return name


def _ahead(parts: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
    """The same, but a thread fetches what comes next while the part at hand is in use."""
    with ThreadPoolExecutor(1, "linreg-read") as pool:
        coming = deque(pool.submit(next, parts, None) for _ in range(AHEAD))
        while (part := coming.popleft().result()) is not None:
            coming.append(pool.submit(next, parts, None))
            yield part
