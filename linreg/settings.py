"""Checks of settings: numbers, counts, names, and what else stands after the data."""

import math
import os
from collections.abc import Iterable, Sequence

import torch

from linreg.checks import FLOATS
from linreg.errors import DeviceError, DtypeError, RangeError, ShapeError

__all__ = [
    "check_beta",
    "check_choice",
    "check_count",
    "check_device",
    "check_dtype",
    "check_generator",
    "check_names",
    "check_number",
    "check_path",
    "check_real",
    "check_share",
]


def check_real(value: object, name: str, rule: str = "a finite number") -> float:
    """Require a finite Python number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise DtypeError(f"`{name}` must be {rule}; got {value!r}. Pass a Python number.")
    if not math.isfinite(value):
        raise RangeError(f"`{name}` must be {rule}; got {value!r}. Check where it was computed.")
    return float(value)


def check_number(value: object, name: str, *, positive: bool = False) -> float:
    """Require a finite number, at least zero, or above zero if `positive`."""
    rule = "a finite number above 0" if positive else "a finite number, 0 or above"
    number = check_real(value, name, rule)
    if number < 0 or (positive and number == 0):
        raise RangeError(f"`{name}` must be {rule}; got {value!r}. {_ADVICE.get(name, '')}".rstrip())
    return number


def check_beta(value: object, name: str = "beta") -> float:
    """Require the share of what came before that a method keeps: from 0 to below 1."""
    number = check_number(value, name)
    if number >= 1:
        raise RangeError(f"`{name}` must be below 1, or nothing is ever forgotten; got {value!r}. Try 0.9.")
    return number


_ADVICE = {
    "lr": "The update already subtracts the gradient, so the rate stays positive.",
    "noise": "It is a standard deviation.",
    "tolerance": "Within 1 % is 0.01.",
}


def check_count(value: object, name: str, *, least: int = 1) -> int:
    """Require an integer of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise DtypeError(f"`{name}` must be an integer of {least} or more; got {value!r}. Pass an int.")
    if value < least:
        raise RangeError(f"`{name}` must be an integer of {least} or more; got {value}. Raise it to {least}.")
    return value


def check_choice(value: object, name: str, choices: Sequence[str]) -> None:
    """Require one of the names in `choices`."""
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise RangeError(f"`{name}` must be one of {listed}; got {value!r}. Pick one of these.")


def check_share(value: object, name: str) -> float:
    """Require a number between 0 and 1, neither of them included."""
    share = check_real(value, name, "a number between 0 and 1")
    if not 0 < share < 1:
        raise RangeError(f"`{name}` must be a number between 0 and 1; got {value!r}. 95 % is 0.95.")
    return share


def check_names(names: object, d: int) -> tuple[str, ...]:
    """Require a name for each of d features; without any they are x1, x2 and so on."""
    if names is None:
        return tuple(f"x{j}" for j in range(1, d + 1))
    listed = [] if isinstance(names, str) or not isinstance(names, Iterable) else list(names)
    if len(listed) == 0 or not all(isinstance(name, str) for name in listed):
        raise DtypeError(
            f"`names` must be a list of str, one for each feature; got {names!r}. "
            "Convert them: list(map(str, names))."
        )
    if len(listed) != d:
        raise ShapeError(
            f"`names` must be {d}, one for each feature; got {len(listed)}. The intercept has its own."
        )
    return tuple(listed)


def check_generator(generator: object, device: torch.device) -> torch.Generator:
    """Require a `torch.Generator` on `device`."""
    if not isinstance(generator, torch.Generator):
        raise DtypeError(
            f"`generator` must be a torch.Generator; got {type(generator).__name__}. "
            "Pass torch.Generator().manual_seed(0): a seed in sight makes a result repeatable."
        )
    if generator.device.type != device.type:
        raise DeviceError(
            f"`generator` must be on the device of the data, {device}; got {generator.device}. "
            f"Make it there: torch.Generator(device={str(device)!r})."
        )
    return generator


def check_path(path: object) -> str:
    """Require the name of a file, as text or as a path."""
    if not isinstance(path, (str, os.PathLike)) or not isinstance(name := os.fspath(path), str):
        cure = "Decode it: os.fsdecode(path)." if isinstance(path, bytes) else "Pass 'folder/name'."
        raise DtypeError(f"`path` must be a str or an os.PathLike of one; got {path!r}. {cure}")
    return name


def check_device(device: object) -> torch.device:
    """Require a device that is there and can hold numbers."""
    try:
        found = torch.empty(0, device=device).device if device is not None else None  # type: ignore[call-overload]
    except Exception as error:  # each kind of device has an error of its own
        raise DeviceError(
            f"`device` must be one of this machine; got {device!r} ({_first(error)}). Pass 'cpu'."
        ) from error
    if found is None or found.type == "meta":
        raise DeviceError(f"`device` must be one that holds numbers; got {device!r}. Pass 'cpu'.")
    assert isinstance(found, torch.device)
    return found


def _first(error: Exception) -> str:
    """The first sentence of what another library says."""
    return str(error).partition("\n")[0].partition(". ")[0].rstrip(".")


def check_dtype(dtype: object) -> torch.dtype:
    """Require the name of a dtype to compute in."""
    if not isinstance(dtype, torch.dtype) or dtype not in FLOATS:
        raise DtypeError(f"`dtype` must be floating point, float32 or float64; got {dtype}. Use float64.")
    return dtype
