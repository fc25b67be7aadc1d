r"""The three textbook ways to the least-squares answer, each in the precision of its data.

All of them first take the columns to their mean (with an intercept) and to length 1.
"""

from dataclasses import replace

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.loss import squared_loss
from linreg.checks import check_Xy
from linreg.closed_form.accuracy import (
    ROUNDINGS,
    digits,
    errors,
    intercept_errors,
    lost,
    no_digits,
    within_range,
)
from linreg.closed_form.columns import (
    Scaled,
    check_tall,
    doubt,
    no_answer,
    rounding_of,
    scaled,
    significant,
)
from linreg.closed_form.narrow import measured
from linreg.closed_form.shortest import shortest, shortest_text
from linreg.closed_form.triangle import BLOCK, triangle
from linreg.result import Fit, Status
from linreg.settings import check_count, check_number

__all__ = ["cholesky", "qr", "svd", "svd_of"]


@plain
def cholesky(X: Tensor, y: Tensor, *, intercept: bool = True, refine: int = 0) -> Fit:
    r"""Solve the normal equation $X^\top X w = X^\top y$ by the Cholesky factorisation $X^\top X = L L^\top$.

    The fastest way, for columns far from dependent: forming $X^\top X$ squares the condition number,
    so that about $\kappa^2 \varepsilon$ of the answer is lost, and all of it from
    $\kappa \approx 1/\sqrt{\varepsilon}$ on. Each step of `refine` solves again for the residual and
    wins digits back while $\kappa^2 \varepsilon < 1$. Otherwise use `qr`.

    The answer is detached: no gradient flows through it.

    Cost: n d^2 + d^3/3 operations, and 2 n d more for each refinement step.

    Args:
        X: (n, d) features, n >= d (n > d with an intercept).
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        refine: steps of iterative refinement.

    Returns:
        The fit, in the dtype of `X`; its message says how many digits rounding leaves, where not all. When
        the columns are dependent to working precision its status is `RANK_DEFICIENT` and `w` is NaN: this
        method has no answer there. `NO_DIGITS` and `OUT_OF_RANGE` name weights without a right digit and
        weights beyond the dtype.

    Raises:
        ShapeError: wrong shapes, or fewer rows than unknowns.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        RangeError: negative `refine`.

    Source: Golub and Van Loan, Matrix Computations, section 5.3.2; refinement: Björck, Numerical
    Methods for Least Squares Problems, section 2.9.

    Examples:
        >>> import torch
        >>> cholesky(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        Fit(w=[2], b=1, status='ok', method='cholesky')
    """
    X, y = check_Xy(X, y)
    check_count(refine, "refine", least=0)
    check_tall(X, intercept)
    return measured(_cholesky(scaled(X, y, intercept), refine), X, y)


def _cholesky(p: Scaled, refine: int = 0) -> Fit:
    G = _product(p.A, p.A)  # (d, d)
    squares, V = torch.linalg.eigh(G)  # ascending: the squared singular values of A
    s = squares.clamp(min=0).sqrt()
    rank = int(
        significant(s, V.T, p.noise, rounding_of(G) ** 0.5).sum()
    )  # G is rounded, not A: hence the root
    L, failed = torch.linalg.cholesky_ex(G)
    if rank < len(G) or bool(failed):
        return no_answer(p.scale, "cholesky", rank, "X'X is singular to working precision")
    v = torch.cholesky_solve(_product(p.A, p.y).unsqueeze(1), L).squeeze(1)
    for _ in range(refine):
        r = p.y - p.A @ v
        v = v + torch.cholesky_solve(_product(p.A, r).unsqueeze(1), L).squeeze(1)
    condition = float(s[-1] / s[0])
    repaired = (ROUNDINGS * torch.finfo(v.dtype).eps * condition**2) ** refine
    return _finish(p, v, "cholesky", rank, condition, L.T, repaired)


@plain
def qr(X: Tensor, y: Tensor, *, intercept: bool = True) -> Fit:
    r"""Solve $R w = Q^\top y$ from the Householder factorisation $X = Q R$.

    Never forms $X^\top X$, so the error grows with $\kappa$ only, about $\kappa \varepsilon$ for a small
    residual. The choice for full-rank problems that `cholesky` finds too hard. For dependent columns
    use `svd`.

    The answer is detached: no gradient flows through it.

    Cost: 2 n d^2 operations, twice `cholesky` or more, and a copy of `X`.

    Args:
        X: (n, d) features, n >= d (n > d with an intercept).
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.

    Returns:
        The fit, in the dtype of `X`; its message says how many digits rounding leaves, where not all. When
        the columns are dependent its status is `RANK_DEFICIENT` and `w` is NaN: without column exchanges
        this method has no answer there. `NO_DIGITS` and `OUT_OF_RANGE` as for `cholesky`.

    Raises:
        ShapeError: wrong shapes, or fewer rows than unknowns.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.

    Source: Golub and Van Loan, Matrix Computations, section 5.3.3.

    Examples:
        >>> import torch
        >>> qr(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        Fit(w=[2], b=1, status='ok', method='qr')
    """
    X, y = check_Xy(X, y)
    check_tall(X, intercept)
    return measured(_qr(scaled(X, y, intercept)), X, y)


