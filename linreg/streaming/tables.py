"""Rows of a table, Parquet or Arrow, a batch at a time, its columns picked by name.

pyarrow decodes; each batch becomes one tensor, column after column, in one copy. What is missing is NaN.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, BinaryIO

import torch
from torch import Tensor

from linreg.errors import FileError, MissingError, StreamError
from linreg.streaming.cures import dummies, unreadable

__all__ = ["EXACT", "NUMBERS", "Arrow", "Parquet", "Table", "sliced"]

DEFAULT_BYTES = 8 << 20
IN_FLOAT32 = ("float", "halffloat", "int8", "int16", "uint8", "uint16", "bool")  # float32 holds these exactly
NUMBER = r"u?int(8|16|32|64)|halffloat|float|double|bool|null|decimal\d+\(.*\)"
NUMBERS = re.compile(rf"{NUMBER}|dictionary<values=({NUMBER}), .*>")  # words of Arrow for its types
EXACT = 1 << 53  # float64 holds every integer up to here


class Table:
    """Columns with names.

    Attributes:
        names: of its columns.
        kinds: the Arrow type of each column.
        index: the columns in which pandas has written its index, the names of rows.
        rows: how many there are; of all but Parquet it is known after reading them.
    """

    mend = "Correct that, then go on from there."

    def __init__(self, path: str, given: Mapping[str, float | str]) -> None:
        try:
            import pyarrow as pa
        except ImportError as error:
            raise MissingError(
                f"Reading {path!r} needs pyarrow ({error}). Install it: pip install pyarrow"
            ) from error
        with open(path, "rb"):  # fails with the words of the system
            pass
        self.path, self.pa = path, pa
        self.rows: int | None = None
        self.index: frozenset[Any] = frozenset()
        try:
            kinds = self._look()
        except FileError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: names that are no UTF-8
            raise FileError(
                f"`path` must name a file of the kind that its name says; {path!r} cannot be read as one "
                f"({error}). {unreadable(path, error)}"
            ) from error
        there = {name for name, _ in kinds}
        self.given = {name: value for name, value in given.items() if name not in there}  # the file's own win
        kinds += [(n, "string" if isinstance(v, str) else "double") for n, v in self.given.items()]
        self.names: tuple[Any, ...] = tuple(name for name, _ in kinds)
        self.kinds: dict[Any, str] = dict(kinds)

    def _look(self) -> list[tuple[str, str]]:
        """Name and kind of each column."""
        raise NotImplementedError

    def of_name(self, name: object) -> str:
        """What to do where there is no such column, if that is seen."""
        return ""

    def of_kind(self, name: str) -> str:
        """What to do about a column that holds no numbers, if that is seen."""
        return ""

    @property
    def apart(self) -> str:
        """What gives two columns of one name two names."""
        return "rename one of them where the file is written"

    @property
    def dummies(self) -> str:
        """What makes numbers of texts."""
        return dummies(self.path, {})

    def _batches(self, columns: Sequence[str], rows: int, start: int) -> Iterator[Any]:
        """Record batches of at most `rows` rows from row `start` on; `rows` is known after the last.

        Before a row that cannot be read it ends with a text instead, which says what is wrong with it.
        """
        raise NotImplementedError

    def _schema(self, schema: Any) -> list[tuple[str, str]]:
        held = schema.pandas_metadata
        index = held.get("index_columns") if isinstance(held, dict) else None
        if isinstance(index, list):
            self.index = frozenset(name for name in index if isinstance(name, str))
        return list(zip(schema.names, map(str, schema.types), strict=True))

    def blocks(
        self, columns: Sequence[str], d: int, rows: int | None, start: int, first: int
    ) -> Iterator[tuple[Tensor, ...]]:
        """X of the first d columns and each other alone, of `rows` rows or fewer, from row `start` on.

        The file begins at row `first` of all.
        """
        kinds = [self.kinds[name] for name in columns]
        single = "float" in kinds and all(kind in IN_FLOAT32 for kind in kinds)
        rows = rows or max(DEFAULT_BYTES // ((4 if single else 8) * len(columns)), 1)
        row = start
        try:
            for batch in self._batches([name for name in columns if name not in self.given], rows, start):
                if isinstance(batch, str):
                    raise self._bad(row, batch, first)
                try:
                    M = self._matrix(batch, columns, single)
                except self.pa.ArrowInvalid:  # an integer that no float holds
                    count, reason = _beyond(batch, columns)
                    if count:
                        M = self._matrix(batch.slice(0, count), columns, single)
                        yield M[:, :d], *M[:, d:].T
                    raise self._bad(row + count, reason, first) from None
                yield M[:, :d], *M[:, d:].T
                row += len(batch)
        except StreamError:
            raise
        except (self.pa.ArrowException, OSError, ValueError) as error:
            message = (
                f"{self.path!r} must be readable to its end; reading failed in row {row} or later ({error}). "
                f"{self.mend}"
            )
            raise StreamError(message, first + row, self.path) from error

    def _bad(self, row: int, reason: str, first: int) -> StreamError:
        message = (
            f"{self.path!r} must have a number in each row; row {row} {reason}. Correct or skip that row, "
            "then go on from there; a column without numbers is left out by naming the `features`."
        )
        return StreamError(message, first + row, self.path)

    def _matrix(self, batch: Any, columns: Sequence[str], single: bool) -> Tensor:
        """(rows, columns), each column in one piece."""
        kind = self.pa.float32() if single else self.pa.float64()
        arrays = [self._column(batch, name).cast(kind) for name in columns]  # checked: rounds no integer
        arrays = [array.fill_null(torch.nan) if array.null_count else array for array in arrays]
        block = self.pa.RecordBatch.from_arrays(arrays, names=[str(j) for j in range(len(columns))])
        dtype = torch.float32 if single else torch.float64
        return torch.frombuffer(block.to_tensor(row_major=False), dtype=dtype).view(len(columns), -1).T

    def _column(self, batch: Any, name: str) -> Any:
        given = self.given.get(name)
        return batch.column(name) if given is None else self.pa.repeat(given, len(batch))


class Parquet(Table):
    """A Parquet file, row group after row group."""

    def _open(self) -> Any:
        from pyarrow import parquet

        return parquet.ParquetFile(self.path, page_checksum_verification=True, pre_buffer=False)

    def _look(self) -> list[tuple[str, str]]:
        file = self._open()
        self.rows = file.metadata.num_rows
        return self._schema(file.schema_arrow)

    def _batches(self, columns: Sequence[str], rows: int, start: int) -> Iterator[Any]:
        """One group after the other: a damaged one then costs none of those before it."""
        file, begin, group = self._open(), 0, 0
        while group < file.num_row_groups and begin + file.metadata.row_group(group).num_rows <= start:
            begin += file.metadata.row_group(group).num_rows
            group += 1
        wanted = frozenset(columns)
        with open(self.path, "rb") as disk:
            for i in range(group, file.num_row_groups):
                if i + 1 < file.num_row_groups:
                    _fetch(disk, file.metadata.row_group(i + 1), wanted)
                for batch in file.iter_batches(rows, row_groups=[i], columns=list(columns)):
                    yield from sliced(batch, begin, rows, start)
                    begin += len(batch)


class Arrow(Table):
    """An Arrow IPC file or stream, also called Feather, record batch after record batch."""

    def _open(self, columns: Sequence[str] = ()) -> Any:
        from pyarrow import ipc

        fields = [self.names.index(name) for name in columns]
        options, file = ipc.IpcReadOptions(included_fields=fields or None), self.pa.OSFile(self.path)
        magic = file.read(6)
        file.seek(0)
        return (ipc.open_file if magic == b"ARROW1" else ipc.open_stream)(file, options=options)

    def _look(self) -> list[tuple[str, str]]:
        return self._schema(self._open().schema)

    def _batches(self, columns: Sequence[str], rows: int, start: int) -> Iterator[Any]:
        begin, file = 0, self._open(columns)
        of_file = hasattr(file, "num_record_batches")
        for batch in (file.get_batch(i) for i in range(file.num_record_batches)) if of_file else file:
            batch.validate()  # the format has no checksum; lengths at least are looked at
            yield from sliced(batch, begin, rows, start)
            begin += len(batch)
        self.rows = begin


def sliced(batch: Any, begin: int, rows: int, start: int) -> Iterator[Any]:
    """The rows of a batch from row `start` of the file on, a few at a time; the batch begins at `begin`."""
    for at in range(max(start - begin, 0), len(batch), rows):
        yield batch.slice(at, rows)


def _fetch(disk: BinaryIO, group: Any, columns: Set[str]) -> None:
    """Ask the system to read these columns of a row group into its cache while another is decoded."""
    if not hasattr(os, "posix_fadvise"):
        return
    for j in range(group.num_columns):
        chunk = group.column(j)
        if chunk.path_in_schema in columns:
            at = chunk.dictionary_page_offset or chunk.data_page_offset
            os.posix_fadvise(disk.fileno(), at, chunk.total_compressed_size, os.POSIX_FADV_WILLNEED)


def _beyond(batch: Any, columns: Sequence[str]) -> tuple[int, str]:
    """The first row with an integer that no float holds, and what is wrong with it."""
    found = []
    for name in set(columns) & set(batch.schema.names):
        for row, value in enumerate(batch.column(name).to_pylist()):
            if isinstance(value, int) and abs(value) > EXACT:
                found.append((row, f"has {value} in column {name!r}, more than the 2^53 of a float"))
                break
    return min(found)
