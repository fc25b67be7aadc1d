"""Linear regression in PyTorch, to read and to use. Public names, in reading order."""

from importlib import import_module
from typing import TYPE_CHECKING

from linreg.checks import (
    DataError,
    DeviceError,
    DistributedError,
    DtypeError,
    FileError,
    LinregError,
    MissingError,
    RangeError,
    ShapeError,
    StreamError,
)
from linreg.result import Fit, Path, Status
from linreg.data import Data, load, simulate
from linreg.model import fold_bias, predict
from linreg.loss import gradient, hessian, squared_loss
from linreg.statistics import Statistics
from linreg.direct import cholesky, qr, svd
from linreg.doubled import Doubled, powers
from linreg.certify import certified
from linreg.normal import solve_statistics
from linreg.exact import solve

if TYPE_CHECKING:
    from linreg.files import Blocks, blocks
    from linreg.stream import accumulate, fit_stream
    from linreg.distributed import merge_ranks
    from linreg.forecast import Curvature, curvature, predict_loss, predict_steps
    from linreg.descent import batches, gradient_descent, sgd, step
    from linreg.diagnostics import added_variable, r2, residuals, vif
    from linreg import plot

__version__ = "0.1.0"

__all__ = [
    "LinregError",
    "ShapeError",
    "DtypeError",
    "DeviceError",
    "DataError",
    "MissingError",
    "FileError",
    "DistributedError",
    "RangeError",
    "StreamError",
    "Fit",
    "Path",
    "Status",
    "Data",
    "load",
    "simulate",
    "fold_bias",
    "predict",
    "gradient",
    "hessian",
    "squared_loss",
    "Statistics",
    "cholesky",
    "qr",
    "svd",
    "Doubled",
    "powers",
    "certified",
    "solve_statistics",
    "solve",
    "Blocks",
    "blocks",
    "accumulate",
    "fit_stream",
    "merge_ranks",
    "Curvature",
    "curvature",
    "predict_loss",
    "predict_steps",
    "batches",
    "gradient_descent",
    "sgd",
    "step",
    "added_variable",
    "r2",
    "residuals",
    "vif",
    "plot",
]

# What not every program needs is imported when it is asked for: half of the time that the package takes.
LATER = {
    "linreg.files": ("Blocks", "blocks"),
    "linreg.stream": ("accumulate", "fit_stream"),
    "linreg.distributed": ("merge_ranks",),
    "linreg.forecast": ("Curvature", "curvature", "predict_loss", "predict_steps"),
    "linreg.descent": ("batches", "gradient_descent", "sgd", "step"),
    "linreg.diagnostics": ("added_variable", "r2", "residuals", "vif"),
    "linreg.plot": ("plot",),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        for module, names in LATER.items():
            if name in names:
                found = import_module(module)
                globals()[name] = found if name == "plot" else getattr(found, name)
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return [*__all__, "__version__"]
