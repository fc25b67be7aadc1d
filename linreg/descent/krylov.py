r"""Conjugate gradients for least squares: products with `X` and its transpose alone, no d x d numbers.

They need about the root of the steps that gradient descent needs: some $\sqrt\kappa$ of the Hessian, and in
exact arithmetic no more than there are columns. With every column centred and brought to length 1 they do not
depend on units. What the last steps gained tells what is still to be gained.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.products import block_rows, in_runs
from linreg.checks import check_Xy
from linreg.closed_form.narrow import measured, moved_of
from linreg.errors import DataError
from linreg.result import Fit, Path, Status
from linreg.settings import check_count, check_number
from linreg.weights import weighing
from linreg.workers import alone

__all__ = ["SHARE", "Centred", "conjugate_gradients", "descend", "square"]

LAST = 10  # steps whose gains together stand for all that are to come
SHARE = 1e-3  # of an eps: what those may have gained, far below what a run of descent is asked for
PATIENCE = 0.25  # of all steps have to gain nothing before an answer is called one
FLAT = 1e-6  # of a column's length: what is less after centring counts as so much, to divide by
CONSTANT = 1e-10  # of its mean: a column that varies no more is one, since a product has rounded the rest
LONGER = 1 + 1e-10  # no step makes the square of the residual so much longer, but by rounding
TINY = 1e-140  # the square of a larger entry is a normal number, and so is its eps


class Centred(NamedTuple):
    """The rows seen through centred columns of length 1, of which no copy is made; numbers in float64."""

    X: Tensor
    y: Tensor
    mean: Tensor  # (d,) zero without an intercept
    scale: Tensor  # (d,) lengths
    y_mean: Tensor
    total: float  # number of rows, or the sum of their weights
    root: Tensor | None = None  # (n,) roots of the weights, if there are any

    @classmethod
    def of(cls, X: Tensor, y: Tensor, intercept: bool, c: Tensor | None = None) -> "Centred":
        """Those of checked data; `c` (n,) weights of the rows."""
        if c is None:
            total, root, y_mean = float(len(y)), None, y.mean(dtype=torch.float64)
            mean = X.mean(0, dtype=torch.float64)
            scale = torch.linalg.vector_norm(X, dim=0, dtype=torch.float64)
        else:
            c = c.double()
            total, root = float(c.sum()), c.sqrt()
            y_mean = c @ y.double() / total
            first, second = _weighted_sums(X, c)
            mean, scale = first / total, second.sqrt()
        mean = mean * intercept
        beside = (scale.square() - total * mean.square()).clamp(min=0).sqrt()
        constant = _constant(X, root, mean, (beside <= FLAT * scale) & (scale > 0))
        scale = beside.clamp(min=FLAT * scale).masked_fill(constant, torch.inf)
        return cls(X, y, mean, scale.where(scale > 0, 1), y_mean * intercept, total, root)

    @property
    def noise(self) -> float:
        """Share of r'r that the square of A'r may be by rounding: of X'r, less what means have in it."""
        far = self.total * (self.mean / self.scale).square().sum()
        return torch.finfo(self.X.dtype).eps ** 2 * float(far)

    def rooted(self, r: Tensor) -> Tensor:
        """(n,) each row times the root of its weight."""
        return r if self.root is None else self.root * r

    def forth(self, p: Tensor) -> Tensor:
        """A p (n,)."""
        step = p / self.scale
        return self.rooted((self.X @ step.to(self.X.dtype)).double() - self.mean @ step)

    def back(self, r: Tensor) -> Tensor:
        """A'r (d,)."""
        r = self.rooted(r)
        product: Tensor = ((self.X.T @ r.to(self.X.dtype)).double() - self.mean * r.sum()) / self.scale
        return product

    def weights(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """w (d,) and b () of v, the weights of these columns."""
        w = v / self.scale
        return w, self.y_mean - self.mean @ w

    def walk(self, v: Tensor) -> Iterator["Walk"]:
        """From v, point by point; ends where no direction is left."""
        r = self.rooted(self.y.double() - self.y_mean)
        if bool(v.any()):
            r = r - self.forth(v)
        p = self.back(r)
        here, size, noise = Walk(v, r, p, square(p), 0.0), square(r), self.noise
        yield here
        # Below its rounding a slope leads nowhere, and each step along it makes the next one longer.
        while here.square > noise * size and (steep := square(q := self.forth(here.p))) != 0:
            here = here.step(self, q, steep)
            before, size = size, square(here.r)
            if size > LONGER * before:
                return
            yield here


class Walk(NamedTuple):
    """The state of conjugate gradients."""

    v: Tensor  # (d,)
    r: Tensor  # (n,) y - A v
    p: Tensor  # (d,) direction
    square: float  # of A'r, half the slope
    gain: float  # what the last step took from half the sum of squares

    def step(self, rows: Centred, q: Tensor, steep: float) -> "Walk":
        """To the smallest loss along p, of which q = A p has the square `steep`."""
        alpha = self.square / steep
        r = self.r - alpha * q
        s = rows.back(r)
        left = square(s)
        return Walk(
            self.v + alpha * self.p, r, s + left / self.square * self.p, left, alpha * self.square / 2
        )


class End(NamedTuple):
    """Where a walk has led."""

    at: Walk
    gains: list[float]  # of the steps, halves of sums of squares
    settled: bool  # the last ones gained next to nothing; if not, there may be any amount to gain


def descend(
    walk: Iterator[Walk], steps: int, share: float, patience: float = 0.0, before: Sequence[float] = ()
) -> End:
    """Walk until the last steps gained at most a share of all, with what was gained `before`.

    Ten steps are the last ones, or the share `patience` of all steps if that is more: where columns are
    nearly alike, there are long stretches with little gain.
    """
    gains: list[float] = []
    for at in walk:
        gains.append(at.gain)  # 0 at the start
        last = max(LAST, int(patience * (len(before) + len(gains))))
        if len(gains) > last and sum(gains[-last:]) <= share * (sum(before) + sum(gains)):
            break
        if len(gains) > steps:
            return End(at, gains[1:], False)
    return End(at, gains[1:], True)


def square(v: Tensor) -> float:
    """v'v in float64."""
    return float(v.double().square().sum())


@plain
@alone
def conjugate_gradients(
    X: Tensor,
    y: Tensor,
    *,
    steps: int = 3000,
    intercept: bool = True,
    weights: Tensor | None = None,
    tol: float | None = None,
    record: bool = False,
) -> Fit:
    r"""Minimise by conjugate gradients for least squares (CGLS): products $X v$ and $X^\top u$ alone.

    The method for very many columns: no d x d numbers are formed, and it needs no rate. It starts from the
    best constant, and steps along directions that do not undo each other: each time to the smallest loss
    that its products so far can tell. Columns are centred and brought to length 1 on the way, so the steps
    do not depend on units. Their number grows with the condition number $\kappa$ of these columns, where
    that of `gradient_descent` grows with $\kappa^2$; few different singular values need few steps.

    Stops when the last quarter of the steps, ten or more, together gained at most `tol` of all that was
    gained, and begins anew with a freshly computed residual, until such a run gains no more than that.
    Of dependent columns, and of fewer rows than columns, it returns one of the answers with the smallest
    loss: the one that is shortest in columns of length 1. A column that varies by less than 1e-10 of its mean
    counts as constant, and beside an intercept its weight is 0.

    Works in float64, for which float32 data are copied. The answer is detached: no gradient flows
    through it.

    Cost: 4 n d operations for each step, and memory for three vectors of each length.

    Args:
        X: (n, d) features.
        y: (n,) targets.
        steps: largest number of steps.
        intercept: fit `b` as well; otherwise it is 0.
        weights: (n,) without unit, 0 or above; by default 1 each.
        tol: the share of all gains below which the last ones count as nothing; by default a thousandth of the
            machine epsilon of the dtype.
        record: keep the whole path, (steps + 1)(d + 1) numbers.

    Returns:
        The fit, in the dtype of `X`: status `OK`, `NOT_CONVERGED` where the steps were used up, or
        `NO_DIGITS` where the weights, rounded to that dtype, predict nothing.

    Raises:
        ShapeError: wrong shapes.
        DtypeError: the dtypes differ or are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data, squares beyond the range of float64, or bad weights.
        RangeError: `steps` below 1, or a negative `tol`.

    Source: Björck, Numerical Methods for Least Squares Problems, section 7.4.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., 5.])
        >>> fit = conjugate_gradients(X, y)
        >>> fit
        Fit(w=[2], b=1, status='ok', method='conjugate_gradients')
    """
    X, y = check_Xy(X, y)
    check_count(steps, "steps")
    tol = SHARE * torch.finfo(X.dtype).eps if tol is None else check_number(tol, "tol")
    c = weighing(y, weights).c
    rows = Centred.of(X.double(), y.double(), intercept, c)
    _check_squares(rows)
    seen: list[Tensor] | None = [] if record else None
    at, gains, settled = _anew(rows, steps, tol, seen)

    w, b = rows.weights(at.v)
    floor = square(at.r) / (2 * rows.total)
    count = f"{len(gains)} step" + "s" * (len(gains) != 1)
    if settled:
        status, message = Status.OK, f"Conjugate gradients, {count}: the last ones gained nothing more."
        if _counting(rows) - intercept < len(w):
            message += " There are fewer rows than unknowns: other weights have the same loss."
        if constant := int(rows.scale.isinf().sum()):
            message += f" Constant columns, to {CONSTANT:g} of their size: {constant}, with weights of 0."
    else:
        status, last = Status.NOT_CONVERGED, sum(_last(gains)) / sum(gains)
        message = (
            f"After {count} the last {len(_last(gains))} of them still gained {last:.2g} of all that was "
            "gained. Give it more steps, or drop columns that others nearly determine."
        )
    fit = Fit(
        w.to(X.dtype), b.to(X.dtype), status, message, "conjugate_gradients", w.new_tensor(floor).to(X.dtype),
        steps=len(gains), path=None if seen is None else _path(rows, seen, gains, floor, X.dtype),
    )  # fmt: skip
    if X.dtype == torch.float64:
        return fit
    return measured(fit, X, y, None if c is None else c.double(), moved_of(fit, w, b))


def _constant(X: Tensor, root: Tensor | None, mean: Tensor, near: Tensor) -> Tensor:
    """(d,) which of the columns that are `near` their means are constant, as far as products with `X` tell.

    They are the intercept once more. What is left of them is noise, and no direction to step along.
    """
    least = max(CONSTANT, 8 * torch.finfo(X.dtype).eps)
    constant = torch.zeros_like(near)
    for j in near.nonzero().flatten().tolist():
        x = X[:, j] if root is None else X[root > 0, j]
        constant[j] = (x.double() - mean[j]).abs().max() <= least * mean[j].abs()
    return constant


def _weighted_sums(X: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """(d,) the columns, and their squares, added up with these weights, in float64."""
    first, second = torch.zeros(2, X.shape[1], dtype=torch.float64, device=X.device)
    for run in in_runs(slice(0, len(X)), block_rows(X)):
        block = X[run].double()
        first, second = first + c[run] @ block, second + c[run] @ block.square()
    return first, second


def _counting(rows: Centred) -> int:
    """How many rows count."""
    return len(rows.y) if rows.root is None else int((rows.root > 0).sum())


def _check_squares(rows: Centred) -> None:
    """Require squares of the centred rows and columns that float64 can tell from zero and infinity."""
    for name, values, size in (
        ("X", rows.X, rows.scale.masked_fill(rows.scale.isinf(), 0)),
        ("y", rows.y, torch.linalg.vector_norm(rows.y).unsqueeze(0)),
    ):
        largest = values.abs().amax(0)
        if not bool((((largest > TINY) | (largest == 0)) & (size < 1 / TINY)).all()):
            raise DataError(
                f"`{name}` must have squares within the range of float64; its largest entry is "
                f"{float(largest.max()):.3g}. Multiply it by a power of two first, which rounds nothing."
            )


def _anew(rows: Centred, steps: int, share: float, seen: list[Tensor] | None) -> End:
    """Walk, and begin anew with a residual without the rounding of many steps, until that gains nothing."""
    v, gains = torch.zeros_like(rows.scale), list[float]()
    while True:
        walk = rows.walk(v) if seen is None else _noted(rows.walk(v), seen)
        at, more, settled = descend(walk, steps - len(gains), share, PATIENCE, gains)
        gains += more
        if not settled or sum(more) <= share * sum(gains):
            return End(at, gains, settled)
        v = at.v


def _noted(walk: Iterator[Walk], seen: list[Tensor]) -> Iterator[Walk]:
    """The same walk, of which each step is kept, and the start of the first."""
    for i, at in enumerate(walk):
        if i or not seen:
            seen.append(at.v)
        yield at


def _last(gains: list[float]) -> list[float]:
    return gains[-max(LAST, int(PATIENCE * len(gains))) :]


def _path(rows: Centred, seen: list[Tensor], gains: list[float], floor: float, dtype: torch.dtype) -> Path:
    """The weights and the losses, each the one before less what the step gained."""
    ws, bs = zip(*(rows.weights(v) for v in seen), strict=True)
    left = torch.tensor([0.0, *reversed(gains)], dtype=torch.float64, device=rows.scale.device).cumsum(0)
    losses = floor + left.flip(0) / rows.total
    return Path(torch.stack(ws).to(dtype), torch.stack(bs).to(dtype), losses.to(dtype))
