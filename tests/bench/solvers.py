"""Every way to fit that is timed: how it gets the data, what is called, where the coefficients are.

Each gets X and y in the form it likes best, made outside the timed call. What is called does all the rest,
the intercept included: libraries without one get a column of ones, and adding it is part of the fit.
"""

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

import linreg

Call = Callable[[], Any]
Read = Callable[[Any], Any]  # from what the call returned to [b, *w], or [*w] without intercept


@dataclass(frozen=True)
class Solver:
    """A way to fit."""

    name: str
    kind: str  # "ours", "bare" (no fit: a lower bound), "formula" (a few lines) or "library"
    how: str  # for the page
    prepare: Callable[[np.ndarray, np.ndarray, bool], tuple[Call, Read]]
    needs: str = ""  # the module without which it cannot run
    extra: bool = False  # only where accuracy is the question
    limit: float = float("inf")  # entries of X up to which its time is worth waiting for

    def here(self) -> bool:
        """Whether its library is installed."""
        return not self.needs or find_spec(self.needs) is not None


def ours(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    A, t = torch.from_numpy(X), torch.from_numpy(y)
    wide: dict[str, Any] = {}
    if "dtype" in inspect.signature(linreg.solve).parameters:
        wide["dtype"] = torch.float64
    return lambda: linreg.solve(A, t, intercept=intercept, **wide), from_fit(intercept)


def certified(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    A, t = torch.from_numpy(X), torch.from_numpy(y)
    return lambda: linreg.certified(A, t, intercept=intercept), from_fit(intercept)


def from_fit(intercept: bool) -> Read:
    return lambda fit: [float(fit.b)] * intercept + fit.w.tolist()


def bare(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    A = torch.from_numpy(X)
    return lambda: A.T @ A, lambda _: [np.nan]


def torch_normal(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    A, t = torch.from_numpy(X), torch.from_numpy(y)

    def call() -> torch.Tensor:
        Z = linreg.fold_bias(A) if intercept else A
        return torch.linalg.solve(Z.T @ Z, Z.T @ t)

    return call, torch.Tensor.tolist


def torch_gels(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    A, t = torch.from_numpy(X), torch.from_numpy(y).unsqueeze(1)

    def call() -> torch.Tensor:
        Z = linreg.fold_bias(A) if intercept else A
        return torch.linalg.lstsq(Z, t, driver="gels").solution[:, 0]

    return call, torch.Tensor.tolist


def ones(X: np.ndarray, intercept: bool) -> np.ndarray:
    return np.column_stack((np.ones(len(X), X.dtype), X)) if intercept else X


def numpy_normal(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    def call() -> np.ndarray:
        Z = ones(X, intercept)
        return np.linalg.solve(Z.T @ Z, Z.T @ y)

    return call, np.asarray


def numpy_lstsq(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    return lambda: np.linalg.lstsq(ones(X, intercept), y)[0], np.asarray


def estimator(module: str, order: str = "C", **settings: Any):
    """`LinearRegression` of scikit-learn or of its extension."""

    def prepare(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
        LinearRegression = __import__(f"{module}.linear_model", fromlist=["_"]).LinearRegression
        A = np.asarray(X, order=order)
        return lambda: LinearRegression(fit_intercept=intercept, **settings).fit(A, y), coefficients(
            intercept
        )

    return prepare


def coefficients(intercept: bool) -> Read:
    return lambda model: [float(model.intercept_)] * intercept + model.coef_.tolist()


def glum(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
    from glum import GeneralizedLinearRegressor

    A = np.asfortranarray(X)
    return (
        lambda: GeneralizedLinearRegressor(alpha=0, fit_intercept=intercept).fit(A, y),
        coefficients(intercept),
    )


def polars_ols(method: str):
    def prepare(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
        import polars
        import polars_ols  # noqa: F401 (gives expressions their `least_squares`)

        names = [f"x{j}" for j in range(X.shape[1])]
        frame = polars.DataFrame({"y": y} | {name: X[:, j] for j, name in enumerate(names)})

        def call() -> Any:
            fit = polars.col("y").least_squares.ols(
                *names, add_intercept=intercept, mode="coefficients", solve_method=method
            )
            return frame.select(fit.alias("fit"))

        def read(result: Any) -> list[float]:
            found = result["fit"][0]  # the intercept is its last
            return [found[name] for name in (["const"] if intercept else []) + names]

        return call, read

    return prepare


def jax_solver(solve: Callable[[Any, Any], Any]):
    """A compiled function of [1, X] and y."""

    def prepare(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
        import jax
        import jax.numpy as jnp

        def fit(A: Any, t: Any) -> Any:
            Z = jnp.concatenate([jnp.ones((len(A), 1), A.dtype), A], axis=1) if intercept else A
            return solve(Z, t)

        A, t, compiled = jnp.asarray(X), jnp.asarray(y), jax.jit(fit)
        return lambda: compiled(A, t).block_until_ready(), np.asarray

    return prepare


def jax_normal(Z: Any, t: Any) -> Any:
    import jax

    return jax.scipy.linalg.solve(Z.T @ Z, Z.T @ t, assume_a="pos")


def jax_lstsq(Z: Any, t: Any) -> Any:
    import jax.numpy as jnp

    return jnp.linalg.lstsq(Z, t)[0]


def lineax(*names: str) -> Callable[[Any, Any], Any]:
    """The solver `names[0](names[1]())` of lineax."""

    def solve(Z: Any, t: Any) -> Any:
        import lineax

        solver = getattr(lineax, names[-1])()
        for name in names[-2::-1]:
            solver = getattr(lineax, name)(solver)
        return lineax.linear_solve(lineax.MatrixLinearOperator(Z), t, solver=solver, throw=False).value

    return solve


def statsmodels(method: str):
    def prepare(X: np.ndarray, y: np.ndarray, intercept: bool) -> tuple[Call, Read]:
        from statsmodels.api import OLS

        warnings.simplefilter("ignore")  # it turns its own on when it is imported

        return lambda: OLS(y, ones(X, intercept)).fit(method=method).params, np.asarray

    return prepare


LIBRARY, FORMULA = "library", "formula"
SOLVERS = (
    Solver("linreg", "ours", "`linreg.solve(X, y, dtype=torch.float64)`", ours),
    Solver("linreg certified", "ours", "`linreg.certified(X, y)`", certified, extra=True),
    Solver("torch X'X", "bare", "`X.T @ X` and nothing else", bare),
    Solver("torch normal", FORMULA, "ones, `torch.linalg.solve(Z.T @ Z, Z.T @ y)`", torch_normal),
    Solver("torch gels", FORMULA, 'ones, `torch.linalg.lstsq(Z, y, driver="gels")`', torch_gels),
    Solver("numpy normal", FORMULA, "ones, `numpy.linalg.solve(Z.T @ Z, Z.T @ y)`", numpy_normal),
    Solver("numpy lstsq", FORMULA, "ones, `numpy.linalg.lstsq(Z, y)`", numpy_lstsq),
    Solver("scikit-learn", LIBRARY, "`LinearRegression().fit(X, y)`", estimator("sklearn"), "sklearn"),
    Solver("scikit-learn, columns", LIBRARY, "the same, X stored by columns", estimator("sklearn", "F"),
           "sklearn"),
    Solver(
        "scikit-learn, tol=0", LIBRARY, "`LinearRegression(tol=0).fit(X, y)`",
        estimator("sklearn", tol=0), "sklearn", extra=True,
    ),
    Solver(
        "scikit-learn-intelex", LIBRARY, "`sklearnex.linear_model.LinearRegression().fit(X, y)`",
        estimator("sklearnex"), "sklearnex",
    ),
    Solver("glum", LIBRARY, "`GeneralizedLinearRegressor(alpha=0).fit(X, y)`, X by columns", glum, "glum"),
    Solver(
        "polars-ols", LIBRARY, '`least_squares.ols(*names, solve_method="chol")`',
        polars_ols("chol"), "polars_ols",
    ),
    Solver(
        "polars-ols, QR", LIBRARY, '`least_squares.ols(*names, solve_method="qr")`',
        polars_ols("qr"), "polars_ols", extra=True,
    ),
    Solver("lineax, QR", LIBRARY, "ones, `QR()`, compiled", jax_solver(lineax("QR")), "lineax"),
    Solver(
        "lineax, Cholesky", LIBRARY, "ones, `Normal(Cholesky())`, compiled",
        jax_solver(lineax("Normal", "Cholesky")), "lineax", extra=True,
    ),
    Solver("jax normal", LIBRARY, 'ones, `solve(Z.T @ Z, Z.T @ y, assume_a="pos")`, compiled',
           jax_solver(jax_normal), "jax"),
    Solver("jax lstsq", LIBRARY, "ones, `jax.numpy.linalg.lstsq(Z, y)`, compiled", jax_solver(jax_lstsq),
           "jax", True),
    Solver("statsmodels", LIBRARY, "ones, `OLS(y, Z).fit()`", statsmodels("pinv"), "statsmodels",
           limit=1e7),
    Solver("statsmodels, QR", LIBRARY, 'ones, `OLS(y, Z).fit(method="qr")`', statsmodels("qr"),
           "statsmodels", True),
)  # fmt: skip


def described(solvers: list[Solver]) -> dict[str, dict[str, str]]:
    """How each was called, for the page."""
    return {solver.name: {"kind": solver.kind, "how": solver.how} for solver in solvers}


def installed(*, extra: bool = False, only: tuple[str, ...] = (), entries: float = 0) -> list[Solver]:
    """The solvers that can run here."""
    return [
        solver
        for solver in SOLVERS
        if solver.here()
        and (extra or not solver.extra)
        and (not only or solver.name in only)
        and entries <= solver.limit
        and (solver.name != "linreg certified" or hasattr(linreg, "certified"))
    ]
