r"""Classes of more rows than memory holds: the same fit, in several passes over blocks of rows.

The first pass sums squares, which are the coordinates; each step of Newton's method is a pass of its own.
What a pass finds is a sum, and adds up over the ranks of several machines.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.held import times_two_to
from linreg.basics.statistics import Statistics
from linreg.checks import check_finite, check_Xy
from linreg.errors import DataError, DtypeError, LinregError, ShapeError
from linreg.generalised.classes.class_fit import LogisticFit, SoftmaxFit
from linreg.generalised.classes.class_problem import Solved, ended
from linreg.generalised.classes.class_ranks import Found, Ranks, ranks_of
from linreg.generalised.classes.frame import Frame
from linreg.generalised.classes.likelihood import Likelihood, Table
from linreg.generalised.classes.log_loss import Binary, Family, Multinomial
from linreg.generalised.classes.logistic import logistic_fit
from linreg.generalised.classes.newton import Objective
from linreg.generalised.classes.separation import Separation
from linreg.generalised.classes.softmax import softmax_fit
from linreg.generalised.classes.targets import check_codes, check_each, check_rows, weight_of_each
from linreg.generalised.penalised.penalty import check_alpha
from linreg.inference.from_sums import from_sums
from linreg.settings import check_count
from linreg.weights import check_weights
from linreg.workers import alone

__all__ = ["logistic_stream", "softmax_stream"]

Rows = Iterable[tuple[Tensor, ...]]
MANY = 1 << 16  # classes that a block may name before there are rows of all


@plain
@alone
def logistic_stream(
    rows: Rows,
    *,
    alpha: float = 0.0,
    intercept: bool = True,
    standardise: bool = False,
    steps: int = 100,
    ranks: "bool | dist.ProcessGroup" = False,
    timeout: float = 1800.0,
) -> LogisticFit:
    r"""Fit as `logistic` does, over blocks of rows that need not be in memory together, or on one machine.

    With `ranks` each process started by `torchrun` passes over rows of its own, and the sums of each pass
    are added up: all have the same fit to the last bit, that of all rows. Every rank of the group must call
    this, with the same settings; one that has no rows gives an empty list.

    Cost: n d^2 operations for each pass; one pass for the sums, and one for each step, of which there are
    mostly 5 to 10. Memory for a block. Between ranks an all-reduce of about (d + 2)^2 numbers in each pass,
    after three small ones.

    Args:
        rows: what gives the same (X, y) or (X, y, weights) each time that it is gone through: a list, or
            [`blocks`][linreg.blocks] of files. A generator is used up after one pass.
        alpha: of the penalty, 0 or above.
        intercept: fit `b` as well; otherwise it is 0.
        standardise: penalise weights of columns divided by their standard deviations.
        steps: largest number of steps.
        ranks: True, where all ranks of `torch.distributed` fit together, each with other rows; or the process
            group of those that do. Works with gloo and with nccl.
        timeout: seconds to wait for the slowest rank in each pass. A process that dies is noticed at once by
            gloo, a machine that falls silent after this time.

    Returns:
        The fit, in float64, with statuses as of `logistic`.

    Raises:
        ShapeError: wrong shapes, or another number of columns in a block or on a rank.
        DtypeError: `rows` can be gone through once only, blocks are not float32 or float64, `ranks` is no
            process group, or `timeout` not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than 0 and 1, or of one class alone on all ranks;
            negative weights; or other rows in a later pass.
        RangeError: `alpha` negative or NaN, `steps` below 1, or `timeout` not above 0.
        DistributedError: `torch.distributed` is not initialised, or this process not in `ranks`; settings
            differ among the ranks, or the steps that they take, as may happen on unlike processors; another
            rank had an error in a pass, which is raised there once all have ended the pass; or one was lost
            or too late.

    Examples:
        >>> import torch
        >>> from torch import distributed
        >>> X = torch.tensor([[0.], [1.], [2.], [3.], [4.], [5.]])
        >>> y = torch.tensor([0., 0., 1., 0., 1., 1.])
        >>> fit = logistic_stream([(X[:3], y[:3]), (X[3:], y[3:])])
        >>> print(f"{float(fit.w):.4f} {float(fit.b):.4f}")
        1.2140 -3.0351
        >>> distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
        >>> fit = logistic_stream([(X, y)], ranks=True)
        >>> print(f"{float(fit.w):.4f} {float(fit.b):.4f}")
        1.2140 -3.0351
        >>> distributed.destroy_process_group()
    """
    alpha, steps = check_alpha(alpha), check_count(steps, "steps")
    settings = _Settings(2, alpha, bool(intercept), bool(standardise), steps)
    stream = _Stream(rows, settings, ranks_of(ranks, timeout, "logistic_stream"))
    solved = stream.solved(Binary())
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
    ranks: "bool | dist.ProcessGroup" = False,
    timeout: float = 1800.0,
) -> SoftmaxFit:
    r"""Fit as `softmax` does, over blocks of rows that need not be in memory together, or on one machine.

    With `ranks` the rows are those of many processes, as for `logistic_stream`. No rank needs rows of each
    class.

    Cost: n d^2 K^2 / 2 operations for each pass; one pass for the sums, and one for each step, of which there
    are usually 5 to 10. Memory for a block. Between ranks an all-reduce of about (d + 2)^2 (K - 1)^2 numbers
    in each pass, after three small ones.

    Args:
        rows: what gives the same (X, y) or (X, y, weights) each time that it is gone through, as for
            `logistic_stream`.
        classes: K, 2 or above; by default one more than the largest in `y`, that of all ranks.
        alpha: of the penalty, 0 or above.
        intercept: fit `b` as well; otherwise it is 0.
        standardise: penalise weights of columns divided by their standard deviations.
        steps: largest number of steps.
        ranks: True, where all ranks of `torch.distributed` fit together, each with other rows; or the process
            group of those that do, as for `logistic_stream`.
        timeout: seconds to wait for the slowest rank in each pass.

    Returns:
        The fit, in float64, with statuses as of `logistic`.

    Raises:
        ShapeError: wrong shapes, or another number of columns in a block or on a rank.
        DtypeError: `rows` can be gone through once only, blocks are not float32 or float64, `ranks` is no
            process group, or `timeout` not a number.
        DeviceError: the devices differ.
        DataError: empty, NaN or infinite data; `y` other than whole numbers from 0 on, or without a row of
            some class on any rank; negative weights; or other rows in a later pass.
        RangeError: `alpha` negative or NaN, `classes` below 2, `steps` below 1, or `timeout` not above 0.
        DistributedError: the ranks cannot work together, as for `logistic_stream`.

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
    settings = _Settings(classes, alpha, bool(intercept), bool(standardise), steps)
    stream = _Stream(rows, settings, ranks_of(ranks, timeout, "softmax_stream"))
    solved = stream.solved(Multinomial(len(stream.found.held), stream.found.held.device))
    return softmax_fit(solved, alpha, torch.float64)


