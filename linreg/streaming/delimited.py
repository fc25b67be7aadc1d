"""Rows of a CSV file, plain or compressed.

A file without a fault is left to pyarrow from end to end. From a fault on, and where a pass goes on later,
the text is cut into whole rows here: what cannot be parsed costs the rows before and after it nothing, and
rows are stepped over without a look at what they hold.
"""

import csv
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch

from linreg.errors import FileError
from linreg.streaming.cures import another_kind, dummies, marks, plain_csv
from linreg.streaming.kinds import BINARY, COMPRESSED, encoding_of, is_utf8, suffix_of
from linreg.streaming.tables import EXACT, Table, sliced

__all__ = ["Delimited"]

TEXT_BYTES = 1 << 20  # of text parsed at a time
SAMPLE_ROWS = 100  # that tell what a column holds
LONGEST = csv.field_size_limit()  # of the rows among them that are looked at, in bytes
MARKS = ";\t|, "  # that may stand between fields
NAME = re.compile(r" *[^\d\s+.,-]")  # no number and not empty
BLANK = re.compile(rb"\A[\r\n]|\n\r?\n|\r\r")  # lines of nothing may be there
FLAGS = frozenset(("true", "True", "TRUE", "false", "False", "FALSE"))
WHOLE = re.compile(r"[+-]?\d{16,}")  # an integer that may be beyond 2^53


