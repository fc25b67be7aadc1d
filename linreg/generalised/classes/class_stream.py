r"""Classes of more rows than memory holds: the same fit, in several passes over blocks of rows.

The first pass sums squares, which are the coordinates; each step of Newton's method is a pass of its own.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.basics.statistics import Statistics
from linreg.checks import check_count, check_finite, check_Xy
from linreg.errors import DataError, DtypeError, LinregError, ShapeError
from linreg.generalised.classes.class_fit import LogisticFit, SoftmaxFit
from linreg.generalised.classes.class_problem import Solved, ended
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.likelihood import Likelihood, Table
from linreg.generalised.classes.log_loss import Binary, Family, Multinomial
from linreg.generalised.classes.logistic import logistic_fit
from linreg.generalised.classes.newton import Objective
from linreg.generalised.classes.softmax import softmax_fit
from linreg.generalised.classes.targets import check_codes, check_each, check_rows, weight_of_each
from linreg.generalised.penalised.penalty import check_alpha
from linreg.inference.from_sums import from_sums
from linreg.weights import check_weights
from linreg.workers import alone

__all__ = ["logistic_stream", "softmax_stream"]

Rows = Iterable[tuple[Tensor, ...]]
MANY = 1 << 16  # classes that a block may name before there are rows of all


@plain
@alone
def logistic_stream(
    rows: Rows, *, alpha: float = 0.0, intercept: bool = True, standardise: bool = False, steps: int = 100
) -> LogisticFit:
    r"""Fit as `logistic` does, over blocks of rows that need not be in memory together.

    Cost: n d^2 operations a pass; one pass for the sums, and one for each step, of which there are mostly 5
    to 10. Memory for a block.

    Args:
        rows: what gives the same (X, y) or (X, y, weights) each time that it is gone through: a list, or
            [`blocks`][linreg.blocks] of files. A generator is used up after one pass.
        alpha: of the penalty, 0 or above.
        intercept: fit `b` as well; otherwise it is 0.
        standardise: penalise weights of columns divided by their standard deviations.
        steps: largest number of steps.

    Returns:
        The fit, in float64, with statuses as of `logistic`.

    Raises:
        ShapeError: wrong shapes, or another number of columns in a block.
        DtypeError: `rows` can be gone through once only, or blocks are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than 0 and 1, or of one class alone; negative
            weights; or other rows in a later pass.
        RangeError: `alpha` negative or NaN, or `steps` below 1.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]])
        >>> y = torch.tensor([0., 0., 1., 0., 1., 1.])
        >>> fit = logistic_stream([(X[:3], y[:3]), (X[3:], y[3:])])
        >>> print(f"{float(fit.w):.4f} {float(fit.b):.4f}")
        1.2140 -3.0351
    """
    alpha, steps = check_alpha(alpha), check_count(steps, "steps")
    stream = _Stream(rows, 2)
    solved = stream.solved(Binary(), alpha, intercept, standardise, steps)
    return logistic_fit(solved, alpha, torch.float64)


@plain
@alone
def softmax_stream(
    rows: Rows,
    *,
    classes: int | None = None,
    alpha: float = 0.0,
    intercept: bool = True,
    standardise: bool = False,
    steps: int = 100,
) -> SoftmaxFit:
    r"""Fit as `softmax` does, over blocks of rows that need not be in memory together.

    Cost: n d^2 K^2 / 2 operations a pass; one pass for the sums, and one for each step, of which there are
    mostly 5 to 10. Memory for a block.

    Args:
        rows: what gives the same (X, y) or (X, y, weights) each time that it is gone through, as for
            `logistic_stream`.
        classes: K, 2 or above; by default one more than the largest in `y`.
        alpha: of the penalty, 0 or above.
        intercept: fit `b` as well; otherwise it is 0.
        standardise: penalise weights of columns divided by their standard deviations.
        steps: largest number of steps.

    Returns:
        The fit, in float64, with statuses as of `logistic`.

    Raises:
        ShapeError: wrong shapes, or another number of columns in a block.
        DtypeError: `rows` can be gone through once only, or blocks are not float32 or float64.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than whole numbers from 0 on, or without a row of
            some class; negative weights; or other rows in a later pass.
        RangeError: `alpha` negative or NaN, `classes` below 2, or `steps` below 1.

    Examples:
        >>> import torch
        >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]])
        >>> y = torch.tensor([0., 1., 0., 2., 1., 2.])
        >>> softmax_stream([(X[:3], y[:3]), (X[3:], y[3:])])
        SoftmaxFit(d=1, K=3, status='ok', method='softmax')
    """
    if classes is not None:
        check_count(classes, "classes", least=2)
    alpha, steps = check_alpha(alpha), check_count(steps, "steps")
    stream = _Stream(rows, classes)
    K = len(stream.found.held)
    solved = stream.solved(Multinomial(K, stream.found.sums.M.device), alpha, intercept, standardise, steps)
    return softmax_fit(solved, alpha, torch.float64)


class _Found(NamedTuple):
    """What the first pass has found."""

    sums: Statistics
    held: Tensor  # (K,) weight of each class
    n: int  # rows


class _Stream:
    """Blocks of rows, gone through again and again."""

    def __init__(self, rows: Any, classes: int | None) -> None:
        if not isinstance(rows, Iterable) or isinstance(rows, Tensor | str):
            raise DtypeError(
                f"`rows` must give blocks (X, y), one after the other; got {type(rows).__name__}. "
                "Pass a list of them: [(X, y)]."
            )
        if isinstance(rows, Iterator):
            raise DtypeError(
                "`rows` must be what can be gone through again, since each step is a pass; got "
                f"{type(rows).__name__}, used up after one. Pass a list, or linreg.blocks(paths, target=...)."
            )
        self.rows = rows
        self.found = self._first_pass(classes)

    def _first_pass(self, classes: int | None) -> _Found:
        found: _Found | None = None
        for i, block in enumerate(self.rows):
            try:
                table = _block(block)
                found = _added(found, table, classes) if len(table.t) else found
            except LinregError as error:
                error.add_note(f"In block {i} of `rows`, counted from 0.")
                raise
        if found is None:
            raise DataError("`rows` must have a row that counts; it has none. Check the filter or the files.")
        return found._replace(held=check_each(found.held))

    def tables(self, unit: Tensor) -> Iterator[Table]:
        """The blocks, columns divided by powers of two, and the same rows as in the first pass."""
        n = 0
        for table in map(_block, self.rows):
            n += len(table.t)
            if bool(unit.any()):
                table = table._replace(X=times_two_to(table.X.double(), -unit[:-1]))
            if len(table.t):
                yield table
        if n != self.found.n:
            raise DataError(
                f"`rows` must give the same rows each time; the first pass had {self.found.n}, a later "
                f"one {n}. Let its __iter__ begin anew."
            )

    def solved(self, family: Family, alpha: float, intercept: bool, standardise: bool, steps: int) -> Solved:
        """By Newton's method, in coordinates that come from the sums."""
        sums, held, n = self.found
        found = from_sums(sums, intercept)
        frame = Frame(found.p, found.design, found.unit, standardise)
        likelihood = Likelihood(family, found.design, lambda: self.tables(found.unit))
        total = float(held.sum())
        objective = Objective(likelihood, frame.penalty() * (alpha * total) if alpha else None)
        end = objective.minimised(frame.start(family.prior(held / total)), steps)
        return ended(frame, objective, end, n, total, alpha)


