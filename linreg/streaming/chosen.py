"""Which columns of a file are features, target and weights: all there, each once, and all of numbers."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

from linreg.errors import DtypeError, RangeError
from linreg.streaming.npy import Npy
from linreg.streaming.tables import NUMBERS, Table

__all__ = ["chosen"]

ROW_NAMES = re.compile(r"|Unnamed: \d+|__index_level_\d+__")  # what pandas and R call a column of them
TEXT = re.compile(r"(large_)?string(_view)?|dictionary<values=(large_)?string(_view)?, .*>")


def chosen(
    file: Npy | Table,
    target: int | str,
    features: Iterable[int] | Iterable[str] | None,
    weights: int | str | None,
) -> tuple[tuple[Any, ...], Any, Any]:
    """The names of the features, the target and the weights."""
    target = _column(file, target, "target")
    weights = None if weights is None else _column(file, weights, "weights")
    others = (target,) if weights is None else (target, weights)
    if features is None:
        columns = tuple(name for name in file.names if name not in others and name not in file.index)
        _check_named(file, columns)
    else:
        columns = tuple(_column(file, name, "features") for name in _listed(features))
    _check_once(file, columns, others)
    other = [name for name in (*columns, *others) if not _is_number(file, name)]
    if other:
        assert isinstance(file, Table)  # a matrix has nothing else
        _no_numbers(file, other, columns, others)
    return columns, target, weights


def _is_number(file: Npy | Table, name: Any) -> bool:
    return NUMBERS.fullmatch(file.kinds[name]) is not None


def _usable(file: Npy | Table, columns: Iterable[Any], others: tuple[Any, ...]) -> list[Any]:
    """Those of some columns that can be features, each once."""
    there = Counter(file.names)
    return [
        name
        for name in dict.fromkeys(columns)
        if there[name] == 1 and name not in (*others, *file.index) and _is_number(file, name)
    ]


def _listed(features: object) -> list[Any]:
    """The columns of a list, an array, an Index."""
    held = features.tolist() if hasattr(features, "tolist") else features
    if isinstance(held, (str, bytes, set, frozenset)) or not isinstance(held, Iterable):
        raise DtypeError(
            f"`features` must be a list of columns, in order; got {features!r}. "
            f"Put it into a list: {sorted(held) if isinstance(held, (set, frozenset)) else [held]!r}."
        )
    return list(held)


def _check_named(file: Npy | Table, columns: tuple[Any, ...]) -> None:
    """Refuse row names as features: they are counted, not measured."""
    nameless = [name for name in columns if isinstance(name, str) and ROW_NAMES.fullmatch(name)]
    if nameless:
        good = _usable(file, (name for name in columns if name not in nameless), ())
        cure = f"Say features={_some(good)}" if good else "No other column can be a feature: add one"
        other = [name for name in columns if name not in nameless and not _is_number(file, name)]
        if not good and _are_text(file, other):
            cure = _of_texts(file)
        if mark := _mark(file, other):
            cure = _or_else(mark, cure if good else "")
        raise RangeError(
            f"`features` must be named where a column has no name of its own; in {file.path!r} one is called "
            f"{nameless[0]!r}, as the row names of pandas and R are. {cure}."
        )


def _check_once(file: Npy | Table, columns: tuple[Any, ...], others: tuple[Any, ...]) -> None:
    """Refuse no features, a column that is named twice, and a name that two columns have."""
    there, asked = Counter(file.names), Counter((*others, *columns))
    twice = [name for name in asked if there[name] + asked[name] > 2]
    if columns and not twice:
        return
    what = f"{twice[0]!r} is there twice" if twice else "there is none"
    apart = "the target" if len(others) == 1 else "the target and the weights, which differ"
    good = _usable(file, columns, others) or _usable(file, file.names, others)
    alike = [name for name in others if there[name] > 1]
    cure = f"Say features={_some(good)}" if good else f"{file.path!r} has no other that can be one: add one"
    if len(set(others)) < len(others):
        cure = "Name another column"
    elif alike or (twice and not good):
        assert isinstance(file, Table)  # the columns of a matrix are numbered
        cure = f"Give the two a name each: {file.apart}"
    raise RangeError(f"`features` must be one column or more, each once, without {apart}; {what}. {cure}.")


def _no_numbers(file: Table, other: list[Any], columns: tuple[Any, ...], others: tuple[Any, ...]) -> NoReturn:
    """Refuse columns that hold no numbers, and say what can be done."""
    held = ", ".join(f"column {name!r} holds {file.kinds[name]}" for name in other[:8])
    roles = "`features` and `target`" if len(others) == 1 else "`features`, `target` and `weights`"
    good = _usable(file, columns, others)
    bad = [name for name in others if name in other]
    mark = _mark(file, other)
    if bad:
        role = "target" if bad[0] == others[0] else "weights"
        cure = f"Turn column {bad[0]!r} into numbers, or name another `{role}`"
        cure += f", with features={_some(good)}" * bool(good and set(other) - set(others))
    elif good:
        cure = f"Name the `features` without such columns, features={_some(good)}"
        cure += ", or turn them into numbers first"
    elif _are_text(file, other):
        cure = _of_texts(file)
    else:
        cure = "No column can be a feature. Turn one into numbers first, such as dates into days"
    if mark:
        cure = _or_else(mark, cure if good or bad else "")
    raise DtypeError(
        f"{roles} must hold numbers; in {file.path!r} {held}{', ...' * (len(other) > 8)}. {cure}."
    )


def _mark(file: Npy | Table, other: list[Any]) -> str:
    """The cure for the first column of numbers that are written in another way."""
    cures = (file.of_kind(name) for name in other if isinstance(file, Table))
    return next(filter(None, cures), "")


def _or_else(mark: str, cure: str) -> str:
    return f"{mark}. Otherwise {cure[0].lower()}{cure[1:]}" if cure else mark


def _are_text(file: Npy | Table, other: list[Any]) -> bool:
    return bool(other) and all(TEXT.fullmatch(file.kinds[name]) for name in other)


def _of_texts(file: Npy | Table) -> str:
    assert isinstance(file, Table)
    return f"No column can be a feature. Make numbers of the texts: {file.dummies}"


def _some(names: list[Any]) -> str:
    """A list of columns, as long as it can be read."""
    return f"{names}" if len(names) <= 8 else f"[{', '.join(map(repr, names[:8]))}, ...]"


def _column(file: Npy | Table, name: int | str, argument: str) -> int | str:
    width = len(file.names)
    name = name.tolist() if hasattr(name, "tolist") else name  # a number of NumPy
    if isinstance(file, Npy) and type(name) is int and -width <= name < 0:
        return name + width
    if isinstance(name, bool) or not isinstance(name, (int, str)) or name not in file.kinds:
        some = ", ".join(repr(known) for known in file.names[:8]) + ", ..." * (width > 8)
        cure = isinstance(file, Table) and file.of_name(name)
        raise RangeError(
            f"`{argument}` must name columns of {file.path!r}: {some}; got {name!r}. "
            f"{cure or 'Pick among these'}."
        )
    return name
