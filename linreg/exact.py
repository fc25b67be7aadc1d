r"""`solve`, the default: the cheapest way to the exact answer that the data allow, and a word on which.

One pass over the data gives the `Statistics`; scaled and centred, they give the weights by Cholesky.
The condition number, known by then, decides what is still missing: nothing, one pass of refinement,
or a QR factorisation refined in doubled precision.
"""

import math
from dataclasses import replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from linreg.checks import (
    DtypeError,
    check_choice,
    check_dtype,
    check_finite,
    check_Xy,
)
from linreg.direct import (
    check_tall,
    rounding_of,
    scaled,
    shortest,
    shortest_text,
    significant,
    svd_of,
)
from linreg.refinement import refined
from linreg.result import Fit, Status
from linreg.statistics import BLOCK_BYTES, Statistics, first_mean, shifted_blocks, summed

__all__ = ["solve", "solve_statistics"]

EPS = torch.finfo(torch.float64).eps
PLAIN_LIMIT = 20.0  # kappa^2 eps, what the Gram matrix loses, is then below 1e-13
CHOLESKY_LIMIT = 1e4  # up to here one step repairs what squaring the condition number lost
EIGEN_COLUMNS = 256  # up to here eigenvalues cost next to nothing; above, a bound on kappa does
LOSS_LEFT = 1e-4  # a loss this small against that of the mean has lost digits to the subtraction
SMALLEST, LARGEST = 1e-270, 1e300  # squares within are sums of products that did not under- or overflow

Method = Literal["auto", "cholesky", "qr", "svd"]


