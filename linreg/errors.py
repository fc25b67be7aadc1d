"""What can go wrong, as errors: each has a kind of its own to catch."""

from typing import Any

__all__ = [
    "DataError",
    "DeviceError",
    "DistributedError",
    "DtypeError",
    "FileError",
    "LinregError",
    "MissingError",
    "RangeError",
    "ShapeError",
    "StreamError",
]


class LinregError(Exception):
    """Base of every error that `linreg` raises on purpose: `except LinregError` catches them all."""


class ShapeError(LinregError, ValueError):
    """An array has the wrong shape, such as `y` of shape (n, 1) where (n,) is needed."""


class DtypeError(LinregError, TypeError):
    """An array is not a dense tensor of float32 or float64, or two of them differ in dtype."""


class DeviceError(LinregError, ValueError):
    """Tensors, or a tensor and a generator, on different devices, or a tensor without data ("meta")."""


class DataError(LinregError, ValueError):
    """Data that no method can use: empty, NaN or infinite, or nothing but zeros."""


class MissingError(LinregError, ImportError):
    """An optional library is missing: matplotlib, tqdm, pyarrow, scipy, scikit-learn or statsmodels."""


class FileError(LinregError, OSError):
    """A file that is missing, damaged, cut short or of another kind than expected."""


class DistributedError(LinregError, RuntimeError):
    """Processes that cannot work together: not started as a group, or one of them was lost."""


class StreamError(FileError, DataError):
    """A pass over many rows that had to stop: a damaged file, an entry that is no number, other columns.

    Attributes:
        statistics: the `Statistics` of the rows before `row`, to keep or go on with; None without any.
        row: the first row that is not summed, counted from 0 over all files.
        path: the file that holds it; None where the rows come from no file.
    """

    def __init__(self, message: str, row: int, path: str | None = None) -> None:
        super().__init__(message)
        self.row = row
        self.path = path
        self.statistics: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        # Made again from all it needs: `Exception` would pass on the message alone.
        return type(self), (str(self), self.row, self.path), vars(self)


class RangeError(LinregError, ValueError):
    """A setting outside its range, such as a negative learning rate."""


for _name in __all__:  # tracebacks and pickles name them as `import linreg` does
    globals()[_name].__module__ = "linreg"