def _added(found: _Found | None, table: Table, classes: int | None) -> _Found:
    """What has been found, with one block more."""
    X, t, C = table
    sums, held, n = found or _Found(
        Statistics(X.shape[1], device=X.device), torch.zeros_like(X[0, :0]).double(), 0
    )
    K = check_codes(t, classes)
    if K > MANY:
        check_rows(n + len(t), K)
    mine, longer = weight_of_each(t, C, K), max(len(held), K)
    held, mine = (torch.nn.functional.pad(part, (0, longer - len(part))) for part in (held, mine))
    sums.update(X, t, weights=None if C is None else C.to(X.dtype))
    return _Found(sums, held + mine, n + len(t))


def _block(block: Any) -> Table:
    """A block, checked, rows of weight 0 left out."""
    if not isinstance(block, tuple | list) or len(block) not in (2, 3):
        raise ShapeError(
            f"`rows` must give (X, y) or (X, y, weights) each time; got {type(block).__name__}. "
            "Pass pairs: [(X, y)]."
        )
    X, y = check_Xy(*block[:2], finite=False)
    check_finite(y, "y")
    if len(block) == 2:
        return Table(X, y, None)
    C = check_weights(y, block[2])
    kept = C > 0
    return Table(X, y, C) if bool(kept.all()) else Table(X[kept], y[kept], C[kept])
