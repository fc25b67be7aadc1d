"""Ridge for falling penalties, from rows or from sums alone: the way that the digits need, and the path."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from linreg.closed_form.accuracy import leaves
from linreg.closed_form.from_sums import CHOLESKY_LIMIT, PLAIN_LIMIT, SMALL, digits_left, number_text
from linreg.generalised.penalised.path import RegularisationPath
from linreg.generalised.penalised.penalised_rows import Rows
from linreg.generalised.penalised.problem import Problem
from linreg.generalised.penalised.ridge_left_out import left_out
from linreg.generalised.penalised.ridge_solver import (
    Alone,
    Eigenvectors,
    Single,
    alone_of,
    by_augmented_rows,
    halves_by_rows,
)
from linreg.generalised.penalised.ridge_wide import Kernel
from linreg.result import Fit, Status

__all__ = ["along", "completed", "without_penalty"]

WIDEST = 10.0, 1e-4  # of the largest eigenvalue: hardly anything is fitted, and nearly all
CANCELLED = 1e-6  # of the square of y: of less left, sums no longer tell ten digits
NOTHING = "No digit of the weights is certain: ask for larger penalties, or combine columns."
UNTOLD = 1e-10  # share of a leverage that eigenvectors may miss


def along(
    problem: Problem, alphas: int | list[float], rows: Rows | None, one_out: bool
) -> RegularisationPath:
    """The path of these penalties, each above 0, or of so many."""
    if rows is not None and rows.wide:
        return _wide(problem, alphas, rows, one_out)
    if isinstance(alphas, list) and len(alphas) == 1 and not one_out and not problem.free:
        alone = alone_of(problem, problem.l2(alphas[0]))
        if alone.factor.condition < math.inf:
            return _along(problem, alphas, rows, Single(problem, alone), one_out)
    vectors = Eigenvectors.of(problem)
    alphas = _spread(alphas, problem, float(vectors.values[-1]))
    return _along(problem, alphas, rows, vectors, one_out)


def _along(
    problem: Problem,
    alphas: list[float],
    rows: Rows | None,
    vectors: Eigenvectors | Single,
    one_out: bool,
) -> RegularisationPath:
    l2 = _penalties(problem, alphas, problem.q)
    last = vectors.alone if isinstance(vectors, Single) else alone_of(problem, float(l2[-1]))
    U, refined, hard = _answers(problem, vectors, l2, last, rows)
    loss, out = problem.loss(U), None
    slope = problem.q.unsqueeze(1) - problem.product(U)
    if rows is not None and one_out and isinstance(vectors, Eigenvectors):
        least = 0.0 if problem.free else float(l2[-1] / (vectors.values[-1] + l2[-1]))
        found = left_out(problem, rows, U, _groups(problem, rows, vectors, l2, hard), least)
        loss, out = found.squares / 2, found.left_out
    if rows is not None and (hard or float(loss.min()) <= CANCELLED * problem.yy):
        slope, squares = rows.slope(problem, U)  # sums are off by more than what is left
        loss = squares / 2
    said = _said(problem, last, U[:, -1], (refined, hard), len(l2), rows.dtype if rows else torch.float64)
    left = slope - l2 * problem.charged.unsqueeze(1) * U
    gap = (left * vectors.times_inverse(l2, left)).sum(0) if problem.free else left.square().sum(0) / l2
    path = _path(problem, alphas, U, loss, vectors.df(l2), (left, gap), out, said)
    return replace(path, status=Status.NO_DIGITS) if said.endswith(NOTHING) else path


def _answers(
    problem: Problem, vectors: Eigenvectors | Single, l2: Tensor, last: Alone, rows: Rows | None
) -> tuple[Tensor, bool, int]:
    """(d, k), whether rows have refined it, and how many penalties, the smallest, needed them alone."""
    U = vectors.answers(l2)
    condition = min(last.factor.condition, vectors.condition(l2[-1]))  # by either, sums are good enough
    if rows is None or condition <= PLAIN_LIMIT:
        return U, False, 0
    hard = _hard(problem, l2) if condition > CHOLESKY_LIMIT else 0
    if len(l2) == 1 and rows.X.numel() <= SMALL:
        hard = 1
    if hard < len(l2):
        slope, _ = rows.slope(problem, U)
        U = U + vectors.times_inverse(l2, slope - l2 * problem.charged.unsqueeze(1) * U)
    for k in range(len(l2) - hard, len(l2)):
        U[:, k] = by_augmented_rows(problem, rows, float(l2[k]))
    return U, True, hard


def _spread(alphas: int | list[float], problem: Problem, largest: float) -> list[float]:
    """So many penalties, evenly on a log scale."""
    if not isinstance(alphas, int):
        return alphas
    largest = largest or 1.0
    top, bottom = (math.log10(share * largest) for share in WIDEST)
    exponents = torch.linspace(top, bottom, alphas, dtype=torch.float64, device="cpu").tolist()
    return [problem.strength_of_squares(10.0**exponent) for exponent in exponents]


def _penalties(problem: Problem, alphas: list[float], like: Tensor) -> Tensor:
    return torch.tensor([problem.l2(alpha) for alpha in alphas], dtype=torch.float64, device=like.device)


def _hard(problem: Problem, l2: Tensor) -> int:
    """How many of the smallest penalties leave a condition number that sums cannot serve."""
    for k in range(len(l2)):
        if alone_of(problem, float(l2[-1 - k])).factor.condition <= CHOLESKY_LIMIT:
            return k
    return len(l2)


def _groups(
    problem: Problem, rows: Rows, vectors: Eigenvectors, l2: Tensor, hard: int
) -> list[tuple[Tensor, Tensor]]:
    """Coordinates for the leverages: those of the eigenvectors as far as these tell, then others."""
    D, eps = vectors.inverse(l2), torch.finfo(torch.float64).eps
    charged = D[len(problem.free) :]
    far = eps * vectors.free**2 * charged.amax(0) / charged.amin(0)
    told = int((far <= UNTOLD).sum())  # the larger penalties
    groups = [(vectors.V, D[:, :told])] if told else []
    for k in range(told, len(l2)):
        if k < len(l2) - hard:
            H = alone_of(problem, float(l2[k])).half()
        else:
            H = halves_by_rows(problem, rows, float(l2[k]))
        groups.append((H, torch.ones_like(H[:, :1])))
    return groups


def _said(problem: Problem, last: Alone, u: Tensor, how: tuple[bool, int], k: int, dtype: torch.dtype) -> str:
    refined, hard = how
    way = "Cholesky" if k == 1 and not problem.free else "eigenvectors"
    number = number_text(last.system, last.factor.condition)
    least = "" if k == 1 else "at the smallest penalty "
    if hard:
        return f"Ridge, as least squares on {len(u) - len(problem.free)} more rows: {least}{number}."
    if last.factor.condition == math.inf:
        some = "the" if k == 1 else "the smallest"
        return f"Ridge, by eigenvectors: {some} penalty is less than rounding of the sums. {NOTHING}"
    if refined:
        return f"Ridge, by {way}, refined once: {least}{number}."
    left, most = digits_left(last.system, last.factor, last.unit(problem, u))
    told = f"Ridge, by {way}: {least}{number}{leaves(left, most, dtype)}."
    return told if most else f"{told} {NOTHING}"


def _wide(problem: Problem, alphas: int | list[float], rows: Rows, one_out: bool) -> RegularisationPath:
    kernel = Kernel.of(problem, rows)
    alphas = _spread(alphas, problem, kernel.largest)
    l2 = _penalties(problem, alphas, problem.q)
    found = kernel.answers(l2)
    n, d = rows.X.shape
    said = f"Ridge, by the products of {n} rows of {d} columns."
    out = found.left_out if one_out else None
    return _path(problem, alphas, found.U, found.loss, found.df, (found.left, found.gap), out, said)


def _path(
    problem: Problem,
    alphas: list[float],
    U: Tensor,
    loss: Tensor,
    df: Tensor,
    off: tuple[Tensor, Tensor],
    out: Tensor | None,
    said: str,
) -> RegularisationPath:
    """In the units of the data; `off` by what is left of the equation, (d, k), and of the objective."""
    w, b = problem.outside(U)
    (left, gap), n, whole = off, problem.p.n, problem.yy or 1.0
    fitted = df + problem.intercept
    gcv = (2 * loss / (1 - fitted / n).square()).where(fitted < n * (1 - 1e-10), torch.nan)
    status, message = Status.OK, said
    if problem.open:
        status = Status.RANK_DEFICIENT
        some = "A free column depends" if problem.open == 1 else f"{problem.open} free columns depend"
        message = f"{said} {some} on others: of the equally good answers, this has weight 0 there."
    if not bool(w.isfinite().all()):
        status, message = Status.OUT_OF_RANGE, f"{said} A weight is beyond the range of float64."
    return RegularisationPath(
        alpha=df.new_tensor(alphas),
        w=w,
        b=b,
        loss=problem.squared(loss),
        df=df,
        violation=left.abs().amax(0) / (float(problem.q.abs().max()) or 1.0),
        gap=gap / whole,
        l1_ratio=0.0,
        status=status,
        message=message,
        method="ridge",
        gcv=problem.squared(gcv),
        left_out=None if out is None else problem.squared(out),
    )


def without_penalty(
    problem: Problem, fit: Fit, rows: Rows | None, left_out: Tensor | None = None, l1_ratio: float = 0.0
) -> RegularisationPath:
    """Least squares as a path of one fit, whose penalty is zero."""
    assert fit.rank is not None  # `solve` tells it
    df = fit.w.new_tensor([fit.rank])
    U = problem.inside(fit.w).unsqueeze(1)
    left = problem.q.unsqueeze(1) - problem.product(U) if rows is None else rows.slope(problem, U)[0]
    n = problem.p.n
    rest = 1 - float(df + problem.intercept) / n
    return RegularisationPath(
        alpha=torch.zeros_like(df),
        w=fit.w.unsqueeze(0),
        b=fit.b.reshape(1),
        loss=fit.loss.reshape(1),
        df=df,
        violation=left.abs().amax(0) / (float(problem.q.abs().max()) or 1.0),
        gap=torch.full_like(df, torch.nan),
        l1_ratio=l1_ratio,
        status=fit.status,
        message=fit.message,
        method=fit.method,
        gcv=(2 * fit.loss / (rest**2 if rest > 1e-10 else math.nan)).reshape(1) if l1_ratio == 0 else None,
        left_out=left_out,
    )


def completed(
    path: RegularisationPath | None, alphas: int | list[float], least: Callable[[], RegularisationPath]
) -> RegularisationPath:
    """A path of the penalties above 0, and `least` for each that is 0."""
    times = 0 if isinstance(alphas, int) else alphas.count(0.0)
    return _joined(path, least(), times) if path is None or times else path


def _joined(path: RegularisationPath | None, last: RegularisationPath, times: int) -> RegularisationPath:
    """A path that ends without a penalty, given so many times."""
    paths = [last] * times if path is None else [path] + [last] * times
    first = paths[0]

    def all_of(name: str) -> Any:
        parts = [getattr(one, name) for one in paths]
        return None if parts[0] is None else torch.cat(parts)

    names = ("alpha", "w", "b", "loss", "df", "violation", "gap", "gcv", "left_out")
    status = first.status if last.status is Status.OK else last.status
    message = first.message if first is last else f"{first.message} Without a penalty: {last.message}"
    parts = {name: all_of(name) for name in names}
    return replace(first, **parts, status=status, message=message)
