r"""The bootstrap: how the estimates vary when the rows, or the residuals, are drawn again from themselves.

A resample is a count for each row. In the coordinates of the design, with $r$ the residuals of the fit, it
moves the estimates by $(Z^\top C Z)^{-1} Z^\top C r$: sums of products of pairs, which are the same for all
resamples, times counts. As these are small integers and the move is all that is computed, float32 gives it
six digits, where 2000 resamples determine two.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.basics.products import in_runs
from linreg.inference.facts import with_intercept
from linreg.inference.fitted import Fitted, fitted
from linreg.inference.passes import Block
from linreg.inference.table import number, table
from linreg.keep import ByValue
from linreg.result import Fit, Status
from linreg.settings import check_choice, check_count, check_generator, check_names, check_share
from linreg.workers import alone

__all__ = ["Bootstrap", "bootstrap"]

AT_ONCE = 64  # resamples whose counts are multiplied together
COUNTS = 1 << 22  # entries of these
BLOCK = 1 << 19  # entries of products of pairs that are made at a time
HELD = 1 << 24  # and up to which they are kept for all resamples
NEAR = 1e-3  # of a pivot: below, float32 may not tell dependent columns from others
DEPENDENT = 1e-12  # the same for float64 of what float32 has rounded


@dataclass(frozen=True, eq=False)
class Bootstrap(ByValue):
    r"""Estimates over resamples of the data; printed, a table.

    Args:
        fit: the fit of the data themselves, in float64.
        names: p names, the first `"Intercept"` where there is one.
        estimate: (p,) `b` and `w` of that fit.
        se: (p,) standard deviation of the replicates.
        low: (p,) where the percentile interval begins.
        high: (p,) where it ends.
        replicates: (m, p) estimates, one row for each resample that determines them.
        resamples: how many were drawn.
        deficient: how many of these had dependent columns, and no estimates.
        kind: what was drawn: `"pairs"` or `"residuals"`.
        level: of the intervals.
        status: that of the fit, `RANK_DEFICIENT` also where resamples were left out, or `NO_NOISE`.
        message: how many were, and what is missing, else empty.
    """

    fit: Fit
    names: tuple[str, ...]
    estimate: Tensor
    se: Tensor
    low: Tensor
    high: Tensor
    replicates: Tensor
    resamples: int
    deficient: int
    kind: str
    level: float
    status: Status
    message: str

    def __str__(self) -> str:
        low, high = (1 - self.level) / 2, (1 + self.level) / 2
        columns = {
            "estimate": self.estimate,
            "std err": self.se,
            f"[{low:.3g}": self.low,
            f"{high:.3g}]": self.high,
        }
        rows = table(self.names, {title: list(map(number, v.tolist())) for title, v in columns.items()})
        first = f"{self.resamples} resamples of {self.kind}, percentile intervals"
        return "\n".join([first, *rows, *([self.message] if self.message else [])])

    def __repr__(self) -> str:
        drawn = f"{self.resamples} resamples of {self.kind}"
        return f"Bootstrap({len(self.names)} estimates, {drawn}, status={str(self.status)!r})"


@plain
@alone
def bootstrap(
    X: Tensor,
    y: Tensor,
    *,
    intercept: bool = True,
    weights: Tensor | None = None,
    kind: str = "pairs",
    resamples: int = 2000,
    level: float = 0.95,
    names: Sequence[str] | None = None,
    generator: torch.Generator,
) -> Bootstrap:
    r"""Standard errors and percentile intervals from resamples of the data.

    `"pairs"` draws rows, features and target together, with replacement: it assumes that rows are independent
    draws and nothing about the variance of the noise. `"residuals"` keeps the features and gives each row the
    residual of a random one, divided by $\sqrt{1 - h_i}$ and centred: it assumes noise of one distribution,
    as the classical errors do.

    A resample can have dependent columns though the data have not: a rare level of a dummy is not drawn. Such
    resamples have no estimates; they are left out and counted.

    Cost: 2 n operations for each resample and pair of columns, or each column with residuals; half a copy of
    `X`, and 100 MB at most. The standard errors of 2000 resamples are right to about 2 %, the move of each
    estimate by a resample to six digits.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) precisions, drawn with their rows; a row of weight 0 does not count.
        kind: `"pairs"` or `"residuals"`.
        resamples: how many.
        level: of the intervals, between 0 and 1.
        names: d names of the features; x1, x2 and so on by default.
        generator: the only source of randomness, on the device of `X`.

    Returns:
        The replicates and what they say, in float64.

    Raises:
        ShapeError: wrong shapes, or not d names.
        DtypeError: the dtypes differ or are not float32 or float64; `generator` is not a generator.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; bad weights.
        RangeError: another `kind`, fewer than 2 `resamples`, or `level` not between 0 and 1.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, sections 9.5 and 13.3; Davison and
    Hinkley, Bootstrap Methods and their Application, section 6.2, for the residuals.

    Examples:
        >>> import torch
        >>> from linreg import simulate
        >>> g = torch.Generator().manual_seed(0)
        >>> X, y = simulate(200, (1.0, 2.0), noise=1.0, generator=g)
        >>> bootstrap(X, y, generator=g)
        Bootstrap(3 estimates, 2000 resamples of pairs, status='ok')
    """
    check_choice(kind, "kind", ("pairs", "residuals"))
    resamples = check_count(resamples, "resamples", least=2)
    level = check_share(level, "level")
    found = fitted(X, y, intercept=intercept, weights=weights)
    listed = check_names(names, len(found.fit.w))
    generator = check_generator(generator, found.fit.w.device)
    with torch.inference_mode():
        moved = _moves(found, kind, resamples, generator)
    return _summary(found, moved.clone(), kind, level, listed)


def _moves(found: Fitted, kind: str, resamples: int, generator: torch.Generator) -> Tensor:
    """(resamples, q) moves of the coordinates; NaN where columns are dependent."""
    Z, r, size = _coordinates(found, kind)
    n, q = Z.shape
    if q == 0:  # nothing but columns of zeros
        return Z.new_zeros(resamples, 0, dtype=torch.float64)
    runs = in_runs(slice(0, resamples), max(min(AT_ONCE, COUNTS // n), 1))
    draws = (
        torch.randint(n, (run.stop - run.start, n), generator=generator, device=Z.device) for run in runs
    )
    if kind == "residuals":
        moves: Tensor = torch.cat([r[drawn] @ Z for drawn in draws]).double() * (size / n**0.5)
        return moves
    products = _Products(Z, r)
    moves = torch.cat([products.solved(_counts(drawn)) for drawn in draws])
    return moves.mul_(size * n**0.5)


def _coordinates(found: Fitted, kind: str) -> tuple[Tensor, Tensor, float]:
    """Z (n, q), its columns of mean square 1, and residuals (n,), the largest 1, in float32; and its size."""
    n, q = len(found.rows.X), found.design.unknowns
    Z, r = found.fit.w.new_empty(n, q, dtype=torch.float32), found.fit.w.new_empty(n)

    def keep(block: Block) -> Tensor:
        Z[block.run] = (block.z[:, :q] * n**0.5).float()
        lone, left = found.design.is_lone(block.leverage), 1 - block.leverage
        r[block.run] = (block.r / left.sqrt() if kind == "residuals" else block.r).masked_fill(lone, 0)
        return block.r.sum()

    found.rows.over(keep)
    if kind == "residuals":
        r -= r.mean()
    size = float(r.abs().max()) or 1.0
    return Z, (r / size).float(), size


def _counts(drawn: Tensor) -> Tensor:
    """How often each row has been drawn, (m, n), from the rows drawn (m, n)."""
    m, n = drawn.shape
    drawn += torch.arange(0, m * n, n, device=drawn.device).unsqueeze(1)
    return torch.bincount(drawn.view(-1), minlength=m * n).view(m, n).float()


class _Products:
    """The products of all pairs of coordinates, and of each with the residual."""

    def __init__(self, Z: Tensor, r: Tensor) -> None:
        n, q = Z.shape
        self.Z, self.r = Z, r
        self.i, self.j = torch.triu_indices(q, q, device=Z.device)
        columns = len(self.i) + q
        self.runs = in_runs(slice(0, n), max(BLOCK // columns, 1))
        self.held = [self._of(run) for run in self.runs] if n * columns <= HELD else None

    def _of(self, run: slice) -> Tensor:
        Z = self.Z[run]
        return torch.cat((Z[:, self.i] * Z[:, self.j], Z * self.r[run].unsqueeze(1)), 1)

    def _times(self, C: Tensor) -> Tensor:
        """Their sums (m, columns), each row as often as C (m, n) says."""
        parts = self.held or map(self._of, self.runs)
        total = C.new_zeros(1, dtype=torch.float64)
        for run, P in zip(self.runs, parts, strict=True):
            total = total + (C[:, run] @ P).double()
        return total

    def solved(self, C: Tensor) -> Tensor:
        """(m, q) the moves, times what `_coordinates` has divided by."""
        q = self.Z.shape[1]
        sums = self._times(C)
        G = sums.new_empty(len(C), q, q)
        G[:, self.i, self.j] = G[:, self.j, self.i] = sums[:, :-q]
        g = sums[:, -q:]
        L, failed = torch.linalg.cholesky_ex(G)
        near = (failed > 0) | ~(_pivots(L) > NEAR * len(self.Z))
        if bool(near.any()):
            L[near], g[near] = self._again(C[near])
        return torch.cholesky_solve(g.unsqueeze(2), L).squeeze(2)

    def _again(self, C: Tensor) -> tuple[Tensor, Tensor]:
        """The triangles, NaN for dependent columns, and right sides where float32 does not tell these."""
        Z, r, found = self.Z.double(), self.r.double(), []
        for c in C.double():
            weighted = Z * c.unsqueeze(1)
            L, failed = torch.linalg.cholesky_ex(weighted.T @ Z)
            dependent = bool(failed) or not float(_pivots(L)) > DEPENDENT * len(Z)
            found.append((torch.full_like(L, torch.nan) if dependent else L, weighted.T @ r))
        Ls, gs = zip(*found, strict=True)
        return torch.stack(Ls), torch.stack(gs)


def _pivots(L: Tensor) -> Tensor:
    """The smallest pivot of each triangle: what is left of a column beside those before it, squared."""
    smallest: Tensor = L.diagonal(dim1=-2, dim2=-1).square().amin(-1)
    return smallest


def _summary(found: Fitted, moves: Tensor, kind: str, level: float, names: tuple[str, ...]) -> Bootstrap:
    design = found.design
    kept = moves[~moves.isnan().any(1)]
    rss = found.squares(found.rows.residuals(), slice(0, len(found.rows.X)))
    fit = found.outside(rss)
    names, estimate, unit = with_intercept(fit, names, found.unit, design.intercept)
    beside = (kept @ design.parameters().T).masked_fill(~design.estimable(), torch.nan)
    told = beside if found.df > 0 else beside * torch.nan  # of fits that meet every row, rounding
    se = told.std(0) if len(kept) > 1 else torch.full_like(estimate, torch.nan)
    low, high = (estimate + times_two_to(_quantile(told, (1 + sign * level) / 2), unit) for sign in (-1, 1))
    status, message = _told(found, fit, rss, len(moves) - len(kept), len(moves))
    return Bootstrap(
        fit=fit,
        names=names,
        estimate=estimate,
        se=times_two_to(se, unit),
        low=low,
        high=high,
        replicates=estimate + times_two_to(beside, unit),
        resamples=len(moves),
        deficient=len(moves) - len(kept),
        kind=kind,
        level=level,
        status=status,
        message=message,
    )


def _quantile(values: Tensor, share: float) -> Tensor:
    """(p,) of the columns of values (m, p), between the two nearest as NumPy's."""
    if len(values) == 0:
        return values.new_full(values.shape[1:], torch.nan)
    at = share * (len(values) - 1)
    ordered, first = values.sort(0).values, math.floor(at)
    return torch.lerp(ordered[first], ordered[min(first + 1, len(values) - 1)], at - first)


def _told(found: Fitted, fit: Fit, rss: Tensor, deficient: int, resamples: int) -> tuple[Status, str]:
    """The status, and what is missing."""
    said: list[str] = []
    status = fit.status
    if status not in (Status.OK, Status.RANK_DEFICIENT):
        said.append(fit.message)
    elif found.df <= 0:
        status = Status.NO_NOISE
        said.append("No row is left to estimate the noise. Add rows.")
    elif found.perfect(rss):
        status = Status.NO_NOISE
        said.append("The residuals are no larger than rounding, as are the differences between resamples.")
    if found.design.rank < len(found.design.factor):
        said.append("Columns are dependent: what the data do not determine is NaN.")
    if deficient:
        status = Status.RANK_DEFICIENT if status == Status.OK else status
        left_out = f"{deficient} of {resamples} resamples had dependent columns and were left out"
        said.append(f"{left_out}: the intervals hold for data that determine all weights.")
    return status, " ".join(said)
