"""Exact fits of more rows than memory holds: block after block goes into the running sum, and is gone."""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor

from linreg.ambient import plain
from linreg.basics.statistics import Statistics
from linreg.checks import check_choice, check_Xy
from linreg.closed_form.from_sums import solve_statistics
from linreg.errors import DataError, DtypeError, LinregError, MissingError, StreamError
from linreg.result import Fit
from linreg.streaming.files import Blocks

__all__ = ["accumulate", "fit_stream"]

T = TypeVar("T")


@plain
def fit_stream(
    source: Iterable[tuple[Tensor, Tensor]],
    *,
    intercept: bool = True,
    missing: str = "error",
    start: Statistics | None = None,
    progress: bool = False,
) -> Fit:
    r"""Minimise the squared loss over all rows of a source, in one pass and in the memory of a few blocks.

    The answer is that of `solve_statistics`: the Cholesky factorisation of the sums. Rows that fit in memory
    are better left to `solve`, which takes another look at them when the columns are nearly dependent.

    Cost: n d^2 operations; one block and (d + 2)^2 numbers of memory.

    Args:
        source: pairs of `X` (m, d) and `y` (m,), of any m: from `blocks`, a `DataLoader`, a generator.
        intercept: fit `b` as well; otherwise it is 0.
        missing: what to do with rows that have NaN, or nothing, as an entry: stop with an "error", or "drop"
            them; the fit counts them in `dropped` and its message says so.
        start: sums of rows that came before, of a pass that stopped.
        progress: show a progress bar (needs tqdm).

    Returns:
        The fit, float64; status `RANK_DEFICIENT`, and the shortest answer, when the columns are dependent.

    Raises:
        StreamError: rows that cannot be summed, with what has been.
        DataError: no rows.
        DtypeError: `source` cannot be iterated, or `start` is not `Statistics`.
        RangeError: `missing` is neither of the two.
        MissingError: `progress` without tqdm.

    An interruption carries what has been summed, as in `accumulate`.

    Examples:
        >>> import torch
        >>> from linreg import simulate
        >>> generator = torch.Generator().manual_seed(0)
        >>> fit_stream(simulate(100, noise=0, generator=generator) for _ in range(1000))
        Fit(w=[-1, 1], b=2, status='ok', method='cholesky')
    """
    return _summed(source, missing, start, progress, lambda sums: solve_statistics(sums, intercept=intercept))


@plain
def accumulate(
    source: Iterable[tuple[Tensor, Tensor]],
    *,
    missing: str = "error",
    start: Statistics | None = None,
    progress: bool = False,
) -> Statistics:
    r"""Sum up all rows of a source in one pass.

    A block that cannot be summed stops the pass with a `StreamError`, never with wrong sums. Its `statistics`
    are those of all rows before its `row`. Once the cause is removed, go on from there:
    `accumulate(blocks(path, target=..., start=error.row), start=error.statistics)` gives what one pass would
    have given. To pass over the row instead, start at `error.row + 1`.

    Ctrl-C loses nothing either. The `KeyboardInterrupt` gets the same two attributes, and so does any other
    exception that ends the pass from outside, such as the `SystemExit` of a signal's handler: after
    `except KeyboardInterrupt as stop`, go on from `stop.row` with `start=stop.statistics`. In a notebook,
    which catches it, it is `sys.last_value`.

    Cost: n d^2 operations; one block and (d + 2)^2 numbers of memory.

    Args:
        source: pairs of `X` (m, d) and `y` (m,), all of one d.
        missing: what to do with rows that have NaN, or nothing, as an entry: stop with an "error", or "drop"
            them; the sums count them in `dropped`.
        start: sums to add to; left as they are.
        progress: show a progress bar (needs tqdm).

    Returns:
        The sums, those of `start` included.

    Raises:
        StreamError: missing or infinite entries, blocks that do not fit together, damaged files, or an error
            of the source itself.
        DataError: no rows.
        DtypeError: `source` cannot be iterated, or `start` is not `Statistics`.
        RangeError: `missing` is neither of the two.
        MissingError: `progress` without tqdm.

    Examples:
        >>> import torch
        >>> X, y = torch.tensor([[0.], [1.], [2.]]), torch.tensor([1., 3., torch.nan])
        >>> try:
        ...     accumulate([(X[:2], y[:2]), (X[2:], y[2:])])
        ... except StreamError as error:
        ...     print(error)
        ...     sums = error.statistics
        `source` must be finite; the target is missing in row 2. Mend it, or go on without: missing="drop".
        >>> accumulate([(torch.tensor([[2.]]), torch.tensor([5.]))], start=sums)
        Statistics(n=3, d=1)
        >>> accumulate([(X, y)], missing="drop")
        Statistics(n=2, d=1, dropped=1)
    """
    return _summed(source, missing, start, progress, lambda sums: sums)


