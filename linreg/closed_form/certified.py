r"""`certified`: coefficients and standard errors right to the last digit of float64, or a word that not."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.products import in_runs
from linreg.checks import check_Xy
from linreg.closed_form.accuracy import within_range
from linreg.closed_form.columns import check_tall, no_answer, rank_of, unit_columns
from linreg.closed_form.doubled.arithmetic import Doubled, check_doubled, power_of_two
from linreg.closed_form.doubled.deviation import deviations
from linreg.closed_form.doubled.refinement import Refined, refined
from linreg.closed_form.doubled.residual import counting, leading, problem, some_rows
from linreg.closed_form.triangle import stacked
from linreg.result import Fit, Status
from linreg.weights import check_counts, check_some_weight

__all__ = ["certified"]

BLOCK = 65536  # entries of X taken at a time
DIGITS = 12  # of every coefficient, or the status is not OK


@plain
def certified(
    X: Tensor | Doubled,
    y: Tensor | Doubled,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    frequency: bool = False,
) -> Fit:
    r"""Minimise $\frac{1}{2n} \|X w + b - y\|^2$ to the last digit, standard errors included.

    A QR factorisation in float64 is refined by residuals in twice the precision until the exact answer
    for the data is known to more than 16 digits, and rounded once. Every entry of `X` and `y` counts as
    exact. Decimal data that float64 cannot hold, and `powers` of `x`, come as a `Doubled`.

    The standard errors are $s \sqrt{((\tilde X^\top \tilde X)^{-1})_{jj}}$ with $s^2 = \|r\|^2 / (n - d - 1)$
    (n - d without an intercept), computed with the same care; NaN where nothing is left to
    estimate the noise from. With weights $c_i$ they come from $\tilde X^\top C \tilde X$ and
    $\sum_i c_i r_i^2$, and n is the number of rows with a weight above 0; with `frequency` the weights say
    how often each row has been seen, and n is their sum.

    The answer is detached: no gradient flows through it.

    Cost: 3 to 10 times that of `qr`, and no copy of `X`. The default, `solve`, refines only where the
    condition number asks for it.

    Args:
        X: (n, d) features, n >= d (n > d with an intercept).
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions of the rows, exact, 0 or above; by default 1 each.
        frequency: weights are whole numbers and count rows.

    Returns:
        The fit, float64, with `w_se` and, with an intercept, `b_se`. Its status is `RANK_DEFICIENT` and
        `w` NaN when the columns are dependent, `NOT_CONVERGED` when fewer than 12 digits are certain: a
        condition number too large, or a residual too large beside it. The `message` says how many are. It is
        `NO_DIGITS` where even the largest weight has none, and `OUT_OF_RANGE` for weights beyond float64.

    Raises:
        ShapeError: wrong shapes, or fewer rows than unknowns.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; weights that are negative, all 0, or, as frequencies, no
            whole numbers.

    Source: Björck, Numerical Methods for Least Squares Problems, sections 2.9 and 6.6.5; Golub and Van
    Loan, Matrix Computations, section 3.5.3.

    Examples:
        >>> import torch
        >>> from linreg import powers
        >>> x = torch.tensor([1., 2., 3., 4.], dtype=torch.float64)
        >>> fit = certified(powers(x, 2), torch.tensor([2., 3., 7., 12.], dtype=torch.float64))
        >>> fit
        Fit(w=[-1.6, 1], b=2.5, status='ok', method='certified')
        >>> fit.w_se
        tensor([1.1358, 0.2236], dtype=torch.float64)
    """
    X, y = _checked(X, y)
    c, n = None, len(leading(y))
    if weights is not None:
        c = check_some_weight(leading(y), weights)
        n = check_counts(c) if frequency else int(c.count_nonzero())
        X, y, c = counting(X, y, c)
    check_tall(leading(X), intercept)
    shift, scale = _coordinates(X, c, intercept)
    R, z = _triangle(X, y, c, shift, scale, intercept)
    rank, condition = _rank(R, len(scale))
    if rank < len(scale):
        none = no_answer(scale, "certified", rank, "no weight is certain")
        return replace(none, w_se=none.w, b_se=none.b if intercept else None)
    v = torch.linalg.solve_triangular(R, z.unsqueeze(1), upper=True).squeeze(1)
    w = v[: len(scale)] / scale
    b = v[len(scale) :].sum() - shift @ w
    best = refined(problem(X, y, shift, scale, intercept, c), R, w, b, from_gram=False)
    weight = float(n if c is None else c.sum())
    deviation = deviations(X, R, shift, scale, intercept, c)
    return _fit(n, weight, float(leading(y).abs().amax()), best, deviation, scale, condition)


def _checked(X: Tensor | Doubled, y: Tensor | Doubled) -> tuple[Tensor | Doubled, Tensor | Doubled]:
    X = check_doubled(X, "X") if isinstance(X, Doubled) else X
    y = check_doubled(y, "y") if isinstance(y, Doubled) else y
    A, t = check_Xy(leading(X), leading(y))
    return Doubled(A, X.lo) if isinstance(X, Doubled) else A, Doubled(t, y.lo) if isinstance(
        y, Doubled
    ) else t


def _coordinates(X: Tensor | Doubled, c: Tensor | None, intercept: bool) -> tuple[Tensor, Tensor]:
    """The weighted mean (d,), and powers of two (d,) that bring the entries beside it to 2 at most."""
    A = leading(X)
    low, high = (t.double() for t in torch.aminmax(A, dim=0))
    unit = power_of_two(torch.maximum(-low, high))
    if not intercept:
        return torch.zeros_like(unit), unit
    blocks = torch.split(A, _rows(A))
    if c is None:
        shift = unit * sum((block.double() / unit).sum(0) for block in blocks) / len(A)
    else:
        parts = zip(torch.split(c / c.sum(), _rows(A)), blocks, strict=True)
        shift = unit * sum(share @ (block.double() / unit) for share, block in parts)
    return shift, power_of_two(torch.maximum(high - shift, shift - low))


def _rows(A: Tensor) -> int:
    return max(BLOCK // A.shape[1], 1)


def _triangle(
    X: Tensor | Doubled,
    y: Tensor | Doubled,
    c: Tensor | None,
    shift: Tensor,
    scale: Tensor,
    intercept: bool,
) -> tuple[Tensor, Tensor]:
    """R (k, k) of the weighted [(X - shift) / scale, 1] and Q'y (k,)."""
    n, k = len(leading(X)), len(scale) + intercept
    unit = power_of_two(leading(y).abs().amax().double())
    rows = max(BLOCK // k, 4 * k)

    def block(some: slice) -> Tensor:
        A = some_rows(X, some)
        Z = (leading(A) - shift) / scale
        if isinstance(A, Doubled):
            Z += A.lo / scale
        t = leading(some_rows(y, some)) / unit
        Z = torch.column_stack((Z, torch.ones_like(Z[:, : k - len(scale)]), t))
        return Z if c is None else Z * c[some].sqrt().unsqueeze(1)

    T = stacked(block(some) for some in in_runs(slice(0, n), rows))
    return T[:k, :k].contiguous(), T[:k, k] * unit


def _rank(R: Tensor, d: int) -> tuple[int, float]:
    """The rank of the columns beside the constant one, and their condition number, each of length 1."""
    s = torch.linalg.svdvals(unit_columns(R)[:d, :d])
    return rank_of(R) - (len(R) - d), float(s[0] / s[-1])


def _fit(
    n: int,
    weight: float,
    y_size: float,
    best: Refined,
    deviation: tuple[Tensor, Tensor],
    scale: Tensor,
    condition: float,
) -> Fit:
    d, k = len(scale), len(best.unknown)
    digits = _digits(best, scale, y_size)
    done = best.converged and digits >= DIGITS
    v = (best.w.hi * scale).abs()
    some = digits > 0 or float((best.unknown[:d] * scale).max()) < 0.1 * float(v.max())
    number = f"the condition number is {condition:.3g}"
    steps = f"{best.steps} step{'s' * (best.steps != 1)}"
    reached = "the last digit" if digits == 16 else f"at least {digits} digits"
    if done:
        message = f"QR, refined in twice the precision ({steps}) to {reached}: {number}."
    else:
        message = (
            f"Refinement ended after {steps} with about {max(digits, 0)} digits: {number}. Centre "
            "or combine columns, or give data with more digits as `Doubled`."
        )
    s = best.length / (n - k) ** 0.5 if n > k else math.nan
    fit = Fit(
        best.w.hi,
        best.b.hi,
        Status.OK if done else Status.NOT_CONVERGED if some else Status.NO_DIGITS,
        message,
        "certified",
        best.w.hi.new_tensor(best.length) * (best.length / (2 * weight)),
        d,
        condition,
        best.steps,
        w_se=s * deviation[0],
        b_se=s * deviation[1] if k > d else None,
    )
    return within_range(fit, torch.float64)


def _digits(best: Refined, scale: Tensor, size: float) -> int:
    """Decimal digits certain of every coefficient; of those that add next to nothing, beside the largest."""
    d = len(scale)
    found = torch.cat((best.w.hi, best.b.hi.reshape(1)))[: len(best.unknown)].abs()
    found[:d] *= scale
    unknown = best.unknown.clone()
    unknown[:d] *= scale
    largest = max(float(found.max()), size)
    if largest == 0:
        return 16
    eps = torch.finfo(torch.float64).eps
    share = float((unknown / found.where(found > eps * largest, largest)).max())
    return 16 if share < 1e-16 else int(-math.log10(share)) if share < 1 else 0
