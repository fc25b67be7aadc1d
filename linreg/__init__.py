"""Linear regression in PyTorch, to read and to use. Public names, in reading order."""

from importlib import import_module
from typing import TYPE_CHECKING

from linreg.errors import (
    LinregError,
    ShapeError,
    DtypeError,
    DeviceError,
    DataError,
    MissingError,
    FileError,
    DistributedError,
    RangeError,
    StreamError,
)
from linreg.result import Fit, Path, Status
from linreg.basics.data import Data, load, simulate

if TYPE_CHECKING:
    from linreg.basics.exercise import Ordinary, check, ordinary

from linreg.basics.model import fold_bias, predict
from linreg.basics.loss import gradient, hessian, squared_loss
from linreg.basics.statistics import Statistics
from linreg.closed_form.doubled.arithmetic import Doubled, powers
from linreg.closed_form.textbook import cholesky, qr, svd
from linreg.closed_form.from_sums import solve_statistics
from linreg.closed_form.solve import solve

if TYPE_CHECKING:
    from linreg.closed_form.certified import certified
    from linreg.descent.krylov import conjugate_gradients
    from linreg.descent.curvature import Curvature, curvature
    from linreg.descent.forecast import predict_loss, predict_steps
    from linreg.descent.gradient import gradient_descent, step
    from linreg.descent.accelerated import momentum
    from linreg.descent.adam import adam
    from linreg.descent.second_order import lbfgs, newton
    from linreg.descent.batches import batches, sgd
    from linreg.inference.explained import added_variable, r2, residuals
    from linreg.inference.record import Inference, Intervals
    from linreg.inference.inference import infer, infer_statistics
    from linreg.inference.one_out import Influence
    from linreg.inference.influence import influence, influence_statistics, leverage
    from linreg.inference.collinearity import (
        ConditionIndices,
        condition_indices,
        condition_indices_statistics,
        vif,
        vif_statistics,
    )
    from linreg.inference.assumptions import BreuschPagan, breusch_pagan, durbin_watson
    from linreg.inference.bootstrap import Bootstrap, bootstrap
    from linreg.inference.subsets import Subsets, best_subsets
    from linreg.inference.validation import (
        CrossValidation,
        cross_validate,
        cross_validate_statistics,
    )
    from linreg.inference.learning import LearningCurve, learning_curve
    from linreg.generalised.robust.row_loss import RowLoss, row_loss
    from linreg.generalised.robust.robust_fit import RobustFit
    from linreg.generalised.robust.m_estimates import huber, tukey
    from linreg.generalised.robust.absolute import absolute
    from linreg.generalised.penalised.path import PenalisedFit, RegularisationPath
    from linreg.generalised.penalised.ridge import ridge, ridge_path, ridge_path_statistics
    from linreg.generalised.penalised.lasso import elastic_net, lasso, lasso_path, lasso_path_statistics
    from linreg.generalised.penalised.path_validation import (
        PathValidation,
        cross_validate_path,
        cross_validate_path_statistics,
    )
    from linreg.generalised.classes.separation import Separation
    from linreg.generalised.classes.class_fit import LogisticFit, SoftmaxFit
    from linreg.generalised.classes.logistic import logistic
    from linreg.generalised.classes.softmax import softmax
    from linreg.generalised.classes.class_stream import logistic_stream, softmax_stream
    from linreg.generalised.classes.class_record import ChanceIntervals, ClassInference
    from linreg.generalised.classes.class_inference import infer_logistic, infer_softmax
    from linreg.streaming.files import Blocks, blocks
    from linreg.streaming.stream import accumulate, fit_stream
    from linreg.streaming.ranks import merge_ranks
    from linreg import plot