def _qr(p: Scaled) -> Fit:
    R, z = _triangle(p)  # (d, d), (d,)
    _, s, Vh = torch.linalg.svd(R)
    rank = int(significant(s, Vh, p.noise, rounding_of(R)).sum())
    if rank < len(s):
        return no_answer(p.scale, "qr", rank, "the columns of X are dependent")
    v = torch.linalg.solve_triangular(R, z.unsqueeze(1), upper=True).squeeze(1)
    return _finish(p, v, "qr", rank, float(s[0] / s[-1]), R)


@plain
def svd(X: Tensor, y: Tensor, *, intercept: bool = True, rcond: float | None = None) -> Fit:
    r"""Solve by $X = U \Sigma V^\top$, leaving out singular values below a cut-off.

    Always has an answer. When the columns are dependent, or there are fewer rows than unknowns, infinitely
    many `w` have the same smallest loss; this returns the one of smallest length $\|w\|$ and says so
    in the status.

    The answer is detached: no gradient flows through it.

    Cost: about 2 n d^2 + 11 d^3 operations, and a copy of `X`.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        intercept: fit `b` as well, not counted in the length of `w`; otherwise it is 0.
        rcond: singular values of the scaled columns up to `rcond` times the largest count as zero; by
            default those that rounding could have made.

    Returns:
        The fit, in the dtype of `X`; status `RANK_DEFICIENT` when `rank` is below d. `NO_DIGITS` and
        `OUT_OF_RANGE` as for `cholesky`. Columns in units so different that no float holds both keep their
        predictions, and the message says that it cannot tell which `w` is the shortest.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        RangeError: negative `rcond`.

    Source: Golub and Van Loan, Matrix Computations, section 5.5.2.

    Examples:
        >>> import torch
        >>> x = torch.tensor([[0.], [1.], [2.]])
        >>> svd(torch.hstack((x, x)), torch.tensor([1., 4., 7.]))
        Fit(w=[1.5, 1.5], b=1, status='rank deficient', method='svd')
    """
    X, y = check_Xy(X, y)
    if rcond is not None:
        check_number(rcond, "rcond")
    return measured(svd_of(scaled(X, y, intercept), rcond), X, y)


def svd_of(p: Scaled, rcond: float | None = None, size: Tensor | None = None) -> Fit:
    """As `svd`, with other lengths (d,) of the columns, `size`, to tell the shortest answer by."""
    R, z = _triangle(p)  # (k, d), (k,), k = min(n, d); the SVD of R costs nothing in n
    U, s, Vh = torch.linalg.svd(R, full_matrices=False)  # (k, k), (k,), (k, d)
    kept = significant(s, Vh, p.noise, rounding_of(R)) if rcond is None else s > rcond * s[0]
    U, s, Vh = U[:, kept], s[kept], Vh[kept]
    rank = len(s)
    v = Vh.T @ ((U.T @ z) / s)
    if rank == len(p.scale):
        return _finish(p, v, "svd", rank, float(s[0] / s[-1]), R)
    v, certain = shortest(v, Vh, p.scale if size is None else size, doubt(s, p.noise, rounding_of(R)))
    return replace(
        _finish(p, v, "svd", rank, float("inf")),
        status=Status.RANK_DEFICIENT,
        message=shortest_text(len(p.scale), rank, certain),
    )


def _product(A: Tensor, B: Tensor) -> Tensor:
    """A'B. Added in float64: a float32 sum over a million rows keeps three digits."""
    parts = [a.T @ b for a, b in zip(torch.split(A, BLOCK), torch.split(B, BLOCK), strict=True)]
    return torch.stack(parts).sum(0, dtype=torch.float64).to(A.dtype)


def _triangle(p: Scaled) -> tuple[Tensor, Tensor]:
    """R (k, d) and Q'y (k,), k = min(n, d): factorise [A y], and Q'y is the last column; Q is not needed."""
    d = p.A.shape[1]
    R = triangle(torch.column_stack((p.A, p.y)))
    return R[:d, :d], R[:d, d]


def _finish(
    p: Scaled,
    v: Tensor,
    method: str,
    rank: int,
    condition: float,
    R: Tensor | None = None,
    squared: float = 0,
) -> Fit:
    """Take the solution `v` back to the units of X, measure its loss, and tell how many digits it has.

    `squared` is the share of what forming X'X lost that is still there.
    """
    w = v / p.scale
    b = p.y_mean - p.X_mean @ w if bool(p.X_mean.any()) else p.y_mean  # 0 * inf
    loss = squared_loss(p.A @ v, p.y) * (len(p.y) / p.weight)
    message = f"{method}: the condition number is {condition:.3g}"
    fit = Fit(w, b, Status.OK, message, method, loss, rank, condition)
    if R is None:
        return within_range(replace(fit, message=f"{message}."), w.dtype)
    root, eps = p.weight**0.5, torch.finfo(w.dtype).eps
    inverse = torch.linalg.solve_triangular(R, torch.eye(len(R), dtype=R.dtype, device=R.device), upper=True)
    y_size = float(torch.linalg.vector_norm(p.y))
    size = y_size + float(torch.linalg.vector_norm(v))
    load = root * float(2 * loss) ** 0.5 + squared * size
    error = errors(torch.linalg.vector_norm(inverse, dim=1), condition, size, load, eps)
    mean = torch.cat((p.X_mean, p.y_mean.reshape(1)))
    of_b = intercept_errors(v, error, 1 / p.scale, mean, y_size / root)
    left, most = digits(v, error, b, *of_b)
    fit = replace(fit, message=f"{message}{lost(left, most, w.dtype)}.")
    return within_range(fit if most else no_digits(fit), w.dtype)
