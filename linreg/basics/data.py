"""Data to learn from: simulated, where the truth is known, and two real sets that libraries ship."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.checks import check_finite
from linreg.errors import DtypeError, MissingError, RangeError, ShapeError
from linreg.settings import (
    check_choice,
    check_count,
    check_device,
    check_dtype,
    check_generator,
    check_number,
    check_real,
)

__all__ = ["Data", "load", "simulate"]


@plain
def simulate(
    n: int = 1000,
    w: Sequence[float] | Tensor = (-1.0, 1.0),
    b: float = 2.0,
    noise: float = 0.1,
    *,
    correlation: float = 0.0,
    condition: float | None = None,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    r"""Draw data from a linear model: $y = X w + b + \varepsilon$, $\varepsilon_i \sim N(0, \sigma^2)$.

    The features are standard normal; any two of them have the given `correlation`. With
    `condition` they are instead built from singular values spaced evenly on a log scale, so that
    the centred `X` has that condition number exactly, at a mean variance of 1.

    Cost: O(n d), or O(n d^2) with `correlation` or `condition`.

    Args:
        n: number of samples.
        w: (d,) true weights.
        b: true intercept.
        noise: standard deviation of the noise, in units of `y`; 0 puts every point on the plane.
        correlation: between any two features, above -1/(d - 1) and below 1.
        condition: condition number of the centred `X`, at least 1; needs n > d.
        dtype: of the result.
        device: of the result; the generator's by default.
        generator: the only source of randomness: the same seed gives the same data.

    Returns:
        `X` (n, d) and `y` (n,).

    Raises:
        RangeError: negative `noise`, `n` below 1, `correlation` or `condition` out of range or both.
        ShapeError: `w` is not a vector, or `condition` with n <= d.
        DtypeError: `dtype` is not float32 or float64, `generator` is not a generator, or a number is not one.
        DeviceError: `device` is not there, or `generator` lies on another device.
        DataError: `w` holds NaN or infinity.

    Examples:
        >>> import torch
        >>> X, y = simulate(5, generator=torch.Generator().manual_seed(0))
        >>> X.shape, y.shape
        (torch.Size([5, 2]), torch.Size([5]))
        >>> X, y = simulate(n=50, condition=1e6, generator=torch.Generator().manual_seed(0))
        >>> print(f"{torch.linalg.cond(X - X.mean(0)):.5g}")
        1e+06
    """
    n = check_count(n, "n")
    b = check_real(b, "b")
    noise = check_number(noise, "noise")
    correlation = check_real(correlation, "correlation")
    dtype = check_dtype(dtype)
    if device is None and isinstance(generator, torch.Generator):
        device = generator.device
    device = check_device(device or "cpu")
    generator = check_generator(generator, device)
    try:
        w = torch.as_tensor(w, dtype=dtype, device=device).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise DtypeError(
            f"`w` must be a list of numbers, or a tensor; got {w!r}. Pass [1.0, -1.0]."
        ) from error
    if w.ndim != 1 or len(w) == 0:
        raise ShapeError(f"`w` must have shape (d,), d >= 1; got {tuple(w.shape)}. Pass a list of weights.")
    check_finite(w, "w")

    X = torch.randn(n, len(w), dtype=dtype, device=device, generator=generator)
    if condition is not None:
        X = _with_condition(X, condition, correlation, generator)
    elif correlation != 0:
        X = X @ _correlation_root(len(w), correlation).to(X).T
    epsilon = torch.randn(n, dtype=dtype, device=device, generator=generator)
    y: Tensor = X @ w + b + noise * epsilon
    return X, y


def _correlation_root(d: int, correlation: float) -> Tensor:
    """(d, d) lower triangular root of the matrix with 1 on the diagonal and `correlation` off it."""
    least = -1 / (d - 1) if d > 1 else -1.0
    if not least < correlation < 1:
        raise RangeError(
            f"`correlation` must lie between {least:.4g} and 1 for d = {d}; got {correlation!r}. "
            "For columns that depend on each other exactly, copy one: torch.hstack((X, X[:, :1]))."
        )
    identity = torch.eye(d, dtype=torch.float64, device="cpu")
    root: Tensor = torch.linalg.cholesky((1 - correlation) * identity + correlation)
    return root


def _with_condition(Z: Tensor, condition: float, correlation: float, generator: torch.Generator) -> Tensor:
    """Replace the singular values of the centred `Z`; keep its directions random."""
    n, d = Z.shape
    if correlation != 0:
        raise RangeError(
            f"`correlation` and `condition` cannot both be set; got {correlation!r} and "
            f"{condition!r}. Leave one out."
        )
    if check_number(condition, "condition") < 1 or (d == 1 and condition != 1):
        raise RangeError(f"`condition` must be 1 or above, and 1 for a single feature; got {condition!r}.")
    if n <= d:
        raise ShapeError(
            f"`n` must be above d = {d} for the centred X to have a condition number; got {n}. "
            f"Raise it to {d + 1}."
        )
    Q = torch.linalg.qr(Z - Z.mean(0)).Q  # (n, d), columns orthogonal and centred
    V = torch.linalg.qr(torch.randn(d, d, dtype=Z.dtype, device=Z.device, generator=generator)).Q  # (d, d)
    exponents = torch.linspace(0, -1, d, dtype=Z.dtype, device=Z.device)
    s = torch.as_tensor(condition, dtype=Z.dtype, device=Z.device) ** exponents  # 1 down to 1/condition
    s = s * (n * d / s.square().sum()).sqrt()  # mean variance 1
    scaled: Tensor = Q * s @ V.T
    return scaled


class Data(NamedTuple):
    """A real data set.

    Attributes:
        X: (n, d) features, float64, in the units of the source.
        y: (n,) target, float64.
        columns: names of the d features.
        target: what `y` is.
        source: where the numbers come from.
    """

    X: Tensor
    y: Tensor
    columns: tuple[str, ...]
    target: str
    source: str


@plain
def load(name: str) -> Data:
    """Load a real data set that a library ships: `"diabetes"` or `"longley"`. No network.

    `"diabetes"`: 442 patients, 10 measurements at baseline in their raw units, disease progression
    a year later; shipped with scikit-learn. `"longley"`: 16 years of the US economy, 6 nearly
    dependent columns, total employment; shipped with statsmodels.

    Args:
        name: `"diabetes"` or `"longley"`.

    Returns:
        The data with its names and source, as float64 on the CPU.

    Raises:
        RangeError: another `name`.
        MissingError: the library that ships the data is not installed.

    Source: Efron, Hastie, Johnstone and Tibshirani (2004), Least Angle Regression, section 1;
    Longley (1967), An appraisal of least squares programs.

    Examples:
        >>> data = load("longley")
        >>> data.X.shape, data.target
        (torch.Size([16, 6]), 'TOTEMP')
    """
    check_choice(name, "name", ("diabetes", "longley"))
    library = "scikit-learn" if name == "diabetes" else "statsmodels"
    try:
        return _diabetes() if name == "diabetes" else _longley()
    except ImportError as error:
        raise MissingError(
            f"`load({name!r})` reads the copy that {library} ships, and {library} is not "
            f"installed ({error}). Install it: pip install {library}"
        ) from error


def _diabetes() -> Data:
    from sklearn.datasets import load_diabetes

    raw = load_diabetes(scaled=False)
    return Data(
        torch.tensor(raw.data, dtype=torch.float64, device="cpu"),
        torch.tensor(raw.target, dtype=torch.float64, device="cpu"),
        tuple(str(column) for column in raw.feature_names),
        "progression",
        "Efron et al. (2004), as shipped with scikit-learn",
    )


def _longley() -> Data:
    from statsmodels.datasets import longley

    raw = longley.load_pandas()
    return Data(
        torch.tensor(raw.exog.to_numpy(), dtype=torch.float64, device="cpu"),
        torch.tensor(raw.endog.to_numpy(), dtype=torch.float64, device="cpu"),
        tuple(str(column) for column in raw.exog.columns),
        str(raw.endog.name),
        "Longley (1967), as shipped with statsmodels",
    )
