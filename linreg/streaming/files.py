"""One source of rows out of one file or many, read ahead of where it is summed."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor

from linreg.ambient import plain
from linreg.errors import DtypeError, FileError, RangeError, StreamError
from linreg.settings import check_count
from linreg.streaming.ahead import ahead
from linreg.streaming.chosen import chosen
from linreg.streaming.cures import another_kind
from linreg.streaming.delimited import Delimited
from linreg.streaming.folders import Part, Paths, parts
from linreg.streaming.kinds import COMPRESSED, suffix_of
from linreg.streaming.npy import Npy
from linreg.streaming.tables import NUMBERS, Arrow, Parquet, Table

__all__ = ["Blocks", "blocks"]

TABLES: dict[str, type[Table]] = {
    ".parquet": Parquet,
    ".arrow": Arrow,
    ".feather": Arrow,
    ".ipc": Arrow,
    ".csv": Delimited,
    ".tsv": Delimited,
}
SUFFIXES = (".npy", *TABLES, *(text + how for text in (".csv", ".tsv") for how in COMPRESSED))


@plain
def blocks(
    path: Paths,
    *,
    target: int | str,
    features: Iterable[int] | Iterable[str] | None = None,
    weights: int | str | None = None,
    rows: int | None = None,
    start: int = 0,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> "Blocks":
    r"""Read the rows of files a block at a time: `X` (m, d) and `y` (m,), for `fit_stream`.

    `.npy` files hold a matrix of numbers. `.parquet`, `.arrow`, `.feather`, `.ipc`, `.csv` and `.tsv` are
    tables, read by pyarrow (the extra `stream`); the last two also compressed, as `.csv.gz`, `.bz2`, `.zst`,
    `.lz4` or `.br`. Columns may hold floating-point numbers, decimals, true and false as 1 and 0, and
    integers up to 2^53, which float64 holds exactly. A block is float32 if one of its columns is and no other
    needs more; otherwise float64. What is missing from a table is NaN.

    A thread reads the next block while one is used. Memory: two blocks of 16 MB, of tables 8 MB and what
    pyarrow decodes at a time, a row group of Parquet, a record batch of Arrow or a MB of text.

    A byte that changed on its way is found in Parquet files written with page checksums and in compressed
    CSV, there only at the end of the file. In `.npy`, plain CSV and Arrow files it is another number.

    Args:
        path: a file, a folder, a pattern such as "2013/*.csv", or several of them, all of one kind. Files of
            a folder follow each other in the order of their names; those that begin with "_" or "." are
            skipped. Folders called key=value in it are columns.
        target: the column of `y`: its number in a `.npy` file, its name in a table; -1 is the last column.
        features: the columns of `X`, in this order: a list, an array or a pandas Index; by default all
            others, without the index that pandas may have written.
        weights: the column of the weights, named as the target is; each block is then (X, y, weights).
        rows: largest number of rows in a block; by default as many as fill 16 MB, or 8 MB of a table.
        start: rows to skip, counted over all files: where a pass that stopped goes on.
        delimiter: what separates the fields of CSV; by default "," and in `.tsv` a tab.
        decimal: the decimal point of CSV, "." or ",".
        encoding: that of CSV; by default UTF-8.

    Returns:
        An iterable of (X, y), or (X, y, weights), from the beginning each time it is iterated. A file that
        turns out to be damaged or cut short, to lack a column of the first file or to have an entry that is
        not a number stops it with a `StreamError`.

    Raises:
        FileError: a file is missing, cannot be read, or is not of the kind that its name says.
        RangeError: a column that is not there or is named twice, row names without a name, no file, mixed
            kinds of files, or an option outside its range.
        DtypeError: a column does not hold numbers, or `features` is not a list.
        MissingError: a table without pyarrow.

    Examples:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "line.csv")
        >>> _ = path.write_text("x;y\n0;1,0\n1;3,0\n2;5,0\n")
        >>> for X, y in blocks(path, target="y", rows=2, delimiter=";", decimal=","):
        ...     print(X.tolist(), y.tolist())
        [[0.0], [1.0]] [1.0, 3.0]
        [[2.0]] [5.0]
    """
    columns = target, features, weights
    return Blocks(path, columns, rows, start, _text_options(delimiter, decimal, encoding))


class Blocks:
    """What `blocks` returns: rows in files, to be iterated as often as needed.

    Attributes:
        paths: the files.
        features: the columns of `X`, in the order of the weights.
        target: the column of `y`.
        weights: the column of the weights, None without.
        start: rows skipped.
    """

    def __init__(
        self,
        path: Paths,
        columns: tuple[int | str, Iterable[int] | Iterable[str] | None, int | str | None],
        rows: int | None,
        start: int,
        text: dict[str, str],
    ) -> None:
        self._parts = parts(path, SUFFIXES)
        self.paths = [part.path for part in self._parts]
        self.start = check_count(start, "start", least=0)
        self._size = None if rows is None else check_count(rows, "rows")
        suffixes = {suffix_of(p) for p in self.paths}
        for missing in (p for p in self.paths if not os.path.isfile(p)):
            raise FileError(f"`path` must name a file that exists; got {missing!r}. Check its folder.")
        if suffixes not in [{suffix} for suffix in SUFFIXES]:
            raise RangeError(
                f"`path` must name files of one kind, {', '.join(SUFFIXES)}; got {self.paths[:4]}. "
                f"{_of_kinds(self.paths)}"
            )
        self._text = _for_text(suffixes.pop(), text)
        first = self._open(self._parts[0])
        self.features, self.target, self.weights = chosen(first, *columns)
        self._width = len(first.names)

    @property
    def columns(self) -> tuple[Any, ...]:
        """The features, the target, and the weights where there are some."""
        return (*self.features, self.target, *(() if self.weights is None else (self.weights,)))

    @property
    def rows(self) -> int | None:
        """How many rows the files have, the first `start` included; None if a file does not tell."""
        total = 0
        for part in self._parts:
            try:
                count = self._open(part).rows
            except FileError:  # to be told when its turn comes
                return None
            if count is None:
                return None
            total += count
        return total

    def place(self, row: int) -> tuple[str, int]:
        """The file and the row within it where row `row` of all files lies, which must have been read."""
        i = max(i for i, begin in enumerate(self._begins) if begin <= row)
        return self.paths[i], row - self._begins[i]

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        return ahead(self._read())

    def _read(self) -> Iterator[tuple[Tensor, ...]]:
        first, skip = 0, self.start
        self._begins = []
        for part in self._parts:
            self._begins.append(first)
            try:
                file = self._open(part)
                self._check_same(file)
            except FileError as error:
                raise StreamError(f"{error}", first + skip, part.path) from error
            yield from file.blocks(self.columns, len(self.features), self._size, skip, first)
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
        """Require the columns of the first file, of numbers here too."""
        for name in self.columns:
            kind = file.kinds.get(name)
            if kind is None or not NUMBERS.fullmatch(kind):
                out = ", or leave that column out by naming the `features`" * (name in self.features)
                raise FileError(
                    f"{file.path!r} must have the columns of {self.paths[0]!r}; column {name!r} holds "
                    f"numbers there and {'is missing' if kind is None else 'holds ' + kind} here. "
                    f"{'Add' if kind is None else 'Convert'} it{out}."
                )
        if isinstance(file, Npy) and len(file.names) != self._width:
            raise FileError(
                f"{file.path!r} must have {self._width} columns, as {self.paths[0]!r}; it has "
                f"{len(file.names)}. Without names, nothing tells which is which: convert the file."
            )

    def _open(self, part: Part) -> Npy | Table:
        try:
            suffix = suffix_of(part.path)
            if suffix == ".npy":
                return Npy(part.path)
            return TABLES[suffix[:4] if self._text else suffix](part.path, part.given, **self._text)
        except FileError:
            raise
        except OSError as error:
            raise FileError(
                f"`path` must name a file that can be read; got {part.path!r} ({error})."
            ) from error

    def __repr__(self) -> str:
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        by = "" if self.weights is None else f", weights={self.weights!r}"
        return f"Blocks({self.paths[0]!r}{more}, target={self.target!r}, features={len(self.features)}{by})"


def _of_kinds(paths: list[str]) -> str:
    """What to do about files that are not all of one kind that can be read."""
    if not paths:
        return "Name at least one."
    readable = [path for path in paths if suffix_of(path) in SUFFIXES]
    if not readable:
        return another_kind(paths[0]) or "Let the program that wrote it export CSV or Parquet."
    ends = f"*{suffix_of(readable[0])}"
    return f"Name those of one kind: {os.path.join(os.path.dirname(readable[0]), ends)!r}."


def _text_options(delimiter: str | None, decimal: str | None, encoding: str | None) -> dict[str, str]:
    """Those that are given, checked."""
    given = {"delimiter": delimiter, "decimal": decimal, "encoding": encoding}
    for name, value in given.items():
        if not isinstance(value, (str, type(None))):
            raise DtypeError(f"`{name}` must be a string; got {value!r}. Quote it.")
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
        raise RangeError(f"`delimiter` must be one ASCII character; got {delimiter!r}. A tab is '\\t'.")
    if decimal not in (None, ".", ","):
        raise RangeError(f"`decimal` must be '.' or ','; got {decimal!r}. Pick one of these.")
    try:
        "a".encode(encoding or "utf-8")  # there are codecs of other things than text
    except (LookupError, UnicodeError) as error:
        raise RangeError(
            f"`encoding` must be one that Python knows; got {encoding!r}. Western Europe often has 'cp1252'."
        ) from error
    return {name: value for name, value in given.items() if value is not None}


def _for_text(suffix: str, given: dict[str, str]) -> dict[str, str]:
    """The options of a CSV file, with what holds by default; none for other files."""
    if not suffix.startswith((".csv", ".tsv")):
        for name in given:
            raise RangeError(f"`{name}` must be left out for {suffix} files; it is for CSV. Drop it.")
        return {}
    options = {"delimiter": "\t" if suffix.startswith(".tsv") else ",", "decimal": ".", "encoding": "utf-8"}
    options |= given
    if options["delimiter"] == options["decimal"]:
        raise RangeError(
            "`delimiter` must differ from `decimal`; both are ','. Such files mostly have delimiter=';'; if "
            "they have quotation marks: pandas.read_csv(path, decimal=',').to_csv(new_path, index=False)."
        )
    return options
