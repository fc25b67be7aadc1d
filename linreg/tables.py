"""Rows of a table, Parquet, Arrow or CSV, a batch at a time, its columns picked by name.

pyarrow decodes; each batch becomes one tensor, column after column, in one copy.
"""

import os
import re
from collections.abc import Iterator, Sequence, Set
from typing import Any, BinaryIO

import torch
from torch import Tensor

from linreg.checks import FileError, MissingError, StreamError

__all__: list[str] = []

BLOCK_BYTES = 8 << 20
IN_FLOAT32 = ("float", "halffloat", "int8", "int16", "uint8", "uint16")  # float32 holds these exactly
NUMBERS = (*IN_FLOAT32, "double", "int32", "uint32", "int64", "uint64")
EXACT = 1 << 53  # float64 holds every integer up to here


class Table:
    """Columns with names.

    Attributes:
        names: of its columns.
        kinds: the Arrow type of each column.
        rows: how many there are; of CSV and Arrow files it is known after reading them.
    """

    def __init__(self, path: str) -> None:
        try:
            import pyarrow as pa
        except ImportError as error:
            raise MissingError(
                f"Reading {path!r} needs pyarrow ({error}). Install it: pip install pyarrow"
            ) from error
        with open(path, "rb"):  # fails with the words of the system
            pass
        self.path, self.pa = path, pa
        self.suffix = os.path.splitext(path)[1].lower()
        self.rows: int | None = None
        try:
            if self.suffix == ".parquet":
                file = self._parquet()
                schema, self.rows = file.schema_arrow, file.metadata.num_rows
            else:
                schema = self._csv().schema if self.suffix == ".csv" else self._arrow().schema
        except (pa.ArrowException, OSError) as error:
            raise FileError(
                f"`path` must name a {self.suffix} file; {path!r} cannot be read as one ({error}). "
                "Write or copy it again."
            ) from error
        self.names: tuple[Any, ...] = tuple(schema.names)
        kinds = [
            "double" if self.suffix == ".csv" else str(kind) for kind in schema.types
        ]  # CSV names no types
        self.kinds: dict[Any, str] = dict(zip(self.names, kinds, strict=True))

    def _parquet(self) -> Any:
        from pyarrow import parquet

        return parquet.ParquetFile(self.path, page_checksum_verification=True, pre_buffer=False)

    def _arrow(self, columns: Sequence[str] = ()) -> Any:
        from pyarrow import ipc

        fields = [self.names.index(name) for name in columns]
        return ipc.open_file(
            self.pa.OSFile(self.path), options=ipc.IpcReadOptions(included_fields=fields or None)
        )

    def _csv(self, columns: Sequence[str] = ()) -> Any:
        from pyarrow import csv

        kinds = dict.fromkeys(columns, self.pa.float64())
        options = csv.ConvertOptions(include_columns=list(columns), column_types=kinds)
        one = csv.ReadOptions(use_threads=False)  # several threads cannot say in which row they failed
        return csv.open_csv(self.path, read_options=one, convert_options=options)

    def blocks(
        self, features: Sequence[str], target: str, rows: int | None, start: int, first: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """(X, y) of `rows` rows or fewer, from row `start` on; the file begins at row `first` of all."""
        columns = (*features, target)
        kinds = [self.kinds[name] for name in columns]
        single = "float" in kinds and all(kind in IN_FLOAT32 for kind in kinds)
        rows = rows or max(BLOCK_BYTES // ((4 if single else 8) * len(columns)), 1)
        row = start
        try:
            for batch in self._batches(columns, rows, start):
                M = self._matrix(batch, columns, single)
                bad = (len(batch), "", None) if M is not None else _first_bad(batch, columns)
                if M is None and bad[0]:
                    M = self._matrix(batch.slice(0, bad[0]), columns, single)
                if M is not None:
                    yield M[:, :-1], M[:, -1]
                row += bad[0]
                if bad[0] < len(batch):
                    raise StreamError(
                        f"{self.path!r} must have a number in each row, an integer up to 2^53; column "
                        f"{bad[1]!r} has {'none' if bad[2] is None else bad[2]} in row {row}. "
                        "Fill or drop that row, then go on from there.",
                        first + row,
                        self.path,
                    )
        except (self.pa.ArrowException, OSError) as error:
            if isinstance(error, StreamError):
                raise
            line = re.search(r"Row #(\d+)", str(error))  # a line of a CSV file: from 1, the names among them
            raise StreamError(
                f"{self.path!r} must be readable to its end; reading failed in row "
                f"{int(line[1]) - 2 if line else row} or later ({error}). "
                f"Mend that, then go on from row {row}.",
                first + row,
                self.path,
            ) from error

    def _batches(self, columns: Sequence[str], rows: int, start: int) -> Iterator[Any]:
        """Record batches of at most `rows` rows from row `start` on."""
        begin = 0
        batches: Iterator[Any]
        if self.suffix == ".parquet":
            file, group = self._parquet(), 0
            while group < file.num_row_groups and begin + file.metadata.row_group(group).num_rows <= start:
                begin += file.metadata.row_group(group).num_rows
                group += 1
            batches = self._groups(file, range(group, file.num_row_groups), columns, rows)
        elif self.suffix == ".csv":
            batches = self._csv(columns)
        else:
            file = self._arrow(columns)
            batches = (file.get_batch(i) for i in range(file.num_record_batches))
        for batch in batches:
            for at in range(max(start - begin, 0), len(batch), rows):
                yield batch.slice(at, rows)
            begin += len(batch)
        self.rows = begin

    def _groups(self, file: Any, groups: range, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """One group after the other: a damaged one then costs none of those before it."""
        wanted = frozenset(columns)
        with open(self.path, "rb") as disk:
            for i in groups:
                if i + 1 in groups:
                    _fetch(disk, file.metadata.row_group(i + 1), wanted)
                yield from file.iter_batches(rows, row_groups=[i], columns=list(columns))

    def _matrix(self, batch: Any, columns: Sequence[str], single: bool) -> Tensor | None:
        """(rows, columns), each column in one piece; None if an entry is missing or has no exact float."""
        kind = self.pa.float32() if single else self.pa.float64()
        try:
            arrays = [
                batch.column(name).cast(kind) for name in columns
            ]  # checked: it does not round integers
        except self.pa.ArrowInvalid:
            return None
        if any(array.null_count for array in arrays):
            return None
        block = self.pa.RecordBatch.from_arrays(arrays, names=list(columns)).to_tensor(row_major=False)
        dtype = torch.float32 if single else torch.float64
        return torch.frombuffer(block, dtype=dtype).view(len(columns), -1).T


def _fetch(disk: BinaryIO, group: Any, columns: Set[str]) -> None:
    """Ask the system to read these columns of a row group into its cache while another is decoded."""
    if not hasattr(os, "posix_fadvise"):
        return
    for j in range(group.num_columns):
        chunk = group.column(j)
        if chunk.path_in_schema in columns:
            at = chunk.dictionary_page_offset or chunk.data_page_offset
            os.posix_fadvise(disk.fileno(), at, chunk.total_compressed_size, os.POSIX_FADV_WILLNEED)


def _first_bad(batch: Any, columns: Sequence[str]) -> tuple[int, str, object]:
    """Row, column and value of the first entry that is missing or has no exact float."""
    found = []
    for name in columns:
        for row, value in enumerate(batch.column(name).to_pylist()):
            if value is None or (isinstance(value, int) and abs(value) > EXACT):
                found.append((row, name, value))
                break
    return min(found, key=lambda entry: entry[0])