class _System(NamedTuple):
    """The normal equation G v = g of the columns centred (with an intercept) and scaled to length 1."""

    n: int
    G: Tensor  # (d, d) unit diagonal; a constant column is zero
    g: Tensor  # (d,)
    yy: Tensor  # () squared length of the centred y
    scale: Tensor  # (d,) lengths taken out, 1 for a constant column
    factor: Tensor  # (d,) what a column is multiplied by, 1 / scale, or 0 for a constant one
    eps: float  # precision to which the entries of X are known, that of their dtype
    shift: Tensor  # (d + 1,) that of the sums, of X and y; zero without an intercept
    offset: Tensor  # (d + 1,) mean minus shift; zero without an intercept

    @property
    def mean(self) -> Tensor:
        """(d + 1,) Means of X and y; zero without an intercept."""
        return self.shift + self.offset

    @property
    def noise(self) -> Tensor:
        """(d,) What rounding the entries of X to their dtype may have added to each scaled column."""
        rounding = self.mean[:-1].abs() * (self.eps * self.n**0.5)
        noise: Tensor = (self.eps + rounding * self.factor) * (self.factor != 0)
        return noise

    def unscaled(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """W and b. The large part of the mean and the small one are taken apart: less is rounded."""
        w = v * self.factor
        return w, (self.shift[-1] - self.shift[:-1] @ w) + (self.offset[-1] - self.offset[:-1] @ w)


def solve(
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    method: Method = "auto",
    dtype: torch.dtype | None = None,
) -> Fit:
    r"""Minimise $\frac{1}{2n} \|X w + b - y\|^2$ exactly, by a method that suits the data.

    Works in float64 whatever the dtype of `X`; columns are dependent when they are so to the precision of
    that dtype. `"auto"` solves the normal equation of the centred and scaled columns by Cholesky up to a
    condition number of 1e4, with one pass of refinement from 20 on. Above, it takes a QR factorisation by
    blocks of rows and refines in doubled precision until every digit is right; when the columns are
    dependent, the SVD of the small triangle. The `message` of the result says which, and why.

    Cost: n d^2 operations and one pass over `X` for Cholesky, 4 n d and a second pass to refine; 2 n d^2 and
    about five passes for QR. 2 MB of memory besides O(d^2): `X` is never copied.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        method: `"auto"`, or the name of the one to use.
        dtype: of the answer, by default that of `X`; float64 keeps every digit that float32 data determine.

    Returns:
        The fit; status `RANK_DEFICIENT` when the columns are dependent. With Cholesky on more than 256
        columns `condition` is an upper bound.

    Raises:
        ShapeError: wrong shapes, or fewer rows than unknowns for `"cholesky"` and `"qr"`.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        RangeError: an unknown `method`.

    Source: Golub and Van Loan, Matrix Computations, section 5.3; refinement: Björck, Numerical Methods for
    Least Squares Problems, sections 2.9 and 6.6.

    Examples:
        >>> import torch
        >>> fit = solve(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        >>> fit
        Fit(w=[2], b=1, status='ok', method='cholesky')
        >>> print(fit.message)
        Cholesky, refined once: the condition number is 1 and the loss almost 0.
    """
    check_choice(method, "method", ("auto", "cholesky", "qr", "svd"))
    dtype = None if dtype is None else check_dtype(dtype)
    X, y = check_Xy(X, y, finite=False)
    if method in ("cholesky", "qr"):
        check_tall(X, intercept)
    fit = _solve(X, y, intercept, method)
    dtype = dtype or X.dtype
    return replace(fit, w=fit.w.to(dtype), b=fit.b.to(dtype), loss=fit.loss.to(dtype))


def _solve(X: Tensor, y: Tensor, intercept: bool, method: Method, in_range: bool = False) -> Fit:
    shift = first_mean(X, y) if intercept else X.new_zeros(X.shape[1] + 1, dtype=torch.float64)
    M = summed(X, y, shift)
    if not in_range and not _in_range(M):
        check_finite(X, "X")
        check_finite(y, "y")
        return _solve_in_range(X, y, intercept, method)
    if len(X) < X.shape[1] + intercept:
        fit = svd_of(scaled(X.double(), y.double(), intercept, torch.finfo(X.dtype).eps))
        return replace(fit, message=f"SVD, fewer rows than unknowns. {fit.message}")
    p = _system(len(X), shift, M, intercept, torch.finfo(X.dtype).eps)
    if method in ("auto", "cholesky"):
        L, condition = _factor(p)
        if method == "cholesky" or condition <= PLAIN_LIMIT or _independent(p, condition):
            return _by_cholesky(X, y, p, L, condition)
    return _by_qr(X, y, p, intercept, method)


def solve_statistics(statistics: Statistics, *, intercept: bool = True) -> Fit:
    r"""Minimise the squared loss over rows that are no longer at hand, from their sums alone.

    The same Cholesky as in `solve`, but nothing is left to refine with: a relative error of about
    $\kappa^2 \varepsilon$ stays in the weights, and columns with $\kappa$ above 1e7 cannot be told from
    dependent ones. The `message` says how many digits that leaves.

    Cost: d^3/3 operations, whatever the number of rows.

    Args:
        statistics: the sums.
        intercept: fit `b` as well; otherwise it is 0.

    Returns:
        The fit, float64; the shortest answer, and status `RANK_DEFICIENT`, for dependent columns.

    Raises:
        DtypeError: `statistics` is not `Statistics`.
        DataError: no rows have been added.

    Examples:
        >>> import torch
        >>> sums = Statistics.of(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        >>> fit = solve_statistics(sums)
        >>> fit
        Fit(w=[2], b=1, status='ok', method='cholesky')
        >>> print(fit.message)
        Cholesky, from sums of 3 rows: the condition number is 1, which leaves 15 digits.
    """
    if not isinstance(statistics, Statistics):
        raise DtypeError(
            f"`statistics` must be `Statistics`; got {type(statistics).__name__}. "
            "Make them: Statistics.of(X, y)."
        )
    statistics.check_rows(1)
    shift, M = statistics.shift, statistics.M
    if not intercept:
        shift = torch.zeros_like(shift)
        M = statistics.about(shift)
    p = _system(statistics.n, shift, M, intercept, EPS)
    L, condition = _factor(p)
    if condition > 1 / math.sqrt(8 * EPS * len(p.g)):
        return _by_eigenvalues(p)
    v = torch.cholesky_solve(p.g.unsqueeze(1), L).squeeze(1)
    rss = (p.yy - p.g @ v).clamp(min=0)
    digits = int(-math.log10(EPS * condition**2))
    bound = "at most" if len(p.g) > EIGEN_COLUMNS else "is"
    message = (
        f"Cholesky, from sums of {p.n} rows: the condition number {bound} {condition:.3g}, "
        f"which leaves {digits} digits."
    )
    return _fit(p, v, rss, "cholesky", condition, message)


def _independent(p: _System, condition: float) -> bool:
    """Whether refining Cholesky works, and it is not rounding alone that keeps the columns apart."""
    return condition <= CHOLESKY_LIMIT and condition * float(p.noise.max()) <= 0.1


def _in_range(M: Tensor) -> bool:
    """Whether all the sums are finite and none is zero or so small that its products were lost."""
    squares = M.diagonal()
    return bool(((squares > SMALLEST) & (squares < LARGEST)).all())  # False for NaN


def _solve_in_range(X: Tensor, y: Tensor, intercept: bool, method: Method) -> Fit:
    """Solve with columns divided by powers of two, which rounds nothing; the one case that copies X."""
    units = torch.frexp(X.abs().amax(0).double()).exponent
    unit = torch.frexp(y.abs().amax().double()).exponent
    fit = _solve(
        torch.ldexp(X.double(), -units), torch.ldexp(y.double(), -unit), intercept, method, in_range=True
    )
    loss = torch.ldexp(torch.ldexp(fit.loss, unit), unit)
    return replace(fit, w=torch.ldexp(fit.w, unit - units), b=torch.ldexp(fit.b, unit), loss=loss)


def _system(n: int, shift: Tensor, M: Tensor, intercept: bool, eps: float) -> _System:
    C, offset = M[:-1, :-1], torch.zeros_like(shift)
    if intercept:
        offset = M[-1, :-1] / n
        C = torch.addr(C, M[-1, :-1], offset, alpha=-1)
    squares = C.diagonal().clamp(min=0)
    scale = squares[:-1].sqrt()
    # Rounding has moved each entry by eps relative to its size before centring. A column that varies
    # hardly more than that is constant: it becomes zero, instead of noise blown up to length 1.
    limit = (shift + offset)[:-1].abs() * (2 * eps * n**0.5) if intercept else torch.zeros_like(scale)
    constant = scale <= limit
    factor = 1 / scale
    if bool(constant.any()):
        scale, factor = scale.masked_fill(constant, 1), factor.masked_fill(constant, 0)
    S = C[:-1] * factor.unsqueeze(1)
    return _System(n, S[:, :-1] * factor, S[:, -1], squares[-1], scale, factor, eps, shift, offset)


def _factor(p: _System) -> tuple[Tensor, float]:
    """L of G = LL' and the condition number of the scaled columns, infinite where there is no L."""
    L, failed = torch.linalg.cholesky_ex(p.G)
    if bool(failed):
        return L, math.inf
    if len(L) <= EIGEN_COLUMNS:
        squares = torch.linalg.eigvalsh(p.G)
        largest, smallest = float(squares[-1]), float(squares[0])
        return L, math.sqrt(largest / smallest) if smallest > 0 else math.inf
    # trace(G^-1) = |L^-1|^2 is at least 1 / lambda_min, and the largest row sum at least lambda_max.
    inverse = torch.linalg.solve_triangular(L, torch.eye(len(L), dtype=L.dtype, device=L.device), upper=False)
    return L, math.sqrt(float(p.G.abs().sum(1).max() * inverse.square().sum()))


def _by_cholesky(X: Tensor, y: Tensor, p: _System, L: Tensor, condition: float) -> Fit:
    if not math.isfinite(condition):
        nan = torch.full_like(p.g, torch.nan)
        message = "The columns are dependent to working precision. Use `svd` for the minimum-norm answer."
        return _fit(p, nan, nan.sum(), "cholesky", condition, message, Status.RANK_DEFICIENT)
    v = torch.cholesky_solve(p.g.unsqueeze(1), L).squeeze(1)
    rss = p.yy - p.g @ v
    cancelled = bool(rss <= LOSS_LEFT * p.yy)
    bound = "at most" if len(p.g) > EIGEN_COLUMNS else "is"
    number = f"the condition number {bound} {condition:.3g}"
    if condition <= PLAIN_LIMIT and not cancelled:
        return _fit(p, v, rss, "cholesky", condition, f"Cholesky: {number}.")
    g, rss = _residual(X, y, p, v)
    change = torch.cholesky_solve(g.unsqueeze(1), L).squeeze(1)
    rss = (rss - g @ change).clamp(min=0)
    why = " and the loss almost 0" if condition <= PLAIN_LIMIT else ""
    return _fit(p, v + change, rss, "cholesky", condition, f"Cholesky, refined once: {number}{why}.")


def _residual(X: Tensor, y: Tensor, p: _System, v: Tensor) -> tuple[Tensor, Tensor]:
    """A'r (d,) and |r|^2 of the residual r = y - Av, from the data, where nothing has cancelled yet."""
    d = len(v)
    w = v * p.factor
    theta, total, rss = None, torch.zeros_like(v), torch.zeros_like(p.yy)
    for Z in shifted_blocks(X, y, p.shift):  # Z = [X - shift, y - shift, 1, 0]
        if theta is None:
            theta, total = Z.new_zeros(Z.shape[1]), Z.new_zeros(Z.shape[1])
            theta[:d], theta[d], theta[d + 1] = -w, 1, p.offset[:-1] @ w - p.offset[-1]
        r = Z @ theta
        total += Z.T @ r
        rss += r @ r
    return (total[:d] - p.offset[:-1] * total[d + 1]) * p.factor, rss


def _by_qr(X: Tensor, y: Tensor, p: _System, intercept: bool, method: Method) -> Fit:
    d, k = len(p.scale), len(p.scale) + intercept
    mean = p.mean
    T = _triangle(X, y, p, intercept)  # of [A, 1, y] or [A, y]
    R, z = T[:k, :k], T[:k, k]
    U, s, Vh = torch.linalg.svd(R[:d, :d])
    kept = significant(s, Vh, p.noise, rounding_of(R))
    rank = int(kept.sum())
    if rank < d and method == "qr":
        nan = torch.full_like(p.g, torch.nan)
        message = f"The {d} columns have rank {rank}. Use `svd` or `solve` for the minimum-norm answer."
        return _fit(p, nan, nan.sum(), "qr", math.inf, message, Status.RANK_DEFICIENT, rank)
    if rank < d or method == "svd":
        c = U.T @ z[:d]
        v = Vh[kept].T @ (c[kept] / s[kept])
        # With dependent columns the later ones of T have parts along directions that stand for nothing.
        rss = c[~kept].square().sum() + T[d:, k].square().sum()
        if rank == d:
            condition = float(s[0] / s[-1])
            return _fit(p, v, rss, "svd", condition, f"svd: the condition number is {condition:.3g}.")
        v = shortest(v / p.scale, Vh[kept] * p.scale) * p.scale
        message = f"SVD. {shortest_text(d, rank)}"
        return _fit(p, v, rss, "svd", math.inf, message, Status.RANK_DEFICIENT, rank)
    condition = float(s[0] / s[-1])
    v = torch.linalg.solve_triangular(R, z.unsqueeze(1), upper=True).squeeze(1)
    w, b = p.unscaled(v[:d])
    best = refined(X, y, R, mean[:-1], p.scale, intercept, w, b)
    number = f"the condition number is {condition:.3g}, too large for Cholesky"
    if not best.converged:
        return _fit(
            p, v[:d], T[k, k].square(), "qr", condition, f"QR: {number}, and refinement did not converge."
        )
    loss = torch.as_tensor(best.rss / (2 * len(X)), dtype=w.dtype, device=w.device)
    steps = "1 step" if best.steps == 1 else f"{best.steps} steps"
    message = f"QR, refined in doubled precision in {steps}: {number}."
    return Fit(best.w.hi, best.b.hi, Status.OK, message, "qr", loss, d, condition)


def _triangle(X: Tensor, y: Tensor, p: _System, intercept: bool) -> Tensor:
    """R of [A, 1, y - mean] by blocks of rows, each stacked below the triangle of those before."""
    d = len(p.scale)
    mean = p.mean
    rows = max(BLOCK_BYTES // (32 * (d + 2)), 4 * (d + 2))  # the factorisation needs several copies
    T = X.new_zeros(d + 1 + intercept, d + 1 + intercept, dtype=torch.float64)
    for some in (slice(start, start + rows) for start in range(0, len(X), rows)):
        A = (X[some] - mean[:-1]) * p.factor
        one = [torch.ones_like(A[:, :1])] * intercept
        T = torch.linalg.qr(
            torch.cat((T, torch.hstack((A, *one, (y[some] - mean[-1:]).unsqueeze(1))))), mode="r"
        ).R
    return T


def _by_eigenvalues(p: _System) -> Fit:
    """The shortest answer from G alone, whose eigenvalues are the squares of what tells the rank."""
    squares, V = torch.linalg.eigh(p.G)
    kept = significant(squares.clamp(min=0).sqrt(), V.T, p.noise, math.sqrt(rounding_of(p.G)))
    rank = int(kept.sum())
    rows = V.T[kept]
    v = rows.T @ ((rows @ p.g) / squares[kept])
    v = shortest(v / p.scale, rows * p.scale) * p.scale
    message = f"Eigenvalues, from sums of {p.n} rows. {shortest_text(len(p.g), rank)}"
    rss = (p.yy - p.g @ v).clamp(min=0)
    return _fit(p, v, rss, "eigenvalues", math.inf, message, Status.RANK_DEFICIENT, rank)


def _fit(
    p: _System,
    v: Tensor,
    rss: Tensor,
    method: str,
    condition: float,
    message: str,
    status: Status = Status.OK,
    rank: int | None = None,
) -> Fit:
    w, b = p.unscaled(v)
    return Fit(w, b, status, message, method, rss / (2 * p.n), len(v) if rank is None else rank, condition)
