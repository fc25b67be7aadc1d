"""What to do about a file that cannot be used as it is: most often a line that works when it is typed."""

import os
import re
import zipfile
from collections.abc import Mapping

from linreg.streaming.kinds import COMPRESSED, kind_of, suffix_of

__all__ = ["another_kind", "dummies", "marks", "plain_csv", "unreadable"]

WORDS = {".parquet": "Parquet", ".arrow": "Arrow", ".npy": "an array of NumPy", ".csv": "text"}
FORMER = {"delimiter": "sep"}  # what pandas calls it
DEFAULTS = {"delimiter": ",", "decimal": ".", "encoding": "utf-8"}


def unreadable(path: str, error: Exception) -> str:
    """The cure for a table that pyarrow cannot open."""
    if cure := another_kind(path):
        return cure
    if "more than 64 bits" in str(error):  # of polars
        read = "read_parquet" if suffix_of(path) == ".parquet" else "read_ipc"
        wide = "{polars.Int128: polars.Float64, polars.UInt128: polars.Float64}"
        new = _new(path, ".parquet")
        return f"Narrow those: polars.{read}({path!r}).cast({wide}).write_parquet({new!r})."
    return "Write or copy it again."


def another_kind(path: str) -> str:
    """The cure for a file that is of another kind than its name says; nothing where that is not seen."""
    kind, suffix = kind_of(path), suffix_of(path)
    text = suffix.startswith((".csv", ".tsv"))
    if kind == "zip":
        return _unpack(path)
    if kind == "feather 1":
        new = _new(path, ".parquet")
        return f"It is Feather of version 1: pandas.read_feather({path!r}).to_parquet({new!r})."
    if kind in COMPRESSED and text:
        new = _new(path, suffix[:4] + kind)
        return (
            "" if suffix.endswith(kind) else f"It is compressed by {COMPRESSED[kind]}: rename it to {new!r}."
        )
    if kind in (*COMPRESSED, ".xz"):
        return f"It is compressed by {COMPRESSED.get(kind, 'xz')}: decompress it first."
    if kind.startswith("json") and suffix not in (".csv", ".tsv"):
        lines = ", lines=True" * (kind == "json lines")
        return f"It is JSON: pandas.read_json({path!r}{lines}).to_csv({_new(path, '.csv')!r}, index=False)."
    if kind in WORDS and suffix != kind and not (kind == ".arrow" and suffix in (".feather", ".ipc")):
        end = suffix[:4] if text and kind == ".csv" else kind
        return "" if end == suffix else f"It is {WORDS[kind]}: rename it to {_new(path, end)!r}."
    return ""


def _unpack(path: str) -> str:
    try:
        with zipfile.ZipFile(path) as held:
            names = held.namelist()
    except zipfile.BadZipFile:
        return ""
    if "[Content_Types].xml" in names or "mimetype" in names:
        return "It is a spreadsheet: save it as CSV there."
    if any(name.endswith("/data.pkl") for name in names):
        load = f"numpy.save({_new(path, '.npy')!r}, torch.load({path!r}))"
        return f"It is of torch.save: {load} if it is one tensor."
    return f"It is a zip archive: zipfile.ZipFile({path!r}).extractall({os.path.dirname(path) or '.'!r})."


def _new(path: str, suffix: str) -> str:
    """A name with that suffix that no file has."""
    stem = path[: len(path) - len(suffix_of(path))]
    while os.path.exists(stem + suffix):
        stem += "-new"
    return stem + suffix


def plain_csv(path: str, text: Mapping[str, str], **options: object) -> str:
    """A line that reads a CSV file with pandas, and writes one that needs no options."""
    return f"{_read(path, text, options)}.to_csv({_new(path, '.csv')!r}, index=False)"


def _read(path: str, text: Mapping[str, str], options: Mapping[str, object]) -> str:
    given = {FORMER.get(key, key): value for key, value in text.items() if value != DEFAULTS[key]}
    more = "".join(f", {key}={value!r}" for key, value in {**given, **options}.items())
    return f"pandas.read_csv({path!r}{more})"


def dummies(path: str, text: Mapping[str, str]) -> str:
    """A line that makes columns of 0 and 1 of the texts of a table."""
    suffix = suffix_of(path)
    if suffix.startswith((".csv", ".tsv")):
        read, end, write = _read(path, text, {}), ".csv", "to_csv"
    else:
        reader = "read_parquet" if suffix == ".parquet" else "read_feather"
        read, end, write = f"pandas.{reader}({path!r})", ".parquet", "to_parquet"
    return (
        f"pandas.get_dummies({read}, drop_first=True, dtype=float).{write}({_new(path, end)!r}, index=False)"
    )


def marks(word: str, path: str, text: Mapping[str, str]) -> str:
    """The cure for a number with another decimal point, or with marks of thousands; nothing for others."""
    point, word = text["decimal"], word.strip()
    other = "," if point == "." else "."
    cures = []
    if re.fullmatch(rf"[+-]?\d*[{other}]\d+", word):
        line = f"decimal={other!r}" if text["delimiter"] != other else plain_csv(path, text, decimal=other)
        cures.append(f"if its {other!r} is the decimal point: {line}")
    cures += [
        f"if its {mark!r} marks thousands: {plain_csv(path, text, thousands=mark)}"
        for mark in (other, "'", " ")
        if re.fullmatch(rf"[+-]?\d{{1,3}}([{mark}]\d{{3}})+([{point}]\d*)?", word)
    ]
    return "; ".join(cures)
