"""Which files a path means: itself, those of a folder, those of a pattern, in the order of their names."""

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import torch

from linreg.errors import FileError, RangeError
from linreg.streaming.cures import another_kind

__all__ = ["Part", "Paths", "parts"]

WILD = re.compile(r"[*?[]")
WHOLE = re.compile(r"[+-]?\d+")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LOGS = ("_delta_log", ".hoodie", "metadata")  # say which files count: others are old rows
MISSING = "__HIVE_DEFAULT_PARTITION__"

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class Part(NamedTuple):
    """A file, and the columns that folders above it name, as in year=2013/month=1/part-0.parquet."""

    path: str
    given: dict[str, float | str]


def parts(path: Paths, suffixes: Sequence[str]) -> list[Part]:
    """The files that a path or several mean; of a folder, those with one of the suffixes."""
    paths = [path] if isinstance(path, (str, os.PathLike)) else path
    return [part for one in paths for part in _of(os.fspath(one), suffixes)]


def _of(path: str, suffixes: Sequence[str]) -> list[Part]:
    if os.path.isdir(path):
        found = sorted(_below(path))
        base = path
    elif WILD.search(path) and not os.path.exists(path):
        found = sorted(
            name for name in glob.glob(path, recursive=True) if not _hidden(os.path.basename(name))
        )
        found = [
            name for place in found for name in (sorted(_below(place)) if os.path.isdir(place) else [place])
        ]
        base = os.path.dirname(path[: WILD.search(path).start()])  # type: ignore[union-attr]
    else:
        return [Part(path, {})]
    good = [name for name in found if name.lower().endswith(tuple(suffixes))]
    if not good:
        cure = f"The first is {found[0]!r}. {another_kind(found[0])}" if found else "Check its name."
        raise FileError(
            f"`path` must name files, or a folder or pattern with some; {path!r} has none of "
            f"{', '.join(suffixes)}. {cure}".rstrip()
        )
    return [Part(name, _given(os.path.relpath(name, base))) for name in good]


def _hidden(name: str) -> bool:
    """Marks of other programs, such as _SUCCESS and .part-0.crc, are no rows."""
    return name.startswith(("_", "."))


def _below(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        if logs := [name for name in folders if name in LOGS]:
            raise RangeError(
                f"`path` must name files whose rows all count; in {place!r} the folder {logs[0]!r} says "
                "which do. Let the program that wrote the table export it, or name the files."
            )
        folders[:] = [name for name in folders if not _hidden(name)]
        yield from (os.path.join(place, name) for name in files if not _hidden(name))


def _given(path: str) -> dict[str, float | str]:
    pairs = (folder.partition("=") for folder in Path(path).parts[:-1])
    return {unquote(key): _value(unquote(value)) for key, equals, value in pairs if equals}


def _value(text: str) -> float | str:
    if text == MISSING:
        return torch.nan
    if text in ("true", "false"):
        return float(text == "true")
    if WHOLE.fullmatch(text) and abs(int(text)) > 1 << 53:  # no float holds it
        return text
    return float(text) if NUMBER.fullmatch(text) else text
