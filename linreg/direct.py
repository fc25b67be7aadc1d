r"""Exact solvers: three ways to the least-squares answer, and `solve`, which chooses between them.

All of them first take the columns to their mean (with an intercept) and to length 1. Neither step
changes the answer; both keep rounding errors from growing with the units that a column happens to
be measured in.
"""

from dataclasses import replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from linreg.checks import check_choice, check_count, check_number, check_rows, check_Xy
from linreg.loss import squared_loss
from linreg.result import Fit, Status

__all__ = ["cholesky", "qr", "solve", "svd"]

CHOLESKY_LIMIT = 1e4  # up to here one refinement step repairs what squaring the condition number lost


class _Scaled(NamedTuple):
    """The problem in the coordinates in which it is solved."""

    A: Tensor  # (n, d) columns of X, centred, of length 1; a constant column is zero
    y: Tensor  # (n,) centred
    scale: Tensor  # (d,) lengths taken out
    X_mean: Tensor  # (d,)
    y_mean: Tensor  # ()


def cholesky(X: Tensor, y: Tensor, *, intercept: bool = True, refine: int = 0) -> Fit:
    r"""Solve the normal equation $X^\top X w = X^\top y$ by the Cholesky factorisation $X^\top X = L L^\top$.

    The fastest way, for columns far from dependent: forming $X^\top X$ squares the condition number,
    so that about $\kappa^2 \varepsilon$ of the answer is lost, and all of it from
    $\kappa \approx 1/\sqrt{\varepsilon}$ on. Each step of `refine` solves again for the residual and
    wins digits back while $\kappa^2 \varepsilon < 1$. Otherwise use `qr`.

    Cost: n d^2 + d^3/3 operations, and 2 n d more for each refinement step.

    Args:
        X: (n, d) features, n >= d (n > d with an intercept).
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        refine: steps of iterative refinement.

    Returns:
        The fit, in the dtype of `X`. When the columns are dependent to working precision its status
        is `RANK_DEFICIENT` and `w` is NaN: this method has no answer there.

    Raises:
        ShapeError: wrong shapes, or fewer rows than unknowns.
        DtypeError: the dtypes differ or are not floating point.
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
    _check_tall(X, intercept)
    p = _scaled(X, y, intercept)
    G = p.A.T @ p.A  # (d, d)
    squares = torch.linalg.eigvalsh(G)  # ascending, the squared singular values of A
    rank = int((squares > _cutoff(X) * squares[-1]).sum())
    L, failed = torch.linalg.cholesky_ex(G)
    if rank < X.shape[1] or bool(failed):
        return _no_answer(p, "cholesky", rank, "X'X is singular to working precision")
    v = torch.cholesky_solve((p.A.T @ p.y).unsqueeze(1), L)
    for _ in range(refine):
        v = v + torch.cholesky_solve((p.A.T @ (p.y - p.A @ v.squeeze(1))).unsqueeze(1), L)
    condition = float((squares[-1] / squares[0]).sqrt())
    return _finish(p, v.squeeze(1), "cholesky", rank, condition)


def qr(X: Tensor, y: Tensor, *, intercept: bool = True) -> Fit:
    r"""Solve $R w = Q^\top y$ from the Householder factorisation $X = Q R$.

    Never forms $X^\top X$, so the error grows with $\kappa$ only, about $\kappa \varepsilon$ for a small
    residual. The choice for full-rank problems that `cholesky` finds too hard. For dependent columns
    use `svd`.

    Cost: 2 n d^2 operations, twice `cholesky` or more, and a copy of `X`.

    Args:
        X: (n, d) features, n >= d (n > d with an intercept).
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.

    Returns:
        The fit, in the dtype of `X`. When the columns are dependent its status is `RANK_DEFICIENT`
        and `w` is NaN: without column exchanges this method has no answer there.

    Raises:
        ShapeError: wrong shapes, or fewer rows than unknowns.
        DtypeError: the dtypes differ or are not floating point.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.

    Source: Golub and Van Loan, Matrix Computations, section 5.3.3.

    Examples:
        >>> import torch
        >>> qr(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        Fit(w=[2], b=1, status='ok', method='qr')
    """
    X, y = check_Xy(X, y)
    _check_tall(X, intercept)
    p = _scaled(X, y, intercept)
    Q, R = torch.linalg.qr(p.A)  # (n, d), (d, d)
    s = torch.linalg.svdvals(R)
    rank = int((s > _cutoff(X) * s[0]).sum())
    if rank < X.shape[1]:
        return _no_answer(p, "qr", rank, "the columns of X are dependent")
    v = torch.linalg.solve_triangular(R, (Q.T @ p.y).unsqueeze(1), upper=True).squeeze(1)
    return _finish(p, v, "qr", rank, float(s[0] / s[-1]))


def svd(X: Tensor, y: Tensor, *, intercept: bool = True, rcond: float | None = None) -> Fit:
    r"""Solve by $X = U \Sigma V^\top$, leaving out singular values below a cut-off.

    Always has an answer. When the columns are dependent, or fewer than the unknowns need, infinitely
    many `w` have the same smallest loss; this returns the one of smallest length $\|w\|$ and says so
    in the status.

    Cost: about 2 n d^2 + 12 d^3 operations, and a copy of `X`.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        intercept: fit `b` as well, not counted in the length of `w`; otherwise it is 0.
        rcond: singular values of the scaled columns up to `rcond` times the largest count as zero;
            8 d times the machine epsilon of the dtype by default.

    Returns:
        The fit, in the dtype of `X`; status `RANK_DEFICIENT` when `rank` is below d.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not floating point.
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
    cutoff = _cutoff(X) if rcond is None else check_number(rcond, "rcond")
    p = _scaled(X, y, intercept)
    Q, R = torch.linalg.qr(p.A)  # the SVD of the small R costs nothing in n
    U, s, Vh = torch.linalg.svd(R)  # (k, k), (k,), (d, d), k = min(n, d)
    rank = int((s > cutoff * s[0]).sum()) if bool(s[0] > 0) else 0
    v = Vh[:rank].T @ ((U.T @ (Q.T @ p.y))[:rank] / s[:rank])
    if rank == X.shape[1]:
        return _finish(p, v, "svd", rank, float(s[0] / s[-1]))
    # Every combination of the rows of `null`, in the units of X, leaves the predictions as they are;
    # taking it out of w makes w shortest.
    null = torch.linalg.qr((Vh[rank:] / p.scale).T).Q  # (d, d - rank)
    w = v / p.scale
    shortest = (w - null @ (null.T @ w)) * p.scale
    return replace(
        _finish(p, shortest, "svd", rank, float("inf")),
        status=Status.RANK_DEFICIENT,
        message=f"{_rank_text(p, rank)}: of all answers with this loss, this w is the shortest. "
        "Only its predictions mean something, not the single weights; drop the columns that repeat others.",
    )


def solve(
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    method: Literal["auto", "cholesky", "qr", "svd"] = "auto",
) -> Fit:
    r"""Minimise $\frac{1}{2n} \|X w + b - y\|^2$ exactly, by a method that suits the data.

    Works in float64 whatever the dtype of `X`. `"auto"` takes `cholesky` with one refinement step up
    to a condition number of 1e4, `qr` above, and `svd` when the columns are dependent or too many. The
    `message` of the result says which and why.

    Cost: n d^2 operations for `cholesky`, 2 n d^2 more where that is not accurate enough, and a copy of `X`.

    Args:
        X: (n, d) features, any n and d.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        method: `"auto"`, or the name of the one to use.

    Returns:
        The fit, rounded to the dtype of `X`; status `RANK_DEFICIENT` when the columns are dependent.

    Raises:
        ShapeError: wrong shapes, or fewer rows than unknowns for `"cholesky"` and `"qr"`.
        DtypeError: the dtypes differ or are not floating point.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data.
        RangeError: an unknown `method`.

    Source: Golub and Van Loan, Matrix Computations, section 5.3.

    Examples:
        >>> import torch
        >>> fit = solve(torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.]))
        >>> fit
        Fit(w=[2], b=1, status='ok', method='cholesky')
        >>> print(fit.message)
        Cholesky with one refinement step: the condition number, 1, is at most 1e+04.
    """
    check_choice(method, "method", ("auto", "cholesky", "qr", "svd"))
    X, y = check_Xy(X, y)
    wide = (X.double(), y.double())
    if method == "auto":
        fit = _choose(*wide, intercept)
    else:
        methods = {"cholesky": cholesky, "qr": qr, "svd": svd}
        fit = methods[method](*wide, intercept=intercept)
    return replace(fit, w=fit.w.to(X.dtype), b=fit.b.to(X.dtype), loss=fit.loss.to(X.dtype))


def _choose(X: Tensor, y: Tensor, intercept: bool) -> Fit:
    if X.shape[0] < X.shape[1] + intercept:
        fit = svd(X, y, intercept=intercept)
        return replace(fit, message=f"SVD, fewer rows than unknowns. {fit.message}")
    fit = cholesky(X, y, intercept=intercept, refine=1)
    if fit.status is Status.OK and fit.condition is not None and fit.condition <= CHOLESKY_LIMIT:
        return replace(
            fit,
            message=f"Cholesky with one refinement step: the condition number, {fit.condition:.3g}, "
            f"is at most {CHOLESKY_LIMIT:.0e}.",
        )
    fit = qr(X, y, intercept=intercept)
    if fit.status is Status.OK:
        return replace(
            fit,
            message=f"QR: the condition number, {fit.condition:.3g}, is above "
            f"{CHOLESKY_LIMIT:.0e}, too large for Cholesky.",
        )
    fit = svd(X, y, intercept=intercept)
    return replace(fit, message=f"SVD. {fit.message}")


def _scaled(X: Tensor, y: Tensor, intercept: bool) -> _Scaled:
    X_mean, y_mean = X.new_zeros(X.shape[1]), y.new_zeros(())
    if intercept:
        X_mean, y_mean = X.mean(0), y.mean()
    A = X - X_mean
    largest = A.abs().amax(0)
    # Subtracting a mean leaves rounding errors of about eps times the entries. A column that has
    # nothing more is constant: it becomes zero, instead of noise blown up to length 1.
    noise = 8 * torch.finfo(X.dtype).eps * X_mean.abs()
    constant = largest <= noise
    divisor = torch.where(constant, torch.ones_like(largest), largest)
    A = torch.where(constant, torch.zeros_like(A), A / divisor)
    # The division by the largest entry keeps the squares in the norm from overflowing.
    length = torch.linalg.vector_norm(A, dim=0)
    length = torch.where(constant, torch.ones_like(length), length)
    return _Scaled(A / length, y - y_mean, divisor * length, X_mean, y_mean)


def _finish(p: _Scaled, v: Tensor, method: str, rank: int, condition: float) -> Fit:
    """Take the solution `v` back to the units of X and measure its loss."""
    w = v / p.scale
    b = p.y_mean - p.X_mean @ w
    loss = squared_loss(p.A @ v, p.y)
    message = f"{method}: the condition number is {condition:.3g}."
    return Fit(w, b, Status.OK, message, method, loss, rank, condition)


def _no_answer(p: _Scaled, method: str, rank: int, why: str) -> Fit:
    nan = torch.full_like(p.scale, torch.nan)
    message = f"{_rank_text(p, rank)}: {why}. Use `svd` or `solve` for the minimum-norm answer."
    return Fit(nan, nan.sum(), Status.RANK_DEFICIENT, message, method, nan.sum(), rank, float("inf"))


def _rank_text(p: _Scaled, rank: int) -> str:
    return f"The {len(p.scale)} columns have rank {rank}"


def _cutoff(X: Tensor) -> float:
    """The rounding error of the small factor of `X` that decides on its rank.

    Not the customary eps * max(n, d): it grows with n, and calls any float32 design of a million
    rows deficient from a condition number of 8 on.
    """
    return 8 * torch.finfo(X.dtype).eps * X.shape[1]


def _check_tall(X: Tensor, intercept: bool) -> None:
    unknowns = X.shape[1] + intercept
    check_rows(X, unknowns, f"for {unknowns} unknowns")
