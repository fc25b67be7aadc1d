"""Rows of a CSV file, plain or compressed: cut into whole rows here, parsed by pyarrow.

So each block is known to the row: what cannot be parsed costs the rows before and after it nothing, and a
pass that goes on later steps over rows without looking at them.
"""

import csv
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from linreg.checks import FileError
from linreg.tables import EXACT, Table

__all__: list[str] = []

TEXT_BYTES = 1 << 20  # of text parsed at a time
SAMPLE_ROWS = 100  # that tell what a column holds
COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4", ".br": "brotli"}
BLANK = re.compile(rb"\A[\r\n]|\n\r?\n|\r\r")  # lines of nothing may be there
WHOLE = re.compile(r"[+-]?\d{16,}")  # an integer that may be beyond 2^53


class Delimited(Table):
    """A text file whose first line has the names."""

    def __init__(
        self, path: str, given: Mapping[str, float | str], delimiter: str, decimal: str, encoding: str
    ) -> None:
        self.delimiter, self.decimal, self.encoding = delimiter, decimal, encoding
        d = re.escape(delimiter.encode())
        field = rb'(?:"[^"]*+(?:""[^"]*+)*+"[^%b\r\n]*|(?!")[^%b\r\n]*)' % (d, d)
        self.record = re.compile(rb"%b(?:%b%b)*(?:\r\n|\n|\r|\Z)" % (field, d, field))
        super().__init__(path, given)

    def _open(self) -> Any:
        file = self.pa.input_stream(
            self.path, compression=COMPRESSED.get(os.path.splitext(self.path.lower())[1])
        )
        if self.encoding.lower().replace("-", "").replace("_", "") == "utf8":
            return file
        return self.pa.transcoding_input_stream(file, self.encoding, "utf-8")

    def _look(self) -> list[tuple[str, str]]:
        with self._open() as file:
            text = next(self._texts(file), b"")
        ends = self._ends(text, SAMPLE_ROWS + 1) or [0]
        try:
            names = self._fields(text[: ends[0]])
        except UnicodeDecodeError as error:
            raise FileError(
                f"`path` must name a CSV file in UTF-8; the names in {self.path!r} are in another encoding "
                f"({error}). Say which: encoding='cp1252' for one of Western Europe, 'utf-16' for one with "
                "two bytes a character."
            ) from error
        if not any(names):
            raise FileError(f"`path` must name a CSV file with a line of names; {self.path!r} has none.")
        self.body, self.columns = ends[0], [str(j) for j in range(len(names))]
        return list(zip(names, self._kinds(text[ends[0] : ends[-1]]), strict=True))

    def _kinds(self, sample: bytes) -> list[str]:
        """What each column holds: numbers, if one of the first rows has a number there."""
        kinds = dict.fromkeys(self.columns, "double")
        if sample.strip():
            words = self._parse(sample, dict.fromkeys(self.columns, self.pa.string()), lenient=True)
            for name, column in zip(words.column_names, words.columns, strict=True):
                there = column.drop_null()
                if len(there) and not any(self._is(self.pa.float64(), text) for text in there.to_pylist()):
                    flags = all(self._is(self.pa.bool_(), text) for text in there.to_pylist())
                    kinds[name] = "bool" if flags else "string"
        return list(kinds.values())

    def _is(self, kind: Any, text: str) -> bool:
        try:
            self.pa.scalar(text.strip(" \t").replace(self.decimal, ".")).cast(kind)
        except self.pa.ArrowInvalid:
            return False
        return True

    def _batches(self, columns: Sequence[str], rows: int, start: int) -> Iterator[Any]:
        chosen = [self.names.index(name) for name in columns]
        flags, numbers = self.pa.bool_(), self.pa.float64()
        types = {self.columns[j]: flags if self.kinds[self.names[j]] == "bool" else numbers for j in chosen}
        begin, body = 0, self.body
        with self._open() as file:
            for text in self._texts(file):
                data, passed = self._after(text[body:], start - begin)
                begin, body = begin + passed, 0
                if not data or data.isspace():
                    continue
                table, reason = self._parsed(data, types)
                for batch in table.rename_columns(list(columns)).to_batches():
                    for at in range(0, len(batch), rows):
                        yield batch.slice(at, rows)
                    begin += len(batch)
                if reason:
                    yield reason
                    return
        self.rows = begin

    def _texts(self, file: Any) -> Iterator[bytes]:
        """The text in pieces that end where a row ends."""
        rest = b""
        while part := file.read(TEXT_BYTES):
            end = part.rfind(b"\n" if b"\n" in part else b"\r") + 1
            if b'"' in rest or b'"' in part:
                part, rest = rest + part, b""
                end = part.rfind(b"\n") + 1
                if part.count(b'"', 0, end) % 2:  # it is a line within a quoted field that ends there
                    end = max((e for e in self._ends(part) if part[e - 1 : e] in b"\r\n"), default=0)
            if end:
                yield b"".join((rest, memoryview(part)[:end]))  # copied once
                rest = b""
            rest += part[end:]
        if rest:
            yield rest

    def _ends(self, text: bytes, most: int | None = None) -> list[int]:
        """Where the first rows end; blank lines belong to the row after them."""
        ends: list[int] = []
        at = 0
        while at < len(text) and (most is None or len(ends) < most):
            found = self.record.match(text, at)
            if found is None:  # a quote that is opened and never closed
                break
            if text[at : found.end()].strip(b"\r\n"):
                ends.append(found.end())
            at = found.end()
        return ends

    def _after(self, text: bytes, count: int) -> tuple[bytes, int]:
        """What follows the first `count` rows of a text, and how many rows that passes over."""
        if count <= 0:
            return text, 0
        if b'"' not in text and b"\n" in text and not BLANK.search(text):
            lines = text.count(b"\n") + (not text.endswith(b"\n"))
            if lines <= count:
                return b"", lines
        ends = self._ends(text, count)
        return (text[ends[-1] :] if ends else b""), len(ends)

    def _parse(self, text: bytes, types: Mapping[str, Any], lenient: bool = False) -> Any:
        from pyarrow import csv as arrow

        read = arrow.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=self.columns)
        skip = (lambda row: "skip") if lenient else None
        parse = arrow.ParseOptions(
            delimiter=self.delimiter, newlines_in_values=b'"' in text, invalid_row_handler=skip
        )
        convert = arrow.ConvertOptions(
            include_columns=list(types),
            column_types=types,
            decimal_point=self.decimal,
            strings_can_be_null=True,
        )
        return arrow.read_csv(self.pa.py_buffer(text), read, parse, convert)

    def _parsed(self, text: bytes, types: Mapping[str, Any]) -> tuple[Any, str]:
        """The rows before the first bad one, and what is wrong with that; all of them and nothing."""
        try:
            table = self._parse(text, types)
        except self.pa.ArrowInvalid:
            ends = [*self._ends(text), len(text)]
            bad = bisect_left(ends, True, key=lambda end: not self._parses(text[:end], types))
            begin = ends[bad - 1] if bad else 0
            reason = self._reason(text[begin : ends[bad]], types)
            table = self._parse(text[:begin], types) if bad else self._nothing(types)
            return table, reason
        whole = self._beyond(text, table, types)
        return (table, "") if whole is None else (table.slice(0, whole[0]), whole[1])

    def _parses(self, text: bytes, types: Mapping[str, Any]) -> bool:
        try:
            self._parse(text, types)
        except self.pa.ArrowInvalid:
            return False
        return True

    def _nothing(self, types: Mapping[str, Any]) -> Any:
        return self.pa.schema(list(types.items())).empty_table()

    def _fields(self, row: bytes) -> list[str]:
        text = row.decode("utf-8-sig").strip("\r\n")
        try:
            return next(csv.reader([text], delimiter=self.delimiter), [])
        except csv.Error as error:
            raise ValueError(str(error)) from error

    def _reason(self, row: bytes, types: Mapping[str, Any]) -> str:
        """What is wrong with a row that cannot be parsed."""
        if not self.record.fullmatch(row):
            return "has a quote that is never closed"
        fields = self._fields(row.decode("utf-8", "replace").encode())
        if len(fields) != len(self.columns):
            return f"has {len(fields)} fields, the line of names {len(self.columns)}"
        for name, kind in types.items():
            if not self._parses(row, {name: kind}):
                j = int(name)
                comma = (
                    ", a decimal comma? Then say decimal=','"
                    if re.fullmatch(r"[+-]?\d+,\d+", fields[j])
                    else ""
                )
                return f"has {fields[j]!r} in column {self.names[j]!r}{comma}"
        return "cannot be parsed"

    def _beyond(self, text: bytes, table: Any, types: Mapping[str, Any]) -> tuple[int, str] | None:
        """The first row with an integer that no float holds, and what is wrong with it."""
        numbers = [name for name, kind in types.items() if kind == self.pa.float64()]
        if not any(map(_large, table.select(numbers).to_batches())):
            return None
        found = []
        for name in numbers:
            for row, word in enumerate(self._parse(text, {name: self.pa.string()})[name].to_pylist()):
                if word and WHOLE.fullmatch(word.strip()) and abs(int(word)) > EXACT:
                    found.append((row, f"has {word} in column {self.names[int(name)]!r}, beyond 2^53"))
                    break
        return min(found, default=None)


def _large(batch: Any) -> bool:
    """Whether an entry is beyond what float64 counts to."""
    if not batch.num_columns:
        return False
    M = torch.frombuffer(batch.to_tensor(null_to_nan=True, row_major=False), dtype=torch.float64).abs_()
    return not float(M.max()) <= EXACT and bool((M > EXACT).any())  # the maximum is NaN if one entry is