class _Settings(NamedTuple):
    """What is asked for, the same on each rank."""

    classes: int | None
    alpha: float
    intercept: bool
    standardise: bool
    steps: int


class _Stream:
    """Blocks of rows, gone through again and again; with `ranks` some of all rows, or none."""

    def __init__(self, rows: Any, settings: _Settings, ranks: Ranks | None) -> None:
        self.rows, self.settings, self.ranks = rows, settings, ranks
        self.n = 0  # rows that have been found here
        found = ranks.first(self._first_pass, settings._asdict()) if ranks else self._first_pass()
        if found is None:
            raise DataError("`rows` must have a row that counts; it has none. Check the filter or the files.")
        self.found = found._replace(held=check_each(found.held))

    def _first_pass(self) -> Found | None:
        _check_rows(self.rows)
        found: Found | None = None
        for i, block in enumerate(self.rows):
            try:
                table = _block(block)
                found = _added(found, table, self.settings.classes) if len(table.t) else found
            except LinregError as error:
                error.add_note(f"In block {i} of `rows`, counted from 0.")
                raise
        self.n = found.n if found else 0
        return found

    def tables(self, unit: Tensor) -> Iterator[Table]:
        """The blocks, columns divided by powers of two, and the same rows as in the first pass."""
        n = 0
        for table in map(_block, self.rows):
            n += len(table.t)
            if bool(unit.any()):
                table = table._replace(X=times_two_to(table.X.double(), -unit[:-1]))
            if len(table.t):
                yield table
        if n != self.n:
            raise DataError(
                f"`rows` must give the same rows each time; the first pass had {self.n}, a later "
                f"one {n}. Let its __iter__ start over."
            )

    def solved(self, family: Family) -> Solved:
        """By Newton's method, in coordinates that come from the sums."""
        (sums, held, n), (_, alpha, intercept, standardise, steps) = self.found, self.settings
        found = from_sums(sums, intercept)
        total = float(held.sum())
        frame, P = Frame(found.p, found.design, found.unit, standardise).penalised(alpha * total)
        likelihood = Likelihood(family, frame.design, lambda: self.tables(found.unit), self.ranks)
        objective = Objective(likelihood, P)
        end = objective.minimised(frame.start(family.prior(held / total)), steps)
        solved = ended(frame, objective, end, n, total, alpha)
        return _shared(solved, self.ranks) if self.ranks else solved


def _shared(solved: Solved, ranks: Ranks) -> Solved:
    """The answer of rank 0, once all have come to the same end."""
    ranks.agree(solved.message)
    W, b, loss = map(ranks.shared, (solved.W, solved.b, solved.loss))
    found = solved.separation
    if found is not None:
        w, c = ranks.shared(found.w), ranks.shared(found.b)
        found = Separation(w, c, found.complete, found.undecided)
    return solved._replace(W=W, b=b, loss=loss, separation=found)


def _check_rows(rows: Any) -> None:
    """Require what can be gone through again."""
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


def _added(found: Found | None, table: Table, classes: int | None) -> Found:
    """What has been found, with one block more."""
    X, t, C = table
    sums, held, n = found or Found(
        Statistics(X.shape[1], device=X.device), torch.zeros_like(X[0, :0]).double(), 0
    )
    K = check_codes(t, classes)
    if K > MANY:
        check_rows(n + len(t), K)
    mine, longer = weight_of_each(t, C, K), max(len(held), K)
    held, mine = (torch.nn.functional.pad(part, (0, longer - len(part))) for part in (held, mine))
    sums.update(X, t, weights=None if C is None else C.to(X.dtype))
    return Found(sums, held + mine, n + len(t))


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
    if bool(kept.all()):
        return Table(X, y, C)
    check_finite(X, "X")  # no sum asks the rows that are left out
    return Table(X[kept], y[kept], C[kept])