__version__ = "0.2.0"

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
    "Ordinary",
    "check",
    "ordinary",
    "fold_bias",
    "predict",
    "gradient",
    "hessian",
    "squared_loss",
    "Statistics",
    "Doubled",
    "powers",
    "cholesky",
    "qr",
    "svd",
    "solve_statistics",
    "solve",
    "certified",
    "conjugate_gradients",
    "Curvature",
    "curvature",
    "predict_loss",
    "predict_steps",
    "gradient_descent",
    "step",
    "momentum",
    "adam",
    "lbfgs",
    "newton",
    "batches",
    "sgd",
    "added_variable",
    "r2",
    "residuals",
    "Inference",
    "Intervals",
    "infer",
    "infer_statistics",
    "Influence",
    "influence",
    "influence_statistics",
    "leverage",
    "ConditionIndices",
    "condition_indices",
    "condition_indices_statistics",
    "vif",
    "vif_statistics",
    "BreuschPagan",
    "breusch_pagan",
    "durbin_watson",
    "Bootstrap",
    "bootstrap",
    "Subsets",
    "best_subsets",
    "CrossValidation",
    "cross_validate",
    "cross_validate_statistics",
    "LearningCurve",
    "learning_curve",
    "RowLoss",
    "row_loss",
    "RobustFit",
    "huber",
    "tukey",
    "absolute",
    "PenalisedFit",
    "RegularisationPath",
    "ridge",
    "ridge_path",
    "ridge_path_statistics",
    "elastic_net",
    "lasso",
    "lasso_path",
    "lasso_path_statistics",
    "PathValidation",
    "cross_validate_path",
    "cross_validate_path_statistics",
    "Separation",
    "LogisticFit",
    "SoftmaxFit",
    "logistic",
    "softmax",
    "logistic_stream",
    "softmax_stream",
    "ChanceIntervals",
    "ClassInference",
    "infer_logistic",
    "infer_softmax",
    "Blocks",
    "blocks",
    "accumulate",
    "fit_stream",
    "merge_ranks",
    "plot",
]

# What not every program needs is imported when it is asked for: half of the time that the package takes.
LATER = {
    "linreg.basics.exercise": ("Ordinary", "check", "ordinary"),
    "linreg.closed_form.certified": ("certified",),
    "linreg.descent.krylov": ("conjugate_gradients",),
    "linreg.descent.curvature": ("Curvature", "curvature"),
    "linreg.descent.forecast": ("predict_loss", "predict_steps"),
    "linreg.descent.gradient": ("gradient_descent", "step"),
    "linreg.descent.accelerated": ("momentum",),
    "linreg.descent.adam": ("adam",),
    "linreg.descent.second_order": ("lbfgs", "newton"),
    "linreg.descent.batches": ("batches", "sgd"),
    "linreg.inference.explained": ("added_variable", "r2", "residuals"),
    "linreg.inference.record": ("Inference", "Intervals"),
    "linreg.inference.inference": ("infer", "infer_statistics"),
    "linreg.inference.one_out": ("Influence",),
    "linreg.inference.influence": ("influence", "influence_statistics", "leverage"),
    "linreg.inference.collinearity": (
        "ConditionIndices",
        "condition_indices",
        "condition_indices_statistics",
        "vif",
        "vif_statistics",
    ),
    "linreg.inference.assumptions": ("BreuschPagan", "breusch_pagan", "durbin_watson"),
    "linreg.inference.bootstrap": ("Bootstrap", "bootstrap"),
    "linreg.inference.subsets": ("Subsets", "best_subsets"),
    "linreg.inference.validation": (
        "CrossValidation",
        "cross_validate",
        "cross_validate_statistics",
    ),
    "linreg.inference.learning": ("LearningCurve", "learning_curve"),
    "linreg.generalised.robust.row_loss": ("RowLoss", "row_loss"),
    "linreg.generalised.robust.robust_fit": ("RobustFit",),
    "linreg.generalised.robust.m_estimates": ("huber", "tukey"),
    "linreg.generalised.robust.absolute": ("absolute",),
    "linreg.generalised.penalised.path": ("PenalisedFit", "RegularisationPath"),
    "linreg.generalised.penalised.ridge": ("ridge", "ridge_path", "ridge_path_statistics"),
    "linreg.generalised.penalised.lasso": ("elastic_net", "lasso", "lasso_path", "lasso_path_statistics"),
    "linreg.generalised.penalised.path_validation": (
        "PathValidation",
        "cross_validate_path",
        "cross_validate_path_statistics",
    ),
    "linreg.generalised.classes.separation": ("Separation",),
    "linreg.generalised.classes.class_fit": ("LogisticFit", "SoftmaxFit"),
    "linreg.generalised.classes.logistic": ("logistic",),
    "linreg.generalised.classes.softmax": ("softmax",),
    "linreg.generalised.classes.class_stream": ("logistic_stream", "softmax_stream"),
    "linreg.generalised.classes.class_record": ("ChanceIntervals", "ClassInference"),
    "linreg.generalised.classes.class_inference": ("infer_logistic", "infer_softmax"),
    "linreg.streaming.files": ("Blocks", "blocks"),
    "linreg.streaming.stream": ("accumulate", "fit_stream"),
    "linreg.streaming.ranks": ("merge_ranks",),
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
