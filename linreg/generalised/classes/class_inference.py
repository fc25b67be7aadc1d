"""Standard errors, tests and intervals of logistic and softmax regression."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.errors import RangeError
from linreg.generalised.classes.class_fit import LogisticFit, SoftmaxFit
from linreg.generalised.classes.class_problem import Problem, Solved
from linreg.generalised.classes.class_record import Basis, ClassInference, quantile
from linreg.generalised.classes.log_loss import Binary, Family, Multinomial
from linreg.generalised.classes.logistic import logistic_fit
from linreg.generalised.classes.softmax import softmax_fit
from linreg.generalised.classes.targets import Classes, check_classes
from linreg.result import Status
from linreg.settings import check_count, check_names, check_share
from linreg.weights import check_counts
from linreg.workers import alone

__all__ = ["infer_logistic", "infer_softmax"]


@plain
@alone
def infer_logistic(
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    level: float = 0.95,
    names: Sequence[str] | None = None,
    steps: int = 100,
) -> ClassInference:
    r"""Fit by `logistic` without a penalty, with standard errors, z, p and intervals.

    The covariance of the estimates is the inverse of the curvature,
    $\bigl(\sum_i c_i\, p_i (1 - p_i)\, \tilde x_i \tilde x_i^\top\bigr)^{-1}$. Separated classes have none.

    Cost: that of `logistic`, and p^2 numbers.

    Args:
        X: (n, d) features.
        y: (n,) classes, 0 or 1, as numbers of the dtype of `X`.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) how often each row has been seen, whole numbers.
        level: of the intervals, between 0 and 1.
        names: d names of the features; x1, x2 and so on by default.
        steps: largest number of steps.

    Returns:
        The inference, in float64.

    Raises:
        ShapeError: wrong shapes, or not d names.
        DtypeError: the dtypes differ or are not float32 or float64; names that are not text.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than 0 and 1, or of one class alone; weights that
            are not whole numbers.
        RangeError: `level` is not between 0 and 1, or `steps` below 1.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 4.4.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]], dtype=torch.float64)
        >>> y = torch.tensor([0., 0., 1., 0., 1., 1.], dtype=torch.float64)
        >>> print(infer_logistic(X, y, names=["hours"]))
        n = 6, deviance 4.956, without features 8.3178
        McFadden's R2 = 0.4042; chi2(1) = 3.3618, P = 0.067
                   estimate   std err         z     P>|z|    [0.025    0.975]
        Intercept   -3.0351    2.5457    -1.192     0.233   -8.0246    1.9544
        hours         1.214   0.91259     1.330     0.183  -0.57461    3.0027
        Standard errors assume that the logarithms of odds are linear in the features,
        and rows independent; they, z and P also that n is large.
    """
    rows = check_classes(X, y, 2, weights, dtype=torch.float64)
    settings = _settings(rows, weights, level, names, steps)
    solved = Problem(rows, Binary(), 0.0, intercept).solved(settings.steps)
    contrast = solved.W.new_ones(1, 1)
    return _inference(
        rows, Binary(), solved, logistic_fit(solved, 0.0, torch.float64), contrast, [""], settings
    )


@plain
@alone
def infer_softmax(
    X: Tensor,
    y: Tensor,
    *,
    classes: int | None = None,
    base: int | None = None,
    intercept: bool = True,
    weights: Tensor | None = None,
    level: float = 0.95,
    names: Sequence[str] | None = None,
    steps: int = 100,
) -> ClassInference:
    r"""Fit by `softmax` without a penalty, with standard errors, z, p and intervals.

    A weight of one class by itself says nothing: only differences of classes change chances. The table has
    each class against the mean of all of them, the symmetric gauge of the fit, or each against one, `base`,
    as statsmodels' `MNLogit` has class 0.

    Cost: that of `softmax`, and d^2 K^2 numbers.

    Args:
        X: (n, d) features.
        y: (n,) classes, 0 to K - 1, as numbers of the dtype of `X`.
        classes: K, 2 or above; by default one more than the largest in `y`.
        base: the class that the others are compared with; none for the mean of all.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) how often each row has been seen, whole numbers.
        level: of the intervals, between 0 and 1.
        names: d names of the features; x1, x2 and so on by default.
        steps: largest number of steps.

    Returns:
        The inference, in float64.

    Raises:
        ShapeError: wrong shapes, or not d names.
        DtypeError: the dtypes differ or are not float32 or float64; names that are not text.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than whole numbers from 0 on, of one class alone,
            or without a row of some class; weights that are not whole numbers.
        RangeError: `level` is not between 0 and 1, `base` no class, `classes` below 2, or `steps` below 1.

    Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 4.4.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]], dtype=torch.float64)
        >>> y = torch.tensor([0., 1., 0., 2., 1., 2.], dtype=torch.float64)
        >>> found = infer_softmax(X, y, base=0)
        >>> found.names
        ('class 1: Intercept', 'class 1: x1', 'class 2: Intercept', 'class 2: x1')
        >>> found.estimate
        tensor([-1.5306,  0.9105, -4.5525,  1.8210], dtype=torch.float64)
    """
    if classes is not None:
        check_count(classes, "classes", least=2)
    rows = check_classes(X, y, classes, weights, dtype=torch.float64)
    K = len(rows.share)
    settings, family = _settings(rows, weights, level, names, steps), Multinomial(K, rows.table.X.device)
    contrast, compared = _contrast(K, base, rows.share)
    solved = Problem(rows, family, 0.0, intercept).solved(settings.steps)
    titles = [f"class {k}: " for k in compared]
    return _inference(
        rows, family, solved, softmax_fit(solved, 0.0, torch.float64), contrast, titles, settings
    )


class _Settings(NamedTuple):
    level: float
    names: tuple[str, ...]
    steps: int
    n: int


def _settings(
    rows: Classes, weights: Tensor | None, level: float, names: Sequence[str] | None, steps: int
) -> _Settings:
    n, d = rows.table.X.shape
    n = n if weights is None else check_counts(weights.detach().double())
    return _Settings(check_share(level, "level"), check_names(names, d), check_count(steps, "steps"), n)


def _contrast(K: int, base: object, like: Tensor) -> tuple[Tensor, list[int]]:
    """(compared, K) what the table has of the scores, and the classes that it names."""
    one = torch.eye(K, dtype=like.dtype, device=like.device)
    if base is None:
        return one, list(range(K))
    base = check_count(base, "base", least=0)
    if base >= K:
        raise RangeError(f"`base` must be one of the classes 0 to {K - 1}; got {base}. Pick one of these.")
    compared = [k for k in range(K) if k != base]
    return one[compared] - one[base], compared


def _inference(
    rows: Classes,
    family: Family,
    solved: Solved,
    fit: LogisticFit | SoftmaxFit,
    contrast: Tensor,
    titles: list[str],
    settings: _Settings,
) -> ClassInference:
    frame, sums = solved.frame, solved.sums or solved.likelihood.at(solved.u)
    covariance = _inverse(sums.bend) / rows.times
    if solved.status not in (Status.OK, Status.RANK_DEFICIENT):
        covariance = torch.full_like(covariance, torch.nan)
    basis = Basis(family, frame, solved.u, covariance)
    intercept = frame.design.intercept
    V, unit = _covariance(basis, contrast)
    theta = torch.vstack((solved.b, solved.W)) if intercept else solved.W
    estimate, se = (theta @ contrast.T).T.flatten(), times_two_to(V.diagonal().sqrt(), unit)
    z, reach = estimate / se, se * quantile(settings.level)
    names = ("Intercept", *settings.names) if intercept else settings.names
    deviance = torch.nan if solved.status == Status.SEPARATED else 2 * sums.value * rows.times
    null, df = _null(rows, intercept, family.classes), frame.design.rank * family.free
    return ClassInference(
        fit=fit,
        names=tuple(f"{title}{name}" for title in titles for name in names),
        estimate=estimate,
        se=se,
        z=z,
        p=torch.special.erfc(z.abs() / 2**0.5),
        low=estimate - reach,
        high=estimate + reach,
        covariance=times_two_to(times_two_to(V, unit), unit.unsqueeze(1)),
        n=settings.n,
        deviance=deviance,
        null_deviance=null,
        r2=1 - deviance / null,
        chi2=null - deviance,
        chi2_df=df,
        chi2_p=_tail(null - deviance, df),
        level=settings.level,
        status=solved.status,
        message="" if solved.status == Status.OK else solved.message,
        basis=basis,
    )


def _covariance(basis: Basis, contrast: Tensor) -> tuple[Tensor, Tensor]:
    """(p, p) of intercepts and weights, class by class, NaN where nothing determines it; and units."""
    family, frame, u, covariance = basis
    U, known = frame.design.parameters(), frame.design.estimable().repeat(len(contrast))
    scores = contrast @ family.scores(torch.eye(u.shape[1], dtype=U.dtype, device=U.device)).T
    T = torch.einsum("ca,pq->cpqa", scores, U).reshape(len(known), -1)
    of_b = frame.unit.new_zeros(int(frame.design.intercept))
    unit = torch.cat((of_b, -frame.unit[:-1])).repeat(len(contrast))
    return (T @ covariance @ T.T).masked_fill(~known | ~known.unsqueeze(1), torch.nan), unit


def _tail(chi2: float, df: int) -> float:
    """The probability of a chi-squared at least as large; NaN where there is nothing to test."""
    if not df or math.isnan(chi2):
        return math.nan
    half = (torch.tensor(v / 2, dtype=torch.float64, device="cpu") for v in (df, max(chi2, 0.0)))
    return float(torch.special.gammaincc(*half))


def _inverse(bend: Tensor) -> Tensor:
    """Of the curvature; NaN where rounding has left none."""
    L, failed = torch.linalg.cholesky_ex(bend)
    return torch.full_like(bend, torch.nan) if bool(failed) else torch.cholesky_inverse(L)


def _null(rows: Classes, intercept: bool, classes: int) -> float:
    """The deviance without features."""
    total = rows.total * rows.times
    if not intercept:
        return float(2 * total * torch.tensor(float(classes), dtype=torch.float64, device="cpu").log())
    return float(-2 * total * (rows.share @ rows.share.log()))