class Delimited(Table):
    """A text file whose first line has the names."""

    def __init__(
        self, path: str, given: Mapping[str, float | str], delimiter: str, decimal: str, encoding: str
    ) -> None:
        self.delimiter, self.decimal, self.encoding = delimiter, decimal, encoding
        self.text = {"delimiter": delimiter, "decimal": decimal, "encoding": encoding}
        d = re.escape(delimiter.encode())
        field = rb'(?:"[^"]*+(?:""[^"]*+)*+"[^%b\r\n]*|(?!")[^%b\r\n]*)' % (d, d)
        self.record = re.compile(rb"%b(?:%b%b)*(?:\r\n|\n|\r|\Z)" % (field, d, field))
        super().__init__(path, given)
        if _compression(path):  # its checksum stands at the end, and is of all rows
            self.mend = "Rows before it may be wrong too: copy the file again, then begin with its first row."

    def _open(self) -> Any:
        file = self.pa.input_stream(self.path, compression=_compression(self.path))
        if is_utf8(self.encoding):
            return file
        return self.pa.transcoding_input_stream(file, self.encoding, "utf-8")

    def _look(self) -> list[tuple[str, str]]:
        try:
            with self._open() as file:
                text = next(self._texts(file), b"")
            ends = self._ends(text, SAMPLE_ROWS + 1) or [0]
            if found := BINARY.search(text[: ends[0]]):
                raise UnicodeError(f"there is a character of code {found[0][0]}")
            names = self._fields(text[: ends[0]], "strict")
        except UnicodeError as error:
            raise self._other_encoding(f"{error}") from error
        if not any(names):
            raise FileError(
                f"`path` must name a CSV file with a line of names; {self.path!r} has none. "
                f"{another_kind(self.path) or 'Write one, or copy the file again.'}"
            )
        self.body, self.columns = ends[0], [str(j) for j in range(len(names))]
        # the line of names, and the first rows
        self.sample = [text[begin:end] for begin, end in pairwise((0, *ends))]
        self.rows_seen = [self._fields(row) for row in self.sample[1:] if len(row) <= LONGEST]
        return list(zip(names, self._kinds(), strict=True))

    def _other_encoding(self, why: str) -> FileError:
        with self.pa.input_stream(self.path, compression=_compression(self.path)) as file:
            found = encoding_of(file.read(TEXT_BYTES), self.encoding)
        western = " if it is of Western Europe" * (found == "cp1252")
        return FileError(
            f"`path` must name a CSV file in UTF-8, or in the `encoding` that is given; the names in "
            f"{self.path!r} are in another encoding ({why}). "
            f"{another_kind(self.path) or f'Say encoding={found!r}{western}.'}"
        )

    def _kinds(self) -> list[str]:
        """What each column holds: numbers, if one of these rows has a number there."""
        from pyarrow import csv as arrow

        empty = frozenset(arrow.ConvertOptions().null_values)
        rows = [fields for fields in self.rows_seen if len(fields) == len(self.columns)]
        kinds = []
        for column in zip(*rows, strict=True) if rows else [()] * len(self.columns):
            there = [word.strip(" \t") for word in column if word not in empty]
            if not there or any(map(self._is_number, there)):
                kinds.append("double")
            else:
                kinds.append("bool" if FLAGS.issuperset(there) else "string")
        return kinds

    def _is_number(self, text: str) -> bool:
        try:
            float(text.replace(self.decimal, "."))
        except ValueError:
            return False
        return "_" not in text

    def _batches(self, columns: Sequence[str], rows: int, start: int) -> Iterator[Any]:
        chosen = [self.names.index(name) for name in columns]
        flags, numbers = self.pa.bool_(), self.pa.float64()
        types = {self.columns[j]: flags if self.kinds[self.names[j]] == "bool" else numbers for j in chosen}
        if start == 0:
            for batch in self._whole(types):
                if batch is None:
                    break
                yield from sliced(batch.rename_columns(list(columns)), start, rows, start)
                start += len(batch)
            else:
                self.rows = start
                return
        yield from self._by_row(columns, types, rows, start)

    def _whole(self, types: Mapping[str, Any]) -> Iterator[Any]:
        """Batches as pyarrow makes them of a file without a fault; None where one may be."""
        from pyarrow import csv as arrow

        try:
            with self._open() as file:
                file.read(self.body)
                read, parse, convert = self._options(types)
                for batch in arrow.open_csv(file, read, parse, convert):
                    if _large(batch, self.pa.float64()):
                        yield None
                    yield batch
        except self.pa.ArrowInvalid:
            yield None

    def _by_row(
        self, columns: Sequence[str], types: Mapping[str, Any], rows: int, start: int
    ) -> Iterator[Any]:
        """Batches from row `start` on, up to the first bad row and then what is wrong with it."""
        begin, body = 0, self.body
        with self._open() as file:
            for text in self._texts(file):
                data, passed = self._after(text[body:], start - begin)
                begin, body = begin + passed, 0
                if not data or data.isspace():
                    continue
                table, reason = self._parsed(data, types)
                for batch in table.rename_columns(list(columns)).to_batches():
                    yield from sliced(batch, begin, rows, begin)
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
            lines = text.count(b"\n")  # the last of which ends the text
            if lines <= count:
                return b"", lines
        ends = self._ends(text, count)
        if not ends:  # one row that never ends, or lines of nothing
            return b"", int(text.strip(b"\r\n") != b"")
        return text[ends[-1] :], len(ends)

    def _options(self, types: Mapping[str, Any], size: int = TEXT_BYTES) -> list[Any]:
        from pyarrow import csv as arrow

        return [
            arrow.ReadOptions(use_threads=False, block_size=size, column_names=self.columns),
            arrow.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            arrow.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                decimal_point=self.decimal,
            ),
        ]

    def _parse(self, text: bytes, types: Mapping[str, Any]) -> Any:
        from pyarrow import csv as arrow

        return arrow.read_csv(self.pa.py_buffer(text), *self._options(types, len(text) + 1))

    def _parsed(self, text: bytes, types: Mapping[str, Any]) -> tuple[Any, str]:
        """The rows before the first bad one, and what is wrong with that; all of them and nothing."""
        reason = ""
        if not self._parses(text, types):
            ends = [0, *self._ends(text), len(text)]
            bad = bisect_left(ends, True, lo=1, key=lambda end: not self._parses(text[:end], types))
            reason = self._reason(text[ends[bad - 1] : ends[bad]], types)
            text = text[: ends[bad - 1]]
        table = self._parse(text, types) if text.strip() else self._nothing(types)
        whole = self._beyond(text, table, types)
        return (table, reason) if whole is None else (table.slice(0, whole[0]), whole[1])

    def _parses(self, text: bytes, types: Mapping[str, Any]) -> bool:
        try:
            self._parse(text, types)
        except self.pa.ArrowInvalid:
            return False
        return True

    def _nothing(self, types: Mapping[str, Any]) -> Any:
        return self.pa.schema(list(types.items())).empty_table()

    def _fields(self, row: bytes, errors: str = "replace", delimiter: str | None = None) -> list[str]:
        text = row.decode("utf-8-sig", errors).strip("\r\n")
        try:
            return next(csv.reader([text], delimiter=delimiter or self.delimiter), [])
        except csv.Error as error:
            raise ValueError(str(error)) from error

    def _reason(self, row: bytes, types: Mapping[str, Any]) -> str:
        """What is wrong with a row that cannot be parsed."""
        if not self.record.fullmatch(row.lstrip(b"\r\n")):
            return "has a quote that is never closed"
        fields = self._fields(row)
        if len(fields) != len(self.columns):
            return f"has {len(fields)} fields, the line of names {len(self.columns)}{self._of_width()}"
        for name, kind in types.items():
            if not self._parses(row, {name: kind}):
                word, column = fields[int(name)], self.names[int(name)]
                cure = self._marks(word)
                return f"has {word!r} in column {column!r}" + f": {cure}" * bool(cure)
        return "cannot be parsed"

    def of_kind(self, name: str) -> str:
        """What to do about numbers that are written in another way."""
        j = self.names.index(name)
        words = (fields[j] for fields in self.rows_seen if j < len(fields))
        return next((f"It has {word!r}: {cure}" for word in words if (cure := self._marks(word))), "")

    def _marks(self, word: str) -> str:
        return marks(word, self.path, self.text)

    def of_name(self, name: object) -> str:
        """What to do where the names stand elsewhere, or in one piece."""
        pieces = [mark for mark in MARKS if len(self.names) == 1 and mark in self.names[0]]
        mark = next((m for m in pieces if name in self._fields(self.names[0].encode(), delimiter=m)), "")
        line, other = ("", "") if mark else self._line_of(name)
        if line:
            cure = plain_csv(self.path, self.text | {"delimiter": other}, skiprows=int(line))
            return f"If the names stand in line {int(line) + 1}: {cure}"
        if mark == " " and "  " in self.names[0]:
            columns = plain_csv(self.path, self.text | {"delimiter": r"\s+"})
            return f"If spaces stand between them: {columns}"
        if mark or pieces:
            return f"If {mark or pieces[0]!r} stands between them, say delimiter={mark or pieces[0]!r}"
        numbered = list(map(str, range(len(self.names))))
        if any(map(self._is_number, self.names)) and list(self.names) != numbered:
            cure = plain_csv(self.path, self.text, header=None)
            return f"Pick among these; if the first line has no names: {cure}"
        return ""

    def _line_of(self, name: object) -> tuple[str, str]:
        """Which line has the name among others, counted from 0, and what stands between them."""
        line = self.sample[0].count(b"\n")
        for row in self.sample[1:]:
            for mark in dict.fromkeys((self.delimiter, *MARKS)) if len(row) <= LONGEST else ():
                found = self._fields(row, delimiter=mark)
                if name in found and len(found) > 1 and all(map(NAME.match, found)):
                    blank = row.count(b"\n", 0, len(row) - len(row.lstrip(b"\r\n")))
                    return f"{line + blank}", mark
            line += row.count(b"\n")
        return "", ""

    @property
    def apart(self) -> str:
        """What gives two columns of one name two names."""
        return plain_csv(self.path, self.text)

    @property
    def dummies(self) -> str:
        """What makes numbers of texts."""
        return dummies(self.path, self.text)

    def _of_width(self) -> str:
        """What to do where all rows have a field more than the line of names."""
        if {len(fields) for fields in self.rows_seen} != {len(self.columns) + 1}:
            return ""
        if all(fields[-1] == "" for fields in self.rows_seen):
            return f", as all rows, which end in {self.delimiter!r}: " + plain_csv(
                self.path, self.text, index_col=False
            )
        return ", as all rows, which R begins with their names: " + plain_csv(self.path, self.text)

    def _beyond(self, text: bytes, table: Any, types: Mapping[str, Any]) -> tuple[int, str] | None:
        """The first row with an integer that no float holds, and what is wrong with it."""
        numbers = [name for name, kind in types.items() if kind == self.pa.float64()]
        if not any(_large(batch, self.pa.float64()) for batch in table.to_batches()):
            return None
        found = []
        for name in numbers:
            for row, word in enumerate(self._parse(text, {name: self.pa.string()})[name].to_pylist()):
                if word and WHOLE.fullmatch(word.strip()) and abs(int(word)) > EXACT:
                    found.append((row, f"has {word} in column {self.names[int(name)]!r}, beyond 2^53"))
                    break
        return min(found, default=None)


def _compression(path: str) -> str | None:
    return COMPRESSED.get("." + suffix_of(path).rpartition(".")[2])


def _large(batch: Any, kind: Any) -> bool:
    """Whether an entry of a column of this kind, float64, may be beyond what that counts to."""
    numbers = batch.select([field.name for field in batch.schema if field.type == kind])
    if not numbers.num_columns or not len(batch):
        return False
    M = torch.frombuffer(numbers.to_tensor(null_to_nan=True, row_major=False), dtype=torch.float64).abs_()
    # From 2^53 on, which is what 2^53 + 1 has been rounded to. The maximum is NaN if one entry is.
    return not float(M.max()) < EXACT and bool((M >= EXACT).any())