def _summed(
    source: Iterable[tuple[Tensor, Tensor]],
    missing: str,
    start: Statistics | None,
    progress: bool,
    answer: Callable[[Statistics], T],
) -> T:
    """What `answer` makes of the sums of all rows; an interruption on the way hands them back."""
    if start is not None and not isinstance(start, Statistics):
        raise DtypeError(
            f"`start` must be `Statistics`; got {type(start).__name__}. Pass `error.statistics`."
        )
    if not isinstance(source, Iterable):
        raise DtypeError(
            f"`source` must be an iterable of pairs (X, y); got {type(source).__name__}. "
            "For files use `blocks`, for tensors `solve`."
        )
    check_choice(missing, "missing", ("error", "drop"))
    run = _Run(source, missing == "drop", start)
    try:
        rows = source.rows if progress and isinstance(source, Blocks) else None
        with _bar(progress, rows and rows - run.row) as bar, closing(run.blocks()) as found:
            for X, y in found:
                run.add(X, y)
                if bar is not None:
                    bar.update(len(y))
        if run.sums is None or not run.sums.n:
            lost = f" without missing entries among {run.sums.dropped}" if run.sums else ""
            raise DataError(
                f"`source` must have at least one row{lost}; it has none. Check the filter or the files."
            )
        return answer(run.sums)
    except LinregError:
        raise
    except BaseException as stop:  # from outside: Ctrl-C, a signal, memory that ran out
        run.hand_back(stop)
        raise


class _Run:
    """A pass over a source: where it is, and the sums so far."""

    def __init__(self, source: Iterable[tuple[Tensor, Tensor]], drop: bool, start: Statistics | None) -> None:
        self.source, self.drop = source, drop
        first = source.start if isinstance(source, Blocks) else 0
        # The sums, and the next row: one value, so that no interruption comes between the two.
        self.done: tuple[Statistics | None, int] = None if start is None else start.copy(), first

    @property
    def sums(self) -> Statistics | None:
        return self.done[0]

    @property
    def row(self) -> int:
        return self.done[1]

    def blocks(self) -> Generator[tuple[Tensor, Tensor], None, None]:
        try:
            for block in self.source:
                if not isinstance(block, (tuple, list)) or len(block) != 2:
                    raise self.stopped(f"`source` must give pairs (X, y); got {type(block).__name__}.")
                yield block[0], block[1]
        except StreamError as error:
            error.statistics = self.sums
            raise
        except Exception as error:
            raise self.stopped(
                f"`source` must not fail; it raised {type(error).__name__}: {error}."
            ) from error

    def add(self, X: Tensor, y: Tensor) -> None:
        try:
            X, y = check_Xy(X, y, finite=False)
            old, row = self.done
            sums = Statistics(X.shape[1], device=X.device) if old is None else old
            # Others than the old, but the same numbers until `update` replaces them.
            there = ~_missing(X, y) if self.drop else None
            if there is None or bool(there.all()):
                sums = sums.holding(sums.held)
                sums.update(X, y)
            else:
                kept = int(there.sum())
                sums = sums.holding(sums.held._replace(dropped=sums.dropped + len(y) - kept))
                if kept:
                    sums.update(X[there], y[there])
        except LinregError as error:
            if isinstance(error, DataError) and len(X):
                self._add_finite(X, y)
            raise self.stopped(f"{error}") from error
        self.done = sums, row + len(y)

    def _add_finite(self, X: Tensor, y: Tensor) -> None:
        """Add the rows before the first that is not finite, and stop there, if there is one."""
        bad = ~(torch.isfinite(X).all(1) & torch.isfinite(y))
        if self.drop:
            bad &= ~_missing(X, y)
        if not bool(bad.any()):
            return
        row = int(bad.nonzero()[0])
        if row:
            self.add(X[:row], y[:row])
        entries = torch.cat((X[row], y[row : row + 1]))
        j = int((~torch.isfinite(entries)).nonzero()[0])
        if entries[j].isnan():
            what, advice = "missing", 'Mend it, or go on without: missing="drop".'
        else:
            what, advice = f"{float(entries[j])}", "Mend or pass over that row, then go on from there."
        raise self.stopped(
            f"`source` must be finite; {self._column(j, X.shape[1])} is {what} in {self._place()}. {advice}"
        )

    def _column(self, j: int, d: int) -> str:
        if isinstance(self.source, Blocks):
            return f"column {(*self.source.features, self.source.target)[j]!r}"
        return f"feature {j}" if j < d else "the target"

    def _place(self) -> str:
        if not isinstance(self.source, Blocks):
            return f"row {self.row}"
        path, row = self.source.place(self.row)
        return f"row {row} of {path!r}"

    def hand_back(self, stop: BaseException) -> None:
        """Let an exception that is not ours carry what a `StreamError` does."""
        stop.statistics, stop.row = self.done  # type: ignore[attr-defined]
        if self.sums is not None:
            stop.add_note(
                f"`accumulate` stopped before row {self.row}; the rows before it are summed. Catch this "
                "exception as `stop`, and go on from `stop.row` with `start=stop.statistics`."
            )

    def stopped(self, message: str) -> StreamError:
        path = self.source.place(self.row)[0] if isinstance(self.source, Blocks) else None
        error = StreamError(message, self.row, path)
        error.statistics = self.sums
        return error


def _missing(X: Tensor, y: Tensor) -> Tensor:
    """(m,) whether an entry of the row is not there."""
    return X.isnan().any(1) | y.isnan()


def _bar(show: bool, rows: int | None) -> AbstractContextManager[Any]:
    if not show:
        return nullcontext()
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise MissingError("`progress=True` needs tqdm. Install it: pip install tqdm") from error
    bar: AbstractContextManager[Any] = tqdm(total=rows, unit="row", unit_scale=True)
    return bar
